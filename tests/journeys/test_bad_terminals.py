"""Terminals that lie, break or attack, at the wired gateway of `fleet listen`: their own session suffers, and a good terminal beside them notices nothing."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time_ns

import pyrage
import pytest
from tests.fleet.attachments.terminals import announced, begins, ends, pieces
from tests.fleet.gateway.device import IDENTITY, OPEN, OTHER, PHONE, Device, location
from tests.fleet.terminals import driving_alarm

from catseye.core.terminal import identity_of
from catseye.core.time import Stamp
from catseye.fleet.frame808 import V2013, V2019, Frame, Header, escaped, unescaped
from catseye.fleet.message import Message
from catseye.fleet.subpackages import split
from catseye.station.fleet.listening import Standing, serve, vault_to_write
from catseye.station.outcome import RunOutcome
from catseye.station.site import Site, load_site
from catseye.vault.vault import Vault

KEYS = pyrage.x25519.Identity.generate()
FLEET = '[site]\nid = "coaches"\ntimezone = "Asia/Ho_Chi_Minh"\n\n[fleet]\nlisten = "127.0.0.1:0"\nlanguage = "en"\n'
ATTACHMENTS = f'attachments = "127.0.0.1:0"\n\n[evidence]\nrecipients = ["{KEYS.to_public()}"]\n'
ACKNOWLEDGED_WITHIN_S = 1.0


@dataclass(slots=True)
class Scene:
    """The gateway as it stands open. `bad` is a terminal of its own for each way to be bad, authenticated, and has done nothing yet."""

    standing: Standing
    tokens: dict[str, str]
    bad: Device
    slowest_s: float = 0.0
    acknowledged_count: int = 0
    before: Counter[str] = field(default_factory=Counter)

    async def stranger(self, phone: str = PHONE, version: str = V2013) -> Device:
        return await Device.connect(self.standing.gateway, phone, version)

    def refused(self, why: str) -> int:
        """Since this way to be bad began."""
        return self.standing.gateway.counters.refused[why] - self.before[why]


def site_of(tmp_path: Path, text: str) -> Site:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    return load_site(path)


def now() -> Stamp:
    return Stamp(time_ns())


def beijing(offset_s: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(hours=8, seconds=offset_s)).strftime("%Y-%m-%d %H:%M:%S")


def enrolled(vault: Vault, identities: Sequence[str]) -> dict[str, str]:
    """Their tokens."""
    tokens = {}
    for identity in identities:
        plate = f"29B-{identity[-5:]}"
        vault.terminals.enrol(identity, plate, 2, now(), by="Lan")
        result, tokens[identity] = vault.terminals.register(identity, plate)
        assert result == 0
    return tokens


async def reports(good: Device, scene: Scene) -> None:
    """Many a second, each acknowledged before the next; whatever else happens."""
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        assert await good.answer_to(good.say(0x0200, location(time=beijing()))) == 0
        scene.slowest_s = max(scene.slowest_s, loop.time() - began_s)
        scene.acknowledged_count += 1
        await asyncio.sleep(0.05)


async def more_reports(scene: Scene, reporting: "asyncio.Task[None]", count: int = 3) -> None:
    """Until the good one was acknowledged so often more."""
    wanted_count = scene.acknowledged_count + count
    async with asyncio.timeout(20):
        while scene.acknowledged_count < wanted_count:
            assert not reporting.done(), reporting.exception()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def wired(site: Site, out: Path, bad_count: int = 1) -> AsyncIterator[tuple[Scene, "asyncio.Task[None]"]]:
    """`serve` as `fleet listen` runs it, with a good terminal that reports all the time. At the end all that was acknowledged is there."""
    identities = [IDENTITY, *(str(int(OTHER) + number) for number in range(bad_count))]
    with vault_to_write(site, out) as vault:
        tokens = enrolled(vault, identities)
    stop = asyncio.Event()
    opened: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
    serving: asyncio.Task[RunOutcome] = asyncio.create_task(serve(site, out, opened=opened.set_result, stop=stop))
    await asyncio.wait((serving, opened), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    standing = opened.result()
    good = await Device.enter(standing.gateway, tokens[IDENTITY])
    scene = Scene(standing, tokens, good)
    reporting = asyncio.create_task(reports(good, scene))
    try:
        yield scene, reporting
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
        for device in OPEN:
            device.close()
        OPEN.clear()
        stop.set()
        await asyncio.wait_for(serving, 60)
    with vault_to_write(site, out) as vault:
        kept_count = sum(each.identity == IDENTITY and each.msg_id == 0x0200 for each in vault.journal.recent(Stamp(0)))
        assert kept_count >= scene.acknowledged_count
        assert not list(vault.journal.unjudged())


# --- what the bad one does


async def bad_checksums(scene: Scene) -> None:
    frame = scene.bad.frame(0x0200, scene.bad.body(0x0200, location()))
    content = unescaped(frame)
    for _ in range(20):
        scene.bad.write(escaped(content[:-1] + bytes((content[-1] ^ 1,))))
    assert await scene.bad.is_cut()
    assert scene.refused("checksum") == 20


async def truncated(scene: Scene) -> None:
    for _ in range(20):
        scene.bad.write(scene.bad.frame(0x0200, scene.bad.body(0x0200, location())[:20]))
    assert await scene.bad.is_cut()
    assert scene.refused("body: short") == 20


async def cut_in_the_middle(scene: Scene) -> None:
    for _ in range(20):
        scene.bad.write(scene.bad.frame(0x0200, scene.bad.body(0x0200, location()))[:30] + b"~")
    assert await scene.bad.is_cut()


async def oversized(scene: Scene) -> None:
    scene.bad.write(b"~" + b"a" * 100_000)
    assert await scene.bad.is_cut()
    assert scene.standing.gateway.counters.closed["endless frame"] == 1


async def endless_parts(scene: Scene) -> None:
    """Many messages begun, none ended; then one of ever more parts."""
    for first in range(0, 50_000, 10_000):
        scene.bad.write(scene.bad.frame(0x0704, bytes(1_000), serial=first, part=(8_192, 1)))
    for index in range(2, 400):
        scene.bad.write(scene.bad.frame(0x0704, bytes(1_000), serial=index - 1, part=(8_192, index)))
    assert await scene.bad.is_cut()
    async with asyncio.timeout(20):
        while scene.standing.gateway.roll.joining.held_bytes:
            await asyncio.sleep(0.01)


async def contradicting_parts(scene: Scene) -> None:
    scene.bad.write(scene.bad.frame(0x0704, b"one", serial=100, part=(3, 1)))
    assert await scene.bad.answer_to(100) == 0
    for body, part in ((b"other", (3, 1)), (b"two", (4, 2)), (b"three", (3, 9)), (b"none", (3, 0))):
        serial = 100 + part[1] - 1
        scene.bad.write(scene.bad.frame(0x0704, body, serial=serial, part=part))
        assert await scene.bad.answer_to(serial) == 2
    assert scene.refused("subpackage") == 4


async def ten_thousand_locations(scene: Scene) -> None:
    entry = scene.bad.body(0x0200, location(time=beijing(-60)))
    body = (10_000).to_bytes(2) + b"\1" + b"".join(len(entry).to_bytes(2) + entry for _ in range(10_000))
    for frame in split(0x0704, scene.bad.phone, 0, body):
        scene.bad.write(bytes(frame))
    assert await scene.bad.is_cut()


async def as_many_alarms_as_fit(scene: Scene) -> None:
    entry = scene.bad.body(0x0200, location(time=beijing(-3_600), items=[driving_alarm(0x64, 1)]))
    head, tail = entry[:-47], entry[-43:]  # around the number of the alarm
    entries = [len(entry).to_bytes(2) + head + number.to_bytes(4) + tail for number in range(800)]
    frames = split(0x0704, scene.bad.phone, 0, len(entries).to_bytes(2) + b"\1" + b"".join(entries))
    for frame in frames:
        scene.bad.write(bytes(frame))
    assert await scene.bad.answer_to(frames[-1].header.serial) == 0


async def slow(scene: Scene) -> None:
    """A byte now and then, on fifty links; nothing waits for them."""
    before_count = scene.standing.gateway.counters.connected_count
    links = [await scene.stranger() for _ in range(50)]
    for byte in scene.bad.frame(0x0002, b""):
        for link in links:
            link.write(bytes((byte,)))
        await asyncio.sleep(0.01)
    assert scene.standing.gateway.counters.connected_count == before_count + 50
    for link in links:
        link.close()


async def replayed_registration(scene: Scene) -> None:
    said = {"province": 1, "city": 2, "maker": "m", "model": "x", "terminal_id": "t1", "plate_color": 2, "plate": f"29B-{IDENTITY[-5:]}"}
    thief = await scene.stranger()
    for _ in range(3):
        thief.say(0x0100, said)
        assert (await thief.hear()).body.values["result"] == 3  # registered already
    thief.say(0x0100, said)
    thief.say(0x0002)
    thief.say(0x0002)
    assert await thief.is_cut()


async def token_of_another(scene: Scene) -> None:
    thief = await scene.stranger()
    for token in (scene.tokens[identity_of(scene.bad.phone)], scene.tokens[IDENTITY][:-1], ""):
        thief.say(0x0102, token.encode())
    assert await thief.is_cut()
    assert scene.refused("token") == 3


async def spelled_otherwise(scene: Scene) -> None:
    """The good one's number with other zeros and in the other version, with the token of the bad one."""
    for phone, version in ((PHONE.rjust(20, "0"), V2019), (PHONE, V2013)):
        thief = await scene.stranger(phone, version)
        assert await thief.authenticate(scene.tokens[identity_of(scene.bad.phone)]) == 1
    assert scene.refused("token") == 2


