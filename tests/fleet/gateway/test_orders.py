"""Orders over a real link: sent, answered, refused, sent again, given up."""

import asyncio
from itertools import count

import pytest
from tests.fleet.gateway.device import IDENTITY, OTHER, PHONE, Device, gateway_of, location, now, quick, until
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.terminal import Order, OrderState
from catseye.fleet.dialects import YUE
from catseye.fleet.frame808 import V2019
from catseye.fleet.subpackages import Joining

IDS = (f"{number:032x}" for number in count(1))


def keeper_of_one() -> KeeperInMemory:
    keeper = KeeperInMemory()
    keeper.enrol(IDENTITY, "mine")
    return keeper


def order(msg_id: int, body: bytes = b"", *, good_for_s: float = 60.0, purpose: str = "query", identity: str = IDENTITY) -> Order:
    return Order(next(IDS), identity, msg_id, body, now(), good_for_s, purpose, "a person")


def states(keeper: KeeperInMemory) -> list[OrderState]:
    return [each.state for each in keeper.told]


ANSWERS = {
    "general": (0x8103, 0x0001, lambda serial: serial + b"\x81\x03\x00", OrderState.ACKNOWLEDGED, 0),
    "general, refused": (0x8103, 0x0001, lambda serial: serial + b"\x81\x03\x03", OrderState.REFUSED, 3),
    "parameters": (0x8104, 0x0104, lambda serial: serial + b"\x00", OrderState.ACKNOWLEDGED, 0),
    "some parameters": (0x8106, 0x0104, lambda serial: serial + b"\x00", OrderState.ACKNOWLEDGED, 0),
    "location": (0x8201, 0x0201, lambda serial: serial + bytes(28), OrderState.ACKNOWLEDGED, 0),
    "picture": (0x8801, 0x0805, lambda serial: serial + b"\x00\x00\x00", OrderState.ACKNOWLEDGED, 0),
    "picture, refused": (0x8801, 0x0805, lambda serial: serial + b"\x02", OrderState.REFUSED, 2),
    "recordings": (0x9205, 0x1205, lambda serial: serial + bytes(4), OrderState.ACKNOWLEDGED, 0),
    "abilities": (0x9003, 0x1003, lambda serial: bytes(10), OrderState.ACKNOWLEDGED, 0),
    "passed through": (0x8900, 0x0900, lambda serial: b"\xf7\x00", OrderState.ACKNOWLEDGED, 0),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_of_any_kind_ends_its_order(case: str) -> None:
    asked, msg_id, body, state, result = ANSWERS[case]

    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper, quick(answer_within_s=30.0)) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.order(order(asked, b"\x00"))
            came = await mine.hear_frame()
            assert came.header.msg_id == asked
            wrong = (came.header.serial + 9 & 0xFFFF).to_bytes(2)
            if body(wrong) != body(bytes(2)):
                mine.say(msg_id, body(wrong))
            mine.say(msg_id, body(came.header.serial.to_bytes(2)))
            await until(lambda: len(keeper.told) == 2)
            assert states(keeper) == [OrderState.SENT, state]
            assert keeper.told[1].result == result

    asyncio.run(journey())


def test_an_order_waits_for_its_terminal_and_one_that_is_never_answered_is_given_up() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        keeper.open = [order(0x8104, purpose="parameters"), order(0x8300, b"\x08x", purpose="warning")]
        async with gateway_of(keeper, quick(answer_within_s=0.05, send_again_count=1)) as gateway:
            await asyncio.sleep(0.1)
            mine = await Device.connect(gateway)
            mine.say(0x0102, b"mine")
            heard = [(await mine.hear()).header for _ in range(5)]
            assert [each.msg_id for each in heard if each.msg_id != 0x8001] == [0x8300, 0x8104, 0x8300, 0x8104]
            assert len({each.serial for each in heard}) == 3  # sent again with its own serial
            await until(lambda: len(keeper.told) == 4)
            assert states(keeper)[2:] == [OrderState.UNANSWERED] * 2

    asyncio.run(journey())


def test_an_order_for_nobody_who_comes_expires() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper) as gateway:
            keeper.order(order(0x8104, good_for_s=0.2))
            keeper.order(order(0x8104, identity=OTHER))
            await until(lambda: len(keeper.told) == 2)
            assert states(keeper) == [OrderState.EXPIRED] * 2
            assert gateway.counters.orders_sent_count == 0

    asyncio.run(journey())


def test_an_order_that_was_sent_on_a_dead_link_comes_again_on_the_next() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper, quick(answer_within_s=30.0)) as gateway:
            first = await Device.enter(gateway, "mine")
            keeper.order(order(0x8104))
            serial = (await first.hear()).header.serial
            second = await Device.connect(gateway)
            second.say(0x0102, b"mine")
            heard = [await second.hear(), await second.hear()]
            assert [each.header.serial for each in heard if each.header.msg_id == 0x8104] == [serial]

    asyncio.run(journey())


def test_a_long_order_goes_in_parts_and_is_ended_by_the_serial_of_the_last() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper, quick(answer_within_s=30.0)) as gateway:
            mine = await Device.enter(gateway, "mine", PHONE, V2019)
            body = bytes(range(256)) * 10
            keeper.order(order(0x8108, body))
            joining = Joining.begin(await mine.hear_frame())
            while not joining.is_whole:
                joining = joining.add(await mine.hear_frame())
            assert joining.body() == body
            mine.say(0x0005, {"orig_serial": joining.first_serial, "count": 1, "ids": [2]})
            again = [await mine.hear_frame(), await mine.hear_frame()]
            assert [frame.body for frame in again if frame.header.msg_id == 0x8108] == [body[1023:2046]]
            mine.say(0x0001, {"ack_serial": joining.first_serial + 2 & 0xFFFF, "ack_id": "0x8108", "result": 0})
            await until(lambda: len(keeper.told) == 2)
            assert states(keeper)[-1] == OrderState.ACKNOWLEDGED

    asyncio.run(journey())


def test_the_dialect_of_an_alarm_is_remembered() -> None:
    async def journey() -> None:
        keeper = keeper_of_one()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            base = mine.body(0x0200, location())
            mine.say(0x0200, base + bytes((0x64, 71)) + bytes(71))
            await until(lambda: keeper.enrolled[IDENTITY].dialect == YUE.name)
            mine.say(0x0704, b"\x00\x01\x00" + (len(base) + 49).to_bytes(2) + base + bytes((0x64, 47)) + bytes(47))
            await until(lambda: keeper.enrolled[IDENTITY].dialect == "su")
            assert (await Device.enter(gateway, "mine")).version == mine.version
            assert keeper.enrolled[IDENTITY].dialect == "su"

    asyncio.run(journey())
