"""Which road user is in which zone: every point against every zone at once, once a scene."""

from collections.abc import Sequence
from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np

from catseye.core.arrays import Bools, Doubles
from catseye.core.rule import World, WorldZone
from catseye.core.scene import Scene


class Zones:
    """Some zones of a world, as one table of edges."""

    def __init__(self, zones: Sequence[WorldZone]) -> None:
        """No zone at all is fine."""
        rings = [np.asarray(zone.corners, np.float64) for zone in zones]
        begin = np.concatenate([np.empty((0, 2)), *rings])
        end = np.concatenate([np.empty((0, 2)), *(np.roll(ring, -1, 0) for ring in rings)])
        self._x1, self._y1, self._y2 = begin[:, 0], begin[:, 1], end[:, 1]
        rise = end[:, 1] - begin[:, 1]
        self._slope = np.divide(end[:, 0] - begin[:, 0], rise, out=np.zeros(len(rise)), where=rise != 0)
        self._first = np.cumsum([0, *(len(ring) for ring in rings)])[:-1]
        self.heading: Doubles = np.array([zone.heading if zone.heading is not None else (np.nan, np.nan) for zone in zones], np.float64).reshape(-1, 2)

    def __len__(self) -> int:
        """How many zones."""
        return len(self._first)

    def inside(self, place: Doubles) -> Bools:
        """(m, zones): points (m, 2) inside each zone, by the even-odd rule; a point without a place is nowhere."""
        if not len(self._first) or not len(place):
            return np.zeros((len(place), len(self._first)), np.bool_)
        x, y = place[:, :1], place[:, 1:]
        spans = (self._y1 > y) != (self._y2 > y)
        hits = spans & (x < self._x1 + (y - self._y1) * self._slope)
        return np.asarray(np.add.reduceat(hits, self._first, axis=1, dtype=np.int64) % 2 == 1, np.bool_)


class WorldZones:
    """All zones of a world. Rules of one world share it, so a scene's places are looked up once, however many rules ask."""

    _known: ClassVar[WeakKeyDictionary[World, "WorldZones"]] = WeakKeyDictionary()

    def __init__(self, world: World) -> None:
        """Use `of`."""
        self._zones = Zones(world.zones)
        self._seen: Scene | None = None
        self._inside: Bools = np.zeros((0, 0), np.bool_)

    @classmethod
    def of(cls, world: World) -> "WorldZones":
        """The one of this world."""
        if world not in cls._known:
            cls._known[world] = cls(world)
        return cls._known[world]

    def inside(self, scene: Scene) -> Bools:
        """(m, zones of the world): whose place is in which zone."""
        if self._seen is not scene:
            self._seen, self._inside = scene, self._zones.inside(scene.place)
        return self._inside
