"""SUMO floating car data as scenes, and what SUMO's own surrogate safety device (SSM) says of them. Small on purpose: the product's reader is another.

FCD `x`, `y` are the FRONT bumper's centre and `angle` is clockwise from north. `speed` along the heading is the measurement: SUMO changes lanes by moving
a vehicle sideways in one step, which is no motion. Sizes are SUMO's defaults of each vehicle class.
"""

import csv
import gzip
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S

SIZES_M = {"bus": (12.0, 2.5), "truck": (7.1, 2.4), "moto": (2.2, 0.9)}
KINDS = {"bus": RoadUser.BUS, "truck": RoadUser.TRUCK, "moto": RoadUser.MOTORCYCLIST}
CAR_M = (5.0, 1.8)
FOLLOWING = {"2", "3"}  # MSDevice_SSM.h: 2 following, ego is the follower; 3 following, ego is the leader


@dataclass(frozen=True)
class Drive:
    """A whole FCD file: `scenes` in order, `names[track]`."""

    scenes: list[GroundScene]
    names: list[str]


def read_fcd(path: Path) -> Drive:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        names: dict[str, int] = {}
        scenes = [_scene(step, names) for _, step in ET.iterparse(file) if step.tag == "timestep"]
    return Drive([scene for scene in scenes if len(scene)], list(names))


def _scene(step: ET.Element, names: dict[str, int]) -> GroundScene:
    rows = sorted((names.setdefault(each.get("id", ""), len(names)), each) for each in step)
    columns = np.array([[float(each.get(key, "")) for key in ("x", "y", "angle", "speed")] for _, each in rows]).reshape(-1, 4)
    types = [each.get("type", "") for _, each in rows]
    time_s = float(step.get("time", ""))
    step.clear()
    size = np.array([SIZES_M.get(name, CAR_M) for name in types]).reshape(-1, 2)
    turned = np.radians(columns[:, 2])
    heading = np.stack([np.sin(turned), np.cos(turned)], 1)
    none = np.zeros(len(rows))
    return GroundScene(
        round(time_s * NS_PER_S),
        np.array([track for track, _ in rows], np.int64),
        np.array([KINDS.get(name, RoadUser.CAR).code for name in types], np.uint8),
        columns[:, :2] - 0.5 * size[:, :1] * heading,
        none,
        heading * columns[:, 3:],
        none + 0.005,
        heading,
        size[:, 0],
        size[:, 1],
    )


@dataclass(frozen=True)
class SsmEncounter:
    """One row of SSM: its smallest time to collision with its code, when; and its post-encroachment time. None where it has none."""

    pair: frozenset[str]
    begin_s: float
    end_s: float
    ttc_s: float | None
    ttc_at_s: float | None
    ttc_code: str
    pet_s: float | None
    pet_at_s: float | None


def read_ssm(path: Path) -> list[SsmEncounter]:
    return list(_rows(path))


def _rows(path: Path) -> Iterator[SsmEncounter]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            ttc, ttc_at, pet, pet_at = (_number(row[key]) for key in ("minTTC", "minTTC_t", "PET", "PET_t"))
            pair = frozenset((row["ego"], row["foe"]))
            yield SsmEncounter(pair, float(row["begin"]), float(row["end"]), ttc, ttc_at, row["minTTC_type"], pet, pet_at)


def _number(text: str) -> float | None:
    return None if text in ("", "NA") else float(text)
