"""The facts of a case as a package tells them: each a frozen value, its JSON file, and back. Any other bytes are a ValueError.

Moments are written in ISO 8601, UTC, milliseconds: a person reads them, and no reader of JSON rounds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from catseye.cases.package import plain
from catseye.core.time import Stamp

MEDIA_SIGNING = ("unsigned", "present, not verified")  # what this house may say of a camera's own signature: it never vouches for one
CONFIRMED, DISMISSED = "confirmed", "dismissed"
MACHINE = "machine"
BEGIN = "0" * 64

_CASE, _CALIBRATION, _DEVICE, _REVIEW = "catseye-case-1", "catseye-calibration-validity-1", "catseye-device-1", "catseye-review-1"
_LEGAL_BASIS, _APPEAL = "catseye-legal-basis-1", "catseye-appeal-1"


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What happened where and when, and what law it may have broken. `event` is the event's id; `clock` names who told the time.

    `clock_offset_ms` is how far that clock was found off, `when.doubt_ms` how well it is known.
    """

    case: str
    event: str
    site: str
    camera: str
    when: Stamp
    offence: str
    statute: str
    jurisdiction: str
    clock: str
    clock_offset_ms: float = 0.0
    lane: str | None = None

    def __bytes__(self) -> bytes:
        """`data/case.json`."""
        return _bytes(self, _CASE) if not self.when.doubt_ms else plain.canonical({**_said(self, _CASE), "when_doubt_ms": self.when.doubt_ms})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _CASE)
        names = ("case", "event", "site", "camera", "offence", "statute", "jurisdiction", "clock")
        doubt_ms = plain.number(said, "when_doubt_ms") if "when_doubt_ms" in said else 0.0
        when = Stamp(plain.moment(said, "when").utc_ns, doubt_ms)
        offset_ms = plain.number(said, "clock_offset_ms")
        return cls(**{name: plain.text(said, name) for name in names}, when=when, clock_offset_ms=offset_ms, lane=plain.optional_text(said, "lane"))


@dataclass(frozen=True, slots=True)
class CalibrationFacts:
    """From when until when a camera's calibration holds, who says so and how; `certificate` is the calibration itself (catseye-calibration/1).

    `moved` tells what was found when it was looked whether the camera still stood as calibrated at the time.
    """

    camera: str
    issuer: str
    method: str
    since: Stamp
    until: Stamp
    moved: str
    certificate: Mapping[str, Any] | None = None

    def __bytes__(self) -> bytes:
        """`data/calibration/certificate.json`."""
        return _bytes(self, _CALIBRATION)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _CALIBRATION)
        words = {name: plain.text(said, name) for name in ("camera", "issuer", "method", "moved")}
        return cls(**words, since=plain.moment(said, "since"), until=plain.moment(said, "until"), certificate=plain.optional_object(said, "certificate"))

    def holds_at(self, when: Stamp) -> bool:
        """Whether it held at that moment."""
        return self.since.utc_ns <= when.utc_ns <= self.until.utc_ns


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """The camera as a device at the time: firmware, what its security check found, and whether it signs its video (`MEDIA_SIGNING`)."""

    camera: str
    firmware: str
    posture: str
    media_signing: str

    def __post_init__(self) -> None:
        """Refuse a claim this house cannot make."""
        if self.media_signing not in MEDIA_SIGNING:
            raise ValueError(f"media_signing {self.media_signing!r}; wanted {' or '.join(MEDIA_SIGNING)}")

    def __bytes__(self) -> bytes:
        """`data/device/device.json`."""
        return _bytes(self, _DEVICE)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _DEVICE)
        return cls(**{name: plain.text(said, name) for name in ("camera", "firmware", "posture", "media_signing")})


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided, and why. `role` is never `machine`."""

    who: str
    role: str
    decision: str
    reason: str
    when: Stamp

    def __post_init__(self) -> None:
        """Refuse a decision nobody made, or without a reason."""
        if self.decision not in (CONFIRMED, DISMISSED):
            raise ValueError(f"decision {self.decision!r}; wanted {CONFIRMED} or {DISMISSED}")
        if not (self.who.strip() and self.reason.strip()) or self.role.strip() in ("", MACHINE):
            raise ValueError(f"a decision by {self.who!r} ({self.role!r}), reason {self.reason!r}; wanted a person and a reason")


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What people decided, in order; what a machine suggested stands apart. `submitted`: when the case left the house; None while it has not."""

    decisions: tuple[Decision, ...]
    suggestion: Mapping[str, Any] | None = None
    submitted: Stamp | None = None

    def __bytes__(self) -> bytes:
        """`data/review.json`."""
        return _bytes(self, _REVIEW)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _REVIEW)
        words = ("who", "role", "decision", "reason")
        rows = plain.objects(said, "decisions")
        decisions = tuple(Decision(**{name: plain.text(row, name) for name in words}, when=plain.moment(row, "when")) for row in rows)
        return cls(decisions, plain.optional_object(said, "suggestion"), plain.optional_moment(said, "submitted"))


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """Under which licences and for what purpose this is kept, how long, and whether two people have to confirm."""

    licences: tuple[str, ...]
    purpose: str
    retention_class: str
    delete_after: str
    two_people: bool

    def __bytes__(self) -> bytes:
        """`data/legal_basis.json`."""
        return _bytes(self, _LEGAL_BASIS)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _LEGAL_BASIS)
        words = {name: plain.text(said, name) for name in ("purpose", "retention_class", "delete_after")}
        return cls(licences=plain.texts(said, "licences"), **words, two_people=plain.yes_or_no(said, "two_people"))


