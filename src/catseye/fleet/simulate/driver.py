"""A model of a driver: what he does wrong and when, and whether a warning ends it. It is a model and no person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from catseye.core.time import NS_PER_S

USUAL_HEADWAY_S, CLOSE_HEADWAY_S = 1.9, 0.45
USUAL_HASTE_RATIO, FAST_HASTE_RATIO = 0.95, 1.35


@dataclass(frozen=True, slots=True)
class Habit:
    """One thing done wrong. `lasts_s`: how long on average, 0: a moment; `weight_ratio`: how often, against the others."""

    name: str
    lasts_s: float
    weight_ratio: float


TAILGATING, SPEEDING = Habit("tailgating", 90, 3), Habit("speeding", 80, 2)
FATIGUE, PHONE, SMOKING, DISTRACTION = Habit("fatigue", 60, 1), Habit("phone", 40, 2), Habit("smoking", 90, 1), Habit("distraction", 12, 2)
LANE_DEPARTURE, BLIND_SPOT = Habit("lane-departure", 0, 3), Habit("blind-spot", 0, 1)
HABITS = (TAILGATING, SPEEDING, FATIGUE, PHONE, SMOKING, DISTRACTION, LANE_DEPARTURE, BLIND_SPOT)


@dataclass(frozen=True, slots=True)
class Temper:
    """How a driver is. `obeys_ratio`: of the warnings that end what they were about, `reaction_s` later on average; the others change nothing."""

    episodes_per_h: float = 6.0
    obeys_ratio: float = 0.7
    reaction_s: float = 2.5
    habits: Sequence[Habit] = HABITS

    @property
    def pause_s(self) -> float:
        """Between two episodes, on average."""
        return 3600 / self.episodes_per_h if self.episodes_per_h > 0 else 1e12


@dataclass(frozen=True, slots=True)
class Episode:
    """A habit from when until when."""

    habit: Habit
    begin_ns: int
    end_ns: int


class Driver:
    """Episodes one after the other, each after a pause, some side by side."""

    def __init__(self, temper: Temper, chance: Random, now_ns: int) -> None:
        """Of this temper; the first episode begins within a pause."""
        self._temper, self._chance = temper, chance
        self._running: list[Episode] = []
        self._next_ns = now_ns + int(chance.uniform(0, temper.pause_s) * NS_PER_S)

    def doing(self, now_ns: int) -> frozenset[str]:
        """Names of the habits at this moment; a moment's one is told once."""
        begun: list[Episode] = []
        while self._next_ns <= now_ns:
            habit = self._chance.choices(self._temper.habits, [each.weight_ratio for each in self._temper.habits])[0]
            lasts_s = self._chance.uniform(0.5, 1.5) * habit.lasts_s
            begun.append(Episode(habit, now_ns, now_ns + int(lasts_s * NS_PER_S)))
            self._next_ns = now_ns + int((lasts_s + self._chance.expovariate(1 / self._temper.pause_s)) * NS_PER_S)
        self._running = [each for each in self._running if each.end_ns > now_ns] + [each for each in begun if each.habit.lasts_s]
        return frozenset(each.habit.name for each in (*self._running, *begun))

    def warned(self, now_ns: int) -> None:
        """A warning was shown and spoken: each running episode may end after a reaction."""
        heeded: list[Episode] = []
        for each in self._running:
            reaction_s = max(0.6, self._chance.gauss(self._temper.reaction_s, self._temper.reaction_s / 4))
            obeys = self._chance.random() < self._temper.obeys_ratio
            heeded.append(replace(each, end_ns=min(each.end_ns, now_ns + int(reaction_s * NS_PER_S))) if obeys else each)
        self._running = heeded
