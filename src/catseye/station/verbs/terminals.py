"""`catseye fleet enrol, renew, revoke, terminals, history, driver`: who may report, and what only a grant opens."""

import csv
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catseye.cases.people import person
from catseye.core.errors import SiteError
from catseye.core.grant import Grant
from catseye.core.terminal import Accepted, Enrolment, identity_of
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.fleet.errors import WireError
from catseye.fleet.fix import Fix
from catseye.fleet.message import Body
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import made_vault, vault_of
from catseye.station.verbs.tables import lines_of_table

LOOK_NS = 15 * NS_PER_MINUTE  # of a grant on the command line
LOCATION, LOCATION_ANSWER, LOCATION_BATCH = 0x0200, 0x0201, 0x0704
_COLUMNS = ("phone", "plate", "plate_colour")


def enrol(out: Path, wanted: list[Enrolment], by: str, site: Path | None) -> RunOutcome:
    """Let terminals report; what is enrolled so already stays as it is."""
    by = person(by, "enrolment of terminals")
    with made_vault(out, site) as vault:
        before = vault.terminals.revision()
        kept = vault.terminals.enrol_all(wanted, by=by)
        changed_count = vault.terminals.revision() - before
    told = [_told(each) for each in kept]
    shown = [f"{each.identity} may report, in {each.plate}" for each in kept] if len(kept) <= 10 else [f"{len(kept)} terminals may report"]
    return RunOutcome(0, {"terminals": told, "changed": changed_count}, [*shown, f"{changed_count} changed"])


def wanted_one(phone: str, plate: str, colour: int, language: str, now: Stamp) -> list[Enrolment]:
    """The terminal that options name; SiteError for a number that is none."""
    return [Enrolment(_identity(phone, "PHONE"), plate, colour, now, language=language)]


