"""Media of a terminal through the whole gateway: nothing is said to be safe before it is, nobody looks without a grant, no stranger comes in."""

import asyncio
import json
from io import BytesIO
from pathlib import Path

import av
import pyrage
import pytest
from tests.station.fleet.runs import Run, running, site_of
from tests.support.terminal_video import pictures
from tests.vision.files import jpeg, scene

from catseye.core.errors import ModelError, SiteError
from catseye.core.grant import Grant, GrantError
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.gateway.doors import Doors
from catseye.fleet.simulate.live import EncodedPicture
from catseye.fleet.simulate.network import Media
from catseye.station.fleet.listening import serve, vault_to_write
from catseye.station.fleet.media_doors import admitting

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
STREET = jpeg(scene(1, 640, 480))


@pytest.fixture(autouse=True)
def _models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))


def kept(run: Run) -> list[str]:
    with vault_to_write(run.site, run.out) as vault:
        return [ref.name for ref in vault.media.refs("terminal/")]


def opened(run: Run, name: str) -> bytes:
    now = run.clock.stamp()
    with (
        vault_to_write(run.site, run.out) as vault,
        vault.media.open(vault.media.ref(name), Grant("Binh", "review", now.plus_ns(NS_PER_S)), now, "test") as file,
    ):
        return file.read()


def test_pictures_and_attachments_are_sealed_and_copied_before_the_terminal_is_told(tmp_path: Path) -> None:
    async def journey() -> None:
        site = site_of(tmp_path, actions='"photo", "attachments"', recipient=KEY)
        async with running(site, tmp_path / "out", Media(picture=STREET)) as run:
            await run.until(lambda: run.tally.counts["pictures"])
            one = [name for name in kept(run) if "/media/" in name]
            assert [name.rpartition("/")[2] for name in one] == ["copy", "original"]
            assert pyrage.decrypt(opened(run, one[1]), [IDENTITY]) == STREET
            await run.until(lambda: run.tally.counts["alarms_attached"])
            files = [name for name in kept(run) if "/media/" not in name]
            assert [name.rpartition("/")[2] for name in files] == ["copy", "original"] * 2
            assert run.tally.counts["attachment_links_broken"] == 0
            with vault_to_write(run.site, run.out) as vault:
                (order,) = (each for each in vault.terminals.orders(run.terminal.kit.identity, Stamp(0)) if each.order.purpose == "attachments")
                assert all(name.startswith(f"terminal/{run.terminal.kit.identity}/{order.order.why}/") for name in files)
                (states,) = (ref.name for ref in vault.media.refs("terminal/") if ref.media_type == "application/json")
            columns = json.loads(opened(run, states))["columns"]
            assert columns["utc_s"] == [columns["utc_s"][0] + at for at in range(10)]
            assert len(set(columns["satellite_speed_kmh"])) == 1
            assert columns["acceleration_z_g"] == [1.0] * 10

    asyncio.run(journey())


def test_live_video_is_shown_redacted_under_a_grant_and_until_the_alarm_is_over(shared: Path, tmp_path: Path) -> None:
    clip = [EncodedPicture(is_key, raw) for is_key, raw in pictures(shared / "jtt" / "terminal-video.h264", 250)]

    async def journey() -> None:
        site = site_of(tmp_path, actions='"video"', recipient=KEY)
        async with running(site, tmp_path / "out", Media(pictures=clip, live_fps=25)) as run:
            live = run.standing.live
            assert live is not None
            await run.until(lambda: live.alarms)
            (event,) = live.alarms
            grant = Grant("Binh", f"alarm {event}", run.clock.stamp().plus_ns(3600 * NS_PER_S))
            await run.until(lambda: live.segments(event, grant, run.clock.stamp()))
            segment = live.segments(event, grant, run.clock.stamp())[0]
            whole = live.beginning(event, segment.era, grant, run.clock.stamp()) + segment.content
            with av.open(BytesIO(whole)) as container:
                assert len([*container.decode(video=0)]) >= 10
            for other in (Grant("Binh", "curiosity", grant.until), Grant("Binh", grant.purpose, run.clock.stamp())):
                with pytest.raises(GrantError):
                    live.segments(event, other, run.clock.stamp())
            with vault_to_write(run.site, run.out) as vault:
                assert [look.who for look in vault.looks(subject=f"terminal/{run.terminal.kit.identity}/live/{event}")] == ["Binh"]
            assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"mdat" in path.read_bytes()]
            run.terminal.driver.warned(run.clock.ns())
            await run.until(lambda: event not in live.alarms)
            with pytest.raises(GrantError, match="closed"):
                live.segments(event, grant, run.clock.stamp())
            await run.until(lambda: run.tally.counts["live_links_broken"])
            assert live.server.requests() == []

    asyncio.run(journey())


