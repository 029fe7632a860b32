"""`catseye check` of a site's `[fleet]`: doors, certificate, policy, who opens its pictures, who may report."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from catseye.core.errors import CatseyeError
from catseye.core.time import Stamp
from catseye.fleet.correction.policy import WARN
from catseye.station.fleet.listening import clock_now
from catseye.station.fleet.means import policy_of
from catseye.station.fleet.media_doors import doors_of
from catseye.station.site import Site
from catseye.station.site_tables import Fleet
from catseye.station.vaults import VAULT, vault_of
from catseye.station.verbs.finding import Finding

OUT = Path("fleet")  # where `fleet listen` and the how-to put the vault
RENEWED_DAYS = 30
_DOORS = ("listen", "attachments", "media")
_WHO = "fleet"


def of_fleet(site: Site, fleet: Fleet, now: Stamp | None = None) -> Iterator[Finding]:
    """Everything `fleet listen` would stumble over, and what it would do without."""
    seen: dict[str, str] = {}
    for key in _DOORS:
        address = getattr(fleet, key)
        if address is not None:
            yield _door(site, fleet, key, seen.setdefault(address, key))
    if fleet.tls_certificate is not None:
        yield _certificate(site, fleet, now or clock_now())
    yield from _policy(site, fleet)
    yield _recipients(site, fleet)
    yield _enrolled(site)


def _door(site: Site, fleet: Fleet, key: str, first: str) -> Finding:
    what = f"door {key}"
    if first != key:
        return Finding(_WHO, what, False, f"{getattr(fleet, key)} is the door {first} already; each needs a port of its own")
    try:
        doors = doors_of(site, fleet, key)
    except CatseyeError as fault:
        return Finding(_WHO, what, False, str(fault))
    try:
        doors.ssl_context()
    except CatseyeError as fault:
        return Finding(_WHO, what, False, f"{site.where('fleet', 'tls_certificate')}: TLS cannot begin: {fault.came}; wanted {fault.wanted}")
    return Finding(_WHO, what, True, f"{doors.host}:{doors.port} is free, {'under TLS' if doors.is_tls else 'on a private network or this machine alone'}")


def _certificate(site: Site, fleet: Fleet, now: Stamp) -> Finding:
    try:
        chain = x509.load_pem_x509_certificates((site.folder / str(fleet.tls_certificate)).read_bytes())
    except (OSError, ValueError) as fault:
        words = (fault.strerror or str(fault)) if isinstance(fault, OSError) else "no certificate in PEM"
        return Finding(_WHO, "certificate", False, f"{site.where('fleet', 'tls_certificate')}: {fleet.tls_certificate}: {words}")
    over, begun = min(each.not_valid_after_utc for each in chain), max(each.not_valid_before_utc for each in chain)
    moment = datetime.fromtimestamp(now.utc_ns // 10**9, UTC)
    days = (over - moment).days
    if begun > moment or over <= moment:
        word = f"does not hold before {begun:%Y-%m-%d}" if begun > moment else f"is over since {over:%Y-%m-%d}"
        return Finding(_WHO, "certificate", False, f"{site.where('fleet', 'tls_certificate')}: {fleet.tls_certificate} {word}: no terminal would connect")
    return Finding(_WHO, "certificate", days >= RENEWED_DAYS, f"holds until {over:%Y-%m-%d}, {days} days")


def _policy(site: Site, fleet: Fleet) -> Iterator[Finding]:
    try:
        policy = policy_of(site, fleet)
    except CatseyeError as fault:
        yield Finding(_WHO, "policy", False, str(fault))
        return
    yield Finding(_WHO, "policy", True, f"{len(policy.row)} rows of {fleet.policy or 'the house'}")
    texts = policy.texts.get(fleet.language, {})
    said = {text for row in policy.row if WARN in row.actions for text in row.texts}
    if lacking := sorted(name for name in said if not texts.get(name)):
        yield Finding(
            _WHO, "language", False, f"{site.where('fleet', 'language')}: nothing in {fleet.language!r} for {', '.join(lacking)}; said in {policy.language!r}"
        )


def _recipients(site: Site, fleet: Fleet) -> Finding:
    if site.evidence is not None:
        count = len(site.evidence.recipients)
        return Finding(_WHO, "pictures", True, f"sealed to {count} {'key' if count == 1 else 'keys'}")
    asked = fleet.attachments is not None or fleet.media is not None
    return Finding(_WHO, "pictures", False if asked else None, "no [evidence] recipients: no picture is asked for or taken")


def _enrolled(site: Site) -> Finding:
    if not (OUT / VAULT).is_dir():
        return Finding(_WHO, "terminals", None, f"no vault in {OUT} yet: `catseye fleet enrol {OUT} … --site {site.name}`")
    try:
        with vault_of(OUT, Path(site.name)) as vault:
            count = sum(each.revoked is None for each in vault.terminals.enrolments())
    except CatseyeError as fault:
        return Finding(_WHO, "terminals", False, str(fault))
    return Finding(_WHO, "terminals", True if count else None, f"{count} may report, by the vault in {OUT}" + ("" if count else ": `catseye fleet enrol`"))
