"""Pictures in 0x0801: the terminal hears that it came when it is safe."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.fleet.attachments.terminals import NOON, Held

from catseye.core.errors import StoreError
from catseye.core.terminal import Accepted
from catseye.fleet.frame808 import V2013
from catseye.fleet.media_keeper import MediaDesk, MediaReply, missing_parts
from catseye.fleet.message import Body

HEAD = "000000070000" + "0001"  # number 7, a JPEG, event 0, channel 1
LOCATION = "00" * 22 + "260922120000"
RAW = bytes.fromhex(HEAD + LOCATION) + b"\xff\xd8picture"
ACCEPTED = Accepted("13800138000", "013800138000", V2013, 0x0801, 41, NOON, RAW)
BODY = Body.parse(0x0801, V2013, RAW)


def answered(keeper: Held, most_waiting_count: int = 64) -> MediaReply:
    with ThreadPoolExecutor(1) as worker:
        return asyncio.run(MediaDesk(keeper, worker, most_waiting_count=most_waiting_count).take_media(ACCEPTED, BODY))


def test_a_picture_that_is_safe_is_acknowledged_by_its_number() -> None:
    keeper = Held()
    reply = answered(keeper)
    assert (reply.msg_id, bytes(reply.body).hex()) == (0x8800, "00000007")
    assert keeper.kept == {("13800138000", "7"): b"\xff\xd8picture"}


@pytest.mark.parametrize(
    ("keeper", "most_waiting_count", "result"),
    [(Held(refuses=frozenset({0})), 64, 3), (Held(faults=[StoreError("vault", "full", "room")]), 64, 1), (Held(), 0, 1)],
    ids=["never", "later", "too many"],
)
def test_a_picture_that_is_not_kept_is_not_acknowledged(keeper: Held, most_waiting_count: int, result: int) -> None:
    reply = answered(keeper, most_waiting_count)
    assert (reply.msg_id, bytes(reply.body).hex()) == (0x8001, f"00290801{result:02x}")


def test_missing_parts_are_asked_for_by_their_numbers() -> None:
    assert bytes(missing_parts(ACCEPTED, 7, [2, 5]).body).hex() == "000000070200020005"
    assert len(missing_parts(ACCEPTED, 7, list(range(1, 400))).body.values["ids"]) == 255
