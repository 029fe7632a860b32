"""Stamps: one moment, its doubt, and nothing that nobody knows."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.time import NS_PER_S, Stamp

ZONES = st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(lambda span: timedelta(minutes=span // timedelta(minutes=1))))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=ZONES))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_moment_is_the_same_in_every_zone(moment: datetime) -> None:
    assert Stamp.from_datetime(moment) == Stamp.from_datetime(moment.astimezone(UTC))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_text_gives_the_moment_back_to_the_millisecond(moment: datetime) -> None:
    stamp = Stamp.from_datetime(moment)
    assert stamp.iso().endswith("Z")
    assert timedelta(0) <= moment - datetime.fromisoformat(stamp.iso()) < timedelta(milliseconds=1)


def test_a_local_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its offset"):
        Stamp.from_datetime(datetime(2022, 9, 25, 16, 42))  # noqa: DTZ001 - that is the point


def test_a_doubt_is_never_negative_and_travels_along() -> None:
    with pytest.raises(ValueError, match="never negative"):
        Stamp(0, -1.0)
    assert Stamp(5, 500.0).plus_ns(NS_PER_S) == Stamp(NS_PER_S + 5, 500.0)