async def speaks_for_another(scene: Scene) -> None:
    for msg_id in (0x0200, 0x0003, 0x0001):
        body = scene.bad.body(msg_id, location()) if msg_id == 0x0200 else b"\0\0\x83\0\0" if msg_id == 1 else b""
        scene.bad.write(scene.bad.frame(msg_id, body, phone=PHONE))
    assert await scene.bad.is_cut()
    assert scene.refused("another's number") == 3


async def signs_off_another(scene: Scene) -> None:
    stranger = await scene.stranger()
    for _ in range(3):
        stranger.say(0x0003)
    assert await stranger.is_cut()
    assert scene.standing.gateway.roll.enrolments[IDENTITY].token_sha256


async def forged_answers(scene: Scene) -> None:
    """For every serial there is, to warnings nobody sent: neither kept, nor anybody's."""
    for begin in range(400):
        scene.bad.write(scene.bad.frame(0x0001, begin.to_bytes(2) + b"\x83\x00\x00"))
    assert await scene.bad.answer_to(scene.bad.say(0x0002)) == 0


async def clock_far_off(scene: Scene) -> None:
    for time in ("2016-11-21 20:00:00", "2036-11-21 20:00:00", "2099-99-99 99:99:99", "2000-00-00 00:00:00"):
        values = location(time=time, items=[driving_alarm(0x64, 3, number=hash(time) & 0xFFFF)])
        assert await scene.bad.answer_to(scene.bad.say(0x0200, values)) == 0


