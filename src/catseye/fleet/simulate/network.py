"""Simulated terminals on real sockets: one link each, and one more for every errand. Only here is a clock and a network."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from catseye.core.time import NS_PER_S
from catseye.fleet.errors import WireError
from catseye.fleet.simulate.attachments import AttachmentLink, files_of
from catseye.fleet.simulate.errands import SendAttachments, SendLive, StopLive
from catseye.fleet.simulate.live import EncodedPicture, LiveVideo
from catseye.fleet.simulate.tally import Tally
from catseye.fleet.simulate.terminal import Terminal

Clock = Callable[[], int]
_MOST_CONNECTING_COUNT = 128
_MOST_ERRANDS_COUNT = 64
_CONNECT_S, _ERRAND_S, _PATIENCE_S = 10.0, 60.0, 10.0
_PACE_S = 0.04


@dataclass(frozen=True, slots=True)
class Server:
    """The gateway. `tls`: for links of terminals and of attachments."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """What errands send: pictures and video that were drawn, never filmed."""

    picture: bytes = b""
    clip: bytes = b""
    pictures: Sequence[EncodedPicture] = ()
    live_fps: float = 12.5
    live_s: float = 60.0


class _Wire(asyncio.Protocol):
    """The link of one terminal, woken by bytes and by its own timer."""

    def __init__(self, terminal: Terminal, fleet: "FleetOnSockets") -> None:
        self.terminal, self._fleet = terminal, fleet
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.terminal.opened(self._fleet.clock())
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.terminal.received(data, self._fleet.clock())
        self.flush()
        self._fleet.run_errands(self.terminal)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.terminal.closed(self._fleet.clock())

    def flush(self) -> None:
        """Send what is to be sent; end the link when the terminal wants that."""
        if self.transport is None:
            return
        if data := self.terminal.take():
            self.transport.write(data)
        if self.terminal.must_close:
            self.transport.abort()


class FleetOnSockets:
    """All terminals of one run. `ramp_s`: within which the first links are made."""

    def __init__(self, server: Server, terminals: Sequence[Terminal], media: Media, tally: Tally, clock: Clock, *, ramp_s: float = 0.0) -> None:
        """Nothing is connected yet."""
        self.server, self.terminals, self.media, self.tally, self.clock = server, terminals, media, tally, clock
        self._ramp_s = ramp_s
        self._connecting = asyncio.Semaphore(_MOST_CONNECTING_COUNT)
        self._errands = asyncio.Semaphore(_MOST_ERRANDS_COUNT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._live: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def online_count(self) -> int:
        """Terminals that are authenticated now."""
        return sum(each.is_online for each in self.terminals)

    async def run(self, seconds_s: float) -> None:
        """For so long; then every link is closed."""
        loop = asyncio.get_running_loop()
        wires = [_Wire(terminal, self) for terminal in self.terminals]
        for index, wire in enumerate(wires):
            self._wake_at(wire, loop.time() + self._ramp_s * index / len(wires))
        try:
            await asyncio.sleep(seconds_s)
        finally:
            await self._end(wires)

    async def _end(self, wires: Sequence[_Wire]) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for wire in wires:
            if wire.transport is not None:
                wire.transport.abort()
        await asyncio.sleep(0)

    def _wake_at(self, wire: _Wire, moment_s: float) -> None:
        timer = asyncio.get_running_loop().call_at(moment_s, self._woken, wire)
        self._timers[wire.terminal.kit.identity] = timer

    def _woken(self, wire: _Wire) -> None:
        terminal, now_ns = wire.terminal, self.clock()
        terminal.advance(now_ns)
        if terminal.wants_link(now_ns):
            self._begin(self._connect(wire))
            terminal.is_connecting = True
        wire.flush()
        loop = asyncio.get_running_loop()
        self._wake_at(wire, loop.time() + max(0.001, (terminal.next_ns() - now_ns) / NS_PER_S))

    async def _connect(self, wire: _Wire) -> None:
        async with self._connecting:
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await loop.create_connection(lambda: wire, self.server.host, self.server.port, ssl=self.server.tls)
            except (OSError, TimeoutError):
                self.tally.counts["links_failed"] += 1
                wire.terminal.closed(self.clock())

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run_errands(self, terminal: Terminal) -> None:
        """Whatever it was asked to do on links of their own."""
        errands, terminal.errands = terminal.errands, []
        for errand in errands:
            if isinstance(errand, SendAttachments):
                self._begin(self._send_attachments(errand))
            elif isinstance(errand, SendLive):
                self._live[errand.kit.identity, errand.channel] = self._begin(self._send_live(errand))
            elif isinstance(errand, StopLive) and (task := self._live.pop((errand.kit.identity, errand.channel), None)):
                task.cancel()

    async def _send_attachments(self, errand: SendAttachments) -> None:
        """Three links at most: what one did not finish the next one does."""
        files = files_of(errand, self.media.picture, self.media.clip)
        for attempt in range(3):
            link = AttachmentLink(errand, files, is_again=attempt > 0)
            async with self._errands:
                try:
                    async with asyncio.timeout(_ERRAND_S):
                        await self._converse(errand, link)
                except (OSError, TimeoutError, WireError):
                    self.tally.counts["attachment_links_broken"] += 1
            self.tally.counts["files"] += len(files) - len(link.unfinished)
            if link.is_done:
                self.tally.counts["alarms_attached"] += 1
                return
            files = link.unfinished
            await asyncio.sleep(1.0)
        self.tally.counts["attachments_given_up"] += 1

    async def _converse(self, errand: SendAttachments, link: AttachmentLink) -> None:
        reader, writer = await asyncio.open_connection(errand.host, errand.port, ssl=self.server.tls)
        try:
            writer.write(link.opened())
            while not link.is_done:
                async with asyncio.timeout(_PATIENCE_S):
                    data = await reader.read(1 << 16)
                if not data:
                    return
                writer.write(link.received(data))
                await writer.drain()
        finally:
            writer.close()

    async def _send_live(self, errand: SendLive) -> None:
        loop = asyncio.get_running_loop()
        video = LiveVideo(self.media.pictures, errand.kit.phone, errand.channel, self.media.live_fps)
        try:
            _, writer = await asyncio.open_connection(errand.host, errand.port)
        except OSError:
            self.tally.counts["live_links_failed"] += 1
            return
        self.tally.counts["live_streams"] += 1
        begin_s = loop.time()
        try:
            while (elapsed_s := loop.time() - begin_s) < self.media.live_s:
                if data := video.due(elapsed_s):
                    self.tally.counts["live_bytes"] += len(data)
                    writer.write(data)
                    await writer.drain()
                await asyncio.sleep(_PACE_S)
        except OSError:
            self.tally.counts["live_links_broken"] += 1
        finally:
            writer.close()
