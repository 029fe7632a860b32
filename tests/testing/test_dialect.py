"""The conformance suite of terminal dialects: ours pass it, and it finds what it should."""

import tomllib
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from catseye.core.dialect import DialectItem, ItemField
from catseye.core.errors import CatseyeError
from catseye.core.sockets import TerminalDialect
from catseye.fleet.dialects import GROUP, HOUSE, SU, Dialect, event_name, installed, items_of, united
from catseye.fleet.items import Items
from catseye.fleet.wire import Cursor, Values
from catseye.testing.dialect import check_dialect

LOAD = DialectItem(0x71, "load", (ItemField("weight", 4, "kg"), ItemField("tag", 3)), has_ident=True)
OWN = Dialect("anhui", 20, 30, 20, {(0x65, 0x21): "eating"}, (LOAD,))


@pytest.mark.parametrize("dialect", installed(), ids=lambda each: each.name)
def test_every_dialect_of_the_house_fills_the_socket(dialect: TerminalDialect) -> None:
    check_dialect(dialect)


def test_the_house_registers_its_dialects_as_a_plugin_does() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    (value,) = project["entry-points"][GROUP].values()
    assert EntryPoint("house", value, GROUP).load() == HOUSE


def test_a_plugin_adds_a_dialect_with_items_of_its_own() -> None:
    check_dialect(OWN)
    dialects = united([("house", HOUSE), ("anhui", OWN)])
    assert [each.name for each in dialects] == [*(each.name for each in HOUSE), "anhui"]
    raw = bytes.fromhex("00000bb8aabbcc") + b"T".ljust(20, b"\0") + bytes.fromhex("261121193139") + bytes((1, 2, 0, 0))
    values: Values = {}
    Items(items_of(dialects)).read(Cursor(bytes((0x71, len(raw))) + raw, 0, len(raw) + 2, "items"), values)
    said = values["items"][0].values
    assert (said["weight"], said["tag"], said["ident"]["terminal_id"], said["ident"]["seq"]) == (3000, "aabbcc", "T", 1)


@pytest.mark.parametrize(
    ("offer", "fault"),
    [
        (replace(OWN, name="su"), "the name or the length of 'su'"),
        (replace(OWN, ident_bytes_count=32), "the name or the length of 'hunan'"),
        (replace(OWN, ident_bytes_count=27), "28 at least"),
        ("su", "a TerminalDialect"),
    ],
    ids=["name", "length", "short", "text"],
)
def test_a_plugin_that_cannot_be_told_apart_is_refused_by_name(offer: object, fault: str) -> None:
    with pytest.raises(CatseyeError, match=fault) as refused:
        united([("mine", offer)])
    assert "plug-in mine" in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(OWN, name="An Hui"),
        replace(OWN, ident_bytes_count=27),
        replace(OWN, ident_bytes_count=230),
        replace(OWN, events={(0x30, 1): "strong"}),
        replace(OWN, events={(0x65, 1): " "}),
        replace(OWN, items=(replace(LOAD, id=0x01),)),
        replace(OWN, items=(LOAD, LOAD)),
    ],
    ids=["name", "short", "long", "no-alarm", "blank", "standard-item", "twice"],
)
def test_a_dialect_that_breaks_one_fact_is_told(wrong: Dialect) -> None:
    with pytest.raises(AssertionError):
        check_dialect(wrong)


@pytest.mark.parametrize(
    ("id_", "fields"), [(0, (ItemField("a", 1),)), (0x71, ()), (0x71, (ItemField("a", 1), ItemField("a", 1)))], ids=["id", "none", "twice"]
)
def test_an_item_that_is_none_cannot_be_made(id_: int, fields: tuple[ItemField, ...]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        DialectItem(id_, "x", fields)


def test_names_of_alarms_are_the_dialects_own_before_the_common_ones() -> None:
    assert [event_name(0x65, 2), event_name(0x65, 2, "yue"), event_name(0x70, 1, SU.name), event_name(0x66, 1)] == [
        "phone",
        "phone in hand",
        "harsh acceleration",
        "",
    ]
