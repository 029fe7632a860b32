"""A platform that lets everyone in and answers everything: for tests of the simulator. It keeps what it heard in memory."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from catseye.fleet.errors import ShortError
from catseye.fleet.file_stream import MAGIC, Piece
from catseye.fleet.frame808 import Frame, Header, frames_in
from catseye.fleet.jt1078 import packets_in
from catseye.fleet.message import Body, Message
from catseye.fleet.subpackages import Joining


def quietly(converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]) -> Callable[..., Coroutine[None, None, None]]:
    """A link that ends, or is ended with the test, is no fault."""

    async def until_it_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError, ConnectionError):
            await converse(reader, writer)

    return until_it_ends


@dataclass
class PlainGateway:
    """Told to, it answers an alarm with a text, asks for its files, a picture, and live video."""

    warns: bool = True
    heard: list[Message] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    files: dict[str, bytes] = field(default_factory=dict)
    video: bytes = b""
    port: int = 0
    file_port: int = 0
    video_port: int = 0
    _serial: int = 0
    _asked: set[str] = field(default_factory=set)
    _joining: dict[tuple[str, int], Joining] = field(default_factory=dict)
    _servers: list[asyncio.Server] = field(default_factory=list)

    async def open(self) -> None:
        await self.open_at(0)

    async def open_at(self, port: int) -> None:
        doors = {self._terminal: port, self._attachments: 0, self._live: 0}
        self._servers = [await asyncio.start_server(quietly(each), "127.0.0.1", at) for each, at in doors.items()]
        self.port, self.file_port, self.video_port = (each.sockets[0].getsockname()[1] for each in self._servers)

    def close(self) -> None:
        for each in self._servers:
            each.close()

    def bodies(self, msg_id: int) -> list[Body]:
        return [each.body for each in self.heard if each.header.msg_id == msg_id]

    async def _terminal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        while data := await reader.read(1 << 16):
            frames, buffer = frames_in(buffer + data)
            for raw in frames:
                writer.write(b"".join(self._answers(Frame.parse(raw))))
        writer.close()

    def _answers(self, frame: Frame) -> list[bytes]:
        header = frame.header
        body = frame.body
        if header.is_subpackage:
            key = header.phone, header.serial - header.index
            joining = self._joining[key].add(frame) if key in self._joining else Joining.begin(frame)
            self._joining[key] = joining
            if not joining.is_whole:
                return []
            body = self._joining.pop(key).body()
        message = Message(header, Body.parse(header.msg_id, header.version, body))
        assert bytes(message.body) == body
        self.heard.append(message)
        self.counts[f"0x{header.msg_id:04X}"] += 1
        values = message.body.values
        if header.msg_id == 0x0100:
            return [self._out(header, 0x8100, {"ack_serial": header.serial, "result": 0, "token": f"token of {header.phone}"})]
        if header.msg_id == 0x0801:
            return [self._out(header, 0x8800, {"media_id": values["media_id"]})]
        if header.msg_id == 0x0001:
            return []
        result = int(header.msg_id == 0x0102 and values["token"] != f"token of {header.phone}")
        answers = [self._out(header, 0x8001, {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": result})]
        alarms = [item for item in values.get("items", ()) if item.id in (0x64, 0x65, 0x67) and item.values["flag"] != 2]
        return answers + [each for item in alarms if self.warns for each in self._orders(header, item.values["ident"], item.layout.label)]

    def _orders(self, header: Header, ident: dict[str, object], dialect: str) -> list[bytes]:
        text = {"flags": 2 | 8, "text_type": 1, "text": "请保持车距"} if header.version == "2019" else {"flags": 1 | 8, "text": "请保持车距"}
        number = f"{len(self.files):08d}{self._serial:024d}"
        at = {"ip": "127.0.0.1", "tcp": self.file_port, "udp": 0}
        orders = [self._out(header, 0x8300, text), self._out(header, 0x9208, {**at, "ident": ident, "alarm_no": number, "reserved": "00" * 16}, dialect)]
        if header.phone not in self._asked:
            self._asked.add(header.phone)
            snap = dict.fromkeys(("interval", "save", "resolution", "quality", "brightness", "contrast", "saturation", "chroma"), 0)
            orders.append(self._out(header, 0x8801, {**snap, "channel": 1, "command": 1}))
            orders.append(self._out(header, 0x9101, {**at, "tcp": self.video_port, "channel": 1, "data_type": 1, "stream": 1}))
        return orders

    def _out(self, header: Header, msg_id: int, values: dict[str, object], label: str = "") -> bytes:
        self._serial = self._serial + 1 & 0xFFFF
        body = Body.of(msg_id, header.version, values, label)
        return bytes(Frame(Header.of(msg_id, header.phone, self._serial, version=header.version), bytes(body)))

    async def _attachments(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        parts: dict[str, dict[int, bytes]] = {}
        while data := await reader.read(1 << 16):
            buffer += data
            while buffer:
                if buffer.startswith(MAGIC):
                    try:
                        piece, buffer = Piece.parse(buffer)
                    except ShortError:
                        break
                    parts.setdefault(piece.name, {})[piece.offset_bytes] = piece.payload
                    continue
                end = buffer.find(b"~", 1)
                if end < 0:
                    break
                frame, buffer = Frame.parse(buffer[: end + 1]), buffer[end + 1 :]
                writer.write(self._file_answer(frame, parts))
        writer.close()

    def _file_answer(self, frame: Frame, parts: dict[str, dict[int, bytes]]) -> bytes:
        header, values = frame.header, Body.of_frame(frame).values
        self.counts[f"0x{header.msg_id:04X}"] += 1
        if header.msg_id != 0x1212:
            return self._out(header, 0x8001, {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": 0})
        name, found = values["name"], parts.get(values["name"], {})
        if name not in self._asked:  # the first time a piece of the file is said to be missing
            self._asked.add(name)
            spans = [{"offset": values["size"] // 2, "length": values["size"] - values["size"] // 2}]
            return self._out(header, 0x9212, {"name": name, "type": values["type"], "result": 1, "missing": spans})
        content = bytearray(values["size"])
        for offset, payload in found.items():
            content[offset : offset + len(payload)] = payload
        self.files[name] = bytes(content)
        return self._out(header, 0x9212, {"name": name, "type": values["type"], "result": 0, "missing": []})

    async def _live(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self.video += data
        writer.close()

    def video_packets(self) -> int:
        return len(packets_in(self.video)[0]) if self.video else 0
