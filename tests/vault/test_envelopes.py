"""An envelope opens as it was made, for its name and drawer, or not at all."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.vault.envelopes import CHUNK_BYTES, MAGIC, SALT_BYTES, TAG_BYTES, EnvelopeError, open_bytes, open_envelope, seal, seal_bytes
from catseye.vault.keys import Key

KEY = Key("case", "2026-000001", bytes(range(32)))
HEADER_BYTES = len(MAGIC) + 1 + len("case") + 2 + len("2026-000001") + SALT_BYTES
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


def content_of(size_bytes: int) -> bytes:
    return (b"0123456789abcdef-" * (size_bytes // 17 + 1))[:size_bytes]


@pytest.mark.parametrize("size_bytes", SIZES)
def test_what_goes_in_comes_out_and_costs_a_header_and_a_tag_a_chunk(size_bytes: int) -> None:
    plain = content_of(size_bytes)
    envelope = seal_bytes(KEY, "media/clip", plain)
    assert open_bytes(KEY, "media/clip", envelope) == plain
    assert len(envelope) == HEADER_BYTES + size_bytes + TAG_BYTES * max(1, -(-size_bytes // CHUNK_BYTES))
    assert len(plain) < 16 or plain[:16] not in envelope


def test_the_same_twice_is_two_envelopes() -> None:
    assert seal_bytes(KEY, "n", b"the same") != seal_bytes(KEY, "n", b"the same")


@given(st.data())
def test_a_changed_byte_anywhere_is_found(data: st.DataObject) -> None:
    envelope = bytearray(seal_bytes(KEY, "n", content_of(data.draw(st.sampled_from([0, 5, 200])))))
    envelope[data.draw(st.integers(0, len(envelope) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EnvelopeError):
        open_bytes(KEY, "n", bytes(envelope))


def test_every_cut_of_a_small_envelope_is_found() -> None:
    envelope = seal_bytes(KEY, "n", content_of(40))
    for length in range(len(envelope)):
        with pytest.raises(EnvelopeError):
            open_bytes(KEY, "n", envelope[:length])


@pytest.mark.parametrize("size_bytes", [3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17])
def test_chunks_cut_swapped_doubled_or_added_are_found(size_bytes: int) -> None:
    envelope = seal_bytes(KEY, "n", content_of(size_bytes))
    step = CHUNK_BYTES + TAG_BYTES
    head, chunks = envelope[:HEADER_BYTES], [envelope[at : at + step] for at in range(HEADER_BYTES, len(envelope), step)]
    wrong = [chunks[:-1], chunks[:1], chunks[1:], [chunks[1], chunks[0], *chunks[2:]], [*chunks, chunks[-1]], [chunks[0], chunks[0], *chunks[2:]], []]
    for some in wrong:
        with pytest.raises(EnvelopeError):
            open_bytes(KEY, "n", head + b"".join(some))


def test_a_cut_envelope_is_refused_before_its_first_byte_is_handed_out() -> None:
    envelope = seal_bytes(KEY, "n", content_of(10 * CHUNK_BYTES))
    with pytest.raises(EnvelopeError, match="wanted the envelope that was kept under this name"):
        open_envelope(KEY, "n", io.BytesIO(envelope[: HEADER_BYTES + 4 * (CHUNK_BYTES + TAG_BYTES)]), "media clip")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Key("case", "2026-000001", bytes(32)), "n"),
        (Key("case", "2026-000002", KEY.secret), "n"),
        (Key("report", "2026-000001", KEY.secret), "n"),
        (KEY, "n2"),
        (KEY, ""),
    ],
)
def test_it_opens_for_its_own_key_drawer_and_name_only(key: Key, name: str) -> None:
    with pytest.raises(EnvelopeError):
        open_bytes(key, name, seal_bytes(KEY, "n", b"plain"))


@given(st.lists(st.tuples(st.integers(0, 200_100), st.integers(0, 70_000)), max_size=8))
def test_any_part_can_be_sought_and_read(parts: list[tuple[int, int]]) -> None:
    plain = content_of(200_000)
    with open_envelope(KEY, "n", io.BytesIO(_LONG), "n") as file:
        for begin_byte, size_bytes in parts:
            file.seek(begin_byte)
            assert file.read(size_bytes) == plain[begin_byte : begin_byte + size_bytes]


_LONG = seal_bytes(KEY, "n", content_of(200_000))


class Endless(io.RawIOBase):
    """As many zero bytes as asked for, none of them in memory before."""

    def __init__(self, size_bytes: int) -> None:
        self._left_bytes = size_bytes

    def read(self, most_bytes: int = -1) -> bytes:
        taken = min(self._left_bytes, most_bytes)
        self._left_bytes -= taken
        return b"\0" * taken


class Counting(io.RawIOBase):
    """Takes everything, keeps nothing, knows the longest piece."""

    def __init__(self) -> None:
        self.longest_bytes = self.taken_bytes = 0

    def write(self, content) -> int:  # type: ignore[no-untyped-def,override]
        self.longest_bytes = max(self.longest_bytes, len(content))
        self.taken_bytes += len(content)
        return len(content)


def test_a_long_clip_passes_through_a_chunk_at_a_time() -> None:
    out = Counting()
    seal(KEY, "n", Endless(200 << 20), out)  # type: ignore[arg-type]
    assert out.longest_bytes == CHUNK_BYTES + TAG_BYTES
    assert out.taken_bytes == HEADER_BYTES + (200 << 20) + 3200 * TAG_BYTES
