"""A stream of our own on the machine's NATS server, gone when the test is over."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

ADDRESS = "nats://127.0.0.1:4222"


def is_there() -> bool:
    """Whether a server answers."""
    try:
        with socket.create_connection(("127.0.0.1", 4222), 2):
            return True
    except OSError:
        return False


def asked(question: Callable[[JetStreamContext], Awaitable[Any]]) -> Any:
    """One question to JetStream."""

    async def ask() -> Any:
        client = await nats.connect(ADDRESS)
        try:
            return await question(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(ask())


def all_told(stream: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Headers and body of every message, in order."""

    async def read(bus: JetStreamContext) -> list[tuple[dict[str, str], dict[str, Any]]]:
        state = (await bus.stream_info(stream)).state
        numbers = range(state.first_seq, state.last_seq + 1) if state.messages else ()
        messages = await asyncio.gather(*(bus.get_msg(stream, seq=number) for number in numbers))
        return [(dict(message.headers or {}), json.loads(message.data or b"null")) for message in messages]

    return asked(read)


def forget(stream: str) -> None:
    """Delete the stream, if it is there."""

    async def delete(bus: JetStreamContext) -> None:
        try:
            await bus.delete_stream(stream)
        except NotFoundError:
            return

    asked(delete)
