"""Video files: good ones give real times, bad ones give one clear line, damaged ones give what can be had."""

import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source
from catseye.core.time import Stamp
from catseye.vision.ring import PacketRing
from catseye.vision.sources import open_source

MS = 1_000_000
Clip = Callable[..., Path]
Parted = Callable[..., tuple[list[RawFrame], list]]


def bar_px(frame: RawFrame) -> int:
    """Left edge of the bright bar that `picture` draws."""
    return int(np.argmax(frame.grey(frame.width_px, frame.height_px)[10] > 170))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("b-frames.mp4", "libx264"),
        ("b-frames.mkv", "libx264"),
        ("b-frames.avi", "libx264"),
        ("hevc.mp4", "libx265"),
        ("mpeg4.avi", "mpeg4"),
        ("mpeg4.mp4", "mpeg4"),
        ("mjpeg.avi", "mjpeg"),
        ("mjpeg.mkv", "mjpeg"),
    ],
)
def test_every_codec_and_container_gives_its_own_times_in_order_of_showing(tmp_path: Path, clip: Clip, parted: Parted, name: str, codec: str) -> None:
    frames, notices = parted(open_source(str(clip(tmp_path / name, codec))))
    assert notices == []
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time_ns for frame in frames] == [index * 40 * MS for index in range(30)]
    assert [bar_px(frame) for frame in frames] == pytest.approx([index * 4 % 88 for index in range(30)], abs=2)


@pytest.mark.parametrize(
    ("name", "codec", "form", "step_ms"), [("raw.h264", "libx264", "h264", 100), ("raw.h265", "libx265", "hevc", 100), ("raw.mjpeg", "mjpeg", "mjpeg", 40)]
)
def test_a_bare_stream_is_timed_by_its_own_rate_or_25_and_says_so(
    tmp_path: Path, clip: Clip, parted: Parted, name: str, codec: str, form: str, step_ms: int
) -> None:
    frames, (notice,) = parted(open_source(str(clip(tmp_path / name, codec, fps=10, format=form))))
    assert notice.kind == "clock-missing"
    assert [frame.time_ns for frame in frames] == [index * step_ms * MS for index in range(30)]


