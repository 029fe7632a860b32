"""Frames between platforms: whole ones come back byte for byte, damaged ones say how."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.decode import decoded
from catseye.fleet.errors import ChecksumError, EncryptedError, EscapeError, FrameError, LengthError, WireError
from catseye.fleet.jt809 import Frame809, escaped, unescaped

FRAME = Frame809(0x9001, 1, 20180920, "010000", 0, bytes.fromhex("0000b18e"))


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=300), st.none() | st.integers(0, 1 << 40))
def test_a_frame_comes_back_as_it_was_sent(msg_id: int, serial: int, body: bytes, utc_s: int | None) -> None:
    sent = Frame809(msg_id, serial, 7, "01020f", 9999, body, utc_s)
    assert Frame809.parse(bytes(sent), is_2019=utc_s is not None) == sent


@given(st.binary(max_size=300))
def test_escapes_are_undone(content: bytes) -> None:
    assert unescaped(escaped(content)) == content


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_a_frame_or_a_typed_error(raw: bytes, is_2019: bool) -> None:
    for framed in (raw, b"[" + raw + b"]", escaped(raw)):
        try:
            Frame809.parse(framed, is_2019=is_2019)
        except WireError as error:
            assert error.where and error.came and error.wanted


def damaged(at: int, to: int) -> bytes:
    content = bytearray(unescaped(bytes(FRAME)))
    content[at] = to
    return escaped(bytes(content))


def resealed(at: int, to: int) -> bytes:
    from binascii import crc_hqx

    content = bytearray(unescaped(bytes(FRAME)))[:-2]
    content[at] = to
    return escaped(bytes(content) + crc_hqx(bytes(content), 0xFFFF).to_bytes(2))


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", FrameError),
        (b"[]", FrameError),
        (bytes(FRAME)[:-1], FrameError),
        (b"[" + bytes(FRAME), FrameError),
        (b"[\x5a\x07]", EscapeError),
        (damaged(9, 7), ChecksumError),
        (resealed(3, 7), LengthError),
        (resealed(17, 1), EncryptedError),
    ],
)
def test_a_damaged_frame_says_how(raw: bytes, error: type[WireError]) -> None:
    with pytest.raises(error):
        Frame809.parse(raw)


def test_a_login_of_the_second_link_is_told() -> None:
    answer = decoded(f'{{"kind": "frame809", "hex": "{bytes(FRAME).hex()}"}}')
    assert (answer["protocol"], answer["id"], answer["serial"]) == ("jt809", "0x9001", 1)
    assert answer["body"]["values"] == {"verify_code": 45454}


def test_the_time_that_platforms_of_2019_put_first_is_found_by_what_fits() -> None:
    vehicle = "粤A12345".encode("gbk").ljust(21, b"\0") + b"\x01" + bytes.fromhex("1205" + "00000004" + "aabbccdd")
    for time, found in ((b"", None), ((1587873720).to_bytes(8), 1587873720)):
        told = decoded(f'{{"kind": "body809", "msg_id": "809:0x1200", "hex": "{(time + vehicle).hex()}"}}')["body"]
        assert (told["plate"], told["data"], told.get("utc")) == ("粤A12345", "aabbccdd", found)
