"""Which live video is listened to, and how long: what is ordered, a few at once, until the alarm is over or minutes have passed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from catseye.core.event import Event
from catseye.core.grant import Grant, GrantError
from catseye.core.terminal import Order
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.correction import bodies
from catseye.fleet.frame808 import V2019
from catseye.fleet.jt1078 import MediaFrame
from catseye.fleet.listening import LocalDoors
from catseye.station.fleet.judging import Judged
from catseye.station.fleet.live_desk import LiveDesk, LiveLimits
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000 * NS_PER_S)
ALARM = Event("driver-phone", "terminal/7", NOON.utc_ns, NOON.utc_ns, NOON, subjects=("7",))
OVER = replace(ALARM, end_time_ns=NOON.utc_ns + NS_PER_S)


def order(why: str = ALARM.id, channel: int = 64, identity: str = "7", purpose: str = "video") -> Order:
    return Order("0" * 32, identity, 0x9101, bodies.live(bodies.Server("127.0.0.1", 9), channel, V2019), NOON, 30.0, purpose, why)


@dataclass
class Desk:
    live: LiveDesk
    told: list[str]
    now: Stamp = field(default=NOON)

    async def heard(self, *orders: Order, events: tuple[Event, ...] = ()) -> list[str]:
        await asyncio.to_thread(self.live.heard, Judged(events, orders))
        await asyncio.sleep(0)
        return sorted(self.live.alarms)


@asynccontextmanager
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    limits = LiveLimits(most_count=2)
    told: list[str] = []
    made = Desk(LiveDesk(LocalDoors(), lambda: Vault.open(tmp_path / "vault"), lambda: made.now, limits=limits, log=lambda who, what: told.append(what)), told)
    await made.live.start()
    try:
        yield made
    finally:
        await made.live.close()


@pytest.fixture(autouse=True)
def _models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))


def test_what_is_ordered_is_listened_to_until_the_terminal_says_it_is_over(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as one:
            assert await one.heard(order(purpose="picture")) == []
            assert await one.heard(order(), order()) == [ALARM.id]
            assert [(each.identity, each.channel, each.event) for each in one.live.server.requests()] == [("7", 64, ALARM.id)]
            assert await one.heard(events=(ALARM,)) == [ALARM.id]
            assert await one.heard(events=(OVER,)) == []
            assert one.live.server.requests() == []
            assert await one.heard(order(), events=(OVER,)) == []

    asyncio.run(run())


def test_minutes_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.station.fleet.live_desk._SWEPT_EVERY_S", 0.01)

    async def run() -> None:
        async with desk(tmp_path) as one:
            await one.heard(order())
            one.now = NOON.plus_ns(180 * NS_PER_S)
            async with asyncio.timeout(10):
                while one.live.alarms:
                    await asyncio.sleep(0.01)
            assert await one.heard(order()) == []  # a restart hands out what was ordered before

    asyncio.run(run())


def test_of_more_than_a_few_the_rest_is_told_and_not_taken(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as one:
            assert await one.heard(order("a"), order("b"), order("c")) == ["a", "b"]
            assert one.told == ["live video of c is not taken: 2 come in already"]
            one.live.close_alarm("a")
            await asyncio.sleep(0)
            assert await one.heard(order("c")) == ["b", "c"]

    asyncio.run(run())


def test_two_alarms_share_a_stream_and_the_one_that_stays_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr("catseye.station.fleet.live_video.LiveVideo.__call__", lambda self, request, frame, lost_count: taken.append(request.event))

    async def run() -> None:
        async with desk(tmp_path) as one:
            await one.heard(order("a"), order("b"))
            (request,) = one.live.server.requests()
            one.live._take(request, MediaFrame("7", 64, 0, 98, 0, b"x"), 0)
            assert taken == ["a", "b"]
            one.live.close_alarm("b")
            await asyncio.sleep(0)
            assert [each.event for each in one.live.server.requests()] == ["a"]

    asyncio.run(run())


def test_a_fault_ends_its_own_video_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[..., bool]) -> None:
    monkeypatch.setattr("catseye.station.fleet.live_desk._SWEPT_EVERY_S", 0.01)

    async def run() -> None:
        async with desk(tmp_path) as one:
            await one.heard(order("a"))
            one.live._videos["a"].fault = ValueError("no picture")
            async with asyncio.timeout(10):
                while one.live.alarms:
                    await asyncio.sleep(0.01)
            assert one.told == ["live video of a ended: no picture"]

    asyncio.run(run())


def test_nobody_learns_whether_there_is_video_without_a_grant(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as one:
            await one.heard(order("a"))
            for event, grant in (
                ("a", Grant("Binh", "curiosity", NOON.plus_ns(1))),
                ("a", Grant("Binh", "alarm a", NOON)),
                ("b", Grant("Binh", "b", NOON.plus_ns(1))),
            ):
                with pytest.raises(GrantError):
                    one.live.segments(event, grant, NOON)

    asyncio.run(run())
