"""Who drives, as 0x0702 says it: personal data. It is a value for a moment; what is kept is a pseudonym, and a body in which nobody is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from catseye.core.event import Event
from catseye.core.terminal import Accepted, source_of
from catseye.fleet.alarms import LINEAGE
from catseye.fleet.errors import WireError
from catseye.fleet.message import Body

DRIVER = 0x0702
_PERSONAL = ("name", "certificate", "org", "id_no", "expiry")


@dataclass(frozen=True, slots=True)
class DriverCard:
    """A driver's card went in or out. `result`: 0 when the terminal could read it; a card that went out, or was not read, names nobody."""

    is_in: bool
    result: int
    name: str
    certificate: str
    organisation: str
    id_no: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the values of 0x0702 in any version; that of 2011 has no state: its card is in."""
        return cls(
            values.get("state", 1) == 1,
            values.get("ic_result", 0),
            str(values.get("name", "")),
            str(values.get("certificate", "")),
            str(values.get("org", "")),
            str(values.get("id_no", "")),
        )

    @property
    def person(self) -> str:
        """What the pseudonym is made of: the certificate's number, else the identity number, else the name; "" for nobody."""
        if not self.is_in or self.result != 0:
            return ""
        return next((f"{kind}:{value.strip()}" for kind, value in (("c", self.certificate), ("i", self.id_no), ("n", self.name)) if value.strip()), "")


def driver_event(accepted: Accepted, card: DriverCard, pseudonym: str) -> Event:
    """The change of a driver, with the pseudonym alone."""
    at_ns = accepted.received.utc_ns
    state = "in" if card.is_in else "out"
    return Event(
        "driver-changed",
        source_of(accepted.identity),
        at_ns,
        at_ns,
        accepted.received,
        subjects=(accepted.identity,),
        lineage=LINEAGE,
        details={"detail": f"a driver's card is {state}", "state": state, "result": card.result, "driver": pseudonym},
    )


def without_person(version: str, data: bytes) -> bytes:
    """The body of 0x0702 with every personal field blank, as long and as readable as before; one that nothing reads is emptied to its state and time."""
    try:
        body = Body.parse(DRIVER, version, data)
    except WireError:
        return data[:7] if data[:1] in (b"\1", b"\2") else b""
    if body.layout is None or "rest" in body.values:
        return data[:7] if data[:1] in (b"\1", b"\2") else b""
    values = dict(body.values)
    for name in _PERSONAL:
        if name in values:
            values[name] = "00000000" if name == "expiry" else ""
    return bytes(Body(values, body.layout))
