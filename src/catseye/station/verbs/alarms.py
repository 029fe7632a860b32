"""`catseye fleet alarms` and `fleet close`: how alarms of terminals stand, and who is done with one."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from catseye.cases.people import person
from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.fleet.correction.standing import ALARM_KINDS, OUTCOME_KINDS, Standing, standings
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of
from catseye.station.verbs.tables import lines_of_table
from catseye.vault.dossiers import Step
from catseye.vault.event_search import Wanted
from catseye.vault.vault import Vault

FLEET_RUN = "fleet"
DOSSIER, CLOSED = "alarm", "closed"
_SHOWN_COUNT = 50
_AHEAD_NS = 2 * NS_PER_MINUTE  # a terminal's clock may be so far ahead of ours, and its alarm later than what followed
_MOST_ALIKE_COUNT = 100


def list_alarms(out: Path, terminal: str | None = None, site: Path | None = None, *, everything: bool = False) -> RunOutcome:
    """The newest first, so many as a person reads; closed ones on demand. Only those are read, however many there are."""
    camera = None if terminal is None else source_of(terminal)
    is_open, known = Wanted(ALARM_KINDS, camera, no_dossier=DOSSIER), Wanted(ALARM_KINDS, camera)
    with vault_of(out, site, FLEET_RUN) as vault:
        all_count, open_count = vault.search.count(known), vault.search.count(is_open)
        shown = standings_of(vault, vault.search.newest(known if everything else is_open, _SHOWN_COUNT))
        closed = closings_of(vault, [each.id for each in shown]) if everything else {}
    rows = [_row(each, closed) for each in shown]
    lines = lines_of_table(["alarm", "terminal", "what", "level", "when", "since then"], rows, is_terminal=sys.stdout.isatty()) if rows else []
    listed_count, hidden_count = (all_count, 0) if everything else (open_count, all_count - open_count)
    more = f", the newest {_SHOWN_COUNT} above" if listed_count > _SHOWN_COUNT else ""
    lines.append(_count(listed_count) + more + (f"; {hidden_count} closed" if hidden_count else ""))
    return RunOutcome(0, {"alarms": [_said(each, closed) for each in shown], "alarms_count": listed_count, "closed_count": hidden_count}, lines)


def standings_of(vault: Vault, alarms: Sequence[Event]) -> list[Standing]:
    """How these alarms stand, the newest first; of what followed, only what their terminals did since is read."""
    first_ns: dict[str, int] = {}
    for each in alarms:
        first_ns[each.camera] = min(each.time_ns, first_ns.get(each.camera, each.time_ns))
    since = (Wanted(OUTCOME_KINDS, camera, since_ns=time_ns - _AHEAD_NS) for camera, time_ns in first_ns.items())
    return standings([*alarms, *(event for wanted in since for event in vault.search.in_order(wanted))])


def closings_of(vault: Vault, alarms: Sequence[str]) -> dict[str, Step]:
    """Who closed which of these, and why."""
    return {name: step for name in alarms for step in vault.dossiers.steps(DOSSIER, name) if step.kind == CLOSED}


def alarm_named(vault: Vault, name: str, where: str) -> str:
    """The id of the only alarm whose id begins so; SiteError."""
    found = vault.search.ids_beginning(name.lower(), ALARM_KINDS, _MOST_ALIKE_COUNT) if name else []
    if len(found) != 1:
        came = "nothing begins so" if not found else f"{len(found)}{' or more' if len(found) == _MOST_ALIKE_COUNT else ''} begin so"
        raise SiteError(where, f"'{name}': {came}", "an alarm of `catseye fleet alarms`, or enough of its beginning")
    return found[0]


def close_alarms(out: Path, names: Sequence[str], by: str, reason: str, now: Stamp, site: Path | None = None) -> RunOutcome:
    """A named person is done with these, for a reason; what was closed already stays as it is, and who closed it."""
    who, why = person(by, "fleet close"), " ".join(reason.split())
    if not any(character.isalnum() for character in why):
        raise SiteError("fleet close, --reason", f"'{reason}'", "why, in words")
    with vault_of(out, site, FLEET_RUN) as vault:
        chosen = list(dict.fromkeys(alarm_named(vault, name, "fleet close") for name in names))
        fresh = [name for name in chosen if not vault.dossiers.steps(DOSSIER, name)]
        for name in fresh:
            vault.dossiers.add(DOSSIER, name, [Step(0, CLOSED, now, who, {"why": why})])
    lines = [f"{_count(len(fresh))} closed" + (f", {len(chosen) - len(fresh)} closed before" if len(chosen) > len(fresh) else "")]
    return RunOutcome(0, {"closed": fresh, "closed_before": [name for name in chosen if name not in fresh]}, lines)


def _row(each: Standing, closed: Mapping[str, Step]) -> list[str]:
    step, when = closed.get(each.id), each.alarm.when
    since = [*each.steps, *([f"closed by {step.by}: {step.facts['why']}"] if step else [])]
    level = str(each.alarm.details.get("level") or "")
    return [each.id[:8], each.alarm.subjects[0], each.alarm.kind, level, when.iso() if when else "", ", ".join(since) or "nothing"]


def _said(each: Standing, closed: Mapping[str, Step]) -> dict[str, object]:
    step, alarm = closed.get(each.id), each.alarm
    followed = [{"kind": event.kind, "time_utc": event.when.iso() if event.when else None} for event in each.followed]
    by = {"by": step.by, "why": step.facts["why"], "time_utc": step.when.iso()} if step else None
    return {
        "id": each.id,
        "terminal": alarm.subjects[0],
        "kind": alarm.kind,
        "time_utc": alarm.when.iso() if alarm.when else None,
        "details": dict(alarm.details),
        "followed": followed,
        "closed": by,
    }


def _count(number: int) -> str:
    return f"{number} alarm{'' if number == 1 else 's'}"
