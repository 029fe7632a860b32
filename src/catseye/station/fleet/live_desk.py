"""Live video that a policy ordered: listened to while its alarm is open, for minutes at most; shown to whoever has a grant that names the alarm."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catseye.core.grant import Grant, GrantError
from catseye.core.terminal import Enrolment, Order, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.frame808 import V2019
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.jt1078 import MediaFrame
from catseye.fleet.listening import Admits, Doors
from catseye.fleet.media_server import MediaServer, StreamRequest
from catseye.fleet.message import Body
from catseye.station.fleet.judging import FleetJudge, Judged
from catseye.station.fleet.live_video import LiveVideo
from catseye.station.fleet.media_intake import FORWARD_CHANNEL
from catseye.vision.live_segments import Segment

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

VIDEO = "video"  # the purpose of an order for it
_SWEPT_EVERY_S = 1.0
Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """`most_count` at once: each costs a quarter of the gateway's core; `for_s`: after the order, also if no terminal says its alarm is over."""

    most_count: int = 2
    for_s: float = 180.0


def _nobody_listens(who: str, what: str) -> None:
    del who, what


class LiveDesk:
    """All live video of one gateway. `heard`, `segments`, `beginning` and `close_alarm` from any thread; the rest in the event loop."""

    def __init__(
        self,
        doors: Doors,
        open_vault: "Callable[[], AbstractContextManager[Vault]]",
        clock: Callable[[], Stamp],
        *,
        admits: Admits | None = None,
        limits: LiveLimits = LiveLimits(),
        log: Say = _nobody_listens,
    ) -> None:
        """Listens to nobody yet. `open_vault`: where looks are written down; `log` hears (terminal, what) of what was not shown."""
        self._open_vault, self._clock, self._limits, self._log = open_vault, clock, limits, log
        self.server = MediaServer(doors, self._take, clock, admits=admits, log=log)
        self._videos: dict[str, LiveVideo] = {}  # by the alarm
        self._ending: set[asyncio.Future[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> int:
        """Listen; the port. Faults as `MediaServer.start`."""
        port = await self.server.start()
        self._loop = asyncio.get_running_loop()
        self._sweeping = asyncio.create_task(self._sweep())
        return port

    async def close(self) -> None:
        """Nothing is shown or held any more; returns when every thread is done."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self.server.close()
        for event in [*self._videos]:
            self._end(event)
        await asyncio.gather(*self._ending, return_exceptions=True)

    @property
    def alarms(self) -> list[str]:
        """Ids of the alarms that there is live video of."""
        return [*self._videos]

    def heard(self, judged: Judged) -> None:
        """What was ordered and what is over, before the orders are sent."""
        orders = [each for each in judged.orders if each.purpose == VIDEO]
        ended = [event.id for event in judged.events if event.end_time_ns > event.time_ns]
        if (orders or ended) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._follow, orders, ended)

    def close_alarm(self, event: str) -> None:
        """Somebody closed it; the terminal's own word comes with `heard`."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._follow, (), (event,))

    def segments(self, event: str, grant: Grant, now: Stamp, since_number: int = 0) -> list[Segment]:
        """The redacted video of an alarm. GrantError: no grant that names it, no such video, or it is over. The first look of a grant is noted before."""
        return self._shown(event, grant, now).segments.since(since_number, grant, now)

    def beginning(self, event: str, era: int, grant: Grant, now: Stamp) -> bytes:
        """What a player needs before the segments of an era. GrantError as `segments`; LookupError for an era nothing is held of."""
        return self._shown(event, grant, now).segments.beginning(era, grant, now)

    def _shown(self, event: str, grant: Grant, now: Stamp) -> LiveVideo:
        grant.refuse_after(now)
        video = self._videos.get(event)
        if video is None:
            raise GrantError(f"live video of {event}", "none, or its alarm is closed", "an open alarm that the policy asks video of")
        return video

    def _follow(self, orders: Sequence[Order], ended: Iterable[str]) -> None:
        over = set(ended)
        for order in orders:
            if order.why not in over:
                self._ask(order)
        for event in over & self._videos.keys():
            self._end(event)

    def _ask(self, order: Order) -> None:
        until = order.created.plus_ns(round(self._limits.for_s * NS_PER_S))
        if order.why in self._videos or self._clock().utc_ns >= until.utc_ns:
            return
        if len(self._videos) >= self._limits.most_count:
            self._log(order.identity, f"live video of {order.why} is not taken: {len(self._videos)} come in already")
            return
        channel = int(Body.parse(order.msg_id, V2019, order.body).values["channel"])
        request = StreamRequest(order.identity, channel, order.why, until)
        self._videos[order.why] = LiveVideo(request, self._open_vault, is_in_cabin=channel != FORWARD_CHANNEL)
        self.server.ask(request)

    def _take(self, request: StreamRequest, frame: MediaFrame, lost_count: int) -> None:
        """One stream may be wanted for several alarms."""
        for video in self._videos.values():
            if _is_same_stream(video.request, request):
                video(video.request, frame, lost_count)

    def _end(self, event: str) -> None:
        """From here on nobody is shown anything of it; its thread ends elsewhere, since it may be in the middle of a picture."""
        video = self._videos.pop(event)
        self.server.forget(video.request)
        for other in self._videos.values():
            if _is_same_stream(other.request, video.request):
                self.server.ask(other.request)
        if video.fault is not None:
            self._log(video.request.identity, f"live video of {event} ended: {video.fault}")
        ending = asyncio.get_running_loop().run_in_executor(None, video.end)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEPT_EVERY_S)
            now = self._clock()
            for event, video in [*self._videos.items()]:
                if video.fault is not None or now.utc_ns >= video.request.until.utc_ns:
                    self._end(event)


class WatchedJudge(FleetJudge):
    """A judge whose verdicts somebody hears as they are made, in the keeper's thread."""

    def __init__(self, judge: FleetJudge, hear: Callable[[Judged], None]) -> None:
        """It judges as `judge` does."""
        self._judge, self._hear, self.watch = judge, hear, judge.watch

    def judge(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp, enrolments: Mapping[str, Enrolment], drivers: Mapping[str, str]) -> Judged:
        """As `FleetJudge`."""
        judged = self._judge.judge(heard, told, now, enrolments, drivers)
        self._hear(judged)
        return judged


def _is_same_stream(one: StreamRequest, other: StreamRequest) -> bool:
    return (one.identity, one.channel) == (other.identity, other.channel)