def wanted_in(path: Path, language: str, now: Stamp) -> list[Enrolment]:
    """Terminals of a CSV with the columns phone, plate, plate_colour and, where it has one, language. SiteError says the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SiteError(f"--list {path}", str(error), "a CSV file in UTF-8") from error
    found = []
    for number, row in enumerate(rows, 2):
        where = f"{path}, line {number}"
        if missing := [name for name in _COLUMNS if not (row.get(name) or "").strip()]:
            raise SiteError(where, f"no {missing[0]}", f"the columns {', '.join(_COLUMNS)}")
        if not row["plate_colour"].strip().isdecimal():
            raise SiteError(where, f"plate_colour {row['plate_colour']!r}", "a number, as in 0x0100")
        found.append(Enrolment(_identity(row["phone"], where), row["plate"], int(row["plate_colour"]), now, language=row.get("language") or language))
    if not found:
        raise SiteError(f"--list {path}", "no rows", "a terminal a line")
    return found


def renew(out: Path, phone: str, by: str, reason: str, site: Path | None) -> RunOutcome:
    """Its next registration may replace a token it has used."""
    identity = _identity(phone, "PHONE")
    with vault_of(out, site) as vault:
        vault.terminals.allow_again(identity, _now(), person(by, f"terminal {identity}"), reason)
    return RunOutcome(0, {"identity": identity}, [f"{identity} may register anew, once"])


def revoke(out: Path, phone: str, by: str, reason: str, site: Path | None) -> RunOutcome:
    """It may report no more."""
    identity = _identity(phone, "PHONE")
    with vault_of(out, site) as vault:
        vault.terminals.revoke(identity, _now(), person(by, f"terminal {identity}"), reason)
    return RunOutcome(0, {"identity": identity}, [f"{identity} may report no more; a gateway that runs sees that within seconds"])


def terminals(out: Path, site: Path | None, *, is_terminal: bool) -> RunOutcome:
    """Who may report, and whose right was taken."""
    with vault_of(out, site) as vault:
        told = [_told(each) for each in vault.terminals.enrolments()]
    headers = ["terminal", "plate", "enrolled", "confirmed", "revoked", "version", "dialect"]
    rows = [
        [
            each["identity"],
            each["plate"],
            each["enrolled_utc"],
            "yes" if each["is_confirmed"] else "no",
            each["revoked_utc"] or "",
            each["version"],
            each["dialect"],
        ]
        for each in told
    ]
    lines = lines_of_table(headers, rows, is_terminal=is_terminal) if rows else ["no terminal may report: `catseye fleet enrol`"]
    return RunOutcome(0, {"terminals": told}, lines)


def history(out: Path, phone: str, since: Stamp, until: Stamp, who: str, purpose: str, why: str, site: Path | None, *, as_geojson: bool) -> RunOutcome:
    """Where a vehicle was; the look is logged before the first place is read. Exit 1 when some reports told no place that can be read."""
    identity, now = _identity(phone, "PHONE"), _now()
    if until.utc_ns <= since.utc_ns:
        raise SiteError("--until", until.iso(), f"a moment after {since.iso()}")
    grant = Grant(person(who, "--who"), purpose, now.plus_ns(LOOK_NS))
    places: list[dict[str, Any]] = []
    unread_count = 0
    with vault_of(out, site) as vault:
        for record in vault.journal.history(identity, since, until, grant, now, why):
            try:
                places += [_place(Fix.of(values), record) for values in _locations(record)]
            except WireError:
                unread_count += 1
    if as_geojson:
        summary: dict[str, Any] = {"type": "FeatureCollection", "features": [_feature(each) for each in places]}
    else:
        summary = {"identity": identity, "places": places, "unread": unread_count}
    lines = [f"{each['time_utc']}  {each['lat_deg']:.6f} {each['lon_deg']:.6f}  {each['speed_kmh']:g} km/h  {each['heading_deg']:g} deg" for each in places]
    lines += [f"{unread_count} reports told no place that can be read"] if unread_count else []
    return RunOutcome(1 if unread_count else 0, summary, lines or ["nothing is kept of that time"])


def driver(out: Path, pseudonym: str, who: str, purpose: str, why: str, site: Path | None) -> RunOutcome:
    """Who drove; the look is logged before it is known."""
    now = _now()
    with vault_of(out, site) as vault:
        found = vault.drivers.open(pseudonym, Grant(person(who, "--who"), purpose, now.plus_ns(LOOK_NS)), now, why)
    told = {
        "pseudonym": pseudonym,
        "name": found.name,
        "certificate": found.certificate,
        "organisation": found.organisation,
        "expiry": found.expiry,
    }
    return RunOutcome(0, told, [f"{name}: {value}" for name, value in told.items()])


def _locations(record: Accepted) -> Iterator[Mapping[str, Any]]:
    """What a message says of places; nothing for one of another kind, whose words stay where they are."""
    if record.msg_id not in (LOCATION, LOCATION_ANSWER, LOCATION_BATCH):
        return
    values = Body.parse(record.msg_id, record.version, record.body).values
    if record.msg_id == LOCATION_BATCH:
        yield from values["list"]
    else:
        yield values["location"] if record.msg_id == LOCATION_ANSWER else values


def _place(fix: Fix, record: Accepted) -> dict[str, Any]:
    return {
        "time_utc": fix.when.iso(),
        "received_utc": record.received.iso(),
        "lat_deg": fix.place.lat_deg,
        "lon_deg": fix.place.lon_deg,
        "speed_kmh": fix.speed_kmh,
        "heading_deg": fix.heading_deg,
        "is_fixed": fix.is_fixed,
    }


def _feature(place: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in place.items() if name not in ("lat_deg", "lon_deg")}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [place["lon_deg"], place["lat_deg"]]}, "properties": properties}


def _told(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "identity": enrolment.identity,
        "plate": enrolment.plate,
        "plate_colour": enrolment.plate_colour,
        "language": enrolment.language,
        "enrolled_utc": enrolment.enrolled.iso(),
        "is_registered": bool(enrolment.token_sha256),
        "is_confirmed": enrolment.is_confirmed,
        "revoked_utc": enrolment.revoked.iso() if enrolment.revoked else None,
        "version": enrolment.version,
        "dialect": enrolment.dialect,
    }


def _identity(phone: str, where: str) -> str:
    said = phone.strip()
    if not 1 <= len(said) <= 20 or any(letter not in "0123456789abcdefABCDEF" for letter in said):
        raise SiteError(where, repr(phone), "the number in the terminal's header, at most 20 digits")
    return identity_of(said)


def _now() -> Stamp:
    return Stamp(time.time_ns())
