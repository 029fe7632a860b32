"""Frames of JT/T 808: whole ones come back byte for byte, damaged ones say how."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.errors import ChecksumError, EncryptedError, EscapeError, FrameError, LengthError, ValueMismatchError
from catseye.fleet.frame808 import V2013, V2019, Frame, Header, checksum, escaped, frames_in, unescaped

PHONE = "013800138000"


def headers() -> st.SearchStrategy[Header]:
    parts = st.none() | st.tuples(st.integers(1, 0xFFFF), st.integers(1, 0xFFFF))
    phones, numbers = st.text("0123456789abcdef", min_size=12, max_size=12), st.integers(0, 0xFFFF)
    return st.builds(
        lambda msg_id, phone, serial, version, part: Header.of(msg_id, phone, serial, version=version, part=part),
        numbers, phones, numbers, st.sampled_from([V2013, V2019]), parts,
    )  # fmt: skip


@given(headers(), st.binary(max_size=1023))
def test_a_frame_comes_back_as_it_was_sent(header: Header, body: bytes) -> None:
    raw = bytes(Frame(header, body))
    frame = Frame.parse(raw)
    assert (frame.body, frame.header.phone, frame.header.serial, frame.header.version) == (body, header.phone, header.serial, header.version)
    assert (frame.header.total, frame.header.index) == (header.total, header.index)
    assert bytes(frame) == raw
    assert raw.count(b"~") == 2


@given(st.binary(max_size=300))
def test_the_checksum_is_the_xor_of_all_bytes(data: bytes) -> None:
    assert checksum(data) == reduce(xor, data, 0)


@given(st.binary(min_size=1, max_size=300).filter(lambda data: data.strip(b"~") == data))
def test_escapes_are_undone(content: bytes) -> None:
    assert unescaped(escaped(content)) == content


def frame(body: bytes = b"", attr: int = 0) -> bytes:
    content = bytes.fromhex("0002") + (attr | len(body)).to_bytes(2) + bytes.fromhex(PHONE + "0001") + body
    return escaped(content + bytes([checksum(content)]))


def test_doubled_marks_are_tolerated() -> None:
    assert Frame.parse(b"~" + frame() + b"~").header.msg_id == 0x0002


def test_a_body_encrypted_with_rsa_is_refused_as_such() -> None:
    with pytest.raises(EncryptedError, match="encrypted with RSA"):
        Frame.parse(frame(b"secret", 0x0400))


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", FrameError),
        (b"~", FrameError),
        (b"~~~~", FrameError),
        (frame()[:-1], FrameError),
        (frame()[:8] + b"~" + frame()[8:], FrameError),
        (escaped(bytes(12)), FrameError),
        (escaped(bytes.fromhex("00024000") + bytes(9) + b"\x42"), FrameError),
        (escaped(bytes.fromhex("00022000") + bytes(9) + b"\x22"), FrameError),
        (frame().replace(b"\x00\x02", b"\x00\x03", 1), ChecksumError),
        (frame()[:5] + b"}\x07" + frame()[5:], EscapeError),
        (frame()[:-1] + b"}~", EscapeError),
        (frame(b"", 5), LengthError),
    ],
)
def test_a_damaged_frame_says_how(raw: bytes, error: type[FrameError]) -> None:
    with pytest.raises(error):
        Frame.parse(raw)


def test_a_body_that_is_too_long_for_one_frame_is_not_sent() -> None:
    with pytest.raises(ValueMismatchError, match="split"):
        bytes(Frame(Header.of(0x8300, PHONE, 1), bytes(1024)))


def test_a_phone_that_is_none_is_not_sent() -> None:
    with pytest.raises(ValueMismatchError, match="phone"):
        bytes(Frame(Header.of(0x8300, "not a phone!", 1), b""))


@given(st.lists(st.binary(max_size=60), max_size=5), st.integers(0, 400))
def test_a_stream_gives_its_frames_wherever_it_was_cut(bodies: list[bytes], cut: int) -> None:
    sent = [bytes(Frame(Header.of(0x0900, PHONE, index), body)) for index, body in enumerate(bodies)]
    stream = b"".join(sent)
    first, rest = frames_in(stream[:cut])
    second, _ = frames_in(rest + stream[cut:])
    assert first + second == sent


def test_a_beginning_without_an_end_is_not_waited_for() -> None:
    with pytest.raises(FrameError, match="without an end"):
        frames_in(b"~" + bytes(5000))
