"""The signals whose lamps a camera sees: read from its analysed frames beside its line, as timelines that grow while the judge uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from catseye.core.event import Event
from catseye.core.picture import RawFrame
from catseye.core.signal import LAMPS, Lamp, Signal
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.site import Camera
from catseye.station.site_tables import Signal as SignalTable
from catseye.vision.lamp_votes import LampVotes
from catseye.vision.lamps import BoxPx, LampReader

KEPT_S = 3600.0  # rules lie a minute behind the picture; what is older than this is in the vault alone
_ENOUGH_PX = 12.0  # a lens as wide as this is read as well as a larger one, and a smaller picture costs less
_WORTH_RATIO = 0.7


@dataclass(frozen=True, slots=True)
class Phase:
    """A signal showed one state from `time_ns` on; `end_time_ns` is its beginning again while it lasts."""

    signal: str
    state: Lamp
    time_ns: int
    end_time_ns: int

    def event(self, camera: str, start: Stamp | None, lineage: str) -> Event:
        """As it stands in events.jsonl, and from there in signals.csv."""
        details = {"signal": self.signal, "state": self.state.value, "detail": f"{self.signal}: {self.state.value}"}
        when = start.plus_ns(self.time_ns) if start else None
        return Event("signal-state", camera, self.time_ns, self.end_time_ns, when, lineage=lineage, details=details)


@dataclass(slots=True)
class LineSignals:
    """Of one camera. `signals` is live: a timeline is replaced by a longer one whenever a lamp has changed."""

    tables: Mapping[str, SignalTable]
    signals: dict[str, Signal] = field(default_factory=dict)
    _readers: dict[str, LampReader] = field(default_factory=dict)
    _votes: dict[str, LampVotes] = field(default_factory=dict)
    _look_px: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Every signal is there from the beginning, and unknown."""
        for name in self.tables:
            self.signals[name] = Signal(name, np.empty(0, np.int64), np.empty(0, np.uint8))
            self._votes[name] = LampVotes()

    @property
    def known_until_ns(self) -> int | None:
        """No state before this moment will change any more; None without a lamp in the picture."""
        return min((votes.known_until_ns for votes in self._votes.values()), default=None)

    def see(self, frame: RawFrame) -> list[Phase]:
        """Look at an analysed frame: phases that began, and those that ended with them."""
        if not self.tables:
            return []
        if not self._readers:
            self._begin(frame.width_px, frame.height_px)
        rgb = frame.rgb(*self._look_px)
        told: list[Phase] = []
        for name, reader in self._readers.items():
            told += self._changed(name, self._votes[name].hear(frame.time_ns, reader.look(rgb, frame.time_ns).state))
        return told

    def close(self) -> list[Phase]:
        """The stream is over: what was shown last ends with its last sight."""
        return [phase for name, votes in self._votes.items() for phase in self._changed(name, votes.close())]

    def _begin(self, width_px: int, height_px: int) -> None:
        ratio = max(min(1.0, _ENOUGH_PX / _lens_px(table)) for table in self.tables.values())
        shrinks = ratio < _WORTH_RATIO
        self._look_px = (2 * -(-round(width_px * ratio) // 2), 2 * -(-round(height_px * ratio) // 2)) if shrinks else (width_px, height_px)
        scale = self._look_px[0] / width_px, self._look_px[1] / height_px
        self._readers = {name: LampReader(_scaled(table.head_px, *scale), _scaled(table.lamp_px, *scale)) for name, table in self.tables.items()}

    def _changed(self, name: str, changes: list[tuple[int, int]]) -> list[Phase]:
        if not changes:
            return []
        before = self.signals[name]
        kept = max(int(np.searchsorted(before.time_ns, changes[0][0] - KEPT_S * NS_PER_S)) - 1, 0)
        times, states = np.array(changes, np.int64).T
        now = Signal(name, np.concatenate([before.time_ns[kept:], times]), np.concatenate([before.state[kept:], states.astype(np.uint8)]))
        self.signals[name] = now
        told = []
        first = max(len(now.time_ns) - len(changes) - 1, 0)
        for index in range(first, len(now.time_ns)):
            begin_ns, is_last = int(now.time_ns[index]), index + 1 == len(now.time_ns)
            told.append(Phase(name, LAMPS[now.state[index]], begin_ns, begin_ns if is_last else int(now.time_ns[index + 1])))
        return told


def line_signals_of(camera: Camera) -> LineSignals:
    """Those of the camera's signals that stand in its picture."""
    return LineSignals({table.id: table for table in camera.signals if table.head_px or table.lamp_px})


def _lens_px(table: SignalTable) -> float:
    """How wide a lens of it is, native px."""
    left, top, right, bottom = table.head_px or table.lamp_px or (0.0, 0.0, _ENOUGH_PX, _ENOUGH_PX)
    wide, high = right - left, bottom - top
    return min(wide, high) if table.lamp_px else min(wide, high, max(wide, high) / 3)


def _scaled(box_px: BoxPx | None, across: float, down: float) -> BoxPx | None:
    return None if box_px is None else (box_px[0] * across, box_px[1] * down, box_px[2] * across, box_px[3] * down)
