"""A simulated terminal without a clock or a socket: bytes and moments in, bytes and errands out. The same seed and input give the same bytes."""

from dataclasses import dataclass, field, replace
from random import Random

from catseye.core.time import NS_PER_S
from catseye.fleet.dialects import ident_of
from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import MOST_BODY_BYTES, Frame, Header, frames_in
from catseye.fleet.message import Body
from catseye.fleet.simulate import reports
from catseye.fleet.simulate.driver import CLOSE_HEADWAY_S, FAST_HASTE_RATIO, USUAL_HASTE_RATIO, USUAL_HEADWAY_S, Driver, Temper
from catseye.fleet.simulate.driving import Moment, Vehicle
from catseye.fleet.simulate.errands import Errand
from catseye.fleet.simulate.kit import Kit
from catseye.fleet.simulate.orders import obey
from catseye.fleet.simulate.outbox import Outbox, Patience, Waiting
from catseye.fleet.simulate.reports import Fact
from catseye.fleet.simulate.roads import Roads
from catseye.fleet.simulate.tally import Tally
from catseye.fleet.simulate.watch import Flag, Raised, Thresholds, Watch
from catseye.fleet.subpackages import Joining, split
from catseye.fleet.wire import Values

_FAR_NS = 1 << 62
_BEFORE_ALL = (0x0100, 0x0102)  # nothing else is said before the platform lets us in
_MOST_BLIND_COUNT = 5_000  # locations kept without a network: the oldest go first
_BATCH_BYTES = MOST_BODY_BYTES - 3
_MOST_JOINING_COUNT = 8
_REST_S = (1.0, 30.0)  # before a link is tried again: the first time, and at most


@dataclass(frozen=True, slots=True)
class Conduct:
    """How terminals behave. `outages_per_h`: times the network goes away, each for `outage_s` on average. `picture`: a JPEG that somebody drew, for 0x0801."""

    interval_s: float = 10.0
    heartbeat_s: float = 30.0
    step_s: float = 0.5
    speed_limit_kmh: float = 80.0
    overspeed_s: float = 5.0
    temper: Temper = field(default_factory=Temper)
    patience: Patience = field(default_factory=Patience)
    thresholds: Thresholds = field(default_factory=Thresholds)
    has_attachments: bool = False
    outages_per_h: float = 0.0
    outage_s: float = 40.0
    picture: bytes = b""


