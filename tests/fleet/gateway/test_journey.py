"""A terminal's day at the gateway, over a real socket: registered, authenticated, heard, told."""

import asyncio

import pytest
from tests.fleet.gateway.device import IDENTITY, PHONE, Device, gateway_of, location, now, until
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.terminal import Order, OrderState
from catseye.fleet.frame808 import V2013, V2019


@pytest.mark.parametrize("version", [V2013, V2019], ids=["2013", "2019"])
def test_a_terminal_registers_reports_and_is_told(version: str) -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol(IDENTITY)
        async with gateway_of(keeper) as gateway:
            device = await Device.connect(gateway, version=version)
            registered = await device.register()
            assert registered.header.msg_id == 0x8100
            assert registered.body.values["result"] == 0
            assert registered.header.phone == device.phone
            assert registered.header.version == version
            assert await device.authenticate(registered.body.values["token"]) == 0
            assert keeper.enrolled[IDENTITY].is_confirmed
            assert keeper.enrolled[IDENTITY].version == version
            assert await device.answer_to(device.say(0x0002)) == 0
            assert await device.answer_to(device.say(0x0200, location())) == 0
            assert [each.msg_id for each in keeper.kept] == [0x0002, 0x0200]
            assert keeper.kept[1].identity == IDENTITY
            keeper.order(Order("a" * 32, IDENTITY, 0x8300, b"\x09slow down", now(), 60.0, "warning", "event-1"))
            order = await device.hear()
            assert order.header.msg_id == 0x8300
            device.say(0x0001, {"ack_serial": order.header.serial, "ack_id": "0x8300", "result": 0})
            await until(lambda: len(keeper.told) == 2)
            assert [each.state for each in keeper.told] == [OrderState.SENT, OrderState.ACKNOWLEDGED]
            assert keeper.threads == {"terminals-keeper_0"}
            device.close()

    asyncio.run(journey())


def test_nothing_is_acknowledged_before_it_is_kept() -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol(IDENTITY, "t")
        async with gateway_of(keeper) as gateway:
            device = await Device.enter(gateway, "t", PHONE)
            keeper.gate.clear()
            serial = device.say(0x0200, location())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(device.hear(), 0.2)
            assert keeper.kept == []
            keeper.gate.set()
            assert await device.answer_to(serial) == 0
            assert len(keeper.kept) == 1

    asyncio.run(journey())
