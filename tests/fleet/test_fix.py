"""A fix: signs, units and the clock of the wire applied once, in one place."""

from datetime import UTC, datetime

import pytest

from catseye.core.time import Stamp
from catseye.fleet.errors import EncryptedError, ValueMismatchError
from catseye.fleet.fix import Fix

VALUES = {"alarm": 0, "status": 1 << 1 | 1 << 19, "lat": 30776348, "lon": 111371673, "altitude": 110, "speed_0_1kmh": 605, "direction": 90,
          "time": "2026-11-21 07:31:39"}  # fmt: skip


def test_a_fix_has_its_units_and_the_clock_of_beijing() -> None:
    fix = Fix.of(VALUES)
    assert (fix.place.lat_deg, fix.place.lon_deg, fix.speed_kmh, fix.heading_deg, fix.altitude_m) == (30.776348, 111.371673, 60.5, 90.0, 110.0)
    assert fix.when == Stamp.from_datetime(datetime(2026, 11, 20, 23, 31, 39, tzinfo=UTC))
    assert (fix.is_fixed, fix.sources) == (True, ("BeiDou",))


def test_south_and_west_are_bits_of_the_status() -> None:
    fix = Fix.of({**VALUES, "status": 1 << 2 | 1 << 3})
    assert (fix.place.lat_deg, fix.place.lon_deg) == (-30.776348, -111.371673)
    assert (fix.is_fixed, fix.sources) == (False, ())


def test_the_ignition_is_the_lowest_bit_of_the_status() -> None:
    assert not Fix.of(VALUES).is_powered
    assert Fix.of({**VALUES, "status": 1 << 0 | 1 << 1}).is_powered


def test_encrypted_coordinates_are_refused() -> None:
    with pytest.raises(EncryptedError):
        Fix.of({**VALUES, "status": 1 << 5})


@pytest.mark.parametrize("wrong", [{"lat": 4294967295}, {"lon": 180_000_001}, {"time": "2026-13-21 07:31:39"}, {"time": "2018-06-1b 0f:36:2e"}])
def test_a_place_or_a_time_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueMismatchError):
        Fix.of({**VALUES, **wrong})
