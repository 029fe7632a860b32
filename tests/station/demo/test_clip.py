"""The yardstick: what a rendered clip says about itself is in the file."""

from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.pictures import decoded_grey

from catseye.core.errors import SiteError
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, ClipTruth, Conditions, Drive, StraightRoad, drive_along, render_clip
from catseye.vision.sources import open_source

ROAD = StraightRoad(1, 1, begin_m=-20, end_m=60)
CAMERA = CameraPose.mounted(7, 22, at_m=(7.0, -12.0), pan_deg=-12, size_px=(320, 240))
DRIVES = (Drive(RoadUser.CAR, 1.75, 0.0, (54.0,)), Drive(RoadUser.TRUCK, -1.75, 0.4, (72.0, 36.0), is_backward=True))


def clip(path: Path, **wishes: object) -> ClipTruth:
    asked: dict[str, object] = {"scenery": ROAD.scenery(with_trees=False), "seconds_s": 2.0, "fps": 10.0} | wishes
    return render_clip(path, drive_along(ROAD, DRIVES), CAMERA, **asked)  # type: ignore[arg-type]


def read_back_ns(path: Path) -> list[int]:
    with open_source(str(path)) as source:  # type: ignore[attr-defined]
        return [item.time_ns for item in source if isinstance(item, RawFrame)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"dropped_ratio": 0.3},
        {"nominal_fps": 25.0, "fps": 22.0},
        {"jitter_ratio": 0.3, "fps": 29.97},
        {"begin_s": 0.5, "dropped_ratio": 0.1, "nominal_fps": 5.0},
    ],
)
def test_our_own_source_reads_back_every_time_to_the_nanosecond(tmp_path: Path, suffix: str, wishes: dict[str, float]) -> None:
    truth = clip(tmp_path / f"clip{suffix}", **wishes)
    assert read_back_ns(tmp_path / f"clip{suffix}") == truth.frame_time_ns.tolist()


def test_dropped_frames_leave_holes_and_the_truth_knows_them(tmp_path: Path) -> None:
    truth = clip(tmp_path / "clip.mp4", dropped_ratio=0.4, fps=20.0)
    assert len(truth.lost_time_ns) + len(truth.frame_time_ns) == 40
    assert 4 < len(truth.lost_time_ns) < 30
    assert truth.frame_time_ns[0] == 0
    assert not set(truth.lost_time_ns) & set(truth.frame_time_ns)
    assert np.diff(np.sort(np.concatenate([truth.lost_time_ns, truth.frame_time_ns]))) == pytest.approx(50_000_000, abs=12_000)


def test_a_wrong_nominal_rate_stands_in_the_headers_and_nowhere_else(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", fps=20.0, nominal_fps=25.0)
    clip(tmp_path / "clip.mkv", fps=20.0, nominal_fps=25.0)
    with av.open(str(tmp_path / "clip.mp4")) as file:
        assert file.streams.video[0].codec_context.framerate == 25
    with av.open(str(tmp_path / "clip.mkv")) as file:
        assert file.streams.video[0].average_rate == 25
    assert np.diff(read_back_ns(tmp_path / "clip.mp4")) == pytest.approx(50_000_000, abs=12_000)


def test_the_truth_is_the_trajectory_at_the_files_own_times(tmp_path: Path) -> None:
    truth = clip(tmp_path / "clip.mp4", begin_s=0.25, jitter_ratio=0.2)
    car = truth.of_track(1)
    assert len(car) > 5
    assert car.y_m == pytest.approx(-20 + 54 / 3.6 * (0.25 + car.time_ns / 1e9), abs=1e-6)
    assert car.x_m == pytest.approx(1.75)
    assert car.speed_kmh == pytest.approx(54.0)
    assert car.heading_deg == pytest.approx(0.0)
    assert car.contact_px == pytest.approx(CAMERA.ground_px(np.column_stack([car.x_m, car.y_m])))
    assert (truth.frame_time_ns[truth.index] == truth.time_ns).all()
    truck = truth.of_track(2)
    assert (np.diff(truck.speed_kmh) < 0).all()
    assert truck.heading_deg == pytest.approx(180.0)
    assert set(truck.kind) == {RoadUser.TRUCK.code}


def test_what_is_drawn_lies_in_the_true_box(tmp_path: Path) -> None:
    """The picture that comes out of the file differs from the empty road inside the boxes, and hardly anywhere else."""
    still = Conditions(noise_ratio=0.0, drift_ratio=0.0)
    truth = clip(tmp_path / "clip.mp4", conditions=still, quality_crf=12)
    empty = render_clip(tmp_path / "empty.mp4", drive_along(ROAD, ()), CAMERA, conditions=still, scenery=ROAD.scenery(with_trees=False), seconds_s=0.1, fps=10)
    assert len(empty) == 0
    with av.open(str(tmp_path / "clip.mp4")) as file, av.open(str(tmp_path / "empty.mp4")) as nobody:
        pictures = [frame.to_ndarray(format="gray").astype(int) for frame in file.decode(video=0)]
        background = next(nobody.decode(video=0)).to_ndarray(format="gray").astype(int)
    inside, outside = [], []
    for index, picture in enumerate(pictures):
        mask = np.zeros(picture.shape, np.bool_)
        for left, top, right, bottom in truth.of_frame(index).box_px.astype(int):
            mask[top:bottom, left:right] = True
        strange = np.abs(picture - background) > 45
        inside += [strange[mask].mean()] if mask.any() else []
        outside.append(strange[~mask].mean())
    assert np.mean(inside) > 0.25
    assert np.mean(outside) < 0.01


def test_the_same_seed_gives_the_same_clip_and_another_seed_another(tmp_path: Path) -> None:
    truths = {}
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        truths[name] = clip(tmp_path / f"{name}.mp4", seed=seed, seconds_s=0.5, dropped_ratio=0.2, conditions=Conditions(shake_px=1.0))
    one, again, other = (decoded_grey(tmp_path / f"{name}.mp4") for name in ("one", "again", "other"))
    assert truths["one"].frame_time_ns.tolist() == truths["again"].frame_time_ns.tolist() != truths["other"].frame_time_ns.tolist()
    assert truths["one"].of_track(1).box_px == pytest.approx(truths["again"].of_track(1).box_px, abs=1)
    assert np.abs(one - again).mean() < 0.05  # a last bit of floating point may move one edge by a sixteenth of a pixel
    assert np.abs(one[:1] - other[:1]).mean() > 1


def test_a_smaller_picture_shows_the_same_street(tmp_path: Path) -> None:
    whole, half = clip(tmp_path / "whole.mp4"), clip(tmp_path / "half.mp4", size_px=(160, 120))
    n = min(len(whole.of_track(1)), len(half.of_track(1)))
    assert half.of_track(1).contact_px[:n] == pytest.approx(whole.of_track(1).contact_px[:n] / 2)


@pytest.mark.parametrize(
    "wishes",
    [{"fps": 0.0}, {"fps": float("nan")}, {"dropped_ratio": 1.0}, {"jitter_ratio": 0.7}, {"seconds_s": 0.0}, {"nominal_fps": -1.0}, {"size_px": (320, 320)}],
)
def test_a_clip_that_cannot_be_meant_is_refused(tmp_path: Path, wishes: dict[str, object]) -> None:
    with pytest.raises(SiteError, match="wanted"):
        clip(tmp_path / "clip.mp4", **wishes)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_video_by_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"\.mp4 or \.mkv"):
        clip(tmp_path / "clip.avi")
