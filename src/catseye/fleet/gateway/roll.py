"""Who may report, and what is remembered of each terminal that did: in memory, so that a thousand can come back at once."""

import hmac
from array import array
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from catseye.core.terminal import Accepted, Enrolment
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.joinings import Budget
from catseye.fleet.gateway.outbox import Outbox

if TYPE_CHECKING:
    from catseye.fleet.gateway.session import Session

_WINDOW_COUNT = 64


class Seen:
    """The last messages of one terminal, to know what it says twice: 64 numbers, each at the place of its serial, so a wrap is nothing special."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        """Nothing yet."""
        self._marks = array("q", bytes(8 * _WINDOW_COUNT))

    def has(self, msg_id: int, serial: int, body: bytes) -> bool:
        """Whether the same came lately. Messages without a body are never the same: a second heartbeat is another one."""
        return bool(body) and self._marks[serial % _WINDOW_COUNT] == hash((msg_id, serial, body))

    def add(self, msg_id: int, serial: int, body: bytes) -> None:
        """Remember it."""
        self._marks[serial % _WINDOW_COUNT] = hash((msg_id, serial, body))

    def has_forgotten(self, serial: int) -> bool:
        """Whether the message of this serial was not kept after all."""
        return self._marks[serial % _WINDOW_COUNT] == 0

    def forget(self, serial: int) -> None:
        """It was not kept after all."""
        self._marks[serial % _WINDOW_COUNT] = 0


class Changes:
    """How often one terminal may change something that costs a transaction: some at once, then one now and then."""

    __slots__ = ("_left_count", "_looked_s")

    def __init__(self) -> None:
        """As many as may be."""
        self._left_count: float | None = None
        self._looked_s = 0.0

    def takes(self, limits: Limits, now_s: float) -> bool:
        """Whether one more may come, which is counted then."""
        left_count = limits.most_changes_count if self._left_count is None else self._left_count + (now_s - self._looked_s) * limits.changes_per_s
        self._left_count, self._looked_s = min(left_count, limits.most_changes_count), now_s
        if self._left_count < 1:
            return False
        self._left_count -= 1
        return True


class Terminal:
    """One terminal while the gateway runs: its link, if it has one, and what outlives the link."""

    __slots__ = ("_serial", "cards", "identity", "learned", "outbox", "seen", "session")

    def __init__(self, identity: str, first_serial: int) -> None:
        """`first_serial`: another one after each start, so that a late answer meets no new order."""
        self.identity = identity
        self.seen = Seen()
        self.cards, self.learned = Changes(), Changes()
        self.outbox = Outbox()
        self.session: Session | None = None
        self._serial = first_serial

    def serials(self, count: int = 1) -> int:
        """The first of `count` serials that the platform may use now."""
        first = self._serial
        self._serial = first + count & 0xFFFF
        return first


class Roll:
    """The enrolments as they were last read, and the terminals."""

    __slots__ = ("_first_serial", "enrolments", "joining", "terminals")

    def __init__(self, first_serial: int) -> None:
        """Empty: nobody may report."""
        self.enrolments: dict[str, Enrolment] = {}
        self.terminals: dict[str, Terminal] = {}
        self.joining = Budget()
        self._first_serial = first_serial

    def read(self, enrolments: Iterable[Enrolment]) -> list[Terminal]:
        """Take what holds from now on; answers with the connected terminals that have no right any more, or another token."""
        before, self.enrolments = self.enrolments, {each.identity: each for each in enrolments}
        return [each for each in self.terminals.values() if each.session is not None and not self._still_may(each.identity, before)]

    def _still_may(self, identity: str, before: dict[str, Enrolment]) -> bool:
        now = self.may_report(identity)
        return now is not None and identity in before and now.token_sha256 == before[identity].token_sha256

    def may_report(self, identity: str) -> Enrolment | None:
        """Its enrolment, unless the right was taken or never given."""
        found = self.enrolments.get(identity)
        return found if found is not None and found.revoked is None else None

    def has_token(self, identity: str, token: str) -> bool:
        """Whether this is the token that this terminal was given."""
        enrolment = self.may_report(identity)
        if enrolment is None or not enrolment.token_sha256:
            return False
        return hmac.compare_digest(token_sha256(token), enrolment.token_sha256)

    def is_revoked(self, identity: str) -> bool:
        """Whether its right was taken."""
        found = self.enrolments.get(identity)
        return found is not None and found.revoked is not None

    def registered(self, identity: str, token: str) -> None:
        """It was given this token."""
        self.change(identity, token_sha256=token_sha256(token), is_confirmed=False)

    def change(self, identity: str, **fields: str | bool) -> None:
        """What a terminal did to its enrolment itself, until the enrolments are read again."""
        if (found := self.enrolments.get(identity)) is not None:
            self.enrolments[identity] = replace(found, **fields)  # type: ignore[arg-type]  # the callers here name its fields

    def terminal(self, identity: str) -> Terminal:
        """What is remembered of it; begun where nothing is."""
        found = self.terminals.get(identity)
        if found is None:
            found = self.terminals[identity] = Terminal(identity, self._first_serial)
        return found

    def remember(self, kept: Iterable[Accepted]) -> None:
        """What was kept before the gateway began."""
        for each in kept:
            if each.identity in self.enrolments:
                self.terminal(each.identity).seen.add(each.msg_id, each.serial, each.body)


def token_sha256(token: str) -> str:
    """As in an enrolment: hex of the token's UTF-8."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
