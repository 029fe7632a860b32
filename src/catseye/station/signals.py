"""States of traffic lights from files: a phase file of our own (`time_s,state`), the signals.csv of a run, or SUMO's tlsState."""

import csv
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import numpy as np

from catseye.core.errors import SiteError, SourceError
from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN, LAMPS, Lamp, Signal
from catseye.core.time import NS_PER_S
from catseye.station.site import Camera, Site
from catseye.station.trajectories.fcd import opened

# https://sumo.dlr.de/docs/Simulation/Traffic_Lights.html#signal_state_definitions
SUMO_STATES = {
    "r": LAMP_RED,
    "R": LAMP_RED,
    "u": LAMP_RED,
    "y": LAMP_AMBER,
    "Y": LAMP_AMBER,
    "g": LAMP_GREEN,
    "G": LAMP_GREEN,
    "o": LAMP_UNKNOWN,
    "O": LAMP_UNKNOWN,
}
_SIGNALS_COLUMNS = ("time_s", "time_utc", "camera", "signal", "state")
_SIGNALS_HEAD = ",".join(_SIGNALS_COLUMNS).encode()
_WANTED = "a SUMO tlsState file, or lines of time_s,state (red, amber, green)"


@dataclass(frozen=True, slots=True)
class TlsStates:
    """What a tlsState file says: for each traffic light the times (ns) and the states, a letter a link."""

    shown: str
    lights: Mapping[str, tuple[list[int], list[str]]]

    def signal(self, signal: str, tls: str, link: int) -> Signal:
        """One link of one light; SourceError when the file has none of that name, or fewer links."""
        if tls not in self.lights:
            raise SourceError(self.shown, f"no traffic light {tls!r}", "one of " + ", ".join(map(repr, sorted(self.lights))) if self.lights else _WANTED)
        times_ns, states = self.lights[tls]
        shortest = min(map(len, states))
        if link >= shortest:
            raise SourceError(self.shown, f"traffic light {tls!r} has {shortest} links", f"a link below {shortest}, for signal {signal}")
        letters = [state[link] for state in states]
        if strange := set(letters) - set(SUMO_STATES):
            raise SourceError(self.shown, f"state {sorted(strange)[0]!r} of traffic light {tls!r}", "one of r R u y Y g G o O")
        codes = np.array([SUMO_STATES[letter] for letter in letters], np.uint8)
        changes = np.flatnonzero(np.diff(codes, prepend=255))
        return Signal(signal, np.array(times_ns, np.int64)[changes], codes[changes])


def signals_of(site: Site, camera: Camera, tls_file: Path | None) -> dict[str, Signal]:
    """Every signal of the camera that a file tells: its own timeline, or `--signals`: a tlsState file for those with a link, a run's signals.csv for all in it.

    Lamps in the picture are read elsewhere: `line_signals`.
    """
    told: dict[str, Signal] = {}
    is_ours = tls_file is not None and _is_signals_csv(tls_file)
    given = read_tls(tls_file) if tls_file is not None and not is_ours else None
    for index, signal in enumerate(camera.signals):
        if signal.timeline is not None:
            path = site.folder / Path(signal.timeline).expanduser()
            where = site.where("camera", site.cameras.index(camera), "signal", index, "timeline")
            told[signal.id] = read_timeline(path, signal.id, signal.tls, signal.link, where)
        if given is not None and signal.tls is not None and signal.link is not None:
            told[signal.id] = given.signal(signal.id, signal.tls, signal.link)
    if is_ours and tls_file is not None:
        known = {signal.id for signal in camera.signals}
        told |= {name: signal for name, signal in read_signals_csv(tls_file, camera.id).items() if name in known}
    return told


def _is_signals_csv(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNALS_HEAD) + 3).removeprefix(b"\xef\xbb\xbf").startswith(_SIGNALS_HEAD)
    except OSError:
        return False  # whoever reads it next says why


