"""Whatever bytes come, only the link they came on suffers."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fleet.gateway.device import IDENTITY, OTHER, OTHER_PHONE, PHONE, Device, gateway_of, location, quick
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory
from tests.support.properties import examples

from catseye.core.time import Stamp
from catseye.fleet.frame808 import V2013, V2019, Frame, Header, escaped, unescaped
from catseye.fleet.gateway.asks import Waiting
from catseye.fleet.gateway.counters import Counters
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.roll import Roll
from catseye.fleet.gateway.session import Session
from catseye.fleet.message import Body

NOW = Stamp(1_790_000_000_000_000_000)


class Paper:
    """A link that goes nowhere."""

    is_known = False
    address = "127.0.0.1"

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def answer(self, frame: bytes) -> None:
        self.frames.append(frame)

    def flush(self) -> None:
        pass


def keeper_of_two() -> KeeperInMemory:
    keeper = KeeperInMemory()
    keeper.enrol(IDENTITY, "mine", version=V2013)
    keeper.enrol(OTHER, "other", version=V2013)
    return keeper


def session_of(roll: Roll, phone: str = "", token: str = "", limits: Limits | None = None) -> Session:
    session = Session(roll, limits or Limits(), Counters(), 0.0, Paper())
    if phone:
        session.receive(bytes(Frame(Header.of(0x0102, phone, 0), token.encode())), NOW, 0.0)
        assert session.terminal is not None
    return session


def roll_of_two() -> Roll:
    roll = Roll(0)
    roll.read(keeper_of_two().enrolments())
    return roll


def frames() -> st.SearchStrategy[bytes]:
    """Right in their marks, checksum and length, with any content: they reach everything behind the frame."""
    headers = st.builds(
        lambda msg_id, phone, serial, version, part: Header.of(msg_id, phone, serial, version=version, part=part),
        st.sampled_from(
            [0x0001, 0x0002, 0x0003, 0x0005, 0x0100, 0x0102, 0x0104, 0x0200, 0x0201, 0x0702, 0x0704, 0x0801, 0x0805, 0x0900, 0x1205, 0x1210, 0x8001]
        )
        | st.integers(0, 0xFFFF),
        st.sampled_from([PHONE, OTHER_PHONE, "4eb6fb4afd9e"]),
        st.integers(0, 0xFFFF),
        st.sampled_from([V2013, V2019]),
        st.none() | st.tuples(st.integers(0, 9) | st.integers(0, 0xFFFF), st.integers(0, 9) | st.integers(0, 0xFFFF)),
    )
    return st.builds(lambda header, body: bytes(Frame(header, body)), headers, st.binary(max_size=80))


@settings(max_examples=examples(150))
@given(st.lists(st.binary(max_size=60) | frames(), max_size=12), st.booleans(), st.integers(1, 40))
@example([b"~" * 5000], True, 40)
@example([b"~" + b"x" * 5000], False, 40)
@example([b"}" * 100, b"~}~", b"~~~~~~"], True, 1)
def test_any_bytes_harm_nobody_else(pieces: list[bytes], is_known: bool, cut: int) -> None:
    roll = roll_of_two()
    victim = session_of(roll, OTHER_PHONE, "other")
    session = session_of(roll, *((PHONE, "mine") if is_known else ()))
    stream = b"".join(pieces)
    at_s = 0.0
    for begin in range(0, len(stream), cut):
        at_s += 1.0
        turn = session.receive(stream[begin : begin + cut], NOW, at_s)
        if turn.closing:
            break
        list(session.sweep(at_s))
        assert session.overdue(at_s) in ("", "unfinished frame", "never authenticated", "silence")
    assert roll.terminals[OTHER].session is victim
    turn = victim.receive(bytes(Frame(Header.of(0x0002, OTHER_PHONE, 1), b"")), NOW, 1.0)
    assert [type(ask) for ask in turn.asks] == [Waiting]
    session.leave()
    assert roll.joining.held_bytes == 0


def damaged(frame: bytes) -> bytes:
    content = unescaped(frame)
    return escaped(content[:-1] + bytes((content[-1] ^ 0x01,)))


def encrypted(frame: bytes) -> bytes:
    parsed = Frame.parse(frame)
    header = Header(parsed.header.msg_id, parsed.header.attr | 0x0400, parsed.header.phone, parsed.header.serial)
    return bytes(Frame(header, parsed.body))


def truncated(frame: bytes) -> bytes:
    parsed = Frame.parse(frame)
    return bytes(Frame(parsed.header, parsed.body[:20]))


@pytest.mark.parametrize(("fault", "result", "kind"), [(damaged, 2, "checksum"), (encrypted, 3, "encrypted"), (truncated, 2, "body: short")])
def test_a_bad_frame_is_answered_and_too_many_part_the_link(fault: Callable[[bytes], bytes], result: int, kind: str) -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine, other = await Device.enter(gateway, "mine"), await Device.enter(gateway, "other", OTHER_PHONE)
            for number in range(20):
                mine.write(fault(mine.frame(0x0200, mine.body(0x0200, location()), serial=3 * number)))
                assert await mine.answer_to(3 * number) == result
            assert await mine.is_cut()
            assert gateway.counters.refused[kind] == 20
            assert keeper.kept == []
            assert await other.answer_to(other.say(0x0002)) == 0

    asyncio.run(journey())


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n" * 3, b"\x16\x03\x01" + bytes(200), b"~" + b"a" * 9_999], ids=["http", "tls", "endless"])
def test_what_is_no_frame_parts_a_stranger(noise: bytes) -> None:
    async def journey() -> None:
        async with gateway_of(keeper_of_two()) as gateway:
            stranger = await Device.connect(gateway)
            for _ in range(4):
                stranger.write(noise)
                await asyncio.sleep(0.01)
            assert await stranger.is_cut()

    asyncio.run(journey())


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "1999-01-01 00:00:00"},
        {"time": "2036-13-45 99:99:99"},
        {"lat": 0, "lon": 0},
        {"lat": 0xFFFFFFFF, "lon": 0xFFFFFFFF, "speed_0_1kmh": 0xFFFF},
        {"items": [], "items_rest": "e7"},
    ],
    ids=["ten years off", "no time", "zero", "beyond", "half an item"],
)
def test_odd_values_are_kept_since_judging_them_is_others_work(changes: dict[str, object]) -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper) as gateway:
            mine = await Device.enter(gateway, "mine")
            assert await mine.answer_to(mine.say(0x0200, location(**changes))) == 0
            assert len(keeper.kept) == 1

    asyncio.run(journey())


def test_text_that_is_no_gbk_registers_all_the_same() -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol(IDENTITY)
        async with gateway_of(keeper) as gateway:
            device = await Device.connect(gateway)
            device.say(0x0100, bytes(4) + b"\xff\xfe\xfd\xfc\xfb" + bytes(20) + b"\x80" * 7 + b"\x02" + b"\xff\xff\xff")
            assert (await device.hear()).body.values["result"] == 0

    asyncio.run(journey())


def test_a_terminal_that_does_not_read_is_not_written_to_without_end() -> None:
    async def journey() -> None:
        keeper = keeper_of_two()
        async with gateway_of(keeper, quick(silence_s=0.5, burst_messages_count=1e9, burst_bytes=1e9)) as gateway:
            mine = await Device.enter(gateway, "mine")
            mine.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            mine.writer.transport.pause_reading()
            beats = b"".join(mine.frame(0x0002, b"") for _ in range(500))
            for _ in range(400):
                mine.write(beats)
                await asyncio.sleep(0.005)
                if gateway.counters.connected_count == 0:
                    break
            assert gateway.counters.closed["silence"] == 1
            assert gateway.counters.waiting_count < 20_000

    asyncio.run(journey())


def test_the_digits_of_a_device_that_uses_more_than_ten_are_its_name() -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol("4eb6fb4afd9e", "t")
        async with gateway_of(keeper) as gateway:
            device = await Device.enter(gateway, "t", "4eb6fb4afd9e")
            serial = device.say(0x0002)
            answer = await device.hear()
            assert answer.header.phone == "4eb6fb4afd9e"
            assert Body.of_frame(Frame(answer.header, bytes(answer.body))).values["ack_serial"] == serial

    asyncio.run(journey())
