"""Who stands, and since when: by the place that was kept, not by a speed, which is all doubt when a vehicle stands."""

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import places_of, stacked, zero_if_unknown
from catseye.core.scene import Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.doubt import SURE_SIGMAS

_STOOD = np.dtype([("track", np.int64), ("since_ns", np.int64), ("anchor", np.float64, (2,))])
LEAST_ROOM_M, LEAST_ROOM_PX = 0.7, 6.0
ROOM_RATIO = 0.12  # of its own length: a queue that creeps up by a metre moves


class Standing:
    """Anchors every track where it is; who leaves the room around the anchor gets a new one. One row a track, ascending."""

    def __init__(self, *, on_ground: bool) -> None:
        """`on_ground`: metres, else pixels."""
        self._least = LEAST_ROOM_M if on_ground else LEAST_ROOM_PX
        self._stood: NDArray[np.void] = np.empty(0, _STOOD)

    def update(self, scene: Scene) -> Doubles:
        """How long each row (m,) of the scene has stood, in seconds."""
        place, there = places_of(scene.track, self._stood["track"])
        if np.count_nonzero(there) < len(there):
            self._begin(scene, (~there).nonzero()[0])
            place = self._stood["track"].searchsorted(scene.track)
        since_ns, anchor = self._stood["since_ns"], self._stood["anchor"]
        room = np.maximum(self._least, ROOM_RATIO * zero_if_unknown(scene.length)) + SURE_SIGMAS * zero_if_unknown(scene.place_sigma)
        away = scene.place - anchor[place]
        left = np.hypot(away[:, 0], away[:, 1]) > room
        if np.count_nonzero(left):
            gone = place[left]
            anchor[gone], since_ns[gone] = scene.place[left], scene.time_ns
        return np.asarray((scene.time_ns - since_ns[place]) / NS_PER_S, np.float64)

    def end(self, track: Ints) -> None:
        """Forget tracks that will not come back."""
        self._stood = self._stood[~places_of(self._stood["track"], track)[1]]

    def _begin(self, scene: Scene, rows: Ints) -> None:
        fresh = np.zeros(len(rows), _STOOD)
        fresh["track"], fresh["since_ns"], fresh["anchor"] = scene.track[rows], scene.time_ns, scene.place[rows]
        both = stacked(self._stood, fresh)
        self._stood = both[np.argsort(both["track"], kind="stable")]