async def nowhere(scene: Scene) -> None:
    for lat, lon in ((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (90_000_001, 180_000_001)):
        assert await scene.bad.answer_to(scene.bad.say(0x0200, location(lat=lat, lon=lon, time=beijing()))) == 0


async def text_that_is_no_gbk(scene: Scene) -> None:
    bad = b"\xff\xfe\x81\x00\x1b[2J<script>"
    card = b"\1" + bytes.fromhex("261121200000") + b"\0" + bytes((len(bad),)) + bad + bad.ljust(20, b"\xff") + bytes((len(bad),)) + bad + b"\x20\x30\x01\x01"
    assert await scene.bad.answer_to(scene.bad.say(0x0702, card)) == 0
    stranger = await scene.stranger()
    stranger.say(0x0100, bytes(4) + b"\xff\xfe\xfd\xfc\xfb" + bytes(20) + b"\x80" * 7 + b"\x02" + bad)
    assert (await stranger.hear()).body.values["result"] == 2  # no such vehicle


async def noise(scene: Scene) -> None:
    rng = random.Random(3)
    for text in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(200), rng.randbytes(4_000), b"~}~}~" * 300, b"~" * 5_000):
        stranger = await scene.stranger()
        for _ in range(4):
            stranger.write(text)
        stranger.writer.write_eof()
        assert await stranger.is_cut()


async def every_message_there_is(scene: Scene) -> None:
    rng = random.Random(4)
    for msg_id in rng.sample(range(0x10000), 300):
        if msg_id not in (0x0003, 0x0102, 0x0100):
            scene.bad.write(bytes(Frame(Header.of(msg_id, scene.bad.phone, msg_id), rng.randbytes(40))))
    with suppress(EOFError, ConnectionError):
        await scene.bad.answer_to(scene.bad.say(0x0002))


