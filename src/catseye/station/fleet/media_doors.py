"""All of a gateway that takes media: pictures over the main link, attachments, live video. Without somebody who could open originals none of it stands."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass

from catseye.core.errors import SiteError
from catseye.core.time import Stamp
from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.gateway.doors import Doors, Limits
from catseye.fleet.gateway.media import TakeMedia
from catseye.fleet.media_keeper import MediaDesk
from catseye.station.fleet.alarm_cases import has_open_case
from catseye.station.fleet.door_probe import refuse_taken
from catseye.station.fleet.live_desk import LiveDesk
from catseye.station.fleet.media_intake import MediaIntake
from catseye.station.fleet.wanted import wanted_of
from catseye.station.log import logger
from catseye.station.site import Site
from catseye.station.site_tables import Fleet
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class MediaDoors:
    """What stands open. `fleet`: the site's table with the doors' true ports, and without those that stay shut: what terminals are told."""

    fleet: Fleet
    take_media: TakeMedia | None = None
    attachments: Address | None = None
    media: Address | None = None
    live: LiveDesk | None = None


def doors_of(site: Site, fleet: Fleet, key: str) -> Doors:
    """One of the doors as the site says it; SiteError with the line where it may not open."""
    host, _, port = str(getattr(fleet, key)).rpartition(":")
    certificate, private = (site.folder / name if name is not None else None for name in (fleet.tls_certificate, fleet.tls_key))
    limits = Limits(most_connections_count=fleet.most_terminals_count)
    try:
        doors = Doors(host.strip("[]"), int(port), fleet.private_networks, certificate, private, limits)
        refuse_taken(doors)
    except SiteError as error:
        raise SiteError(site.where("fleet", key), error.came, error.wanted) from error
    return doors


async def open_media_doors(site: Site, fleet: Fleet, open_vault: Callable[[], Vault], stack: AsyncExitStack, clock: Callable[[], Stamp]) -> MediaDoors:
    """Opened into `stack`. ModelError where nothing here can redact, SiteError and OSError where a door cannot open."""
    if site.evidence is None:
        return MediaDoors(fleet.model_copy(update={"attachments": None, "media": None}))
    worker, asking = ThreadPoolExecutor(1, "terminals-media"), ThreadPoolExecutor(1, "terminals-asked")
    shelf, asked = _OpenVault(open_vault), _OpenVault(open_vault)  # a vault a thread
    stack.callback(_close, worker, shelf)
    stack.callback(_close, asking, asked)
    stills = await asyncio.get_running_loop().run_in_executor(worker, StillCopy)
    intake = MediaIntake(
        shelf.lent,
        site.evidence.recipients,
        stills,
        lambda alarm_no, now: wanted_of(asked.vault, alarm_no, now),
        lambda expected: has_open_case(shelf.vault, expected.event),
    )
    log = logger("fleet")
    attachments = media = live = None
    if fleet.attachments is not None:
        doors = doors_of(site, fleet, "attachments")
        server = AttachmentServer(intake, doors, worker, clock, log=lambda who, what: log.warning("attachments", terminal=who, what=what), asking=asking)
        attachments = doors.host, await _started(site, "attachments", server.start())
        stack.push_async_callback(server.close)
    if fleet.media is not None:
        doors = doors_of(site, fleet, "media")
        live = LiveDesk(doors, open_vault, clock, log=lambda who, what: log.warning("live video", terminal=who, what=what))
        media = doors.host, await _started(site, "media", live.start())
        stack.push_async_callback(live.close)
    told = fleet.model_copy(update={"attachments": _written(attachments), "media": _written(media)})
    desk = MediaDesk(intake, worker, lambda fault: log.warning("media not kept", fault=str(fault)))
    return MediaDoors(told, desk.take_media, attachments, media, live)


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


def _close(worker: Executor, shelf: _OpenVault) -> None:
    worker.submit(shelf.close).result()
    worker.shutdown()


async def _started(site: Site, key: str, starting: Awaitable[int]) -> int:
    """The port of a door that stands open; SiteError with the line where it cannot."""
    try:
        return await starting
    except OSError as fault:
        raise SiteError(site.where("fleet", key), fault.strerror or str(fault), "an address and a free port of this machine") from fault


def _written(address: Address | None) -> str | None:
    return None if address is None else f"{address[0]}:{address[1]}"
