"""Messages of terminals to keep, as the gateway would hand them over."""

from tests.vault.kept import NOON, later

from catseye.core.terminal import Accepted, identity_of
from catseye.core.time import NS_PER_MS, Stamp


def message(number: int, phone: str = "013800138000", received: Stamp = NOON, body: bytes | None = None) -> Accepted:
    """The `number`-th: each differs from every other."""
    told = body if body is not None else b"%06d where the vehicle was" % number
    return Accepted(identity_of(phone), phone, "2011/2013", 0x0200, number % 65_536, Stamp(received.utc_ns + number * NS_PER_MS, 5.0), told)


def batch(begin: int, count: int = 10, days: float = 0.0) -> list[Accepted]:
    """Messages of three terminals, one after the other."""
    return [message(number, f"01380013800{number % 3}", later(days)) for number in range(begin, begin + count)]