def read_signals_csv(path: Path, camera: str) -> dict[str, Signal]:
    """Signals of one camera from a run's signals.csv (`time_s,time_utc,camera,signal,state`); SourceError names the line that is none."""
    times_ns: dict[str, list[int]] = {}
    states: dict[str, list[int]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                if row["camera"] != camera:
                    continue
                try:
                    name, time_ns, state = row["signal"], round(float(row["time_s"]) * NS_PER_S), Lamp(row["state"]).code
                except (ValueError, KeyError, TypeError, OverflowError):
                    raise SourceError(f"{path}:{number}", repr(",".join(map(str, row.values())))[:80], ",".join(_SIGNALS_COLUMNS)) from None
                if times_ns.get(name, [time_ns])[-1] > time_ns:
                    raise SourceError(f"{path}:{number}", f"signal {name}: time runs backwards at {row['time_s']} s", "times in order")
                times_ns.setdefault(name, []).append(time_ns)
                states.setdefault(name, []).append(state)
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as fault:
        raise SourceError(str(path), str(fault).lower(), ",".join(_SIGNALS_COLUMNS)) from None
    return {name: Signal(name, np.array(times_ns[name], np.int64), np.array(states[name], np.uint8)) for name in times_ns}


def read_timeline(path: Path, signal: str, tls: str | None, link: int | None, where: str) -> Signal:
    """A phase file or a tlsState file, told apart by its content; SiteError names the key when it is not there."""
    try:
        with opened(path) as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except (OSError, EOFError, zlib.error) as fault:
        raise SiteError(where, f"{path.name}: {str(fault).lower()}", _WANTED) from None
    if head[:1] != b"<":
        return read_phases(path, signal)
    if tls is None or link is None:
        raise SiteError(where, f"{path.name} is a SUMO file", "tls and link, which say the light and its link")
    return read_tls(path).signal(signal, tls, link)


def read_phases(path: Path, signal: str) -> Signal:
    """`time_s,state` with a header; SourceError names the line that is none."""
    times_ns: list[int] = []
    states: list[int] = []
    known = {lamp.value: lamp.code for lamp in LAMPS}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if not row or (number == 1 and row[0].strip() == "time_s"):
                    continue
                try:
                    time_ns, state = round(float(row[0]) * NS_PER_S), known[row[1].strip()]
                except (ValueError, KeyError, IndexError, OverflowError):
                    raise SourceError(f"{path}:{number}", repr(",".join(row)[:40]), "time_s,state with red, amber, green or unknown") from None
                if times_ns and time_ns < times_ns[-1]:
                    raise SourceError(f"{path}:{number}", f"time runs backwards, from {times_ns[-1] / NS_PER_S:g} s to {row[0]} s", "times in order")
                times_ns.append(time_ns)
                states.append(state)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise SourceError(str(path), str(fault).lower(), _WANTED) from None
    if not times_ns:
        raise SourceError(str(path), "no state in it", _WANTED)
    return Signal(signal, np.array(times_ns, np.int64), np.array(states, np.uint8))


def read_tls(path: Path) -> TlsStates:
    """All lights of a SUMO tlsState file (https://sumo.dlr.de/docs/Simulation/Output/Traffic_Lights.html), plain or gzipped."""
    lights: dict[str, tuple[list[int], list[str]]] = {}

    def take(tag: str, said: dict[str, str]) -> None:
        if tag != "tlsState":
            return
        try:
            time_ns = round(float(said["time"]) * NS_PER_S)
            name, state = said["id"], said["state"]
        except (KeyError, ValueError, OverflowError):
            raise SourceError(str(path), f"tlsState {said}"[:80], "time, id and state") from None
        times_ns, states = lights.setdefault(name, ([], []))
        if times_ns and time_ns < times_ns[-1]:
            raise SourceError(str(path), f"traffic light {name!r}: time runs backwards at {said['time']} s", "times in order")
        times_ns.append(time_ns)
        states.append(state)

    parser = expat.ParserCreate()
    parser.StartElementHandler = take
    try:
        with opened(path) as file:
            while piece := file.read(1 << 20):
                parser.Parse(piece)
            parser.Parse(b"", True)
    except expat.ExpatError as fault:
        raise SourceError(str(path), f"no XML at line {fault.lineno}", _WANTED) from None
    except (OSError, EOFError, zlib.error) as fault:
        raise SourceError(str(path), f"cannot be read ({str(fault).lower()})", _WANTED) from None
    if not lights:
        raise SourceError(str(path), "no tlsState in it", _WANTED)
    return TlsStates(str(path), lights)
