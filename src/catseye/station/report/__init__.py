"""report.html: one page that says what was counted, draws it, and tells what of it is not to be trusted. Self-contained: no script, no address outside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catseye.station.line import LineRecord
    from catseye.station.site import Site
    from catseye.vault.vault import Vault


def write_report(out: Path, site: "Site", records: "Sequence[LineRecord]", vault: "Vault") -> Path:
    """Write `report.html` into `out`, whole or not at all; after `vault.export(out)`, whose files it draws. StoreError when the disk says no."""
    from catseye.station.report.page import write_page

    return write_page(out, site, records, vault)
