"""Cases to test on: a car that passed a red light at noon, and people."""

from dataclasses import replace
from typing import Any

from catseye.cases.jurisdiction import jurisdiction_named
from catseye.cases.opening import CalibrationReference, Device, Law, Measurement, MediaReference, Opening, SignalState
from catseye.cases.terms import Term
from catseye.core.event import Event, Measure
from catseye.core.time import NS_PER_S, Stamp

NOON = Stamp(1_790_000_000 * NS_PER_S, 20.0)
DAY_S = 86_400
DAY_NS = DAY_S * NS_PER_S
MACHINE = "machine:watch"
LAN, MINH, HOA, JUDGE = "Nguyễn Thị Lan", "Trần Minh", "Lê Hoa", "Phạm Quang Huy"
HASH = "ab" * 32


def later(seconds: float) -> Stamp:
    return Stamp(NOON.utc_ns + round(seconds * NS_PER_S), 20.0)


def red_light(**other: Any) -> Event:
    said: dict[str, Any] = {
        "when": NOON,
        "subjects": ("17",),
        "road_users": ("car",),
        "measures": (Measure("red", 2.4, "s", 0.1), Measure("speed", 52.3, "km/h", 1.1)),
        "px": (412.0, 233.5),
        "lineage": "clip.mp4",
        "details": {"line": "stop-line", "signal": "near-lamp", "direction": "backward"},
    }
    return Event("red-light", "cam-1", 12 * NS_PER_S, 12 * NS_PER_S, **said | other)


def law(event: Event, reviewers_count: int = 1, jurisdiction: str = "example") -> Law:
    return replace(jurisdiction_named(jurisdiction).law_for(event), reviewers_count=reviewers_count)


def calibration(valid_from: Stamp = later(-100 * DAY_S), valid_to: Stamp = later(265 * DAY_S)) -> CalibrationReference:  # noqa: B008 a stamp never changes
    return CalibrationReference(HASH, "Road Survey Office", "9 surveyed points", "2026-06-13", valid_from, valid_to)


def opening(event: Event | None = None, reviewers_count: int = 1, jurisdiction: str = "example", **other: Any) -> Opening:
    event = event or red_light()
    said: dict[str, Any] = {
        "run": "run",
        "site": "junction-7",
        "place": "Ngã tư Hàng Xanh, Bình Thạnh",
        "law": law(event, reviewers_count, jurisdiction),
        "measurement": Measurement(calibration(), 50.0, 3.0, "catseye judge points.parquet --site site.toml --out replay", "0.1.0"),
        "device": Device("cam-1", "IPC-4K", "2.1.7", "present, not verified"),
        "signals": (SignalState("near-lamp", "red", 9_600_000_000, 30_000_000_000, "lamps in the picture"),),
        "media": (
            MediaReference("still", "m-1", "image/png", "11" * 32, 120_000),
            MediaReference("clip", "m-2", "video/mp4", "22" * 32, 4_200_000),
            MediaReference("original", "m-3", "video/mp4", "33" * 32, 9_800_000),
        ),
        "position_deg": (10.8016, 106.7111),
    }
    return Opening(event, **said | other)


TWO_WEEKS = Term(14, "days", "invented")
