"""The physical limit: a bare asyncio server that keeps the raw bytes of all terminals in one file, one fsync a batch, and then acknowledges every frame.

It knows nobody, checks nothing but where a frame ends, and judges nothing. `python -m benchmarks.fleet_bare PORT FILE`.
"""

import asyncio
import os
import resource
import sys
from struct import Struct

from catseye.fleet.frame808 import checksum, escaped, unescaped

_ANSWER = Struct(">HHB")


class Bare(asyncio.Protocol):
    """One link: frames go to the batch, answers come back with it."""

    def __init__(self, batch: list[tuple["Bare", bytes]]) -> None:
        self.batch, self.rest = batch, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A link."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Frames, to the batch."""
        pieces = (self.rest + data).split(b"~")
        self.rest = b"~" + pieces[-1] if pieces[-1] else b""
        self.batch += [(self, piece) for piece in pieces[1:-1] if piece]


def answer(piece: bytes) -> bytes:
    content = piece if b"}" not in piece else unescaped(b"~" + piece + b"~")
    at = 17 if content[2] & 0x40 else 12
    if content[:2] == b"\x01\x00":
        head, body = b"\x81\x00", content[at - 2 : at] + b"\0token"
    else:
        head, body = b"\x80\x01", _ANSWER.pack(content[at - 2] << 8 | content[at - 1], content[0] << 8 | content[1], 0)
    whole = head + bytes([content[2] & 0x40, len(body)]) + content[4:at] + body
    return escaped(whole + bytes([checksum(whole)]))


async def serve(port: int, path: str) -> None:
    loop = asyncio.get_running_loop()
    batch: list[tuple[Bare, bytes]] = []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def keep(raw: bytes) -> None:
        os.write(file, raw)
        os.fdatasync(file)

    server = await loop.create_server(lambda: Bare(batch), "127.0.0.1", port, backlog=4096)
    async with server:
        while True:
            await asyncio.sleep(0.005)
            if not batch:
                continue
            taken = batch[:]
            batch.clear()
            await loop.run_in_executor(None, keep, b"~".join(piece for _, piece in taken))
            for link, piece in taken:
                if not link.transport.is_closing():
                    link.transport.write(answer(piece))


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
