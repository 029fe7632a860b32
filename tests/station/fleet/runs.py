"""A whole gateway and one simulated terminal, over real links, under one clock that runs faster than ours."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.simulate.driver import Habit, Temper
from catseye.fleet.simulate.kit import Kit, crowd
from catseye.fleet.simulate.network import FleetOnSockets, Media, Server
from catseye.fleet.simulate.roads import Roads
from catseye.fleet.simulate.tally import Tally
from catseye.fleet.simulate.terminal import Conduct, Terminal
from catseye.fleet.simulate.watch import Thresholds
from catseye.station.fleet.listening import Standing, serve, vault_to_write
from catseye.station.site import Site, load_site

PACE = 8.0
ON_THE_PHONE = Habit("phone", 40_000, 1)  # until somebody says something


@dataclass
class FastClock:
    began_ns: int = field(default_factory=time.time_ns)
    began_s: float = field(default_factory=time.monotonic)

    def ns(self) -> int:
        return self.began_ns + round((time.monotonic() - self.began_s) * PACE * NS_PER_S)

    def stamp(self) -> Stamp:
        return Stamp(self.ns())


@dataclass
class Run:
    site: Site
    out: Path
    clock: FastClock
    standing: Standing
    terminal: Terminal
    tally: Tally

    async def until(self, is_true: Callable[[], object], most_s: float = 60.0) -> None:
        async with asyncio.timeout(most_s):
            while not is_true():
                await asyncio.sleep(0.01)


def site_of(folder: Path, *, actions: str, recipient: str = "", doors: str = 'attachments = "127.0.0.1:0"\nmedia = "127.0.0.1:0"') -> Site:
    """`actions` of the one row of its policy; with a recipient it may keep media."""
    row = (
        f'[[row]]\nname = "phone"\nalarms = ["driver-phone"]\nactions = [{actions}]\nchannel = 64\nphotos_count = 1\n[texts.en]\ndriver-phone = "Phone away"\n'
    )
    (folder / "policy.toml").write_text(row, "utf-8")
    evidence = f'[evidence]\nrecipients = ["{recipient}"]\n' if recipient else ""
    text = f'[site]\nid = "depot"\n\n[fleet]\nlisten = "127.0.0.1:0"\npolicy = "policy.toml"\n{doors}\n{evidence}'
    (folder / "site.toml").write_text(text, "utf-8")
    return load_site(folder / "site.toml")


@asynccontextmanager
async def running(site: Site, out: Path, media: Media) -> AsyncIterator[Run]:
    """The gateway stands; its terminal drives, and its driver is on the phone."""
    clock, tally = FastClock(), Tally()
    (kit,) = crowd(1, 7, editions="2019", dialects="su")
    _enrol(site, out, kit, clock)
    standing: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(site, out, opened=standing.set_result, clock=clock.stamp, stop=stop))
    await asyncio.wait((serving, standing), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    temper = Temper(episodes_per_h=36_000, obeys_ratio=1.0, habits=(ON_THE_PHONE,))
    conduct = Conduct(temper=temper, thresholds=Thresholds(gate_kmh=0), has_attachments=True, picture=media.picture)
    terminal = Terminal(kit, Roads.grid(7), conduct, clock.ns(), tally)
    fleet = FleetOnSockets(Server(*standing.result().address), [terminal], media, tally, clock.ns)
    driving = asyncio.create_task(fleet.run(120.0))
    try:
        yield Run(site, out, clock, standing.result(), terminal, tally)
    finally:
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        stop.set()
        await serving


def _enrol(site: Site, out: Path, kit: Kit, clock: FastClock) -> None:
    with vault_to_write(site, out) as vault:
        vault.terminals.enrol(kit.identity, kit.plate, int(kit.plate_colour), clock.stamp(), by="test")
