"""A small terminal that does what the standards say, without a socket or a clock: the platform of the kit leads it through a whole test in virtual time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from catseye.core.time import NS_PER_S
from catseye.fleet.conform.platform import Address, Platform
from catseye.fleet.conform.transcript import ATTACHMENTS, CLOSED, MAIN, MEDIA, OPENED, Line, Transcript
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import V2013, V2019, Frame, Header
from catseye.fleet.jt1078 import ATOMIC, FIRST, KEY, LAST, MIDDLE, PREDICTED, Packet
from catseye.fleet.message import Body
from catseye.fleet.subpackages import split
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.wire import Values

BEGIN_NS = 1_795_000_000 * NS_PER_S  # in November 2026
BEIJING = timezone(timedelta(hours=8))
PHONE, TERMINAL_ID = "013800138000", "7654321"
FILE, PICTURE = bytes(range(256)) * 12, b"\xff\xd8" + bytes(range(250)) * 10 + b"\xff\xd9"
_ALARM = {"alarm_id": 1, "event": 3, "level": 1, "front_speed": 60, "front_distance_100ms": 8, "deviation": 0, "sign_type": 0, "sign_value": 0}


def time_text(now_ns: int) -> str:
    return datetime.fromtimestamp(now_ns // NS_PER_S, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


@dataclass
class Pending:
    frame: bytes
    first_ns: int
    next_ns: int
    sent_count: int = 1


@dataclass
class SmallTerminal:
    version: str = V2013
    out: list[tuple[str, bytes]] = field(default_factory=list)  # (port, bytes)
    token: str = ""
    is_in: bool = False
    is_open: bool = False
    serial: int = 0
    params: dict[str, str] = field(default_factory=lambda: {"0x0001": "0000003c", "0x0002": "0000000a", "0x0003": "00000003", "0x0029": "0000001e"})
    pending: dict[int, Pending] = field(default_factory=dict)
    backlog: list[bytes] = field(default_factory=list)
    next_report_ns: int = 0
    last_up_ns: int = 0
    follow_until_ns: int = 0
    picture: list[bytes] = field(default_factory=list)
    live_since_ns: int = 0
    next_packet_ns: int = 0
    media_serial: int = 0
    file_serial: int = 0
    alarms_count: int = 0
    files: Iterator[Any] | None = None
    now_ns: int = BEGIN_NS
    phone: str = PHONE
    uploads: bool = True

    def number(self, key: str) -> int:
        return int(self.params[key], 16)

    def say(self, msg_id: int, values: Values | bytes, label: str = "", part_bytes: int = 1023, port: str = MAIN) -> list[bytes]:
        body = values if isinstance(values, bytes) else bytes(Body.of(msg_id, self.version, values, label))
        if port != MAIN:
            self.file_serial += 1
        frames = split(msg_id, self.phone, self.serial if port == MAIN else self.file_serial, body, version=self.version, part_bytes=part_bytes)
        if port == MAIN:
            self.last_up_ns = self.now_ns
            if msg_id in (0x0002, 0x0200, 0x0704):
                self.pending[self.serial] = Pending(bytes(frames[0]), self.now_ns, self.now_ns + self.number("0x0002") * NS_PER_S)
            self.serial = self.serial + len(frames) & 0xFFFF
        raws = [bytes(frame) for frame in frames]
        self.out += [(port, raw) for raw in raws]
        return raws

    def opened(self, now_ns: int) -> None:
        self.now_ns, self.is_open, self.serial = now_ns, True, 0
        if self.token:
            self.authenticate()
        else:
            values = {"province": 44, "city": 300, "maker": "44030", "model": "X-1", "terminal_id": TERMINAL_ID, "plate_color": 2, "plate": "粤B12345"}
            self.say(0x0100, values, self.version if self.version == V2019 else "2013")

    def authenticate(self) -> None:
        self.say(0x0102, {"token": self.token, "imei": "123456789012345", "software": "1.0"})

    def closed(self) -> None:
        self.is_in = self.is_open = False
        self.pending.clear()
        self.live_since_ns = 0

    def position(self, *, is_alarm: bool = False) -> Values:
        moved = (self.now_ns - BEGIN_NS) // NS_PER_S
        values: Values = {"alarm": 0, "status": 0x40003, "lat": 22540000 + 10 * moved, "lon": 114050000 + 10 * moved, "altitude": 20}
        values |= {"speed_0_1kmh": 603, "direction": 45, "time": time_text(self.now_ns), "items": [ITEMS.item(0x01, {"mileage_0_1km": 1000})]}
        if is_alarm:
            ident = {"terminal_id": TERMINAL_ID, "time": values["time"], "seq": 0, "attach_count": 1, "reserved": "00"}
            place = {"speed": 60, "altitude": 20, "lat": values["lat"], "lon": values["lon"], "time": values["time"], "vehicle_state": 1}
            self.alarms_count += 1
            values["items"].append(ITEMS.item(0x64, {**_ALARM, "flag": self.alarms_count, **place, "ident": ident}))
        return values

    def tick(self, now_ns: int) -> None:
        self.now_ns = now_ns
        every_ns = (1 if now_ns < self.follow_until_ns else self.number("0x0029")) * NS_PER_S
        if self.token and now_ns >= self.next_report_ns:
            self.next_report_ns = now_ns + every_ns
            body = bytes(Body.of(0x0200, self.version, self.position(is_alarm=self.is_in and self.alarms_count < 2)))
            if self.is_in:
                self.say(0x0200, body)
            else:
                self.backlog.append(body)
        if not self.is_in:
            return
        for wait in list(self.pending.values()):
            if now_ns >= wait.next_ns and wait.sent_count <= self.number("0x0003"):
                self.out.append((MAIN, wait.frame))
                self.last_up_ns = now_ns
                wait.sent_count += 1
                wait.next_ns = now_ns + self.number("0x0002") * wait.sent_count * NS_PER_S
        if now_ns - self.last_up_ns >= self.number("0x0001") * NS_PER_S:
            self.say(0x0002, {})
        self.stream()

    def stream(self) -> None:
        if not self.live_since_ns or self.now_ns < self.next_packet_ns:
            return
        self.next_packet_ns = self.now_ns + NS_PER_S // 2
        time_ms = (self.now_ns - self.live_since_ns) // 1_000_000
        since_ms = time_ms % 2000
        kind = KEY if since_ms == 0 else PREDICTED
        for fragment in (FIRST, MIDDLE, LAST) if kind == KEY else (ATOMIC,):
            is_last = fragment in (ATOMIC, LAST)
            packet = Packet(
                0x81,
                is_last,
                98,
                self.media_serial,
                PHONE,
                1,
                kind,
                fragment,
                time_ms,
                0 if kind == KEY else since_ms,
                500 if time_ms else 0,
                b"\x00\x00\x01" * 200,
            )
            self.media_serial += 1
            self.out.append((MEDIA, bytes(packet)))

    def received(self, raw: bytes, now_ns: int) -> None:
        self.now_ns = now_ns
        frame = Frame.parse(raw)
        header = frame.header
        if header.is_subpackage:
            self.parts = [*getattr(self, "parts", []), frame.body] if header.index > 1 else [frame.body]
            if header.index == header.total:
                self.obey(header, Body.parse(header.msg_id, header.version, b"".join(self.parts)).values)
            return
        self.obey(header, Body.of_frame(frame).values)

    def done(self, header: Header, result: int = 0) -> None:
        self.say(0x0001, {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": result})

    def obey(self, header: Header, values: Values) -> None:
        msg_id, now_ns = header.msg_id, self.now_ns
        if msg_id == 0x8001:
            self.pending.pop(values["ack_serial"], None)
            if values["ack_id"] == "0x0102":
                self.is_in, self.next_report_ns = True, now_ns + NS_PER_S
                if self.backlog:
                    rest = bytes((0, len(self.backlog), 1)) + b"".join(len(each).to_bytes(2) + each for each in self.backlog)
                    self.say(0x0704, rest)
                    self.backlog = []
        elif msg_id == 0x8100:
            self.token = values["token"]
            self.authenticate()
        elif msg_id == 0x8103:
            self.params |= {key: value["hex"] for key, value in values["params"].items()}
            self.next_report_ns = now_ns + self.number("0x0029") * NS_PER_S
            self.done(header)
        elif msg_id in (0x8104, 0x8106):
            keys = [f"0x{key:04X}" for key in values["ids"]] if msg_id == 0x8106 else list(self.params)
            self.say(0x0104, {"ack_serial": header.serial, "params": {key: {"hex": self.params[key]} for key in keys}})
        elif msg_id == 0x8201:
            self.say(0x0201, {"ack_serial": header.serial, "location": self.position()})
        elif msg_id == 0x8202:
            self.follow_until_ns, self.next_report_ns = now_ns + values["validity"] * NS_PER_S, now_ns + NS_PER_S
            self.done(header)
        elif msg_id == 0x8801:
            self.say(0x0805, {"ack_serial": header.serial, "result": 0, "count": 1, "ids": [7]})
            where = {key: value for key, value in self.position().items() if key != "items"}
            media = {"media_id": 7, "media_type": 0, "media_format": 0, "event": 0, "channel": 1, "location": where, "data": PICTURE.hex()}
            self.picture = self.say(0x0801, media, part_bytes=900)
        elif msg_id == 0x8800:
            for index in values.get("ids", ()):
                self.out.append((MAIN, self.picture[index - 1]))
        elif msg_id == 0x9003:
            sound = {"audio_coding": 6, "audio_channels": 1, "sample_rate": 0, "sample_bits": 1, "frame_len": 320, "audio_out": 1}
            self.say(0x1003, {**sound, "video_coding": 98, "max_audio_ch": 1, "max_video_ch": 4})
        elif msg_id == 0x9101:
            self.done(header)
            self.live_since_ns = self.next_packet_ns = now_ns + NS_PER_S // 4
        elif msg_id == 0x9102:
            self.live_since_ns = 0
            self.done(header)
        elif msg_id == 0x9208:
            self.done(header)
            if self.uploads:
                self.files = self.upload(values)
                next(self.files)
        elif msg_id in (0x8300,):
            self.done(header)
        else:
            self.done(header, 3)

    def upload(self, order: Values) -> Iterator[Any]:
        name = "00_64_6403_0_" + order["alarm_no"] + ".jpg"
        about = {"name": name, "type": 0, "size": len(FILE)}
        values = {
            "terminal_id": TERMINAL_ID,
            "ident": order["ident"],
            "alarm_no": order["alarm_no"],
            "info_type": 0,
            "files": [{"name": name, "size": len(FILE)}],
        }
        self.say(0x1210, values, "su", port=ATTACHMENTS)
        yield
        self.say(0x1211, about, port=ATTACHMENTS)
        yield
        spans = [{"offset": 0, "length": len(FILE)}]
        while spans:
            for span in spans:
                for begin in range(span["offset"], span["offset"] + span["length"], 2000):
                    end = min(begin + 2000, span["offset"] + span["length"])
                    self.out.append((ATTACHMENTS, bytes(Piece(name, begin, FILE[begin:end]))))
            self.say(0x1212, about, port=ATTACHMENTS)
            spans = (yield)["missing"]
        yield

    def attachment_received(self, raw: bytes) -> None:
        assert isinstance(self.files, Iterator)
        values = Body.of_frame(Frame.parse(raw)).values
        self.files.send(values)  # type: ignore[attr-defined]


def conforming(version: str = V2013, most_s: float = 400.0, *, uploads: bool = True) -> Transcript:
    """What the kit and the terminal say to each other in a whole test."""
    platform, terminal = Platform(Address("127.0.0.1", 7002), Address("127.0.0.1", 7003)), SmallTerminal(version, uploads=uploads)
    terminal.phone = PHONE if version == V2013 else PHONE.rjust(20, "0")
    lines: list[Line] = []
    now_ns, link_number, links = BEGIN_NS, 0, {ATTACHMENTS: "", MEDIA: ""}
    retry_ns = now_ns
    main = ""

    def act(actions: Any) -> None:
        nonlocal main, retry_ns
        for action in actions:
            if not action.data:
                lines.append(Line(False, b"", now_ns, MAIN, action.link, CLOSED))
                main, retry_ns = "", now_ns + 2 * NS_PER_S
                terminal.closed()
                terminal.out.clear()
                return
            port = next((name for name, link in links.items() if link == action.link), MAIN)
            lines.append(Line(False, action.data, now_ns, port, action.link))
            if port == MAIN:
                terminal.received(action.data, now_ns)
            else:
                terminal.attachment_received(action.data)

    while not platform.is_over and now_ns < BEGIN_NS + most_s * NS_PER_S:
        now_ns += NS_PER_S // 4
        if not main and now_ns >= retry_ns:
            link_number += 1
            main = f"m{link_number}"
            lines.append(Line(True, b"", now_ns, MAIN, main, OPENED))
            refused = platform.opened(main, MAIN, now_ns)
            if not refused:
                terminal.opened(now_ns)
            act(refused)
        terminal.tick(now_ns)
        act(platform.tick(now_ns))
        while terminal.out:
            port, raw = terminal.out.pop(0)
            if port != MAIN and not links[port]:
                links[port] = port[0]
                lines.append(Line(True, b"", now_ns, port, links[port], OPENED))
                platform.opened(links[port], port, now_ns)
            link = main if port == MAIN else links[port]
            lines.append(Line(True, raw, now_ns, port, link))
            act(platform.received(link, raw, now_ns))
    return Transcript(tuple(lines))
