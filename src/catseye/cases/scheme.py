"""A scheme: under which rules citizens may report, and what a report is worth. All of it is data; its keys are in docs/reference/schemes.md.

A scheme is adopted into the vault as a dossier, whole, so that every report is judged by the rules of the day it came in.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catseye.core.errors import CatseyeError
from catseye.core.time import NS_PER_S, Stamp
from catseye.core.toml_tables import read_table
from catseye.vault.dossiers import Step

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

SCHEME = "scheme"  # the kind of its dossier
ADOPTED = "adopted"
VIOLATION, ACCIDENT, HAZARD = KINDS = ("violation", "accident", "hazard")
_DAYS = "{unused_days}"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


class SchemeError(CatseyeError):
    """A scheme that says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long after it happened a report may still come, by kind; 0: this kind is not taken. `clock_skew_s`: how far ahead the reporter's clock may be."""

    violation_s: int
    accident_s: int
    hazard_s: int
    clock_skew_s: int = 120

    def of(self, kind: str) -> int:
        """Seconds, of one of KINDS."""
        return {VIOLATION: self.violation_s, ACCIDENT: self.accident_s, HAZARD: self.hazard_s}[kind]

    def __post_init__(self) -> None:
        """Refuse times that run backwards."""
        if min(self.violation_s, self.accident_s, self.hazard_s, self.clock_skew_s) < 0:
            raise SchemeError("scheme, window", "a time below 0", "0 or more seconds")


@dataclass(frozen=True, slots=True)
class Media:
    """What must come with a report of a violation: so many photographs, or a video so long; with any other, one of either.

    `own_clock_s`: how far the time a photograph or video gives itself may be from the time that was told.
    """

    photos_least_count: int = 2
    video_least_s: float = 10.0
    video_most_s: float = 600.0
    files_most_count: int = 10
    file_most_bytes: int = 500_000_000
    own_clock_s: int = 600

    def __post_init__(self) -> None:
        """Refuse what nobody could fulfil."""
        if not 1 <= self.photos_least_count <= self.files_most_count or not 0 < self.video_least_s <= self.video_most_s or self.file_most_bytes < 1:
            raise SchemeError("scheme, media", str(self), "1 <= photos_least_count <= files_most_count, 0 < video_least_s <= video_most_s, file_most_bytes > 0")


@dataclass(frozen=True, slots=True)
class Reporter:
    """What a reporter declares: to be so old, and that what is told is true (`statement`, shown and agreed to word by word).

    `own_conduct` warns that reporters answer for how they drove and filmed; `retention` promises how long what is not used is kept. Both are shown before.
    `unused_days` is that promise as `catseye forget` keeps it, and what stands for {unused_days} in `retention`; None: the site's days of class `report`.
    """

    age_least_years: int
    statement: str
    own_conduct: str
    retention: str
    unused_days: int | None = None

    @property
    def promise(self) -> str:
        """`retention` as the reporter is told it."""
        return self.retention.replace(_DAYS, str(self.unused_days))

    def __post_init__(self) -> None:
        """Refuse a scheme that asks for no word, and a promise of days that nobody keeps."""
        if (self.unused_days is None and _DAYS in self.retention) or (self.unused_days or 0) < 0:
            raise SchemeError("scheme, reporter", f"retention {self.retention!r}, unused_days {self.unused_days}", f"unused_days of 0 or more for {_DAYS}")
        if not all(text.strip() for text in (self.statement, self.own_conduct, self.retention)) or not 0 <= self.age_least_years <= 120:
            raise SchemeError("scheme, reporter", str(self), "an age, a statement of truth, a warning and a promise")


