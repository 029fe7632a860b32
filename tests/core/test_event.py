"""Events and measures: what happened, told the same way each time."""

import math
from dataclasses import replace

import pytest

from catseye.core.event import Event, Measure
from catseye.core.time import Stamp

EVENT = Event("source-gap", "cam-1", 5, 9, Stamp(7), subjects=("1", "2"), details={"detail": "x"})


def test_the_same_happening_has_the_same_id() -> None:
    assert EVENT.id == replace(EVENT).id
    assert len(EVENT.id) == 32


@pytest.mark.parametrize(
    "change",
    [{"kind": "y"}, {"camera": "c"}, {"time_ns": 4}, {"when": None}, {"when": Stamp(8)}, {"rule": "r"}, {"subjects": ("2", "1")}, {"lineage": "l"}],
)  # fmt: skip
def test_another_happening_has_another_id(change: dict[str, object]) -> None:
    assert replace(EVENT, **change).id != EVENT.id


@pytest.mark.parametrize("change", [{"end_time_ns": 12}, {"trusted": False}, {"evidence": ("a",)}, {"px": (1.0, 2.0)}, {"rule": "source-gap"}])
def test_what_is_learnt_later_changes_no_id(change: dict[str, object]) -> None:
    assert replace(EVENT, **change).id == EVENT.id


def test_nothing_ends_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends 4 ns before it begins"):
        Event("k", "c", 5, 4)


@pytest.mark.parametrize(("value", "doubt"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, -0.1), (1.0, math.nan)])
def test_a_measure_is_a_number_with_a_doubt(value: float, doubt: float) -> None:
    with pytest.raises(ValueError, match="measure speed"):
        Measure("speed", value, "km/h", doubt)
