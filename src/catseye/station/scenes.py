"""Remembers what was found for as long as its picture is being redacted, and tells it as a scene to draw.

A picture comes out late; by then more is known: which tracks are road users, which two are one, who crossed a line meanwhile.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np

from catseye.core.arrays import Bools, Codes, Floats, Ints
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.drawing import Gate, Scene
from catseye.station.line import Look, contact_points_px
from catseye.station.palette import DRAWN_ORDER
from catseye.traffic.crossings import Crossings
from catseye.traffic.lines import Line

TRAIL_S = 2.5
FRESH_S = 0.6
KEPT_COUNT = 1024
KEPT_S = 90.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look, native pixels: rows (m,) of what was seen in it."""

    time_ns: int
    when: Stamp | None
    track: Ints
    box_px: Floats
    kind: Codes


class SceneBook:
    """Of one camera. Holds a bounded number of looks; scenes are asked for in order of time."""

    def __init__(self, camera: str, width_px: int, lines: Sequence[Line], zone: tzinfo = UTC) -> None:
        """`lines` and boxes are in pixels of pictures `width_px` wide; the clock shows the time of day in `zone`."""
        self._zone = zone
        self._camera, self._width_px, self._lines = camera, width_px, tuple(lines)
        self._seen: deque[_Seen] = deque(maxlen=KEPT_COUNT)
        self._sure: dict[int, int] = {}
        self._into: dict[int, tuple[int, int]] = {}
        self._waiting: deque[tuple[int, int, bool]] = deque()
        self._counts = np.zeros((len(self._lines), 2), np.int64)
        self._legend: set[int] = set()
        self._crossed_ns = np.full(len(self._lines), -(1 << 60), np.int64)

    def note(self, look: Look) -> None:
        """Take in one look."""
        tracked, frame = look.tracked, look.frame
        self._sure.update(dict.fromkeys(tracked.track[tracked.sure].tolist(), frame.time_ns))
        self._into.update({absorbed: (survivor, frame.time_ns) for absorbed, survivor in tracked.joined.tolist()})
        seen = tracked.seen
        self._seen.append(_Seen(frame.time_ns, frame.when, tracked.track[seen], tracked.box_px[seen], tracked.kind[seen]))
        if len(self._sure) + len(self._into) + len(self._waiting) > KEPT_COUNT:  # nobody asks for scenes any more
            self._count(frame.time_ns - int(KEPT_S * NS_PER_S))
            self._forget(frame.time_ns - int(KEPT_S * NS_PER_S))

    def cross(self, crossings: Crossings) -> None:
        """Take in crossings as they are told, the later ones later, if not strictly so."""
        self._waiting.extend(zip(crossings.time_ns.tolist(), crossings.line.tolist(), crossings.forward.tolist(), strict=True))

    def scene(self, time_ns: int, width_px: int, *, is_schematic: bool) -> Scene:
        """What was to be seen at the time of a look, in pixels of a picture `width_px` wide."""
        self._count(time_ns)
        self._forget(time_ns - int(2 * TRAIL_S * NS_PER_S))
        scale = np.float32(width_px / self._width_px)
        rows = [seen for seen in self._seen if time_ns - TRAIL_S * NS_PER_S <= seen.time_ns <= time_ns]
        now = rows[-1] if rows and rows[-1].time_ns == time_ns else None
        shown = self._are_sure(now.track) if now else np.zeros(0, np.bool_)
        box_px = now.box_px[shown] * scale if now else np.empty((0, 4), np.float32)
        kind = now.kind[shown] if now else np.empty(0, np.uint8)
        self._legend |= set(kind.tolist())
        clock = f"{self._camera}  {_clock(now.when if now else None, time_ns, self._zone)}"
        trails, gates = self._trails(rows, scale), self._gates(time_ns, float(scale))
        return Scene(time_ns, box_px, kind, trails, gates, clock, f"{int(self._counts.sum())} counted", self._drawn_kinds(), is_schematic)

    def _count(self, until_ns: int) -> None:
        for _ in range(len(self._waiting)):
            time_ns, line, is_forward = self._waiting.popleft()
            if time_ns > until_ns:
                self._waiting.append((time_ns, line, is_forward))
                continue
            self._counts[line, int(is_forward)] += 1
            self._crossed_ns[line] = max(self._crossed_ns[line], time_ns)

    def _forget(self, before_ns: int) -> None:
        while self._seen and self._seen[0].time_ns < before_ns:
            self._seen.popleft()
        self._sure = {track: last_ns for track, last_ns in self._sure.items() if last_ns >= before_ns}
        self._into = {absorbed: into for absorbed, into in self._into.items() if into[1] >= before_ns}

    def _home(self, track: Ints) -> Ints:
        """Who each track is now known to be."""
        for _ in range(4):
            track = np.array([self._into.get(one, (one, 0))[0] for one in track.tolist()], np.int64)
        return track

    def _are_sure(self, track: Ints) -> Bools:
        return np.array([one in self._sure for one in self._home(track).tolist()], np.bool_)

    def _trails(self, rows: Sequence[_Seen], scale: np.float32) -> list[tuple[int, Floats]]:
        """The way each road user in view came, oldest first; joined tracks are one."""
        if not rows:
            return []
        track = self._home(np.concatenate([row.track for row in rows]))
        kind = np.concatenate([row.kind for row in rows])
        point_px = contact_points_px(np.concatenate([row.box_px for row in rows])) * scale
        order = np.argsort(track, kind="stable")
        cuts = np.flatnonzero(np.diff(track[order])) + 1
        groups = [rows_of for rows_of in np.split(order, cuts) if len(rows_of) > 1 and int(track[rows_of[0]]) in self._sure]
        return [(int(kind[group[-1]]), point_px[group]) for group in groups]

    def _gates(self, time_ns: int, scale: float) -> list[Gate]:
        fresh = time_ns - self._crossed_ns <= FRESH_S * NS_PER_S
        return [
            Gate(line.ends_px * scale, line.right_hand(), int(forward), int(backward), bool(is_fresh))
            for line, (backward, forward), is_fresh in zip(self._lines, self._counts.tolist(), fresh.tolist(), strict=True)
        ]

    def _drawn_kinds(self) -> list[int]:
        return [kind.code for kind in DRAWN_ORDER if kind.code in self._legend]


def _clock(when: Stamp | None, time_ns: int, zone: tzinfo) -> str:
    """The time of day with its offset from UTC where it is known, else time since the start.

    >>> _clock(None, 75_400_000_000, UTC), _clock(Stamp(1_664_098_920_300_000_000), 0, UTC)
    ('01:15.4', '2022-09-25 09:42:00.3 +00:00')
    """
    if when is not None:
        moment = datetime.fromtimestamp(when.utc_ns / NS_PER_S, zone).isoformat(" ", "milliseconds")
        return f"{moment[:21]} {moment[23:]}"
    seconds = time_ns / NS_PER_S
    hours = int(seconds // 3600)
    return f"{hours}:{int(seconds // 60) % 60:02d}:{seconds % 60:04.1f}" if hours else f"{int(seconds // 60):02d}:{seconds % 60:04.1f}"
