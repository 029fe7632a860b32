"""The server that terminals report to: lets links in, lets their sessions read, and answers when the committer has kept what they said."""

import asyncio
from collections.abc import Callable, Sequence

from catseye.core.terminal import Accepted, Enrolment, Order
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import Header
from catseye.fleet.gateway.admission import Admission
from catseye.fleet.gateway.answers import BAD, FAILED, OK, UNSUPPORTED, framed, general
from catseye.fleet.gateway.asks import Call, Waiting
from catseye.fleet.gateway.committer import Committer, Log
from catseye.fleet.gateway.counters import Counters
from catseye.fleet.gateway.dispatch import Dispatch
from catseye.fleet.gateway.doors import Doors
from catseye.fleet.gateway.keeper import Keeper
from catseye.fleet.gateway.link import Link
from catseye.fleet.gateway.listening import Listening, most_links_count
from catseye.fleet.gateway.media import Reply, TakeMedia
from catseye.fleet.gateway.roll import Roll
from catseye.fleet.gateway.session import Session
from catseye.fleet.gateway.turn import Turn
from catseye.fleet.message import Body

_FAREWELL_S = 5.0  # for what was written to go out before a link that is parted with is cut


def _no_log(what: str, facts: dict[str, object]) -> None:
    """Nobody listens; it is counted all the same."""


