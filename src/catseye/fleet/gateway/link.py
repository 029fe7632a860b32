"""The link of one session: a socket, how much of it may be read, and what is written to it."""

import asyncio
from typing import TYPE_CHECKING, cast

from catseye.fleet.gateway.session import Session

if TYPE_CHECKING:
    from catseye.fleet.gateway.gateway import Gateway

_BUFFER_BYTES = 16_384
_shared = memoryview(bytearray(_BUFFER_BYTES))  # read into and used up before anything else is read: one for all
_MOST_UNREAD_BYTES = 262_144
_PAUSED_BY_GATEWAY, _PAUSED_BY_RATE, _PAUSED_BY_PEER = 1, 2, 4


class Link(asyncio.BufferedProtocol):
    """Bytes in and out, nothing else: what they mean is the session's."""

    __slots__ = (
        "_bytes_left",
        "_filled_s",
        "_frames_left",
        "_gateway",
        "_out",
        "_paused",
        "_throttled_s",
        "address",
        "is_known",
        "session",
        "transport",
    )

    def __init__(self, gateway: "Gateway", address: str, now_s: float) -> None:
        """A link from `address`."""
        limits = gateway.limits
        self._gateway, self.address = gateway, address
        self._frames_left, self._bytes_left, self._filled_s = limits.burst_messages_count, limits.burst_bytes, now_s
        self._throttled_s: float | None = None
        self._paused = 0
        self.is_known = False
        self._out: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.session = Session(gateway.roll, limits, gateway.counters, now_s, self)

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Under TLS: after the handshake, which may have taken so long that nobody waits for it any more."""
        if not self._gateway.has(self):
            cast("asyncio.Transport", transport).abort()
            return
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=65_536)

    def get_buffer(self, sizehint: int) -> memoryview:
        """The shared one."""
        return _shared

    def buffer_updated(self, nbytes: int) -> None:
        """The edge: whatever goes wrong in here, this link alone is closed."""
        gateway = self._gateway
        if self.transport is None or self.transport.is_closing():
            return
        now_s = gateway.now_s()
        before = self.session.frames_count
        try:
            turn = self.session.receive(bytes(_shared[:nbytes]), gateway.clock(), now_s)
            gateway.took(self, turn)
        except Exception as fault:  # noqa: BLE001 - the edge of a task: counted, logged, and the link is closed
            gateway.fell(self, fault)
            return
        self._meter(nbytes, self.session.frames_count - before, now_s)

    def eof_received(self) -> bool:
        """It will say no more: nor is it told any more."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever closed it."""
        self._gateway.lost(self)

    def pause_writing(self) -> None:
        """It does not read what it is told: then nothing more is read of it."""
        self._pause(_PAUSED_BY_PEER)

    def resume_writing(self) -> None:
        """It reads again."""
        self._resume(_PAUSED_BY_PEER)

    # --- what the gateway calls

    def answer(self, frame: bytes) -> None:
        """Write with the others of this turn, at `flush`."""
        self._out.append(frame)

    def flush(self) -> None:
        """One write for all answers."""
        if not self._out:
            return
        frames = b"".join(self._out)
        self._out.clear()
        if self.transport is None or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            self._gateway.part(self, "does not read")
            return
        self.transport.write(frames)

    def pause_for_gateway(self) -> None:
        """More waits to be kept than may."""
        self._pause(_PAUSED_BY_GATEWAY)

    def resume_for_gateway(self) -> None:
        """There is room again."""
        self._resume(_PAUSED_BY_GATEWAY)

    def sweep(self, now_s: float) -> str:
        """Once in a while: read on where the rate allows it again. Why to part, if anything."""
        if self._throttled_s is not None:
            self._fill(now_s)
            if self._frames_left >= 0 and self._bytes_left >= 0:
                self._resume(_PAUSED_BY_RATE)
            if self._frames_left >= self._gateway.limits.burst_messages_count / 2:
                self._throttled_s = None
            elif now_s - self._throttled_s > self._gateway.limits.throttled_before_closing_s:
                return "too much"
        return "" if self._paused & (_PAUSED_BY_GATEWAY | _PAUSED_BY_RATE) else self.session.overdue(now_s)

    def close(self) -> None:
        """What was written still goes out."""
        self.flush()
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """At once."""
        if self.transport is not None:
            self.transport.abort()

    # --- how much is read

    def _meter(self, nbytes: int, frames_count: int, now_s: float) -> None:
        self._frames_left -= frames_count
        self._bytes_left -= nbytes
        if self._frames_left < 0 or self._bytes_left < 0:
            self._fill(now_s)
            if self._frames_left < 0 or self._bytes_left < 0:
                if self._throttled_s is None:
                    self._throttled_s = now_s
                    self._gateway.counters.refused["too fast: made to wait"] += 1
                self._pause(_PAUSED_BY_RATE)

    def _fill(self, now_s: float) -> None:
        limits, passed_s = self._gateway.limits, now_s - self._filled_s
        self._filled_s = now_s
        self._frames_left = min(limits.burst_messages_count, self._frames_left + passed_s * limits.messages_per_s)
        self._bytes_left = min(limits.burst_bytes, self._bytes_left + passed_s * limits.bytes_per_s)

    def _pause(self, why: int) -> None:
        if not self._paused and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()
        self._paused |= why

    def _resume(self, why: int) -> None:
        if not self._paused & why:
            return
        self._paused &= ~why
        if not self._paused and self.transport is not None and not self.transport.is_closing():
            self.session.heard_s = max(self.session.heard_s, self._gateway.now_s())  # it was us who did not listen
            self.transport.resume_reading()