def test_variable_frame_rate_keeps_every_time(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    steps_ms = [40, 13, 200, 1, 90, 1500, 40, 33, 900]
    times_ms = [0, *itertools.accumulate(steps_ms)]
    frames, notices = parted(open_source(str(clip(tmp_path / "vfr.mkv", count=len(times_ms), times_ms=times_ms))))
    assert [frame.time_ns for frame in frames] == [at * MS for at in times_ms]
    assert notices == []


def test_a_pause_in_a_file_is_a_gap(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    times_ms = [0, 40, 80, 9000, 9040, 9080]
    frames, (gap,) = parted(open_source(str(clip(tmp_path / "pause.mkv", count=6, times_ms=times_ms))))
    assert [frame.time_ns for frame in frames] == [at * MS for at in times_ms]
    assert (gap.kind, gap.time_ns, gap.end_time_ns) == ("source-gap", 80 * MS, 9000 * MS)


def test_no_frame_rate_in_the_header_is_no_trouble(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    whole = bytearray(clip(tmp_path / "rate.avi", "mpeg4").read_bytes())
    header = whole.find(b"strh")
    whole[header + 8 + 24 : header + 8 + 28] = bytes(4)  # dwRate of AVISTREAMHEADER: 0 fps
    (tmp_path / "rate.avi").write_bytes(whole)
    frames, _ = parted(open_source(str(tmp_path / "rate.avi")))
    assert len(frames) == 30
    assert all(later.time_ns > earlier.time_ns for earlier, later in itertools.pairwise(frames))


def test_the_wall_clock_counts_from_start(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    path = str(clip(tmp_path / "a.mp4", count=3))
    frames, _ = parted(open_source(path, start=Stamp(5_000_000_000, 20.0)))
    assert [frame.when for frame in frames] == [Stamp(5_000_000_000 + index * 40 * MS, 20.0) for index in range(3)]
    assert parted(open_source(path))[0][0].when is None


def test_a_file_source_is_a_source_and_knows_its_length(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    source = open_source(str(clip(tmp_path / "a.mp4")), camera="gate")
    assert isinstance(source, Source)
    assert (source.camera, source.is_live) == ("gate", False)
    assert source.duration_s == pytest.approx(1.2)
    parted(source)
    assert (source.frames_decoded, source.frames_dropped) == (30, 0)
    assert 0 < source.decode_cpu_s < 5


def test_iterated_again_a_file_starts_over(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    source = open_source(str(clip(tmp_path / "a.mp4", count=4)))
    assert [frame.time_ns for frame in parted(source)[0]] == [frame.time_ns for frame in parted(source)[0]]


def test_another_size_in_the_middle_is_told_before_its_first_frame(tmp_path: Path, clip: Clip) -> None:
    small = clip(tmp_path / "small.h264", format="h264", count=10, bf="0")
    large = clip(tmp_path / "large.h264", format="h264", count=10, size=(128, 80), bf="0")
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    items = [(item.width_px, item.height_px) if isinstance(item, RawFrame) else item.kind for item in open_source(str(both))]
    assert items == ["clock-missing", *[(96, 64)] * 10, "resolution-change", *[(128, 80)] * 10]


def test_pixels_are_made_in_any_size_without_padding(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    frames, _ = parted(open_source(str(clip(tmp_path / "odd.mkv", "mjpeg", size=(97, 65), count=2))))
    for width_px, height_px in ((97, 65), (33, 17), (201, 99), (1, 1)):
        rgb, grey = frames[0].rgb(width_px, height_px), frames[0].grey(width_px, height_px)
        assert (rgb.shape, grey.shape) == ((height_px, width_px, 3), (height_px, width_px))
        assert rgb.dtype == grey.dtype == np.uint8
        assert rgb.flags.c_contiguous
        assert grey.flags.c_contiguous


@pytest.mark.parametrize(("name", "codec", "options"), [("limited.mp4", "libx264", {"crf": "5"}), ("full.avi", "mjpeg", {})])
@pytest.mark.parametrize("size", [(96, 64), (48, 32), (60, 50), (49, 33), (192, 128)])
def test_grey_and_colour_have_full_range_in_every_size(
    tmp_path: Path, clip: Clip, parted: Parted, name: str, codec: str, options: dict[str, str], size: tuple[int, int]
) -> None:
    frame = parted(open_source(str(clip(tmp_path / name, codec, count=1, **options))))[0][0]
    half = slice(size[0] // 2, None)
    wanted = np.linspace(40, 120, 96)[48:].mean()
    for pixels in (frame.grey(*size), frame.rgb(*size)):
        assert pixels[:, half].mean() == pytest.approx(wanted, abs=2.5)
        assert np.diff(pixels[:, half].mean(axis=(0, *range(2, pixels.ndim)))).min() > -2


@pytest.mark.parametrize("matrix", [1, 5])
def test_colours_follow_the_matrix_the_stream_names(tmp_path: Path, parted: Parted, matrix: int) -> None:
    import av

    red = np.zeros((64, 96, 3), np.uint8)
    red[:] = (200, 30, 60)
    with av.open(str(tmp_path / "red.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "3"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuv420p", dst_colorspace=matrix)
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    shown = parted(open_source(str(tmp_path / "red.mp4")))[0][0]
    for size in ((96, 64), (48, 32), (33, 21)):
        assert shown.rgb(*size).reshape(-1, 3).mean(axis=0) == pytest.approx([200, 30, 60], abs=4)


def test_an_unknown_form_of_pixels_is_refused(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    frame = parted(open_source(str(clip(tmp_path / "a.mp4", count=1))))[0][0]
    with pytest.raises(ValueError, match="wanted rgb24 or gray8"):
        frame.convert(10, 10, "bgr48")


def test_threads_may_convert_one_frame_at_once(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    frame = parted(open_source(str(clip(tmp_path / "a.mp4", count=1))))[0][0]
    wanted = frame.convert(50, 40, "rgb24")
    wrong: list[int] = []
    work = [threading.Thread(target=lambda: wrong.extend(i for i in range(50) if (frame.convert(50, 40, "rgb24") != wanted).any())) for _ in range(4)]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert wrong == []


def refused(path: Path) -> SourceError:
    with pytest.raises(SourceError) as fault:
        open_source(str(path))
    assert fault.value.exit_code == 2
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)
    return fault.value


def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("All the cars are grey at night.\n" * 200)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(20_000))
    assert "no such file" in str(refused(tmp_path / "missing.mp4"))
    assert "is a directory" in str(refused(tmp_path))
    assert "is empty" in str(refused(tmp_path / "empty.mp4"))
    for name in ("text.mp4", "list.mp4", "noise.mp4"):
        assert "cannot be read as video" in str(refused(tmp_path / name))
    assert "no such file" in str(refused(tmp_path / ("n" * 200)))


def test_a_file_without_video_is_refused(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "sound.mkv"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert "no video" in str(refused(tmp_path / "sound.mkv"))


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "locked.mp4", count=2)
    path.chmod(0)
    if os.geteuid() == 0:  # root may read everything: only what the system would answer others can be tested
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not be read" in str(refused(path))


def test_an_unknown_scheme_or_transport_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="scheme gopher"):
        open_source("gopher://host/x")
    with pytest.raises(SourceError, match="tcp or udp"):
        open_source(str(tmp_path / "a.mp4"), rtsp_transport="smoke")


def test_an_mp4_cut_short_gives_what_it_has_and_says_so(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    whole = clip(tmp_path / "whole.mp4", count=100, size=(192, 128), movflags="+faststart", g="10")
    (tmp_path / "short.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    frames, notices = parted(open_source(str(tmp_path / "short.mp4")))
    assert 20 < len(frames) < 90
    assert notices[-1].kind == "source-damaged"
    assert notices[-1].end_time_ns == 4_000 * MS


@pytest.mark.parametrize(
    ("name", "codec", "options"), [("a.mp4", "libx264", {"movflags": "+faststart"}), ("a.mp4", "mpeg4", {"movflags": "+faststart"}), ("a.mkv", "mpeg4", {})]
)
def test_a_video_that_ends_mid_frame_gives_the_frames_before(
    tmp_path: Path, clip: Clip, parted: Parted, name: str, codec: str, options: dict[str, str]
) -> None:
    path = clip(tmp_path / name, codec, count=30, size=(192, 128), g="5", **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    frames, notices = parted(open_source(str(path)))
    assert 5 < len(frames) < 30
    assert {notice.kind for notice in notices} == {"source-damaged"}


def test_an_mp4_without_its_index_is_refused(tmp_path: Path, clip: Clip) -> None:
    whole = clip(tmp_path / "whole.mp4")
    (tmp_path / "short.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    refused(tmp_path / "short.mp4")


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mpeg4"), ("a.mkv", "libx265"), ("b.avi", "mjpeg"), ("b.mkv", "libx264")])
def test_a_torn_middle_costs_its_frames_and_nothing_more(tmp_path: Path, clip: Clip, parted: Parted, name: str, codec: str) -> None:
    path = clip(tmp_path / name, codec, count=100, size=(192, 128), g="10")
    torn = bytearray(path.read_bytes())
    middle = len(torn) // 2
    torn[middle : middle + len(torn) // 20] = b"\x55" * (len(torn) // 20)
    path.write_bytes(torn)
    frames, notices = parted(open_source(str(path)))
    assert len(frames) > 10  # a Matroska cluster of several seconds may be lost whole
    assert any(notice.kind == "source-damaged" for notice in notices)
    assert all(later.time_ns > earlier.time_ns for earlier, later in itertools.pairwise(frames))


def test_libav_says_nothing_on_the_terminal(tmp_path: Path, clip: Clip) -> None:
    path = clip(tmp_path / "a.mp4", count=60, g="10")
    torn = bytearray(path.read_bytes())
    torn[len(torn) // 2 : len(torn) // 2 + 300] = b"\x55" * 300
    path.write_bytes(torn)
    code = f"from catseye.vision.sources import open_source\nfor item in open_source({str(path)!r}): pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_close_ends_the_iteration_from_another_thread(tmp_path: Path, clip: Clip) -> None:
    source = open_source(str(clip(tmp_path / "a.mp4", count=50)))
    seen = 0
    for _ in source:
        seen += 1
        closer = threading.Thread(target=source.close)
        closer.start()
        closer.join()
    source.close()
    assert seen == 1


def test_frames_outlive_their_source(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    with open_source(str(clip(tmp_path / "a.mp4"))) as source:
        frames, _ = parted(source)
    assert bar_px(frames[-1]) == pytest.approx(29 * 4 % 88, abs=2)


def test_a_file_feeds_a_ring_on_its_own_time_axis(tmp_path: Path, clip: Clip, parted: Parted) -> None:
    ring = PacketRing(60.0, 10_000_000)
    parted(open_source(str(clip(tmp_path / "a.mp4", count=50, g="10")), ring=ring))
    packets = ring.cut(900 * MS, 1200 * MS)
    assert packets[0].is_key
    assert [packet.time_ns for packet in packets if packet.is_key and packet.time_ns <= 900 * MS] == [packets[0].time_ns]
    assert max(packet.time_ns for packet in packets) >= 1200 * MS
    assert packets[0].stream.codec == "h264"
    assert packets[0].stream.extradata
    assert [packet.decode_ns for packet in packets] == sorted(packet.decode_ns for packet in packets)


def test_names_that_look_like_protocols_are_still_files(tmp_path: Path, clip: Clip, parted: Parted, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clip(tmp_path / "a.mp4", count=2)
    shutil.copy(made, tmp_path / "concat:b#1?.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(parted(open_source("concat:b#1?.mp4"))[0]) == 2


def test_real_clips_have_real_times_and_no_notices(shared: Path, parted: Parted) -> None:
    for name, count, last_s in (("hanoi-giang-vo.mp4", 384, 63.824), ("highway.avi", 1699, 1698 / 60), ("motorway-low-res.avi", 748, 747 / 25)):
        source = open_source(str(shared / "video" / name))
        times_ns = [item.time_ns if isinstance(item, RawFrame) else item for item in source]
        assert len(times_ns) == count, name
        assert times_ns[-1] / 1e9 == pytest.approx(last_s, abs=0.002)
        assert all(later > earlier for earlier, later in itertools.pairwise(times_ns))
