"""Items: known ones by their table, all others as hex; nothing an item says can spoil the report it is in."""

import pytest

from catseye.fleet.dialects import DIALECTS, Dialect
from catseye.fleet.frame808 import V2013
from catseye.fleet.message import Body
from catseye.fleet.tables.location import ITEMS

IDENT = {"terminal_id": "7654321", "time": "2026-11-21 19:31:39", "seq": 1, "attach_count": 2}
PLACE = {"speed": 60, "altitude": 110, "lat": 1, "lon": 2, "time": "2026-11-21 19:31:39", "vehicle_state": 1}
HARSH = {"time_threshold": 2, "threshold_1": 40, "threshold_2": 0}
TYRE = {"pos": 4, "event": 2, "pressure": 300, "temp": 40, "battery": 90}


def items_of(raw: str) -> dict[str, object]:
    return dict(Body.parse(0x0200, V2013, bytes(28) + bytes.fromhex(raw)).as_json()["items"])


def test_an_unknown_item_is_kept_as_hex() -> None:
    assert items_of("d40164") == {"0xD4": {"hex": "64", "_len": 1}}


def test_items_that_nobody_knows_are_told_apart_to_be_counted() -> None:
    body = Body.parse(0x0704, V2013, bytes.fromhex("000101" + "0025") + bytes(28) + bytes.fromhex("d40164" + "300105" + "0103aabbcc")[:9])
    assert body.unknown_items() == ["0xD4", "0x01"]


def test_a_known_item_of_another_length_is_kept_as_hex() -> None:
    assert items_of("0103aabbcc") == {"0x01": {"hex": "aabbcc", "_len": 3}}


def test_an_item_that_announces_more_than_came_is_kept_and_named() -> None:
    body = Body.parse(0x0200, V2013, bytes(28) + bytes.fromhex("642000"))
    assert body.as_json()["truncated_item"] == "0x64"
    assert body.as_json()["items"] == {"0x64": {"hex": "00", "declared_len": 32}}


def test_a_single_byte_after_the_items_is_kept() -> None:
    assert Body.parse(0x0200, V2013, bytes(29)).values["items_rest"] == "00"


def test_a_temperature_below_zero_has_its_highest_bit_set() -> None:
    assert items_of("06028005") == {"0x06": {"raw": 0x8005, "carriage_temp": -5, "_len": 2}}


def ident_of(dialect: Dialect) -> dict[str, object]:
    reserved_bytes_count = dialect.ident_bytes_count - dialect.terminal_bytes_count - 8
    return {**IDENT, **({"reserved": "00" * reserved_bytes_count} if reserved_bytes_count else {})}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
@pytest.mark.parametrize("key", [0x64, 0x65, 0x66, 0x67, 0x70])
def test_each_dialect_is_known_by_the_length_of_its_alarm(dialect: Dialect, key: int) -> None:
    layout = next(each for each in ITEMS.known[key] if each.label == dialect.name)
    alarm = {"alarm_id": 1, "flag": 1, "event": 1, "level": 1, "front_speed": 2, "front_distance_100ms": 3, "deviation": 1, "sign_type": 0, "sign_value": 0}
    values = {**alarm, "fatigue": 3, "reserved4": "00000000", **HARSH, **PLACE, "ident": ident_of(dialect), "tires": [TYRE, TYRE]}
    out = bytearray()
    layout.write(values, out)
    item = Body.parse(0x0200, V2013, bytes(28) + bytes([key, len(out)]) + out).values["items"][0]
    assert item.layout is layout
    assert item.values["ident"] == ident_of(dialect)


def test_tyres_have_entries_of_nine_bytes_or_of_ten() -> None:
    nine, ten = (next(each for each in ITEMS.known[0x66][first:] if each.label == "su") for first in (0, 1))
    for layout, size_bytes in ((nine, 9), (ten, 10)):
        out = bytearray()
        layout.write({"alarm_id": 1, "flag": 0, **PLACE, "ident": {**IDENT, "reserved": "00"}, "tires": [TYRE]}, out)
        read = Body.parse(0x0200, V2013, bytes(28) + bytes([0x66, len(out)]) + out).values["items"][0].values
        assert (read["entry_len"], read["tires"]) == (size_bytes, [TYRE])
