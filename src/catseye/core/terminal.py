"""In-vehicle terminals as the house knows them: who may report, what was accepted, what was asked of them and what became of it.

A terminal is a device of a commercial vehicle. There is no noun for its driver: who drove is a keyed pseudonym in the vault.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from catseye.core.event import Event
from catseye.core.time import Stamp


def identity_of(phone: str) -> str:
    """The name of a terminal in the house: the digits of its wire header without the zeros that pad them, since versions pad differently.

    >>> identity_of("013800138000"), identity_of("00000000013800138000")
    ('13800138000', '13800138000')
    """
    return phone.lower().lstrip("0") or "0"


def source_of(identity: str) -> str:
    """How events name the terminal they came from, where a camera's stand by its id."""
    return f"terminal-{identity}"


LINEAGE = "terminal"  # of events that terminals are the source of
_UNDER_GRANT = frozenset(("driver", "plate", "lat_deg", "lon_deg", "other_lat_deg", "other_lon_deg"))
_CALLS_FOR_HELP = frozenset(("emergency-call", "danger-reported", "collision-reported", "rollover-reported"))


def told_openly(event: Event) -> Event:
    """An event of a terminal as it is listed and told to others: not where the vehicle was nor who drove, which a grant opens. Help must know where to go.

    >>> told_openly(Event("overspeed", "terminal-1", 0, 0, lineage=LINEAGE, details={"level": 2, "lat_deg": 21.0})).details
    {'level': 2}
    """
    if event.lineage != LINEAGE:
        return event
    if event.kind in _CALLS_FOR_HELP:
        return replace(event, details={name: value for name, value in event.details.items() if name != "driver"})
    shown = {name: value for name, value in event.details.items() if name not in _UNDER_GRANT}
    if plate := event.details.get("plate"):
        shown = {name: value.replace(str(plate), "the vehicle") if isinstance(value, str) else value for name, value in shown.items()}
    return replace(event, details=shown)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A terminal that may report. `token_sha256`: of the token it was given, empty before it registered; `is_confirmed`: it has used that token.

    `version` ("" unknown, else `2011/2013` or `2019`) and `dialect` ("" unknown) are what it last spoke. `language`: of its driver, as in `vi`; "" the site's.
    """

    identity: str
    plate: str
    plate_colour: int
    enrolled: Stamp
    token_sha256: str = ""
    is_confirmed: bool = False
    version: str = ""
    dialect: str = ""
    language: str = ""
    revoked: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message of a terminal as it is kept: `body` is whole and unescaped, sub-packages joined; `serial` is that of its first frame."""

    identity: str
    phone: str
    version: str
    msg_id: int
    serial: int
    received: Stamp
    body: bytes


class OrderState(StrEnum):
    """What became of an order. *Acknowledged* is the terminal's word that it came; nothing tells whether anybody heard or read it."""

    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # the terminal answered with a fault
    UNANSWERED = "unanswered"  # sent as often as the standard says, never answered
    EXPIRED = "expired"  # never sent while it was still good


@dataclass(frozen=True, slots=True)
class Order:
    """One message to a terminal. `body` is whole, as on the wire; it is sent only while younger than `good_for_s`: a late warning is a wrong one.

    `why`: the id of the event it answers, or the words of the person who gave it.
    `purpose`: `warning`, `parameters`, `attachments`, `picture`, `video` or `query`.
    """

    id: str
    identity: str
    msg_id: int
    body: bytes
    created: Stamp
    good_for_s: float
    purpose: str
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """An order came to a state. `result`: the terminal's own code, where it gave one."""

    order_id: str
    identity: str
    state: OrderState
    when: Stamp
    result: int | None = None
