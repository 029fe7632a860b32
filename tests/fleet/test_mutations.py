"""Every frame others published, damaged at random: a message or a typed error, never anything else, and never slow.

A sample here; `make soak` does five million.
"""

import json
import random
import time
from binascii import crc_hqx
from pathlib import Path
from typing import Any

import pytest
from tests.fleet.vectors import line_of, vectors_of

from catseye.fleet.decode import asked_of, decoded
from catseye.fleet.errors import WireError
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame, checksum, escaped, unescaped
from catseye.fleet.jt809 import Frame809
from catseye.fleet.jt809 import escaped as escaped_809
from catseye.fleet.jt809 import unescaped as unescaped_809
from catseye.fleet.jt1078 import Packet, sim_bytes_of
from catseye.fleet.message import Body, Message


def damaged(chance: random.Random, raw: bytes) -> bytes:
    out = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(6):
            case 0:
                out[at : at + 1] = bytes([chance.choice((0, 1, 0x7D, 0x7E, 0x7F, 0x80, 0xFE, 0xFF))])
            case 1:
                del out[at:]
            case 2:
                out[at:at] = chance.randbytes(chance.randrange(9))
            case 3:
                del out[at : at + chance.randrange(1, 9)]
            case 4:
                out[at : at + 1] = bytes([(out[at] if at < len(out) else 0) ^ 1 << chance.randrange(8)])
            case _:
                out[at:at] = out[at : at + chance.randrange(1, 40)]
    return bytes(out)


def resealed(kind: str, raw: bytes) -> bytes:
    """With length and checksum that are right, so that what lies behind them is reached."""
    try:
        if kind == "frame808":
            content = bytearray(unescaped(raw)[:-1])
            attr = int.from_bytes(content[2:4])
            head_bytes = 12 + (5 if attr & 0x4000 else 0) + (4 if attr & 0x2000 else 0)
            content[2:4] = (attr & ~0x3FF | min(0x3FF, max(0, len(content) - head_bytes))).to_bytes(2)
            return escaped(bytes(content) + bytes([checksum(bytes(content))]))
        if kind == "frame809":
            content = bytearray(unescaped_809(raw)[:-2])
            content[:4] = (len(content) + 4).to_bytes(4)
            return escaped_809(bytes(content) + crc_hqx(bytes(content), 0xFFFF).to_bytes(2))
    except WireError:
        pass
    return raw


def comes_back(kind: str, asked: dict[str, Any], raw: bytes) -> bytes:
    """What is read, written again."""
    if kind == "frame808":
        assert bytes(Frame.parse(raw)) == b"~" + raw.strip(b"~") + b"~"
        return bytes(Message.parse(raw)).strip(b"~")
    if kind == "body808":
        return bytes(Body.parse(int(asked["msg_id"], 16), asked["version"], raw))
    if kind == "frame809":
        return bytes(Frame809.parse(raw))
    if kind == "rtp1078":
        packet, rest = Packet.parse(raw, sim_bytes_of(raw))
        return bytes(packet) + rest
    piece, rest = Piece.parse(raw)
    return bytes(piece) + rest


def timed(line: str) -> tuple[dict[str, Any], float]:
    """The answer to a line, and the thread's milliseconds it took."""
    begin_ns = time.thread_time_ns()
    answer = decoded(line)
    return answer, (time.thread_time_ns() - begin_ns) / 1e6


def tried(shared: Path, seed: int, inputs_count: int) -> tuple[int, float]:
    """How many were messages still; and the slowest answer, ms a kB (a kB at least): a slow one is asked again, to leave out the pauses of the machine."""
    chance, messages_count, slowest_ms = random.Random(seed), 0, 0.0
    vectors = [(vector["kind"], asked_of(line_of(vector)).data, json.loads(line_of(vector))) for vector in vectors_of(shared)]
    for _ in range(inputs_count):
        kind, raw, asked = chance.choice(vectors)
        raw = damaged(chance, raw)
        raw = resealed(kind, raw) if chance.random() < 0.7 else raw
        line = json.dumps({**asked, "hex": raw.hex()})
        answer, spent_ms = timed(line)
        size_kb = max(1.0, len(raw) / 1024)
        for _ in range(9):
            if spent_ms / size_kb <= slowest_ms:
                break
            spent_ms = min(spent_ms, timed(line)[1])
        slowest_ms = max(slowest_ms, spent_ms / size_kb)
        json.dumps(answer)
        if answer["ok"] and kind in ("frame808", "body808", "frame809", "rtp1078", "file_stream"):
            messages_count += 1
            assert comes_back(kind, asked, raw) == (raw.strip(b"~") if kind == "frame808" else raw), line
    return messages_count, slowest_ms


def test_damaged_frames_are_a_message_or_a_typed_error(shared: Path) -> None:
    messages_count, _ = tried(shared, 1, 10_000)
    assert 3_000 < messages_count < 9_000


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_five_million_damaged_frames_are_messages_or_typed_errors_and_none_is_slow(shared: Path) -> None:
    messages_count, slowest_ms = tried(shared, 2, 5_000_000)
    print(f"\n{messages_count:,} of 5,000,000 were messages still; slowest {slowest_ms:.2f} ms a kB")
    assert slowest_ms <= 1.0
