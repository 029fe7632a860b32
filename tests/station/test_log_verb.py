"""`catseye log` as its user meets it."""

import json
import sqlite3
from pathlib import Path

import pytest
from tests.support.postgres import fresh_database
from tests.vault.factories import events_at

from catseye.station.cli import run
from catseye.vault.vault import Vault


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        vault.keep_events(events_at(1, 2, 3))
    return tmp_path / "out"


def test_a_head_a_witness_kept_is_continued_by_the_log(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, head = tmp_path / "log.pem", tmp_path / "head.json"
    assert run(["log", "key", str(key)]) == 0
    assert run(["log", "head", str(out), "--key", str(key), "--to", str(head)]) == 0
    with Vault.open(out / "vault", "a-run") as vault:
        vault.keep_events(events_at(4))
    capsys.readouterr()
    assert run(["log", "check", str(out), "--head", str(head), "--public-key", f"{key}.pub"]) == 0
    assert capsys.readouterr().out == "4 entries: whole, and every event is what was logged; it continues 1 kept heads\n"


def test_looking_begins_no_run(out: Path) -> None:
    before = sorted(path.name for path in (out / "vault").rglob("*"))
    assert run(["log", "check", str(out)]) == 0
    assert sorted(path.name for path in (out / "vault").rglob("*")) == before


def test_an_event_changed_in_the_database_is_named_and_the_exit_code_is_1(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(out / "vault" / "vault.db") as database:
        database.execute("UPDATE events SET camera = 'another' WHERE time_ns = 2000000000")
    database.close()
    assert run(["log", "check", str(out), "--json"]) == 1
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault.startswith("entry 1: event a-run/")
    assert fault.endswith("was changed after it was logged")


def test_a_head_by_another_key_is_not_believed(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ours", "theirs"):
        run(["log", "key", str(tmp_path / name)])
    run(["log", "head", str(out), "--key", str(tmp_path / "theirs"), "--to", str(tmp_path / "head.json")])
    capsys.readouterr()
    assert run(["log", "check", str(out), "--head", str(tmp_path / "head.json"), "--public-key", str(tmp_path / "ours.pub")]) == 1
    assert "not signed by this key, or changed since" in capsys.readouterr().out


def test_a_log_on_a_server_is_checked_by_its_site(tmp_path: Path, capsys: pytest.CaptureFixture[str], postgresql: None) -> None:
    with fresh_database() as url:
        (tmp_path / "site.toml").write_text(f'[site]\nid = "s"\ndatabase = "{url}"\n[[camera]]\nid = "c"\n')
        with Vault.open(tmp_path / "out" / "vault", "a-run", database_url=url) as vault:
            vault.keep_events(events_at(1, 2))
        assert run(["log", "check", str(tmp_path / "out"), "--site", str(tmp_path / "site.toml")]) == 0
    assert capsys.readouterr().out == "2 entries: whole, and every event is what was logged\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["log", "check", "nowhere"], "no vault with a database in it"),
        (["log", "head", "out", "--key", "missing.pem"], "no such file or directory; wanted a key file"),
        (["log", "check", "out", "--head", "head.json"], "a head, and no key to hold its signature against"),
        (["log", "key", "out"], "there is a file already"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    monkeypatch.chdir(out.parent)
    assert run(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
