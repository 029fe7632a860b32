"""RTSP against a real server that is killed, comes back, changes its picture, and asks for passwords."""

import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.cameras import Wire

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice
from catseye.core.time import NS_PER_S
from catseye.vision.ring import PacketRing
from catseye.vision.sources import RetryPolicy, open_source

# Calls again at once; waits longer for a picture than any of these tests does, so that what a busy machine delays is no loss.
QUICK = RetryPolicy(first_s=0.1, most_s=0.2, stall_s=60.0)
AT_ONCE_S = 30.0  # "at once" is before the time in which a silent camera counts as lost
Rtsp = Callable[..., Any]
Parted = Callable[..., tuple[list[RawFrame], list]]


def first_fault(location: str, transport: str = "tcp") -> str:
    begin_s = time.monotonic()
    with open_source(location, rtsp_transport=transport, retry=QUICK) as source, pytest.raises(SourceError) as fault:
        next(iter(source))
    assert time.monotonic() - begin_s < AT_ONCE_S
    assert "s3cret" not in str(fault.value) + repr(source)
    assert fault.value.__suppress_context__
    return str(fault.value)


def are_steps_of_the_camera(frames: list[RawFrame], step_ns: int) -> bool:
    """A camera that skips a frame leaves two steps, never half of one; a camera's clock is no arrival."""
    steps = [(later.time_ns - earlier.time_ns) / step_ns for earlier, later in itertools.pairwise(frames)]
    return all(round(step) >= 1 and abs(step - round(step)) < 0.05 for step in steps)


