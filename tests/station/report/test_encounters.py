"""Pictures of encounters: the worst first, each pair once, both where they were at the worst moment."""

import re

import numpy as np
import pytest

from catseye.core.event import Event, Measure
from catseye.core.rule import World
from catseye.core.time import NS_PER_S
from catseye.station.report.encounters import SIDE, encounter_of, worst_of
from catseye.station.report.trails import Trail


def danger(pair: str, kind: str = "near-miss", trusted: bool = True, worst_s: float | None = None, **values: float) -> Event:
    measures = tuple(Measure(name, value, "s", 0.0) for name, value in values.items())
    details = {"type": "crossing", "worst_s": worst_s} if worst_s is not None else {"type": "crossing"}
    users = ("car", "motorcyclist")
    return Event(kind, "cam", 0, 4 * NS_PER_S, subjects=tuple(pair), road_users=users, measures=measures, ground_m=(0.0, 0.0), trusted=trusted, details=details)


def driving(begin: tuple[float, float], velocity: tuple[float, float], kind: str = "car", length_m: float = float("nan")) -> Trail:
    time_s = np.arange(0, 6, 0.2)
    place = np.array(begin) + time_s[:, None] * np.array(velocity)
    return Trail(kind, (time_s * NS_PER_S).astype(np.int64), place, np.full(len(place), np.nan), length_m, float("nan"))


def corners(path: str) -> np.ndarray:
    return np.array([[float(number) for number in pair.split()] for pair in re.split("[ML]", path.removesuffix("Z"))[1:]])


def test_collisions_come_first_then_the_smallest_ttc_then_pet_alone_and_doubt_last() -> None:
    events = [
        danger("ab", pet=0.3),
        danger("cd", ttc_min=1.2),
        danger("ef", ttc_min=0.4),
        danger("gh", "collision"),
        danger("ij", ttc_min=0.1, trusted=False),
    ]
    assert ["".join(event.subjects) for event in worst_of(events)] == ["gh", "ef", "cd", "ab", "ij"]


def test_a_pair_that_collides_is_shown_once() -> None:
    assert [event.kind for event in worst_of([danger("ab", ttc_min=0.0), danger("ba", "collision")])] == ["collision"]


def test_both_are_drawn_where_they_were_at_the_worst_moment_to_scale() -> None:
    trails = {"a": driving((-20.0, 0.0), (10.0, 0.0), length_m=5.0), "b": driving((0.0, -24.0), (0.0, 8.0), "motorcyclist")}
    picture = encounter_of(danger("ab", worst_s=1.0, ttc_min=1.0), trails, World("m"), lambda at_s: f"{at_s:.1f}")
    assert picture is not None
    assert picture.when == "1.0"
    one, other = (corners(body.outline) for body in picture.bodies)
    a_unit = picture.size / float(picture.bar_text.removesuffix(" m"))
    assert np.ptp(one[:, 0]) == pytest.approx(5.0 * a_unit, abs=0.3), "as long as it was told to be, along x"
    assert np.ptp(other[:, 1]) == pytest.approx(2.05 * a_unit, abs=0.3), "a motorcycle of usual length, along y"
    apart = (other.mean(0) - one.mean(0)) / a_unit
    assert apart == pytest.approx((10.0, 16.0), abs=0.2), "from (-10, 0) to (0, -16): right and down"
    assert 0 <= picture.left <= SIDE
    assert 0 <= picture.top <= SIDE


def test_an_encounter_whose_points_are_gone_has_no_picture() -> None:
    assert encounter_of(danger("ab", ttc_min=1.0), {"a": driving((0, 0), (1, 0))}, World("m"), str) is None
