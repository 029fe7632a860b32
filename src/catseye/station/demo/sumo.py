"""SUMO's own files as our renderer wants them: floating-car data as trajectories, a road network as a plan of lanes."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.errors import SiteError, SourceError
from catseye.core.road_user import RoadUser
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.worlds import LanePlan

LANE_WIDTH_M = 3.2  # SUMO's default
_KIND_OF_CLASS = {
    "passenger": RoadUser.CAR, "private": RoadUser.CAR, "taxi": RoadUser.CAR, "delivery": RoadUser.TRUCK, "truck": RoadUser.TRUCK, "trailer": RoadUser.TRUCK,
    "bus": RoadUser.BUS, "coach": RoadUser.BUS, "motorcycle": RoadUser.MOTORCYCLIST, "moped": RoadUser.MOTORCYCLIST, "bicycle": RoadUser.CYCLIST,
    "pedestrian": RoadUser.PEDESTRIAN,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SumoType:
    """What a vType is to us: its kind and its body."""

    kind: RoadUser
    length_m: float
    width_m: float
    height_m: float


_BODY_OF_CLASS: dict[RoadUser, tuple[float, float, float]] = {  # SUMO's defaults by vClass
    RoadUser.CAR: (5.0, 1.8, 1.5), RoadUser.BUS: (12.0, 2.5, 3.4), RoadUser.TRUCK: (7.1, 2.4, 2.4), RoadUser.MOTORCYCLIST: (2.2, 0.9, 1.5),
    RoadUser.CYCLIST: (1.6, 0.65, 1.7), RoadUser.PEDESTRIAN: (0.215, 0.478, 1.719),
}  # fmt: skip


def read_types(routes: Path) -> dict[str, SumoType]:
    """The vTypes of a routes or additional file, by id; sizes it does not tell are SUMO's defaults of the class."""
    types = {}
    for element in _elements(routes, {"vType"}):
        kind = _KIND_OF_CLASS.get(element.get("vClass", "passenger"), RoadUser.CAR)
        told = zip(("length", "width", "height"), _BODY_OF_CLASS[kind], strict=True)
        body = [_number(element, name, routes) if element.get(name) else usual_m for name, usual_m in told]
        types[str(element.get("id"))] = SumoType(kind, *body)
    return types


def read_fcd(path: Path, types: Mapping[str, SumoType], *, begin_s: float = -np.inf, end_s: float = np.inf) -> tuple[Trajectories, tuple[str, ...]]:
    """Floating-car data (.xml or .xml.gz) as trajectories, and SUMO's ids: track n is the n-th of them.

    SUMO tells the middle of the front bumper, ours is the middle of the body. SourceError on what is no such file, SiteError on a type nobody told.
    """
    rows: list[tuple[str, str, list[float]]] = []
    for step in _elements(path, {"timestep"}):
        time_s = _number(step, "time", path)
        if begin_s <= time_s <= end_s:
            rows += [(str(v.get("id")), str(v.get("type")), [time_s, *(_number(v, key, path) for key in ("x", "y", "angle"))]) for v in step]
    ids = tuple(sorted({row[0] for row in rows}))
    if unknown := sorted({row[1] for row in rows} - set(types)):
        raise SiteError(str(path), f"vehicle types {', '.join(unknown)}", "types that the routes file tells")
    place = {name: index + 1 for index, name in enumerate(ids)}
    track = np.array([place[row[0]] for row in rows], np.int64)
    columns = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
    order = np.lexsort([columns[:, 0], track])
    track, (time_s_, x_m, y_m, heading_deg) = track[order], columns[order].T
    of_row = [types[rows[index][1]] for index in order]
    body = np.array([(one.length_m, one.width_m, one.height_m) for one in of_row], np.float64).reshape(-1, 3)
    back_m = body[:, 0] / 2
    x_m, y_m = x_m - back_m * np.sin(np.radians(heading_deg)), y_m - back_m * np.cos(np.radians(heading_deg))
    kind = np.array([one.kind.code for one in of_row], np.uint8)
    try:
        return Trajectories(time_s_, track, x_m, y_m, heading_deg % 360, kind, *body.T), ids
    except ValueError as fault:
        raise SourceError(str(path), f"a vehicle told twice at one time ({fault})", "one row a vehicle and step") from fault


def read_lanes(net: Path) -> LanePlan:
    """The lanes of a network file as polygons, and its junctions over them."""
    lanes, areas = [], []
    for element in _elements(net, {"edge", "junction"}):
        if element.tag == "junction" and element.get("shape") and element.get("type") != "internal":
            areas.append(_points(str(element.get("shape")), net))
        elif element.tag == "edge" and element.get("function", "normal") == "normal":
            lanes += [
                _widened(_points(str(lane.get("shape")), net), _number(lane, "width", net) if lane.get("width") else LANE_WIDTH_M)
                for lane in element.iter("lane")
            ]
    return LanePlan(tuple(lanes), tuple(ring for ring in areas if len(ring) > 2))


def _number(element: ElementTree.Element, key: str, path: Path) -> float:
    text = element.get(key, "")
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise SourceError(str(path), f"<{element.tag}> with {key}={text!r}", "a number")
    return value


def _points(shape: str, path: Path) -> Doubles:
    try:
        return np.array([[float(part) for part in point.split(",")[:2]] for point in shape.split()], np.float64).reshape(-1, 2)
    except ValueError as fault:
        raise SourceError(str(path), f"a shape {shape[:40]!r}", "pairs of numbers: x,y x,y …") from fault


def _widened(middle_m: Doubles, width_m: float) -> Doubles:
    """A lane's middle line (n, 2) as a polygon around it."""
    ahead = np.gradient(middle_m, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    aside = np.column_stack([ahead[:, 1], -ahead[:, 0]]) * width_m / 2
    return np.vstack([middle_m + aside, (middle_m - aside)[::-1]])


def _elements(path: Path, tags: set[str]) -> Iterator[ElementTree.Element]:
    """Elements of these tags as they close; each is emptied after use, so that a day of traffic fits."""
    try:
        with _opened(path) as file:
            for _, element in ElementTree.iterparse(file):
                if element.tag in tags:
                    yield element
                    element.clear()
    except (OSError, EOFError) as fault:
        raise SourceError(str(path), str(fault) or type(fault).__name__, "a file of SUMO's") from fault
    except ElementTree.ParseError as fault:
        raise SourceError(str(path), f"cannot be read ({fault})", "XML as SUMO writes it") from fault


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
