"""Who drives: a value for a moment, and nobody in what is kept."""

from pathlib import Path

import pytest
from tests.fleet.terminals import IDENTITY, at
from tests.fleet.vectors import bodies_of, vectors_of

from catseye.core.terminal import Accepted
from catseye.fleet.driver import DriverCard, driver_event, without_person
from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.message import Body

READ = {"state": 1, "time": "2026-03-02 12:00:00", "ic_result": 0, "name": "阮氏兰", "certificate": "VN-790123456", "org": "Sở GTVT", "expiry": "20301231"}


def body_of(version: str, **more: object) -> bytes:
    extra = {"id_no": "079190001234"} if version == V2019 else {}
    return bytes(Body.of(0x0702, version, {**READ, **extra, **more}))


@pytest.mark.parametrize("version", [V2013, V2019], ids=["2013", "2019"])
def test_a_card_is_read(version: str) -> None:
    card = DriverCard.of(Body.parse(0x0702, version, body_of(version)).values)
    assert (card.is_in, card.name, card.certificate, card.person) == (True, "阮氏兰", "VN-790123456", "c:VN-790123456")


@pytest.mark.parametrize("version", [V2013, V2019], ids=["2013", "2019"])
def test_the_kept_body_names_nobody(version: str) -> None:
    kept = without_person(version, body_of(version))
    values = Body.parse(0x0702, version, kept).values
    assert {values[name] for name in ("name", "certificate", "org")} == {""}
    assert all(each not in kept for each in ("阮".encode("gbk"), b"790123456", b"0791900"))
    assert (values["state"], values["ic_result"], values["time"]) == (1, 0, "2026-03-02 12:00:00")


def test_a_card_that_went_out_or_was_not_read_is_nobody() -> None:
    assert DriverCard.of(Body.parse(0x0702, V2013, bytes.fromhex("02180816091616")).values).person == ""
    assert DriverCard.of({**READ, "ic_result": 1}).person == ""


@pytest.mark.parametrize("raw", [b"", b"\1\2", b"\1" * 200, b"\xff" * 30, b"\1\x26\x03\x02\x12\x00\x00\x00\xffNAME"], ids=range(5))
def test_what_nobody_can_read_is_kept_without_what_it_might_say(raw: bytes) -> None:
    kept = without_person(V2013, raw)
    assert len(kept) <= len(raw) and b"NAME" not in kept


def test_no_public_vector_leaks_its_driver(shared: Path) -> None:
    found = [(version, raw) for msg_id, version, raw in bodies_of(vectors_of(shared)) if msg_id == 0x0702]
    assert found
    for version, raw in found:
        kept = without_person(version, raw)
        assert all(word not in kept for word in (b"koike", b"qwe123", b"1234567890"))


def test_the_event_has_the_pseudonym_alone() -> None:
    accepted = Accepted(IDENTITY, "013800138000", V2013, 0x0702, 1, at(0), body_of(V2013))
    event = driver_event(accepted, DriverCard.of(READ), "d-1")
    assert dict(event.details) == {"detail": "a driver's card is in", "state": "in", "result": 0, "driver": "d-1"}
