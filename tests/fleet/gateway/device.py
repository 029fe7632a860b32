"""A terminal for tests: a real socket, the codec of the house, and no mind of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import time_ns

from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.time import Stamp
from catseye.fleet.frame808 import V2013, V2019, Frame, Header
from catseye.fleet.gateway.doors import Doors, Limits
from catseye.fleet.gateway.gateway import Gateway
from catseye.fleet.gateway.media import TakeMedia
from catseye.fleet.message import Body, Message
from catseye.fleet.wire import Values

PHONE, OTHER_PHONE = "013800138000", "013800138001"
IDENTITY, OTHER = "13800138000", "13800138001"
LOCATION = {
    "alarm": 0,
    "status": 3,
    "lat": 21_028_511,
    "lon": 105_804_817,
    "altitude": 12,
    "speed_0_1kmh": 431,
    "direction": 90,
    "time": "2026-11-21 20:00:00",
    "items": [],
}
QUICK = Limits(sweep_every_s=0.02, revision_every_s=0.05, answer_within_s=0.15, retry_after_s=0.05)
WAIT_S = 20.0
OPEN: list["Device"] = []


def now() -> Stamp:
    return Stamp(time_ns())


@asynccontextmanager
async def gateway_of(keeper: KeeperInMemory, limits: Limits = QUICK, *, media: TakeMedia | None = None, doors: Doors | None = None) -> AsyncIterator[Gateway]:
    """A gateway on a free port of this machine."""
    gateway = Gateway(keeper, doors or Doors("127.0.0.1", 0, limits=limits), clock=now, media=media)
    serving = asyncio.create_task(gateway.serve())
    opening = asyncio.create_task(gateway.opened())
    await asyncio.wait((serving, opening), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        opening.cancel()
        serving.result()
    try:
        yield gateway
    finally:
        keeper.gate.set()
        for device in OPEN:
            device.close()
        OPEN.clear()
        gateway.close()
        await asyncio.wait_for(serving, WAIT_S)


class Device:
    """One link of a terminal."""

    def __init__(self, phone: str, version: str) -> None:
        self.phone, self.version, self.serial = phone, version, 0
        self._rest = b""
        self._frames: list[Frame] = []

    @classmethod
    async def connect(cls, gateway: Gateway, phone: str = PHONE, version: str = V2013, tls: ssl.SSLContext | None = None) -> "Device":
        self = cls(phone.rjust(20, "0") if version == V2019 else phone, version)
        host, port = await gateway.opened()
        self.reader, self.writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname="localhost" if tls else None)
        OPEN.append(self)
        return self

    @classmethod
    async def enter(cls, gateway: Gateway, token: str, phone: str = PHONE, version: str = V2013) -> "Device":
        """Connected and authenticated."""
        self = await cls.connect(gateway, phone, version)
        assert await self.authenticate(token) == 0
        return self

    def write(self, raw: bytes) -> None:
        self.writer.write(raw)

    def frame(self, msg_id: int, body: bytes, *, serial: int | None = None, phone: str | None = None, part: tuple[int, int] | None = None) -> bytes:
        if serial is None:
            serial, self.serial = self.serial, self.serial + 1 & 0xFFFF
        return bytes(Frame(Header.of(msg_id, phone or self.phone, serial, version=self.version, part=part), body))

    def body(self, msg_id: int, values: Values) -> bytes:
        return bytes(Body.of(msg_id, self.version, values))

    def say(self, msg_id: int, values: Values | bytes = b"", *, serial: int | None = None) -> int:
        """Answers with the serial."""
        body = values if isinstance(values, bytes) else self.body(msg_id, values)
        used = self.serial if serial is None else serial
        self.write(self.frame(msg_id, body, serial=serial))
        return used

    async def hear(self) -> Message:
        """The next message; EOFError where the link is closed."""
        return Message.of(await self.hear_frame())

    async def hear_frame(self) -> Frame:
        """As `hear`, unread."""
        while not self._frames:
            async with asyncio.timeout(WAIT_S):
                came = await self.reader.read(65_536)
            if not came:
                raise EOFError
            *whole, self._rest = (self._rest + came).split(b"~")
            self._frames += [Frame.parse(b"~" + each + b"~") for each in whole if each]
        return self._frames.pop(0)

    async def answer_to(self, serial: int) -> int:
        """The result of 0x8001 to it; others are left out."""
        while True:
            message = await self.hear()
            if message.header.msg_id == 0x8001 and message.body.values["ack_serial"] == serial:
                result: int = message.body.values["result"]
                return result

    async def authenticate(self, token: str) -> int:
        values = {"token": token, "len": len(token), "imei": "123456789012345", "software": "1.0"} if self.version == V2019 else {"token": token}
        return await self.answer_to(self.say(0x0102, values))

    async def register(self) -> Message:
        self.say(0x0100, {"province": 1, "city": 2, "maker": "m", "model": "x", "terminal_id": "t1", "plate_color": 2, "plate": "29B-12345"})
        return await self.hear()

    async def is_cut(self) -> bool:
        """Waits until the other side closed."""
        try:
            while True:
                await self.hear()
        except (EOFError, ConnectionError):
            return True

    def close(self) -> None:
        self.writer.close()


def location(**others: object) -> Values:
    return {**LOCATION, **others}


def quick(**others: object) -> Limits:
    return replace(QUICK, **others)


async def until(is_true: object, most_s: float = WAIT_S) -> None:
    """Until a call says yes."""
    async with asyncio.timeout(most_s):
        while not is_true():  # type: ignore[operator]
            await asyncio.sleep(0.005)
