"""One vehicle behind another: speed, headway, stops. A step of a known length gives the next state; chance comes from the vehicle's own seed."""

import math
from dataclasses import dataclass
from random import Random

from catseye.core.geo import GeoPoint
from catseye.fleet.simulate.roads import Place, Roads

NO_LEADER_S = 25.5  # the longest headway that 0x64 can say
_ACCELERATION_MS2, _BRAKING_MS2, _HARDEST_MS2 = 1.1, 2.0, 7.0
_STANDSTILL_M = 2.0
_LEADER_GONE_M = 130.0
_STOP_RATIO = 0.2  # of the junctions have a red light
_SUDDEN_RATIO = 0.002  # of the seconds a leader brakes hard


@dataclass(frozen=True, slots=True)
class Moment:
    """What the sensors of a vehicle say."""

    point: GeoPoint
    heading_deg: float
    limit_kmh: float
    speed_kmh: float
    acceleration_ms2: float
    leader_kmh: float
    gap_m: float
    mileage_m: float

    @property
    def headway_s(self) -> float:
        """Time to the place where the leader is now; long while standing."""
        return min(NO_LEADER_S, self.gap_m / (self.speed_kmh / 3.6)) if self.speed_kmh > 1 else NO_LEADER_S

    @property
    def collision_s(self) -> float:
        """Time until the gap is gone, were both to keep their speed; infinite while it opens."""
        closing = (self.speed_kmh - self.leader_kmh) / 3.6
        return self.gap_m / closing if closing > 0.1 else math.inf


class Vehicle:
    """A vehicle and the one before it. The follower keeps the headway it wants by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000)."""

    def __init__(self, roads: Roads, chance: Random) -> None:
        """Somewhere on these roads, already on its way."""
        self._roads, self._chance = roads, chance
        self._place: Place = roads.somewhere(chance)
        self._speed = self._leader = self._place.road.limit_kmh / 3.6 * chance.uniform(0.5, 0.9)  # metres a second
        self._gap_m = chance.uniform(25, 60)
        self._mood = chance.uniform(0.85, 1.0)
        self._leader_waits_s = 0.0
        self._acceleration_ms2 = 0.0
        self._mileage_m = chance.uniform(1e6, 2e8)

    def step(self, span_s: float, *, headway_s: float, haste_ratio: float) -> Moment:
        """On by a step of at most a second. `haste_ratio`: of the limit that the driver would like to go."""
        limit = self._place.road.limit_kmh / 3.6
        self._lead(span_s, limit * max(1.0, haste_ratio))  # who hurries found a fast one to follow
        speed = self._speed
        wanted_m = _STANDSTILL_M + max(0.0, speed * headway_s + speed * (speed - self._leader) / (2 * math.sqrt(_ACCELERATION_MS2 * _BRAKING_MS2)))
        pull = _ACCELERATION_MS2 * (1 - (speed / (limit * haste_ratio)) ** 4 - (wanted_m / max(0.5, self._gap_m)) ** 2)
        self._acceleration_ms2 = max(-_HARDEST_MS2, pull)
        self._speed = max(0.0, speed + self._acceleration_ms2 * span_s)
        moved_m = (speed + self._speed) / 2 * span_s
        self._gap_m = max(0.5, self._gap_m + self._leader * span_s - moved_m)
        before = self._place
        self._place = self._roads.onward(before, moved_m, self._chance)
        self._mileage_m += moved_m
        if self._place.road is not before.road and self._chance.random() < _STOP_RATIO:
            self._leader_waits_s = self._chance.uniform(5, 25)
        return self.now()

    def _lead(self, span_s: float, limit: float) -> None:
        chance = self._chance
        if self._gap_m > _LEADER_GONE_M:  # it turned off; another one is before us now
            self._gap_m, self._leader = chance.uniform(40, 70), limit * chance.uniform(0.7, 0.95)
            self._mood = chance.uniform(0.8, 1.0)
        if self._leader_waits_s > 0:
            self._leader_waits_s -= span_s
            self._leader = max(0.0, self._leader - 1.8 * span_s)
        elif chance.random() < _SUDDEN_RATIO * span_s:
            self._leader = max(0.0, self._leader - 4.0)
        else:
            pace = limit * self._mood * 0.92
            self._leader += max(-1.0, min(0.9, (pace - self._leader) / 4 + chance.gauss(0, 0.15))) * span_s

    def now(self) -> Moment:
        """As its sensors would say."""
        road = self._place.road
        kmh = self._speed * 3.6, self._leader * 3.6
        place = self._roads.point(self._place)
        return Moment(place, road.heading_deg, road.limit_kmh, kmh[0], self._acceleration_ms2, kmh[1], self._gap_m, self._mileage_m)
