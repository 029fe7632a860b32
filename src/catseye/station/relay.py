"""`relay`: tells every logged event to a NATS JetStream, each once and in order, however often either side dies.

A message is only taken where the stream's last sequence number is the one we know (`Nats-Expected-Last-Sequence`), and it says which entry of which log
it tells. So the stream itself knows how far we came: what was published and not yet confirmed in the database is found there and not told again, and of two
relays at once only one gets on. No window of time in which duplicates are known is relied upon.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from catseye.core.errors import CatseyeError
from catseye.core.secrets import masked
from catseye.core.terminal import told_openly
from catseye.vault.export import event_line
from catseye.vault.outbox import Outbox, Untold
from catseye.vault.tables import event_of_bytes
from catseye.vault.vault import EVENT

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from nats.js.api import PubAck

LOG, SEQ = "Catseye-Log", "Catseye-Seq"  # headers of every message: which log, which entry
EXPECTED = "Nats-Expected-Last-Sequence"
BATCH_COUNT = 500
ANSWER_S = 10.0
IDLE_S = 0.5
_WRONG_LAST_SEQUENCE = 10071  # the server's own number of that fault


class RelayError(CatseyeError):
    """The bus cannot be reached, refuses us, or carries another log under our name."""


@dataclass(frozen=True, slots=True)
class RelayOrder:
    """Where to: `address` may hold a secret and is shown masked only; `site` is in the names of the stream and of its subjects."""

    address: str
    site: str

    @property
    def stream(self) -> str:
        """`CATSEYE-<site>`."""
        return f"CATSEYE-{token(self.site)}"

    @property
    def relay(self) -> str:
        """What the database calls our position."""
        return f"nats/{self.stream}"

    def subject(self, body: dict[str, Any]) -> str:
        """`catseye.<site>.event.<camera>.<kind>`: where an event is told."""
        return f"catseye.{token(self.site)}.event.{token(str(body['camera']))}.{token(str(body['kind']))}"


def token(text: str) -> str:
    """Any text as one token of a NATS subject, and as a stream's name.

    >>> token("gate 7.north")
    'gate%207%2Enorth'
    """
    return quote(text, safe="").replace(".", "%2E") or "%"


def run_relay(outbox: Outbox, order: RelayOrder, *, once: bool, is_over: Callable[[], bool], tell: Callable[[int], None] = lambda count: None) -> int:
    """Tell until `is_over`, or with `once` until nothing is left; how many messages were told. RelayError when the bus says no at the start, or `once`."""
    return asyncio.run(_Relay(outbox, order, is_over, tell).run(once=once))


class _Relay:
    def __init__(self, outbox: Outbox, order: RelayOrder, is_over: Callable[[], bool], tell: Callable[[int], None]) -> None:
        self._outbox, self._order, self._is_over, self._tell = outbox, order, is_over, tell
        self._told_count = 0

    async def run(self, *, once: bool) -> int:
        client = await _connected(self._order)
        try:
            bus = client.jetstream(timeout=ANSWER_S)
            await _made_sure_of(bus, self._order)
            while not self._is_over():
                try:
                    await self._tell_all(bus, once=once)
                except _again() as fault:
                    if once and not _somebody_else_told(fault):
                        came = f"the bus stopped answering ({type(fault).__name__} {fault})"
                        raise RelayError(masked(self._order.address), came, "one that answers") from fault
                    await asyncio.sleep(IDLE_S)
                    continue
                break
        finally:
            await _let_go(client)
        return self._told_count

    async def _tell_all(self, bus: "JetStreamContext", *, once: bool) -> None:
        """From wherever the stream stands; raises when the bus does, and may then be called again."""
        last_sequence, begin = await self._where(bus)
        while not self._is_over():
            some, next_seq = self._outbox.untold(EVENT, begin, BATCH_COUNT)
            last_sequence = await self._publish(bus, some, last_sequence)
            if next_seq > begin:
                self._outbox.confirm(self._order.relay, next_seq)
                self._tell(next_seq)
            elif once:
                return
            else:
                await asyncio.sleep(IDLE_S)
            begin = next_seq

    async def _where(self, bus: "JetStreamContext") -> tuple[int, int]:
        """The stream's last sequence number, and the first entry it does not tell yet."""
        begin = self._outbox.next_seq(self._order.relay)
        state = (await bus.stream_info(self._order.stream)).state
        if not state.messages:  # new, or all its messages were let go: the database knows
            return state.last_seq, begin
        said = (await bus.get_msg(self._order.stream, seq=state.last_seq)).headers or {}
        log = self._outbox.log_name()
        if LOG not in said or not said.get(SEQ, "").isdecimal():
            raise RelayError(self._order.stream, f"message {state.last_seq} is not from a relay", "a stream nobody else writes to")
        if said[LOG] != log:
            raise RelayError(self._order.stream, f"it tells log {said[LOG]}, this vault's is {log or 'empty'}", "a stream of this vault: another [site] id")
        if (next_seq := int(said[SEQ]) + 1) > begin:  # we, or another, died between the bus's word and the database's
            self._outbox.confirm(self._order.relay, next_seq)
        return state.last_seq, max(begin, next_seq)

    async def _publish(self, bus: "JetStreamContext", some: list[Untold], last_sequence: int) -> int:
        """Send all, then wait for every answer; the stream's last sequence number."""
        answers: list[Coroutine[Any, Any, PubAck]] = []
        log = self._outbox.log_name() if some else ""
        for number, untold in enumerate(some):
            body = body_of(untold)
            headers = {LOG: log, SEQ: str(untold.seq), EXPECTED: str(last_sequence + number)}
            payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            answers.append(bus.publish(self._order.subject(body), payload, stream=self._order.stream, headers=headers))
        said = await asyncio.gather(*answers, return_exceptions=True)  # sent in this order; each waits ANSWER_S for its answer
        for answer in said:
            if isinstance(answer, BaseException):
                raise answer
            self._told_count += 1
        return last_sequence + len(answers)


