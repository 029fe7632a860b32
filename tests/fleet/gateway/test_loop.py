"""No turn of the loop reads more than a few links, and none is forgotten."""

import asyncio
import socket
import sys

import pytest

from catseye.fleet.gateway.loop import gateway_loop

PAIRS_COUNT, AT_ONCE_COUNT = 400, 256


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a loop like any other")
def test_a_turn_reads_a_few_links_and_the_next_one_reads_the_others() -> None:
    pairs = [socket.socketpair() for _ in range(PAIRS_COUNT)]
    turns: list[set[int]] = []

    async def listen() -> None:
        loop, heard = asyncio.get_running_loop(), set[int]()
        for near, far in pairs:
            loop.add_reader(near, heard.add, near.fileno())  # nobody takes the byte: all of them stay ready
            far.send(b"~")
        for _ in range(3):
            await asyncio.sleep(0)
            turns.append(set(heard))
            heard.clear()
        for near, _ in pairs:
            loop.remove_reader(near)

    try:
        with asyncio.Runner(loop_factory=gateway_loop) as runner:
            runner.run(listen())
    finally:
        for pair in pairs:
            for each in pair:
                each.close()
    assert max(map(len, turns)) == AT_ONCE_COUNT
    assert len(set.union(*turns)) == PAIRS_COUNT
