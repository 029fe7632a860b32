"""A segment cut or changed anywhere: what is whole comes back, a torn tail is cut, damage in the middle is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.vault.keys import Key
from catseye.vault.segments import HEAD_BYTES, SegmentDamagedError, SegmentReader, SegmentWriter

KEY = Key("positions", "2026-11-21", bytes(range(32)))
BLOCKS = [b"first", b"the second, longer" * 20, b"third" * 5]
TAG_BYTES = 16


def written(folder: Path, *, is_ended: bool) -> Path:
    path = folder / f"{'ended' if is_ended else 'open'}-writer-000000.journal"
    if not path.exists():
        writer = SegmentWriter(path, KEY)
        for number, block in enumerate(BLOCKS):
            assert writer.append(block, number * 10) == number
        writer.end() if is_ended else writer.abandon(writer.size_bytes)
    return path


def read(path: Path) -> tuple[list[bytes], list[str]]:
    with SegmentReader(path, KEY) as reader:
        return [block for _, block in reader.blocks()], reader.faults


def block_ends(path: Path) -> list[int]:
    """Where each block ends, counted from the lengths alone."""
    ends, at = [], path.stat().st_size - sum(HEAD_BYTES + TAG_BYTES + len(block) for block in BLOCKS)
    for block in BLOCKS:
        at += HEAD_BYTES + TAG_BYTES + len(block)
        ends.append(at)
    return ends


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segments")


@given(share=st.floats(0, 1), tail=st.binary(max_size=80))
def test_cut_anywhere_and_with_any_tail_what_is_whole_comes_back_and_the_rest_is_cut_for_good(folder: Path, share: float, tail: bytes) -> None:
    whole = written(folder, is_ended=False)
    content, ends = whole.read_bytes(), block_ends(whole)
    cut = round(share * len(content))
    path = folder / "torn" / whole.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content[:cut] + tail)
    count = sum(end <= cut for end in ends)
    is_same = content[cut : cut + len(tail)] == tail  # chance wrote what stood there
    if not is_same:
        assert read(path) == (BLOCKS[:count], []), "before anybody mended it"
        with SegmentReader(path, KEY) as reader:
            reader.mend()
        assert path.exists() == bool(count)
        if count:
            assert read(path) == (BLOCKS[:count], [])
            with SegmentReader(path, KEY) as reader:
                assert reader.is_ended
                assert reader.mend() == 0


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_bit_flipped_anywhere_in_an_ended_segment_never_gives_another_block_and_is_told_unless_in_the_end_mark(folder: Path, at: int, bit: int) -> None:
    whole = written(folder, is_ended=True)
    content = bytearray(whole.read_bytes())
    at %= len(content)
    content[at] ^= 1 << bit
    path = folder / "flipped" / whole.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        blocks, faults = read(path)
    except SegmentDamagedError:
        return
    is_in_end_mark = at >= len(content) - HEAD_BYTES - TAG_BYTES
    assert all(block in BLOCKS for block in blocks)
    assert is_in_end_mark == (blocks == BLOCKS)
    assert is_in_end_mark == (faults == [])
    with SegmentReader(path, KEY) as reader:
        reader.mend()
    assert read(path)[0] == blocks, "mending loses nothing that is whole"


def test_zeros_that_a_power_cut_left_at_the_end_are_a_torn_tail(folder: Path) -> None:
    whole = written(folder, is_ended=False)
    path = folder / "zeros" / whole.name
    path.parent.mkdir(exist_ok=True)
    content = whole.read_bytes()
    path.write_bytes(content[:-10] + bytes(10))
    assert read(path) == (BLOCKS[:2], [])
    with SegmentReader(path, KEY) as reader:
        assert reader.mend() == HEAD_BYTES + TAG_BYTES + len(BLOCKS[2])


def test_a_segment_under_another_name_or_key_does_not_open(folder: Path) -> None:
    whole = written(folder, is_ended=True)
    other = folder / "other-writer-000000.journal"
    other.write_bytes(whole.read_bytes())
    assert read(other)[0] == []
    assert read(other)[1] != []
    with pytest.raises(SegmentDamagedError, match="of another drawer"):
        SegmentReader(whole, Key("positions", "2026-11-22", bytes(range(32))))


def test_only_blocks_with_something_that_new_are_opened(folder: Path) -> None:
    with SegmentReader(written(folder, is_ended=True), KEY) as reader:
        assert list(reader.blocks(since_utc_ns=11)) == [(2, BLOCKS[2])]
        assert list(reader.blocks(begin=1)) == [(1, BLOCKS[1]), (2, BLOCKS[2])]
