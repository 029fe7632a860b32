"""Messages: any bytes are one, or a typed error; what is read is written again as it came; what is built is read as it was meant."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleet.vectors import bodies_of, vectors_of

from catseye.fleet.errors import ShortError, ValueMismatchError, WireError
from catseye.fleet.frame808 import V2013, V2019, Frame, Header
from catseye.fleet.message import Body, Message, as_plain
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.tables.messages import MESSAGES
from catseye.fleet.tables.parameters import parameter

CLAIMED = [(msg_id, version) for version, messages in MESSAGES.items() for msg_id in messages]
POSITION = {"alarm": 0, "status": 3, "lat": 30776348, "lon": 111371673, "altitude": 110, "speed_0_1kmh": 600, "direction": 90, "time": "2026-11-21 19:31:39"}
IDENT = {"terminal_id": "7654321", "time": "2026-11-21 19:31:39", "seq": 1, "attach_count": 2, "reserved": "00"}
ADAS = {
    "alarm_id": 1, "flag": 1, "event": 3, "level": 2, "front_speed": 50, "front_distance_100ms": 8, "deviation": 0, "sign_type": 0, "sign_value": 0,
    "speed": 60, "altitude": 110, "lat": 30776348, "lon": 111371673, "time": "2026-11-21 19:31:39", "vehicle_state": 1, "ident": IDENT,
}  # fmt: skip


@given(st.sampled_from(CLAIMED), st.binary(max_size=300))
def test_any_body_is_read_and_written_again_as_it_came(claimed: tuple[int, str], raw: bytes) -> None:
    try:
        body = Body.parse(*claimed, raw)
    except WireError as error:
        assert error.where and error.came and error.wanted
        return
    assert bytes(body) == raw
    json.dumps(body.as_json())


@given(st.data())
def test_a_body_that_was_damaged_is_read_and_written_again_as_it_came(shared: Path, data: st.DataObject) -> None:
    bodies = [body for body in bodies_of(vectors_of(shared)) if body[0] in MESSAGES[body[1]]]
    msg_id, version, raw = data.draw(st.sampled_from(bodies))
    at = data.draw(st.integers(0, len(raw)))
    damaged = raw[:at] + data.draw(st.binary(max_size=12)) + raw[at + data.draw(st.integers(0, 12)) :]
    try:
        body = Body.parse(msg_id, version, damaged)
    except WireError:
        return
    assert bytes(body) == damaged


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_typed_error(raw: bytes) -> None:
    for framed in (raw, b"~" + raw + b"~"):
        try:
            Message.parse(framed)
        except WireError as error:
            assert error.where and error.came and error.wanted


def test_an_unknown_message_is_kept_as_hex_and_goes_out_again() -> None:
    raw = bytes(Frame(Header.of(0x6006, "13800138000", 1), b"abc"))
    message = Message.parse(raw)
    assert message.body.as_json() == {"hex": "616263"}
    assert bytes(message) == raw


def test_a_body_that_ends_inside_a_field_says_where() -> None:
    with pytest.raises(ShortError, match="0x0200") as fault:
        Body.parse(0x0200, V2013, bytes(21))
    assert (fault.value.came, fault.value.wanted) == ("21 bytes from alarm on", "28 bytes")


def test_bytes_after_the_last_field_are_kept() -> None:
    body = Body.parse(0x8202, V2013, bytes.fromhex("00050000000affee"))
    assert body.values == {"interval": 5, "validity": 10, "rest": "ffee"}


def test_a_location_report_that_was_built_is_read_as_it_was_meant() -> None:
    items = [ITEMS.item(0x01, {"mileage_0_1km": 777}), ITEMS.item(0x64, ADAS, 47)]
    body = Body.of(0x0200, V2013, {**POSITION, "items": items})
    read = Body.parse(0x0200, V2013, bytes(body)).as_json()
    assert read["items"]["0x01"] == {"mileage_0_1km": 777, "_len": 4}
    assert read["items"]["0x64"] == {**ADAS, "_len": 47}


def test_a_correction_to_the_driver_is_gbk_and_has_a_kind_since_2019() -> None:
    older = Body.of(0x8300, V2013, {"flags": 9, "text": "请保持车距"})
    newer = Body.of(0x8300, V2019, {"flags": 9, "text_type": 1, "text": "请保持车距"})
    assert bytes(older) == b"\x09" + "请保持车距".encode("gbk")
    assert bytes(newer) == b"\x09\x01" + "请保持车距".encode("gbk")


OF_2011 = "00280032" + "3132333400" + "4d4f44454c2d3131" + "32333435363700" + "01" + "d4c14131"
OF_2013 = "00280032" + "3132333400" + "4d4f44454c" + "00" * 15 + "32333435363700" + "01" + "d4c14131"


@pytest.mark.parametrize(("raw", "version"), [(OF_2011, "2011"), (OF_2013, "2013")])
def test_a_registration_tells_2011_from_2013_by_its_length(raw: str, version: str) -> None:
    body = Body.parse(0x0100, V2013, bytes.fromhex(raw))
    assert body.layout is not None
    assert body.layout.label == version


def test_the_list_of_missing_parts_has_a_count_of_one_byte_or_of_two() -> None:
    assert Body.parse(0x8003, V2013, bytes.fromhex("04d20201020203")).values["ids"] == [0x102, 0x203]
    assert Body.parse(0x8003, V2013, bytes.fromhex("04d2000201020203")).values["ids"] == [0x102, 0x203]


def test_parameters_are_set_by_what_the_table_says_they_are() -> None:
    params = dict([parameter(0x0055, 80), parameter(0x0013, "gateway.example"), parameter(0xF367, {"rear_time": 2, "side_time": 3})])
    body = Body.of(0x8103, V2013, {"params": params})
    assert bytes(body).hex() == "03" + "00000055" + "04" + "00000050" + "00000013" + "0f" + b"gateway.example".hex() + "0000f367" + "02" + "0203"
    told = Body.parse(0x8103, V2013, bytes(body)).as_json()["params"]
    assert told["0x0055"] == {"len": 4, "hex": "00000050", "int": 80, "bytes": [0, 0, 0, 80], "str": "", "values": {"value": 80}, "name": "speed limit"}
    assert told["0x0013"]["str"] == "gateway.example"


@pytest.mark.parametrize(("key", "value"), [(0x0055, "eighty"), (0x0055, 1 << 32), (0x7777, 1), (0x0013, "x" * 256)])
def test_a_parameter_that_cannot_be_is_not_built(key: int, value: int | str) -> None:
    with pytest.raises(ValueMismatchError):
        parameter(key, value)


@pytest.mark.parametrize("values", [{}, {"interval": -1, "validity": 0}, {"interval": "5", "validity": 0}, {"interval": 1 << 16, "validity": 0}])
def test_a_body_with_a_value_that_does_not_fit_is_not_built(values: dict[str, object]) -> None:
    with pytest.raises(ValueMismatchError):
        bytes(Body.of(0x8202, V2013, values))


def test_an_item_that_comes_twice_is_told_twice() -> None:
    body = Body.parse(0x0200, V2013, bytes(28) + bytes.fromhex("300105" + "300106"))
    assert as_plain(body.values["items"]) == {"0x30": {"value": 6, "_len": 1}, "0x30#1": {"value": 5, "_len": 1}}
