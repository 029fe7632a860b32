"""Which reports tell of one occurrence. The machine suggests, a person decides; the order among them is the order in which they came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.cases.citizen_reports import Report
from catseye.cases.scheme import VIOLATION, Sameness
from catseye.core.geo import GeoPoint
from catseye.core.time import NS_PER_S


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why `report` may tell of the same: how far apart in time and place, whether the plate is the same, by how many of 64 bits the nearest media differ.

    `is_sure`: more than a look. Whoever films one crossing from one window sends pictures that all look alike, and none of them twice.
    """

    report: str
    apart_s: float
    apart_m: float
    is_same_plate: bool
    media_bits_count: int | None
    is_sure: bool


def order(report: Report) -> tuple[int, str]:
    """Who was first: by the time of receipt, then by id, so that it is never open."""
    return report.received.utc_ns, report.id


def likeness(one: Report, other: Report, rules: Sameness) -> Likeness | None:
    """Why two reports may be of one occurrence; None when they are not."""
    apart_s = abs(one.claim.happened.utc_ns - other.claim.happened.utc_ns) / NS_PER_S
    apart_m = distance_m(one.claim.place, other.claim.place)
    is_same_plate = bool(one.claim.plate) and one.claim.plate == other.claim.plate
    bits_count = media_bits_count(looks(one), looks(other))
    is_near = one.claim.offence == other.claim.offence and apart_s <= rules.time_s and apart_m <= rules.distance_m
    is_alike = bits_count is not None and bits_count <= rules.media_bits_count
    is_same_file = not {each.sha256 for each in one.evidence}.isdisjoint(each.sha256 for each in other.evidence)
    is_sure = is_same_file or (is_same_plate and (is_near or is_alike)) or (is_near and VIOLATION not in (one.kind, other.kind))
    if one.id == other.id or not (is_sure or is_alike):
        return None
    return Likeness(other.id, apart_s, apart_m, is_same_plate, bits_count, is_sure)


def likenesses(report: Report, others: Iterable[Report], rules: Sameness) -> list[Likeness]:
    """All that may tell of the same, the first to come in first."""
    return [found for other in sorted(others, key=order) if (found := likeness(report, other, rules))]


def firsts(reports: Iterable[Report], rules: Sameness) -> dict[str, str]:
    """To each report the id of the first one that surely tells of its occurrence, often its own. In whatever order they are given, the answer is the same."""
    first: list[Report] = []
    found: dict[str, str] = {}
    for report in sorted(reports, key=order):
        like = [found for found in likenesses(report, first, rules) if found.is_sure]
        found[report.id] = like[0].report if like else report.id
        first += [] if like else [report]
    return found


def looks(report: Report) -> tuple[str, ...]:
    """All perceptual hashes of a report's media."""
    return tuple(look for each in report.evidence for look in each.look)


def media_bits_count(some: Sequence[str], others: Sequence[str]) -> int | None:
    """By how many bits the nearest two of these hashes differ; None where one side has none."""
    if not some or not others:
        return None
    one, other = (np.array([int(look, 16) for look in each], np.uint64) for each in (some, others))
    return int(np.bitwise_count(one[:, None] ^ other[None, :]).min())


def distance_m(one: GeoPoint, other: GeoPoint) -> float:
    """How far apart two places are on the ground: good to a promille up to some kilometres, and never small for places far apart."""
    return float(np.hypot(*one.plane_m(np.array([[other.lat_deg, other.lon_deg]]))[0]))
