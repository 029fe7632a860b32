"""What one terminal, or a stranger, may take of the attachment server: never what others need."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from time import perf_counter

import pytest
from tests.fleet.attachments.terminals import ALARM, EXPECTED, NOON, PHOTO, Held, announced, begins, ends, frame, pieces
from tests.fleet.attachments.test_server import Terminal, serving

from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.attachments.shelf import Limits, Shelf
from catseye.fleet.listening import LocalDoors
from catseye.fleet.media_keeper import Attachment, MediaRefusedError

OTHER_PHONE, OTHER_ALARM = "013800138001", "f" * 32
OTHERS = replace(EXPECTED, alarm_no=OTHER_ALARM, identity="13800138001")


def attachment(name: str, size_bytes: int) -> Attachment:
    return Attachment(name, name, 0, size_bytes)


def test_a_byte_far_from_the_others_costs_neither_memory_nor_disk() -> None:
    shelf = Shelf()
    coming = shelf.begin(shelf.of(EXPECTED, NOON, None), attachment("a", 64 << 20))
    shelf.add(coming, (64 << 20) - 1, b"x")
    assert os.fstat(coming.file.fileno()).st_blocks * 512 < 1 << 20
    shelf.close()


def test_pieces_apart_from_each_other_are_refused_before_they_cost_much_time() -> None:
    shelf = Shelf()
    coming = shelf.begin(shelf.of(EXPECTED, NOON, None), attachment("a", 64 << 20))
    began_s = perf_counter()
    with pytest.raises(MediaRefusedError, match="apart from each other"):
        for at_bytes in range(0, 20_000, 2):
            shelf.add(coming, at_bytes, b"x")
    assert perf_counter() - began_s < 0.5
    shelf.close()


def test_one_terminal_does_not_reserve_what_all_share() -> None:
    shelf = Shelf()
    for number in range(2):
        alarm = shelf.of(replace(EXPECTED, alarm_no=str(number)), NOON, None)
        for name in ("a", "b"):
            shelf.begin(alarm, attachment(name, 64 << 20))
    with pytest.raises(MediaRefusedError, match="of one terminal"):
        shelf.begin(shelf.of(replace(EXPECTED, alarm_no="2"), NOON, None), attachment("a", 64 << 20))
    shelf.begin(shelf.of(OTHERS, NOON, None), attachment("a", 64 << 20))
    shelf.close()


def test_who_says_nothing_or_drips_is_cut_though_it_is_never_silent() -> None:
    async def run() -> None:
        async with serving(Held(), Limits(known_within_s=0.3)) as (_, calls):
            good = await calls()
            await good.sends(announced((PHOTO, 5)), answers_count=1)
            silent, dripping = await calls(), await calls()
            cut = asyncio.gather(silent.is_cut(), dripping.is_cut())
            for byte in b"~" * 1 + b"a" * 3_000:
                if cut.done():
                    break
                dripping.writer.write(bytes((byte,)))
                await asyncio.sleep(0.01)
            assert await cut == [True, True]
            assert await good.sends(begins(PHOTO, 5), answers_count=1) == [(0x8001, 0)]

    asyncio.run(run())


def test_strangers_of_one_address_leave_room_for_who_says_what_it_brings() -> None:
    async def run() -> None:
        async with serving(Held(), Limits(connections_count=8, strangers_per_address_count=4)) as (server, calls):
            good = await calls()
            await good.sends(announced((PHOTO, 5)), answers_count=1)
            strangers = [await calls() for _ in range(20)]
            assert [await each.is_cut() for each in strangers[4:]] == [True] * 16
            assert await good.sends(begins(PHOTO, 5), answers_count=1) == [(0x8001, 0)]
            assert server.counts.turned_away_count == 16

    asyncio.run(run())


def test_one_terminal_does_not_take_every_connection() -> None:
    async def run() -> None:
        async with serving(Held(), Limits(connections_per_terminal_count=2)) as (_, calls):
            links = [await calls() for _ in range(3)]
            answers = [await each.sends(announced((PHOTO, 5)), answers_count=1) for each in links]
            assert answers == [[(0x8001, 0)]] * 3
            assert await links[2].is_cut()

    asyncio.run(run())


def test_files_of_one_terminal_do_not_go_before_all_of_another() -> None:
    async def run() -> None:
        keeper = Held(asked_for={ALARM: EXPECTED, OTHER_ALARM: OTHERS}, gate=Event())
        with ThreadPoolExecutor(1) as worker, ThreadPoolExecutor(1) as asking:
            server = AttachmentServer(keeper, LocalDoors(), worker, lambda: NOON, asking=asking)
            port = await server.start()
            greedy = [Terminal(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(4)]
            for number, link in enumerate(greedy):
                name = f"{number}.jpg"
                whole = announced((name, 1)) + begins(name, 1) + b"".join(pieces(name, b"g")) + ends(name, 1)
                if number == 0:
                    await link.sends(announced((name, 1)), answers_count=1)
                link.writer.write(whole)
                await link.writer.drain()
            modest = Terminal(*await asyncio.open_connection("127.0.0.1", port))
            name = "modest.jpg"
            # asked for while the worker is busy: nobody waits for that
            assert await modest.sends(announced((name, 1), alarm_no=OTHER_ALARM, phone=OTHER_PHONE), answers_count=1) == [(0x8001, 0)]
            said = {"name": name, "type": 0, "size": 1}
            modest.writer.write(frame(0x1211, said, OTHER_PHONE) + pieces(name, b"m")[0] + frame(0x1212, said, OTHER_PHONE))
            await modest.writer.drain()
            await asyncio.sleep(0.1)
            keeper.gate.set()  # type: ignore[union-attr]
            async with asyncio.timeout(20):
                while (OTHER_ALARM, name) not in keeper.kept:
                    await asyncio.sleep(0.005)
            assert list(keeper.kept).index((OTHER_ALARM, name)) <= 1
            for link in (*greedy, modest):
                link.writer.close()
            await server.close()

    asyncio.run(run())


class Narrow(LocalDoors):
    """Doors that know who may come."""

    def admits(self, peer: str) -> bool:
        return peer != "127.0.0.1"


def test_the_doors_tell_who_may_talk_though_nobody_asks_them_to() -> None:
    async def run() -> None:
        with ThreadPoolExecutor(1) as worker:
            server = AttachmentServer(Held(), Narrow(), worker, lambda: NOON)
            link = Terminal(*await asyncio.open_connection("127.0.0.1", await server.start()))
            assert await link.is_cut()
            link.writer.close()
            await server.close()

    asyncio.run(run())