@dataclass(frozen=True, slots=True)
class AppealFacts:
    """Where an appeal stands: `state` is the case's own word; `reviewer` heard it, `evidence_shown` are the files the appellant saw."""

    state: str
    deadline: Stamp | None = None
    reviewer: str | None = None
    evidence_shown: tuple[str, ...] = ()

    def __bytes__(self) -> bytes:
        """`data/appeal.json`."""
        return _bytes(self, _APPEAL)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave."""
        said = _of_kind(data, _APPEAL)
        shown = plain.texts(said, "evidence_shown")
        return cls(plain.text(said, "state"), plain.optional_moment(said, "deadline"), plain.optional_text(said, "reviewer"), shown)


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One opening, export, look or edit: who did what, in which role, what for, under which licence, when, and why."""

    who: str
    role: str
    action: str
    purpose: str
    licence: str
    when: Stamp
    why: str


def custody_bytes(lines: Sequence[CustodyLine]) -> bytes:
    """`data/custody.jsonl`: every line carries the hash of the line before it."""
    before, written = BEGIN, []
    for line in lines:
        written.append(plain.canonical({**_plain(line), "before": before}))
        before = sha256(written[-1]).hexdigest()
    return b"".join(line + b"\n" for line in written)


def custody_lines(data: bytes) -> list[CustodyLine]:
    """The lines of a chain; ValueError, with the number of the line, where it is broken."""
    found: list[CustodyLine] = []
    before = BEGIN
    if data and not data.endswith(b"\n"):
        raise ValueError("its last line is cut")
    for index, row in enumerate(data.split(b"\n")[:-1], 1):
        try:
            found.append(_custody_line(row, before, found[-1].when if found else None))
        except ValueError as error:
            raise ValueError(f"line {index}: {error}") from None
        before = sha256(row).hexdigest()
    return found


def _custody_line(row: bytes, before: str, last: Stamp | None) -> CustodyLine:
    said = plain.canonical_object(row)
    words = {name: plain.text(said, name) for name in ("who", "role", "action", "purpose", "licence", "why")}
    line = CustodyLine(**words, when=plain.moment(said, "when"))
    if said.get("before") != before:
        raise ValueError("the line before it is not the one it was linked to")
    if last is not None and line.when.utc_ns < last.utc_ns:
        raise ValueError("earlier than the line before it")
    return line


@dataclass(frozen=True, slots=True)
class Original:
    """A sealed original: facts of what is inside, told before it was sealed. `packets` is the path of its packet list (video); `recipients` can open it."""

    camera: str
    media_type: str
    sha256: str
    size_bytes: int
    sealed_sha256: str
    recipients: tuple[str, ...]
    packets: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A redacted copy or still everybody may see: of which camera, and the SHA-256 of the original it was made of."""

    camera: str
    media_type: str
    derived_from: str


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The event as its line in events.jsonl says it, in so far as a package is checked against it."""

    event: str
    kind: str
    camera: str
    when: Stamp | None
    units: tuple[str, ...]
    is_on_ground: bool
    said: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """`data/measurement/event.json`."""
        said = plain.json_object(data)
        units = tuple(plain.text(measure, "unit") for measure in plain.objects(said, "measures"))
        words = (plain.text(said, "id"), plain.text(said, "kind"), plain.text(said, "camera"))
        return cls(*words, plain.optional_moment(said, "time_utc"), units, said.get("ground_m") is not None, said)

    @property
    def needs_calibration(self) -> bool:
        """Whether anything it says is in metres: that stands only while a calibration holds."""
        return self.is_on_ground or any(unit in _OF_GROUND for unit in self.units)


_OF_GROUND = frozenset({"m", "km/h", "m/s", "m/s²", "m/s2"})


def _of_kind(data: bytes, kind: str) -> dict[str, Any]:
    said = plain.canonical_object(data)
    plain.refuse_kind(said, kind)
    return said


def _bytes(facts: Any, kind: str) -> bytes:
    return plain.canonical(_said(facts, kind))


def _said(facts: Any, kind: str) -> dict[str, Any]:
    return {**_plain(facts), "kind": kind}


def _plain(value: Any) -> Any:
    """Values as JSON has them; a moment as its ISO text."""
    if isinstance(value, Stamp):
        return value.iso()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if hasattr(value, "__slots__") and hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
