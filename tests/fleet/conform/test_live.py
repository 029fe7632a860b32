"""The live test: real sockets, a terminal that conforms, and an address that nobody outside can reach."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.fleet.conform.terminal import SmallTerminal

from catseye.core.errors import SiteError
from catseye.core.time import NS_PER_S
from catseye.fleet.conform.live import Doors, LiveTest
from catseye.fleet.conform.platform import Address
from catseye.fleet.conform.transcript import CLOSED, MAIN, OPENED, Line, Transcript
from catseye.fleet.conform.verdicts import verdicts_of
from catseye.fleet.frame808 import frames_in

SPEED = 60  # seconds of the test's clock in one of ours


@pytest.mark.parametrize("host", ["0.0.0.0", "8.8.8.8", "::", "example", "169.254.1.1", ""])
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(SiteError, match="--listen"):
        Doors(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.8.0.1", "192.168.7.4", "::1"])
def test_loopback_and_private_networks_are_open(host: str) -> None:
    assert Doors(host, 0).host == host


async def speak(address: Address, until: Callable[[], Awaitable[bool]]) -> None:
    """A terminal on a socket, with a clock of the test's speed, that comes back when it is cut off."""
    loop, terminal = asyncio.get_running_loop(), SmallTerminal()
    begin_s, begin_ns = loop.time(), terminal.now_ns

    def now_ns() -> int:
        return begin_ns + round((loop.time() - begin_s) * SPEED * NS_PER_S)

    while not await until():
        reader, writer = await asyncio.open_connection(address.host, address.port)
        terminal.opened(now_ns())
        rest = b""
        try:
            while not await until():
                terminal.tick(now_ns())
                while terminal.out:
                    port, raw = terminal.out.pop(0)
                    if port == MAIN:
                        writer.write(raw)
                try:
                    data = await asyncio.wait_for(reader.read(65536), 0.02)
                except TimeoutError:
                    continue
                if not data:
                    break
                frames, rest = frames_in(rest + data)
                for frame in frames:
                    terminal.received(frame, now_ns())
        except ConnectionError:
            pass
        finally:
            terminal.closed()
            terminal.out.clear()
            writer.close()
        await asyncio.sleep(0.01)


def test_a_terminal_on_a_socket_is_led_through_and_recorded() -> None:
    recorded: list[Line] = []
    steps: list[str] = []

    async def run() -> LiveTest:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        test = LiveTest(Doors("127.0.0.1", 0), recorded.append, lambda: 1_795_000_000 * NS_PER_S + round((loop.time() - begin_s) * SPEED * NS_PER_S))
        ready: asyncio.Future[Address] = loop.create_future()
        running = asyncio.create_task(test.run(20.0, ready.set_result, steps.append))

        async def is_over() -> bool:
            return running.done()

        speaking = asyncio.create_task(speak(await ready, is_over))
        await running
        await speaking
        return test

    test = asyncio.run(run())
    assert test.platform.is_over
    assert steps[-1] == "over"
    assert {"heartbeats", "a picture", "a connection that breaks"} <= set(steps)
    assert recorded == test.lines
    assert [line.what for line in recorded if line.what == OPENED][1:]  # it came back
    assert CLOSED in {line.what for line in recorded}
    found = {verdict.check.id: verdict for verdict in verdicts_of(Transcript(tuple(recorded)))}
    assert {
        name: found[name].faults for name in ("frame-checksum", "token-echoed", "session-begins", "parameters-kept", "answered") if found[name].faults
    } == {}
    assert all(found[name].seen_count for name in ("answered", "parameters-kept", "text-taken", "unknown-refused", "picture-sent", "parts-again"))
