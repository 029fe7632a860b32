"""A citizen's report: what is told, and what becomes of it. Its state is a pure fold of the steps of its dossier, so nobody can set one.

    received → triaged → duplicate | rejected | accepted → reviewed → published → due | credited;  due → paid | lapsed | reversed;  paid → reversed

An accident or a hazard is `routed` with its receipt, whatever becomes of it, and `delivered` once somebody was told.

The reporter is a pseudonym. What is told of the offender stays in the dossier: the outcome that a reporter is told knows nothing of it.
"""

import hmac
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from catseye.cases.errors import CaseError
from catseye.cases.people import MACHINE, is_among, person
from catseye.cases.scheme import VIOLATION, Adopted, Scheme
from catseye.core.errors import CatseyeError
from catseye.core.geo import GeoPoint
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.dossiers import Step
from catseye.vault.pseudonyms import is_pseudonym

REPORT = "report"  # the kind of its dossier
UPHELD, NOT_UPHELD = FINDINGS = ("upheld", "not-upheld")
REASONS = ("outside-scheme", "unreadable", "not-an-offence", "no-plate", "wrong-time-or-place", "own-conduct", "edited", "false")
_MOST_TEXT_COUNT = 2000
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class ReportRefusedError(CatseyeError):
    """A report that is not taken; nothing of it is kept."""


class ReportStateError(CaseError):
    """A step that does not follow from what happened so far, or that this person may not take."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One photograph or video as it was kept: hashes of the original, of its ciphertext and of the redacted copy, empty where there is no copy.

    `duration_s` is 0 for a photograph. `own_time_ns`: when the file itself says it was taken, UTC, None where it does not.
    `look`: perceptual hashes, 16 hex digits each: one of a photograph, some of a video.
    """

    media_type: str
    sha256: str
    size_bytes: int
    sealed_sha256: str
    copy_sha256: str
    duration_s: float
    own_time_ns: int | None
    look: tuple[str, ...]

    @property
    def is_video(self) -> bool:
        """Whether it moves."""
        return self.media_type.startswith("video/")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a reporter tells. `offence` is an id of the scheme; `accuracy_m` one sigma of the place; `plate` as typed, for violations alone.

    `agrees` to the scheme's statement of truth, `is_of_age` as it asks.
    """

    reporter: str
    offence: str
    happened: Stamp
    place: GeoPoint
    accuracy_m: float
    text: str
    agrees: bool
    is_of_age: bool
    plate: str = ""


def refuse_claim(claim: Claim, scheme: Scheme, received: Stamp) -> Claim:
    """The claim with its plate in the scheme's spelling; ReportRefusedError for what the scheme does not take. Asked before any file is looked at."""
    where = "report"
    if not is_pseudonym(claim.reporter):  # and not a word of it in the message: it may be a name
        raise ReportRefusedError(where, "a reporter who is no pseudonym", "the 16 signs that `catseye report enrol` gave: ledger and log are read by many")
    if claim.offence not in scheme.offence:
        taken = scheme.elsewhere.get(claim.offence, "one of " + ", ".join(scheme.offence))
        raise ReportRefusedError(where, f"{claim.offence!r} is not taken by {scheme.id}", taken)
    kind = scheme.offence[claim.offence].kind
    if not claim.agrees or not claim.is_of_age:
        missing = "the statement of truth is not agreed to" if not claim.agrees else "no word on the reporter's age"
        raise ReportRefusedError(where, missing, f"agreement to {scheme.reporter.statement!r}, and {scheme.reporter.age_least_years} years or more")
    if not claim.text.strip() or len(claim.text) > _MOST_TEXT_COUNT:
        raise ReportRefusedError(where, f"{len(claim.text)} characters of what happened", f"1 to {_MOST_TEXT_COUNT}")
    if any(_moves_the_cursor(character) for character in claim.text):
        raise ReportRefusedError(where, "control characters in what happened", "letters, signs and line ends: it is shown on a screen as it was told")
    if not math.isfinite(claim.accuracy_m) or claim.accuracy_m < 0:
        raise ReportRefusedError(where, f"a place to {claim.accuracy_m} m", "0 or more metres")
    ahead_ns = claim.happened.utc_ns - received.utc_ns
    if ahead_ns > scheme.window.clock_skew_s * NS_PER_S:
        raise ReportRefusedError(where, f"it happened {ahead_ns / NS_PER_S:.0f} s from now", "a time that has been")
    if -ahead_ns > scheme.window.of(kind) * NS_PER_S:
        raise ReportRefusedError(where, f"it happened {-ahead_ns / 3600 / NS_PER_S:.1f} h ago", f"a report within {scheme.window.of(kind) / 3600:g} h")
    if kind != VIOLATION:
        if claim.plate:
            raise ReportRefusedError(where, f"a plate with a report of {kind}", "no plate: nobody is accused")
        return claim
    plate = scheme.plate(claim.plate)
    if plate is None:
        raise ReportRefusedError(where, f"plate {claim.plate[:20]!r}, which is none here", "the plate as it was read, for police to check")
    return replace(claim, plate=plate)


