"""What is written as TOML is read back as it was, by the standard library."""

import math
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.station.evidence.toml_text import toml_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=7)), timezone(-timedelta(hours=3, minutes=30))])
PLAIN = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=ZONES),  # noqa: DTZ001 - a bound has no zone, what is made between has
    st.dates(date(1970, 1, 1), date(2200, 1, 1)),
)
VALUES = st.recursive(PLAIN, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3), max_leaves=6)
TABLES = st.recursive(
    st.dictionaries(TEXT, VALUES, max_size=3),
    lambda below: st.dictionaries(TEXT, below | st.lists(below, min_size=1, max_size=3), max_size=3),
    max_leaves=6,
)


@given(TABLES)
def test_what_was_written_is_read_back(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(document)) == document


def test_tuples_are_lists_and_numbers_of_numpy_are_numbers() -> None:
    text = toml_text({"camera": [{"px": ((1, 2.5), (np.float64(0.1), np.float64(3.0)))}]})
    assert tomllib.loads(text) == {"camera": [{"px": [[1, 2.5], [0.1, 3.0]]}]}
    assert math.isnan(tomllib.loads(toml_text({"x": math.nan}))["x"])


def test_what_toml_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType in TOML; wanted text, numbers"):
        toml_text({"site": {"id": None}})
