"""OpenTrafficCam's files: `.ottrk` tracks become trajectories in the picture, `.otflow` sections become lines.

Both are JSON, tracks packed with bzip2. Boxes are given by their centre up to detection format 1.0, by their upper left corner from 1.2 on.
https://docs.opentrafficcam.org/OTVision/ · https://docs.opentrafficcam.org/OTAnalytics/
"""

import bz2
import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from catseye.core.errors import SiteError, SourceError
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.site_tables import ImportedType
from catseye.station.trajectories.columns import Trajectories, by_name

_MOST_BYTES = 2 << 30
KINDS: Mapping[str, RoadUser] = {
    "pedestrian": RoadUser.PEDESTRIAN,
    "person": RoadUser.PEDESTRIAN,
    "scooter_driver": RoadUser.PEDESTRIAN,
    "bicyclist": RoadUser.CYCLIST,
    "bicycle": RoadUser.CYCLIST,
    "cargo_bike_driver": RoadUser.CYCLIST,
    "bicyclist_with_trailer": RoadUser.CYCLIST,
    "motorcyclist": RoadUser.MOTORCYCLIST,
    "motorcycle": RoadUser.MOTORCYCLIST,
    "car": RoadUser.CAR,
    "private_van": RoadUser.CAR,
    "car_with_trailer": RoadUser.CAR,
    "private_van_with_trailer": RoadUser.CAR,
    "bus": RoadUser.BUS,
    "truck": RoadUser.TRUCK,
    "delivery_van": RoadUser.TRUCK,
    "truck_with_trailer": RoadUser.TRUCK,
    "truck_with_semitrailer": RoadUser.TRUCK,
    "delivery_van_with_trailer": RoadUser.TRUCK,
}
_NEEDED = ("class", "x", "y", "w", "h", "occurrence", "track-id")


def read_ottrk(path: Path, types: Mapping[str, ImportedType]) -> Trajectories:
    """Contact points with the ground (bottom centre of each box), in pixels; SourceError where it is no `.ottrk`, or has numbers that are none."""
    shown = str(path)
    said = _json_of(path)
    detections = _at(said, "data", "detections")
    if not isinstance(detections, list):
        raise SourceError(shown, "no data.detections in it", "an .ottrk file of OTVision")
    is_centred = _version(_at(said, "metadata", "otdet_version")) < (1, 2)
    start_s = _first(detections)
    rows = [_row(shown, index, each, is_centred, start_s) for index, each in enumerate(detections)]
    votes: dict[str, dict[RoadUser, int]] = {}
    for name, label, *_ in rows:
        called = RoadUser(types[label].kind) if label in types else KINDS.get(label, RoadUser.UNKNOWN)
        mine = votes.setdefault(name, {})
        mine[called] = mine.get(called, 0) + 1
    names, place_of = by_name(list(votes))
    index = {name: int(place) for name, place in zip(votes, place_of.tolist(), strict=True)}
    track = np.array([index[row[0]] for row in rows], np.int64)
    kind = np.array([_most_said(votes[name]).code for name in names], np.uint8)
    time_ns = np.array([row[2] for row in rows], np.int64)
    px = np.array([row[3:5] for row in rows], np.float32).reshape(-1, 2)
    order = np.lexsort((track, time_ns))
    return Trajectories(shown, names, track[order], kind[track][order] if rows else np.empty(0, np.uint8), time_ns[order], None, px[order])


def lines_of_otflow(path: Path, where: str) -> list[dict[str, Any]]:
    """Each section as a `[[camera.line]]`; one of several pieces as `name-1`, `name-2`, …, since a line here is straight. SiteError names the key."""
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as fault:
        raise SiteError(where, f"{path.name}: {str(fault).splitlines()[0].lower()}", "an .otflow file of OTAnalytics") from None
    sections = said.get("sections") if isinstance(said, dict) else None
    if not isinstance(sections, list):
        raise SiteError(where, f"{path.name}: no sections in it", "an .otflow file of OTAnalytics")
    found: list[dict[str, Any]] = []
    for section in sections:
        if isinstance(section, dict) and section.get("type") == "line":
            found += _pieces(section, where, path.name)
    return found


def _pieces(section: Mapping[str, Any], where: str, shown: str) -> list[dict[str, Any]]:
    name = "".join(letter if letter.isalnum() or letter in "_-." else "-" for letter in str(section.get("name") or section.get("id")))[:56]
    try:
        points = [(float(point["x"]), float(point["y"])) for point in section["coordinates"]]
        pieces = list(pairwise(points))
        return [{"id": name if len(pieces) == 1 else f"{name}-{number}", "px": piece} for number, piece in enumerate(pieces, 1) if piece[0] != piece[1]]
    except (KeyError, TypeError, ValueError):
        raise SiteError(where, f"{shown}: section {name!r} has no line of points", "coordinates of x and y") from None


def _json_of(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"BZ"
        if packed:
            with bz2.open(path) as file:
                raw = file.read(_MOST_BYTES + 1)
        else:
            raw = path.read_bytes()
        if len(raw) > _MOST_BYTES:
            raise SourceError(str(path), "more than 2 GiB unpacked", "a file of trajectories")
        return json.loads(raw)
    except (OSError, EOFError, ValueError) as fault:
        raise SourceError(str(path), f"cannot be read ({str(fault).splitlines()[0].lower()[:60]})", "an .ottrk file of OTVision") from None


def _at(said: Any, *keys: str) -> Any:
    for key in keys:
        said = said.get(key) if isinstance(said, dict) else None
    return said


def _version(text: Any) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in str(text).split("."))
    except ValueError:
        return (1, 2)


def _most_said(votes: Mapping[RoadUser, int]) -> RoadUser:
    return max(votes, key=lambda called: (votes[called], called.value))


def _first(detections: Sequence[Any]) -> float:
    times = [each["occurrence"] for each in detections if isinstance(each, dict) and isinstance(each.get("occurrence"), (int, float))]
    return float(min(times, default=0.0))


def _row(shown: str, index: int, said: Any, is_centred: bool, start_s: float) -> tuple[str, str, int, float, float]:
    try:
        label, x, y, w, h, when, track = (said[key] for key in _NEEDED)
        numbers = [float(value) for value in (x, y, w, h, when)]
    except (KeyError, TypeError, ValueError):
        raise SourceError(shown, f"detection {index} lacks one of {', '.join(_NEEDED)}", "an .ottrk file of OTVision") from None
    if not all(map(math.isfinite, numbers)):
        raise SourceError(shown, f"detection {index} of track {track}: a number that is none", "finite numbers")
    left, top, width, height, when_s = numbers
    foot = (left, top + height / 2) if is_centred else (left + width / 2, top + height)
    return str(track), str(label), round((when_s - start_s) * NS_PER_S), *foot
