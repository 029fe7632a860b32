"""What a site's gateway can do to correct, and by what it judges: its policy, its register of permits, its servers as terminals reach them."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.fleet.correction.bodies import Server
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy import Policy
from catseye.fleet.correction.policy_file import default_policy, read_policy
from catseye.fleet.fleet_watch import FleetWatch
from catseye.fleet.permits.watch import WatchLimits
from catseye.station.fleet.judging import FleetJudge
from catseye.station.fleet.register import register_of
from catseye.station.site import Site
from catseye.station.site_tables import Fleet
from catseye.vault.vault import Vault


def fleet_judge(site: Site, fleet: Fleet, vault: Vault, recent: Sequence[Event], now: Stamp) -> FleetJudge:
    """The judge of a vault that is open, as the events of the last day left it."""
    corrections = Corrections.resumed(correction_means(site, fleet, vault, now), recent, vault.terminals.open_orders())
    watch = FleetWatch(register_of(vault, vault.terminals.enrolments(), ZoneInfo(site.timezone or "UTC")), WatchLimits(silent_after_s=fleet.silent_after_s))
    watch.resume(recent)
    return FleetJudge(corrections, watch)


def correction_means(site: Site, fleet: Fleet, vault: Vault, now: Stamp) -> Means:
    """Attachments and pictures are asked for only where they can be kept: sealed to somebody."""
    may_keep = site.evidence is not None
    attachments = _server(fleet, fleet.attachments) if may_keep else None
    media = _server(fleet, fleet.media) if may_keep else None
    return Means(policy_of(site, fleet), vault.terminals.order_ids(now), fleet.language, attachments, media, keeps_pictures=may_keep)


def policy_of(site: Site, fleet: Fleet) -> Policy:
    """The site's own, else the house's; spoken in the site's language where a driver has none."""
    if fleet.policy is None:
        return default_policy()
    path = site.folder / fleet.policy
    try:
        return read_policy(path.read_text("utf-8"), fleet.policy)
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(site.where("fleet", "policy"), f"{fleet.policy} cannot be read: {error}", "a correction policy") from error


def _server(fleet: Fleet, door: str | None) -> Server | None:
    if door is None:
        return None
    host, _, port = door.rpartition(":")
    return Server(fleet.address or host.strip("[]"), int(port))
