"""The load: ten thousand terminals on raw sockets in one process, frames put together from ready pieces. It keeps what was acknowledged, for whoever compares.

`python -m benchmarks.fleet_load 127.0.0.1:7611 --terminals 10000 --rate 5000 --seconds 60 --out load.npz`; one JSON object on stdout.
Nothing of it is pinned to a core.
"""

import argparse
import functools
import json
import operator
import os
import resource
import selectors
import socket
import sys
import time
from array import array
from collections import Counter
from datetime import datetime, timedelta, timezone
from heapq import heappop, heappush
from pathlib import Path
from random import Random

import numpy as np

from catseye.core.geo import GeoPoint
from catseye.fleet.frame808 import Frame, Header, checksum, unescaped
from catseye.fleet.simulate.driving import Moment
from catseye.fleet.simulate.kit import Kit, crowd
from catseye.fleet.simulate.reports import Fact, authentication, location, registration
from catseye.fleet.simulate.watch import TOO_CLOSE, Flag, Raised

TICK_S, RESEND_AFTER_S, HEARTBEAT_S = 0.01, 15.0, 60.0
OPEN_RATE = 700.0  # new links a second
_BEIJING = timezone(timedelta(hours=8))
_SERIAL_AT, _PLACE_AT, _TIME_AT = {"2019": 15, "2013": 10}, 28 - 18, 22  # the last two within the body
_OFF, _OPENING, _REGISTERING, _ENTERING, _IN = range(5)


class Ready:
    """A frame's constant pieces: before the serial, between it and the time, after the time; and the XOR of them all."""

    __slots__ = ("after", "before", "between", "xor")

    def __init__(self, frame: Frame) -> None:
        whole = bytes(frame)
        content = unescaped(whole)[:-1]
        head = 17 if frame.header.version == "2019" else 12
        time_at = head + _TIME_AT
        self.before, self.between, self.after = content[: head - 2], content[head:time_at], content[time_at + 6 :]
        self.xor = checksum(self.before) ^ checksum(self.between) ^ checksum(self.after)

    def frame(self, serial: int, time_bcd: bytes, time_xor: int) -> bytes:
        """With this serial and this moment."""
        content = b"%b%c%c%b%b%b%c" % (
            self.before,
            serial >> 8,
            serial & 0xFF,
            self.between,
            time_bcd,
            self.after,
            self.xor ^ (serial >> 8) ^ (serial & 0xFF) ^ time_xor,
        )
        if b"}" in content:
            content = content.replace(b"}", b"}\x01")
        if b"~" in content[1:]:
            content = content.replace(b"~", b"}\x02")
        return b"~%b~" % content


