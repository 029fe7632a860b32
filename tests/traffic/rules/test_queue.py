"""Queues and spill-back."""

import pytest
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.errors import CatseyeError
from catseye.traffic.rules.queue import Queue, QueueKeys

ZONE = {"approach": [[0, -2], [100, -2], [100, 2], [0, 2]]}
ROAD = world(zones=ZONE, headings_deg={"approach": 90.0})


def waits_at(x_m: float) -> Drive:
    return Drive(through((0, x_m - 60, 0), (6, x_m, 0), (26, x_m, 0), (32, x_m + 80, 0)), end_s=32)


def found_of(*drives: Drive, keys: QueueKeys | None = None) -> list:
    return findings(Queue(keys or QueueKeys("approach"), ROAD), ROAD, scenes(drives))


def test_a_queue_has_its_length_its_vehicles_and_its_time() -> None:
    (found,) = found_of(*(waits_at(97 - 8 * place) for place in range(4)), Drive(straight(50, (0, 5))))
    length, vehicles, dwell = found.measures
    assert (length.value, vehicles.value) == (pytest.approx(3 * 8 + 5, abs=0.1), 4)
    assert dwell.value == pytest.approx(20, abs=1)
    assert found.details["spill_back"] is False
    assert found.track == ()


def test_a_queue_to_the_end_of_the_zone_spills_back() -> None:
    (found,) = found_of(*(waits_at(97 - 8 * place) for place in range(12)))
    assert found.details["spill_back"] is True


def test_two_who_wait_are_no_queue_and_a_long_gap_ends_one() -> None:
    assert found_of(waits_at(97), waits_at(89)) == []
    assert found_of(waits_at(97), waits_at(89), waits_at(60), waits_at(52)) == []


def test_a_zone_without_a_heading_has_no_front() -> None:
    with pytest.raises(CatseyeError, match="zone approach: no lawful direction is known"):
        Queue(QueueKeys("approach"), world(zones=ZONE))
