"""Nobody is heard before the token is right, and nobody speaks for another."""

import asyncio
import threading
import time

from tests.fleet.gateway.device import IDENTITY, OTHER, OTHER_PHONE, Device, gateway_of, location, quick, until
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.fleet.frame808 import V2019


def keeper_of_two() -> KeeperInMemory:
    keeper = KeeperInMemory()
    keeper.enrol(IDENTITY, "mine")
    keeper.enrol(OTHER, "other")
    return keeper


def test_before_its_token_a_terminal_is_refused_and_then_cut() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            device = await Device.connect(gateway)
            for _ in range(3):
                assert await device.answer_to(device.say(0x0200, location())) == 1
            assert await device.is_cut()
            assert keeper.kept == []
            assert gateway.counters.refused["not authenticated"] == 3

    asyncio.run(journey())


def test_anothers_token_an_old_one_and_a_strangers_number_are_refused() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        keeper.enrol("999", "revoked")
        keeper.revoke("999")
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            assert await (await Device.connect(gateway)).authenticate("other") == 1
            assert await (await Device.connect(gateway)).authenticate("") == 1
            assert await (await Device.connect(gateway, "000000000999")).authenticate("revoked") == 1
            assert await (await Device.connect(gateway, "000000000777")).authenticate("mine") == 1
            assert await (await Device.connect(gateway, version=V2019)).authenticate("Mine") == 1
            assert await mine.answer_to(mine.say(0x0200, location())) == 0
            assert gateway.counters.refused == {"token": 3, "revoked": 1, "not enrolled": 1}
            assert gateway.counters.authenticated_count == 1

    asyncio.run(journey())


def test_a_replayed_registration_is_refused_and_the_true_terminal_goes_on() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            registered = await (await Device.connect(gateway)).register()
            assert (registered.body.values["result"], registered.body.values["token"]) == (3, "")
            assert await mine.answer_to(mine.say(0x0200, location())) == 0
            again = await Device.connect(gateway)
            for _ in range(3):
                await again.register()
            assert (await again.register()).header.msg_id == 0x8001
            for _ in range(2):
                again.say(0x0002)
            assert await again.is_cut()

    asyncio.run(journey())


def test_only_a_link_with_the_token_takes_the_place_of_an_older_one() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            first = await Device.enter(gateway, "mine")
            stranger = await Device.connect(gateway)
            assert await stranger.authenticate("wrong") == 1
            assert await first.answer_to(first.say(0x0002)) == 0
            second = await Device.enter(gateway, "mine")
            assert await first.is_cut()
            assert await second.answer_to(second.say(0x0002)) == 0
            assert gateway.counters.closed["the terminal came anew"] == 1
            assert gateway.counters.authenticated_count == 1

    asyncio.run(journey())


def test_a_link_speaks_for_its_own_terminal_alone() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            mine.write(mine.frame(0x0200, mine.body(0x0200, location()), serial=7, phone=OTHER_PHONE))
            assert await mine.answer_to(7) == 1
            mine.write(mine.frame(0x0102, b"other", serial=8, phone=OTHER_PHONE))
            assert await mine.answer_to(8) == 1
            assert keeper.kept == []
            assert gateway.counters.refused["another's number"] == 2
            assert await mine.answer_to(mine.say(0x0002)) == 0

    asyncio.run(journey())


def test_who_loses_the_right_is_cut_while_connected() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine, other = await Device.enter(gateway, "mine"), await Device.enter(gateway, "other", OTHER_PHONE)
            keeper.revoke(IDENTITY)
            assert await mine.is_cut()
            assert gateway.counters.closed["right taken"] == 1
            assert await other.answer_to(other.say(0x0002)) == 0
            assert await (await Device.connect(gateway)).authenticate("mine") == 1

    asyncio.run(journey())


def test_a_terminal_that_gives_its_token_back_is_a_stranger() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            assert await mine.answer_to(mine.say(0x0003)) == 0
            assert keeper.enrolled[IDENTITY].token_sha256 == ""
            assert await mine.answer_to(mine.say(0x0200, location())) == 1
            assert gateway.counters.authenticated_count == 0
            token = (await mine.register()).body.values["token"]
            assert await mine.authenticate(token) == 0

    asyncio.run(journey())


def test_silence_and_strangers_who_stay_strangers_are_parted_with() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(silence_s=0.2, authenticate_within_s=0.2)) as gateway:
            mine, stranger = await Device.enter(gateway, "mine"), await Device.connect(gateway)
            assert await mine.is_cut()
            assert await stranger.is_cut()
            assert gateway.counters.closed == {"silence": 1, "never authenticated": 1}

    asyncio.run(journey())


def test_a_frame_that_drips_in_is_not_waited_for() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(frame_within_s=0.2)) as gateway:
            mine = await Device.enter(gateway, "mine")
            for byte in mine.frame(0x0200, mine.body(0x0200, location())):
                mine.write(bytes((byte,)))
                await asyncio.sleep(0.03)
                if gateway.counters.closed["unfinished frame"]:
                    break
            assert await mine.is_cut()

    asyncio.run(journey())


def test_more_strangers_than_may_be_are_cut_at_once_and_those_inside_stay() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(most_unauthenticated_count=5)) as gateway:
            mine = await Device.enter(gateway, "mine")
            crowd = [await Device.connect(gateway) for _ in range(20)]
            await until(lambda: gateway.counters.refused["too many strangers"] == 15)
            assert gateway.counters.connected_count == 6
            assert await mine.answer_to(mine.say(0x0002)) == 0
            for each in crowd:
                each.close()
            await until(lambda: gateway.counters.connected_count == 1)
            assert await (await Device.connect(gateway, OTHER_PHONE)).authenticate("other") == 0

    asyncio.run(journey())


def test_who_gave_its_token_back_has_as_long_as_anybody_to_come_again() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(authenticate_within_s=0.4)) as gateway:
            mine = await Device.enter(gateway, "mine")
            for _ in range(10):
                await asyncio.sleep(0.05)
                assert await mine.answer_to(mine.say(0x0002)) == 0
            assert await mine.answer_to(mine.say(0x0003)) == 0
            token = (await mine.register()).body.values["token"]
            assert await mine.authenticate(token) == 0

    asyncio.run(journey())


def test_a_number_that_nobody_enrolled_is_told_so_and_the_keeper_is_not_asked() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        keeper.register = None
        async with gateway_of(keeper) as gateway:
            assert (await (await Device.connect(gateway, "000000000777")).register()).body.values["result"] == 4
            assert gateway.counters.keeper_faults_count == 0

    asyncio.run(journey())


def test_a_crowd_at_the_door_holds_up_nobody_inside() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        for number in range(500):
            keeper.enrol(f"{7_000 + number}")
        asked, may_go_on = keeper.register, threading.Event()

        def slow(*said: object) -> tuple[int, str]:
            may_go_on.wait(20)
            time.sleep(0.002)
            return asked(*said)

        keeper.register = slow
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            crowd = [await Device.connect(gateway, f"{7_000 + number:012}") for number in range(500)]
            for each in crowd:
                each.say(0x0100, bytes(37) + b"x")
            serial = mine.say(0x0200, location())
            await until(lambda: gateway.counters.waiting_count)
            may_go_on.set()
            assert await mine.answer_to(serial) == 0
            assert sum(bool(each.token_sha256) for each in keeper.enrolled.values()) < 400
            for each in crowd:
                assert (await each.hear()).body.values["result"] == 0

    asyncio.run(journey())
