"""A clip holds what the camera sent, with its times, or there is no clip and a sentence says why."""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.evidence.scenes import FPS, ONVIF, STEP_NS, ring_of, sei, stream_of, violation_at

from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S
from catseye.vision.evidence import Clip, EvidenceError, cut_clip
from catseye.vision.evidence.cut import remuxed
from catseye.vision.evidence.nal import annex_b, length_bytes_of, nal_units
from catseye.vision.ring import KeptPacket, PacketRing, StreamParameters
from catseye.vision.sources import open_source


def units_in(clip: Clip) -> list[bytes]:
    """Every NAL unit that a reader finds in the clip."""
    with av.open(BytesIO(clip.data)) as container:
        lane = container.streams.video[0]
        length_bytes = length_bytes_of(clip.codec, lane.codec_context.extradata or b"")
        return [unit for packet in container.demux(lane) if packet.size for unit in nal_units(bytes(packet), length_bytes)]


def shown_ns(clip: Clip) -> list[int]:
    """When each decoded picture is shown."""
    with av.open(BytesIO(clip.data)) as container:
        return [round(frame.pts * frame.time_base * NS_PER_S) for frame in container.decode(video=0)]


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "mjpeg"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_clip_can_be_decoded_and_begins_at_its_own_zero(codec: str, bframes: int) -> None:
    stream, packets = stream_of(codec, 50, bframes=bframes)
    clip = cut_clip(violation_at(2.5), ring_of(stream, packets), before_s=1.0, after_s=1.0)
    assert (clip.codec, clip.width_px, clip.height_px) == (codec, 160, 96)
    times_ns = shown_ns(clip)
    assert len(times_ns) == clip.packets_count
    assert times_ns[0] == 0
    assert times_ns == [index * STEP_NS for index in range(len(times_ns))]
    assert clip.begin_ns <= 1.5 * NS_PER_S
    assert clip.end_ns >= 3.5 * NS_PER_S
    assert clip.is_pre_roll_whole
    assert clip.is_post_roll_whole
    assert clip.notes == ()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_every_unit_is_kept_signatures_included(codec: str) -> None:
    stream, packets = stream_of(codec, 40)
    ring = PacketRing(600.0, 10**9, "cam-1")
    sent = []
    for index, packet in enumerate(packets):
        payload = bytes(packet) if index % 4 else annex_b([sei(codec, ONVIF, bytes([index]) * 200)]) + bytes(packet)
        sent += nal_units(payload, 0)
        ring.add(payload, index * STEP_NS, packet.is_keyframe, stream=stream)
    clip = cut_clip(violation_at(2.0), ring, before_s=10.0, after_s=10.0)
    assert units_in(clip) == sent
    assert clip.signing.messages == {"ONVIF media signing": 10}
    assert clip.signing.status == "present, not verified"


def test_what_a_case_may_know_of_a_clip_is_plain_json_without_a_picture() -> None:
    stream, packets = stream_of("h264", 20)
    clip = cut_clip(violation_at(1.0), ring_of(stream, packets), before_s=1, after_s=1)
    facts = json.loads(json.dumps(clip.facts))
    assert facts["sha256"] == hashlib.sha256(clip.data).hexdigest()
    assert facts["signing"] == {"status": "unsigned", "messages": {}, "seis_count": clip.signing.seis_count}
    assert (facts["is_pre_roll_whole"], facts["packets_count"], "data" in facts) == (True, 20, False)


def test_motion_jpeg_is_kept_byte_for_byte() -> None:
    stream, packets = stream_of("mjpeg", 20)
    clip = cut_clip(violation_at(1.0), ring_of(stream, packets), before_s=5.0, after_s=5.0)
    with av.open(BytesIO(clip.data)) as container:
        assert [bytes(packet) for packet in container.demux(video=0) if packet.size] == [bytes(packet) for packet in packets]
    assert clip.media_type == "video/quicktime"


def test_a_file_source_is_cut_like_a_camera(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 40, bframes=2)
    whole = cut_clip(violation_at(2.0), ring_of(stream, packets), before_s=10, after_s=10)
    (tmp_path / "clip.mp4").write_bytes(whole.data)
    ring = PacketRing(600.0, 10**9, "cam-1")
    times_ns = [item.time_ns for item in open_source(str(tmp_path / "clip.mp4"), ring=ring) if isinstance(item, RawFrame)]
    again = cut_clip(violation_at(2.0), ring, before_s=10, after_s=10)
    assert again.elementary_sha256 == whole.elementary_sha256
    assert shown_ns(again) == times_ns


