"""Cameras that die, come back, fall silent: a real RTSP server (GStreamer's), and a wire to it that can be torn or muted at a chosen moment."""

import random
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self

SERVER = Path(__file__).with_name("rtsp_server.py")
# Below every system's range of ports that are given out by chance: while a camera is away nobody else gets its port, nor does a caller connect to himself.
PORTS = range(20_000, 32_000)
TRIES_COUNT = 20


class RtspServer:
    """Runs at once; is killed, comes back on the same port. Options are those of rtsp_server.py."""

    def __init__(self, python: str, *options: str) -> None:
        self._python = python
        self._process: subprocess.Popen[str] | None = None
        for last in range(TRIES_COUNT - 1, -1, -1):
            self.port = random.choice(PORTS)
            try:
                self.start(*options)
            except RuntimeError as fault:
                if not last or "cannot listen" not in str(fault):
                    raise
            else:
                return

    def start(self, *options: str) -> None:
        command = [self._python, str(SERVER), "--port", str(self.port), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready"):
            _, said = process.communicate()
            raise RuntimeError((said.strip() or "the RTSP server said nothing").splitlines()[-1])
        self._process = process

    def url(self, credentials: str = "", path: str = "live", scheme: str = "rtsp", port: int | None = None) -> str:
        return f"{scheme}://{credentials}127.0.0.1:{port or self.port}/{path}"

    def kill(self) -> None:
        """At once, in the middle of whatever it does; idempotent."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Wire:
    """The way to a camera: passes RTSP over TCP on as it is, until it is told to tear a picture or to fall silent.

    `pictures_count` is how many whole ones have passed; a wire that is `blind` passes answers and no picture.
    """

    def __init__(self, camera_port: int, *, is_blind: bool = False) -> None:
        self.pictures_count = 0
        self._is_blind = is_blind
        self._camera_port = camera_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        self._tearing = threading.Event()
        self._closed = threading.Event()
        self._silences: list[threading.Event] = []
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._let_in, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._door.shutdown(socket.SHUT_RDWR)
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        self._door.close()

    def tear(self) -> None:
        """Break off within the next picture that comes in several packets."""
        self._tearing.set()

    def mute(self) -> None:
        """From here on nothing comes on the connections there are, which stay open, as behind a switch that lost its uplink; new calls get through."""
        for silence in self._silences:
            silence.set()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                viewer, _ = self._door.accept()
                try:
                    camera = socket.create_connection(("127.0.0.1", self._camera_port))
                except OSError:  # the camera is away: so is the viewer's call
                    viewer.close()
                    continue
                self._ends += [viewer, camera]
                self._silences.append(threading.Event())
                for pump in (self._pass_up, partial(self._pass_down, silence=self._silences[-1])):
                    self._threads.append(threading.Thread(target=pump, args=(viewer, camera), daemon=True))
                    self._threads[-1].start()

    def _pass_up(self, viewer: socket.socket, camera: socket.socket) -> None:
        with suppress(OSError):
            while said := viewer.recv(1 << 16):
                camera.sendall(said)
        with suppress(OSError):
            camera.shutdown(socket.SHUT_RDWR)

    def _pass_down(self, viewer: socket.socket, camera: socket.socket, silence: threading.Event) -> None:
        with suppress(OSError), camera.makefile("rb") as said:
            for packet in _packets(said):
                if self._is_blind and packet[:1] == b"$":
                    continue
                if silence.is_set():
                    self._closed.wait()
                viewer.sendall(packet)
                self.pictures_count += _is_rtp(packet) and packet[5] >> 7
                if self._tearing.is_set() and _is_within_a_picture(packet):
                    self._tearing.clear()
                    break
        for end in (viewer, camera):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _packets(said: BinaryIO) -> Iterator[bytes]:
    """Interleaved packets (RFC 2326 10.12) and answers, each whole."""
    while len(head := said.read(4)) == 4:
        if head[:1] == b"$":
            yield head + said.read(int.from_bytes(head[2:], "big"))
            continue
        while not head.endswith(b"\r\n\r\n") and (line := said.readline()):
            head += line
        length = next((line.partition(b":")[2] for line in head.splitlines() if line.lower().startswith(b"content-length")), b"0")
        yield head + said.read(int(length))


def _is_within_a_picture(packet: bytes) -> bool:
    """An RTP packet of H.264 (RFC 6184) with a part of a picture, and without the mark of its last one."""
    return _is_rtp(packet) and not packet[5] & 0x80 and packet[16] & 0x1F in (1, 5, 28)


def _is_rtp(packet: bytes) -> bool:
    return len(packet) > 16 and packet[:1] == b"$" and packet[1] == 0
