"""Where a site says `[evidence]`, violations become cases; elsewhere they stay events."""

import time
from collections.abc import Callable

from catseye.core.time import Stamp
from catseye.station.evidence.line_evidence import LineEvidence, ring_for
from catseye.station.evidence.socket import Evidence
from catseye.station.rule_keys import rule_classes
from catseye.station.site import Camera, Site
from catseye.vault.vault import Vault
from catseye.vision.ring import PacketRing


def refuse_unknown_law(site: Site) -> None:
    """CaseError when `[evidence]` names a jurisdiction nobody knows: before anything is watched, or any folder made."""
    if site.evidence is not None:
        from catseye.cases.jurisdiction import jurisdiction_named  # most runs make no cases

        jurisdiction_named(_path(site, site.evidence.jurisdiction))


def ring_of(site: Site, camera: Camera) -> PacketRing | None:
    """The camera's ring of packets; None where nothing will be cut from it."""
    table = site.evidence
    is_judged = any(rule_classes()[rule.kind].is_violation for rule in camera.rules)
    return ring_for(camera.id, table.before_s, table.after_s) if table is not None and is_judged else None


def evidence_of(site: Site, camera: Camera, run: str, open_vault: Callable[[], Vault], ring: PacketRing | None, *, is_live: bool) -> Evidence:
    """What becomes of this camera's violations; CaseError as `refuse_unknown_law`."""
    table = site.evidence
    if table is None or ring is None:
        return Evidence()
    from catseye.cases.jurisdiction import jurisdiction_named
    from catseye.station.case_openings import Openings
    from catseye.station.evidence.securing import Securing

    openings = Openings(site, jurisdiction_named(_path(site, table.jurisdiction)), table.place, table.tolerance_kmh)
    securing = Securing(site, camera, run, openings, open_vault, _now)
    return LineEvidence(ring, table.before_s, table.after_s, securing, waits=not is_live)


def _now() -> Stamp:
    return Stamp(time.time_ns())


def _path(site: Site, name: str) -> str:
    """A file beside the site file, where it is no name of one that is shipped."""
    return str(site.folder / name) if name.endswith(".toml") else name