async def floods(scene: Scene) -> None:
    for number in range(3_000):
        scene.bad.write(scene.bad.frame(0x0200, scene.bad.body(0x0200, location(altitude=number, time=beijing()))))
    async with asyncio.timeout(20):
        while not scene.refused("too fast: made to wait"):
            await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)


async def a_card_a_message(scene: Scene) -> None:
    """Each a driver nobody ever saw: most of them are told to come later."""
    for number in range(200):
        card = {"state": 1, "time": beijing(), "ic_result": 0, "name": "N", "certificate": f"{number:012d}", "org": "T", "expiry": "20300101"}
        scene.bad.say(0x0702, card)
    assert await scene.bad.answer_to(scene.bad.serial - 1) == 1
    assert scene.refused("too many drivers' cards") == 190


async def another_dialect_each_time(scene: Scene) -> None:
    for number in range(300):
        alarm = driving_alarm(0x64, 1, number=number, bytes_count=(47, 71)[number % 2])
        scene.bad.say(0x0200, location(time=beijing(-3_600), items=[alarm]))
    assert await scene.bad.answer_to(scene.bad.serial - 1) == 0


async def another_version_each_time(scene: Scene) -> None:
    token = scene.tokens[identity_of(scene.bad.phone)]
    for number in range(200):
        version = (V2013, V2019)[number % 2]
        body = scene.bad.body(0x0102, {"token": token}) if version == V2013 else bytes((len(token),)) + token.encode() + bytes(35)
        scene.bad.write(bytes(Frame(Header.of(0x0102, scene.bad.phone.rjust(20 if version == V2019 else 12, "0"), number, version=version), body)))
    assert await scene.bad.answer_to(199) == 0


async def a_crowd_that_registers(scene: Scene) -> None:
    """With the number of a terminal that is enrolled, and a plate that is not its own."""
    said = {"province": 1, "city": 2, "maker": "m", "model": "x", "terminal_id": "t1", "plate_color": 2, "plate": "29B-99999"}
    crowd = [await scene.stranger() for _ in range(100)]
    for link in crowd:
        for _ in range(3):
            link.say(0x0100, said)
    for link in crowd:
        assert (await link.hear()).body.values["result"] == 2
        link.close()


BAD_WAYS = [
    bad_checksums, truncated, cut_in_the_middle, oversized, endless_parts, contradicting_parts, ten_thousand_locations, as_many_alarms_as_fit, slow,
    replayed_registration, token_of_another, spelled_otherwise, speaks_for_another, signs_off_another, forged_answers, clock_far_off, nowhere,
    another_dialect_each_time, another_version_each_time, a_crowd_that_registers, text_that_is_no_gbk, noise, every_message_there_is, floods, a_card_a_message,
]  # fmt: skip


def test_a_good_terminal_notices_nothing_of_bad_ones(tmp_path: Path) -> None:
    async def journey() -> dict[str, str]:
        faults = {}
        async with wired(site_of(tmp_path, FLEET), tmp_path / "out", len(BAD_WAYS)) as (scene, reporting):
            await more_reports(scene, reporting, 10)
            allowed_s = ACKNOWLEDGED_WITHIN_S + 5 * scene.slowest_s  # of a machine that does other things too
            for number, does in enumerate(BAD_WAYS):
                phone = str(int(OTHER) + number).rjust(12, "0")
                scene.bad = await Device.enter(scene.standing.gateway, scene.tokens[identity_of(phone)], phone)
                scene.before, scene.slowest_s = Counter(scene.standing.gateway.counters.refused), 0.0
                try:
                    async with asyncio.timeout(30):
                        await does(scene)
                except (AssertionError, OSError, EOFError, TimeoutError) as fault:
                    faults[does.__name__] = repr(fault)
                await more_reports(scene, reporting)
                if scene.slowest_s > allowed_s:
                    faults[does.__name__] = f"the good one waited {scene.slowest_s:.2f} s; allowed {allowed_s:.2f} s"
                scene.bad.close()
        return faults

    assert asyncio.run(journey()) == {}


