import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.factories import crossings_at

from catseye.core.event import Event, Measure
from catseye.core.time import Stamp
from catseye.vault.tables import crossing_rows, event_of, event_row

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(0, 2**62)
PAIRS = st.none() | st.tuples(NUMBERS, NUMBERS)


@st.composite
def events(draw: st.DrawFn) -> Event:
    begin, end = sorted((draw(TIMES), draw(TIMES)))
    return Event(
        kind=draw(WORDS),
        camera=draw(WORDS),
        time_ns=begin,
        end_time_ns=end,
        when=draw(st.none() | st.builds(Stamp, TIMES, st.floats(0, 1e6))),
        rule=draw(WORDS),
        subjects=tuple(draw(st.lists(WORDS, max_size=3))),
        road_users=tuple(draw(st.lists(WORDS, max_size=3))),
        measures=tuple(draw(st.lists(st.builds(Measure, WORDS, NUMBERS, WORDS, st.floats(0, 1e9)), max_size=3))),
        px=draw(PAIRS),
        ground_m=draw(PAIRS),
        trusted=draw(st.booleans()),
        evidence=tuple(draw(st.lists(WORDS, max_size=2))),
        lineage=draw(WORDS),
        details=draw(st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | NUMBERS | WORDS, max_size=3)),
    )


@given(events())
def test_an_event_comes_back_equal_with_the_same_id(event: Event) -> None:
    row = event_row("run", event)
    assert event_of(row) == event
    assert event_of(row).id == row["id"]


def test_a_measure_fresh_from_numpy_is_kept_as_a_plain_number() -> None:
    event = Event("near-miss", "cam-1", 0, 0, measures=(Measure("pet", np.float32(1.5), "s", np.float64(0.25)),))
    assert json.loads(event_row("run", event)["body"])["measures"] == [["pet", 1.5, "s", 0.25]]


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        event_row("run", Event("near-miss", "cam-1", 0, 0, px=(math.nan, 0.0)))


def test_an_unknown_speed_is_null_and_not_a_number_that_is_none() -> None:
    assert [row["speed_kmh"] for row in crossing_rows("run", crossings_at(1.0))] == [None]
    assert [row["speed_kmh"] for row in crossing_rows("run", crossings_at(1.0, speed_kmh=41.5))] == [41.5]
