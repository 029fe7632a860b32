"""What is said is kept once, in order, before it is acknowledged; a slow or full disk makes everybody wait and loses nothing."""

import asyncio
import json

import pytest
from tests.fleet.gateway.device import IDENTITY, OTHER, OTHER_PHONE, Device, gateway_of, location, quick, until
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.errors import StoreError


def keeper_of_two() -> KeeperInMemory:
    keeper = KeeperInMemory()
    keeper.enrol(IDENTITY, "mine")
    keeper.enrol(OTHER, "other")
    return keeper


def test_what_is_said_twice_is_kept_once_and_acknowledged_twice() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            for _ in range(2):
                assert await mine.answer_to(mine.say(0x0200, location(), serial=5)) == 0
            assert len(keeper.kept) == 1
            assert await mine.answer_to(mine.say(0x0200, location(lat=1), serial=5)) == 0
            assert len(keeper.kept) == 2
            assert gateway.counters.duplicates_count == 1
            again = await Device.enter(gateway, "mine")
            assert await again.answer_to(again.say(0x0200, location(lat=1), serial=5)) == 0
            assert len(keeper.kept) == 2
        async with gateway_of(keeper) as restarted:
            mine = await Device.enter(restarted, "mine")
            assert await mine.answer_to(mine.say(0x0200, location(lat=1), serial=5)) == 0
            assert len(keeper.kept) == 2

    asyncio.run(journey())


def test_a_repetition_is_not_acknowledged_before_the_first_is_kept() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.gate.clear()
            for _ in range(3):
                mine.say(0x0200, location(), serial=5)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(mine.hear(), 0.2)
            keeper.gate.set()
            for _ in range(3):
                assert await mine.answer_to(5) == 0
            assert len(keeper.kept) == 1

    asyncio.run(journey())


def test_serials_wrap() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            mine.serial = 0xFFF0
            for _ in range(40):
                assert await mine.answer_to(mine.say(0x0200, location())) == 0
            assert [each.serial for each in keeper.kept] == [serial & 0xFFFF for serial in range(0xFFF0, 0xFFF0 + 40)]

    asyncio.run(journey())


def test_messages_gather_while_others_are_kept() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.gate.clear()
            serials = [mine.say(0x0200, location(lat=number)) for number in range(200)]
            await until(lambda: gateway.counters.waiting_count >= 100)
            calls_count = keeper.calls_count
            keeper.gate.set()
            for serial in serials:
                assert await mine.answer_to(serial) == 0
            assert [each.serial for each in keeper.kept] == serials
            assert keeper.calls_count - calls_count < 10

    asyncio.run(journey())


def test_a_full_disk_acknowledges_nothing_and_is_tried_again() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.is_full = True
            serials = [mine.say(0x0200, location(lat=number)) for number in range(5)]
            await until(lambda: gateway.counters.keeper_faults_count >= 3)
            assert keeper.calls_count < 30
            assert not mine._frames
            keeper.is_full = False
            for serial in serials:
                assert await mine.answer_to(serial) == 0
            assert [each.serial for each in keeper.kept] == serials

    asyncio.run(journey())


def test_a_registration_that_cannot_be_kept_is_not_answered() -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol(IDENTITY)
        async with gateway_of(keeper) as gateway:
            device = await Device.connect(gateway)
            keeper.is_full = True
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(device.register(), 0.3)
            keeper.is_full = False
            assert (await device.register()).body.values["result"] == 0

    asyncio.run(journey())


def test_one_message_that_the_keeper_falls_over_stops_nobody_else() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine, other = await Device.enter(gateway, "mine"), await Device.enter(gateway, "other", OTHER_PHONE)
            keeper.gate.clear()
            keeper.poison = b"\xde\xad\xbe\xef"
            serials = [other.say(0x0200, location(lat=number)) for number in range(20)]
            bad = mine.say(0x0200, location(lat=0xDEADBEEF))
            mine.say(0x0200, location(lat=0xDEADBEEF), serial=bad)
            good = mine.say(0x0200, location())
            await until(lambda: gateway.counters.waiting_count >= 2)
            keeper.gate.set()
            answers = [(await mine.hear()).body.values for _ in range(2)]
            assert [(each["ack_serial"], each["result"]) for each in answers] == [(bad, 1), (good, 0)]
            for serial in serials:
                assert await other.answer_to(serial) == 0
            assert len(keeper.kept) == 21
            keeper.poison = None
            assert await mine.answer_to(mine.say(0x0200, location(lat=0xDEADBEEF), serial=bad)) == 0
            assert len(keeper.kept) == 22

    asyncio.run(journey())


