"""`fleet decode`: one line in, one answer out, whatever the line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.decode import decoded
from catseye.fleet.frame808 import Frame, Header

BODY = bytes.fromhex("000000000000000201d59c1c06a36599006e0000000021091719313901040000eb88")
PLAIN = bytes(Frame(Header.of(0x0200, "015866666058", 1393), BODY)).hex()
BAD = ["zz", "{", "{}", '{"hex": 7}', '{"hex": "00", "kind": "face"}', '{"hex": "00", "kind": ["frame808"]}', "7e7e", "7e", "{" * 9999]


def test_a_location_report_is_told_with_its_items() -> None:
    answer = decoded(PLAIN)
    assert answer["ok"]
    assert (answer["protocol"], answer["id"], answer["phone"], answer["serial"]) == ("jt808", "0x0200", "015866666058", 1393)
    assert answer["body"]["time"] == "2021-09-17 19:31:39"
    assert answer["body"]["items"] == {"0x01": {"mileage_0_1km": 60296, "_len": 4}}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_an_answer(line: str) -> None:
    answer = decoded(line)
    assert answer["ok"] is False
    assert set(answer["error"]) == {"kind", "message"}


@given(st.text() | st.binary().map(bytes.hex) | st.dictionaries(st.sampled_from(["hex", "kind", "msg_id", "version"]), st.text() | st.none()).map(json.dumps))
def test_any_line_has_an_answer(line: str) -> None:
    json.dumps(decoded(line))
