"""Sub-packages of one link that wait for their others: so many at once, so many bytes, so long."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from catseye.fleet.errors import SubpackageError
from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.message import Body
from catseye.fleet.subpackages import Joining

MEDIA = 0x0801
_MOST_IDS_COUNT = 100
_MOST_DONE_COUNT = 8
_CELL_BYTES = 8  # of a part that did not come yet

Key = tuple[int, int]  # message id, serial of the first part


class TooMuchError(SubpackageError):
    """More sub-packages wait than one link, or all together, may have."""


@dataclass(slots=True)
class Budget:
    """Bytes of parts that all links hold together."""

    held_bytes: int = 0


@dataclass(slots=True)
class _Open:
    joining: Joining
    held_bytes: int
    touched_s: float
    asked_count: int = 0


class Joinings:
    """Whole messages come out, each once. What waits too long is asked for again, and in the end given up."""

    __slots__ = ("_budget", "_done", "_limits", "_open")

    def __init__(self, limits: Limits, budget: Budget) -> None:
        """`budget`: shared by all links."""
        self._limits, self._budget = limits, budget
        self._open: dict[Key, _Open] = {}
        self._done: OrderedDict[Key, bool] = OrderedDict()

    def add(self, frame: Frame, now_s: float) -> Joining | None:
        """The message that this part made whole, if it did. SubpackageError when it contradicts the others, TooMuchError when there is no room for it."""
        key = _key(frame.header)
        if key in self._done:
            return None
        entry = self._open.get(key)
        if entry is None:
            joining = Joining.begin(frame)
            if len(self._open) >= self._limits.most_joinings_count:
                raise TooMuchError(_where(frame.header), f"another message while {len(self._open)} are not whole", "those first")
        else:
            joining = entry.joining.add(frame, self._limits.most_joining_bytes)
        held_bytes = joining.held_bytes + joining.total * _CELL_BYTES
        more_bytes = held_bytes - (entry.held_bytes if entry is not None else 0)
        if self._budget.held_bytes + more_bytes > self._limits.most_joining_of_all_bytes:
            raise TooMuchError(_where(frame.header), f"{more_bytes} bytes more", "room for them, later")
        if entry is None:
            entry = self._open[key] = _Open(joining, 0, now_s)
        entry.joining, entry.held_bytes, entry.touched_s = joining, held_bytes, now_s
        self._budget.held_bytes += more_bytes
        if not joining.is_whole:
            return None
        self._drop(key)
        self._end(key, is_safe=key[0] != MEDIA)
        return joining

    def is_done(self, header: Header) -> bool:
        """Whether a part is of a message that became whole before."""
        return _key(header) in self._done

    def is_safe(self, header: Header) -> bool:
        """Whether that message went to the keeper; media are safe only when `taken` says so."""
        return self._done.get(_key(header), False)

    def taken(self, header: Header, *, is_safe: bool) -> None:
        """What became of media: safe, or to be sent anew."""
        if is_safe:
            self._end(_key(header), is_safe=True)
        else:
            self._done.pop(_key(header), None)

    def sweep(self, version: str, now_s: float) -> Iterator[tuple[int, bytes]]:
        """(message id, body) of what asks for missing parts."""
        for key, entry in list(self._open.items()):
            if now_s - entry.touched_s < self._limits.ask_again_after_s:
                continue
            entry.asked_count += 1
            entry.touched_s = now_s
            if entry.asked_count > self._limits.ask_again_count:
                self._drop(key)
                continue
            yield _request(entry.joining, version)

    def clear(self) -> None:
        """Give up all of it."""
        for key in list(self._open):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        self._budget.held_bytes -= self._open.pop(key).held_bytes

    def _end(self, key: Key, *, is_safe: bool) -> None:
        self._done[key] = is_safe
        self._done.move_to_end(key)
        while len(self._done) > _MOST_DONE_COUNT:
            self._done.popitem(last=False)


def _key(header: Header) -> Key:
    return header.msg_id, header.serial - header.index + 1 & 0xFFFF


def _where(header: Header) -> str:
    return f"0x{header.msg_id:04X} from {header.phone}, sub-package {header.index}"


def _request(joining: Joining, version: str) -> tuple[int, bytes]:
    """0x8003; for media 0x8800, which says the same, once the first part told which they are."""
    missing = joining.missing[:_MOST_IDS_COUNT]
    first = joining.rows[0][0]
    if joining.msg_id == MEDIA and first is not None and len(first) >= 4:
        return 0x8800, bytes(Body.of(0x8800, version, {"media_id": int.from_bytes(first[:4]), "count": len(missing), "ids": missing}))
    return 0x8003, bytes(Body.of(0x8003, version, {"orig_serial": joining.first_serial, "count": len(missing), "ids": missing}))
