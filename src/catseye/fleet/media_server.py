"""Live video of terminals (JT/T 1078, TCP): a stream is listened to only while somebody asked for it, and only as far as it was asked for.

Whole frames go to a callback and nowhere else; they show faces, so whoever takes them redacts them. Nothing is written.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from catseye.core.terminal import identity_of
from catseye.core.time import Stamp
from catseye.fleet.errors import WireError
from catseye.fleet.jt1078 import LONG_SIM_BYTES, MAGIC, PASS_THROUGH, SIM_BYTES, MediaFrame, Packet, Reassembly, packets_in
from catseye.fleet.listening import Admits, Doors, anybody

_CHUNK_BYTES = 1 << 16
_LONGEST_PACKET_BYTES = 34 + 0xFFFF


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """Somebody asked for this channel of this terminal (0x9101), because of the alarm that is `event`, until then."""

    identity: str
    channel: int
    event: str
    until: Stamp


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """`garbage_bytes`: skipped on one connection before it is cut; `idle_s`: without a whole packet."""

    garbage_bytes: int = 1 << 16
    idle_s: float = 15.0
    connections_count: int = 64


class FrameTaker(Protocol):
    """Gets the frames of a request, in order, in the event loop: it must not block, and must bound what it holds."""

    def __call__(self, request: StreamRequest, frame: MediaFrame, lost_count: int) -> None:
        """`lost_count`: frames of this connection lost so far."""
        ...


@dataclass(slots=True)
class StreamCounts:
    """What the server has seen so far. `lost_count`: frames given up since a packet of them is missing; `missed_count`: packets by their serials."""

    connections_count: int = 0
    turned_away_count: int = 0
    frames_count: int = 0
    lost_count: int = 0
    missed_count: int = 0
    skipped_bytes: int = 0


class Stream:
    """The bytes of one connection become frames, whatever they are. Holds one unfinished packet and one unfinished frame of a kind at most."""

    def __init__(self) -> None:
        self._rest = b""
        self._sim_bytes: int | None = None
        self._joined = Reassembly()
        self._serials: dict[tuple[str, int], int] = {}
        self.skipped_bytes = self.missed_count = self.packets_count = 0

    @property
    def lost_count(self) -> int:
        """Frames given up."""
        return self._joined.lost_count

    def feed(self, chunk: bytes, accepts: Callable[[Packet], bool]) -> list[MediaFrame] | None:
        """Frames that became whole; None once a packet came that is not accepted: nothing of this chunk is used then. Never raises."""
        self._rest += chunk
        if self._sim_bytes is None and not self._is_told():
            return []
        assert self._sim_bytes is not None
        packets, self._rest, skipped_bytes = packets_in(self._rest, self._sim_bytes)
        self.skipped_bytes += skipped_bytes
        if not all(accepts(packet) for packet in packets):
            return None
        self.packets_count += len(packets)
        frames: list[MediaFrame] = []
        for packet in packets:
            self._count_missed(packet)
            if packet.data_type == PASS_THROUGH:
                continue
            self._joined, frame = self._joined.add(packet)
            if frame is not None:
                frames.append(frame)
        return frames

    def _is_told(self) -> bool:
        """Whether it is known how wide the SIM is: by a packet that ends where the next one begins, or where the bytes end."""
        begin = self._rest.find(MAGIC)
        begin = begin if begin >= 0 else max(0, len(self._rest) - len(MAGIC) + 1)
        self.skipped_bytes += begin
        self._rest = self._rest[begin:]
        for sim_bytes in (SIM_BYTES, LONG_SIM_BYTES):
            with suppress(WireError):
                _, end = Packet.parse_at(self._rest, 0, sim_bytes)
                if self._rest[end : end + 4] == MAGIC[: len(self._rest) - end]:
                    self._sim_bytes = sim_bytes
                    return True
        if len(self._rest) > _LONGEST_PACKET_BYTES:  # a whole packet is in it, and damage behind it
            self._sim_bytes = SIM_BYTES
        return self._sim_bytes is not None

    def _count_missed(self, packet: Packet) -> None:
        key = (packet.sim, packet.channel)
        wanted = self._serials.get(key)
        if wanted is not None and packet.serial != wanted:
            self.missed_count += min(packet.serial - wanted & 0xFFFF, wanted - packet.serial & 0xFFFF)
        self._serials[key] = packet.serial + 1 & 0xFFFF


class MediaServer:
    """Listens for terminals that were asked for video. One event loop; `ask` and `forget` from within it."""

    def __init__(
        self,
        doors: Doors,
        taker: FrameTaker,
        now: Callable[[], Stamp],
        *,
        limits: StreamLimits | None = None,
        admits: Admits = anybody,
        log: Callable[[str, str], None] = lambda who, what: None,
    ) -> None:
        """`admits`: whether a peer's address may talk at all; `log` hears (terminal or address, why) of every connection that was cut."""
        self._doors, self._taker, self._now, self._admits, self._log = doors, taker, now, admits, log
        self._limits, self.counts = limits or StreamLimits(), StreamCounts()
        self._requests: dict[tuple[str, int], StreamRequest] = {}
        self._holders: dict[tuple[str, int], Stream] = {}
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    def ask(self, request: StreamRequest) -> None:
        """From now on this stream is listened to; a newer request for the same channel replaces the one before."""
        self._requests[request.identity, request.channel] = request

    def forget(self, request: StreamRequest) -> None:
        """Nobody wants it any more: whoever sends it is cut off at the next packet."""
        if self._requests.get((request.identity, request.channel)) == request:
            del self._requests[request.identity, request.channel]

    def requests(self) -> list[StreamRequest]:
        """What is asked for now; what is over is forgotten."""
        now = self._now()
        self._requests = {key: each for key, each in self._requests.items() if now.utc_ns < each.until.utc_ns}
        return [*self._requests.values()]

    async def __aenter__(self) -> "MediaServer":
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
        """Turn everybody away."""
        if self._server is not None:
            self._server.close()
        for visit in [*self._visits]:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _wanted(self, packet: Packet) -> StreamRequest | None:
        request = self._requests.get((identity_of(packet.sim), packet.channel))
        return request if request is not None and self._now().utc_ns < request.until.utc_ns else None

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        stream = Stream()
        self.counts.connections_count += 1
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        why = ""
        try:
            if not self._admits(peer):
                why = "from outside the private networks"
            elif len(self._visits) > self._limits.connections_count:
                why = "too many connections"
            else:
                why = await self._serve(stream, reader)
        except asyncio.CancelledError:  # `close` ends every visit; asyncio would report it as a fault of its own
            why = "the server closes"
        except TimeoutError:
            why = f"no whole packet for {self._limits.idle_s:g} s"
        except OSError as fault:
            why = f"link broke: {fault.strerror or fault}"
        except Exception as fault:  # noqa: BLE001 - a task's edge: whoever takes the frames failed; the terminal is cut off, nothing else
            why = f"frames cannot be taken: {fault}"
        finally:
            self._visits.discard(visit)
            self._holders = {key: each for key, each in self._holders.items() if each is not stream}
            self.counts.lost_count += stream.lost_count
            self.counts.missed_count += stream.missed_count
            self.counts.skipped_bytes += stream.skipped_bytes
            if why:
                self.counts.turned_away_count += 1
                self._log(peer, why)
            writer.transport.abort()  # nothing is ever said on this port

    async def _serve(self, stream: Stream, reader: asyncio.StreamReader) -> str:
        """Why it ended; empty where the terminal closed."""
        loop = asyncio.get_running_loop()
        packets_count, heard_s = 0, loop.time()
        while True:
            async with asyncio.timeout_at(heard_s + self._limits.idle_s):
                chunk = await reader.read(_CHUNK_BYTES)
            if not chunk:
                return ""
            frames = stream.feed(chunk, lambda packet: self._wanted(packet) is not None)
            if frames is None:
                return "a stream that nobody asked for, or no more"
            if stream.skipped_bytes > self._limits.garbage_bytes:
                return f"{stream.skipped_bytes} bytes that are no packets"
            if stream.packets_count > packets_count:
                packets_count, heard_s = stream.packets_count, loop.time()
            for frame in frames:
                key = (identity_of(frame.sim), frame.channel)
                if self._holders.setdefault(key, stream) is not stream:
                    return "this channel is coming on another connection already"
                self.counts.frames_count += 1
                self._taker(self._requests[key], frame, stream.lost_count)
