"""The attachment server: sockets around `Conversation`, a worker for the keeper. A file is acknowledged when the keeper has it safe, never before."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from catseye.core.time import Stamp
from catseye.fleet.attachments.conversation import Ask, Close, Conversation, Send, Step, Take
from catseye.fleet.attachments.shelf import Coming, Fate, Limits, Shelf
from catseye.fleet.listening import Admits, Doors, anybody
from catseye.fleet.media_keeper import Expected, MediaKeeper, MediaRefusedError

_CHUNK_BYTES = 1 << 16
_UNSENT_BYTES = 1 << 16


@dataclass(slots=True)
class Counts:
    """What the server has done so far."""

    connections_count: int = 0
    turned_away_count: int = 0
    safe_count: int = 0
    refused_count: int = 0
    failed_count: int = 0
    damaged_count: int = 0
    stray_bytes: int = 0


class AttachmentServer:
    """Listens for terminals that were asked for attachments. Use as an async context, or `start` and `close`; one event loop."""

    def __init__(
        self,
        keeper: MediaKeeper,
        doors: Doors,
        worker: Executor,
        now: Callable[[], Stamp],
        *,
        limits: Limits | None = None,
        staging: Path | None = None,
        admits: Admits = anybody,
        log: Callable[[str, str], None] = lambda who, what: None,
    ) -> None:
        """`admits`: whether a peer's address may talk at all; `worker` runs the keeper; `log` hears (terminal or address, why) of what ended badly."""
        self._keeper, self._doors, self._worker, self._now, self._admits, self._log = keeper, doors, worker, now, admits, log
        self._limits = limits or Limits()
        self.shelf, self.counts = Shelf(self._limits, staging), Counts()
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._takings: dict[int, asyncio.Future[None]] = {}

    async def __aenter__(self) -> "AttachmentServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> int:
        """Listen; the port. A CatseyeError where strangers could come in unencrypted, OSError where nobody can listen."""
        self._doors.refuse_open()
        self._server = await asyncio.start_server(self._visited, self._doors.host, self._doors.port, ssl=self._doors.ssl_context(), limit=_CHUNK_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Turn everybody away; what is being taken is taken to its end."""
        if self._server is not None:
            self._server.close()
        for visit in [*self._visits]:
            visit.cancel()
        await asyncio.gather(*self._visits, *self._takings.values(), return_exceptions=True)
        self.shelf.close()

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        talk = Conversation(self.shelf)
        self.counts.connections_count += 1
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        writer.transport.set_write_buffer_limits(_UNSENT_BYTES)
        why = ""
        try:
            if not self._admits(peer):
                why = "from outside the private networks"
            elif len(self._visits) > self._limits.connections_count:
                why = "too many connections"
            else:
                why = await self._serve(talk, reader, writer)
        except asyncio.CancelledError:  # `close` ends every visit; asyncio would report it as a fault of its own
            why = "the server closes"
        except TimeoutError:
            why = f"silent for {self._limits.idle_s:g} s"
        except OSError as fault:
            why = f"link broke: {fault.strerror or fault}"
        except Exception as fault:  # noqa: BLE001 - a task's edge: the keeper said no, whatever for; the terminal comes again
            self.counts.failed_count += 1
            why = f"not kept: {fault}"
        finally:
            self._visits.discard(visit)
            talk.leave(self._now())
            self.shelf.forget_old(self._now())
            self.counts.damaged_count += talk.damaged_count
            self.counts.refused_count += talk.refused_count
            self.counts.stray_bytes += talk.stray_bytes
            if why:
                self.counts.turned_away_count += 1
                self._log(talk.alarm.expected.identity if talk.alarm is not None else peer, why)
            if why:
                writer.transport.abort()
            else:
                writer.close()

    async def _serve(self, talk: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Why it ended; empty where the terminal closed."""
        while True:
            async with asyncio.timeout(self._limits.idle_s):
                chunk = await reader.read(_CHUNK_BYTES)
            if not chunk:
                return ""
            talk.feed(chunk)
            while (step := talk.step(self._now())) is not None:
                while isinstance(step, Ask | Take):
                    step = await self._answered(talk, step)
                if isinstance(step, Close):
                    return step.why
                assert isinstance(step, Send)
                writer.write(step.raw)
                async with asyncio.timeout(self._limits.idle_s):
                    await writer.drain()

    async def _answered(self, talk: Conversation, step: Ask | Take) -> Step:
        if isinstance(step, Ask):
            now = self._now()
            expected = await asyncio.get_running_loop().run_in_executor(self._worker, self._keeper.expected, step.alarm_no, now)
            return talk.known(expected, now)
        fault: MediaRefusedError | None = None
        try:
            await self._taken(step.expected, step.coming)
        except MediaRefusedError as refused:
            fault = refused
            self.counts.refused_count += 1
            self._log(step.expected.identity, f"{step.coming.attachment.name!r} is not taken: {refused}")
        return talk.taken(step.coming, fault)

    async def _taken(self, expected: Expected, coming: Coming) -> None:
        """Once for a file, however many connections ask; a link that breaks meanwhile changes nothing."""
        taking = self._takings.get(id(coming))
        if taking is None:
            coming.file.seek(0)
            taking = asyncio.ensure_future(self._take(expected, coming))
            self._takings[id(coming)] = taking
            taking.add_done_callback(lambda done: self._over(coming, done))
        await asyncio.shield(taking)

    async def _take(self, expected: Expected, coming: Coming) -> None:
        await asyncio.get_running_loop().run_in_executor(self._worker, self._keeper.take, expected, coming.attachment, coming.file, self._now())

    def _over(self, coming: Coming, done: "asyncio.Future[None]") -> None:
        """Safe, refused, or to be tried again: also when nobody waits for the answer any more."""
        del self._takings[id(coming)]
        fault = None if done.cancelled() else done.exception()
        if done.cancelled() or (fault is not None and not isinstance(fault, MediaRefusedError)):
            coming.fate = Fate.COMING
            return
        self.counts.safe_count += fault is None
        self.shelf.finish(coming, Fate.REFUSED if fault else Fate.SAFE, str(fault or ""))
