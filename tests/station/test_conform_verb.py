"""`catseye fleet conform`: exit codes, a table, JSON, and a page that stands alone."""

import json
from pathlib import Path

import pytest
from tests.fleet.conform.terminal import conforming
from typer.testing import CliRunner

from catseye.core.errors import SiteError
from catseye.fleet.conform.transcript import as_text
from catseye.station.cli import app
from catseye.station.verbs.conform import doors_of, judge_live, judge_recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("conform") / "said.jsonl"
    file.write_text("\n".join(map(as_text, conforming().lines)))
    return file


@pytest.fixture(scope="module")
def broken(recording: Path) -> Path:
    """One damaged frame and a name that would be markup."""
    lines = recording.read_text().splitlines()
    file = recording.with_name("broken.jsonl")
    file.write_text("\n".join([*lines, "up 7e0002000001380013800000ff 00 7e".replace(" 00 7e", "007e"), "no line at all"]))
    return file


def test_a_terminal_that_conforms_is_exit_zero(recording: Path) -> None:
    outcome = judge_recording(recording, None)
    assert (outcome.exit_code, outcome.summary["conforms"], outcome.summary["terminal"]["model"]) == (0, True, "X-1")
    assert "Nothing that was judged breaks a standard" in outcome.lines_of_text[-1]


def test_a_broken_clause_is_exit_one_with_the_bytes_and_the_clause(broken: Path) -> None:
    outcome = judge_recording(broken, None)
    (found,) = [check for check in outcome.summary["checks"] if check["id"] == "frame-checksum"]
    assert (outcome.exit_code, found["verdict"], found["clause"], outcome.summary["unread_lines"]) == (1, "broken", "4.4.4", 1)
    assert found["faults"][0]["hex"].startswith("7e0002")


def test_the_page_stands_alone_and_says_what_was_not_seen(broken: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    judge_recording(broken, page)
    text = page.read_text("utf-8")
    assert all(word in text for word in ("frame-checksum", "4.4.4", "not seen", "7e0002"))
    assert not any(word in text for word in ("http://", "https://", "<script", "src="))


def test_what_a_terminal_calls_itself_is_text_on_the_page(tmp_path: Path) -> None:
    from catseye.station.verbs.conform import page_of

    assert "<b>" not in page_of((), "x", {"maker": "<b>"})


def test_a_file_of_noise_is_judged_and_does_not_conform(tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 10)
    assert judge_recording(noise, None).exit_code == 1


@pytest.mark.parametrize("arguments", [[], ["a.jsonl", "--listen", "127.0.0.1:0"], ["missing.jsonl"], ["--listen", "0.0.0.0:7001"], ["--listen", "127.0.0.1"]])
def test_wrong_use_is_refused(arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(app, ["fleet", "conform", *arguments]).exception, SiteError)


def test_the_verb_speaks_to_machines(recording: Path) -> None:
    told = CliRunner().invoke(app, ["fleet", "conform", str(recording), "--json"])
    assert json.loads(told.stdout)["counts"]["breaks"] == 0


def test_a_live_test_that_nobody_comes_to_judges_nothing(tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    outcome = judge_live("127.0.0.1:0", (0, 0), 0.3, record, None, is_quiet=True)
    assert (outcome.exit_code, outcome.lines_of_text[-1]) == (1, "Nothing could be judged.")
    assert record.stat().st_mode & 0o777 == 0o600


def test_an_address_has_a_port() -> None:
    assert doors_of("[::1]:7001", None, None).port == 7001
    with pytest.raises(SiteError, match="--listen"):
        doors_of("127.0.0.1:99999", None, None)
