"""SUMO floating car data: `<timestep time><vehicle id x y angle type speed/></timestep>`, plain or gzipped.

`x`, `y` are the FRONT bumper; ours is the centre of the footprint, half a length behind. `angle` is clockwise from north. `speed` is the measurement:
SUMO changes lanes by moving a vehicle sideways in one step, which is no motion. https://sumo.dlr.de/docs/Simulation/Output/FCDOutput.html
"""

import gzip
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from xml.parsers import expat

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.errors import SourceError
from catseye.core.road_user import RoadUser
from catseye.core.scene import KMH_PER_MS
from catseye.core.time import NS_PER_S
from catseye.station.site_tables import ImportedType
from catseye.station.trajectories.columns import Trajectories, by_name, in_order

# What SUMO's own vehicle classes are when the site says nothing: kind, length in metres (SUMO's defaults by vClass).
KNOWN: Mapping[str, tuple[RoadUser, float]] = {
    "pedestrian": (RoadUser.PEDESTRIAN, 0.215),
    "bicycle": (RoadUser.CYCLIST, 1.6),
    "motorcycle": (RoadUser.MOTORCYCLIST, 2.2),
    "moped": (RoadUser.MOTORCYCLIST, 2.1),
    "passenger": (RoadUser.CAR, 5.0),
    "car": (RoadUser.CAR, 5.0),
    "bus": (RoadUser.BUS, 12.0),
    "truck": (RoadUser.TRUCK, 7.1),
}
WIDTH_M = {RoadUser.PEDESTRIAN: 0.478, RoadUser.CYCLIST: 0.65, RoadUser.MOTORCYCLIST: 0.9, RoadUser.CAR: 1.8, RoadUser.BUS: 2.5, RoadUser.TRUCK: 2.4}
_READ_BYTES = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The content of a file, unpacked if it is gzipped."""
    with path.open("rb") as plain:
        is_zipped = plain.peek(2)[:2] == b"\x1f\x8b"
        if not is_zipped:
            yield plain
            return
        with gzip.open(plain) as unpacked:
            yield cast("BinaryIO", unpacked)


def read_fcd(path: Path, types: Mapping[str, ImportedType]) -> Trajectories:
    """All vehicles and persons of the file; SourceError where it is no FCD, is damaged, or has numbers that are none."""
    rows = _Rows(str(path))
    parser = expat.ParserCreate()
    parser.StartElementHandler = rows.take
    parser.StartDoctypeDeclHandler = rows.refuse_doctype
    try:
        with opened(path) as file:
            while piece := file.read(_READ_BYTES):
                parser.Parse(piece)
            parser.Parse(b"", True)
    except expat.ExpatError as fault:
        raise SourceError(str(path), f"no XML at line {fault.lineno} ({expat.ErrorString(fault.code)})", "SUMO FCD, or points.parquet") from None
    except (OSError, EOFError, zlib.error) as fault:
        raise SourceError(str(path), f"cannot be read ({str(fault).lower() or 'damaged'})", "a whole file") from None
    if not rows.is_fcd:
        raise SourceError(str(path), "no <fcd-export> in it", "SUMO FCD, or points.parquet")
    return rows.trajectories(types)


class _Rows:
    """Collects the attributes as they come."""

    def __init__(self, shown: str) -> None:
        self.is_fcd = False
        self._shown = shown
        self._time_ns, self._now_s = 0, "0"
        self._index: dict[str, int] = {}
        self._type_of: list[str] = []
        self._track, self._when = array("q"), array("q")
        self._x, self._y, self._angle, self._speed = array("d"), array("d"), array("d"), array("d")

    def refuse_doctype(self, *_: object) -> None:
        """No file of trajectories needs one, and entities have been used to exhaust memory."""
        raise SourceError(self._shown, "a document type declaration", "plain SUMO FCD")

    def take(self, tag: str, said: dict[str, str]) -> None:
        """One element."""
        if tag in ("vehicle", "person"):
            self._take(said, "pedestrian" if tag == "person" else "")
        elif tag == "timestep":
            self._now_s = said.get("time", "")
            self._time_ns = round(self._number("time", self._now_s, "timestep") * NS_PER_S)
        elif tag == "fcd-export":
            self.is_fcd = True

    def _take(self, said: dict[str, str], kind: str) -> None:
        name = said.get("id", "")
        if not name:
            raise SourceError(self._shown, f"a vehicle without id at {self._now_s} s", "id, x, y, angle, speed")
        if name not in self._index:
            self._index[name] = len(self._type_of)
            self._type_of.append(said.get("type") or kind or "passenger")
        who = f"{name} at {self._now_s} s"
        x, y, angle, speed = (self._number(key, said.get(key, ""), who) for key in ("x", "y", "angle", "speed"))
        self._track.append(self._index[name])
        self._when.append(self._time_ns)
        for column, value in ((self._x, x), (self._y, y), (self._angle, angle), (self._speed, speed)):
            column.append(value)

    def _number(self, key: str, text: str, who: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e12:
            raise SourceError(self._shown, f"{who}: {key} {text!r}" if text else f"{who}: no {key}", "a finite number")
        return value

    def trajectories(self, types: Mapping[str, ImportedType]) -> Trajectories:
        """What came, front bumpers moved back to centres."""
        sizes = [_size(self._shown, name, types) for name in self._type_of]
        names, place_of = by_name(list(self._index))
        sizes = [sizes[self._index[name]] for name in names]
        track, time_ns = place_of[np.frombuffer(self._track, np.int64)], np.frombuffer(self._when, np.int64)
        order = in_order(time_ns, track)
        x, y, angle, speed = (np.frombuffer(column, np.float64) for column in (self._x, self._y, self._angle, self._speed))
        if order is not None:
            track, time_ns, x, y, angle, speed = track[order], time_ns[order], x[order], y[order], angle[order], speed[order]
        kind = np.array([kind.code for kind, _, _ in sizes], np.uint8)[track] if sizes else np.empty(0, np.uint8)
        length, width = (np.array([size[which] for size in sizes], np.float64)[track] if sizes else np.empty(0) for which in (1, 2))
        half = 0.5 * length[:, None] * _ahead(angle)
        place = np.stack([x, y], 1) - half
        return Trajectories(self._shown, names, track, kind, time_ns, place, None, None, length, width, speed * KMH_PER_MS, angle)


def _ahead(angle_deg: Doubles) -> Doubles:
    return np.stack([np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))], 1)


def _size(shown: str, name: str, types: Mapping[str, ImportedType]) -> tuple[RoadUser, float, float]:
    """Kind, length, width of a vehicle type: as the site says, else as SUMO's own class of that name."""
    if name in types:
        kind = RoadUser(types[name].kind)
        length = types[name].length_m or next((long for known, long in KNOWN.values() if known is kind), 5.0)
    elif name in KNOWN:
        kind, length = KNOWN[name]
    else:
        raise SourceError(shown, f"vehicle type {name!r}", "a line in [camera.types]: " + f'{name} = {{ kind = "car", length_m = 5.0 }}')
    return kind, length, WIDTH_M.get(kind, 1.8)
