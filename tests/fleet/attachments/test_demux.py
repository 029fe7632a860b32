"""Frames and pieces on one socket: however the bytes are cut, the same comes out, and no bytes raise."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.attachments.terminals import PHOTO, announced, begins, ends, pieces, sent
from tests.support.properties import examples

from catseye.fleet.attachments.demux import MOST_FRAME_BYTES, Damaged, Demux, Lost
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame

CONTENT = random.Random(3).randbytes(3000) + b"~}01cd~"
STREAM = announced((PHOTO, len(CONTENT))) + sent(PHOTO, CONTENT)


def items(stream: bytes, cuts: list[int]) -> list[object]:
    demux, found = Demux(), []
    edges = [0, *sorted({min(cut, len(stream)) for cut in cuts}), len(stream)]
    for begin, end in itertools.pairwise(edges):
        demux.feed(stream[begin:end])
        while (item := demux.take()) is not None:
            found.append(str(item.fault) if isinstance(item, Damaged | Lost) else item)
    return found


def test_frames_and_pieces_take_turns() -> None:
    kinds = [type(item) for item in items(STREAM, [])]
    assert kinds == [Frame, Frame, *[Piece] * 5, Frame]


def test_bytes_that_look_like_marks_inside_a_piece_are_its_own() -> None:
    stream = b"".join(pieces("x", b"~01cd~" * 50))
    found = items(stream + ends("x", 300), [])
    assert [type(item) for item in found] == [Piece, Frame]
    assert found[0].payload == b"~01cd~" * 50


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
@settings(max_examples=examples(60), deadline=None)
def test_any_chunking_gives_the_same(cuts: list[int]) -> None:
    assert items(STREAM, cuts) == items(STREAM, [])


def test_one_byte_at_a_time_gives_the_same() -> None:
    assert items(STREAM, list(range(len(STREAM)))) == items(STREAM, [])


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"~" + tail) | st.binary(max_size=200).map(lambda tail: b"01cd" + tail), st.data())
@settings(max_examples=examples(200), deadline=None)
def test_any_bytes_raise_nothing_and_chunking_changes_nothing(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    assert items(stream, cuts) == items(stream, [])


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"GET / HTTP/1.1\r\n", "47; wanted a frame (7e) or a piece"),
        (b"~" + b"a" * (MOST_FRAME_BYTES + 1), "a frame without an end"),
        (b"01cd" + b"x" * 50 + bytes(4) + b"\xff\xff\xff\xff", "4294967295 bytes announced"),
    ],
    ids=["http", "endless", "huge"],
)
def test_a_stream_that_is_none_is_over_at_once(stream: bytes, said: str) -> None:
    demux = Demux()
    demux.feed(stream)
    lost = demux.take()
    assert isinstance(lost, Lost)
    assert said in str(lost.fault)
    demux.feed(STREAM)
    assert demux.take() is None


def test_a_damaged_frame_costs_itself_alone() -> None:
    broken = bytearray(begins("x", 3))
    broken[-2] ^= 1
    assert [type(item) for item in items(bytes(broken) + ends("x", 3), [])] == [str, Frame]


def test_doubled_marks_are_tolerated() -> None:
    assert [type(item) for item in items(b"~~" + begins("x", 3) + b"~" + ends("x", 3), [])] == [Frame, Frame]
