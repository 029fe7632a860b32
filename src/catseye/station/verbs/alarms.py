"""`catseye fleet alarms` and `fleet close`: how alarms of terminals stand, and who is done with one."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from catseye.cases.people import person
from catseye.core.errors import SiteError
from catseye.core.terminal import told_openly
from catseye.core.time import Stamp
from catseye.fleet.correction.standing import Standing, standings
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of
from catseye.station.verbs.tables import lines_of_table
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault

FLEET_RUN = "fleet"
DOSSIER, CLOSED = "alarm", "closed"
_SHOWN_COUNT = 50


def list_alarms(out: Path, terminal: str | None = None, site: Path | None = None, *, everything: bool = False) -> RunOutcome:
    """The newest first; closed ones on demand."""
    with vault_of(out, site, FLEET_RUN) as vault:
        found = [each for each in standings(vault.events()) if terminal is None or terminal in each.alarm.subjects]
        closed = _closed(vault)
    shown = [each for each in found if everything or each.id not in closed]
    rows = [_row(each, closed) for each in shown[:_SHOWN_COUNT]]
    lines = lines_of_table(["alarm", "terminal", "what", "level", "when", "since then"], rows, is_terminal=sys.stdout.isatty()) if rows else []
    hidden = len(found) - len(shown)
    lines.append(_count(len(shown)) + (f", the newest {_SHOWN_COUNT} above" if len(shown) > _SHOWN_COUNT else "") + (f"; {hidden} closed" if hidden else ""))
    return RunOutcome(0, {"alarms": [_said(each, closed) for each in shown], "closed_count": hidden}, lines)


def close_alarms(out: Path, names: Sequence[str], by: str, reason: str, now: Stamp, site: Path | None = None) -> RunOutcome:
    """A named person is done with these, for a reason; what was closed already stays as it is, and who closed it."""
    who, why = person(by, "fleet close"), " ".join(reason.split())
    if not any(character.isalnum() for character in why):
        raise SiteError("fleet close, --reason", f"'{reason}'", "why, in words")
    with vault_of(out, site, FLEET_RUN) as vault:
        known = [each.id for each in standings(vault.events())]
        chosen = list(dict.fromkeys(_named(name, known) for name in names))
        fresh = [name for name in chosen if not vault.dossiers.steps(DOSSIER, name)]
        for name in fresh:
            vault.dossiers.add(DOSSIER, name, [Step(0, CLOSED, now, who, {"why": why})])
    lines = [f"{_count(len(fresh))} closed" + (f", {len(chosen) - len(fresh)} closed before" if len(chosen) > len(fresh) else "")]
    return RunOutcome(0, {"closed": fresh, "closed_before": [name for name in chosen if name not in fresh]}, lines)


def _closed(vault: Vault) -> dict[str, Step]:
    return {subject: step for subject, steps in vault.dossiers.of_kind(DOSSIER) for step in steps if step.kind == CLOSED}


def _named(name: str, known: Sequence[str]) -> str:
    found = [each for each in known if name and each.startswith(name)]
    if len(found) != 1:
        came = "nothing begins so" if not found else f"{len(found)} begin so"
        raise SiteError("fleet close", f"'{name}': {came}", "an alarm of `catseye fleet alarms`, or enough of its beginning")
    return found[0]


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
        "details": dict(told_openly(alarm).details),
        "followed": followed,
        "closed": by,
    }


def _count(number: int) -> str:
    return f"{number} alarm{'' if number == 1 else 's'}"
