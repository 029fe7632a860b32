"""Messages in sub-packages: every part is answered, the whole when it is kept; what is missing is asked for again."""

import asyncio
from dataclasses import dataclass

from tests.fleet.gateway.device import IDENTITY, PHONE, Device, gateway_of, location, quick, until
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.terminal import Accepted
from catseye.fleet.frame808 import V2013, V2019, Frame
from catseye.fleet.message import Body
from catseye.fleet.subpackages import split


def keeper_of_one() -> KeeperInMemory:
    keeper = KeeperInMemory()
    keeper.enrol(IDENTITY, "mine")
    return keeper


def batch_of(count: int, version: str = V2013) -> bytes:
    entry = location()
    return bytes(Body.of(0x0704, version, {"count": count, "type": 1, "list": [{"_len": 28, **entry} for _ in range(count)]}))


def parts_of(device: Device, body: bytes, msg_id: int = 0x0704, first_serial: int = 0xFFFE, part_bytes: int = 200) -> list[Frame]:
    return split(msg_id, device.phone, first_serial, body, version=device.version, part_bytes=part_bytes)


def test_a_message_in_parts_is_kept_whole_whatever_their_order() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            body = batch_of(30)
            parts = parts_of(mine, body)
            for frame in (*parts[1:], parts[0]):
                mine.write(bytes(frame))
                assert await mine.answer_to(frame.header.serial) == 0
            assert [(each.msg_id, each.serial, each.body) for each in keeper.kept] == [(0x0704, 0xFFFE, body)]
            for frame in parts:  # all of them once more
                mine.write(bytes(frame))
                assert await mine.answer_to(frame.header.serial) == 0
            assert len(keeper.kept) == 1

    asyncio.run(journey())


def test_the_part_that_makes_it_whole_is_answered_after_it_is_kept() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.gate.clear()
            parts = parts_of(mine, batch_of(30))
            for frame in parts[:-1]:
                mine.write(bytes(frame))
                assert await mine.answer_to(frame.header.serial) == 0
            mine.write(bytes(parts[-1]))
            await asyncio.sleep(0.1)
            assert not mine._frames
            assert keeper.kept == []
            keeper.gate.set()
            assert await mine.answer_to(parts[-1].header.serial) == 0

    asyncio.run(journey())


def test_parts_that_are_missing_are_asked_for_and_in_the_end_given_up() -> None:
    async def journey(version: str) -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper, quick(ask_again_after_s=0.1, ask_again_count=2)) as gateway:
            mine = await Device.enter(gateway, "mine", PHONE, version)
            body = batch_of(30, version)
            parts = parts_of(mine, body)
            for frame in (parts[0], parts[3]):
                mine.write(bytes(frame))
                await mine.answer_to(frame.header.serial)
            request = await mine.hear()
            assert request.header.msg_id == 0x8003
            assert request.body.values == {"orig_serial": 0xFFFE, "count": 3, "ids": [2, 3, 5]}
            for index in request.body.values["ids"]:
                mine.write(bytes(parts[index - 1]))
            assert await mine.answer_to(parts[4].header.serial) == 0
            assert keeper.kept[0].body == body
            mine.write(bytes(parts_of(mine, body, first_serial=100)[0]))
            assert await mine.answer_to(100) == 0
            assert [(await mine.hear()).header.msg_id for _ in range(2)] == [0x8003, 0x8003]
            await until(lambda: gateway.roll.joining.held_bytes == 0)

    asyncio.run(journey(V2013))
    asyncio.run(journey(V2019))


def test_parts_that_contradict_or_never_end_are_refused_and_bounded() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        limits = quick(most_joinings_count=2, most_joining_bytes=1_000, most_joining_of_all_bytes=3_000, faults_before_closing_count=100)
        async with gateway_of(keeper, limits) as gateway:
            mine = await Device.enter(gateway, "mine")
            parts = parts_of(mine, batch_of(30))

            async def answer(frame: Frame) -> int:
                mine.write(bytes(frame))
                return await mine.answer_to(frame.header.serial)

            assert await answer(parts[0]) == 0
            assert await answer(Frame(parts[0].header, b"others")) == 2
            for first_serial, result in ((100, 0), (200, 1), (300, 1)):
                assert await answer(parts_of(mine, batch_of(30), first_serial=first_serial)[0]) == result
            for number in range(9_000, 9_003):
                mine.write(mine.frame(0x0704, b"x", serial=number, part=(0xFFFF, 1)))
                assert await mine.answer_to(number) == 2
            long = parts_of(mine, bytes(1_500), first_serial=100)
            results = [await answer(frame) for frame in long[1:]]
            assert 2 in results or 1 in results
            assert gateway.roll.joining.held_bytes <= 3_000
            assert keeper.kept == []
            mine.close()
            await until(lambda: gateway.roll.joining.held_bytes == 0)

    asyncio.run(journey())


@dataclass(frozen=True)
class Reply:
    msg_id: int
    body: Body


def test_media_go_to_whoever_takes_them_and_never_to_the_keeper() -> None:
    taken: list[Accepted] = []

    async def take(accepted: Accepted, body: Body) -> Reply:
        taken.append(accepted)
        if len(taken) == 1:
            raise OSError("no space left")
        return Reply(0x8800, Body.of(0x8800, accepted.version, {"media_id": body.values["media_id"]}))

    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper, media=take) as gateway:
            mine = await Device.enter(gateway, "mine")
            head = mine.body(0x0200, location())
            body = b"\x00\x00\x00\x2a" + bytes((0, 0, 1, 1)) + head + bytes(range(256)) * 4
            parts = parts_of(mine, body, 0x0801, 500)
            for frame in parts:
                mine.write(bytes(frame))
            for frame in parts[:-1]:
                assert await mine.answer_to(frame.header.serial) == 0
            await until(lambda: gateway.counters.refused["media, not taken"] == 1)
            assert not mine._frames  # not taken, not acknowledged: it comes again
            for frame in parts:
                mine.write(bytes(frame))
            for frame in parts:
                assert await mine.answer_to(frame.header.serial) == 0
            answer = await mine.hear()
            assert (answer.header.msg_id, answer.body.values["media_id"]) == (0x8800, 0x2A)
            assert taken[1].body == body
            assert keeper.kept == []

    asyncio.run(journey())