class Loaded:
    """One terminal of the load."""

    __slots__ = ("alarm_s", "alarms", "failed", "index", "kit", "last_s", "out", "pending", "ready", "rest", "said_serial", "serial", "sock", "state", "token")

    def __init__(self, index: int, kit: Kit) -> None:
        self.index, self.kit = index, kit
        self.sock: socket.socket | None = None
        self.state, self.token, self.serial, self.failed = _OFF, "", index * 37 & 0xFFFF, 0
        self.pending: dict[int, tuple[float, int, bytes]] = {}
        self.rest, self.out = b"", b""
        self.alarm_s, self.alarms, self.last_s = 0.0, 0, 0.0
        self.said_serial = 0
        moment = Moment(GeoPoint(21.0 + index % 100 / 1e3, 105.8 + index // 100 / 1e3), 90.0, 60.0, 57.0, 0.0, 55.0, 10.0, 1e6)
        body = bytes(location(kit, Fact(1_763_700_000_000_000_000, moment), has_attachments=False))
        self.ready = Ready(Frame(Header.of(0x0200, kit.phone, 0, version=kit.version), body))


class Load:
    """All of them, one loop, no threads."""

    def __init__(self, asked: argparse.Namespace, tokens: dict[str, str]) -> None:
        self.asked = asked
        kits = crowd(asked.terminals, asked.seed, editions=asked.version, dialects=asked.dialect)
        self.terminals = [Loaded(index, kit) for index, kit in enumerate(kits)]
        for each in self.terminals:
            each.token = tokens.get(each.kit.identity, "")
        host, _, port = asked.server.rpartition(":")
        self.server = host, int(port)
        self.chance = Random(asked.seed)
        self.poller = selectors.EpollSelector()
        self.counts: Counter[str] = Counter()
        self.waits, self.warned = array("f"), array("f")
        self.acked, self.sent_keys = array("Q"), array("Q")
        self.alarm_acked = array("Q")
        self.opening: list[tuple[float, int]] = []
        self.awaiting_warning: dict[int, float] = {}
        self.back_s = array("f")
        self.in_count = 0
        self.stamp_s, self.time_bcd, self.time_xor = 0, b"", 0
        self.timeline: list[dict[str, float]] = []
        self.next_line_s = 0.0
        self.cpu_before_s = 0.0

    # links

    def open(self, one: Loaded) -> None:
        """Begin a link, from one of the loopback addresses."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server[0].startswith("127."):
            sock.bind((f"127.0.0.{1 + one.index % self.asked.addresses}", 0))
        sock.connect_ex(self.server)
        one.sock, one.state, one.rest = sock, _OPENING, b""
        self.poller.register(sock, selectors.EVENT_WRITE, one)

    def lose(self, one: Loaded, now_s: float) -> None:
        """The link is gone: again after a while."""
        if one.sock is not None:
            self.poller.unregister(one.sock)
            one.sock.close()
            one.sock = None
        if one.state == _IN:
            self.in_count -= 1
            one.last_s = now_s
            self.counts["links_lost"] += 1
        else:
            self.counts["links_failed"] += 1
        one.state, one.out = _OFF, b""
        one.failed += 1
        heappush(self.opening, (now_s + min(8.0, 0.5 * 2 ** min(one.failed, 5)) * self.chance.uniform(0.5, 1.0), one.index))

    def opened(self, one: Loaded, now_s: float) -> None:
        """A link stands: the token, or a registration."""
        assert one.sock is not None
        if one.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.lose(one, now_s)
            return
        self.poller.modify(one.sock, selectors.EVENT_READ, one)
        if one.token:
            one.state = _ENTERING
            self.say(one, 0x0102, bytes(authentication(one.kit, one.token)))
        else:
            one.state = _REGISTERING
            self.say(one, 0x0100, bytes(registration(one.kit)))

    def say(self, one: Loaded, msg_id: int, body: bytes) -> int:
        """A message of its own making; its serial."""
        serial, one.serial = one.serial, one.serial + 1 & 0xFFFF
        self.send(one, bytes(Frame(Header.of(msg_id, one.kit.phone, serial, version=one.kit.version), body)))
        return serial

    def send(self, one: Loaded, raw: bytes) -> None:
        """Now, or when there is room."""
        if one.sock is None:
            return
        if one.out:
            one.out += raw
            return
        try:
            sent = one.sock.send(raw)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the poller tells
        if sent < len(raw):
            one.out = raw[sent:]
            self.counts["held_back"] += 1
            self.poller.modify(one.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, one)

    def flush(self, one: Loaded) -> None:
        """There is room."""
        raw, one.out = one.out, b""
        if one.sock is not None:
            self.poller.modify(one.sock, selectors.EVENT_READ, one)
            if raw:
                self.send(one, raw)

    # what comes

    def read(self, one: Loaded, now_s: float) -> None:
        """What came on one link."""
        assert one.sock is not None
        try:
            data = one.sock.recv(8192)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose(one, now_s)
            return
        if one.rest:
            data, one.rest = one.rest + data, b""
        pieces = data.split(b"~")
        if pieces[-1]:
            one.rest = b"~" + pieces[-1]
        for piece in pieces[1:-1]:
            if piece:
                self.heard(one, piece, now_s)

    def heard(self, one: Loaded, piece: bytes, now_s: float) -> None:
        """One frame of the platform."""
        content = piece if b"}" not in piece else unescaped(b"~" + piece + b"~")
        at = 17 if content[2] & 0x40 else 12
        if content[:2] == b"\x80\x01":
            self.acknowledged(one, content[at] << 8 | content[at + 1], content[at + 2] << 8 | content[at + 3], content[at + 4], now_s)
            return
        if content[:2] == b"\x81\x00":
            if content[at + 2]:
                self.counts[f"refused_{content[at + 2]}"] += 1
                self.lose(one, now_s)
                one.failed += 6
                return
            one.token = content[at + 3 : -1].decode("gbk")
            one.state = _ENTERING
            self.say(one, 0x0102, bytes(authentication(one.kit, one.token)))
            return
        self.counts["orders"] += 1
        if content[:2] == b"\x83\x00" and one.index in self.awaiting_warning:
            self.warned.append(now_s - self.awaiting_warning.pop(one.index))
        self.say(one, 0x0001, content[at - 2 : at] + content[:2] + b"\0")

    def acknowledged(self, one: Loaded, serial: int, msg_id: int, result: int, now_s: float) -> None:
        """A general answer."""
        if msg_id == 0x0102:
            if result:
                self.counts["token_refused"] += 1
                one.token = ""
                self.lose(one, now_s)
                return
            one.state, one.failed = _IN, 0
            self.in_count += 1
            if one.last_s:
                self.back_s.append(now_s - one.last_s)
            for _, _, raw in sorted(one.pending.values()):
                self.send(one, raw)
                self.counts["resent"] += 1
            return
        if msg_id != 0x0200:
            return
        if result:
            self.counts[f"result_{result}"] += 1
            return
        before = one.pending.pop(serial, None)
        if before is None:
            self.counts["acknowledged_twice"] += 1
            return
        self.waits.append(now_s - before[0])
        self.acked.append(before[1])

    # what goes

    def tell(self, one: Loaded, now_s: float) -> None:
        """A location."""
        serial, one.serial = one.serial, one.serial + 1 & 0xFFFF
        key = one.index << 48 | serial << 32 | self.stamp_s
        raw = one.ready.frame(serial, self.time_bcd, self.time_xor)
        self.keep(one, serial, key, raw, now_s)

    def keep(self, one: Loaded, serial: int, key: int, raw: bytes, now_s: float) -> None:
        """Send it, and keep it until its answer; an old one without any goes once more."""
        one.pending[serial] = now_s, key, raw
        self.sent_keys.append(key)
        self.send(one, raw)
        if len(one.pending) > 1:
            oldest = next(iter(one.pending))
            begun_s, _, old_raw = one.pending[oldest]
            if now_s - begun_s > RESEND_AFTER_S:
                one.pending[oldest] = one.pending.pop(oldest)
                self.send(one, old_raw)
                self.counts["resent"] += 1

    def alarm(self, one: Loaded, now_s: float) -> None:
        """It follows too closely: begins now. The warning that comes back is timed."""
        moment = Moment(GeoPoint(21.0 + one.index % 100 / 1e3, 105.8), 90.0, 60.0, 62.0, 0.0, 58.0, 10.0, 1e6)
        time_ns = self.stamp_s * 1_000_000_000
        raised = Raised(TOO_CLOSE, one.alarms, Flag.BEGINS, 2, moment, time_ns, time_ns)
        one.alarms += 1
        body = bytes(location(one.kit, Fact(time_ns, moment, 0, (raised,)), has_attachments=False))
        serial, one.serial = one.serial, one.serial + 1 & 0xFFFF
        raw = bytes(Frame(Header.of(0x0200, one.kit.phone, serial, version=one.kit.version), body))
        self.keep(one, serial, one.index << 48 | serial << 32 | self.stamp_s, raw, now_s)
        self.awaiting_warning[one.index] = now_s
        self.counts["alarms"] += 1

    def set_time(self) -> None:
        """The second that reports carry."""
        now = int(time.time())
        if now != self.stamp_s:
            self.stamp_s = now
            self.time_bcd = bytes.fromhex(f"{datetime.fromtimestamp(now, _BEIJING):%y%m%d%H%M%S}")
            self.time_xor = functools.reduce(operator.xor, self.time_bcd)

    def run(self) -> None:
        """Until all is sent and answered, or the time is over."""
        asked, terminals = self.asked, self.terminals
        begin_s = time.monotonic()
        for index in range(len(terminals)):
            heappush(self.opening, (begin_s + index / OPEN_RATE, index))
        all_in_s, at, owed, owed_alarms, last_s, alarm_at = 0.0, 0, 0.0, 0.0, begin_s, 0
        while True:
            now_s = time.monotonic()
            while self.opening and self.opening[0][0] <= now_s:
                self.open(terminals[heappop(self.opening)[1]])
            if not all_in_s and (self.in_count >= len(terminals) or now_s - begin_s > asked.patience):
                all_in_s = now_s
                self.counts["connected_at_begin"] = self.in_count
                self.cpu_before_s = time.process_time()
                print(json.dumps({"in": self.in_count, "after_s": round(now_s - begin_s, 1)}), file=sys.stderr, flush=True)
            if all_in_s:
                is_over = now_s - all_in_s > asked.seconds
                if not is_over:
                    self.set_time()
                    owed += asked.rate * (now_s - last_s)
                    owed_alarms += asked.alarms * (now_s - last_s)
                    tried = 0
                    while owed >= 1 and tried < len(terminals):
                        one, at, tried = terminals[at], (at + 1) % len(terminals), tried + 1
                        if one.state == _IN:
                            owed -= 1
                            self.tell(one, now_s)
                    self.counts["not_sent"] += int(owed)
                    owed -= int(owed)
                    while owed_alarms >= 1:
                        owed_alarms -= 1
                        one, alarm_at = terminals[alarm_at], (alarm_at + 7919) % len(terminals)
                        if one.state == _IN:
                            self.alarm(one, now_s)
                elif now_s - all_in_s > asked.seconds + asked.drain or not any(one.pending for one in terminals):
                    break
            last_s = now_s
            self.line(now_s, begin_s)
            spent_s = time.monotonic() - now_s
            for key, events in self.poller.select(max(0.0, TICK_S - spent_s)):
                one = key.data
                moment_s = time.monotonic()
                if one.state == _OPENING:
                    self.opened(one, moment_s)
                    continue
                if events & selectors.EVENT_READ:
                    self.read(one, moment_s)
                if events & selectors.EVENT_WRITE and one.out:
                    self.flush(one)
        self.counts["unanswered"] = sum(len(one.pending) for one in terminals)
        self.counts["connected_at_end"] = self.in_count
        self.counts["warnings_missing"] = len(self.awaiting_warning)
        self.took_s = time.monotonic() - all_in_s
        for one in terminals:
            if one.sock is not None:
                one.sock.close()

    def line(self, now_s: float, begin_s: float) -> None:
        """Once a second, how it stands."""
        if now_s >= self.next_line_s:
            self.next_line_s = now_s + 1.0
            self.timeline.append(
                {"at_s": round(now_s - begin_s, 2), "wall_s": time.time(), "in": self.in_count, "sent": len(self.sent_keys), "acked": len(self.acked)}
            )

    def summary(self) -> dict[str, object]:
        """For JSON."""
        cpu_s = time.process_time() - self.cpu_before_s
        return {
            "terminals": len(self.terminals),
            "seconds": round(self.took_s, 2),
            "sent": len(self.sent_keys),
            "acknowledged": len(self.acked),
            "rate": round(len(self.acked) / self.took_s, 1),
            "generator_cpu_s": round(cpu_s, 2),
            "generator_cores": round(cpu_s / self.took_s, 3),
            "wait_ms": percentiles_ms(self.waits),
            "warning_ms": percentiles_ms(self.warned),
            "back_s": {name: round(value / 1000, 2) for name, value in percentiles_ms(self.back_s).items()},
            **self.counts,
            "timeline": self.timeline,
        }


def percentiles_ms(waits: "array[float]") -> dict[str, float]:
    if not waits:
        return {}
    found = np.percentile(np.frombuffer(waits, np.float32) * 1000, (50, 90, 99, 99.9, 100))
    return {"n": len(waits), **{name: round(float(value), 2) for name, value in zip(("p50", "p90", "p99", "p99.9", "max"), found, strict=True)}}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("server", metavar="HOST:PORT")
    asked.add_argument("--terminals", type=int, default=10_000)
    asked.add_argument("--rate", type=float, default=5_000.0, help="locations a second")
    asked.add_argument("--alarms", type=float, default=10.0, help="alarms a second")
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--drain", type=float, default=40.0, help="seconds to wait for the last answers")
    asked.add_argument("--patience", type=float, default=120.0, help="seconds to wait until all are connected")
    asked.add_argument("--version", default="mixed")
    asked.add_argument("--dialect", default="mixed")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--addresses", type=int, default=4, help="loopback addresses to call from")
    asked.add_argument("--tokens", type=Path, help="JSON, identity to token; written at the end")
    asked.add_argument("--out", type=Path, help="npz: what was sent and acknowledged")
    words = asked.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tokens = json.loads(words.tokens.read_text()) if words.tokens and words.tokens.is_file() else {}
    load = Load(words, tokens)
    load.run()
    if words.tokens:
        words.tokens.write_text(json.dumps({one.kit.identity: one.token for one in load.terminals}))
    if words.out:
        np.savez(words.out, acked=np.frombuffer(load.acked, np.uint64), sent=np.frombuffer(load.sent_keys, np.uint64))
    print(json.dumps(load.summary()))
    sys.stdout.flush()
    os._exit(0)  # ten thousand closed sockets need no farewell


if __name__ == "__main__":
    main()
