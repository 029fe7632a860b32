"""Every frame others published: read as they read it, refused where they refuse it, and written again byte for byte."""

from collections import Counter
from pathlib import Path

import pytest
from tests.fleet.vectors import Vector, bodies_of, differences, line_of, vectors_of

from catseye.fleet.decode import decoded
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame, unescaped
from catseye.fleet.jt809 import Frame809
from catseye.fleet.jt809 import unescaped as unescaped_809
from catseye.fleet.jt1078 import Packet
from catseye.fleet.message import Body, Message
from catseye.fleet.tables.messages import MESSAGES
from catseye.fleet.wire import Row


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[Vector]:
    return vectors_of(shared)


def wanted_and_came(vector: Vector) -> tuple[object, object]:
    answer, ref = decoded(line_of(vector)), vector["ref"]
    if vector["kind"] in ("frame808", "body808"):
        return {key: ref[key] for key in ("header", "body") if ref.get(key) is not None}, answer
    return ref, answer.get("body")


def test_every_value_of_tier_a_is_reproduced(vectors: list[Vector]) -> None:
    tier_a = [vector for vector in vectors if vector["tier"] == "A"]
    wrong = {vector["id"]: list(differences(*wanted_and_came(vector))) for vector in tier_a}
    assert len(tier_a) == 131
    assert {name: found for name, found in wrong.items() if found} == {}


def test_every_value_of_tier_b_is_reproduced_where_the_frame_is_whole(vectors: list[Vector]) -> None:
    tier_b = [vector for vector in vectors if vector["tier"] == "B" and vector.get("ref") and decoded(line_of(vector))["ok"]]
    wrong = {vector["id"]: list(differences(*wanted_and_came(vector))) for vector in tier_b}
    assert len(tier_b) > 150
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_claimed_message_of_tier_b_is_read_field_by_field(vectors: list[Vector]) -> None:
    claimed = [body for body in bodies_of([each for each in vectors if each["tier"] == "B"]) if body[0] in MESSAGES[body[1]]]
    unread = [(hex(msg_id), body.hex()) for msg_id, version, body in claimed if Body.parse(msg_id, version, body).layout is None]
    assert len(claimed) > 60
    assert unread == []


def test_what_is_refused_is_damaged_encrypted_or_meant_to_be(vectors: list[Vector]) -> None:
    """By tier and reason. Tier N must be refused; of B and C only frames whose escape, checksum, length or encryption is against the standard."""
    refused = Counter((vector["tier"], answer["error"]["kind"]) for vector in vectors if not (answer := decoded(line_of(vector)))["ok"])
    assert refused == {
        ("N", "checksum"): 1,
        ("N", "frame"): 1,
        ("N", "short"): 1,
        ("B", "checksum"): 8,
        ("B", "encrypted"): 2,
        ("B", "escape"): 2,
        ("B", "length"): 1,
        ("C", "checksum"): 3,
        ("C", "encrypted"): 1,
        ("C", "length"): 2,
    }


def test_every_whole_frame_is_written_again_byte_for_byte(vectors: list[Vector]) -> None:
    for vector in vectors:
        raw = bytes.fromhex(vector["hex"])
        if not decoded(line_of(vector))["ok"]:
            continue
        if vector["kind"] == "frame808":
            assert bytes(Message.parse(raw)) == raw, vector["id"]
            assert bytes(Frame.parse(raw)) == raw, vector["id"]
        elif vector["kind"] == "body808":
            assert bytes(Body.parse(int(vector["msg_id"], 16), vector["version"], raw)) == raw, vector["id"]
        elif vector["kind"] == "rtp1078":
            packet, rest = Packet.parse(raw)
            assert bytes(packet) + rest == raw, vector["id"]
        elif vector["kind"] == "file_stream":
            piece, rest = Piece.parse(raw)
            assert bytes(piece) + rest == raw, vector["id"]
        elif vector["kind"] == "frame809":
            assert bytes(Frame809.parse(raw)) == raw, vector["id"]


def test_an_explanation_covers_every_byte_once_and_changes_nothing(vectors: list[Vector]) -> None:
    for msg_id, version, body in bodies_of(vectors):
        rows: list[Row] = []
        explained = Body.parse(msg_id, version, body, rows)
        assert explained.as_json() == Body.parse(msg_id, version, body).as_json()
        assert "".join(row.hex for row in rows) == body.hex()
        assert [row.offset_bytes for row in rows] == sorted(row.offset_bytes for row in rows)


def test_an_explanation_covers_a_whole_frame_packet_or_piece(vectors: list[Vector]) -> None:
    """Unescaped, without marks and checksum."""
    for vector in vectors:
        rows: list[Row] = []
        if not decoded(line_of(vector), rows)["ok"]:
            continue
        raw = bytes.fromhex(vector["hex"])
        if vector["kind"] == "frame808":
            raw = unescaped(raw)[:-1]
        elif vector["kind"] == "frame809":
            raw = unescaped_809(raw)[:-2]
        elif vector["kind"] == "item808":
            continue  # its id stands before it
        assert b"".join(bytes.fromhex(row.hex) for row in rows) == raw, vector["id"]
