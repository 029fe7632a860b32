"""`catseye fleet report`: a period of a fleet as one page."""

from pathlib import Path
from zoneinfo import ZoneInfo

from catseye.core.errors import SiteError
from catseye.core.terminal import identity_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.fleet.report.page import WAITING_COUNT, Period, fleet_page, read_period, write_fleet_page
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.vaults import vault_of
from catseye.station.verbs.alarms import FLEET_RUN, standings_of

NS_PER_DAY = 86_400 * NS_PER_S


def report_fleet(out: Path, days: float, vehicle: str | None, site_file: Path | None, now: Stamp) -> RunOutcome:
    """Write `fleet.html` into `out`; only events of the last days are read."""
    site = load_site(site_file) if site_file is not None else None
    zone = ZoneInfo((site.timezone if site is not None else None) or "UTC")
    identity = None if vehicle is None else identity_of(vehicle)
    period = Period(site.id if site is not None else "", zone, now.plus_ns(-round(days * NS_PER_DAY)), now, identity)
    with vault_of(out, site_file, FLEET_RUN) as vault:
        enrolments = vault.terminals.enrolments()
        if identity is not None and identity not in {each.identity for each in enrolments}:
            raise SiteError("--vehicle", f"'{vehicle}': no such terminal", "one of `catseye fleet terminals`")
        tally, waiting = read_period(vault, period)
        alarms = [event for name in waiting[:WAITING_COUNT] if (event := vault.event(name)) is not None]
        page = fleet_page(period, tally, standings_of(vault, alarms), len(waiting), enrolments)
    path = write_fleet_page(out, page, now)
    warned = tally.warned
    summary = {
        "page": str(path),
        "since_utc": period.since.iso(),
        "until_utc": period.until.iso(),
        "alarms_count": tally.alarms_count,
        "warned_count": warned.warned_count,
        "acknowledged_count": warned.acknowledged_count,
        "ends": dict(warned.ends),
        "waiting_count": len(waiting),
        "kinds": {kind: sum(levels) for kind, levels in tally.levels.items()},
    }
    return RunOutcome(0, summary, [f"written: {path}", f"{page.headline}; {len(waiting)} wait for a person"])
