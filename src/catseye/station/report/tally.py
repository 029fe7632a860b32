"""What crossed, as a table that charts and texts are made of: bins of time, lines, directions, kinds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.palette import DRAWN_ORDER
from catseye.vault.batches import Crossing

_WIDTHS_S = ((90, 5), (180, 10), (5400, 60), (6 * 3600, 300), (24 * 3600, 900), (72 * 3600, 3600))
_LONGEST_WIDTH_S = 6 * 3600
_KIND = {kind.value: kind.code for kind in ROAD_USERS}


@dataclass(frozen=True, slots=True)
class Tally:
    """Crossings of one camera: `crossed_count` int64 (bins, lines, 2, kinds); direction 0 is backward, 1 forward; kinds by their code.

    Bins are `bin_s` long; the last one is cut at `length_s`, the end of what was seen, a second at least. `users_count` (kinds,) who crossed any line.
    """

    lines: tuple[str, ...]
    bin_s: int
    length_s: float
    crossed_count: Ints
    users_count: Ints

    @property
    def total_count(self) -> int:
        """All crossings."""
        return int(self.crossed_count.sum())

    @property
    def kinds(self) -> list[RoadUser]:
        """Kinds that crossed, in drawing order."""
        by_kind = self.crossed_count.sum(axis=(0, 1, 2))
        return [kind for kind in DRAWN_ORDER if by_kind[kind.code]]

    def of_kind(self, kind: RoadUser) -> int:
        """Crossings of one kind."""
        return int(self.crossed_count[..., kind.code].sum())

    def count(self, line: int, direction: int) -> int:
        """Crossings of one line one way."""
        return int(self.crossed_count[:, line, direction].sum())


def bin_width_s(length_s: float) -> int:
    """How long a bar of the flow chart lasts: a minute, as in flow.csv, unless the clip is too short or the run too long for that.

    >>> [bin_width_s(length_s) for length_s in (28, 120, 600, 7200, 86400, 604800)]
    [5, 10, 60, 300, 900, 21600]
    """
    return next((width_s for most_s, width_s in _WIDTHS_S if length_s <= most_s), _LONGEST_WIDTH_S)


def tally_of(crossings: Iterable[Crossing], lines: Sequence[str], length_s: float) -> Tally:
    """Count the crossings of one camera; lines that crossings name and nobody drew are added at the end."""
    number = {line: index for index, line in enumerate(lines)}
    users: dict[str, int] = {}
    rows = []
    for crossing in crossings:
        users[crossing.track] = _KIND[crossing.kind]
        rows.append((crossing.time_ns, number.setdefault(crossing.line, len(number)), crossing.direction == "forward", _KIND[crossing.kind]))
    time_ns, line, forward, kind = np.array(rows, np.int64).reshape(-1, 4).T
    length_s = max(length_s, float(time_ns.max(initial=0)) / NS_PER_S, 1.0)
    width_s = bin_width_s(length_s)
    bins_count = max(1, -int(-length_s // width_s))
    crossed_count = np.zeros((bins_count, len(number), 2, len(ROAD_USERS)), np.int64)
    at = np.clip(time_ns // (width_s * NS_PER_S), 0, bins_count - 1)
    np.add.at(crossed_count, (at, line, forward, kind), 1)
    users_count = np.bincount(np.array(list(users.values()), np.int64), minlength=len(ROAD_USERS))
    return Tally(tuple(number), width_s, length_s, crossed_count, users_count)