class Gateway:
    """One port of one process. `clock`: the wall's. `log` hears what went wrong; `counters` tell everything as numbers."""

    def __init__(self, keeper: Keeper, doors: Doors, *, clock: Callable[[], Stamp], media: TakeMedia | None = None, log: Log = _no_log) -> None:
        """Opens nothing: `serve` does."""
        self.doors, self.limits, self.clock = doors, doors.limits, clock
        self.counters = Counters()
        self.roll = Roll(first_serial=clock().utc_ns // 1_000_000 & 0xFFFF)
        self._keeper, self._media, self._log = keeper, media, log
        self._admission = Admission(doors, most_links_count())
        self._links: set[Link] = set()
        self._full_since_s: float | None = None
        self._paused: list[Link] = []
        self._parting: dict[Link, float] = {}
        self._media_tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._open = asyncio.Event()
        self._listening: Listening | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- the life of the server

    async def serve(self) -> None:
        """Until `close`. SiteError when the port cannot be opened, and whatever the keeper raises when it is asked who may report."""
        self._loop = asyncio.get_running_loop()
        self._committer = Committer(self._keeper, self.limits, self.counters, self.clock, self, self._log)
        self._dispatch = Dispatch(self.roll, self.limits, self.counters, self._committer.tell)
        try:
            await self._begin()
        except BaseException:
            self._committer.abandon()
            raise
        committing = asyncio.create_task(self._committer.run())
        sweeping = asyncio.create_task(self._sweep())
        try:
            self._open.set()
            closing = asyncio.create_task(self._closing.wait())
            await asyncio.wait((closing, committing, sweeping), return_when=asyncio.FIRST_COMPLETED)
            closing.cancel()
        finally:
            await self._end(committing, sweeping)

    async def _begin(self) -> None:
        now = self.clock()
        enrolments, recent, orders = await self._committer.begin(now.plus_ns(-round(self.limits.remembered_s * NS_PER_S)))
        self.roll.read(enrolments)
        self.roll.remember(recent)
        self._dispatch.take(orders, now, self.now_s())
        self._listening = Listening(self.doors, self._admit, self.lost)

    async def _end(self, committing: "asyncio.Task[None]", sweeping: "asyncio.Task[None]") -> None:
        assert self._listening is not None
        self._listening.close()
        sweeping.cancel()
        for link in self._links:
            link.pause_for_gateway()
        for task in self._media_tasks:
            task.cancel()
        self._committer.close()
        await asyncio.gather(committing, sweeping, *self._media_tasks, return_exceptions=True)
        for link in list(self._links):
            link.close()
        await asyncio.sleep(0)
        for link in (*self._links, *self._parting):
            link.abort()
        for task in (committing, sweeping):
            if not task.cancelled() and (fault := task.exception()) is not None:
                raise fault

    def close(self) -> None:
        """Keep and answer what came, part with everybody, and let `serve` return."""
        self._closing.set()

    async def opened(self) -> tuple[str, int]:
        """Where it listens, as soon as it does."""
        await self._open.wait()
        assert self._listening is not None
        return self._listening.address

    def now_s(self) -> float:
        """Seconds of a clock that only goes forward."""
        assert self._loop is not None
        return self._loop.time()

    # --- links

    def _admit(self, address: str) -> Link | None:
        self.counters.connections_count += 1
        if why := self._admission.refuses(address):
            self.counters.refused[why] += 1
            return None
        self._admission.enters(address)
        link = Link(self, address, self.now_s())
        self._links.add(link)
        self.counters.connected_count = len(self._links)
        return link

    def has(self, link: Link) -> bool:
        """Whether it is one of the links that are open."""
        return link in self._links

    def connected(self) -> dict[str, float]:
        """The terminals that are connected and authenticated, with the seconds since each was last heard."""
        now_s = self.now_s()
        return {each.session.terminal.identity: now_s - each.session.heard_s for each in self._links if each.session.terminal is not None}

    def took(self, link: Link, turn: Turn) -> None:
        """What a session made of some bytes."""
        session = link.session
        for frame in turn.answers:
            link.answer(frame)
        for ask in turn.asks:
            self._committer.put(ask)
        self._committer.tell(turn.told)
        if turn.media:
            self._take_media(session, turn.media)
        self._notice(session)
        if turn.told:
            self._send_orders(session)  # there is room for the next
        link.flush()
        if turn.closing:
            self.part(link, turn.closing)
        elif self._committer.is_full:
            self._wait_for_room(link)

    def _notice(self, session: Session) -> None:
        """Whether it is known now whose link it is, or not any more."""
        link = session.link
        if link in self._links and (session.terminal is not None) != link.is_known:
            link.is_known = not link.is_known
            self.counters.authenticated_count += 1 if link.is_known else -1
            if link.is_known:
                self._admission.becomes_known(link.address)
                self._send_orders(session)
            else:
                self._admission.becomes_a_stranger(link.address)
        if (old := session.displaced) is not None:
            session.displaced = None
            self._part_with(old, "the terminal came anew")

    def fell(self, link: Link, fault: Exception) -> None:
        """A session raised: a fault of ours that its bytes brought out."""
        self._log("session failed", {"fault": repr(fault), "address": link.address})
        self.part(link, f"fault: {type(fault).__name__}")

    def part(self, link: Link, why: str) -> None:
        """Close one link; its terminal may come back."""
        if link in self._links:
            self.counters.closed[why] += 1
            link.close()
            self.lost(link)
            self._parting[link] = self.now_s() + _FAREWELL_S

    def _part_with(self, session: Session, why: str) -> None:
        assert isinstance(session.link, Link)
        self.part(session.link, why)

    def lost(self, link: Link) -> None:
        """It is gone, whoever closed it."""
        self._parting.pop(link, None)
        if link not in self._links:
            return
        self._links.discard(link)
        self.counters.connected_count = len(self._links)
        self.counters.authenticated_count -= link.is_known
        self._admission.leaves(link.address, is_known=link.is_known)
        link.session.leave()

    # --- what the committer says

    def kept(self, waiting: Sequence[Waiting], done: Sequence[bytes], calls: Sequence[Call], orders: Sequence[Order]) -> None:
        """Answer all of it, one write a link."""
        touched: dict[Session, None] = {}
        for call, frame in zip(calls, done, strict=True):
            if frame:
                call.session.link.answer(frame)
            touched[call.session] = None
        for each in waiting:
            session = each.session
            if each.heard is None and _was_not_kept(each):
                continue
            session.link.answer(general(each.header, session.serial(), each.result))
            touched[session] = None
            if each.heard is not None:
                self.counters.accepted_count += 1
        for session in touched:
            self._notice(session)
            session.link.flush()
        if orders:
            self._dispatch.take(orders, self.clock(), self.now_s())

    def unkept(self, waiting: Waiting) -> None:
        """Answered as failed: the terminal may send it again."""
        self.counters.refused["cannot be kept"] += 1
        session = waiting.session
        if waiting.heard is not None:
            self.roll.terminal(waiting.heard.accepted.identity).seen.forget(waiting.heard.accepted.serial)
        session.not_kept(waiting.header)
        session.link.answer(general(waiting.header, session.serial(), FAILED))
        session.link.flush()

    def enrolled(self, enrolments: Sequence[Enrolment]) -> None:
        """Part with those that have no right any more."""
        for terminal in self.roll.read(enrolments):
            if terminal.session is not None:
                self._part_with(terminal.session, "right taken")

    def room(self) -> None:
        """Read on."""
        if self._full_since_s is not None:
            self.counters.back_pressure_s += self.now_s() - self._full_since_s
            self._full_since_s = None
            paused, self._paused = self._paused, []
            for link in paused:
                link.resume_for_gateway()

    def _wait_for_room(self, link: Link) -> None:
        if self._full_since_s is None:
            self._full_since_s = self.now_s()
        link.pause_for_gateway()
        self._paused.append(link)

    # --- orders, time-outs, media

    def _send_orders(self, session: Session) -> None:
        if session.terminal is not None:
            self._dispatch.send(session.terminal, self.clock(), self.now_s())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_every_s)
            now, now_s = self.clock(), self.now_s()
            for link in list(self._links):
                try:
                    self._sweep_one(link, now_s)
                except Exception as fault:  # noqa: BLE001 - an edge as that of a link: it alone is closed
                    self.fell(link, fault)
            for link in [each for each, until_s in self._parting.items() if until_s <= now_s]:
                del self._parting[link]
                link.abort()
            self._dispatch.sweep(now, now_s)

    def _sweep_one(self, link: Link, now_s: float) -> None:
        if why := link.sweep(now_s):
            self.part(link, why)
            return
        for frame in link.session.sweep(now_s):
            link.answer(frame)
        link.flush()

    def _take_media(self, session: Session, media: Sequence[tuple[Header, Accepted]]) -> None:
        for header, accepted in media:
            if self._media is None or len(self._media_tasks) >= self.limits.most_media_at_once_count:
                why, result = ("media, nobody takes them", UNSUPPORTED) if self._media is None else ("media, too many at once", FAILED)
                self.counters.refused[why] += 1
                session.media_taken(header, is_safe=False)
                session.link.answer(general(header, session.serial(), result))
                continue
            task = asyncio.create_task(self._take_one(self._media, session, header, accepted))
            self._media_tasks.add(task)
            task.add_done_callback(self._media_tasks.discard)

    async def _take_one(self, take: TakeMedia, session: Session, header: Header, accepted: Accepted) -> None:
        is_safe = False
        try:
            reply = await take(accepted, Body.parse(accepted.msg_id, accepted.version, accepted.body))
        except WireError:
            frame = general(header, session.serial(), BAD)
        except Exception as fault:  # noqa: BLE001 - the edge of a task: counted and logged, and not acknowledged
            self.counters.refused["media, not taken"] += 1
            self._log("media not taken", {"fault": repr(fault), "identity": accepted.identity})
            frame = b""
        else:
            frame, is_safe = self._media_answer(session, header, reply)
        session.media_taken(header, is_safe=is_safe)
        session.link.answer(frame)
        session.link.flush()

    def _media_answer(self, session: Session, header: Header, reply: Reply) -> tuple[bytes, bool]:
        """The frames; 0x8800 for the media, and 0x8001 for the frame they came whole with."""
        if reply.msg_id != 0x8800:
            self.counters.refused["media, not taken"] += 1
            return general(header, session.serial(), reply.body.values["result"]), False
        is_safe = not reply.body.values.get("ids")
        self.counters.media_count += is_safe
        answer = general(header, session.serial(), OK) if is_safe else b""
        return answer + framed(header, 0x8800, session.serial(), bytes(reply.body)), is_safe


def _was_not_kept(repetition: Waiting) -> bool:
    """Whether the keeper fell over what this repeats, while this waited."""
    terminal, header = repetition.session.terminal, repetition.header
    return terminal is not None and not header.is_subpackage and terminal.seen.has_forgotten(header.serial)