def test_a_slow_keeper_makes_terminals_wait_and_what_waits_stays_bounded() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(most_waiting_count=300, burst_messages_count=100_000.0)) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.gate.clear()
            serials = [mine.say(0x0200, location(lat=number)) for number in range(5_000)]
            await until(lambda: gateway.counters.waiting_count >= 300)
            await asyncio.sleep(0.2)
            assert gateway.counters.waiting_count < 300 + 16_384 // 40
            keeper.gate.set()
            for serial in serials:
                assert await mine.answer_to(serial) == 0
            assert [each.serial for each in keeper.kept] == serials
            assert gateway.counters.back_pressure_s > 0.1

    asyncio.run(journey())


def test_who_sends_too_fast_is_made_to_wait_and_loses_nothing() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(burst_messages_count=50.0, messages_per_s=500.0)) as gateway:
            mine, other = await Device.enter(gateway, "mine"), await Device.enter(gateway, "other", OTHER_PHONE)
            serials = [mine.say(0x0200, location(lat=number)) for number in range(600)]
            assert await other.answer_to(other.say(0x0002)) == 0
            for serial in serials:
                assert await mine.answer_to(serial) == 0
            assert gateway.counters.refused["too fast: made to wait"] >= 1

    asyncio.run(journey())


def test_who_never_stops_sending_too_fast_is_parted_with() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(burst_messages_count=10.0, messages_per_s=5.0, throttled_before_closing_s=0.3)) as gateway:
            mine = await Device.enter(gateway, "mine")
            for number in range(3_000):
                mine.say(0x0200, location(lat=number))
            assert await mine.is_cut()
            assert gateway.counters.closed["too much"] == 1

    asyncio.run(journey())


def test_closing_keeps_and_answers_what_came() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            keeper.gate.clear()
            serial = mine.say(0x0200, location())
            await until(lambda: gateway.counters.waiting_count)
            gateway.close()
            keeper.gate.set()
            assert await mine.answer_to(serial) == 0
            assert await mine.is_cut()
            assert len(keeper.kept) == 1

    asyncio.run(journey())


def test_unknown_messages_are_kept_as_they_came_and_answered_as_not_supported() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            assert await mine.answer_to(mine.say(0x0F01, b"\x01\x02")) == 3
            assert (keeper.kept[0].msg_id, keeper.kept[0].body) == (0x0F01, b"\x01\x02")
            assert await mine.answer_to(mine.say(0x8103, b"\x00")) == 3
            assert await mine.answer_to(mine.say(0x0801, bytes(40))) == 3
            assert len(keeper.kept) == 1
            assert gateway.counters.unknown_messages == {"0x0F01": 1}
            mine.say(0x0200, mine.body(0x0200, location()) + bytes((0xE7, 2, 1, 1)))
            await until(lambda: gateway.counters.unknown_items == {"0xE7": 1})

    asyncio.run(journey())


def test_the_keeper_is_asked_about_silence_too_and_its_failure_at_the_start_is_told() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper):
            await until(lambda: keeper.calls_count >= 3)
            assert keeper.kept == []

        def raises() -> None:
            raise StoreError("vault", "read-only", "a vault to write to")

        keeper.enrolments_revision = raises
        with pytest.raises(StoreError):
            async with gateway_of(keeper):
                pass

    asyncio.run(journey())


def test_what_is_connected_and_counted_can_be_read_at_any_time() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            assert await mine.answer_to(mine.say(0x0200, location())) == 0
            assert list(gateway.connected()) == [IDENTITY]
            told = json.loads(json.dumps(gateway.counters.as_json()))
            assert (told["connections_count"], told["authenticated_count"], told["accepted_count"]) == (1, 1, 1)
            mine.close()
            await until(lambda: gateway.connected() == {})

    asyncio.run(journey())
