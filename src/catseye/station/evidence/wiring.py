"""Where a site says `[evidence]`, violations become cases; elsewhere they stay events."""

import time
from collections.abc import Callable

from catseye.core.time import Stamp
from catseye.station.evidence.line_evidence import LineEvidence, ring_for
from catseye.station.evidence.socket import Evidence
from catseye.station.site import Camera, Site
from catseye.vault.vault import Vault
from catseye.vision.ring import PacketRing


def ring_of(site: Site, camera: Camera) -> PacketRing | None:
    """The camera's ring of packets; None where nothing will be cut from it."""
    table = site.evidence
    return ring_for(camera.id, table.before_s, table.after_s) if table is not None and camera.rules else None


def evidence_of(site: Site, camera: Camera, run: str, open_vault: Callable[[], Vault], ring: PacketRing | None) -> Evidence:
    """What becomes of this camera's violations. CaseError when the site names a jurisdiction nobody knows: before anything is watched."""
    table = site.evidence
    if table is None or ring is None:
        return Evidence()
    from catseye.cases.jurisdiction import jurisdiction_named  # most runs make no cases
    from catseye.station.case_openings import Openings
    from catseye.station.evidence.securing import Securing

    openings = Openings(site, jurisdiction_named(_path(site, table.jurisdiction)), table.place, table.tolerance_kmh)
    return LineEvidence(ring, table.before_s, table.after_s, Securing(site, camera, run, openings, open_vault, _now))


def _now() -> Stamp:
    return Stamp(time.time_ns())


def _path(site: Site, name: str) -> str:
    """A file beside the site file, where it is no name of one that is shipped."""
    return str(site.folder / name) if name.endswith(".toml") else name
