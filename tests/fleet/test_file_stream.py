"""Pieces of attachments: read and written; what announces too much is refused before it is waited for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.errors import FrameError, LengthError, ShortError, ValueMismatchError, WireError
from catseye.fleet.file_stream import MOST_PIECE_BYTES, Piece

PIECE = Piece("00_65_6501_0_n.jpg", 4096, b"bytes")


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=300), st.binary(max_size=9))
def test_a_piece_comes_back_as_it_was_sent(offset_bytes: int, payload: bytes, after: bytes) -> None:
    sent = Piece("00_65_6501_0_n.jpg", offset_bytes, payload)
    assert Piece.parse(bytes(sent) + after) == (sent, after)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_piece_or_a_typed_error(raw: bytes) -> None:
    for framed in (raw, b"01cd" + raw):
        try:
            piece, rest = Piece.parse(framed)
        except WireError:
            continue
        assert bytes(piece) + rest == framed


def test_a_name_is_kept_as_it_came_and_is_no_path() -> None:
    piece, _ = Piece.parse(bytes(Piece("../../x", 0, b"")))
    assert piece.name == "../../x"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", FrameError),
        (b"01ce", FrameError),
        (bytes(PIECE)[:61], ShortError),
        (bytes(PIECE)[:-1], ShortError),
        (b"01cd" + bytes(54) + (MOST_PIECE_BYTES + 1).to_bytes(4), LengthError),
    ],
)
def test_what_is_no_piece_says_how(raw: bytes, error: type[WireError]) -> None:
    with pytest.raises(error):
        Piece.parse(raw)


def test_a_name_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(ValueMismatchError, match="at most 50"):
        bytes(Piece("x" * 51, 0, b""))
