"""The engine under `crossings`: sides with hysteresis for every track and line at once, in whatever plane and unit the lines lie.

State is dense, one row a live track in id order, one column a line; a look works on all of it in place, which for dozens of tracks is cheaper than
taking the rows that were seen out and putting them back. Passages are rare: they wait in a small table until their track is sure, and stay in it, told,
until the track ends, so that a later join can see who was counted already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Doubles, Floats, Ints
from catseye.core.columns import places_of, stacked
from catseye.core.time import NS_PER_S

_NEVER = np.iinfo(np.int64).min
# Tables are aligned: on fields that are not, numpy buffers every step.
_LEFT, _RIGHT = np.int8(-1), np.int8(1)
_ZERO = np.dtype([("time_ns", np.int64), ("place", np.float64, (2,))], align=True)  # where the distance to a line was last zero
_ONE = np.dtype(
    [("first_ns", np.int64), ("first", np.float64, (2,)), ("last_ns", np.int64), ("last", np.float64, (2,)), ("size", np.float64), ("sure", np.bool_)],
    align=True,
)
_PAIR = np.dtype(  # a track and a line; sides: -1 left hand, +1 right hand, 0 none yet; `counted` is the side the last count led to
    [
        ("across", np.float64),
        ("side", np.int8),
        ("counted", np.int8),
        ("zero", _ZERO),
        ("clear_ns", np.int64),
        ("clear", np.float64),
        ("first_side", np.int8),
        ("first_zero", _ZERO),
        ("first_far", np.bool_),
    ],
    align=True,
)
_PASSAGE = np.dtype([("track", np.int64), ("line", np.int64), ("forward", np.bool_), ("told", np.bool_), ("zero", _ZERO)], align=True)
_Table = NDArray[np.void]


_C = TypeVar("_C")


@dataclass(frozen=True, slots=True)
class CrossingSettings:
    """How far from a line is clear of it. Ratios are shares of the track's own size; `_px` and `_m` are the least on the picture and the ground.

    `return_*` is the margin for coming back over a line already counted. `beyond_end_ratio`: how far past the segment's end still counts.
    `carry_on_s`: a track that ends just over the line counts if its approach speed would have cleared the margin within this time; 0 counts none of them.
    """

    margin_ratio: float = 0.1
    margin_px: float = 3.0
    margin_m: float = 0.2
    return_ratio: float = 0.5
    return_px: float = 12.0
    return_m: float = 1.0
    beyond_end_ratio: float = 0.1
    carry_on_s: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is negative, and a way back shorter than the way there."""
        pairs = ((self.margin_ratio, self.return_ratio), (self.margin_px, self.return_px), (self.margin_m, self.return_m))
        if any(not 0 <= there <= back for there, back in pairs) or not (self.beyond_end_ratio >= 0 and self.carry_on_s >= 0):
            raise ValueError(f"{self}: wanted 0 <= margin <= return, and nothing negative")


