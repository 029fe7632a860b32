"""Twenty terminals of all kinds on real sockets, against a platform that asks for everything."""

import asyncio
import time

from tests.support.plain_gateway import PlainGateway

from catseye.fleet.simulate.driver import BLIND_SPOT, LANE_DEPARTURE, Temper
from catseye.fleet.simulate.kit import crowd
from catseye.fleet.simulate.live import EncodedPicture
from catseye.fleet.simulate.network import FleetOnSockets, Media, Server
from catseye.fleet.simulate.outbox import Patience
from catseye.fleet.simulate.roads import Roads
from catseye.fleet.simulate.tally import Tally
from catseye.fleet.simulate.terminal import Conduct, Terminal

PICTURE = b"\xff\xd8" + bytes(range(256)) * 12
CLIP = b"\0\0\0\1" + bytes(range(256)) * 300


def fleet_of(server: Server, conduct: Conduct) -> FleetOnSockets:
    tally = Tally()
    media = Media(PICTURE, CLIP, [EncodedPicture(True, CLIP[:2000]), EncodedPicture(False, CLIP[:300])])
    roads = Roads.grid(1)
    terminals = [Terminal(kit, roads, conduct, time.time_ns(), tally) for kit in crowd(20, 1)]
    return FleetOnSockets(server, terminals, media, tally, time.time_ns)


async def run_until_all_was_seen(gateway: PlainGateway, most_s: float) -> FleetOnSockets:
    await gateway.open()
    temper = Temper(episodes_per_h=7200, habits=(LANE_DEPARTURE, BLIND_SPOT))
    fleet = fleet_of(Server("127.0.0.1", gateway.port), Conduct(interval_s=0.5, temper=temper, has_attachments=True, picture=PICTURE))
    running = asyncio.create_task(fleet.run(most_s))
    counts, begin_s = fleet.tally.counts, time.monotonic()
    while time.monotonic() - begin_s < most_s and not (counts["pictures"] >= 5 and counts["alarms_attached"] >= 5 and gateway.video_packets() >= 20):
        await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    gateway.close()
    return fleet


def test_twenty_terminals_register_report_are_warned_and_send_what_they_are_asked_for() -> None:
    gateway = PlainGateway()
    fleet = asyncio.run(run_until_all_was_seen(gateway, 20.0))
    counts = fleet.tally.counts
    assert gateway.counts["0x0100"] == gateway.counts["0x0102"] == 20
    assert len({each.header.phone for each in gateway.heard}) == 20
    assert {each.header.version for each in gateway.heard} == {"2011/2013", "2019"}
    assert counts["warnings"] >= 5
    assert counts["pictures"] >= 5
    assert counts["alarms_attached"] >= 5
    assert counts["unreadable"] == counts["given_up"] == counts["attachment_links_broken"] == 0
    assert {content for name, content in gateway.files.items() if name.endswith(".jpg")} == {PICTURE}
    assert {content for name, content in gateway.files.items() if name.endswith(".h264")} == {CLIP}
    assert {bytes.fromhex(each.values["data"]) for each in gateway.bodies(0x0801)} == {PICTURE}
    waits = fleet.tally.summary()["answer_s"]
    assert isinstance(waits, dict)
    assert waits["max"] < 5


def test_a_gateway_that_is_away_is_called_again_and_again_and_nobody_is_lost() -> None:
    async def away_then_back() -> tuple[FleetOnSockets, PlainGateway]:
        gateway = PlainGateway(warns=False)
        await gateway.open()
        port = gateway.port
        gateway.close()
        fleet = fleet_of(Server("127.0.0.1", port), Conduct(interval_s=0.3, temper=Temper(episodes_per_h=0), patience=Patience(2.0, 3)))
        running = asyncio.create_task(fleet.run(30.0))
        while fleet.tally.counts["links_failed"] < 20:
            await asyncio.sleep(0.02)
        await gateway.open_at(port)
        while fleet.online_count < 20:
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        gateway.close()
        return fleet, gateway

    fleet, gateway = asyncio.run(asyncio.wait_for(away_then_back(), 25))
    assert fleet.tally.counts["registered"] == 20
    assert gateway.counts["0x0704"] >= 1
