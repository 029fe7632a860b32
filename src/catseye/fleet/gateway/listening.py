"""The listening socket: whoever may not come in is cut off before anything is made of it."""

import asyncio
import contextlib
import resource
import socket
import sys
from collections.abc import Callable

from catseye.core.errors import SiteError
from catseye.fleet.gateway.doors import Doors
from catseye.fleet.gateway.link import Link

_BACKLOG_COUNT = 4_096
_AT_ONCE_COUNT = 128  # accepted before others are read again
_OTHER_FILES_COUNT = 256
_SEND_BYTES = 65_536  # of the system's memory, for one that does not read
_HANDSHAKE_S = 15.0
_NO_FILES_LEFT_PAUSE_S = 1.0


def most_links_count() -> int:
    """As many as the system grants this process, less some for the disk: the soft limit on open files is made the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(1, soft - _OTHER_FILES_COUNT)


class Listening:
    """`admit` gives the protocol of a link from an address, or None."""

    def __init__(self, doors: Doors, admit: "Callable[[str], Link | None]", gone: "Callable[[Link], None]") -> None:
        """Bound and listening; SiteError when that cannot be. `gone`: of a link that never came to be."""
        self._tls = doors.ssl_context()
        family = socket.AF_INET6 if ":" in doors.listen_host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((doors.listen_host, doors.listen_port))
            self._socket.listen(_BACKLOG_COUNT)
        except OSError as fault:
            self._socket.close()
            raise SiteError(f"terminals' port {doors.listen_host} {doors.listen_port}", str(fault), "an address and a free port of this machine") from None
        self._socket.setblocking(False)
        host, port = self._socket.getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        self._admit, self._gone = admit, gone
        self._loop = asyncio.get_running_loop()
        self._coming: set[asyncio.Task[None]] = set()
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE_COUNT):
            try:
                peer, (address, *_) = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no more files: whoever waits, waits; those inside go on
                self._loop.remove_reader(self._socket)
                self._loop.call_later(_NO_FILES_LEFT_PAUSE_S, self._accept_again)
                return
            link = self._admit(address)
            if link is None:
                peer.close()
                continue
            peer.setblocking(False)
            task = self._loop.create_task(self._connect(peer, link))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)

    def _accept_again(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._accept)

    async def _connect(self, peer: socket.socket, link: Link) -> None:
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
            handshake_s = _HANDSHAKE_S if self._tls is not None else None
            await self._loop.connect_accepted_socket(lambda: link, peer, ssl=self._tls, ssl_handshake_timeout=handshake_s)
        except (OSError, asyncio.CancelledError):  # TLS faults are among them
            peer.close()
            self._gone(link)

    def close(self) -> None:
        """Nobody comes in any more; links that are there stay."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        for task in self._coming:
            task.cancel()
