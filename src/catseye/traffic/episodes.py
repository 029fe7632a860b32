"""From a condition that holds or not at each moment to occurrences: when each began, how long it lasted, and its worst moment.

The one mechanism under the rules: a rule says for which road users its condition holds now, and with what value; `Episodes` joins the moments
of one road user into one occurrence, bridges short gaps, drops what was too short, and tells each occurrence once, when it is over.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import places_of, stacked
from catseye.core.finding import Finding
from catseye.core.scene import Passages, Scene
from catseye.core.time import NS_PER_S

_OPEN = np.dtype(
    [
        ("track", np.int64),
        ("kind", np.uint8),
        ("begin_ns", np.int64),
        ("last_ns", np.int64),
        ("peak", np.float64),
        ("peak_sigma", np.float64),
        ("peak_ns", np.int64),
        ("place", np.float64, (2,)),
        ("label", np.int64),
        ("trusted", np.bool_),
    ]
)
_NONE_OPEN = np.empty(0, _OPEN)


@dataclass(frozen=True, slots=True)
class Episode:
    """One occurrence of one road user. `peak` is the largest value of all its moments, with its own sigma; `place` and `label` are of its beginning."""

    track: int
    kind: int
    label: int
    begin_ns: int
    end_ns: int
    peak: float
    peak_sigma: float
    peak_ns: int
    place: tuple[float, float]
    trusted: bool

    @property
    def lasted_s(self) -> float:
        """From the first to the last moment it held."""
        return (self.end_ns - self.begin_ns) / NS_PER_S


class Episodes:
    """Open occurrences, at most one a road user; one row each, tracks ascending."""

    def __init__(self, least_s: float = 0.0, gap_s: float = 1.0) -> None:
        """`least_s`: shorter ones are dropped. `gap_s`: the condition may fail so long without ending the occurrence (inf: it ends with the track)."""
        self._least_ns, self._gap_ns = least_s * NS_PER_S, gap_s * NS_PER_S
        self._open: NDArray[np.void] = _NONE_OPEN

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def open_tracks(self) -> Ints:
        """Tracks with an open occurrence, ascending."""
        return np.asarray(self._open["track"], np.int64)

    def update(self, scene: Scene, rows: Ints, value: Doubles, sigma: Doubles, label: Ints | None = None) -> list[Episode]:
        """The condition holds for these rows (k,) ascending of the scene, with these values, sigmas and labels (k,); what is over by now."""
        if len(rows):
            self._hold(scene, rows, value, sigma, np.zeros(len(rows), np.int64) if label is None else label)
        if not len(self._open):
            return []
        return self._close(scene.time_ns - self._open["last_ns"] > self._gap_ns)

    def end(self, track: Ints) -> list[Episode]:
        """Occurrences of tracks that will not come back."""
        return self._close(places_of(self._open["track"], track)[1]) if len(self._open) else []

    def finish(self) -> list[Episode]:
        """Close all: nothing more comes."""
        return self._close(np.ones(len(self._open), np.bool_))

    def _hold(self, scene: Scene, rows: Ints, value: Doubles, sigma: Doubles, label: Ints) -> None:
        track = scene.track[rows]
        place, there = places_of(track, self._open["track"])
        if np.count_nonzero(there) < len(there):
            self._begin(scene, rows[~there], label[~there])
            place = self._open["track"].searchsorted(track)
        held = self._open
        held["last_ns"][place], held["kind"][place] = scene.time_ns, scene.kind[rows]
        if not scene.trusted:
            held["trusted"][place] = False
        higher = value > held["peak"][place]
        if np.count_nonzero(higher):
            place = place[higher]
            held["peak"][place], held["peak_sigma"][place], held["peak_ns"][place] = value[higher], sigma[higher], scene.time_ns

    def _begin(self, scene: Scene, rows: Ints, label: Ints) -> None:
        fresh = np.zeros(len(rows), _OPEN)
        fresh["track"], fresh["kind"], fresh["begin_ns"] = scene.track[rows], scene.kind[rows], scene.time_ns
        fresh["peak"], fresh["place"], fresh["label"], fresh["trusted"] = -np.inf, scene.place[rows], label, True
        both = stacked(self._open, fresh)
        self._open = both[np.argsort(both["track"], kind="stable")]

    def _close(self, which: NDArray[np.bool_]) -> list[Episode]:
        if not np.count_nonzero(which):
            return []
        over = self._open[which]
        self._open = self._open[~which]
        return [_episode(row) for row in over[over["last_ns"] - over["begin_ns"] >= self._least_ns]]


def _episode(row: np.void) -> Episode:
    return Episode(
        int(row["track"]),
        int(row["kind"]),
        int(row["label"]),
        int(row["begin_ns"]),
        int(row["last_ns"]),
        float(row["peak"]),
        float(row["peak_sigma"]),
        int(row["peak_ns"]),
        (float(row["place"][0]), float(row["place"][1])),
        bool(row["trusted"]),
    )


def in_time(episodes: Sequence[Episode]) -> list[Episode]:
    """Ordered by when they began, then by track: the order events are told in."""
    return sorted(episodes, key=lambda episode: (episode.begin_ns, episode.track))


@dataclass(frozen=True, slots=True)
class Held:
    """For which rows (k,) of a scene a condition holds now, ascending, with values, their sigmas, and what the rule wants to remember of the beginning."""

    row: Ints
    value: Doubles
    sigma: Doubles
    label: Ints | None = None

    @classmethod
    def nobody(cls) -> "Held":
        """It holds for nobody."""
        return _NOBODY


_NOBODY = Held(np.empty(0, np.int64), np.empty(0), np.empty(0))


class EpisodeRule(ABC):
    """A rule whose findings are occurrences of a condition of single road users: say when it holds, and what a finding of it is."""

    def __init__(self, least_s: float, gap_s: float = 1.0) -> None:
        """See `Episodes`."""
        self._episodes = Episodes(least_s, gap_s)

    @abstractmethod
    def holds(self, scene: Scene, passages: Passages) -> Held:
        """For whom the condition holds at this moment."""

    @abstractmethod
    def finding(self, episode: Episode) -> Finding:
        """What to say of an occurrence that is over."""

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        held = self.holds(scene, passages)
        return self._told(self._episodes.update(scene, held.row, held.value, held.sigma, held.label))

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        del time_ns
        return self._told(self._episodes.end(track))

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        return self._told(self._episodes.finish())

    def _told(self, episodes: Sequence[Episode]) -> Sequence[Finding]:
        return [self.finding(episode) for episode in in_time(episodes)] if episodes else ()
