"""Records of a vehicle's state: whole blocks, and a sum that tells which of them are right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.errors import WireError
from catseye.fleet.state_blocks import StateRecord


def block(payload: bytes) -> bytes:
    return payload + bytes([sum(payload) & 0xFF])


@given(st.lists(st.binary(min_size=64, max_size=64), min_size=1, max_size=5).map(b"".join))
def test_a_record_comes_back_as_it_came(raw: bytes) -> None:
    assert bytes(StateRecord.parse(raw)) == raw


def test_a_wrong_sum_is_told() -> None:
    record = StateRecord.parse(block(b"\x7f" * 63) + block(bytes(range(63))) + bytes(63) + b"\x01")
    assert [each.is_sound for each in record.blocks] == [True, True, False]
    assert record.unsound_count == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_typed_error(raw: bytes) -> None:
    try:
        assert bytes(StateRecord.parse(raw)) == raw
    except WireError:
        assert not raw or len(raw) % 64


def test_half_a_block_is_refused() -> None:
    with pytest.raises(WireError, match="65 bytes"):
        StateRecord.parse(bytes(65))