@pytest.mark.parametrize(("links_count", "most_count"), [(600, 200), pytest.param(10_000, 4_000, marks=pytest.mark.soak)], ids=["600", "10000"])
def test_half_open_links_are_bounded_and_cost_nobody_inside(tmp_path: Path, links_count: int, most_count: int) -> None:
    async def journey() -> None:
        site = site_of(tmp_path, f"{FLEET}most_terminals_count = {most_count}\n")
        async with wired(site, tmp_path / "out") as (scene, reporting):
            await more_reports(scene, reporting)
            links = [await asyncio.open_connection(*scene.standing.address) for _ in range(links_count)]
            async with asyncio.timeout(60):
                while scene.refused("too many links") < links_count - most_count + 1:
                    await asyncio.sleep(0.01)
            assert scene.standing.gateway.counters.connected_count == most_count
            await more_reports(scene, reporting)
            assert scene.slowest_s < ACKNOWLEDGED_WITHIN_S
            for _, writer in links:
                writer.transport.abort()

    asyncio.run(journey())


# --- attachments


async def asked_for(scene: Scene, phone: str) -> str:
    """The number under which a terminal is asked for the attachments of an alarm it just told."""
    device = await Device.enter(scene.standing.gateway, scene.tokens[identity_of(phone)], phone)
    device.say(0x0200, location(time=beijing(), speed_0_1kmh=800, items=[driving_alarm(0x65, 1, level=2, time=beijing(), speed_kmh=80)]))
    while (message := await device.hear()).header.msg_id != 0x9208:
        pass
    return str(message.body.values["alarm_no"])


async def sends(address: tuple[str, int], *raw: bytes) -> list[tuple[int, int]]:
    """(message, result) of all answers until the other side closes, or has nothing more to say."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"".join(raw))
    writer.write_eof()
    with suppress(OSError):
        answers = [each for each in (await asyncio.wait_for(reader.read(), 60)).split(b"~") if each]
        writer.close()
        return [(message.header.msg_id, message.body.values["result"]) for message in (Message.parse(b"~" + each + b"~") for each in answers)]
    return []


def test_a_good_terminal_notices_nothing_of_bad_attachments(tmp_path: Path, models: Path) -> None:
    mine, others = OTHER.rjust(12, "0"), str(int(OTHER) + 1).rjust(12, "0")

    async def journey() -> None:
        out = tmp_path / "out"
        async with wired(site_of(tmp_path, FLEET + ATTACHMENTS), out, 2) as (scene, reporting):
            await more_reports(scene, reporting)
            address = scene.standing.attachments
            assert address is not None
            alarm_no, others_no = await asked_for(scene, mine), await asked_for(scene, others)
            assert alarm_no != others_no

            async def brings(name: str, announced_bytes: int, *raw: bytes, number: str = alarm_no) -> list[tuple[int, int]]:
                begin = begins(name, announced_bytes, phone=mine)
                return await sends(
                    address, announced((name, announced_bytes), alarm_no=number, phone=mine), begin, *raw, ends(name, announced_bytes, phone=mine)
                )

            scene.slowest_s = 0.0
            ok = (0x8001, 0)
            for number in (others_no, "0" * 32, alarm_no.upper() if alarm_no.upper() != alarm_no else "f" * 32, "' OR 1=1 --", "\x1b[2J"):
                assert await brings("a.jpg", 1, number=number) == []  # nobody asked this terminal for it
            for name in ("../../x", "/etc/passwd", "..\\..\\x", "x\0y", ""):
                assert await brings(name, 1, *pieces(name, b"x")) == [ok, ok, (0x8001, 1)]  # no picture; and never a path
            assert (await brings("long.jpg", 10, *pieces("long.jpg", bytes(2_000))))[-1] == (0x8001, 1)
            assert (await brings("short.jpg", 3_000, *pieces("short.jpg", bytes(2_000))))[-1] == (0x9212, 1)
            assert (await brings("huge.mp4", 2**32 - 1))[1] == (0x8001, 1)
            crowd = [await asyncio.open_connection(*address) for _ in range(300)]
            assert scene.slowest_s < ACKNOWLEDGED_WITHIN_S
            for _, writer in crowd:
                writer.transport.abort()
            await more_reports(scene, reporting)
        assert not [path for path in tmp_path.rglob("*") if path.name in ("x", "passwd", "long.jpg", "short.jpg")]
        assert not list(out.rglob("*.age"))

    asyncio.run(journey())
