"""What the attachment server and the gateway ask of whoever keeps media; `station` answers with `vision` and the vault. Called from worker threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Protocol

from catseye.core.errors import CatseyeError
from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.fleet.message import Body
from catseye.fleet.text import encoded

MEDIA_ANSWER, GENERAL_ANSWER = 0x8800, 0x8001
DONE, FAILED, UNSUPPORTED = 0, 1, 3  # results of 0x8001


class MediaRefusedError(CatseyeError):
    """These media are never taken, however often they are sent; nothing of them is kept."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Attachments that somebody asked a terminal for. `alarm_no`: the id of the order; `event`: the id of the event it was asked for.

    `is_in_cabin`: what is asked for shows the driver (DSM), so that a picture without a head in it is filled whole.
    """

    alarm_no: str
    identity: str
    event: str
    until: Stamp
    is_in_cabin: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of an alarm. `key` tells it from the others of the alarm, also after a restart; `name` is what the terminal calls it: data, never a path.

    `kind`: 0 picture, 1 sound, 2 video, 3 text, 4 other, as the terminal says.
    """

    key: str
    name: str
    kind: int
    size_bytes: int


def key_of(name: str) -> str:
    """The key of a file that a terminal calls so: 16 hex digits, whatever it is called.

    >>> key_of("../../x"), len(key_of(""))
    ('9cdf6a50100a862e', 16)
    """
    return sha256(encoded(name).strip(b"\0")).hexdigest()[:16]


class MediaKeeper(Protocol):
    """Keeps media of terminals. MediaRefusedError: never; any other exception: not now, and nothing may be acknowledged."""

    def expected(self, alarm_no: str, now: Stamp) -> Expected | None:
        """What was asked for under this number and may still come; None for anybody else's."""

    def take(self, expected: Expected, attachment: Attachment, file: BinaryIO, now: Stamp) -> None:
        """Safe when it returns: sealed, and copied with heads and plates filled. The same again is no fault. `file` is read from its beginning."""

    def take_picture(self, accepted: Accepted, body: Body) -> None:
        """The same with what came in 0x0801, whole; `accepted.received` is the time."""


@dataclass(frozen=True, slots=True)
class MediaReply:
    """What the gateway answers: 0x8800, or 0x8001 where nothing was kept."""

    msg_id: int
    body: Body


class MediaDesk:
    """For the gateway: takes what came in 0x0801 off the event loop, a few at a time."""

    def __init__(self, keeper: MediaKeeper, worker: Executor, log: Callable[[Exception], None] = lambda fault: None, most_waiting_count: int = 64) -> None:
        """`worker` runs the keeper; `log` hears why something was not kept; of more than `most_waiting_count` at once the rest is told to come again."""
        self._keeper, self._worker, self._log, self._most_waiting_count = keeper, worker, log, most_waiting_count
        self.waiting_count = self.taken_count = self.refused_count = 0

    async def take_media(self, accepted: Accepted, body: Body) -> MediaReply:
        """The answer to one whole 0x0801 (`body` read, `accepted.body` its bytes): 0x8800 once it is safe.

        0x8001 with result 3 for what is never taken, 1 for what may be sent again. Raises nothing; cancelled, it acknowledges nothing.
        """
        if self.waiting_count >= self._most_waiting_count:
            return self._general(accepted, FAILED)
        self.waiting_count += 1
        try:
            await asyncio.get_running_loop().run_in_executor(self._worker, self._keeper.take_picture, accepted, body)
        except MediaRefusedError as fault:
            self.refused_count += 1
            self._log(fault)
            return self._general(accepted, UNSUPPORTED)
        except Exception as fault:  # noqa: BLE001 - a task's edge: whatever went wrong, nothing was kept and the terminal is told so
            self._log(fault)
            return self._general(accepted, FAILED)
        finally:
            self.waiting_count -= 1
        self.taken_count += 1
        return MediaReply(MEDIA_ANSWER, Body.of(MEDIA_ANSWER, accepted.version, {"media_id": body.values["media_id"]}))

    @staticmethod
    def _general(accepted: Accepted, result: int) -> MediaReply:
        said = {"ack_serial": accepted.serial, "ack_id": f"0x{accepted.msg_id:04X}", "result": result}
        return MediaReply(GENERAL_ANSWER, Body.of(GENERAL_ANSWER, accepted.version, said))


def missing_parts(accepted: Accepted, media_id: int, parts: list[int]) -> MediaReply:
    """0x8800 that asks for sub-packages again, by their numbers; at most 255 at once, so that the rest is asked for later."""
    some = parts[:255]
    return MediaReply(MEDIA_ANSWER, Body.of(MEDIA_ANSWER, accepted.version, {"media_id": media_id, "count": len(some), "ids": some}))