class Terminal:
    """One terminal in one vehicle with one driver."""

    def __init__(self, kit: Kit, roads: Roads, conduct: Conduct, now_ns: int, tally: Tally | None = None, token: str = "") -> None:
        """Not linked yet. `token`: of an earlier registration."""
        self.kit, self.conduct, self.token, self.tally = kit, conduct, token, tally or Tally()
        self.chance = Random(f"terminal {kit.seed}")
        self.vehicle = Vehicle(roads, Random(f"vehicle {kit.seed}"))
        self.driver = Driver(conduct.temper, Random(f"driver {kit.seed}"), now_ns)
        self.watch, self.thresholds = Watch(), conduct.thresholds
        self.outbox = Outbox(conduct.patience)
        self.serial = 0
        self.interval_s, self.heartbeat_s = conduct.interval_s, conduct.heartbeat_s
        self.speed_limit_kmh, self.overspeed_s = conduct.speed_limit_kmh, conduct.overspeed_s
        self.parameters: dict[str, Values] = {}
        self.errands: list[Errand] = []
        self.alarms: dict[bytes, Raised] = {}  # by identification, for 0x9208
        self.followed_until_ns, self.follow_s = 0, 0.0
        self.is_connecting = self.is_linked = self.is_online = self.must_close = False
        self._out = bytearray()
        self._buffer = b""
        self._joining: dict[tuple[int, int], Joining] = {}
        self._blind: list[Fact] = []
        self._media: list[Body] = []
        self._media_id = 0
        self._stepped_ns = now_ns
        self._report_ns = now_ns + int(self.chance.uniform(0, conduct.interval_s) * NS_PER_S)
        self._said_ns = now_ns
        self._link_ns, self._failed_count = now_ns, 0
        self._speeding_ns: int | None = None
        self._alarm_ns: int | None = None
        self._out_ns = self._next_outage(now_ns)
        self.moment: Moment = self.vehicle.now()

    # the link

    def opened(self, now_ns: int) -> None:
        """A connection stands: register, or use the token."""
        self.is_linked, self.is_connecting, self.must_close, self._buffer = True, False, False, b""
        self._joining.clear()
        self.tally.counts["links"] += 1
        if self.token:
            self.say(reports.authentication(self.kit, self.token), 0x0102, now_ns)
        else:
            self.say(reports.registration(self.kit), 0x0100, now_ns)

    def closed(self, now_ns: int) -> None:
        """The connection is gone, or none could be made: what was not answered waits for the next one."""
        self.is_connecting = self.is_linked = self.is_online = self.must_close = False
        self._out.clear()
        for waiting in self.outbox.waiting():
            if waiting.msg_id in (0x0002, *_BEFORE_ALL):
                self.outbox.drop(waiting)
        self._failed_count += 1
        rest_s = min(_REST_S[1], _REST_S[0] * 2 ** min(10, self._failed_count - 1)) * self.chance.uniform(0.5, 1.0)
        self._link_ns = max(self._link_ns, now_ns + int(rest_s * NS_PER_S))

    def wants_link(self, now_ns: int) -> bool:
        """Whether a connection should be tried now."""
        return not (self.is_linked or self.is_connecting) and now_ns >= self._link_ns

    def take(self) -> bytes:
        """What is to be sent now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def received(self, data: bytes, now_ns: int) -> None:
        """Bytes of the platform. What cannot be read is counted and nothing else."""
        try:
            frames, self._buffer = frames_in(self._buffer + data)
        except WireError:
            self.tally.counts["unreadable"] += 1
            self.must_close = True
            return
        for raw in frames:
            try:
                self._heard(Frame.parse(raw), now_ns)
            except WireError:
                self.tally.counts["unreadable"] += 1

    def _heard(self, frame: Frame, now_ns: int) -> None:
        header, body = frame.header, frame.body
        if header.is_subpackage:
            key = header.msg_id, header.serial - header.index & 0xFFFF
            joining = self._joining[key].add(frame) if key in self._joining else Joining.begin(frame)
            if not joining.is_whole:
                self._joining = dict(list(self._joining.items())[-_MOST_JOINING_COUNT:]) | {key: joining}
                return
            self._joining.pop(key, None)
            body = joining.body()
        obey(self, header, Body.parse(header.msg_id, header.version, body), now_ns)

    def admitted(self, now_ns: int) -> None:
        """Authenticated: first what was not answered before, then what was measured without a network."""
        self.is_online, self._failed_count = True, 0
        self.tally.counts["online"] += 1
        for frame in self.outbox.renew(now_ns):
            self._out += frame
            self.tally.counts["resent"] += 1
        facts, self._blind = self._blind, []
        while facts:
            count = self._batch_count(facts)
            self.say(reports.batch(self.kit, facts[:count], has_attachments=self.conduct.has_attachments), 0x0704, now_ns, is_critical=True)
            self.tally.counts["blind_locations"] += count
            facts = facts[count:]

    def _batch_count(self, facts: list[Fact]) -> int:
        """How many fit into one frame."""
        count, size_bytes = 0, 0
        for fact in facts:
            size_bytes += 2 + len(bytes(reports.location(self.kit, fact, has_attachments=self.conduct.has_attachments)))
            if size_bytes > _BATCH_BYTES:
                break
            count += 1
        return max(1, count)

    def refused(self, now_ns: int) -> None:
        """The platform does not want us: try later."""
        self.must_close = True
        self._failed_count += 5
        self._link_ns = now_ns + int(_REST_S[1] * NS_PER_S)

    # sending

    def say(self, body: Body | bytes, msg_id: int, now_ns: int, *, is_critical: bool = False, is_answer: bool = False) -> None:
        """Send a message; unless it is an answer, it waits for one."""
        frames = split(msg_id, self.kit.phone, self.serial, bytes(body), version=self.kit.version)
        raw = [bytes(frame) for frame in frames]
        serials = range(self.serial, self.serial + len(frames))
        self.serial = serials.stop & 0xFFFF
        self.tally.counts["sent"] += 1
        self._said_ns = now_ns
        if not is_answer:
            self.outbox.add(msg_id, serials, raw, now_ns, is_critical=is_critical)
        if self.is_online or (self.is_linked and msg_id in _BEFORE_ALL):
            for frame in raw:
                self._out += frame

    @property
    def first_wait_s(self) -> float:
        """Parameter 0x0002: how long the first wait for an answer is; of what is on its way already, as it was."""
        return self.outbox.patience.first_wait_s

    @first_wait_s.setter
    def first_wait_s(self, wait_s: float) -> None:
        self.outbox.patience = replace(self.outbox.patience, first_wait_s=max(1.0, wait_s))

    @property
    def most_resent_count(self) -> int:
        """Parameter 0x0003: how often a message is sent again."""
        return self.outbox.patience.most_resent_count

    @most_resent_count.setter
    def most_resent_count(self, count: float) -> None:
        self.outbox.patience = replace(self.outbox.patience, most_resent_count=int(count))

    def say_media(self, body: Body, now_ns: int) -> None:
        """A picture: one at a time is on its way, the others wait behind it."""
        self._media.append(body)
        self.send_next_media(now_ns)

    def send_next_media(self, now_ns: int) -> None:
        """The next picture, unless one still waits for its answer."""
        if self._media and not self.outbox.of_kind(0x0801):
            self.say(self._media.pop(0), 0x0801, now_ns)

    def next_media_id(self) -> int:
        """Counts up from 1."""
        self._media_id += 1
        return self._media_id

    def report_within(self, now_ns: int, span_s: float) -> None:
        """The next report is no further away than this."""
        self._report_ns = min(self._report_ns, now_ns + int(span_s * NS_PER_S))

    def answer(self, header: Header, now_ns: int, result: int = 0) -> None:
        """0x0001 to a message of the platform."""
        values = {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": result}
        self.say(Body.of(0x0001, self.kit.version, values), 0x0001, now_ns, is_answer=True)

    def resend(self, frames: list[bytes]) -> None:
        """The platform asked for these again."""
        for frame in frames:
            self._out += frame
        self.tally.counts["resent"] += len(frames)

    def settled(self, waiting: Waiting | None, now_ns: int) -> None:
        """A message has its answer."""
        if waiting is not None:
            self.tally.counts["acknowledged"] += 1
            self.tally.waits_s.append((now_ns - waiting.sent_ns) / NS_PER_S)

    def warned(self, now_ns: int) -> None:
        """A text to the driver came: urgent, or spoken."""
        self.tally.counts["warnings"] += 1
        if self._alarm_ns is not None:
            self.tally.warned_s.append((now_ns - self._alarm_ns) / NS_PER_S)
            self._alarm_ns = None
        self.driver.warned(now_ns)

    # the world

    def next_ns(self) -> int:
        """When `advance` has something to do."""
        step_ns = self._stepped_ns + int(self.conduct.step_s * NS_PER_S)
        return min(step_ns, self.outbox.next_ns() if self.is_online else _FAR_NS)

    def advance(self, now_ns: int) -> None:
        """Drive on up to this moment, in whole steps; report, send again, lose the network."""
        step_ns = int(self.conduct.step_s * NS_PER_S)
        while self._stepped_ns + step_ns <= now_ns:
            self._stepped_ns += step_ns
            self._step(self._stepped_ns)
        if self.is_linked:
            again, is_dead = self.outbox.due(now_ns, () if self.is_online else _BEFORE_ALL)
            self.resend(again)
            if is_dead:
                self.tally.counts["given_up"] += 1
                self.must_close = True
            elif self.is_online and now_ns - self._said_ns >= self.heartbeat_s * NS_PER_S:
                self.say(b"", 0x0002, now_ns)
        if now_ns >= self._out_ns:
            self._lose_network(now_ns)

    def _step(self, now_ns: int) -> None:
        doing = self.driver.doing(now_ns)
        headway_s = CLOSE_HEADWAY_S if "tailgating" in doing else USUAL_HEADWAY_S
        haste_ratio = FAST_HASTE_RATIO if "speeding" in doing else USUAL_HASTE_RATIO
        self.moment = self.vehicle.step(self.conduct.step_s, headway_s=headway_s, haste_ratio=haste_ratio)
        self.watch, raised = self.watch.at(now_ns, self.moment, doing, self.thresholds)
        for each in raised:
            self._report_alarm(each, now_ns)
        if now_ns >= self._report_ns:
            self._report(Fact(now_ns, self.moment, self._alarm_bits(now_ns, doing)), now_ns)
            interval_s = self.follow_s if now_ns < self.followed_until_ns else self.interval_s
            self._report_ns = max(self._report_ns + int(interval_s * NS_PER_S), now_ns)

    def _alarm_bits(self, now_ns: int, doing: frozenset[str]) -> int:
        if self.moment.speed_kmh <= self.speed_limit_kmh:
            self._speeding_ns = None
        elif self._speeding_ns is None:
            self._speeding_ns = now_ns
        is_over = self._speeding_ns is not None and now_ns - self._speeding_ns >= self.overspeed_s * NS_PER_S
        return (reports.OVERSPEED_BIT if is_over else 0) | (reports.FATIGUE_BIT if "fatigue" in doing else 0)

    def _report_alarm(self, raised: Raised, now_ns: int) -> None:
        self.tally.counts["alarms" if raised.flag is not Flag.ENDS else "alarms_ended"] += 1
        if raised.flag is not Flag.ENDS:
            self._alarm_ns = now_ns
            self._remember(raised)
        self._report(Fact(now_ns, self.moment, 0, (raised,)), now_ns)

    def _remember(self, raised: Raised) -> None:
        out = bytearray()
        ident_of(self.kit.dialect).write(reports.ident_values(self.kit, raised, has_attachments=self.conduct.has_attachments), out)
        self.alarms[bytes(out)] = raised
        while len(self.alarms) > 256:
            del self.alarms[next(iter(self.alarms))]

    def _report(self, fact: Fact, now_ns: int) -> None:
        self.tally.counts["locations"] += 1
        if self.is_online or fact.raised:  # alarms wait in the outbox, as they are, for the next link
            self.say(reports.location(self.kit, fact, has_attachments=self.conduct.has_attachments), 0x0200, now_ns, is_critical=bool(fact.raised))
        else:
            self._blind = [*self._blind[1 - _MOST_BLIND_COUNT :], fact]

    def _lose_network(self, now_ns: int) -> None:
        away_s = self.chance.uniform(0.25, 1.75) * self.conduct.outage_s
        self.must_close = self.is_linked
        self._link_ns = max(self._link_ns, now_ns + int(away_s * NS_PER_S))
        self._out_ns = self._next_outage(self._link_ns)
        self.tally.counts["outages"] += 1

    def _next_outage(self, now_ns: int) -> int:
        rate = self.conduct.outages_per_h
        return now_ns + int(self.chance.expovariate(rate / 3600) * NS_PER_S) if rate > 0 else _FAR_NS
