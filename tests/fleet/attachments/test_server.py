"""The attachment server on real sockets: safe before it is done, one bad terminal costs nobody else anything."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import pytest
from tests.fleet.attachments.terminals import ALARM, EXPECTED, NOON, PHOTO, STRANGER, Held, announced, begins, ends, pieces, said, sent

from catseye.core.errors import SiteError, StoreError
from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.attachments.shelf import Limits
from catseye.fleet.frame808 import frames_in
from catseye.fleet.listening import LocalDoors

CONTENT = random.Random(9).randbytes(200_000)


class Terminal:
    """A link to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._rest = b""

    async def sends(self, *raw: bytes, answers_count: int) -> list[tuple[int, int]]:
        """(message, result) of so many answers."""
        self.writer.write(b"".join(raw))
        await self.writer.drain()
        found: list[bytes] = []
        while len(found) < answers_count:
            chunk = await asyncio.wait_for(self.reader.read(65536), 20)
            if not chunk:
                raise ConnectionResetError
            frames, self._rest = frames_in(self._rest + chunk)
            found += frames
        return [(msg_id, values["result"]) for each in found for msg_id, values in said(each + b"~")]

    async def is_cut(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), 20) == b""
        except OSError:
            return True


@asynccontextmanager
async def serving(
    keeper: Held, limits: Limits | None = None, staging: Path | None = None
) -> AsyncIterator[tuple[AttachmentServer, Callable[[], Awaitable[Terminal]]]]:
    links: list[Terminal] = []
    with ThreadPoolExecutor(1) as worker:
        server = AttachmentServer(keeper, LocalDoors(), worker, lambda: NOON, limits=limits, staging=staging)
        port = await server.start()

        async def calls() -> Terminal:
            links.append(Terminal(*await asyncio.open_connection("127.0.0.1", port)))
            return links[-1]

        try:
            yield server, calls
        finally:
            for link in links:
                link.writer.close()
            await server.close()


def test_a_large_file_is_done_when_it_is_safe_and_leaves_no_file_behind(tmp_path: Path) -> None:
    async def run() -> None:
        keeper = Held(gate=Event())
        async with serving(keeper, Limits(in_memory_bytes=1000), tmp_path) as (server, calls):
            terminal = await calls()
            assert await terminal.sends(announced((PHOTO, len(CONTENT))), begins(PHOTO, len(CONTENT)), answers_count=2) == [(0x8001, 0)] * 2
            waiting = asyncio.create_task(terminal.sends(*pieces(PHOTO, CONTENT, 65536), ends(PHOTO, len(CONTENT)), answers_count=1))
            while not keeper.calls_count:
                await asyncio.sleep(0.001)
            assert not waiting.done()
            assert [*tmp_path.iterdir()] == []
            keeper.gate.set()
            assert await waiting == [(0x9212, 0)]
            assert keeper.kept == {(ALARM, PHOTO): CONTENT}
            assert server.counts.safe_count == 1

    asyncio.run(run())


def test_a_fault_of_the_keeper_is_not_acknowledged_and_the_terminal_comes_again() -> None:
    async def run() -> None:
        keeper = Held(faults=[StoreError("vault", "no space left", "room")])
        async with serving(keeper) as (server, calls):
            first = await calls()
            await first.sends(announced((PHOTO, 5)), begins(PHOTO, 5), answers_count=2)
            first.writer.write(b"".join(pieces(PHOTO, b"abcde")) + ends(PHOTO, 5))
            assert await first.is_cut()
            again = await calls()
            assert await again.sends(announced((PHOTO, 5), again=True), begins(PHOTO, 5), ends(PHOTO, 5), answers_count=3) == [
                (0x8001, 0),
                (0x8001, 0),
                (0x9212, 0),
            ]
            assert keeper.kept == {(ALARM, PHOTO): b"abcde"}
            assert server.counts.failed_count == 1

    asyncio.run(run())


def test_a_link_that_breaks_while_a_file_is_taken_finds_it_safe_later() -> None:
    async def run() -> None:
        keeper = Held(gate=Event())
        async with serving(keeper) as (_, calls):
            first = await calls()
            await first.sends(announced((PHOTO, 5)), begins(PHOTO, 5), answers_count=2)
            first.writer.write(b"".join(pieces(PHOTO, b"abcde")) + ends(PHOTO, 5))
            while not keeper.calls_count:
                await asyncio.sleep(0.001)
            first.writer.transport.abort()
            again = await calls()
            again.writer.write(announced((PHOTO, 5), again=True) + begins(PHOTO, 5) + ends(PHOTO, 5))
            await asyncio.sleep(0.05)
            keeper.gate.set()
            assert await again.sends(answers_count=3) == [(0x8001, 0), (0x8001, 0), (0x9212, 0)]
            assert keeper.calls_count == 1

    asyncio.run(run())


def test_one_bad_terminal_costs_nobody_else_anything() -> None:
    async def run() -> None:
        keeper = Held()
        async with serving(keeper, Limits(idle_s=0.3)) as (_, calls):
            bad = [await calls() for _ in range(5)]
            bad[0].writer.write(b"GET / HTTP/1.0\r\n\r\n")
            bad[1].writer.write(announced((PHOTO, 5), phone=STRANGER))
            bad[2].writer.write(announced((PHOTO, 5), alarm_no="0" * 32))
            bad[3].writer.write(b"~" * 10)
            good = await calls()
            answers = await good.sends(announced((PHOTO, len(CONTENT))), sent(PHOTO, CONTENT), answers_count=3)
            assert answers == [(0x8001, 0), (0x8001, 0), (0x9212, 0)]
            assert await asyncio.gather(*(each.is_cut() for each in bad)) == [True] * 5
            assert set(keeper.kept) == {(ALARM, PHOTO)}

    asyncio.run(run())


def test_more_connections_than_there_is_room_for_are_turned_away() -> None:
    async def run() -> None:
        async with serving(Held(), Limits(connections_count=1)) as (_, calls):
            first = await calls()
            await first.sends(announced((PHOTO, 5)), answers_count=1)
            second = await calls()
            assert await second.is_cut()
            assert await first.sends(begins(PHOTO, 5), answers_count=1) == [(0x8001, 0)]

    asyncio.run(run())


def test_nobody_listens_where_strangers_could_come_in() -> None:
    class Open(LocalDoors):
        def refuse_open(self) -> None:
            raise SiteError("[fleet]", "0.0.0.0 without TLS", "a private network")

    async def run() -> None:
        with ThreadPoolExecutor(1) as worker, pytest.raises(SiteError):
            await AttachmentServer(Held(asked_for={ALARM: EXPECTED}), Open(), worker, lambda: NOON).start()

    asyncio.run(run())


def test_a_peer_from_outside_the_private_networks_is_not_heard() -> None:
    async def run() -> None:
        keeper, said_why = Held(), list[str]()
        with ThreadPoolExecutor(1) as worker:
            server = AttachmentServer(
                keeper, LocalDoors(), worker, lambda: NOON, admits=lambda peer: peer != "127.0.0.1", log=lambda who, why: said_why.append(why)
            )
            link = Terminal(*await asyncio.open_connection("127.0.0.1", await server.start()))
            link.writer.write(announced((PHOTO, 5)))
            assert await link.is_cut()
            link.writer.close()
            await server.close()
        assert said_why == ["from outside the private networks"]

    asyncio.run(run())
