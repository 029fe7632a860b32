"""`fleet listen`: the doors of a site stand open to its terminals until somebody says stop."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.fleet.gateway.gateway import Gateway
from catseye.fleet.gateway.loop import gateway_loop
from catseye.station.fleet.judging import FleetJudge, Judged
from catseye.station.fleet.keeper import RUN, VaultKeeper
from catseye.station.fleet.live_desk import LiveDesk, WatchedJudge
from catseye.station.fleet.means import fleet_judge
from catseye.station.fleet.media_doors import Address, MediaDoors, doors_of, open_media_doors
from catseye.station.log import logger
from catseye.station.outcome import RunOutcome
from catseye.station.site import Site
from catseye.station.vaults import VAULT
from catseye.vault.vault import Vault

TELL_EVERY_S = 1.0
_GARBAGE_AFTER = (20_000, 20, 50)  # objects: a batch of messages is one, and goes as a whole


def clock_now() -> Stamp:
    """The machine's clock."""
    return Stamp(time.time_ns())


@dataclass(slots=True)
class Standing:
    """The doors of a site while they stand open: `address`, `attachments`, `media`: where they listen; `live`: who shows live video."""

    gateway: Gateway
    keeper: VaultKeeper
    address: Address
    attachments: Address | None
    media: Address | None
    live: LiveDesk | None


def listen(site: Site, out: Path, *, limit_s: float | None, progress: bool) -> RunOutcome:
    """Until SIGTERM, Ctrl-C or `limit_s`; what was accepted is in `out/vault` then. SiteError where a door cannot be opened."""
    gc.set_threshold(*_GARBAGE_AFTER)
    with asyncio.Runner(loop_factory=gateway_loop) as runner:
        return runner.run(serve(site, out, limit_s=limit_s, progress=progress, opened=lambda standing: _freeze()))


def _freeze() -> None:
    """What stands when the doors open stays: code, tables, enrolments. To look through it for garbage is a pause for every vehicle."""
    gc.collect()
    gc.freeze()


async def serve(
    site: Site,
    out: Path,
    *,
    limit_s: float | None = None,
    progress: bool = False,
    opened: Callable[[Standing], None] = lambda standing: None,
    clock: Callable[[], Stamp] = clock_now,
    stop: asyncio.Event | None = None,
) -> RunOutcome:
    """`listen`, in a loop that runs already, until `stop` too; `opened` hears where its doors are."""
    fleet = site.fleet
    if fleet is None:
        raise SiteError(site.name, "no table [fleet]", '[fleet] with listen = "address:port"')
    log = logger("fleet")
    stop = stop or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # not the main thread: whoever runs us stops us
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        media = await open_media_doors(site, fleet, lambda: vault_to_write(site, out), stack, clock)
        keeper = VaultKeeper(lambda: vault_to_write(site, out), lambda vault, recent: _judge(site, media, vault, recent, clock()), clock)
        stack.callback(keeper.close)
        doors = doors_of(site, fleet, "listen")
        gateway = Gateway(keeper, doors, clock=clock, media=media.take_media, log=lambda what, facts: log.warning(what, **facts))
        serving = asyncio.create_task(gateway.serve())
        opening = asyncio.create_task(gateway.opened())
        await asyncio.wait((serving, opening), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            opening.cancel()
            serving.result()
        standing = Standing(gateway, keeper, opening.result(), media.attachments, media.media, media.live)
        _say_open(standing, shown=progress)
        opened(standing)
        stopping, telling = asyncio.create_task(stop.wait()), asyncio.create_task(_tell(standing, shown=progress))
        await asyncio.wait((stopping, serving), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, telling):
            task.cancel()
        if progress:
            sys.stderr.write("\n")  # the line that stood still
        gateway.close()
        await serving
        counted = gateway.counters.as_json()
    return RunOutcome(0, counted, _told(counted))


def _judge(site: Site, media: MediaDoors, vault: Vault, recent: Sequence[Event], now: Stamp) -> FleetJudge:
    """It asks for what can be taken, at the ports that stand open; and whoever shows live video hears what it says, and what it said before we came."""
    judge = fleet_judge(site, media.fleet, vault, recent, now)
    if media.live is None:
        return judge
    media.live.heard(Judged(tuple(recent), tuple(vault.terminals.open_orders())))
    return WatchedJudge(judge, media.live.heard)


def vault_to_write(site: Site, out: Path) -> Vault:
    """The vault of a site's gateway, under its run."""
    return Vault.open(out / VAULT, RUN, database_url=site.database_url, keys=site.keys)


def _say_open(standing: Standing, *, shown: bool) -> None:
    if shown:
        doors = {"terminals": standing.address, "attachments": standing.attachments, "live video": standing.media}
        sys.stderr.write("; ".join(f"{name} {door[0]}:{door[1]}" for name, door in doors.items() if door is not None) + "\n")


async def _tell(standing: Standing, *, shown: bool) -> None:
    """A line that stands still while the numbers in it change."""
    before_count = 0
    while shown:
        await asyncio.sleep(TELL_EVERY_S)
        counters = standing.gateway.counters
        rate = (counters.accepted_count - before_count) / TELL_EVERY_S
        before_count = counters.accepted_count
        behind = "; the database is behind" if standing.keeper.is_behind else ""
        sys.stderr.write(f"\r{counters.authenticated_count} terminals, {rate:.0f} messages/s, {counters.orders_sent_count} orders sent{behind}   ")
        sys.stderr.flush()


def _told(counted: dict[str, Any]) -> list[str]:
    said = [f"{counted['accepted_count']} messages kept, {counted['duplicates_count']} came twice, {counted['orders_sent_count']} orders sent"]
    for name, what in (("refused", "refused"), ("unknown_messages", "unknown, kept as hex")):
        if counted[name]:
            said.append(f"{what}: " + ", ".join(f"{count} × {key}" for key, count in sorted(counted[name].items())))
    return said