@dataclass(frozen=True, slots=True)
class Money:
    """What is paid, in whole minor units: at most `month_most_minor` a reporter and calendar month of the scheme's time zone.

    What is due and not fetched for `lapse_days` goes back to the budget.
    """

    currency: str
    budget: str
    month_most_minor: int
    lapse_days: int = 90

    @property
    def account(self) -> str:
        """The ledger's name of the budget."""
        return f"budget/{self.budget}"

    def __post_init__(self) -> None:
        """Refuse what the ledger would refuse."""
        if not re.fullmatch(r"[A-Z]{3}", self.currency) or not _NAME.fullmatch(self.budget) or self.month_most_minor < 1 or self.lapse_days < 1:
            came = f"currency {self.currency!r}, budget {self.budget!r}, month_most_minor {self.month_most_minor}, lapse_days {self.lapse_days}"
            raise SchemeError("scheme, money", came, "three capital letters, a name of a-z, 0-9 and -, and numbers above 0")


@dataclass(frozen=True, slots=True)
class Offence:
    """A class of violation that may be reported, or a kind of accident or hazard; `reward_minor` for the first valid report."""

    title: str
    kind: str = VIOLATION
    reward_minor: int = 0

    def __post_init__(self) -> None:
        """Refuse a kind nobody knows, and a reward below nothing."""
        if self.kind not in KINDS or self.reward_minor < 0 or not self.title.strip():
            raise SchemeError("scheme, offence", f"kind {self.kind!r}, reward_minor {self.reward_minor}", f"a title, one of {', '.join(KINDS)}, 0 or more")


@dataclass(frozen=True, slots=True)
class Route:
    """Who is told at once of an accident or a hazard, and where; `advice` is what the reporter is told to do before anything else."""

    to: str
    address: str
    advice: str

    def __post_init__(self) -> None:
        """Refuse a route to nobody."""
        if not self.to.strip() or not self.address.strip():
            raise SchemeError("scheme, route", f"to {self.to!r}, address {self.address!r}", "whom and where")


@dataclass(frozen=True, slots=True)
class Sameness:
    """When two reports are of one occurrence: same plate and offence (or same kind, without a plate), this near in time and place; or media that look alike."""

    time_s: int = 600
    distance_m: float = 200.0
    media_bits_count: int = 8

    def __post_init__(self) -> None:
        """Refuse distances below nothing, and pictures that are all alike."""
        if self.time_s < 0 or self.distance_m < 0 or not 0 <= self.media_bits_count <= 20:
            raise SchemeError("scheme, duplicates", str(self), "0 or more seconds and metres, 0 to 20 of 64 bits")


@dataclass(frozen=True, slots=True)
class Review:
    """`again_ratio` of the reviews, drawn by lot, are done again by somebody who does not see the first."""

    again_ratio: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0.0 <= self.again_ratio <= 1.0:
            raise SchemeError("scheme, review", f"again_ratio {self.again_ratio}", "0 to 1")


