"""Who is let in at the port, before a byte is read: by where it comes from, and by how many are there already."""

import sys
from collections import Counter

from catseye.fleet.gateway.doors import Doors, Limits, lets_in


class Admission:
    """Counts of links: all, by address, and those that have not said who they are."""

    __slots__ = ("_by_address", "_is_tls", "_limits", "_most_links_count", "_networks", "_strangers", "_strangers_by_address", "links_count")

    def __init__(self, doors: Doors, most_links_count: int = sys.maxsize) -> None:
        """Nobody is in. `most_links_count`: what the system grants, if that is less than the limits."""
        self._most_links_count = min(doors.limits.most_connections_count, most_links_count)
        self._limits: Limits = doors.limits
        self._networks, self._is_tls = doors.networks(), doors.is_tls
        self.links_count = self._strangers = 0
        self._by_address: Counter[str] = Counter()
        self._strangers_by_address: Counter[str] = Counter()

    def refuses(self, address: str) -> str:
        """Why one more from this address is cut off at once; "" where it may come in."""
        limits = self._limits
        if not lets_in(self._networks, address, is_tls=self._is_tls):
            return "outside the private networks"
        if self.links_count >= self._most_links_count:
            return "too many links"
        if self._by_address[address] >= limits.most_per_address_count:
            return "too many links of one address"
        if self._strangers >= limits.most_unauthenticated_count:
            return "too many strangers"
        if self._strangers_by_address[address] >= limits.most_unauthenticated_per_address_count:
            return "too many strangers of one address"
        return ""

    def enters(self, address: str) -> None:
        """One more, a stranger yet."""
        self.links_count += 1
        self._by_address[address] += 1
        self.becomes_a_stranger(address)

    def becomes_a_stranger(self, address: str) -> None:
        """Nobody knows it, or any more."""
        self._strangers += 1
        self._strangers_by_address[address] += 1

    def becomes_known(self, address: str) -> None:
        """It said who it is, and proved it."""
        self._strangers -= 1
        _less(self._strangers_by_address, address)

    def leaves(self, address: str, *, is_known: bool) -> None:
        """It is gone."""
        if not is_known:
            self.becomes_known(address)
        self.links_count -= 1
        _less(self._by_address, address)


def _less(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if counts[address] <= 0:
        del counts[address]
