"""What people decided about cases says how long the vault keeps what belongs to them: this tells it."""

from contextlib import suppress

from catseye.cases.case import CASE, Case
from catseye.cases.desk import CaseDesk
from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.media import MediaRef
from catseye.vault.vault import Vault


def keep_as_decided(vault: Vault, case: Case, now: Stamp) -> None:
    """Event and media of a case that somebody confirmed are kept with it; the days of one that is over begin with its last step. Again: changes nothing."""
    if case.decided.confirmations:
        vault.retention.confirm(case.id, now, [(case.opening.run, case.opening.event.id)], _kept_media(vault, case))
    vault.retention.end(CASE, case.id, case.steps[-1].when if case.is_over else None)


def keep_all_as_decided(vault: Vault, now: Stamp) -> None:
    """The same for every case: whatever stopped between a decision and this is made good before anything is forgotten."""
    cases, _ = CaseDesk(vault.dossiers).cases()
    for case in cases:
        keep_as_decided(vault, case, now)


def _kept_media(vault: Vault, case: Case) -> list[MediaRef]:
    found = []
    for each in case.media:
        with suppress(StoreError):  # forgotten, or kept elsewhere: nothing of it can be kept longer here
            found.append(vault.media.ref(each.ref))
    return found
