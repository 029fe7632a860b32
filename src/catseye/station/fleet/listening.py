"""`fleet listen`: the doors of a site stand open to its terminals until somebody says stop."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catseye.core.errors import SiteError
from catseye.core.time import Stamp
from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.gateway.doors import Doors, Limits
from catseye.fleet.gateway.gateway import Gateway
from catseye.fleet.media_keeper import MediaDesk
from catseye.station.fleet.keeper import RUN, VaultKeeper
from catseye.station.fleet.means import fleet_judge
from catseye.station.fleet.media_intake import MediaIntake
from catseye.station.fleet.wanted import wanted_of
from catseye.station.log import logger
from catseye.station.outcome import RunOutcome
from catseye.station.site import Site
from catseye.station.site_tables import Fleet
from catseye.station.vaults import VAULT
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy

TELL_EVERY_S = 1.0


def clock_now() -> Stamp:
    """The machine's clock."""
    return Stamp(time.time_ns())


@dataclass(slots=True)
class Standing:
    """The doors of a site while they stand open: `address`, `attachments`: where they listen."""

    gateway: Gateway
    keeper: VaultKeeper
    address: tuple[str, int]
    attachments: tuple[str, int] | None


def listen(site: Site, out: Path, *, limit_s: float | None, progress: bool) -> RunOutcome:
    """Until SIGTERM, Ctrl-C or `limit_s`; what was accepted is in `out/vault` then. SiteError where a door cannot be opened."""
    return asyncio.run(serve(site, out, limit_s=limit_s, progress=progress))


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
    keeper = VaultKeeper(lambda: vault_to_write(site, out), lambda vault, recent: fleet_judge(site, fleet, vault, recent, clock()), clock)
    stop = stop or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # not the main thread: whoever runs us stops us
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stack.callback(keeper.close)
        media, attachments = await _media(site, fleet, out, stack, clock)
        gateway = Gateway(keeper, doors_of(site, fleet, "listen"), clock=clock, media=media, log=lambda what, facts: log.warning(what, **facts))
        serving = asyncio.create_task(gateway.serve())
        opening = asyncio.create_task(gateway.opened())
        await asyncio.wait((serving, opening), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            opening.cancel()
            serving.result()
        standing = Standing(gateway, keeper, opening.result(), attachments)
        _say_open(standing, shown=progress)
        opened(standing)
        stopping, telling = asyncio.create_task(stop.wait()), asyncio.create_task(_tell(standing, shown=progress))
        await asyncio.wait((stopping, serving), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, telling):
            task.cancel()
        gateway.close()
        await serving
        counted = gateway.counters.as_json()
    return RunOutcome(0, counted, _told(counted))


class _OpenVault:
    """One vault for the one thread that takes media in: opened when first asked for."""

    def __init__(self, open_vault: Callable[[], Vault]) -> None:
        self._open_vault = open_vault
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            self._vault = self._open_vault()
        return self._vault

    def lent(self) -> AbstractContextManager[Vault]:
        return nullcontext(self.vault)

    def close(self) -> None:
        if self._vault is not None:
            self._vault.close()


def doors_of(site: Site, fleet: Fleet, key: str) -> Doors:
    """One of the doors as the site says it; SiteError with the line where it may not open."""
    host, _, port = str(getattr(fleet, key)).rpartition(":")
    certificate, private = (site.folder / name if name is not None else None for name in (fleet.tls_certificate, fleet.tls_key))
    limits = Limits(most_connections_count=fleet.most_terminals_count)
    try:
        return Doors(host.strip("[]"), int(port), fleet.private_networks, certificate, private, limits)
    except SiteError as error:
        raise SiteError(site.where("fleet", key), error.came, error.wanted) from error


def vault_to_write(site: Site, out: Path) -> Vault:
    """The vault of a site's gateway, under its run."""
    return Vault.open(out / VAULT, RUN, database_url=site.database_url, keys=site.keys)


async def _media(site: Site, fleet: Fleet, out: Path, stack: AsyncExitStack, clock: Callable[[], Stamp]) -> tuple[Any, tuple[str, int] | None]:
    """Who takes pictures that come over the main link, and where attachments come in; nobody and nowhere without a recipient."""
    if site.evidence is None:
        return None, None
    worker = ThreadPoolExecutor(1, "terminals-media")
    shelf = _OpenVault(lambda: vault_to_write(site, out))
    stills = await asyncio.get_running_loop().run_in_executor(worker, StillCopy)
    intake = MediaIntake(shelf.lent, site.evidence.recipients, stills, lambda alarm_no, now: wanted_of(shelf.vault, alarm_no, now))
    log = logger("fleet")

    def done() -> None:
        worker.submit(shelf.close).result()
        worker.shutdown()

    stack.callback(done)
    address = None
    if fleet.attachments is not None:
        doors = doors_of(site, fleet, "attachments")
        server = AttachmentServer(intake, doors, worker, clock, log=lambda who, what: log.warning("attachments", terminal=who, what=what))
        port = await server.start()
        stack.push_async_callback(server.close)
        address = (doors.host, port)
    return MediaDesk(intake, worker, lambda fault: log.warning("media not kept", fault=str(fault))).take_media, address


def _say_open(standing: Standing, *, shown: bool) -> None:
    if shown:
        host, port = standing.address
        where = f"; attachments {standing.attachments[0]}:{standing.attachments[1]}" if standing.attachments else ""
        sys.stderr.write(f"terminals: {host}:{port}{where}\n")


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
