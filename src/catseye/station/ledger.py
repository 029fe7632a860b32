"""What is known of road users who are still in the picture, until it is settled and may be stored.

A point belongs to a track that may yet be joined to another, turn out to be nothing, or change its kind by vote. So points wait
until their track has ended (or for `LONGEST_WAIT_S`), crossings for `CROSSING_WAIT_S` at most; what the vault gets is final.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.columns import places_of
from catseye.core.detections import Tracked
from catseye.core.road_user import ROAD_USERS
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.crossing_speeds import Stood, crossing_speed, shares_its_place
from catseye.station.grounding import Grounded
from catseye.traffic.crossings import Crossings
from catseye.traffic.speed import RIVALS_WINDOW_S
from catseye.vault.batches import CrossingBatch, PointBatch, TrackBatch
from catseye.vision.body_fit import BodyFitter, Looks, hidden_edges

LONGEST_WAIT_S = 60.0
CROSSING_WAIT_S = 10.0
SETTLE_EVERY_S = 2.0
_PAST_S = CROSSING_WAIT_S + SETTLE_EVERY_S + RIVALS_WINDOW_S
TRACKS_A_LIFE_COUNT = 1_000_000_000
_NO_LINE = -1
_GROUND = ("sigma_m", "noise_m", "speed_doubt_ratio", "length_m", "width_m")
_BOX = [("box_px", np.float32, 4), ("hidden", np.bool_, 4), ("moved", np.bool_)]
_POINT = np.dtype(
    [("track", np.int64), ("time_ns", np.int64), ("px", np.float32, 2), ("place_m", np.float64, 2), *((name, np.float64) for name in _GROUND), *_BOX]
)
_CROSSING = np.dtype([("track", np.int64), ("time_ns", np.int64), ("line", np.int64), ("forward", np.bool_)])
_KNOWN = np.dtype(
    [
        *(("kind", np.uint8), ("sure", np.bool_), ("ended", np.bool_), ("into", np.int64), ("begin_ns", np.int64), ("end_ns", np.int64)),
        *(("points_count", np.int64), ("from_line", np.int64), ("to_line", np.int64), ("from_ns", np.int64), ("to_ns", np.int64)),
        *(("from_forward", np.bool_), ("to_forward", np.bool_)),
    ]
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What has become final: each a batch for the vault, possibly empty."""

    points: PointBatch
    tracks: TrackBatch
    crossings: CrossingBatch


