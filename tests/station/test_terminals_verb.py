"""`catseye fleet enrol` and its companions as their user meets them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.vault.messages import message

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.message import Body
from catseye.station.cli import run
from catseye.station.vaults import made_vault, vault_of
from catseye.vault.kept_for import KeptFor

Say = Callable[..., tuple[int, str]]
PHONE = "13800138000"
BEGUN = Stamp.from_datetime(datetime(2026, 11, 20, 6, tzinfo=UTC))
REPORT = {"alarm": 0, "status": 2, "lat": 10_776_900, "lon": 106_700_900, "altitude": 5, "speed_0_1kmh": 423, "direction": 90, "time": "2026-11-20 14:00:00"}


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def said(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["fleet", *[str(word) for word in words]])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return said


def location(**other: object) -> bytes:
    return bytes(Body.of(0x0200, "2011/2013", REPORT | other | {"items": []}))


def test_a_terminal_is_enrolled_listed_and_revoked_by_a_person(tmp_path: Path, say: Say) -> None:
    assert say("enrol", tmp_path, f"0{PHONE}", "--plate", "51B-123.45", "--by", "Lan")[0] == 0
    code, told = say("terminals", tmp_path, "--json")
    (one,) = json.loads(told)["terminals"]
    assert (code, one["identity"], one["plate"], one["is_confirmed"], one["revoked_utc"]) == (0, PHONE, "51B-123.45", False, None)
    assert say("renew", tmp_path, PHONE, "--by", "Lan", "--why", "a new box")[0] == 0
    assert say("revoke", tmp_path, PHONE, "--by", "Lan", "--why", "stolen")[0] == 0
    assert json.loads(say("terminals", tmp_path, "--json")[1])["terminals"][0]["revoked_utc"]
    assert "51B-123.45" in say("terminals", tmp_path)[1]
    with vault_of(tmp_path) as vault:
        assert [(step.kind, step.by) for step in vault.terminals.steps(PHONE)] == [("enrolled", "Lan"), ("allowed-again", "Lan"), ("revoked", "Lan")]


def test_a_list_is_enrolled_whole_or_not_at_all_and_once(tmp_path: Path, say: Say) -> None:
    listed = tmp_path / "terminals.csv"
    listed.write_text("phone,identity,plate,plate_colour,version\n013800138000,x,51B-1,2,2013\n013800138001,y,51B-2,1,2019\n", "utf-8")
    assert json.loads(say("enrol", tmp_path / "out", "--list", listed, "--by", "Lan", "--json")[1])["changed"] == 2
    assert json.loads(say("enrol", tmp_path / "out", "--list", listed, "--by", "Lan", "--json")[1])["changed"] == 0
    listed.write_text("phone,plate,plate_colour\n013800138002,51B-3,2\n013800138003,,2\n", "utf-8")
    code, told = say("enrol", tmp_path / "out", "--list", listed, "--by", "Lan")
    assert code == 2
    assert "line 3: no plate; wanted the columns phone, plate, plate_colour" in told
    assert len(json.loads(say("terminals", tmp_path / "out", "--json")[1])["terminals"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["enrol", "OUT", "13800138000", "--by", "Lan"],
        ["enrol", "OUT", "--by", "Lan"],
        ["enrol", "OUT", "138x", "--plate", "51B-1", "--by", "Lan"],
        ["enrol", "OUT", "138", "--plate", "51B-1", "--by", "machine:x"],
        ["revoke", "OUT", "138", "--by", "Lan", "--why", "stolen"],
        ["revoke", "OUT", "13800138000", "--by", "Lan", "--why", " "],
        ["driver", "OUT", "6f0c21ab00112233", "--who", "Lan", "--purpose", "x", "--why", "y"],
        ["history", "OUT", "13800138000", "--since", "2026-11-21", "--until", "x", "--who", "Lan", "--purpose", "x", "--why", "y"],
    ],
    ids=["no-plate", "no-terminal", "no-number", "no-person", "unknown", "no-reason", "no-driver", "no-moment"],
)
def test_wrong_use_is_one_line_and_exit_2(tmp_path: Path, say: Say, words: list[str]) -> None:
    say("enrol", tmp_path, PHONE, "--plate", "51B-1", "--by", "Lan")
    code, told = say(*[str(tmp_path) if word == "OUT" else word for word in words])
    assert code == 2
    assert told.startswith("catseye: ")
    assert "wanted" in told
    assert len(told.splitlines()) == 1


def test_history_shows_places_of_one_vehicle_after_the_look_is_logged(tmp_path: Path, say: Say) -> None:
    say("enrol", tmp_path, PHONE, "--plate", "51B-1", "--by", "Lan")
    with vault_of(tmp_path) as vault:
        others = message(1, "013800138009", BEGUN, location(lat=1))
        records = [message(0, f"0{PHONE}", BEGUN, location()), others, message(2, f"0{PHONE}", BEGUN, b"short")]
        late, answer = location(time="2026-11-20 13:00:00"), location(time="2026-11-20 13:30:00")
        records.append(replace(message(3, f"0{PHONE}", BEGUN, b"\0\1\1" + len(late).to_bytes(2) + late), msg_id=0x0704))
        records.append(replace(message(4, f"0{PHONE}", BEGUN, b"\0\7" + answer), msg_id=0x0201))
        records.append(replace(message(5, f"0{PHONE}", BEGUN, b"a driver's card"), msg_id=0x0702))
        vault.journal.append(records)
    asked = ("history", tmp_path, PHONE, "--since", "2026-11-20T00:00:00Z", "--until", "2026-11-21T00:00:00Z", "--who", "Lan", "--purpose", "case 1", "--why")
    code, told = say(*asked, "where it was", "--json")
    found = json.loads(told)
    assert code == 1, "one report told no place"
    assert found["unread"] == 1
    place, *carried = found["places"]
    assert [each["time_utc"] for each in carried] == ["2026-11-20T05:00:00.000Z", "2026-11-20T05:30:00.000Z"]
    assert (place["time_utc"], place["lat_deg"], place["lon_deg"], place["speed_kmh"]) == ("2026-11-20T06:00:00.000Z", 10.7769, 106.7009, 42.3)
    features = json.loads(say(*asked, "on a map", "--geojson")[1])["features"]
    assert [each["geometry"]["coordinates"] for each in features] == 3 * [[106.7009, 10.7769]]
    assert say(*asked, " ")[0] == 2
    with vault_of(tmp_path) as vault:
        assert [(look.subject, look.who, look.purpose, look.why) for look in vault.looks()] == [
            (f"positions/{PHONE}", "Lan", "case 1", "where it was"),
            (f"positions/{PHONE}", "Lan", "case 1", "on a map"),
        ]


def test_a_driver_is_named_after_the_look_is_logged(tmp_path: Path, say: Say) -> None:
    say("enrol", tmp_path, PHONE, "--plate", "51B-1", "--by", "Lan")
    with vault_of(tmp_path) as vault:
        pseudonym = vault.drivers.seen("Nguyễn Văn A", "790012345678", "Bus company", "2031-01-01", BEGUN)
    code, told = say("driver", tmp_path, pseudonym, "--who", "Lan", "--purpose", "accident 17", "--why", "who drove", "--json")
    assert code == 0
    assert json.loads(told)["name"] == "Nguyễn Văn A"
    with vault_of(tmp_path) as vault:
        assert [look.subject for look in vault.looks()] == [f"driver/{pseudonym}"]


def test_forget_destroys_days_of_positions_that_are_over_and_proves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with made_vault(tmp_path) as vault:
        old = BEGUN.plus_ns(-60 * 86_400 * NS_PER_S)
        vault.journal.append([message(0, f"0{PHONE}", old, location())])
        vault.drivers.seen("Nguyễn Văn A", "790012345678", "Bus company", "2031-01-01", old)
        vault.journal.append([message(1, f"0{PHONE}", BEGUN, location())])
        now = BEGUN.plus_ns(3 * 86_400 * NS_PER_S)
    capsys.readouterr()
    assert run(["forget", str(tmp_path), "--now", now.iso(), "--class", "positions", "--class", "driver", "--json", "--dry-run"]) == 0
    wanted = {"positions": {"keys": 1, "segments": 1}, "driver": {"keys": 1}}
    assert json.loads(capsys.readouterr().out)["forgotten"] == wanted
    with vault_of(tmp_path) as vault:
        done = vault.retention.forget(now, KeptFor(), set(), ("positions", "driver"))
        assert (done.counts, done.left) == (wanted, ())
        assert len(list(vault.journal.recent(old))) == 1
