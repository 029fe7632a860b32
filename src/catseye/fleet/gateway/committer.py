"""Group commit: while one batch is being kept in the worker thread, the next one gathers. Nothing is answered before what it says is kept."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from catseye.core.errors import StoreError
from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.fleet.gateway.asks import Ask, Call, Waiting
from catseye.fleet.gateway.counters import Counters
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.keeper import Keeper

_MOST_CALLS_COUNT = 100  # in one batch: each is a transaction
_MOST_CALLS_WAITING_COUNT = 10_000
Log = Callable[[str, dict[str, object]], None]


@dataclass(slots=True)
class Batch:
    """What one call of the worker is to keep, in order."""

    waiting: list[Waiting] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class Kept:
    """What came of a batch. `fault`: nothing of its messages was kept; `is_of_one`: since one of them cannot be. `enrolments`: where they changed."""

    calls: list[tuple[Call, Callable[[], bytes]]] = field(default_factory=list)
    orders: Sequence[Order] = ()
    enrolments: Sequence[Enrolment] | None = None
    fault: Exception | None = None
    is_of_one: bool = False
    call_faults: list[Exception] = field(default_factory=list)


class Receiver(Protocol):
    """Who is told, in the event loop, what was kept."""

    def kept(self, waiting: Sequence[Waiting], done: Sequence[bytes], calls: Sequence[Call], orders: Sequence[Order]) -> None:
        """Answer: `waiting` is durable, `calls` gave the frames `done`."""

    def unkept(self, waiting: Waiting) -> None:
        """The keeper cannot take this one, ever."""

    def enrolled(self, enrolments: Sequence[Enrolment]) -> None:
        """These hold now."""

    def room(self) -> None:
        """There is room again for more."""


class Committer:
    """Batches in order, one worker thread, retried for as long as the disk says no."""

    def __init__(self, keeper: Keeper, limits: Limits, counters: Counters, clock: Callable[[], Stamp], receiver: Receiver, log: Log) -> None:
        """Starts nothing: `run` does."""
        self._keeper, self._limits, self._counters, self._clock, self._receiver, self._log = keeper, limits, counters, clock, receiver, log
        self._worker = ThreadPoolExecutor(1, "terminals-keeper")
        self._asks: deque[Waiting] = deque()
        self._calls: deque[Call] = deque()
        self._told: list[Told] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._is_closing = False
        self._revision: int | None = None
        self._looked_s = 0.0

    def put(self, ask: Ask) -> None:
        """Let it be kept, after all that was put before."""
        if not isinstance(ask, Waiting):
            self._put_call(ask)
            return
        self._asks.append(ask)
        if ask.heard is not None:
            self._waiting_bytes += len(ask.heard.accepted.body)
        self._counters.waiting_count += 1
        self._wake.set()

    def _put_call(self, call: Call) -> None:
        """Terminals that come in wait in a line of their own, so that a crowd at the door holds up nobody inside."""
        if len(self._calls) >= _MOST_CALLS_WAITING_COUNT:
            self._counters.refused["too many at the door"] += 1
            return
        self._calls.append(call)
        self._wake.set()

    def tell(self, told: Sequence[Told]) -> None:
        """What became of orders, kept with the next batch."""
        if told:
            self._told += told
            self._wake.set()

    @property
    def is_full(self) -> bool:
        """Whether no more should be read for now."""
        return self._counters.waiting_count >= self._limits.most_waiting_count or self._waiting_bytes >= self._limits.most_waiting_bytes

    @property
    def has_room(self) -> bool:
        """Whether what was full is half empty again."""
        return self._counters.waiting_count * 2 <= self._limits.most_waiting_count and self._waiting_bytes * 2 <= self._limits.most_waiting_bytes

    def close(self) -> None:
        """Keep what was put, then end `run`."""
        self._is_closing = True
        self._wake.set()

    def abandon(self) -> None:
        """`run` will not be."""
        self._worker.shutdown(wait=False)

    async def begin(self, since: Stamp) -> tuple[Sequence[Enrolment], Sequence[Accepted], Sequence[Order]]:
        """What the keeper knows at the start: enrolments, what was kept lately, open orders. Its errors are the caller's."""
        loop = asyncio.get_running_loop()

        def read() -> tuple[Sequence[Enrolment], Sequence[Accepted], Sequence[Order]]:
            self._revision = self._keeper.enrolments_revision()
            return self._keeper.enrolments(), self._keeper.recent(since), self._keeper.open_orders()

        return await loop.run_in_executor(self._worker, read)

    async def run(self) -> None:
        """Until closed and empty; or, where the disk says no while closing, until that is clear: what was not answered, the terminals send again."""
        loop = asyncio.get_running_loop()
        try:
            while not (self._is_closing and self._is_empty):
                if self._is_empty:
                    await self._pause(self._limits.revision_every_s)
                batch = self._next_batch()
                fault = await self._commit(batch, loop)
                if fault is not None and self._is_closing:
                    return
                if fault is not None:
                    await asyncio.sleep(self._limits.retry_after_s)
                if self.has_room:
                    self._receiver.room()
        finally:
            self._worker.shutdown(wait=False)

    async def _pause(self, most_s: float) -> None:
        self._wake.clear()
        if self._is_closing:
            return
        timer = asyncio.get_running_loop().call_later(most_s, self._wake.set)
        await self._wake.wait()
        timer.cancel()

    def _next_batch(self) -> Batch:
        batch = Batch(told=self._told)
        self._told = []
        batch.waiting += [self._asks.popleft() for _ in range(min(len(self._asks), self._limits.most_batch_count))]
        batch.calls += [self._calls.popleft() for _ in range(min(len(self._calls), _MOST_CALLS_COUNT))]
        return batch

    @property
    def _is_empty(self) -> bool:
        return not (self._asks or self._calls or self._told)

    async def _commit(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> Exception | None:
        """Keep it and let it be answered; what the disk would not take goes back to the head of the line."""
        looks = loop.time() - self._looked_s >= self._limits.revision_every_s
        if looks:
            self._looked_s = loop.time()
        kept = await loop.run_in_executor(self._worker, self._keep, batch, looks)
        self._counters.batches_count += 1
        for fault in (*kept.call_faults, *([kept.fault] if kept.fault else [])):
            self._counters.keeper_faults_count += 1
            self._log("keeper failed", {"fault": repr(fault), "messages_count": len(batch.waiting)})
        done, calls = [finish() for _, finish in kept.calls], [call for call, _ in kept.calls]
        if kept.enrolments is not None:
            self._receiver.enrolled(kept.enrolments)
        if kept.fault is None:
            self._is_over_with(batch)
            self._receiver.kept(batch.waiting, done, calls, kept.orders)
            return None
        self._receiver.kept((), done, calls, kept.orders)
        if not kept.is_of_one:
            self._asks.extendleft(reversed(batch.waiting))
            self._told = batch.told + self._told
            return kept.fault
        return await self._halve(batch, loop)

    async def _halve(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> Exception | None:
        """The keeper fell over something in it: find what, so that one message stops nobody else's."""
        if not batch.waiting:
            return None  # what became of orders, or the clock's beat, is what it fell over: told once, not again and again
        if len(batch.waiting) == 1 and not batch.told:
            self._is_over_with(batch)
            self._receiver.unkept(batch.waiting[0])
            return None
        middle = len(batch.waiting) // 2
        halves = [Batch(told=batch.told), Batch(batch.waiting)] if batch.told else [Batch(batch.waiting[:middle]), Batch(batch.waiting[middle:])]
        for at, half in enumerate(halves):
            fault = await self._commit(half, loop)
            if fault is not None:
                for later in reversed(halves[at + 1 :]):
                    self._asks.extendleft(reversed(later.waiting))
                return fault
        return None

    def _is_over_with(self, batch: Batch) -> None:
        self._counters.waiting_count -= len(batch.waiting)
        self._waiting_bytes -= sum(len(each.heard.accepted.body) for each in batch.waiting if each.heard is not None)

    def _keep(self, batch: Batch, looks: bool) -> Kept:
        """In the worker thread."""
        kept, now = Kept(), self._clock()
        for call in batch.calls:
            try:
                kept.calls.append((call, call.ask(self._keeper, now)))
            except Exception as fault:  # noqa: BLE001 - the edge of a task: counted and logged, and not answered
                kept.call_faults.append(fault)
        try:
            heard = [each.heard for each in batch.waiting if each.heard is not None]
            kept.orders = self._keeper.keep(heard, batch.told, now)
        except Exception as fault:  # noqa: BLE001 - as above
            kept.fault = fault
            self._probe(kept, now)
        if looks:
            try:
                kept.enrolments = self._changed_enrolments()
            except Exception as fault:  # noqa: BLE001 - as above
                kept.call_faults.append(fault)
        return kept

    def _probe(self, kept: Kept, now: Stamp) -> None:
        """Whether the keeper keeps anything at all: only then is it one message that it falls over, and not the disk."""
        if isinstance(kept.fault, StoreError | OSError):
            return
        try:
            kept.orders = self._keeper.keep((), (), now)
            kept.is_of_one = True
        except Exception as fault:  # noqa: BLE001 - as above
            kept.call_faults.append(fault)

    def _changed_enrolments(self) -> Sequence[Enrolment] | None:
        revision = self._keeper.enrolments_revision()
        if revision == self._revision:
            return None
        enrolments = self._keeper.enrolments()
        self._revision = revision
        return enrolments