def test_nothing_is_asked_for_where_nobody_could_open_it(tmp_path: Path) -> None:
    async def journey() -> None:
        site = site_of(tmp_path, actions='"video", "photo", "attachments", "warn"')
        async with running(site, tmp_path / "out", Media(picture=STREET)) as run:
            assert (run.standing.attachments, run.standing.media, run.standing.live) == (None, None, None)
            await run.until(lambda: run.tally.counts["heard_0x8300"])
            assert not [key for key in run.tally.counts if key in ("heard_0x9101", "heard_0x8801", "heard_0x9208")]

    asyncio.run(journey())


def test_without_a_model_no_gateway_that_should_keep_media_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError):
        asyncio.run(serve(site_of(tmp_path, actions='"video"', recipient=KEY), tmp_path / "out"))


@pytest.mark.parametrize("key", ["attachments", "media"])
def test_a_door_stands_in_a_private_network_or_under_tls_or_not_at_all(tmp_path: Path, key: str) -> None:
    site = site_of(tmp_path, actions='"video"', recipient=KEY, doors=f'{key} = "0.0.0.0:0"')
    with pytest.raises(SiteError, match="without TLS"):
        asyncio.run(serve(site, tmp_path / "out"))


def test_a_door_that_is_taken_is_told_with_its_line(tmp_path: Path, dead_port: int) -> None:
    site = site_of(tmp_path, actions='"video"', recipient=KEY, doors=f'media = "127.0.0.1:{dead_port}"')
    with pytest.raises(SiteError, match=r"site.toml:7.*free port"):
        asyncio.run(serve(site, tmp_path / "out"))


@pytest.mark.parametrize(("peer", "may"), [("10.8.3.4", True), ("127.0.0.1", True), ("::ffff:10.8.3.4", True), ("10.9.0.1", False), ("203.0.113.5", False)])
def test_who_may_talk_at_a_door_is_who_may_at_the_gateway(peer: str, may: bool) -> None:
    assert admitting(Doors("10.8.0.1", 0, ("10.8.0.0/16",)))(peer) is may


def test_strangers_are_cut_off_at_both_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.fleet.gateway.doors._LOOPBACK", ())
    doors = 'attachments = "127.0.0.1:0"\nmedia = "127.0.0.1:0"\nprivate_networks = ["127.0.0.0/25"]'

    async def said(address: tuple[str, int], source: str) -> str:
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
        try:
            async with asyncio.timeout(0.3):
                return "cut off" if await reader.read(1) == b"" else "answered"
        except TimeoutError:
            return "let in"
        except ConnectionResetError:
            return "cut off"
        finally:
            writer.close()

    async def journey() -> None:
        async with running(site_of(tmp_path, actions='"video"', recipient=KEY, doors=doors), tmp_path / "out", Media()) as run:
            assert run.standing.attachments is not None
            assert run.standing.media is not None
            for door in (run.standing.attachments, run.standing.media):
                assert [await said(door, source) for source in ("127.0.0.200", "127.0.0.9")] == ["cut off", "let in"]

    asyncio.run(journey())
