"""`catseye looks`: who looked at what, and why."""

from pathlib import Path

from catseye.core.time import Stamp
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of


def tell_looks(out: Path, *, who: str | None, subject: str | None, since: Stamp | None, site: Path | None = None) -> RunOutcome:
    """A line a look, in order of time."""
    with vault_of(out, site) as vault:
        looks = list(vault.looks(who=who, subject=subject, since=since))
    told = [{"time_utc": look.when.iso(), "who": look.who, "subject": look.subject, "purpose": look.purpose, "why": look.why} for look in looks]
    lines = [f"{each['time_utc']}  {each['who']}  {each['subject']}  for: {each['purpose']}  why: {each['why']}" for each in told]
    return RunOutcome(0, {"looks": told}, lines or ["nobody looked"])
