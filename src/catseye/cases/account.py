"""A case as others read it: one account, from which the JSON report, the PDF and the command line all tell the same."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catseye.cases.case import Case, Decision
from catseye.cases.terms import clock, last_minute
from catseye.cases.timeline import timeline
from catseye.core.event import Measure
from catseye.core.time import Stamp

FORMAT = "catseye-case/1"
_NOUN_OF_MEASURE = {"speed_max": "speed", "red": "red for", "dwell": "stood for"}


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """Somebody looked at a picture of the case, or took it along: who, what, when, why."""

    who: str
    what: str
    when: Stamp
    why: str


def account(case: Case, custody: tuple[CustodyLine, ...] = (), root_fingerprint: str = "") -> dict[str, Any]:
    """Plain JSON values, as docs/reference/case-report.md describes them. `root_fingerprint` is of the authority's root key, for whoever verifies."""
    o, law, event, zone = case.opening, case.opening.law, case.opening.event, case.opening.law.timezone
    d = case.decided
    return {
        "format": FORMAT,
        "case": case.id,
        "state": case.state.value,
        "next_to_act": case.next_to_act,
        "deadline": _moment(case.deadline, zone),
        "what": {"kind": event.kind, "rule": event.rule or event.kind, "offence": law.offence, "statute": law.statute, "trusted": event.trusted},
        "where": {"site": o.site, "place": o.place, "camera": event.camera, "position_deg": _list(o.position_deg)},
        "when": _moment(event.when, zone),
        "who": {"road_users": list(event.road_users), "tracks": list(event.subjects)},
        "event": {
            "id": event.id,
            "run": o.run,
            "time_ns": event.time_ns,
            "end_time_ns": event.end_time_ns,
            "lineage": event.lineage,
            "details": dict(event.details),
        },
        "measures": [asdict(measure) for measure in event.measures],
        "measured_in_words": measured_in_words(case),
        "plate": None if d.plate is None else _decision(d.plate, zone),
        "suggested": [
            {"by": each.by, "when": _moment(each.when, zone), "about": each.what.about, "text": each.what.text, "basis": each.what.basis}
            | {"characters": [asdict(character) for character in each.what.characters]}
            for each in case.suggested
        ],
        "decided": {
            "confirmations": [_decision(each, zone) for each in d.confirmations],
            **{
                name: None if (said := getattr(d, name)) is None else _decision(said, zone)
                for name in ("dismissal", "answer", "appeal", "hearing", "closing", "withdrawal")
            },
            "submission": None
            if d.submission is None
            else {
                "by": d.submission.by,
                "when": _moment(d.submission.when, zone),
                "authority": d.submission.authority,
                "manifest_sha256": d.submission.manifest_sha256,
                "root_sha256": d.submission.root_sha256,
            },
            "appeal_by": _moment(d.appeal_by, zone),
        },
        "timeline": [
            {
                "number": told.number,
                "kind": told.kind,
                "when": _moment(told.when, zone),
                "by": told.by,
                "by_machine": told.by_machine,
                "what": told.what,
                "why": told.why,
            }
            for told in timeline(case)
        ],
        "law": asdict(law) | {"submit_by": _moment(law.submit_by, zone), "submit_in_words": law.submit.in_words(), "appeal_in_words": law.appeal.in_words()},
        "measurement": _measurement(case),
        "signals": [asdict(each) for each in o.signals],
        "device": asdict(o.device),
        "media": [asdict(each) for each in case.media],
        "custody": [{"who": each.who, "what": each.what, "when": _moment(each.when, zone), "why": each.why} for each in custody],
        "verify": {"command": "catseye verify PACKAGE", "root_fingerprint": root_fingerprint},
    }


def measured_in_words(case: Case) -> str:
    """The measured values with their doubt, and what they are held against, on one line: doubts are two sigma, rounded up.

    `speed 62.4 ± 2.2 km/h; limit 50 km/h, tolerance 3 km/h`
    """
    m = case.opening.measurement
    said = [measure_in_words(each) for each in case.opening.event.measures]
    if any(each.unit == "km/h" for each in case.opening.event.measures):
        limits = [f"{word} {value:g} km/h" for word, value in (("limit", m.limit_kmh), ("tolerance", m.tolerance_kmh)) if value is not None]
        said += [", ".join(limits)] if limits else []
    return "; ".join(said)


def measure_in_words(measure: Measure) -> str:
    """`red for 2.4 ± 0.2 s`: the value, and twice its doubt, rounded up: 95 of 100 such measurements lie within."""
    doubt = f" ± {math.ceil(20 * measure.doubt - 1e-9) / 10:.1f}" if measure.doubt else ""
    return f"{_NOUN_OF_MEASURE.get(measure.name, measure.name.replace('_', ' '))} {measure.value:.1f}{doubt} {measure.unit}"


def _measurement(case: Case) -> dict[str, Any]:
    m, zone = case.opening.measurement, case.opening.law.timezone
    held = m.calibration
    calibration: Mapping[str, Any] | None = None
    if held is not None:
        when = case.opening.event.when
        calibration = asdict(held) | {
            "valid_from": _moment(held.valid_from, zone),
            "valid_to": _moment(held.valid_to, zone),
            "held_at_event": None if when is None else held.holds_at(when),
        }
    return {"calibration": calibration, "limit_kmh": m.limit_kmh, "tolerance_kmh": m.tolerance_kmh, "replay": m.replay, "version": m.version}


def _decision(said: Decision, zone: str) -> dict[str, Any]:
    return {"by": said.by, "when": _moment(said.when, zone), "said": said.said, "reason": said.reason}


def _moment(moment: Stamp | None, zone: str) -> dict[str, Any] | None:
    if moment is None:
        return None
    return {"utc": moment.iso(), "local": clock(moment, zone), "timezone": zone, "doubt_ms": moment.doubt_ms}


def _list(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else list(pair)


def in_time_until(moment: Stamp | None, zone: str) -> str:
    """The last minute that is in time; a dash where there is no term."""
    return "–" if moment is None else last_minute(moment, zone)
