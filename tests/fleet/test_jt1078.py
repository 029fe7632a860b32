"""Media packets: read and written, also with a long SIM; frames out of them only where nothing was lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.errors import FrameError, ShortError, ValueMismatchError, WireError
from catseye.fleet.jt1078 import (
    ATOMIC,
    FIRST,
    KEY,
    LAST,
    LONG_SIM_BYTES,
    MIDDLE,
    PASS_THROUGH,
    SIM_BYTES,
    SOUND,
    MediaFrame,
    Packet,
    Reassembly,
    packets_in,
    sim_bytes_of,
)

VIDEO = Packet(0x81, True, 98, 7, "013800138000", 1, KEY, ATOMIC, 1234, 40, 40, b"frame")


def packet(serial: int, fragment: int, payload: bytes = b"x", channel: int = 1) -> Packet:
    return replace(VIDEO, serial=serial, fragment=fragment, payload=payload, channel=channel)


def packets() -> st.SearchStrategy[Packet]:
    def of(kind: int, fragment: int, serial: int, payload: bytes, *, is_long: bool) -> Packet:
        sim = "00000000013800138000" if is_long else "013800138000"
        times = (None, None, None) if kind == PASS_THROUGH else (serial * 40, None, None) if kind == SOUND else (serial * 40, 80, 40)
        return Packet(0x81, serial % 2 == 0, 98, serial, sim, 1, kind, fragment, *times, payload)

    return st.builds(of, st.integers(KEY, PASS_THROUGH), st.integers(ATOMIC, MIDDLE), st.integers(0, 0xFFFF), st.binary(max_size=200), is_long=st.booleans())


@given(packets(), st.binary(max_size=20))
def test_a_packet_comes_back_as_it_was_sent(sent: Packet, after: bytes) -> None:
    assert Packet.parse(bytes(sent) + after, len(sent.sim) // 2) == (sent, after)


@given(packets().map(bytes), packets().map(bytes))
def test_the_width_of_the_sim_shows_where_packets_end(one: bytes, other: bytes) -> None:
    """Of two packets of one sender; unless by chance the wrong width fits as well, when the standard's is taken."""
    for sim_bytes in (SIM_BYTES, LONG_SIM_BYTES):
        stream = b"".join(raw for raw in (one, other) if width_of(raw) == sim_bytes)
        if stream:
            assert sim_bytes_of(stream) in (sim_bytes, SIM_BYTES)


def width_of(raw: bytes) -> int:
    return LONG_SIM_BYTES if raw[8:14] == bytes.fromhex("000000000138") else SIM_BYTES


def test_a_long_sim_is_found() -> None:
    long = replace(VIDEO, sim="00000000013800138000")
    assert sim_bytes_of(bytes(long) + bytes(long)) == LONG_SIM_BYTES
    assert sim_bytes_of(bytes(VIDEO) + bytes(VIDEO)) == SIM_BYTES


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", FrameError),
        (b"02cd", FrameError),
        (b"01cd", ShortError),
        (bytes(VIDEO)[:-1], ShortError),
        (bytes(VIDEO)[:15] + b"\x54" + bytes(40), ValueMismatchError),
    ],
)
def test_what_is_no_packet_says_how(raw: bytes, error: type[WireError]) -> None:
    with pytest.raises(error):
        Packet.parse(raw)


@given(st.binary(max_size=100))
def test_any_bytes_are_packets_and_a_rest(raw: bytes) -> None:
    found, rest, skipped_bytes = packets_in(raw)
    assert sum(len(bytes(each)) for each in found) + len(rest) + skipped_bytes == len(raw)


def test_a_stream_goes_on_after_damage() -> None:
    found, rest, skipped_bytes = packets_in(b"noise" + bytes(VIDEO) + b"01cx" + bytes(VIDEO) + b"01")
    assert (found, rest, skipped_bytes) == ([VIDEO, VIDEO], b"01", 9)


def frames_of(*sent: Packet) -> tuple[list[MediaFrame], int]:
    reassembly, frames = Reassembly(), []
    for each in sent:
        reassembly, frame = reassembly.add(each)
        frames += [frame] if frame else []
    return frames, reassembly.lost_count


def test_a_frame_is_its_parts_in_their_order() -> None:
    frames, lost_count = frames_of(packet(0xFFFF, FIRST, b"a"), packet(0, MIDDLE, b"b"), packet(1, LAST, b"c"))
    assert [frame.payload for frame in frames] == [b"abc"]
    assert lost_count == 0


def test_a_frame_with_a_lost_part_is_given_up_and_the_next_is_whole() -> None:
    frames, lost_count = frames_of(packet(1, FIRST), packet(3, LAST), packet(4, FIRST, b"d"), packet(5, LAST, b"e"))
    assert [frame.payload for frame in frames] == [b"de"]
    assert lost_count == 1


def test_a_frame_whose_end_never_came_is_lost_when_the_next_begins() -> None:
    frames, lost_count = frames_of(packet(1, FIRST), packet(3, ATOMIC, b"whole"))
    assert [frame.payload for frame in frames] == [b"whole"]
    assert lost_count == 1


def test_channels_do_not_mix() -> None:
    frames, _ = frames_of(packet(1, FIRST, b"a"), packet(1, FIRST, b"A", channel=2), packet(2, LAST, b"B", channel=2), packet(2, LAST, b"b"))
    assert [(frame.channel, frame.payload) for frame in frames] == [(2, b"AB"), (1, b"ab")]


def test_what_began_before_we_listened_is_no_loss() -> None:
    assert frames_of(packet(9, LAST)) == ([], 0)


def test_a_frame_without_end_is_given_up() -> None:
    endless = [packet(1, FIRST, bytes(60000)), *(packet(serial, MIDDLE, bytes(60000)) for serial in range(2, 90))]
    assert frames_of(*endless) == ([], 1)


def test_a_frame_in_too_many_parts_is_given_up() -> None:
    endless = [packet(1, FIRST), *(packet(serial & 0xFFFF, MIDDLE) for serial in range(2, 8300))]
    assert frames_of(*endless) == ([], 1)
