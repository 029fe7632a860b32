"""Records of a vehicle's state: whole blocks, and a sum that tells which of them are right."""

from datetime import UTC, datetime, timedelta

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


BEGUN = datetime(2026, 9, 22, 4, tzinfo=UTC)


def record(count: int = 4, *, first: int = 0, apart_s: float = 1, **values: float) -> bytes:
    return b"".join(StateRecord.block(count, first + at, values, BEGUN + timedelta(seconds=at * apart_s)) for at in range(count))


@pytest.mark.parametrize("first", [0, 1])
def test_what_was_measured_comes_back_in_columns(first: int) -> None:
    columns = StateRecord.parse(record(first=first, lat_deg=21.0285, acceleration_y_g=-0.42, obd_speed_kmh=61.3, steering_deg=-15)).columns()
    assert columns is not None
    assert {len(values) for values in columns.values()} == {4}
    assert [columns[name][3] for name in ("lat_deg", "acceleration_y_g", "obd_speed_kmh", "steering_deg", "brake")] == [21.0285, -0.42, 61.3, -15, 0]
    assert columns["utc_s"] == [BEGUN.timestamp() + at for at in range(4)]


@pytest.mark.parametrize(
    "raw",
    [
        block(bytes(range(63))) * 3,
        record()[:64] * 4,
        record(first=2),
        record(apart_s=-1),
        record(apart_s=3600),
        record(lat_deg=91),
        record(heading_deg=361),
        record()[:-1] + b"x",
        block(record(1)[:30] + b"\xff" + record(1)[31:63]),
    ],
    ids=["noise", "one index", "counts from 2", "backwards", "hours", "no place", "no heading", "sum", "no time"],
)
def test_a_record_that_does_not_bear_out_its_layout_has_no_columns(raw: bytes) -> None:
    assert StateRecord.parse(raw).columns() is None


@given(st.lists(st.binary(min_size=63, max_size=63).map(block), min_size=1, max_size=3).map(b"".join))
def test_any_blocks_have_equal_columns_or_none(raw: bytes) -> None:
    columns = StateRecord.parse(raw).columns()
    assert columns is None or {len(values) for values in columns.values()} == {len(raw) // 64}
