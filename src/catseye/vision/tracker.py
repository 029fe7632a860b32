"""From looks to tracks: strong boxes first, weak ones to fill in, real timestamps, and columns all the way."""

from dataclasses import dataclass, field

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.columns import stacked
from catseye.core.detections import Detections, Tracked
from catseye.core.road_user import IS_FOUR_WHEELED, RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.assignment import Pairs, assign, pairs_within
from catseye.vision.stitch import are_alike, born_near, other_halves, overlap_ratio, twins
from catseye.vision.track_columns import TRACK, Motion, as_last_seen, correct, kind_of, no_tracks, noise_ratio, predict, size_px

LARGEST_PX = 1e5  # no camera has a box out there
VOTE_OF_UNKNOWN = np.float32(0.01)  # of a box that does not know its kind
TRACKS_THAT_SHOW_THE_PICTURE = 20


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When a box extends, starts or ends a track. Score ratios are 0..1, reach and doubt ratios in box sizes, cost ratios in squared deviations.

    Weak boxes (`weak_score` to `strong_score`) only extend tracks; `new_track_score` starts one; `sure_…looks` make it sure.
    A sure track coasts for `coast_s`, then can come back for another `stitch_s` through a newborn of at most `stitch_try_s`, once the variance
    of the newborn's rate is under `known_rate_variance`.
    A track looks no further than `reach_sigma` deviations, nor than `reach_size` + `reach_speed` × time since the last look; at its second look `first_…`.
    `lonely_cost`: a dearer match is none. `covered`: overlap beyond which a box on a matched vehicle starts no track.
    `twin_…`: a track up to `twin_age_s` old that overlaps an older one in so many checks running, one every `mend_every_s`, is the same vehicle.
    """

    weak_score_ratio: float = 0.06
    strong_score_ratio: float = 0.25
    new_track_score_ratio: float = 0.38
    sure_looks_count: int = 3
    sure_strong_looks_count: int = 2
    coast_s: float = 1.05
    unsure_coast_s: float = 0.45
    stitch_s: float = 2.5
    stitch_try_s: float = 1.0
    known_rate_variance_ratio: float = 1.0
    reach_sigma_ratio: float = 4.0
    reach_size_ratio: float = 0.6
    reach_speed_ratio: float = 2.0
    first_reach_size_ratio: float = 0.8
    first_reach_speed_ratio: float = 8.0
    place_doubt_ratio: float = 0.08
    log_size_doubt_ratio: float = 0.25
    other_family_cost_ratio: float = 4.0
    lonely_cost_ratio: float = 17.0
    weak_lonely_cost_ratio: float = 12.0
    covered_ratio: float = 0.6
    twin_overlap_ratio: float = 0.7
    twin_checks_count: int = 3
    twin_age_s: float = 5.0
    mend_every_s: float = 0.3
    motion: Motion = field(default_factory=Motion)


@dataclass(frozen=True, slots=True)
class _Look:
    """The usable boxes of one look, strong ones first; `place_px` float64 (n, 4) centre x, y, width, height; the last look was `span_s` ago."""

    time_ns: int
    span_s: float
    place_px: Doubles
    score_ratio: Floats
    kind: Codes
    moved: Bools
    strong_count: int

    def votes(self, cols: Ints) -> Floats:
        """What the boxes say about their own kind counts as much as their scores."""
        return self.score_ratio[cols] * np.where(self.kind[cols] == RoadUser.UNKNOWN.code, VOTE_OF_UNKNOWN, np.float32(1.0))


class Tracker:
    """Tracks of one camera. Same looks in, same tracks out, bit for bit.

    Memory is one record for each track that lives or may still come back; ids start at 1 and are never reused.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._live = no_tracks()  # all stand at the time of the last look
        self._lost = no_tracks()  # each stands where it was seen last
        self._next_track = 1
        self._time_ns: int | None = None
        self._mended_ns: int | None = None
        self._low_px, self._high_px = np.full(2, np.inf), np.full(2, -np.inf)  # of all boxes so far

    def update(self, time_ns: int, detections: Detections) -> Tracked:
        """Take one look in. Time that runs backwards counts as standing still; boxes no camera can have are passed over."""
        before_ns = time_ns if self._time_ns is None else self._time_ns
        self._time_ns = time_ns = max(time_ns, before_ns)
        look = self._usable(time_ns, (time_ns - before_ns) / NS_PER_S, detections)
        ended = self._retire(time_ns, before_ns)
        predict(self._live, look.span_s, self._settings.motion)
        rows, cols = self._match(look)
        self._extend(look, rows, cols)
        self._begin(look, rows, cols)
        return self._report(time_ns, self._mend(time_ns), ended)

    def close(self, time_ns: int) -> Tracked:
        """No more looks will come: every track ends."""
        ended = np.sort(np.concatenate([self._live["track"], self._lost["track"]]))
        self._live, self._lost = no_tracks(), no_tracks()
        return self._report(time_ns, _NO_PAIRS, ended)

    def _usable(self, time_ns: int, span_s: float, detections: Detections) -> _Look:
        """Strong boxes first, then weak ones, without those of no area, no finite place or too low a score."""
        box, score = detections.box_px, detections.score_ratio
        with np.errstate(invalid="ignore", over="ignore"):
            good = (score >= self._settings.weak_score_ratio) & (score <= 1.0)
            size = box[:, 2:] - box[:, :2]
            good &= (size[:, 0] >= 1) & (size[:, 1] >= 1)
            if not np.abs(box).max(initial=0.0) < LARGEST_PX:  # NaN too: then row by row
                good &= (np.abs(box) < LARGEST_PX).all(axis=1)
        strong = good & (score >= self._settings.strong_score_ratio)
        rows = strong.nonzero()[0]
        order = np.concatenate([rows, (good & ~strong).nonzero()[0]])
        box = box[order].astype(np.float64)
        low, high = box[:, :2], box[:, 2:]
        place = np.empty_like(box)
        np.multiply(low + high, 0.5, out=place[:, :2])
        np.subtract(high, low, out=place[:, 2:])
        if len(box):
            np.minimum(self._low_px, np.minimum.reduce(low), out=self._low_px)
            np.maximum(self._high_px, np.maximum.reduce(high), out=self._high_px)
        return _Look(time_ns, span_s, place, score[order], detections.kind[order], detections.is_moved[order], len(rows))

    def _retire(self, time_ns: int, before_ns: int) -> Ints:
        """Lose the tracks that coasted too long or left the picture, end those that cannot come back; gives the ended, ascending."""
        settings, live, lost = self._settings, self._live, self._lost
        if not len(live) + len(lost):
            return _NOBODY
        seen_ns, back_for_s = live["seen_ns"], settings.coast_s + settings.stitch_s
        unseen_s, lost_s = (time_ns - seen_ns) / NS_PER_S, (time_ns - lost["seen_ns"]) / NS_PER_S
        patient = live["sure"] | (seen_ns == before_ns)
        gone: Bools = unseen_s > np.where(patient, settings.coast_s, settings.unsure_coast_s)
        if self._next_track > TRACKS_THAT_SHOW_THE_PICTURE:
            gone |= self._left_the_picture()
        past = lost_s > back_for_s
        if not np.count_nonzero(gone) + np.count_nonzero(past):
            return _NOBODY
        may_return = gone & live["sure"] & (unseen_s <= back_for_s)
        ended = np.sort(np.concatenate([live["track"][gone & ~may_return], lost["track"][past]]))
        self._lost = lost[~past]
        if np.count_nonzero(may_return):
            self._lost = stacked(self._lost, as_last_seen(live[may_return], before_ns, settings.motion))
        self._live = live[~gone]
        return ended

    def _left_the_picture(self) -> Bools:
        """Which tracks coasted past the outermost box there ever was; nobody tells the tracker how large the picture is."""
        centre = self._live["place_px"][:, :2]
        outside: Bools = (centre < self._low_px) | (centre > self._high_px)
        return outside[:, 0] | outside[:, 1]

    def _match(self, look: _Look) -> Pairs:
        """Rows of live tracks and columns of boxes that belong together: strong boxes choose first, weak ones fill in."""
        settings = self._settings
        rows, cols, cost = self._within_reach(look)
        if not len(rows):
            return rows, cols
        is_strong = cols < look.strong_count
        first = (is_strong & (cost < settings.lonely_cost_ratio)).nonzero()[0]
        first = first[assign(rows[first], cols[first], cost[first], settings.lonely_cost_ratio)]
        taken = np.zeros(len(self._live), np.bool_)
        taken[rows[first]] = True
        second = (~(is_strong | taken[rows]) & (cost < settings.weak_lonely_cost_ratio)).nonzero()[0]
        if len(second):
            second = second[assign(rows[second], cols[second], cost[second], settings.weak_lonely_cost_ratio)]
            first = np.concatenate([first, second])
        return rows[first], cols[first]

    def _within_reach(self, look: _Look) -> tuple[Ints, Ints, Doubles]:
        """Pairs of tracks and boxes near each other, and the cost of each: minus twice the log likelihood, up to a constant."""
        settings, live = self._settings, self._live
        if not len(live) or not len(look.place_px):
            return _NOBODY, _NOBODY, _NO_COST
        place = live["place_px"]
        size = size_px(place)
        reach_known = settings.reach_size_ratio + settings.reach_speed_ratio * look.span_s
        reach_first = settings.first_reach_size_ratio + settings.first_reach_speed_ratio * look.span_s
        variance = live["spread"][:, 0] + np.square(noise_ratio(size, settings.motion)) + settings.place_doubt_ratio**2
        sigma = np.sqrt(variance)
        reach = np.minimum(settings.reach_sigma_ratio * sigma, np.where(live["looks"] > 1, reach_known, reach_first)) * size
        rows, cols = pairs_within(reach, place[:, :2], look.place_px[:, :2])
        here, there = place[rows], look.place_px[cols]
        miss = np.square((there[:, :2] - here[:, :2]) / (size * sigma)[rows, None])
        grown = np.square(np.log(there[:, 2:] / here[:, 2:]) / settings.log_size_doubt_ratio)
        other_family = IS_FOUR_WHEELED[kind_of(live)][rows] != IS_FOUR_WHEELED[look.kind][cols]
        # Of two tracks that could explain a box, the one that knew better where to look has the better claim.
        claim = 2.0 * np.log(variance / settings.place_doubt_ratio**2)
        cost = (miss[:, 0] + miss[:, 1]) + (grown[:, 0] + grown[:, 1]) + settings.other_family_cost_ratio * other_family + claim[rows]
        return rows, cols, cost

    def _extend(self, look: _Look, rows: Ints, cols: Ints) -> None:
        """Write what the matched boxes say into the tracks of `rows`."""
        if not len(rows):
            return
        settings, matched, found_px = self._settings, self._live[rows], look.place_px[cols]
        correct(matched, found_px, settings.motion)
        matched["found_px"] = found_px
        matched["seen_ns"] = look.time_ns
        matched["score_ratio"] = look.score_ratio[cols]
        matched["moved"] = look.moved[cols]
        matched["votes"][np.arange(len(rows)), look.kind[cols]] += look.votes(cols)
        matched["looks"] += 1
        matched["strong_looks"] += cols < look.strong_count
        matched["sure"] |= (matched["looks"] >= settings.sure_looks_count) & (matched["strong_looks"] >= settings.sure_strong_looks_count)
        self._live[rows] = matched

    def _begin(self, look: _Look, rows: Ints, cols: Ints) -> None:
        """Start a track for each unmatched box that is strong enough and no second box on a vehicle just matched."""
        settings = self._settings
        new = look.score_ratio >= settings.new_track_score_ratio
        new[look.strong_count :] = False
        new[cols] = False
        free = new.nonzero()[0]
        if len(free) and len(rows):
            free = free[~self._covered(look, free, rows)]
        if not len(free):
            return
        born = np.zeros(len(free), TRACK)
        born["track"] = np.arange(self._next_track, self._next_track + len(free))
        born["born_ns"] = born["seen_ns"] = look.time_ns
        born["looks"] = born["strong_looks"] = 1
        born["sure"] = max(settings.sure_looks_count, settings.sure_strong_looks_count) <= 1
        born["place_px"] = born["found_px"] = look.place_px[free]
        born["spread"][:, 0] = np.square(noise_ratio(size_px(look.place_px[free]), settings.motion))
        born["spread"][:, 2] = settings.motion.first_speed_ratio**2
        born["votes"][np.arange(len(free)), look.kind[free]] = look.votes(free)
        born["score_ratio"], born["moved"] = look.score_ratio[free], look.moved[free]
        self._next_track += len(free)
        self._live = stacked(self._live, born)

    def _covered(self, look: _Look, free: Ints, rows: Ints) -> Bools:
        """Which of the free boxes lie on a track that has found its own box in this look."""
        free_px, matched_px = look.place_px[free], self._live["place_px"][rows]
        which, others = pairs_within(size_px(free_px), free_px[:, :2], matched_px[:, :2])
        covered = np.zeros(len(free), np.bool_)
        if len(which):
            same = overlap_ratio(free_px[which], matched_px[others]) > self._settings.covered_ratio
            same &= are_alike(look.kind[free[which]], kind_of(self._live)[rows[others]])
            covered[which[same]] = True
        return covered

    def _mend(self, time_ns: int) -> Ints:
        """Every now and then, find tracks that are one road user; pairs absorbed → survivor, (k, 2), in the order to follow them."""
        if self._mended_ns is not None and time_ns - self._mended_ns < self._settings.mend_every_s * NS_PER_S:
            return _NO_PAIRS
        self._mended_ns = time_ns
        stitched, merged = self._stitch(time_ns), self._merge_twins(time_ns)
        return np.concatenate([stitched, merged]) if len(stitched) and len(merged) else stitched if len(stitched) else merged

    def _stitch(self, time_ns: int) -> Ints:
        """Give newborn tracks that continue a lost or coasting one its name."""
        settings, live = self._settings, self._live
        sure = live["sure"]
        young = sure & (time_ns - live["born_ns"] <= settings.stitch_try_s * NS_PER_S)
        young &= live["spread"][:, 2] < settings.known_rate_variance_ratio
        newborn = young.nonzero()[0]
        if not len(newborn):
            return _NO_PAIRS
        coasting = ((live["seen_ns"] < time_ns) & sure & ~young).nonzero()[0]
        if not len(self._lost) + len(coasting):
            return _NO_PAIRS
        hidden = stacked(self._lost, as_last_seen(live[coasting], time_ns, settings.motion)) if len(coasting) else self._lost
        rows, born = born_near(hidden, live[newborn], time_ns)
        if not len(rows):
            return _NO_PAIRS
        hidden, cols = hidden[rows], newborn[born]
        halves = other_halves(hidden, live[cols], time_ns, (rows, cols))
        if not len(halves):
            return _NO_PAIRS
        hidden, olds, news = hidden[halves], rows[halves], cols[halves]
        pairs = np.stack([live["track"][news], hidden["track"]], axis=1)
        for name in ("track", "born_ns"):
            live[name][news] = hidden[name]
        for name in ("looks", "strong_looks", "votes"):
            live[name][news] += hidden[name]
        is_lost = olds < len(self._lost)
        live = np.delete(live, coasting[olds[~is_lost] - len(self._lost)])
        self._lost = np.delete(self._lost, olds[is_lost])
        self._live = live[np.argsort(live["track"])]
        return pairs

    def _merge_twins(self, time_ns: int) -> Ints:
        """Absorb young tracks that have sat on an older one's vehicle for several checks."""
        settings, live = self._settings, self._live
        young = (time_ns - live["born_ns"] <= settings.twin_age_s * NS_PER_S).nonzero()[0]
        rows, older = twins(live, young, settings.twin_overlap_ratio) if len(young) else (young, young)
        if not len(rows) and not np.count_nonzero(live["twin"]):
            return _NO_PAIRS
        twin = np.zeros(len(live), np.int64)
        twin[rows] = live["track"][older]
        live["twin_looks"] = np.where(twin > 0, np.where(twin == live["twin"], live["twin_looks"] + 1, 1), 0)
        live["twin"] = twin
        # Where the older one is itself absorbed just now, the younger waits for the next check.
        long_enough = live["twin_looks"] >= settings.twin_checks_count
        merging = long_enough[rows] & ~long_enough[older]
        return self._absorb(rows[merging], older[merging])

    def _absorb(self, rows: Ints, older: Ints) -> Ints:
        """Take the tracks of `rows` into those of `older`, whichever was seen last gives the place."""
        live = self._live
        pairs = np.stack([live["track"][rows], live["track"][older]], axis=1)
        np.add.at(live["votes"], older, live["votes"][rows])
        fresher = live["seen_ns"][rows] > live["seen_ns"][older]
        for name in ("place_px", "found_px", "rate_pxs", "spread", "seen_ns", "score_ratio", "moved"):
            live[name][older[fresher]] = live[name][rows[fresher]]
        np.logical_or.at(live["sure"], older, live["sure"][rows])
        self._live = np.delete(live, rows)
        return pairs

    def _report(self, time_ns: int, joined: Ints, ended: Ints) -> Tracked:
        """The live tracks as they now stand."""
        live = self._live
        kind = kind_of(live).astype(np.uint8)
        seen = live["seen_ns"] == time_ns
        smooth_px, found_px = _corners(live["place_px"]), _corners(live["found_px"])
        moved, score = live["moved"].copy(), live["score_ratio"].copy()
        return Tracked(time_ns, live["track"].copy(), smooth_px, kind, seen, live["sure"].copy(), score, joined, ended, found_px, moved)


def _corners(place_px: Doubles) -> Floats:
    """Left, top, right, bottom (n, 4) of centres, widths and heights."""
    centre, half = place_px[:, :2], place_px[:, 2:] * 0.5
    corners = np.empty((len(place_px), 4), np.float32)
    corners[:, :2], corners[:, 2:] = centre - half, centre + half
    return corners


_NO_PAIRS = np.empty((0, 2), np.int64)
_NOBODY, _NO_COST = np.empty(0, np.int64), np.empty(0)
