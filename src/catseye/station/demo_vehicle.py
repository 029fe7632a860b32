"""The other half of `demo`: a coach that follows too closely, is warned by the gateway over a real link, and opens the gap. One page shows it.

Gateway and terminal are those of `fleet listen` and `fleet simulate`, in one process, under one clock that runs faster than ours.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catseye.core.event import Event
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.simulate.driver import TAILGATING, Temper
from catseye.fleet.simulate.kit import Kit, crowd
from catseye.fleet.simulate.network import FleetOnSockets, Media, Server
from catseye.fleet.simulate.roads import Roads
from catseye.fleet.simulate.tally import Tally
from catseye.fleet.simulate.terminal import Conduct, Terminal
from catseye.station.fleet.gap_page import GapCurve, write_gap_page
from catseye.station.fleet.listening import Standing, serve, vault_to_write
from catseye.station.outcome import RunOutcome
from catseye.station.site import Site, load_site

SITE, PAGE = "vehicle.toml", "vehicle.html"
SEED = 58  # a coach that comes close to the one before it within half a minute, and stays there
PACE = 4.0  # how much faster than ours the demo's clock runs
SPAN_S = 72.0  # of its own time
EVERY_S = 0.25
_STORY = ("short-headway", "warning-sent", "warning-acknowledged", "driver-corrected")


@dataclass(frozen=True, slots=True)
class _FastClock:
    """Begins now, and runs `PACE` times as fast."""

    began_ns: int
    began_s: float

    def ns(self) -> int:
        """Nanoseconds since 1970, of the demo's time."""
        return self.began_ns + round((time.monotonic() - self.began_s) * PACE * NS_PER_S)

    def stamp(self) -> Stamp:
        """The same as a moment."""
        return Stamp(self.ns())


def run_vehicle(out: Path) -> RunOutcome:
    """Into `out/vehicle`; exit 1 when the coach was not warned, or did not open the gap."""
    folder = out / "vehicle"
    folder.mkdir(parents=True, exist_ok=True)
    site_file = folder / SITE
    site_file.write_text('# Written by `catseye demo`.\n[site]\nid = "demo-coach"\n\n[fleet]\nlisten = "127.0.0.1:0"\n', "utf-8")
    site = load_site(site_file)
    clock = _FastClock(time.time_ns(), time.monotonic())
    (kit,) = crowd(1, SEED, editions="2019", dialects="su")
    with vault_to_write(site, folder) as vault:
        vault.terminals.enrol(kit.identity, kit.plate, int(kit.plate_colour), clock.stamp(), by="demo")
    curve = asyncio.run(_drive(site, folder, kit, clock))
    with vault_to_write(site, folder) as vault:
        events = [event for event in vault.events(source_of(kit.identity)) if event.time_ns >= clock.began_ns]
    page = folder / PAGE
    write_gap_page(page, curve, events, kit.plate)
    return _told(events, page)


async def _drive(site: Site, folder: Path, kit: Kit, clock: _FastClock) -> GapCurve:
    """Both sides of the link, until the span is over; the gap as the vehicle's own sensors had it."""
    standing: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(site, folder, opened=standing.set_result, clock=clock.stamp, stop=stop))
    await asyncio.wait((serving, standing), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    host, port = standing.result().address
    temper = Temper(episodes_per_h=240.0, obeys_ratio=1.0, habits=(TAILGATING,))
    terminal = Terminal(kit, Roads.grid(SEED), Conduct(interval_s=5.0, temper=temper), clock.ns())
    fleet = FleetOnSockets(Server(host, port), [terminal], Media(), Tally(), clock.ns)
    at_s: list[float] = []
    gap_s: list[float] = []
    driving = asyncio.create_task(fleet.run(SPAN_S / PACE))
    while not driving.done():
        await asyncio.sleep(EVERY_S / PACE)
        at_s.append((clock.ns() - clock.began_ns) / NS_PER_S)
        gap_s.append(terminal.moment.headway_s)
    stop.set()
    await serving
    return GapCurve(clock.began_ns, tuple(at_s), tuple(gap_s))


def _told(events: Sequence[Event], page: Path) -> RunOutcome:
    counts = {kind: sum(event.kind == kind for event in events) for kind in _STORY}
    holds = all(counts.values())
    response_s = next((m.value for event in events if event.kind == "driver-corrected" for m in event.measures if m.name == "response-time"), None)
    close, sent, acknowledged = (counts[kind] for kind in ("short-headway", "warning-sent", "warning-acknowledged"))
    said = [f"a coach: {close} × too close, {sent} × warned, {acknowledged} × acknowledged by its terminal"]
    if response_s is not None:
        said.append(f"the gap was open again {response_s:.1f} s after the warning was acknowledged")
    elif not holds:
        said.append("the gap was not opened: the demo's vehicle does not hold")
    return RunOutcome(0 if holds else 1, {**counts, "response_s": response_s, "page": str(page)}, [*said, f"open: {page}"])
