"""What terminals were asked to send: the attachment server takes nothing else."""

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.media_keeper import Expected
from catseye.vault.vault import Vault

ATTACHMENTS = "attachments"  # the purpose of an order for them
OPEN_FOR_S = 86_400.0  # after the order; a vehicle may have been in a tunnel, or parked over night
_ROAD_FACING = ("0x64/", "0x66/", "0x67/")  # what the alarm was said by, where its pictures do not show the driver


def wanted_of(vault: Vault, alarm_no: str, now: Stamp) -> Expected | None:
    """What was asked for under this number, where somebody did and it may still come. Pictures of an alarm nobody knows are taken for ones of the driver."""
    kept = vault.terminals.order(alarm_no)
    if kept is None or kept.order.purpose != ATTACHMENTS:
        return None
    until = kept.order.created.plus_ns(round(OPEN_FOR_S * NS_PER_S))
    if now.utc_ns >= until.utc_ns:
        return None
    event = vault.event(kept.order.why)
    said = str(event.details.get("said", "")) if event is not None else ""
    return Expected(alarm_no, kept.order.identity, kept.order.why, until, is_in_cabin=not said.startswith(_ROAD_FACING))
