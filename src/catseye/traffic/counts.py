"""How sure a count of rare events is: exact Poisson intervals, and whether two rates differ by more than chance.

Garwood 1936 (interval of a Poisson mean); Przyborowski & Wilenski 1940 (two Poisson means by the binomial, given their sum);
Clopper & Pearson 1934 (interval of a binomial share).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

_STEPS = 200


def poisson_interval(count: int, level_ratio: float = 0.95) -> tuple[float, float]:
    """The exact interval (least, most) of the mean behind a count.

    >>> [round(bound, 2) for bound in poisson_interval(10)]
    [4.8, 18.39]
    >>> poisson_interval(0)[0]
    0.0
    """
    tail = (1 - level_ratio) / 2
    reach = count + 10 * math.sqrt(count + 1) + 20
    least = 0.0 if count == 0 else _where(lambda mean: 1 - _poisson_cdf(count - 1, mean) - tail, 0.0, reach)
    return least, _where(lambda mean: tail - _poisson_cdf(count, mean), 0.0, reach)


@dataclass(frozen=True, slots=True)
class Change:
    """How a rate changed from before to after: `ratio` after / before with its interval, and the chance of so large a change if nothing had changed."""

    before_count: int
    after_count: int
    ratio: float
    least_ratio: float
    most_ratio: float
    chance_ratio: float

    @property
    def is_significant(self) -> bool:
        """Whether chance explains it less than one time in twenty."""
        return self.chance_ratio < 0.05


def change_of_rate(before_count: int, before_exposure: float, after_count: int, after_exposure: float, level_ratio: float = 0.95) -> Change:
    """Compare two counts over their exposures (hours, or road users, both > 0); ValueError when there was no exposure.

    >>> change = change_of_rate(40, 10.0, 20, 10.0)
    >>> round(change.ratio, 2), round(change.chance_ratio, 3), change.is_significant
    (0.5, 0.013, True)
    """
    if not (before_exposure > 0 and after_exposure > 0):
        raise ValueError(f"exposures {before_exposure} and {after_exposure}; wanted both above 0")
    total, share = before_count + after_count, after_exposure / (before_exposure + after_exposure)
    ratio = math.nan if total == 0 else math.inf if before_count == 0 else after_count / after_exposure * before_exposure / before_count
    least, most = (0.0, 1.0) if total == 0 else _clopper_pearson(after_count, total, level_ratio)
    odds = before_exposure / after_exposure
    return Change(
        before_count,
        after_count,
        ratio,
        odds * least / (1 - least) if least < 1 else math.inf,
        odds * most / (1 - most) if most < 1 else math.inf,
        1.0 if total == 0 else min(1.0, 2 * min(_binomial_cdf(after_count, total, share), 1 - _binomial_cdf(after_count - 1, total, share))),
    )


def _clopper_pearson(count: int, total: int, level_ratio: float) -> tuple[float, float]:
    tail = (1 - level_ratio) / 2
    least = 0.0 if count == 0 else _where(lambda share: 1 - _binomial_cdf(count - 1, total, share) - tail, 0.0, 1.0)
    most = 1.0 if count == total else _where(lambda share: tail - _binomial_cdf(count, total, share), 0.0, 1.0)
    return least, most


def _where(rises: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is zero, by halving."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if rises(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _poisson_cdf(count: int, mean: float) -> float:
    if count < 0:
        return 0.0
    if mean == 0:
        return 1.0
    logs = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1)]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _binomial_cdf(count: int, total: int, share: float) -> float:
    if count < 0:
        return 0.0
    if count >= total or share == 0:
        return 1.0
    if share == 1:
        return 0.0
    whole = math.lgamma(total + 1)
    terms = (
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * math.log(share) + (total - k) * math.log1p(-share)) for k in range(count + 1)
    )
    return min(1.0, math.fsum(terms))
