"""A live test: ports for one terminal, its bytes to the platform of the test and to the recording. Open only towards loopback or a private network."""

import asyncio
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from catseye.core.errors import SiteError
from catseye.fleet.conform.platform import Action, Address, Platform
from catseye.fleet.conform.transcript import ATTACHMENTS, CLOSED, MAIN, MEDIA, OPENED, Line, Transcript

_TICK_S = 0.1
_MOST_LINKS_COUNT = 16
_MOST_RECORDED_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Doors:
    """Where to listen. Port 0: any free one. `others`: ports for attachments and media; without one its flow is left out."""

    host: str
    port: int
    others: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """SiteError for an address that anybody may reach: a terminal speaks in the clear."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            raise SiteError("--listen", f"'{self.host}'", "an address such as 127.0.0.1:7001") from None
        if address.is_unspecified or not (address.is_loopback or address.is_private) or address.is_link_local:
            raise SiteError("--listen", self.host, "an address of loopback or of a private network: terminals speak in the clear")


class _Wire(asyncio.Protocol):
    def __init__(self, test: "LiveTest", port: str) -> None:
        self.test, self.port, self.link = test, port, ""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.test.opened(self)

    def data_received(self, data: bytes) -> None:
        self.test.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.test.closed(self)


class LiveTest:
    """One run. `lines` is what was heard so far; `record` gets each line as it comes; `clock_ns` is the machine's."""

    def __init__(self, doors: Doors, record: Callable[[Line], None] = lambda _: None, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Nothing is open yet."""
        self.doors, self.record, self.clock_ns = doors, record, clock_ns
        self.lines: list[Line] = []
        self.main: Address | None = None
        self.platform = Platform()
        self._wires: dict[str, _Wire] = {}
        self._links_count, self._recorded_bytes = 0, 0

    async def run(self, most_s: float, ready: Callable[[Address], None] = lambda _: None, told: Callable[[str], None] = lambda _: None) -> Transcript:
        """Until the plan is through or time is up; `ready` gets the address once it is open, `told` each new step."""
        loop = asyncio.get_running_loop()
        ports = {MAIN: self.doors.port, **self.doors.others}
        servers: dict[str, asyncio.Server] = {}
        try:
            for name, port in ports.items():
                servers[name] = await loop.create_server(partial(_Wire, self, name), self.doors.host, port)
            where = {name: Address(self.doors.host, server.sockets[0].getsockname()[1]) for name, server in servers.items()}
            self.main, self.platform = where[MAIN], Platform(where.get(ATTACHMENTS), where.get(MEDIA))
            ready(self.main)
            await self._ticking(loop.time() + most_s, told)
        finally:
            for server in servers.values():
                server.close()
            for wire in list(self._wires.values()):
                if wire.transport is not None:
                    wire.transport.abort()
        return Transcript(tuple(self.lines))

    async def _ticking(self, end_s: float, told: Callable[[str], None]) -> None:
        loop, step = asyncio.get_running_loop(), ""
        while not self.platform.is_over and loop.time() < end_s and self._recorded_bytes < _MOST_RECORDED_BYTES:
            self._act(self.platform.tick(self.clock_ns()))
            if self.platform.step != step:
                step = self.platform.step
                told(step)
            await asyncio.sleep(_TICK_S)

    def opened(self, wire: _Wire) -> None:
        """A connection of the terminal, or of somebody who is one too many."""
        if len(self._wires) >= _MOST_LINKS_COUNT and wire.transport is not None:
            wire.transport.abort()
            return
        self._links_count += 1
        wire.link = f"{wire.port}-{self._links_count}"
        self._wires[wire.link] = wire
        self._heard(Line(True, b"", self.clock_ns(), wire.port, wire.link, OPENED))
        self._act(self.platform.opened(wire.link, wire.port, self.clock_ns()))

    def received(self, wire: _Wire, data: bytes) -> None:
        """Its bytes."""
        if wire.link:
            self._heard(Line(True, data, self.clock_ns(), wire.port, wire.link))
            self._act(self.platform.received(wire.link, data, self.clock_ns()))

    def closed(self, wire: _Wire) -> None:
        """It is gone, whoever closed it."""
        if self._wires.pop(wire.link, None) is not None:
            self._heard(Line(True, b"", self.clock_ns(), wire.port, wire.link, CLOSED))
            self.platform.closed(wire.link)

    def _heard(self, line: Line) -> None:
        self._recorded_bytes += len(line.data)
        self.lines.append(line)
        self.record(line)

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            wire = self._wires.get(action.link)
            if wire is None or wire.transport is None:
                continue
            if action.data:
                self._heard(Line(False, action.data, self.clock_ns(), wire.port, wire.link))
                wire.transport.write(action.data)
            else:
                wire.transport.abort()
