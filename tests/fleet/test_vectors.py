"""Every frame others published: read as they read it, refused where they refuse it, and written again byte for byte."""

from collections import Counter
from pathlib import Path

import pytest
from tests.fleet.vectors import Vector, bodies_of, differences, line_of, vectors_of

from catseye.fleet.decode import decoded
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame, checksum, escaped, unescaped
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


# Why each frame of tier B that is refused is right to be refused, by the faults of its capture
UNESCAPED = "its sender does not escape 7d: with the bytes as they stand, checksum and length are right"
CHANGED = "its phone number was changed before it was published: every frame of the series has its checksum wrong by the same bits, all else is right"
CUT = "it was changed and cut before it was published: checksum and length are both wrong"
FOREIGN = "another protocol between the same marks: messages 0x5501 and 0x5502 have no header of JT/T 808"
REFUSED = {
    "jtt-0136": CUT,
    **dict.fromkeys(("jtt-0141", "jtt-0216", "jtt-0217", "jtt-0219", "jtt-0220"), CHANGED),
    **dict.fromkeys(("jtt-0677", "jtt-0712", "jtt-0713"), FOREIGN),
    **dict.fromkeys(("jtt-0684", "jtt-0690", "jtt-0746", "jtt-0747"), UNESCAPED),
}


def test_each_refused_frame_of_tier_b_has_its_own_fault(vectors: list[Vector]) -> None:
    refused = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in vectors if vector["tier"] == "B" and not decoded(line_of(vector))["ok"]}
    assert refused.keys() == REFUSED.keys()
    for name, raw in refused.items():
        content, plain = raw[1:-1], unescaped(raw) if REFUSED[name] is not UNESCAPED else b""
        if REFUSED[name] is UNESCAPED:
            assert (checksum(content), int.from_bytes(content[2:4]) & 0x3FF) == (0, len(content) - 13), name
            assert Frame.parse(escaped(content)).body == content[12:-1], name
        elif REFUSED[name] is CHANGED:
            assert (checksum(plain), int.from_bytes(plain[2:4]) & 0x3FF) == (0x92, len(plain) - 17), name
        elif REFUSED[name] is CUT:
            assert (checksum(plain) != 0, int.from_bytes(plain[2:4]) & 0x3FF != len(plain) - 13) == (True, True), name
        else:
            assert content[:2] in (b"\x55\x01", b"\x55\x02"), name
            assert checksum(plain) == 0, name
