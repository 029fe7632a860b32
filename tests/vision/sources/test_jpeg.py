"""Pictures are found in any stream of bytes, cut anywhere."""

import itertools
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from catseye.vision.sources.jpeg import MOST_PICTURE_BYTES, JpegSplitter

BETWEEN = [b"", b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n", b"\x00" * 9, b"\xff\xff\x00"]


def fed(stream: bytes, cuts: list[int]) -> tuple[list[bytes], JpegSplitter]:
    splitter = JpegSplitter()
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [found for begin, end in itertools.pairwise(places) for found in splitter.feed(stream[begin:end])], splitter


@given(cuts=st.lists(st.integers(0, 2**20), max_size=40), between=st.sampled_from(BETWEEN))
def test_every_picture_comes_out_whole_however_the_bytes_are_cut(jpeg_picture: Callable[..., bytes], cuts: list[int], between: bytes) -> None:
    pictures = [jpeg_picture(index) for index in range(3)]
    assert fed(between + between.join(pictures) + between, cuts)[0] == pictures


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_are_survived_and_nothing_useless_is_held(noise: bytes, cuts: list[int]) -> None:
    _, splitter = fed(noise, cuts)
    assert splitter.held_bytes <= len(noise)


def test_a_torn_picture_is_skipped_and_the_next_one_found(jpeg_picture: Callable[..., bytes]) -> None:
    torn, whole = jpeg_picture(0)[:500], jpeg_picture(1)
    assert fed(torn + b"\r\n--frame\r\n" + whole, [])[0] == [whole]


def test_a_picture_that_never_ends_does_not_fill_memory() -> None:
    splitter = JpegSplitter()
    splitter.feed(bytes.fromhex("ffd8ffda0002"))
    for _ in range(2 * MOST_PICTURE_BYTES // (4 << 20)):
        splitter.feed(b"\x55" * (4 << 20))
    assert splitter.held_bytes <= MOST_PICTURE_BYTES + (4 << 20)