def _moves_the_cursor(character: str) -> bool:
    """Whether a terminal would do something else than show it: escapes, and what turns the direction of writing."""
    return (unicodedata.category(character) == "Cc" and character not in "\n\r\t") or unicodedata.bidirectional(character) in _TURNING


def refuse_evidence(evidence: Sequence[Evidence], claim: Claim, scheme: Scheme, received: Stamp) -> None:
    """ReportRefusedError where the files are too few, too short, too long, twice the same, or of another time."""
    photos, videos = [each for each in evidence if not each.is_video], [each for each in evidence if each.is_video]
    media, kind = scheme.media, scheme.offence[claim.offence].kind
    if len({each.sha256 for each in evidence}) < len(evidence) or len(evidence) > media.files_most_count:
        raise ReportRefusedError("report", f"{len(evidence)} files, or one of them twice", f"at most {media.files_most_count} different ones")
    for video in videos:
        if video.duration_s > media.video_most_s:
            raise ReportRefusedError("report", f"a video of {video.duration_s:.1f} s", f"at most {media.video_most_s:g} s")
    longest_s = max((video.duration_s for video in videos), default=0.0)
    if kind == VIOLATION and len(photos) < media.photos_least_count and longest_s < media.video_least_s:
        came = f"{len(photos)} photographs and {longest_s:.1f} s of video"
        raise ReportRefusedError("report", came, f"{media.photos_least_count} photographs or {media.video_least_s:g} s of video")
    if kind != VIOLATION and not evidence:
        raise ReportRefusedError("report", "no photograph and no video", "one of either")
    for each in evidence:
        if each.own_time_ns is None:
            continue
        apart_s = abs(each.own_time_ns - claim.happened.utc_ns) / NS_PER_S
        if apart_s > media.own_clock_s or received.utc_ns - each.own_time_ns > (scheme.window.of(kind) + media.own_clock_s) * NS_PER_S:
            raise ReportRefusedError("report", f"a file taken {apart_s / 60:.0f} min from the time that was told", f"at most {media.own_clock_s / 60:g} min")


def report_id(scheme: Scheme, claim: Claim, evidence: Iterable[Evidence]) -> str:
    """Equal content gives an equal id: a report sent again because its answer was lost is the same report."""
    facts = [scheme.id, _said(claim), sorted(each.sha256 for each in evidence)]
    return sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:24]


def intake(claim: Claim, evidence: Sequence[Evidence], adopted: Adopted, received: Stamp) -> tuple[str, tuple[Step, ...]]:
    """The report's id and first steps: received and, for an accident or a hazard, routed at once. ReportRefusedError for what is not taken."""
    scheme = adopted.scheme
    claim = refuse_claim(claim, scheme, received)
    refuse_evidence(evidence, claim, scheme, received)
    facts = {
        "scheme": scheme.id,
        "version": adopted.number,
        "kind": scheme.offence[claim.offence].kind,
        "claim": _said(claim),
        "statement": scheme.reporter.statement,
        "evidence": [_evidence_said(each) for each in evidence],
    }
    steps = [Step(0, "received", received, claim.reporter, facts)]
    if facts["kind"] != VIOLATION:
        route = scheme.route[scheme.offence[claim.offence].kind]
        where = {"offence": claim.offence, "text": claim.text, "deg": [claim.place.lat_deg, claim.place.lon_deg], "accuracy_m": claim.accuracy_m}
        steps.append(Step(1, "routed", received, f"{MACHINE}catseye report file", {"to": route.to, "address": route.address, "what": where}))
    return report_id(scheme, claim, evidence), tuple(steps)


# --- the fold ---


