"""`catseye fleet permits` as people meet it, with the table of the how-to page. On both databases."""

import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from tests.vault.conftest import database_url

from catseye.core.terminal import Enrolment
from catseye.core.time import Stamp
from catseye.station.cli import run
from catseye.station.fleet.register import register_of
from catseye.station.vaults import vault_of

__all__ = ["database_url"]  # a fixture
TABLE = Path(__file__).parents[2] / "docs" / "how-to" / "permits.csv"
RING = {"type": "Polygon", "coordinates": [[[106.5, 10.6], [106.9, 10.6], [106.9, 10.9], [106.5, 10.9]]]}
AREAS = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "ring road"}, "geometry": RING}]}
BY = ("--by", "Lê Hoa")
Say = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str) -> Say:
    """Run `catseye fleet permits …` in the folder, with its database; its exit code, and its JSON or the line of its fault."""
    monkeypatch.chdir(tmp_path)
    camera = '[[camera]]\nid = "cam-1"\n[[camera.line]]\nid = "a"\npx = [[0, 1], [9, 1]]\n'
    (tmp_path / "site.toml").write_text('[site]\nid = "fleet"\n' + (f'database = "{database_url}"\n' if database_url else "") + camera)
    (tmp_path / "permits.csv").write_bytes(TABLE.read_bytes())
    (tmp_path / "areas.geojson").write_text(json.dumps(AREAS))

    def words(verb: str, *said: str) -> tuple[int, dict[str, Any]]:
        code = run(["fleet", "permits", verb, *said, "--site", "site.toml", "--json"])
        told = capsys.readouterr()
        assert told.err.count("\n") == (1 if code == 2 else 0), told.err
        return code, json.loads(told.out) if told.out else {"fault": told.err}

    return words


def test_a_table_is_tried_mended_taken_in_and_taken_in_again(say: Say, tmp_path: Path) -> None:
    code, tried = say("import", "out", "permits.csv", *BY, "--dry-run", "--report", "report.html")
    assert (code, tried["new_count"], [each["kind"] for each in tried["conflicts"]]) == (1, 2, ["area-unknown"])
    assert not (tmp_path / "out").exists()
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "area-unknown: 1" in page
    assert "51C67890" in page
    code, done = say("import", "out", "permits.csv", *BY, "--areas", "areas.geojson")
    assert (code, done["new_count"], done["same_count"], done["encoding"]) == (0, 2, 0, "UTF-8")
    code, again = say("import", "out", "permits.csv", "--by", "Trần Văn")
    assert (code, again["new_count"], again["changed_count"], again["same_count"]) == (0, 0, 0, 2)
    changed = TABLE.read_text("utf-8").replace("2026-12-31", "2027-12-31")
    (tmp_path / "permits.csv").write_bytes(changed.encode("utf-8-sig"))
    assert say("import", "out", "permits.csv", "--by", "Trần Văn")[1]["changed_count"] == 1
    _, shown = say("show", "out", "51b 123.45")
    (permit,) = shown["permits"]
    assert [(step["by"], step["says"].get("valid_until")) for step in permit["history"]] == [("Lê Hoa", "2026-12-31"), ("Trần Văn", "2027-12-31")]
    assert [each["plate"] for each in say("list", "out")[1]["permits"]] == ["51B12345", "51C67890"]
    with vault_of(tmp_path / "out", tmp_path / "site.toml") as vault:
        assert vault.log_faults() == []
        register = register_of(vault, [Enrolment("777", "51C-678.90", 2, Stamp(0))], UTC)
    assert (register.revision, register.permits_count, set(register.driven)) == (4, 2, {"777", "13800138000", "13800138001"})
    assert register.driven["777"].twins == ("13800138001",)
    assert register.driven["13800138001"].permits[0].where[0].name == "ring road"  # type: ignore[union-attr]


def test_a_version_that_differs_in_its_terminal_alone_is_not_to_be_seen(say: Say, tmp_path: Path) -> None:
    assert say("import", "out", "permits.csv", *BY, "--areas", "areas.geojson")[0] == 0
    before = [say(*words) for words in (("list", "out"), ("show", "out", "51B12345"), ("export", "out"))]
    (tmp_path / "permits.csv").write_text(TABLE.read_text("utf-8").replace("13800138000", "13999999999"), "utf-8")
    assert say("import", "out", "permits.csv", *BY)[1]["changed_count"] == 1
    assert [say(*words) for words in (("list", "out"), ("show", "out", "51B12345"), ("export", "out"))] == before
    assert "138001" not in json.dumps(before)


def test_an_export_says_what_permits_say_and_refuses_what_terminals_are(say: Say, tmp_path: Path) -> None:
    say("import", "out", "permits.csv", *BY, "--areas", "areas.geojson")
    _, exported = say("export", "out", "--columns", "plate,scope", "--where", "scope=dangerous-goods", "--to", "export.csv")
    assert exported["rows_count"] == 1
    assert (tmp_path / "export.csv").read_text("utf-8") == "plate,scope\n51C67890,dangerous-goods\n"
    for words in (("--columns", "plate,terminal maker"), ("--where", "terminal_silent=no")):
        code, told = say("export", "out", *words)
        assert code == 2
        assert "no permit and no vehicle examination may depend on a terminal" in told["fault"]


@pytest.mark.parametrize("words", [("import", "out", "no.csv", *BY), ("import", "out", "areas.geojson", *BY), ("import", "out", "permits.csv", "--by", " "),
                                   ("import", "out", "permits.csv", *BY, "--areas", "permits.csv"), ("list", "out")])  # fmt: skip
def test_what_cannot_be_meant_is_one_line_and_keeps_nothing(say: Say, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert say(*words)[0] == 2
    assert not (tmp_path / "out" / "vault" / "vault.db").exists()
