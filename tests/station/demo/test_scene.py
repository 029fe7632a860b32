"""The demo scene as it lies on the disk."""

import csv
import json
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.pictures import decoded_grey

from catseye.core.errors import SiteError, StoreError
from catseye.station.demo import DemoScene, demo_site, render_demo
from catseye.station.demo.encode import encode_h264
from catseye.station.demo.scene import abreast_on_lines, frame_times_s
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import junction_traffic


def decoded_times_s(video: Path) -> list[float]:
    with av.open(str(video)) as file:
        return [float(frame.time) for frame in file.decode(video=0) if frame.time is not None]


def test_every_frame_comes_back_at_its_own_time(scene: DemoScene) -> None:
    times_s = decoded_times_s(scene.video)
    assert len(times_s) == scene.frames_count == 45
    assert times_s == pytest.approx(frame_times_s(9, 5, 7).tolist(), abs=1e-6)
    assert times_s[0] == 0
    assert np.diff(times_s).std() > 0.001, "no camera's clock is quite even"


def test_the_video_is_h264_of_the_camera_s_size(scene: DemoScene) -> None:
    with av.open(str(scene.video)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", *scene.site.camera.size_px)


def test_the_truth_on_disk_is_the_truth_in_hand(scene: DemoScene) -> None:
    told = json.loads(scene.truth.read_text())
    assert [(one["time_s"], one["line"], one["direction"], one["kind"]) for one in told["crossings"]] == [
        (one.time_s, one.line, one.direction, one.kind) for one in scene.crossings
    ]
    assert {(one["line"], one["direction"], one["kind"]): one["count"] for one in told["counts"]} == scene.counts
    assert [line["id"] for line in told["lines"]] == ["north", "east", "south", "west"] == [line.id for line in scene.lines]


def test_a_row_for_everybody_in_every_frame(scene: DemoScene) -> None:
    with scene.boxes.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["frame"]) for row in rows} <= set(range(scene.frames_count))
    assert max(Counter((row["frame"], row["track"]) for row in rows).values()) == 1
    for row in rows:
        assert 0 <= float(row["left_px"]) < float(row["right_px"]) <= 640
        assert 0 <= float(row["top_px"]) < float(row["bottom_px"]) <= 360
        assert 0 <= float(row["visible_ratio"]) <= 1
    assert any(row["head_left_px"] for row in rows)
    assert any(row["plate_left_px"] for row in rows)


def test_nothing_half_written_is_left(scene: DemoScene) -> None:
    assert sorted(path.name for path in scene.video.parent.iterdir()) == [
        "demo.mp4",
        *(f"phases-{arm}.csv" for arm in ("east", "north", "south", "west")),
        "truth-boxes.csv",
        "truth.json",
    ]


def test_the_same_seed_gives_the_same_files(scene: DemoScene, tmp_path: Path) -> None:
    again = render_demo(tmp_path / "again", seconds_s=2, fps=5)
    once = render_demo(tmp_path / "once", seconds_s=2, fps=5)
    for one, other in ((again.truth, once.truth), (again.boxes, once.boxes)):
        assert one.read_bytes() == other.read_bytes()
    first, second = decoded_grey(again.video), decoded_grey(once.video)
    assert np.abs(first - second).mean() < 0.05


def test_progress_rises_to_the_whole(tmp_path: Path) -> None:
    heard: list[float] = []
    render_demo(tmp_path, seconds_s=1, fps=4, progress=heard.append)
    assert heard == [0.25, 0.5, 0.75, 1.0]


def test_on_every_line_forward_is_into_the_junction() -> None:
    site = demo_site()
    middle = site.camera.ground_px(np.array([[0.0, 0.0]]))[0]
    for line in site.lines:
        begin, end = np.array(line.begin_px), np.array(line.end_px)
        right_hand = np.array([begin[1] - end[1], end[0] - begin[0]])
        assert right_hand @ (middle - (begin + end) / 2) > 0, line.id
        for x_px, y_px in (begin, end):
            assert 0 <= x_px <= 640
            assert 0 <= y_px <= 360


def test_who_crosses_a_line_is_apart_from_all_others_in_the_picture() -> None:
    site = demo_site()
    traffic = junction_traffic(26, 7, SignalPlan(), lambda traffic: abreast_on_lines(traffic, site))
    assert abreast_on_lines(traffic, site) == set()


@pytest.mark.parametrize(("seconds_s", "fps"), [(0.5, 10.0), (10.0, 0.0), (float("nan"), 10.0), (10.0, 500.0)])
def test_a_clip_that_cannot_be_meant_is_refused(tmp_path: Path, seconds_s: float, fps: float) -> None:
    with pytest.raises(SiteError, match="wanted 1 to 3600 s"):
        render_demo(tmp_path, seconds_s=seconds_s, fps=fps)


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        render_demo(tmp_path / "file" / "demo", seconds_s=1, fps=4)


def test_an_encoder_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        encode_h264(tmp_path / "missing" / "clip.mp4", iter([(0.0, np.zeros((360, 640, 3), np.uint8))]), (640, 360), 10)
    assert list(tmp_path.iterdir()) == []
