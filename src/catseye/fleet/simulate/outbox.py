"""Messages that wait for an answer, and when each is sent again: JT/T 808, T(n+1) = T(n) × (n+1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from catseye.core.time import NS_PER_S


@dataclass(frozen=True, slots=True)
class Patience:
    """Parameters 0x0002 and 0x0003: how long the first wait is, and how often a message is sent again."""

    first_wait_s: float = 10.0
    most_resent_count: int = 3


@dataclass(slots=True)
class Waiting:
    """One message on its way. `frames`: all its frames; `sent_ns` of the first sending; `wait_s`: the present T."""

    msg_id: int
    serials: range
    frames: Sequence[bytes]
    sent_ns: int
    due_ns: int
    wait_s: float
    resent_count: int = 0
    is_critical: bool = False

    @property
    def last_serial(self) -> int:
        """Of its last frame, as it is on the wire."""
        return self.serials[-1] & 0xFFFF


class Outbox:
    """In the order they were sent. Nothing leaves it but by an answer, or by giving up."""

    def __init__(self, patience: Patience = Patience()) -> None:
        """Empty."""
        self.patience = patience
        self._waiting: dict[int, Waiting] = {}  # by every serial of it

    def __len__(self) -> int:
        return len({id(each) for each in self._waiting.values()})

    def add(self, msg_id: int, serials: range, frames: Sequence[bytes], now_ns: int, *, is_critical: bool = False) -> None:
        """Sent now; its answer may name any of its serials."""
        wait_s = self.patience.first_wait_s
        waiting = Waiting(msg_id, serials, frames, now_ns, now_ns + int(wait_s * NS_PER_S), wait_s, 0, is_critical)
        self._waiting |= {serial & 0xFFFF: waiting for serial in serials}

    def answered(self, serial: int, msg_id: int | None = None) -> Waiting | None:
        """The message this answers, which waits no more. Of one in several frames only the answer to the last is about the whole; those before are dropped."""
        waiting = self._waiting.get(serial)
        if waiting is None or (msg_id is not None and waiting.msg_id != msg_id) or serial != waiting.last_serial:
            return None
        self.drop(waiting)
        return waiting

    def of_kind(self, msg_id: int) -> list[Waiting]:
        """All that wait of one kind."""
        return [each for each in self.waiting() if each.msg_id == msg_id]

    def starting_at(self, serial: int) -> Waiting | None:
        """The message whose first frame has this serial: what 0x8003 asks by."""
        waiting = self._waiting.get(serial)
        return waiting if waiting is not None and waiting.serials[0] & 0xFFFF == serial else None

    def drop(self, waiting: Waiting) -> None:
        """It waits no more."""
        for serial in waiting.serials:
            if self._waiting.get(serial & 0xFFFF) is waiting:
                del self._waiting[serial & 0xFFFF]

    def waiting(self) -> list[Waiting]:
        """Each once, oldest first."""
        return list({id(each): each for each in self._waiting.values()}.values())

    def due(self, now_ns: int, only: Sequence[int] = ()) -> tuple[list[bytes], bool]:
        """Frames to send again now, where `only` names kinds of those alone; and whether one was sent as often as may be: the link is dead."""
        again: list[bytes] = []
        if now_ns < self.next_ns():
            return again, False
        for each in self.waiting():
            if each.due_ns > now_ns or (only and each.msg_id not in only):
                continue
            if each.resent_count >= self.patience.most_resent_count:
                return again, True
            each.resent_count += 1
            each.wait_s *= each.resent_count + 1
            each.due_ns = now_ns + int(each.wait_s * NS_PER_S)
            again += each.frames
        return again, False

    def renew(self, now_ns: int) -> list[bytes]:
        """After a new link: everything is sent once more, as it was, and its waiting begins anew. Critical ones first."""
        kept = sorted(self.waiting(), key=lambda each: not each.is_critical)
        for each in kept:
            each.resent_count, each.wait_s = 0, self.patience.first_wait_s
            each.due_ns = now_ns + int(each.wait_s * NS_PER_S)
        return [frame for each in kept for frame in each.frames]

    def next_ns(self) -> int:
        """When the first of them is due; far away while there is none."""
        return min((each.due_ns for each in self._waiting.values()), default=1 << 62)