def test_a_roll_the_ring_does_not_hold_is_said_to_be_missing() -> None:
    stream, packets = stream_of("h264", 30)
    clip = cut_clip(violation_at(1.0, 1.5), ring_of(stream, packets), before_s=3.0, after_s=3.0)
    assert (clip.is_pre_roll_whole, clip.is_post_roll_whole) == (False, False)
    assert (clip.begin_ns, clip.end_ns) == (0, 29 * STEP_NS)


def test_a_camera_that_came_back_otherwise_is_cut_at_the_change_nearest_the_event() -> None:
    before, first = stream_of("h264", 30)
    after, second = stream_of("hevc", 30, (320, 192))
    ring = ring_of(before, first)
    ring_of(after, second, begin_ns=5 * NS_PER_S, ring=ring)
    late = cut_clip(violation_at(5.6), ring, before_s=4.0, after_s=1.0)
    assert (late.codec, late.begin_ns, late.is_pre_roll_whole) == ("hevc", 5 * NS_PER_S, False)
    assert late.notes == ("the stream's parameters change: the clip holds 5.0 to 6.6 s (hevc 320×192), not 1.0 to 2.9 s (h264 160×96)",)
    early = cut_clip(violation_at(2.5), ring, before_s=1.0, after_s=4.0)
    assert (early.codec, early.is_post_roll_whole) == ("h264", False)
    assert len(shown_ns(late)) == late.packets_count


def test_a_hole_in_the_stream_is_told_and_keeps_its_length() -> None:
    stream, packets = stream_of("h264", 20)
    ring = ring_of(stream, packets)
    ring_of(stream, packets, begin_ns=6 * NS_PER_S, ring=ring)
    clip = cut_clip(violation_at(6.2), ring, before_s=6.0, after_s=1.0)
    assert clip.notes == ("no pictures from 1.9 to 6.0 s",)
    assert 6 * NS_PER_S in shown_ns(clip)


def test_an_event_the_ring_has_forgotten_is_an_error() -> None:
    stream, packets = stream_of("h264", 20)
    ring = ring_of(stream, packets, begin_ns=100 * NS_PER_S)
    with pytest.raises(EvidenceError, match=r"red-light on cam-1: the ring holds 100.0 to .* s; wanted pictures of 5.0 s"):
        cut_clip(violation_at(5.0), ring, before_s=1.0, after_s=96.0)
    with pytest.raises(EvidenceError, match="the ring holds no picture of that time"):
        cut_clip(violation_at(5.0), PacketRing(10.0, 1000, "cam-1"), before_s=1.0, after_s=1.0)


def test_video_of_another_camera_is_refused() -> None:
    stream, packets = stream_of("h264", 20)
    with pytest.raises(EvidenceError, match="video of camera 'cam-2'; wanted video of 'cam-1'"):
        cut_clip(violation_at(1.0), ring_of(stream, packets, camera="cam-2"), before_s=1, after_s=1)
    with pytest.raises(EvidenceError, match="a camera nobody named"):
        cut_clip(violation_at(1.0), ring_of(stream, packets, camera=""), before_s=1, after_s=1)


def test_a_picture_of_another_size_is_refused() -> None:
    stream, packets = stream_of("h264", 20)
    with pytest.raises(EvidenceError, match="a picture of 160×96; wanted 1920×1080"):
        cut_clip(violation_at(1.0), ring_of(stream, packets), before_s=1, after_s=1, size_px=(1920, 1080))


def test_without_a_violation_nothing_is_cut() -> None:
    stream, packets = stream_of("h264", 20)
    with pytest.raises(EvidenceError, match="wanted a Violation"):
        cut_clip(violation_at(1.0).event, ring_of(stream, packets), before_s=1, after_s=1)  # type: ignore[arg-type]  # the fault under test


def test_a_codec_no_container_of_ours_holds_is_an_error() -> None:
    packet = KeptPacket(b"x", 0, 0, True, StreamParameters("vc1", b"", 64, 64))
    with pytest.raises(EvidenceError, match="a stream of vc1; wanted one of h264"):
        remuxed([packet], "here")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=60), st.integers(-3, 3 * FPS), st.integers(-3, 3 * FPS)), min_size=1, max_size=8))
def test_any_payloads_and_times_give_a_faithful_clip_or_a_typed_error(rows: list[tuple[bytes, int, int]]) -> None:
    stream, packets = stream_of("h264", 1)
    kept = [KeptPacket(bytes(packets[0]), 0, 0, True, stream)]
    kept += [KeptPacket(payload, show * STEP_NS, decode * STEP_NS, False, stream) for payload, show, decode in rows]
    try:
        data, media_type = remuxed(kept, "here")
    except EvidenceError as fault:
        assert "wanted" in str(fault)
    else:
        assert media_type == "video/mp4"
        assert len(data) > len(bytes(packets[0]))
