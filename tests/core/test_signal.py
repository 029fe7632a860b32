"""Signals: what a light showed when."""

import numpy as np
import pytest

from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN, Signal


def signal(end_ns: int | None = None) -> Signal:
    return Signal("near", np.array([10, 20, 30, 40]), np.array([LAMP_GREEN, LAMP_AMBER, LAMP_RED, LAMP_RED], np.uint8), end_ns)


def test_the_state_is_the_latest_at_or_before_the_moment() -> None:
    assert signal().at(np.array([10, 19, 20, 99])).tolist() == [LAMP_GREEN, LAMP_GREEN, LAMP_AMBER, LAMP_RED]


def test_before_the_first_and_after_the_end_it_is_unknown() -> None:
    assert signal(end_ns=50).at(np.array([9, 50, 51])).tolist() == [LAMP_UNKNOWN, LAMP_RED, LAMP_UNKNOWN]


def test_a_state_said_again_is_no_change() -> None:
    assert [signal().last_change_ns(when) for when in (9, 12, 45)] == [None, 10, 30]


def test_times_that_run_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="signal near: 2 times, 2 states"):
        Signal("near", np.array([2, 1]), np.zeros(2, np.uint8))
