"""Where dangers gather, and what is surely there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.traffic.hazards import Danger, gather, rank_places


def near_miss(x: float, y: float, ttc_s: float | None = 1.0, pet_s: float | None = None) -> Danger:
    return Danger("near-miss", (x, y), ttc_s, None, pet_s)


def test_the_place_with_most_near_misses_comes_first() -> None:
    dangers = [near_miss(10 + 0.1 * n, 5) for n in range(6)] + [near_miss(50, 50), Danger("red-light", (80.0, 0.0))]
    first, second, third = rank_places(dangers, 2.0, 6.0)
    assert (first.rank, first.conflicts_count, first.hourly[0]) == (1, 6, 3.0)
    assert first.hourly[1] == pytest.approx(2.2 / 2, abs=0.01)
    assert second.conflicts_count == 1
    assert third.violations == {"red-light": 1}


def test_pet_alone_never_ranks() -> None:
    dangers = [near_miss(0, 0, None, 0.5) for _ in range(50)] + [near_miss(100, 0)]
    first, second = rank_places(dangers, 1.0, 6.0)
    assert first.place == (100.0, 0.0)
    assert (second.conflicts_count, second.pet_only_count) == (0, 50)


def test_one_bad_hour_does_not_beat_a_steady_danger() -> None:
    steady = rank_places([near_miss(0, 0)] * 40, 20.0, 6.0)[0]
    once = rank_places([near_miss(0, 0)] * 3, 1.0, 6.0)[0]
    assert once.hourly[0] > steady.hourly[0]
    assert once.hourly[1] < steady.hourly[1]


def test_before_and_after_are_compared_at_the_same_places() -> None:
    (place,) = rank_places([near_miss(0, 0)] * 10, 10.0, 6.0, [near_miss(1, 0)] * 40, 10.0)
    assert place.change is not None
    assert place.change.is_significant
    assert place.change.ratio == pytest.approx(0.25)


@given(points=st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200)), max_size=60), radius=st.floats(1, 30))
def test_every_danger_is_in_one_place_and_places_are_small(points: list[tuple[float, float]], radius: float) -> None:
    place = np.array(points, np.float64).reshape(-1, 2)
    groups = gather(place, radius)
    assert sorted(index for group in groups for index in group) == list(range(len(points)))
    for group in groups:
        away = place[group][:, None] - place[group][None]
        assert np.hypot(away[..., 0], away[..., 1]).max() <= 4 * radius + 1e-6


def test_nothing_watched_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.0 h watched"):
        rank_places([], 0.0, 6.0)
