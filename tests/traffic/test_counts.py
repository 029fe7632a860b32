"""Intervals and comparisons of counts, against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from catseye.traffic.counts import change_of_rate, poisson_interval


@given(count=st.integers(0, 400))
def test_the_interval_of_a_count_is_garwoods(count: int) -> None:
    least, most = poisson_interval(count)
    assert least == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, abs=1e-6)
    assert most == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2, abs=1e-6)


@given(before=st.integers(0, 120), after=st.integers(0, 120), exposures=st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)))
def test_two_rates_are_compared_by_the_binomial(before: int, after: int, exposures: tuple[float, float]) -> None:
    change = change_of_rate(before, exposures[0], after, exposures[1])
    share, total = exposures[1] / sum(exposures), before + after
    assert change.chance_ratio == pytest.approx(min(1.0, 2 * min(stats.binom.cdf(after, total, share), stats.binom.sf(after - 1, total, share))), abs=1e-9)
    if before and after:
        assert change.least_ratio < change.ratio < change.most_ratio


def test_the_same_rate_is_rarely_called_a_change() -> None:
    rng = np.random.default_rng(5)
    drawn = rng.poisson(30, (400, 2))
    wrong = sum(change_of_rate(int(before), 1.0, int(after), 1.0).is_significant for before, after in drawn)
    assert wrong <= 0.05 * 400 + 9


def test_nothing_at_all_is_no_change() -> None:
    assert not change_of_rate(0, 10.0, 0, 10.0).is_significant


def test_no_exposure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"exposures 0\.0 and 1\.0"):
        change_of_rate(1, 0.0, 1, 1.0)