@dataclass(frozen=True, slots=True)
class ReviewOfReport:
    """What one person found, alone."""

    by: str
    finding: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report as its steps make it. `state` as above; `reviews_wanted_count` is 1, 2 when drawn by lot, 3 when the first two disagree."""

    id: str
    scheme: str
    version: int
    kind: str
    claim: Claim
    evidence: tuple[Evidence, ...]
    received: Stamp
    steps_count: int = 1
    state: str = "received"
    routed_to: tuple[str, ...] = ()
    delivered_to: tuple[str, ...] = ()
    triaged_by: str = ""
    accepted_by: str = ""
    of: str = ""
    reason: str = ""
    case: str = ""
    reviews: tuple[ReviewOfReport, ...] = ()
    reviews_wanted_count: int = 1
    outcome: str = ""
    reward_minor: int = 0
    approved_by: str = ""
    due_since: Stamp | None = None
    credit: str = ""
    paid_by: str = ""
    over_since: Stamp | None = None

    @property
    def finding(self) -> str:
        """What the reviews come to; empty while there are too few."""
        if len(self.reviews) < self.reviews_wanted_count:
            return ""
        upheld_count = sum(review.finding == UPHELD for review in self.reviews)
        return UPHELD if 2 * upheld_count > len(self.reviews) else NOT_UPHELD

    @property
    def is_valid(self) -> bool:
        """Whether people found that it is true."""
        return self.finding == UPHELD and self.state != "reversed"

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet if it is valid."""
        return self.state in ("received", "triaged", "accepted")

    @property
    def deciders(self) -> tuple[str, ...]:
        """Who said that it is true, or that money is due: none of them may pay."""
        return tuple(name for name in (self.accepted_by, self.approved_by, *(review.by for review in self.reviews)) if name)

    @property
    def undelivered_to(self) -> tuple[str, ...]:
        """Whom nobody has told yet, though they must be."""
        return tuple(to for to in self.routed_to if to not in self.delivered_to)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of it; a duplicate is over once its reporter was told, and may be taken up again.

        What is rejected or not upheld is over at once, told or not: what nobody tells would else be kept for ever.
        """
        is_nothing = self.state == "rejected" or (self.state in ("reviewed", "published") and self.finding == NOT_UPHELD)
        return is_nothing or self.state in ("credited", "paid", "lapsed", "reversed") or (self.state == "duplicate" and bool(self.outcome))

    @property
    def is_used(self) -> bool:
        """Whether people found it true, so that a case may rest on it."""
        return self.finding == UPHELD


_BY_THE_MACHINE = ("routed", "delivered", "lapsed")  # may be; all else is a person's word


def report_of(name: str, steps: Sequence[Step]) -> Report:
    """The report of these steps; ReportStateError where one does not follow."""
    if not steps or steps[0].kind != "received":
        raise ReportStateError(f"report {name}", "no such report", "the id of one that was received")
    first = steps[0].facts
    evidence = tuple(_evidence_of(each) for each in first["evidence"])
    report = Report(name, first["scheme"], first["version"], first["kind"], _claim_of(first["claim"]), evidence, steps[0].when)
    for step in steps[1:]:
        report = after(report, step)
    return report


def after(report: Report, step: Step) -> Report:
    """The report after one more step. ReportStateError when it may not follow, or not by this person."""
    if step.kind not in _MOVES:
        raise ReportStateError(f"report {report.id}", f"step {step.kind!r}", "one of " + ", ".join(_MOVES))
    states, move = _MOVES[step.kind]
    if report.state not in states:
        raise ReportStateError(f"report {report.id}", f"{step.kind} while it is {report.state}", f"a report that is {' or '.join(states)}")
    if step.kind not in _BY_THE_MACHINE:
        person(step.by, f"report {report.id}, {step.kind}")
    moved = replace(move(report, step), steps_count=report.steps_count + 1)
    return replace(moved, over_since=(report.over_since or step.when) if moved.is_over else None)


def _routed(report: Report, step: Step) -> Report:
    if report.kind == VIOLATION:
        raise ReportStateError(f"report {report.id}", "a violation to be routed", "police review")
    return replace(report, routed_to=(*report.routed_to, step.facts["to"]))


def _delivered(report: Report, step: Step) -> Report:
    if step.facts["to"] not in report.undelivered_to:
        raise ReportStateError(
            f"report {report.id}", f"delivered to {step.facts['to']!r}", "one of " + (", ".join(report.undelivered_to) or "nobody: all were told")
        )
    return replace(report, delivered_to=(*report.delivered_to, step.facts["to"]))


def _triaged(report: Report, step: Step) -> Report:
    return replace(report, state="triaged", triaged_by=step.by)


def _duplicate(report: Report, step: Step) -> Report:
    if step.facts["of"] in ("", report.id):
        raise ReportStateError(f"report {report.id}", f"a duplicate of {step.facts['of'] or 'nothing'}", "the id of an earlier report")
    return replace(report, state="duplicate", of=step.facts["of"])


def _reopened(report: Report, step: Step) -> Report:
    del step
    return replace(report, state="triaged", of="")


def _rejected(report: Report, step: Step) -> Report:
    if step.facts["reason"] not in REASONS:
        raise ReportStateError(f"report {report.id}", f"rejected for {step.facts['reason']!r}", "one of " + ", ".join(REASONS))
    return replace(report, state="rejected", reason=step.facts["reason"])


def _accepted(report: Report, step: Step) -> Report:
    return replace(report, state="accepted", accepted_by=step.by, case=step.facts.get("case", ""))


def _reviewed(report: Report, step: Step) -> Report:
    if step.facts["finding"] not in FINDINGS:
        raise ReportStateError(f"report {report.id}", f"found {step.facts['finding']!r}", "one of " + ", ".join(FINDINGS))
    if is_among(step.by, tuple(review.by for review in report.reviews)):
        raise ReportStateError(f"report {report.id}", f"a further review by {step.by}", "somebody who has not reviewed it")
    reviews = (*report.reviews, ReviewOfReport(step.by, step.facts["finding"], step.facts["why"]))
    wanted_count = (2 if step.facts["drawn"] else 1) if len(reviews) == 1 else report.reviews_wanted_count
    if len(reviews) == 2 and reviews[0].finding != reviews[1].finding:
        wanted_count = 3
    state = "reviewed" if len(reviews) == wanted_count else "accepted"
    return replace(report, reviews=reviews, reviews_wanted_count=wanted_count, state=state)


def _published(report: Report, step: Step) -> Report:
    state = "published" if report.state == "reviewed" else report.state
    return replace(report, state=state, outcome=step.facts["text"])


def _refuse_own(report: Report, step: Step) -> None:
    """Who found that a report is true does not also say that it gets money or credit."""
    if is_among(step.by, tuple(name for name in (report.triaged_by, report.accepted_by, *(review.by for review in report.reviews)) if name)):
        came = f"{step.by} would approve, and triaged, accepted or reviewed it"
        raise ReportStateError(f"report {report.id}", came, "somebody who had no hand in it before")


def _due(report: Report, step: Step) -> Report:
    _refuse_own(report, step)
    if not report.is_valid:
        raise ReportStateError(f"report {report.id}", "a reward for a report that was not upheld", "one that people found true")
    if step.facts["amount_minor"] <= 0:
        raise ReportStateError(f"report {report.id}", f"a reward of {step.facts['amount_minor']}", "more than 0, or credit")
    return replace(report, state="due", reward_minor=step.facts["amount_minor"], approved_by=step.by, due_since=step.when)


def _credited(report: Report, step: Step) -> Report:
    if report.state == "published" and not report.is_valid:
        raise ReportStateError(f"report {report.id}", "credit for a report that was not upheld", "one that people found true")
    if report.state == "published":  # a duplicate is credited by telling it: the first report says that it is true
        _refuse_own(report, step)
    return replace(report, state="credited", credit=step.facts["why"], approved_by=step.by)


def _paid(report: Report, step: Step) -> Report:
    if is_among(step.by, report.deciders):
        raise ReportStateError(f"report {report.id}", f"{step.by} would pay, and decided on it", "somebody who neither accepted, reviewed nor approved it")
    return replace(report, state="paid", paid_by=step.by)


def _lapsed(report: Report, step: Step) -> Report:
    del step
    return replace(report, state="lapsed")


def _reversed(report: Report, step: Step) -> Report:
    return replace(report, state="reversed", reason=step.facts["why"])


STATES = ("received", "triaged", "duplicate", "rejected", "accepted", "reviewed", "published", "due", "paid", "credited", "lapsed", "reversed")
_MOVES = {
    "delivered": (STATES, _delivered),
    "routed": (("received", "triaged", "accepted"), _routed),
    "triaged": (("received",), _triaged),
    "duplicate-of": (("triaged",), _duplicate),
    "reopened": (("duplicate",), _reopened),
    "rejected": (("triaged",), _rejected),
    "accepted": (("triaged",), _accepted),
    "reviewed": (("accepted",), _reviewed),
    "outcome-published": (("rejected", "duplicate", "reviewed"), _published),
    "reward-due": (("published",), _due),
    "credited": (("published", "duplicate"), _credited),
    "paid": (("due",), _paid),
    "lapsed": (("due",), _lapsed),
    "reversed": (("due", "paid"), _reversed),
}


def next_step(report: Report, kind: str, when: Stamp, by: str, facts: Mapping[str, Any] | None = None) -> Step:
    """The step that would be added; ReportStateError when it may not be, CaseError when `by` is no person."""
    name = by if kind in _BY_THE_MACHINE else person(by, f"report {report.id}, {kind}")
    step = Step(report.steps_count, kind, when, name, dict(facts or {}))
    after(report, step)
    return step


def shown(report: Report) -> Report:
    """The report as anybody may see it who could still review it: without findings, while one is wanted, and without a word of how many."""
    if report.state != "accepted":
        return report
    return replace(report, reviews=(), reviews_wanted_count=1)


def is_drawn(salt: bytes, name: str, share_ratio: float) -> bool:
    """Whether this report is reviewed again: by lot, but the same lot at every look; who has not the salt cannot foretell it."""
    lot = int.from_bytes(hmac.digest(salt, name.encode(), "sha256")[:8])
    return lot < share_ratio * 2**64


def media_name(name: str, evidence_sha256: str, part: str) -> str:
    """What the vault calls a file of a report; `part` is `original` (sealed) or `copy` (redacted)."""
    return f"report/{name}/{evidence_sha256[:16]}/{part}"


@dataclass(frozen=True, slots=True)
class ReportedViolation:
    """What a report offers for a case, once somebody accepted it: no word of who reported. `copies` are names of redacted copies in the vault."""

    report: str
    offence: str
    happened: Stamp
    place: GeoPoint
    accuracy_m: float
    plate: str
    copies: tuple[str, ...]


def reported_violation(report: Report) -> ReportedViolation:
    """ReportStateError for a report that is no violation, or that nobody accepted."""
    if report.kind != VIOLATION or not report.accepted_by:
        raise ReportStateError(f"report {report.id}", f"a {report.kind} that is {report.state}", "a violation that somebody accepted")
    copies = tuple(media_name(report.id, each.sha256, "copy") for each in report.evidence)
    claim = report.claim
    return ReportedViolation(report.id, claim.offence, claim.happened, claim.place, claim.accuracy_m, claim.plate, copies)


# --- what the reporter is told ---

_TOLD = {
    "received": "has been received",
    "rejected": "was looked at and cannot be used ({reason})",
    "duplicate": "was looked at; somebody had reported the same before",
    UPHELD: "was looked at and acted upon",
    NOT_UPHELD: "was looked at; no action is taken",
}
_WHY = {
    "outside-scheme": "it is outside of what this scheme takes",
    "unreadable": "what happened cannot be made out",
    "not-an-offence": "what is seen is allowed",
    "no-plate": "the plate cannot be made out",
    "wrong-time-or-place": "time or place do not fit",
    "own-conduct": "of how it was taken",
    "edited": "the files are not as they were taken",
    "false": "it is not true",
}


def outcome_text(report: Report, scheme: Scheme) -> str:
    """What the reporter is told: of fixed words and of what the scheme says alone. No plate, no name, no picture and nothing anybody wrote is in it."""
    found = report.state if report.state in ("rejected", "duplicate") else report.finding or "received"
    what = scheme.offence[report.claim.offence].title
    told = _TOLD[found].format(reason="because " + _WHY[report.reason] if report.reason in _WHY else "")
    return f"Your report of {what}, received on {report.received.iso()[:10]}, {told}. Thank you."


def acknowledgement(name: str, report_kind: str, scheme: Scheme) -> str:
    """What the reporter is told on receipt; of accidents and hazards, what to do now, first."""
    advice = f"{scheme.route[report_kind].advice} " if report_kind != VIOLATION else ""
    told = f" It goes to: {scheme.route[report_kind].to}." if report_kind != VIOLATION else ""
    return f"{advice}Your report is received under number {name}.{told} {scheme.reporter.promise}"


# --- to facts and back ---


def _said(claim: Claim) -> dict[str, Any]:
    own = {name: getattr(claim, name) for name in ("reporter", "offence", "accuracy_m", "text", "agrees", "is_of_age", "plate")}
    return own | {"happened": [claim.happened.utc_ns, claim.happened.doubt_ms], "deg": [claim.place.lat_deg, claim.place.lon_deg]}


def _claim_of(said: Mapping[str, Any]) -> Claim:
    own = {name: said[name] for name in ("reporter", "offence", "accuracy_m", "text", "agrees", "is_of_age", "plate")}
    return Claim(happened=Stamp(*said["happened"]), place=GeoPoint(*said["deg"]), **own)


def _evidence_said(evidence: Evidence) -> dict[str, Any]:
    return {name: getattr(evidence, name) for name in Evidence.__slots__} | {"look": list(evidence.look)}


def _evidence_of(said: Mapping[str, Any]) -> Evidence:
    return Evidence(**{**said, "look": tuple(said["look"])})