def notices_of_a_break(source: Source, strike: Callable[[], None]) -> list[SourceNotice]:
    """Strike at the 12th frame; every notice until the sixth frame behind the break, less what a busy machine drops."""
    notices: list[SourceNotice] = []
    before_count = after_count = 0
    for item in source:
        if isinstance(item, RawFrame):
            after_count += bool(notices)
            before_count += not notices
            if before_count == 12 and not notices:
                strike()
            if after_count == 6:
                break
        elif item.kind != "frames-dropped":
            notices.append(item)
    return notices


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_that_dies_and_comes_back_larger_is_a_gap_and_a_new_size(rtsp: Rtsp, transport: str) -> None:
    server = rtsp("--size", "320x240", "--fps", "20")
    before: list[RawFrame] = []
    after: list[RawFrame] = []
    notices = []
    got_s: list[float] = []  # when each frame was got: never before it came
    restarted_s: list[float] = []

    def restart() -> None:
        restarted_s.append(time.monotonic())
        server.start("--size", "640x480", "--fps", "20")

    comeback = threading.Timer(0.4, restart)
    begin_s, begin_utc_ns = time.monotonic(), time.time_ns()
    with open_source(server.url(), rtsp_transport=transport, retry=QUICK) as source:
        assert isinstance(source, Source)
        for item in source:
            if not isinstance(item, RawFrame):
                notices.append(item)
                continue
            got_s.append(time.monotonic())
            (before if item.width_px == 320 else after).append(item)
            if len(before) == 12 and not after:
                server.kill()
                comeback.start()
            if len(after) == 12:
                break
        is_whole = not source.frames_dropped
    comeback.join()
    frames = before + after
    # A busy machine may drop frames, and a wire without guarantee lose packets: each has its own notice. The death itself is told once.
    allowed = {"frames-dropped"} | ({"source-damaged"} if transport == "udp" else set())
    gap, resized = (notice for notice in notices if notice.kind not in allowed)
    assert (gap.kind, resized.kind) == ("source-gap", "resolution-change")
    assert before[-1].time_ns <= gap.time_ns < gap.end_time_ns == resized.end_time_ns <= after[0].time_ns
    if is_whole:
        assert (gap.time_ns, gap.end_time_ns) == (before[-1].time_ns, after[0].time_ns)
        gap_s = (gap.end_time_ns - gap.time_ns) / NS_PER_S
        assert max(0.0, restarted_s[0] - got_s[len(before) - 1]) < gap_s < got_s[len(before)] - begin_s
    assert all(later.time_ns > earlier.time_ns for earlier, later in itertools.pairwise(frames))
    assert all(later.index > earlier.index for earlier, later in itertools.pairwise(frames))
    assert are_steps_of_the_camera(before[1:], NS_PER_S // 20)
    assert are_steps_of_the_camera(after[1:], NS_PER_S // 20)
    assert after[-1].rgb(64, 48).shape == (48, 64, 3)
    assert all(frame.when and begin_utc_ns < frame.when.utc_ns <= time.time_ns() for frame in frames)


def test_a_picture_torn_by_the_break_is_no_damage_beside_the_gap(rtsp: Rtsp) -> None:
    server = rtsp("--size", "640x480", "--fps", "20")
    with Wire(server.port) as wire, open_source(server.url(port=wire.port), retry=QUICK) as source:
        (gap,) = notices_of_a_break(source, wire.tear)
    assert gap.kind == "source-gap"
    assert "the camera ended the stream" in gap.detail


def test_a_camera_that_falls_silent_is_lost_after_the_stall_time_and_called_again(rtsp: Rtsp) -> None:
    server = rtsp("--fps", "20")
    with Wire(server.port) as wire, open_source(server.url(port=wire.port), retry=RetryPolicy(first_s=0.1, most_s=0.2, stall_s=8.0)) as source:
        (gap,) = notices_of_a_break(source, wire.mute)
    assert gap.kind == "source-gap"
    assert "no picture for 8 s" in gap.detail
    assert gap.end_time_ns - gap.time_ns >= 8 * NS_PER_S


@pytest.mark.parametrize(("codec", "options"), [("h264", ["--b-frames", "2"]), ("h265", []), ("jpeg", [])])
def test_each_codec_comes_in_order_of_showing(rtsp: Rtsp, parted: Parted, codec: str, options: list[str]) -> None:
    with open_source(rtsp("--codec", codec, *options).url(), retry=QUICK) as source:
        frames, notices = parted(source, 10)
    assert {notice.kind for notice in notices} <= {"frames-dropped"}
    assert are_steps_of_the_camera(frames[1:], NS_PER_S // 20)


def test_a_password_opens_and_a_wrong_one_is_refused_at_once(rtsp: Rtsp, parted: Parted) -> None:
    server = rtsp("--user", "viewer", "--password", "s3cret")
    with open_source(server.url("viewer:s3cret@"), retry=QUICK) as source:
        assert len(parted(source, 2)[0]) == 2
        assert repr(source) == f"LiveSource('rtsp://…@127.0.0.1:{server.port}/live', camera='cam-1')"
    assert "refused the user name or password" in first_fault(server.url("viewer:s3cretly@"))
    assert "wants a user name and password" in first_fault(server.url())


def test_a_digest_password_opens(rtsp: Rtsp, parted: Parted) -> None:
    server = rtsp("--user", "viewer", "--password", "s3cret", "--digest")
    with open_source(server.url("viewer:s3cret@"), retry=QUICK) as source:
        assert len(parted(source, 2)[0]) == 2


def test_rtsps_is_read_though_the_certificate_is_the_cameras_own(rtsp: Rtsp, certificate: object, parted: Parted) -> None:
    with open_source(rtsp("--certificate", str(certificate)).url(scheme="rtsps"), retry=QUICK) as source:
        assert len(parted(source, 2)[0]) == 2


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_that_is_not_there_is_told_at_once(dead_port: int, transport: str) -> None:
    assert "connection refused" in first_fault(f"rtsp://viewer:s3cret@127.0.0.1:{dead_port}/live", transport)
    assert "is unknown" in first_fault("rtsp://no-such-camera.invalid/live", transport)


def test_a_path_that_is_not_there_is_told_at_once(rtsp: Rtsp) -> None:
    assert "no such stream (404)" in first_fault(rtsp().url(path="nothing"))


def test_a_port_that_never_answers_is_told_in_the_stall_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        location = f"rtsp://127.0.0.1:{mute.getsockname()[1]}/live"
        with pytest.raises(SourceError, match="no picture within 1 s"):
            next(iter(open_source(location, retry=RetryPolicy(stall_s=1.0))))


def test_close_from_another_thread_lets_the_reader_go_at_once(rtsp: Rtsp) -> None:
    source = open_source(rtsp("--fps", "2").url(), retry=QUICK)
    pictures = iter(source)
    next(pictures)
    threading.Timer(0.2, source.close).start()
    begin_s = time.monotonic()
    list(pictures)
    assert time.monotonic() - begin_s < AT_ONCE_S


def test_a_slow_reader_loses_the_oldest_frames_and_is_told(rtsp: Rtsp, until: Callable[..., bool]) -> None:
    with open_source(rtsp("--fps", "60").url(), retry=QUICK) as source:
        pictures = iter(source)
        next(pictures)
        assert until(lambda: source.frames_dropped >= 10)
        dropped_count = source.frames_dropped
        told = next(pictures)
        following = next(item for item in pictures if isinstance(item, RawFrame))
    assert told.kind == "frames-dropped"
    assert int(told.detail.split()[0]) >= dropped_count
    assert following.index > dropped_count
    assert following.time_ns > told.end_time_ns


def test_a_camera_gone_for_longer_than_the_policy_allows_ends_the_source(rtsp: Rtsp, parted: Parted) -> None:
    server = rtsp()
    with open_source(server.url(), retry=RetryPolicy(first_s=0.05, most_s=0.1, give_up_s=0.5, stall_s=60.0)) as source:
        parted(source, 3)
        server.kill()
        with pytest.raises(SourceError, match="gone for"):
            parted(source)


def test_main_stream_packets_are_kept_undecoded_across_a_reconnect(rtsp: Rtsp) -> None:
    server, ring = rtsp("--fps", "30"), PacketRing(60.0, 50_000_000)
    frames_count, restarted = 0, False
    with open_source(server.url(), ring=ring, retry=QUICK) as source:
        for item in source:
            frames_count += isinstance(item, RawFrame)
            if frames_count == 15 and not restarted:
                restarted = True
                server.kill()
                server.start("--size", "640x480", "--fps", "30")
            if frames_count == 40:
                last_ns = item.time_ns
                break
    packets = ring.cut(0, last_ns)
    assert packets[0].is_key
    assert {packet.stream.width_px for packet in packets} == {320, 640}
    assert len(packets) >= 35
    assert [packet.time_ns for packet in packets] == sorted(packet.time_ns for packet in packets)