class PlaneCounter(Generic[_C]):
    """Counts passages over directed lines; `made` wraps the columns time, track, line, forward, place into the answer."""

    def __init__(
        self,
        ends: Sequence[Doubles],
        right_hands: Sequence[Doubles],
        least: tuple[float, float],
        settings: CrossingSettings,
        made: Callable[[Ints, Ints, Ints, Bools, Doubles], _C],
    ) -> None:
        """`right_hands`: unit vectors to forward; `least`: margin and return margin below which none falls."""
        corners = np.array(ends, np.float64).reshape(-1, 2, 2)
        along = corners[:, 1] - corners[:, 0]
        self._begin = corners[:, 0]
        self._length = np.hypot(along[:, 0], along[:, 1])
        self._along = along / self._length[:, None]
        self._right = np.array(right_hands, np.float64).reshape(-1, 2)
        self._offset = (self._begin * self._right).sum(1)
        self._least = np.array(least)
        self._ratios = np.array([settings.margin_ratio, settings.return_ratio])
        self._settings = settings
        self._made = made
        self._track: Ints = np.empty(0, np.int64)
        self._one: _Table = np.empty(0, _ONE)
        self._pair: _Table = np.empty((0, len(corners)), _PAIR)
        self._passages: _Table = np.empty(0, _PASSAGE)
        self._nothing = self._told(self._passages)

    def _move(self, time_ns: int, track: Ints, point: Floats | Doubles, size: Floats | Doubles, sure: Bools) -> _C:
        """Move tracks to their points (m, 2); sizes (m,) in the same unit. Rows without a finite point are passed over."""
        if not len(track):
            return self._tell()
        at = np.asarray(point, np.float64)
        finite = np.isfinite(at)
        if np.count_nonzero(finite) < finite.size:
            whole = finite.all(1)
            return self._move(time_ns, track[whole], at[whole], size[whole], sure[whole])
        rows = self._rows(time_ns, track, at)
        one, pair = self._one, self._pair
        before = pair["across"]
        across = before.copy()
        across[rows] = self._across(at)
        is_right = across >= 0
        flips = is_right != (before >= 0)
        if np.count_nonzero(flips):
            seen = np.empty(len(one), np.intp)
            seen[rows] = np.arange(len(rows))
            i, j = flips.nonzero()
            pair["zero"][i, j] = _zero_between((one["last_ns"][i], one["last"][i], before[i, j]), (time_ns, at[seen[i]], across[i, j]))
        one["last_ns"][rows], one["last"][rows], one["size"][rows] = time_ns, at, np.fmax(size, 0.0)
        one["sure"][rows] |= sure
        before[...] = across
        is_seen = np.zeros((len(one), 1), np.bool_)
        is_seen[rows] = True
        self._take_sides(time_ns, is_seen, across, is_right)
        return self._tell()

    def join(self, absorbed: Ints, survivor: Ints) -> _C:
        """Two tracks found to be one road user: call before `update` of the same frame. What either counted is counted once.

        Where the one ended clearly on one side and the other began clearly on the other, the crossing in between is found here.
        What both had already told stays told; nothing is told twice from here on.
        """
        home = dict(zip(absorbed.tolist(), survivor.tolist(), strict=True))
        for gone, stays in home.items():
            self._join(gone, _last_home(home, stays))
        return self._tell()

    def end(self, track: Ints) -> _C:
        """Forget tracks that will not come back. One lost just past a line, still within the margin, counts if its speed carried it on."""
        if not len(track):
            return self._tell()
        rows, known = places_of(track, self._track)
        rows = np.sort(rows[known])
        if not len(rows):
            return self._tell()
        one, pair = self._one[rows], self._pair[rows]
        i, j = self._carried_over(one, pair)
        if len(i):
            self._pass(self._track[rows], one, pair, i, j)
            self._pair["counted"][rows] = pair["counted"]
        told = self._tell()
        self._forget(rows)
        return told

    def finish(self) -> _C:
        """End every track: the source has no more frames."""
        return self.end(self._track)

    def _across(self, at: Doubles) -> Doubles:
        """Signed distance (m, lines) towards the right hand."""
        distance: Doubles = at @ self._right.T - self._offset
        return distance

    def _rows(self, time_ns: int, track: Ints, at: Doubles) -> Ints:
        rows, known = places_of(track, self._track)
        if np.count_nonzero(known) == len(known):
            return rows
        self._begin_tracks(time_ns, track[~known], at[~known])
        return np.searchsorted(self._track, track)

    def _begin_tracks(self, time_ns: int, track: Ints, at: Doubles) -> None:
        one = np.zeros(len(track), _ONE)
        one["first_ns"], one["first"], one["last_ns"], one["last"] = time_ns, at, time_ns, at
        pair = np.zeros((len(track), len(self._begin)), _PAIR)
        pair["across"] = self._across(at)
        pair["zero"]["time_ns"] = pair["first_zero"]["time_ns"] = _NEVER
        self._track = np.concatenate([self._track, track])
        self._one, self._pair = stacked(self._one, one), stacked(self._pair, pair)
        self._sort()

    def _sort(self) -> None:
        if np.count_nonzero(self._track[1:] <= self._track[:-1]) == 0:
            return
        order = np.argsort(self._track, kind="stable")
        self._track, self._one, self._pair = self._track[order], self._one[order], self._pair[order]

    def _margins(self, size: Doubles) -> tuple[Doubles, Doubles]:
        """Margin and return margin (m, 1)."""
        both = np.maximum(np.multiply.outer(size, self._ratios), self._least)
        return both[:, :1], both[:, 1:]

    def _take_sides(self, time_ns: int, is_seen: Bools, distance: Doubles, is_right: Bools) -> None:
        """`is_seen` (m, 1); `distance` (m, lines), signed, `is_right` where it is not below zero: now, of those that were seen, else as they were left."""
        one, pair = self._one, self._pair
        margin, back = self._margins(one["size"])
        side, counted, distance = pair["side"], pair["counted"], np.abs(distance)
        fresh = counted == 0
        clear = (distance > np.where(fresh, margin, back)) & is_seen
        on = np.where(is_right, _RIGHT, _LEFT)
        changes = clear & (side != on)
        if np.count_nonzero(changes):
            begins = changes & (side == 0)
            if np.count_nonzero(begins):
                pair["first_side"][begins], pair["first_zero"][begins] = on[begins], pair["zero"][begins]
            i, j = (changes & ~begins).nonzero()
            self._pass(self._track, one, pair, i, j)
            np.copyto(side, on, where=changes)
        far = clear & (distance > back) & (pair["first_far"] < fresh)
        if np.count_nonzero(far):
            pair["first_far"] |= far & (on == pair["first_side"])
        np.copyto(pair["clear"], distance, where=clear)
        np.copyto(pair["clear_ns"], time_ns, where=clear)

    def _pass(self, track: Ints, one: _Table, pair: _Table, i: Ints, j: Ints) -> None:
        """Note the passages of rows `i` over lines `j`: those on the segment, and not a second time the same way."""
        if not len(i):
            return
        on = np.where(pair["across"][i, j] >= 0, 1, -1)
        counts = self._is_on_segment(pair["zero"][i, j]["place"], j, one["size"][i]) & (pair["counted"][i, j] != on)
        i, j, on = i[counts], j[counts], on[counts]
        pair["counted"][i, j] = on
        self._note(track[i], j, on > 0, pair["zero"][i, j])

    def _note(self, track: Ints, line: Ints, forward: Bools, zero: _Table) -> None:
        passages = np.zeros(len(track), _PASSAGE)
        passages["track"], passages["line"], passages["forward"], passages["zero"] = track, line, forward, zero
        self._passages = stacked(self._passages, passages)

    def _is_on_segment(self, place: Doubles, line: Ints, size: Doubles) -> Bools:
        along = ((place - self._begin[line]) * self._along[line]).sum(1)
        slack = self._settings.beyond_end_ratio * size
        on: Bools = (along >= -slack) & (along <= self._length[line] + slack)
        return on

    def _carried_over(self, one: _Table, pair: _Table) -> tuple[Ints, Ints]:
        """Rows and lines, none counted before, whose point is over the line but not clear of it, and came fast enough to have cleared it soon."""
        side = pair["side"]
        i, j = ((pair["counted"] == 0) & (side != 0) & ((pair["across"] >= 0) != (side > 0))).nonzero()
        if not len(i):
            return i, j
        margin, _ = self._margins(one["size"][i])
        over = pair[i, j]
        approach_s = np.maximum(over["zero"]["time_ns"].astype(np.float64) - over["clear_ns"], 1.0) / NS_PER_S
        carried = np.abs(over["across"]) + self._settings.carry_on_s * over["clear"] / approach_s > margin[:, 0]
        return i[carried], j[carried]

    def _tell(self) -> _C:
        """Hand out, once, the noted passages of tracks that are sure."""
        tell = ~self._passages["told"]
        if not np.count_nonzero(tell):
            return self._nothing
        tell &= self._one["sure"][np.searchsorted(self._track, self._passages["track"])]
        self._passages["told"] |= tell
        told = self._passages[tell]
        return self._told(told[np.argsort(told["zero"]["time_ns"], kind="stable")])

    def _told(self, told: _Table) -> _C:
        return self._made(told["zero"]["time_ns"], told["track"], told["line"], told["forward"], told["zero"]["place"])

    def _forget(self, rows: Ints) -> None:
        if len(self._passages):
            _, gone = places_of(self._passages["track"], self._track[rows])
            self._passages = self._passages[~gone]
        stays = np.ones(len(self._track), np.bool_)
        stays[rows] = False
        self._track, self._one, self._pair = self._track[stays], self._one[stays], self._pair[stays]

    def _row(self, track: int) -> int | None:
        row = int(np.searchsorted(self._track, track))
        return row if row < len(self._track) and self._track[row] == track else None

    def _join(self, gone: int, stays: int) -> None:
        from_row, to_row = self._row(gone), self._row(stays)
        if from_row is None or gone == stays:
            return
        self._passages["track"][self._passages["track"] == gone] = stays
        if to_row is None:
            self._track[from_row] = stays
            self._sort()
            return
        early, late = sorted((to_row, from_row), key=lambda row: int(self._one["first_ns"][row]))
        one, pair = self._merged_one(early, late), self._merged_pair(early, late, stays)
        self._one[to_row], self._pair[to_row] = one, pair
        self._alternate(stays, to_row)
        self._track, self._one, self._pair = np.delete(self._track, from_row), np.delete(self._one, from_row), np.delete(self._pair, from_row, 0)

    def _merged_one(self, early: int, late: int) -> _Table:
        one = self._one[self._newest(early, late)].copy()
        one["first_ns"], one["first"] = self._one["first_ns"][early], self._one["first"][early]
        one["sure"] = self._one["sure"][[early, late]].any()
        merged: _Table = one
        return merged

    def _newest(self, early: int, late: int) -> int:
        return late if self._one["last_ns"][late] >= self._one["last_ns"][early] else early

    def _merged_pair(self, early: int, late: int, track: int) -> _Table:
        """The state (lines,) of the joined track; a crossing that fell between the two is noted for `track`."""
        old, new = self._pair[early], self._pair[late]
        between = self._zero_in_gap(early, late)
        before_clear = _known_or(new["first_zero"], between)
        # After a count only the wider margin is clear: a late half that stayed within it says nothing new.
        new_side = np.where((old["counted"] != 0) & ~new["first_far"], 0, new["first_side"])
        differs = (old["side"] != 0) & (new_side == -old["side"])
        uncounted = (old["counted"] == 0) & (new["counted"] == 0)
        if self._one["last_ns"][early] <= self._one["first_ns"][late]:
            missed = np.flatnonzero(differs)
            missed = missed[self._is_on_segment(before_clear["place"][missed], missed, np.broadcast_to(self._one["size"][late], len(missed)))]
            self._note(np.full(len(missed), track), missed, new_side[missed] > 0, before_clear[missed])
            newest, side_is_old = new, (new_side == 0) & (new["counted"] == 0)
        else:  # seen at the same time: where they disagree the next look decides
            newest = self._pair[self._newest(early, late)]
            side_is_old = (differs & uncounted) | (newest["side"] == 0)
        pair: _Table = newest.copy()
        pair["zero"] = _known_or(newest["zero"], between)
        for name in ("side", "clear", "clear_ns"):
            pair[name] = np.where(side_is_old, old[name], newest[name])
        began = old["first_side"] != 0
        for name in ("first_side", "first_far"):
            pair[name] = np.where(began, old[name], new[name])
        pair["first_zero"] = before_clear
        pair["first_zero"][began] = old["first_zero"][began]
        return pair

    def _zero_in_gap(self, early: int, late: int) -> _Table:
        """The zero standing when the late half began: in the gap if the sign changed there, else the early half's own."""
        zero: _Table = self._pair["zero"][early].copy()
        ended, began = self._pair["across"][early], self._across(self._one["first"][late])
        flips = (ended >= 0) != (began >= 0)
        if flips.any():
            from_, to = self._one[early], self._one[late]
            zero[flips] = _zero_between((from_["last_ns"], from_["last"], ended[flips]), (to["first_ns"], to["first"], began[flips]))
        return zero

    def _alternate(self, track: int, row: int) -> None:
        """Of passages the same way with none between the other way, keep what was told, else the first; then note which way the last one led."""
        mine = np.flatnonzero(self._passages["track"] == track)
        mine = mine[np.lexsort((self._passages["zero"]["time_ns"][mine], self._passages["line"][mine]))]
        line, forward, told = (self._passages[name][mine] for name in ("line", "forward", "told"))
        begins = np.ones(len(mine), np.bool_)
        begins[1:] = (line[1:] != line[:-1]) | (forward[1:] != forward[:-1])
        run = np.cumsum(begins) - 1
        keep = told | (begins & (np.bincount(run, told) == 0)[run])
        self._pair["counted"][row] = 0
        for at, is_forward in zip(line[keep].tolist(), forward[keep].tolist(), strict=True):
            self._pair["counted"][row, at] = 1 if is_forward else -1
        self._passages = np.delete(self._passages, mine[~keep])


def _zero_between(begin: tuple[Ints, Doubles, Doubles], end: tuple[int | Ints, Doubles, Doubles]) -> _Table:
    """Where and when the way from begin to end meets the line; each a time, a point (k, 2) and a distance across (k,), of unlike signs."""
    (begin_ns, start, before), (end_ns, stop, after) = begin, end
    share = before / (before - after)
    zero = np.empty(len(share), _ZERO)
    zero["time_ns"] = begin_ns + np.rint(share * (end_ns - begin_ns)).astype(np.int64)
    zero["place"] = start + share[:, None] * (stop - start)
    return zero


def _known_or(zero: _Table, other: _Table) -> _Table:
    known = zero.copy()
    never = known["time_ns"] == _NEVER
    known[never] = other[never]
    return known


def _last_home(home: dict[int, int], track: int) -> int:
    """Follow a chain of joins within one frame."""
    seen = {track}
    while (onward := home.get(track)) is not None and onward not in seen:
        track = onward
        seen.add(track)
    return track
