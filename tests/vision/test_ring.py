"""The packet ring: whole groups of pictures, bounded in time and in bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.vision.ring import KeptPacket, PacketRing, StreamParameters

STREAM = StreamParameters("h264", b"\x01", 640, 360)
S = 1_000_000_000
PACKETS = st.lists(st.tuples(st.integers(0, 3_000), st.booleans(), st.integers(0, S)), max_size=80)


def filled(seconds_s: float = 3.0, most_bytes: int = 10**6, count: int = 100, gop: int = 10, size: int = 100) -> PacketRing:
    ring = PacketRing(seconds_s, most_bytes)
    for index in range(count):
        ring.add(bytes(size), index * S // 10, index % gop == 0, stream=STREAM)
    return ring


def times_s(packets: list[KeptPacket]) -> list[float]:
    return [packet.time_ns / S for packet in packets]


def test_a_cut_starts_at_the_keyframe_before_and_ends_at_the_end() -> None:
    packets = filled().cut(round(7.4 * S), round(8.2 * S))
    assert packets[0].is_key
    assert times_s(packets) == [pytest.approx(7 + index / 10) for index in range(13)]


def test_only_the_last_seconds_are_kept_in_whole_groups() -> None:
    packets = filled(seconds_s=3.0).cut(0, 100 * S)
    assert packets[0].is_key
    assert times_s(packets)[0] == 6.0
    assert times_s(packets)[-1] == pytest.approx(9.9)


def test_what_comes_before_the_first_keyframe_is_not_kept() -> None:
    ring = PacketRing(3.0, 1000)
    ring.add(b"late", 0, False, stream=STREAM)
    assert ring.cut(0, S) == []
    assert ring.held_bytes == 0


def test_a_cut_before_the_oldest_or_after_the_newest_gives_what_there_is() -> None:
    ring = filled()
    assert times_s(ring.cut(0, round(6.05 * S))) == [6.0]
    assert ring.cut(0, S) == []
    assert times_s(ring.cut(50 * S, 60 * S))[0] == 9.0


def test_frames_shown_later_than_decoded_are_cut_with_their_references() -> None:
    ring = PacketRing(10.0, 10**6)
    for time, decode, is_key in ((0, 0, True), (3, 1, False), (1, 2, False), (2, 3, False), (6, 4, False)):
        ring.add(b"x", time * S, is_key, stream=STREAM, dts_ns=decode * S)
    assert times_s(ring.cut(0, 2 * S)) == [0, 3, 1, 2]


def test_a_group_too_large_for_the_bound_is_given_up() -> None:
    ring = PacketRing(60.0, 1000)
    for index in range(50):
        ring.add(bytes(100), index, index == 0, stream=STREAM)
    assert ring.held_bytes <= 1000
    ring.add(bytes(100), 51, True, stream=STREAM)
    assert len(ring.cut(0, S)) == 1


@given(PACKETS)
def test_memory_is_bounded_and_what_is_held_can_be_decoded(packets: list[tuple[int, bool, int]]) -> None:
    ring = PacketRing(5.0, 10_000)
    now_ns = 0
    for size, is_key, step_ns in packets:
        now_ns += step_ns
        ring.add(bytes(size), now_ns, is_key, stream=STREAM)
        held = ring.cut(-1, now_ns)
        assert ring.held_bytes == sum(len(packet.payload) for packet in held) <= 10_000
        assert not held or held[0].is_key


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        PacketRing(0.0, 10)


def test_a_part_is_what_a_cut_gives_and_forgets_nothing() -> None:
    ring = filled(seconds_s=3.0)
    part = ring.part(round(7.4 * S), round(8.2 * S))
    for index in range(100, 200):
        ring.add(bytes(100), index * S // 10, index % 10 == 0, stream=STREAM)
    assert times_s(part.cut(0, 99 * S)) == [pytest.approx(7 + index / 10) for index in range(13)]
    assert part.held_bytes == 1300
    assert ring.cut(0, 9 * S) == []


def test_a_part_is_of_the_same_camera_and_may_be_empty() -> None:
    ring = PacketRing(3.0, 1000, "cam-1")
    assert (ring.part(0, S).camera, ring.part(0, S).held_bytes, ring.part(0, S).cut(0, S)) == ("cam-1", 0, [])


@given(PACKETS, st.integers(0, 20), st.integers(0, 20))
def test_whatever_is_asked_for_a_part_holds_the_cut(packets: list[tuple[int, bool, int]], begin_s: int, length_s: int) -> None:
    ring = PacketRing(5.0, 10_000)
    now_ns = 0
    for size, is_key, step_ns in packets:
        now_ns += step_ns
        ring.add(bytes(size), now_ns, is_key, stream=STREAM)
    wanted = ring.cut(begin_s * S, (begin_s + length_s) * S)
    part = ring.part(begin_s * S, (begin_s + length_s) * S)
    assert part.cut(-1, 10**18) == wanted
    assert part.held_bytes == sum(len(packet.payload) for packet in wanted)
