"""`catseye fleet case`: a named person makes a case of a terminal's alarm."""

from pathlib import Path

from catseye.cases.jurisdiction import jurisdiction_named
from catseye.cases.people import person
from catseye.core.errors import SiteError
from catseye.core.time import Stamp
from catseye.station.fleet.alarm_cases import open_alarm_case
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.vaults import vault_of
from catseye.station.verbs.alarms import FLEET_RUN, alarm_named


def open_case_of_alarm(out: Path, alarm: str, by: str, reason: str, site_file: Path, jurisdiction: str | None, now: Stamp) -> RunOutcome:
    """Opened once, whoever asks again; what came since is added."""
    who = person(by, "fleet case")
    if not any(character.isalnum() for character in reason):
        raise SiteError("fleet case, --reason", f"'{reason}'", "why, in words")
    site = load_site(site_file)
    named = jurisdiction or (site.evidence.jurisdiction if site.evidence is not None else "")
    if not named:
        raise SiteError("fleet case", "nobody says whose law holds", "--jurisdiction, or [evidence] jurisdiction in the site file")
    law = jurisdiction_named(str(site.folder / named) if named.endswith(".toml") and jurisdiction is None else named)
    with vault_of(out, site_file, FLEET_RUN) as vault:
        event = vault.event(alarm_named(vault, alarm, "fleet case"))
        assert event is not None  # its id was found a moment ago
        case, notes = open_alarm_case(vault, event, site.id, law, who, reason, now)
    first = case.steps[0]
    is_new = first.when == now and first.by == who
    lines = [f"{case.id}: {'opened' if is_new else f'open already, by {first.by}'}, {len(case.media)} pictures, videos and records in it", *notes]
    if not case.opening.law.statute:
        lines.append(f"no law of {law.name} is known for {event.kind}: it can be looked at, never submitted")
    lines.append(f"look at it: catseye case show {out} {case.id}")
    summary = {"case": case.id, "alarm": event.id, "is_new": is_new, "media": [each.ref for each in case.media], "has_law": bool(case.opening.law.statute)}
    return RunOutcome(0, summary, lines)