class Ledger:
    """Of one camera. What is known has a row for each track still open, in order of their numbers: a car parked for weeks holds no other in memory."""

    def __init__(self, camera: str, lines: Sequence[str], *, life: int = 0, bodies: BodyFitter | None = None) -> None:
        """No road user yet. `life`: how often this camera's process was started again; each life has track numbers of its own.

        `bodies` of a calibrated camera: points come with their place on the ground, and crossings with a speed.
        """
        self._bodies = bodies
        self._camera = camera
        self._base = life * TRACKS_A_LIFE_COUNT
        self._lines = tuple(lines)
        self._number: Ints = np.empty(0, np.int64)
        self._known = np.zeros(0, _KNOWN)
        self._points: list[np.ndarray] = []
        self._past = np.empty(0, _POINT)  # settled ones, for a while: who stood where when somebody crosses who is still open
        self._crossings: list[np.ndarray] = []
        self._settled_ns = 0
        self.road_users_count = 0

    def note(self, tracked: Tracked, sure: Bools, point_px: Floats, grounded: Grounded | None = None) -> None:
        """Take in one look: `sure` (m,) as vetted, `point_px` (m, 2) contact points, `grounded` a row for each that was seen."""
        named = tracked.track
        if len(tracked.joined) or len(tracked.ended):
            named = np.concatenate([named, tracked.joined.ravel(), tracked.ended])
        self._make_room(named)
        row = self._row(tracked.track)
        self._known["kind"][row] = tracked.kind
        self._known["sure"][row] |= sure
        seen = tracked.seen.nonzero()[0]
        points = np.empty(len(seen), _POINT)
        points["track"], points["time_ns"], points["px"] = tracked.track[seen], tracked.time_ns, point_px[seen]
        found_px = (tracked.box_px if tracked.found_px is None else tracked.found_px)[seen]
        points["box_px"] = found_px
        points["hidden"] = False if grounded is None else hidden_edges(found_px)  # only speeds ask, and there are none without the ground
        points["moved"] = False if tracked.moved is None else tracked.moved[seen]
        if grounded is not None:
            points["place_m"] = np.rint(grounded.place_m * 100) / 100  # rules see no finer places than the file
            for name in _GROUND:
                points[name] = np.rint(getattr(grounded, name) * 100) / 100 if name.endswith("_m") else getattr(grounded, name).astype(np.float32)
        if len(points):
            self._points.append(points)
        if len(tracked.joined):
            for (absorbed, survivor), number in zip(self._row(tracked.joined).tolist(), tracked.joined[:, 1].tolist(), strict=True):
                self._known["into"][absorbed] = number
                self._known["sure"][survivor] |= self._known["sure"][absorbed]
        if len(tracked.ended):
            self._known["ended"][self._row(tracked.ended)] = True

    def cross(self, crossings: Crossings) -> None:
        """Take in crossings as they are told."""
        if len(crossings):
            self._make_room(crossings.track)
            rows = np.empty(len(crossings), _CROSSING)
            for name in ("track", "time_ns", "line", "forward"):
                rows[name] = getattr(crossings, name)
            self._crossings.append(rows)

    def is_due(self, now_ns: int) -> bool:
        """Whether it is time to settle."""
        return now_ns - self._settled_ns >= SETTLE_EVERY_S * NS_PER_S

    def settle(self, now_ns: int, start: Stamp | None, is_over: bool = False) -> Settled | None:
        """What has become final since the last time; None when it is not yet time to look."""
        if not (is_over or self.is_due(now_ns)):
            return None
        self._settled_ns = now_ns
        crossings = self._final_crossings(now_ns, is_over)
        crossed = self._crossing_batch(crossings, start)  # while the points around them are still here
        points = self._final_points(now_ns, is_over)
        self._remember(points, now_ns)
        tracks = self._final_tracks(is_over)
        kind = self._known["kind"]
        settled = Settled(self._point_batch(points, kind[self._row(points["track"])]), self._track_batch(tracks), crossed)
        self._forget()
        return settled

    def settled_until_ns(self, now_ns: int) -> int:
        """No point earlier than this will be settled any more: everything before it is in batches already handed out, or dropped."""
        waiting = [int(rows["time_ns"].min()) for rows in self._points if len(rows)]
        return min(waiting, default=now_ns)

    def _row(self, track: Ints) -> Ints:
        return self._number.searchsorted(track)

    def _make_room(self, track: Ints) -> None:
        _, known = places_of(track, self._number)
        if np.count_nonzero(known) == len(known):
            return
        number = np.union1d(self._number, track)
        table = np.zeros(len(number), _KNOWN)
        table["into"] = table["from_line"] = table["to_line"] = _NO_LINE
        table["begin_ns"] = np.iinfo(np.int64).max
        table[np.searchsorted(number, self._number)] = self._known
        self._number, self._known = number, table

    def _home(self, track: Ints) -> Ints:
        """Who a track was found to be: follow the joins to their end."""
        into = self._known["into"]
        while len(track):
            onward = into[self._row(track)]
            moves = onward != _NO_LINE
            if not moves.any():
                break
            track = np.where(moves, onward, track)
        return track

    def _final_crossings(self, now_ns: int, is_over: bool) -> np.ndarray:
        rows = _stacked(self._crossings, _CROSSING)
        if not len(rows):
            return rows
        rows["track"] = self._home(rows["track"])
        final = self._known["ended"][self._row(rows["track"])] | (rows["time_ns"] < now_ns - CROSSING_WAIT_S * NS_PER_S) | is_over
        self._crossings = [rows[~final]]
        rows = rows[final]
        rows = rows[np.lexsort((rows["line"], rows["track"], rows["time_ns"]))]
        for row in rows:  # a few an hour and vehicle: not the hot path
            self._travel(row)
        return rows

    def _travel(self, crossing: np.void) -> None:
        """Remember the first and the last line of the road user."""
        known = self._known[self._row(crossing["track"])]
        if known["from_line"] == _NO_LINE or crossing["time_ns"] < known["from_ns"]:
            known["from_line"], known["from_ns"], known["from_forward"] = crossing["line"], crossing["time_ns"], crossing["forward"]
        if known["to_line"] == _NO_LINE or crossing["time_ns"] >= known["to_ns"]:
            known["to_line"], known["to_ns"], known["to_forward"] = crossing["line"], crossing["time_ns"], crossing["forward"]

    def _final_points(self, now_ns: int, is_over: bool) -> np.ndarray:
        rows = _stacked(self._points, _POINT)
        rows["track"] = self._home(rows["track"])
        known = self._row(rows["track"])
        ended, sure = self._known["ended"][known] | is_over, self._known["sure"][known]
        waited = rows["time_ns"] < now_ns - LONGEST_WAIT_S * NS_PER_S
        final = sure & (ended | waited)
        hopeful = sure | ~waited  # what never becomes sure may not gather for ever
        self._points = [rows[~final & ~ended & hopeful]]
        rows = rows[final]
        track, time_ns = rows["track"], rows["time_ns"]
        order = np.lexsort((time_ns, track))
        track, time_ns = track[order], time_ns[order]
        first = np.ones(len(rows), np.bool_)
        first[1:] = (track[1:] != track[:-1]) | (time_ns[1:] != time_ns[:-1])  # two halves of a joined track may share a look
        rows = rows[order[first]]
        at = self._row(rows["track"])
        np.minimum.at(self._known["begin_ns"], at, rows["time_ns"])
        np.maximum.at(self._known["end_ns"], at, rows["time_ns"])
        np.add.at(self._known["points_count"], at, 1)
        return rows

    def _remember(self, points: np.ndarray, now_ns: int) -> None:
        """Keep the network's looks of a calibrated camera for as long as a crossing near them may be told."""
        if self._bodies:
            past = _stacked([self._past, points[~points["moved"] & np.isfinite(points["place_m"]).all(1)]], _POINT)
            self._past = past[past["time_ns"] > now_ns - round(_PAST_S * NS_PER_S)]

    def _final_tracks(self, is_over: bool) -> Ints:
        """Numbers of the tracks that end now and were road users, ascending."""
        known = self._known
        final = (known["points_count"] > 0) & known["sure"] & (known["ended"] | is_over) & (known["into"] == _NO_LINE)
        track: Ints = self._number[final]
        return track

    def _track_batch(self, track: Ints) -> TrackBatch:
        known = self._known[self._row(track)]
        self.road_users_count += len(track)
        trip = (known["from_line"] != known["to_line"]) | (known["from_forward"] != known["to_forward"])
        begin = tuple(self._lines[line] if line != _NO_LINE else None for line in known["from_line"].tolist())
        end = tuple(self._lines[line] if line != _NO_LINE and whole else None for line, whole in zip(known["to_line"].tolist(), trip.tolist(), strict=True))
        times = (known["begin_ns"].copy(), known["end_ns"].copy(), known["points_count"].copy())
        return TrackBatch(self._camera, track + self._base, _codes(known["kind"]), *times, from_line=begin, to_line=end)

    def _point_batch(self, points: np.ndarray, kind: Codes) -> PointBatch:
        ground = {name: points[name].copy() for name in _GROUND} | {"ground_m": points["place_m"].copy()} if self._bodies else {}
        return PointBatch(self._camera, points["track"] + self._base, kind, points["time_ns"], points["px"], **ground)

    def _speeds(self, crossings: np.ndarray, bodies: BodyFitter) -> tuple[Doubles, Doubles]:
        """Speed over ground at each crossing and its doubt, km/h, from the road user's boxes around it; NaN where they do not tell."""
        speed = np.full((2, len(crossings)), np.nan)
        if not len(crossings):
            return speed[0], speed[1]
        points = _stacked(self._points, _POINT)
        points["track"] = home = self._home(points["track"])
        there = points[~points["moved"] & np.isfinite(points["place_m"]).all(1)]
        there = _stacked([self._past, there], _POINT)
        kind = self._known["kind"][self._row(crossings["track"])]
        for index, crossing in enumerate(crossings):  # a few an hour and vehicle: not the hot path
            mine = points[home == crossing["track"]]
            mine = mine[np.unique(mine["time_ns"], return_index=True)[1]]
            if _has_a_twin(there, crossing):
                continue
            looks = Looks(mine["time_ns"], mine["box_px"].astype(np.float64), mine["hidden"], mine["moved"], mine["place_m"])
            known = crossing_speed(bodies, looks, ROAD_USERS[kind[index]], int(crossing["time_ns"]))
            if known is not None:
                speed[:, index] = known.kmh, known.doubt_kmh
        return speed[0], speed[1]

    def _crossing_batch(self, rows: np.ndarray, start: Stamp | None) -> CrossingBatch:
        speed_kmh, doubt_kmh = self._speeds(rows, self._bodies) if self._bodies else (None, None)
        return CrossingBatch(
            self._camera,
            rows["time_ns"].copy(),
            tuple(self._lines[line] for line in rows["line"].tolist()),
            tuple("forward" if forward else "backward" for forward in rows["forward"].tolist()),
            rows["track"] + self._base,
            _codes(self._known["kind"][self._row(rows["track"])]),
            utc_ns=rows["time_ns"] + start.utc_ns if start else None,
            speed_kmh=speed_kmh,
            speed_doubt_kmh=doubt_kmh,
        )

    def _forget(self) -> None:
        """Drop what is over: an ended track has given all its rows, an absorbed one gave them to its survivor."""
        still_open = ~self._known["ended"] & (self._known["into"] == _NO_LINE)
        self._number, self._known = self._number[still_open], self._known[still_open]


def _has_a_twin(there: np.ndarray, crossing: np.void) -> bool:
    """Whether somebody else was seen in the same place about a crossing, of all points that have one."""
    there = there[np.abs(there["time_ns"] - crossing["time_ns"]) <= round(RIVALS_WINDOW_S * NS_PER_S)]
    is_mine = there["track"] == crossing["track"]
    mine = there[is_mine]
    return shares_its_place(_stood(mine[np.unique(mine["time_ns"], return_index=True)[1]]), _stood(there[~is_mine]))


def _stood(points: np.ndarray) -> Stood:
    return Stood(points["track"], points["time_ns"], points["place_m"], points["length_m"], points["width_m"])


def _stacked(parts: Sequence[np.ndarray], kind: np.dtype) -> np.ndarray:
    """One table of all parts; many times faster than numpy's concatenate, which compares the fields by name each time."""
    table = np.empty(sum(map(len, parts)), kind)
    begin = 0
    for part in parts:
        table[begin : begin + len(part)] = part
        begin += len(part)
    return table


def _codes(column: np.ndarray) -> Codes:
    return np.asarray(column, np.uint8).copy()