def body_of(untold: Untold) -> dict[str, Any]:
    """What is told of an entry: a line of events.jsonl under the event's own id; of a vehicle's terminal not where it was nor who drove."""
    event = event_of_bytes(untold.body)
    return {"run": untold.subject.rpartition("/")[0], **event_line(told_openly(event)), "id": event.id}


async def _connected(order: RelayOrder) -> "Client":
    from nats.aio.client import Client
    from nats.errors import Error, NoServersError

    async def silent(fault: Exception) -> None:
        """The first connection's faults are raised, later ones are mended by trying again."""

    client = Client()
    try:
        await client.connect(order.address, error_cb=silent, connect_timeout=5, name="catseye relay", max_reconnect_attempts=1, reconnect_time_wait=1)
    except (OSError, NoServersError, TimeoutError, Error, ValueError) as fault:
        raise RelayError(masked(order.address), f"no connection ({type(fault).__name__} {masked(str(fault))})", "a NATS server with JetStream") from fault
    client.options["max_reconnect_attempts"] = -1  # once it was there, it is waited for
    return client


async def _made_sure_of(bus: "JetStreamContext", order: RelayOrder) -> None:
    """The stream, made where it is not there; one that somebody made with other limits is left as it is."""
    from nats.errors import Error
    from nats.js.errors import Error as JetStreamError
    from nats.js.errors import NotFoundError

    try:
        try:
            await bus.stream_info(order.stream)
        except NotFoundError:
            await bus.add_stream(name=order.stream, subjects=[f"catseye.{token(order.site)}.>"], storage="file", retention="limits")
    except (Error, JetStreamError, TimeoutError) as fault:
        raise RelayError(f"{masked(order.address)} stream {order.stream}", f"{type(fault).__name__} {fault}", "JetStream, and leave to make streams") from fault


async def _let_go(client: "Client") -> None:
    from nats.errors import Error

    try:
        await client.close()
    except Error:
        return  # it was gone already


def _somebody_else_told(fault: Exception) -> bool:
    """Another relay of this stream was faster: a look at the stream mends it."""
    from nats.js.errors import APIError

    return isinstance(fault, APIError) and fault.err_code == _WRONG_LAST_SEQUENCE


def _again() -> tuple[type[Exception], ...]:
    """What asks for another look at the stream, and no more."""
    from nats.errors import Error
    from nats.js.errors import Error as JetStreamError

    return Error, JetStreamError, TimeoutError, OSError
