"""The law of a place as data: terms, statutes, where two people must look. One TOML file each; docs/reference/jurisdictions.md has every key."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from catseye.cases.errors import CaseError
from catseye.cases.opening import CalibrationReference, Law
from catseye.cases.terms import Term, Unit
from catseye.core.event import Event
from catseye.core.time import Stamp

_LARGEST_BYTES = 1 << 20
_Words = Annotated[str, Field(pattern=r"\S")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TermTable(_Table):
    """`[submit]`, `[appeal]`, and `submit` of an offence."""

    within: Annotated[int, Field(gt=0, le=3660)]
    unit: Unit
    source: _Words
    holidays: list[str] = []

    def as_term(self) -> Term:
        """The noun; ValueError for a holiday that is no date."""
        return Term(self.within, self.unit, self.source, tuple(self.holidays))


class ReviewersTable(_Table):
    """`[reviewers]`: how many people confirm, and the kinds of event for which two do."""

    least_count: Literal[1, 2] = 1
    two_people_for: list[str] = []
    source: _Words


class OffenceTable(_Table):
    """`[offence.KIND]`: what the law calls a kind of event."""

    name: _Words
    statute: _Words
    source: _Words
    submit: TermTable | None = None


class JurisdictionTable(_Table):
    """The whole file."""

    format: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: _Words
    timezone: str
    notes: list[str] = []
    reviewers: ReviewersTable
    submit: TermTable
    appeal: TermTable
    calibration: TermTable
    offence: dict[str, OffenceTable]

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            raise ValueError(f"no timezone {timezone!r}, as in 'Europe/London'") from None
        return timezone


@dataclass(frozen=True, slots=True)
class Offence:
    """What a kind of event is called by the law; `submit` where its term is its own."""

    name: str
    statute: str
    source: str
    submit: Term | None = None


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A valid file. `sha256` is of its bytes: every case names the very text that held for it. `calibration`: how long a certificate holds."""

    id: str
    name: str
    timezone: str
    sha256: str
    reviewers_least_count: Literal[1, 2]
    two_people_for: tuple[str, ...]
    reviewers_source: str
    submit: Term
    appeal: Term
    calibration: Term
    offences: Mapping[str, Offence]
    notes: tuple[str, ...] = ()

    def certificate(self, sha256: str, issuer: str, method: str, made_on: str) -> CalibrationReference:
        """A calibration certificate of that ISO date, and from when to when it holds here; CaseError for a day that is none."""
        try:
            begin = Stamp.from_datetime(datetime.combine(date.fromisoformat(made_on), time(), ZoneInfo(self.timezone)))
            return CalibrationReference(sha256, issuer, method, made_on, begin, self.calibration.end_after(begin, self.timezone))
        except ValueError:
            raise CaseError("calibration certificate", f"made on {made_on!r}", "an ISO date, as in 2026-03-02") from None

    def law_for(self, event: Event) -> Law:
        """What holds for one event, to be copied into its case."""
        offence = self.offences.get(event.kind, Offence("", "", ""))
        submit = offence.submit or self.submit
        return Law(
            jurisdiction=self.id,
            name=self.name,
            timezone=self.timezone,
            sha256=self.sha256,
            offence=offence.name or event.kind,
            statute=offence.statute,
            statute_source=offence.source,
            reviewers_count=2 if event.kind in self.two_people_for else self.reviewers_least_count,
            reviewers_source=self.reviewers_source,
            submit=submit,
            appeal=self.appeal,
            submit_by=None if event.when is None else submit.end_after(event.when, self.timezone),
            notes=self.notes,
        )


def known_jurisdictions() -> tuple[str, ...]:
    """The examples that come with catseye."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _shipped().iterdir() if file.name.endswith(".toml")))


def jurisdiction_named(name: str) -> Jurisdiction:
    """One that comes with catseye, by its id, or a file by its path (ending in `.toml`); CaseError with file and key."""
    if not name.endswith(".toml"):
        if name not in known_jurisdictions():
            raise CaseError("jurisdiction", repr(name), f"one of {', '.join(known_jurisdictions())}, or a file that ends in .toml")
        return jurisdiction_of((_shipped() / f"{name}.toml").read_bytes(), name)
    try:
        with Path(name).open("rb") as file:
            return jurisdiction_of(file.read(_LARGEST_BYTES + 1), name)
    except OSError as fault:
        raise CaseError(name, (fault.strerror or str(fault)).lower(), "a jurisdiction's file, see docs/reference/jurisdictions.md") from None


def jurisdiction_of(text: bytes, name: str) -> Jurisdiction:
    """Read a file's bytes; CaseError with the key that cannot be meant."""
    if len(text) > _LARGEST_BYTES:
        raise CaseError(name, f"more than {_LARGEST_BYTES >> 20} MiB", "a jurisdiction's file")
    try:
        table = JurisdictionTable.model_validate(tomllib.loads(text.decode()))
        offences = {kind: Offence(o.name, o.statute, o.source, o.submit.as_term() if o.submit else None) for kind, o in table.offence.items()}
        terms = (table.submit.as_term(), table.appeal.as_term(), table.calibration.as_term())
    except ValidationError as fault:
        first = fault.errors()[0]
        raise CaseError(name, f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}", "see docs/reference/jurisdictions.md") from None
    except ValueError as fault:  # tomllib, bytes that are no text, a holiday that is no date
        raise CaseError(name, " ".join(str(fault).split()), "a TOML file, see docs/reference/jurisdictions.md") from None
    r = table.reviewers
    digest = hashlib.sha256(text).hexdigest()
    who = (r.least_count, tuple(r.two_people_for), r.source)
    return Jurisdiction(table.id, table.name, table.timezone, digest, *who, *terms, offences, tuple(table.notes))


def _shipped() -> "resources.abc.Traversable":
    return resources.files("catseye.cases") / "jurisdictions"