@dataclass(frozen=True, slots=True)
class Scheme:
    """The rules of one authority. `plates` are patterns a plate typed by a reporter must match, in capitals without spaces; `sources` say where rules are from.

    `offence` and `route` are keyed by id and by kind; `elsewhere` says of what is not taken where it goes. Without `money` nothing is paid, and every valid
    report is credited.
    """

    id: str
    name: str
    timezone: str
    sources: tuple[str, ...]
    plates: tuple[str, ...]
    window: Window
    reporter: Reporter
    offence: dict[str, Offence]
    route: dict[str, Route]
    elsewhere: dict[str, str] = field(default_factory=dict)
    money: Money | None = None
    media: Media = field(default_factory=Media)
    duplicates: Sameness = field(default_factory=Sameness)
    review: Review = field(default_factory=Review)

    def __post_init__(self) -> None:
        """Refuse a scheme with a hole: a kind that is taken and goes nowhere, a reward nobody can pay."""
        where = f"scheme {self.id}"
        if not _NAME.fullmatch(self.id) or not self.offence:
            raise SchemeError(where, f"id {self.id!r}, {len(self.offence)} offences", "an id of a-z, 0-9 and -, and at least one offence")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SchemeError(where, f"timezone {self.timezone!r}", "a name of the IANA database, as in Asia/Ho_Chi_Minh") from error
        for pattern in self.plates:
            try:
                re.compile(pattern)
            except re.error as error:
                raise SchemeError(where, f"plates {pattern!r}: {error}", "a regular expression") from error
        for name in self.route:
            if name not in (ACCIDENT, HAZARD):
                raise SchemeError(where, f"a route for {name!r}", "accident or hazard: violations go to police review")
        for name, offence in self.offence.items():
            if self.window.of(offence.kind) == 0:
                raise SchemeError(where, f"offence {name} is of kind {offence.kind}, which is not taken (window 0)", f"window.{offence.kind}_s above 0")
            if offence.kind != VIOLATION and offence.kind not in self.route:
                raise SchemeError(where, f"offence {name}: nobody is told of a {offence.kind}", f"[route.{offence.kind}]")
            if offence.kind == VIOLATION and not self.plates:
                raise SchemeError(where, f"offence {name} needs a plate", "plates = […]")
            if offence.reward_minor and self.money is None:
                raise SchemeError(where, f"offence {name} has a reward", "[money], or no reward")
            if self.money and offence.reward_minor > self.money.month_most_minor:
                raise SchemeError(where, f"offence {name}: reward {offence.reward_minor}", f"at most month_most_minor, {self.money.month_most_minor}")

    def plate(self, typed: str) -> str | None:
        """What was typed, in capitals and without spaces, points and hyphens, where that is a plate here; else None."""
        plain = re.sub(r"[\s.·•-]", "", typed).upper()
        return plain if len(plain) <= 16 and any(re.fullmatch(pattern, plain) for pattern in self.plates) else None

    def month(self, when: Stamp) -> str:
        """The calendar month of the scheme's time zone, as in 2026-09: what a monthly cap counts in."""
        return f"{datetime.fromtimestamp(when.utc_ns // NS_PER_S, ZoneInfo(self.timezone)):%Y-%m}"


@dataclass(frozen=True, slots=True)
class Adopted:
    """A scheme as it is in force: `number` counts its versions from 0."""

    scheme: Scheme
    number: int


def read_scheme(text: str, shown: str) -> Scheme:
    """A scheme of TOML text; SchemeError, naming `shown`."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(shown, f"no TOML: {error}", "a scheme, see docs/reference/schemes.md") from error
    return read_table(Scheme, given, shown, SchemeError)


def example_schemes() -> Mapping[str, str]:
    """The schemes that come with catseye, as TOML text by id."""
    folder = resources.files("catseye.cases").joinpath("schemes")
    return {place.name.removesuffix(".toml"): place.read_text("utf-8") for place in folder.iterdir() if place.name.endswith(".toml")}


def adopt(vault: "Vault", text: str, shown: str, when: Stamp, by: str) -> Adopted:
    """Put a scheme in force from now on; the same text again changes nothing."""
    scheme = read_scheme(text, shown)
    steps = vault.dossiers.steps(SCHEME, scheme.id)
    if steps and steps[-1].facts["toml"] == text:
        return Adopted(scheme, steps[-1].number)
    fresh = Step(len(steps), ADOPTED, when, by, {"toml": text, "sha256": sha256(text.encode()).hexdigest()})
    vault.dossiers.add(SCHEME, scheme.id, [fresh])
    return Adopted(scheme, fresh.number)


def scheme_in_force(vault: "Vault", name: str, number: int | None = None) -> Adopted:
    """The scheme of this id as it is now, or its version `number`; SchemeError when there is none."""
    steps = vault.dossiers.steps(SCHEME, name)
    if not steps or (number is not None and number >= len(steps)):
        raise SchemeError(f"scheme {name}", "not adopted here" if number is None else f"no version {number}", "`catseye report scheme FILE` first")
    step = steps[-1 if number is None else number]
    return Adopted(read_scheme(step.facts["toml"], f"scheme {name}, version {step.number}"), step.number)
