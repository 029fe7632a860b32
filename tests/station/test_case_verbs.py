"""`catseye case` as its user meets it."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.factories import opening, red_light
from tests.cases.packed import Authority
from tests.vault.conftest import database_url
from tests.vault.factories import picture_of

from catseye.cases.case import CASE
from catseye.cases.desk import CaseDesk
from catseye.cases.opening import MediaReference
from catseye.core.calibration import Calibration
from catseye.core.certificate import Certificate
from catseye.core.event import Event
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.cli import run
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault

SITE = """
[site]
id = "junction-7"
timezone = "UTC"
{database}
[[camera]]
id = "cam-1"
[camera.calibration]
certificate = "calibration.json"
[[camera]]
id = "cam-2"
"""
DAY_NS = 86_400 * NS_PER_S
VIEW = Calibration(np.diag([1.0, -1.0, 1.0]), np.zeros(2), np.zeros((10, 10)), (320.0, 240.0), (320.0, 240.0), (0.0, 0.0), 10.0)
__all__ = ["database_url"]  # a fixture
Say = Callable[..., tuple[int, dict[str, Any]]]


def violation(days_ago: float = 1.0, **other: Any) -> Event:
    return red_light(when=Stamp(time.time_ns() - round(days_ago * DAY_NS), 20.0), **other)


def phase(event: Event) -> Event:
    details = {"signal": "near-lamp", "state": "red", "detail": "near-lamp: red"}
    return Event("signal-state", "cam-1", event.time_ns - 2 * NS_PER_S, event.time_ns + 9 * NS_PER_S, details=details)


def made(folder: Path, *events: Event, database_url: str = "", days_since_calibration: int = 100) -> None:
    """A run's folder with its site, a certificate and a package, all in `folder`."""
    made_on = Stamp(time.time_ns() - days_since_calibration * DAY_NS).iso()[:10]
    certificate = Certificate("cam-1", made_on, "0.1.0", "9 points", VIEW, (), 1.0, 0.05, 1.0, 10)
    (folder / "calibration.json").write_text(certificate.as_text())
    (folder / "site.toml").write_text(SITE.format(database=f'database = "{database_url}"' if database_url else ""))
    AUTHORITIES[folder] = Authority.made(folder, Stamp(time.time_ns()))
    with Vault.open(folder / "out" / "vault", "a-run", database_url=database_url) as vault:
        vault.keep_events(events)


AUTHORITIES: dict[Path, Authority] = {}


def packed(folder: Path, name: str, database_url: str = "") -> str:
    """The package of a case that is ready, as `package.zip`; the hash of its manifest."""
    with Vault.open(folder / "out" / "vault", "a-run", database_url=database_url) as vault:
        return AUTHORITIES[folder].package(vault, CaseDesk(vault).case(name), folder / "package.zip", Stamp(time.time_ns()))


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run `catseye case …` in the folder; its exit code, and its JSON or the line of its fault."""
    monkeypatch.chdir(tmp_path)

    def words(*said: str) -> tuple[int, dict[str, Any]]:
        code = run(["case", *said, "--json"])
        told = capsys.readouterr()
        assert told.err.count("\n") == (1 if code == 2 else 0)
        return code, json.loads(told.out) if told.out else {"fault": told.err}

    return words


OPEN = ("open", "out", "--site", "site.toml", "--jurisdiction", "example")
SUBMIT = ("--by", "Hoa", "--to", "police", "--package", "package.zip", "--root", "authority/root.pem")


def because(name: str) -> tuple[str, ...]:
    return "--by", name, "--reason", "seen on the clip"


def go(say: Say, name: str, *steps: tuple[str, ...], site: tuple[str, ...] = ()) -> dict[str, Any]:
    """All steps, none refused; what the last one said."""
    told: dict[str, Any] = {}
    for verb, *more in steps:
        code, told = say(verb, "out", name, *more, *site)
        assert code == 0, told
    return told


def test_a_case_goes_its_whole_way_on_both_databases(tmp_path: Path, say: Say, database_url: str) -> None:
    event = violation()
    made(tmp_path, event, phase(event), database_url=database_url)
    site = ("--site", "site.toml") if database_url else ()
    name = f"c-{event.id[:12]}"
    assert say(*OPEN) == (0, {"opened": [name], "known_count": 0, "forgotten_count": 0, "kinds_without_law": []})
    assert say(*OPEN)[1]["known_count"] == 1
    go(say, name[:6], ("confirm", *because("Lan")), ("plate", "--text", "51f-123.45", "--by", "Hoa"), site=site)
    digest = packed(tmp_path, name, database_url)
    told = go(
        say,
        name[:6],
        ("submit", *SUBMIT),
        ("answer", "--outcome", "accepted", *because("Sơn")),
        ("appeal", "--filed", *because("An")),
        ("appeal", "--heard", "--outcome", "upheld", *because("Huy")),
        ("close", *because("Hoa")),
        site=site,
    )
    assert told["state"] == "closed"
    _code, shown = say("show", "out", name, *site)
    assert shown["decided"]["submission"]["manifest_sha256"] == digest
    assert shown["plate"]["said"] == "51F-123.45"
    assert [each["state"] for each in shown["signals"]] == ["red"]
    assert [each["by_machine"] for each in shown["timeline"]] == [True] + 7 * [False]


def test_a_report_is_written_down_before_it_is_written(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    say(*OPEN)
    code, told = say("export", "out", event.id[:12], "--to", "reports", *because("Hoa"))
    assert code == 0
    kept = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "reports").iterdir()}
    assert kept == {name: said["sha256"] for name, said in told["files"].items()}
    assert say("show", "out", event.id[:12])[1]["timeline"][-1]["kind"] == "exported"
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        assert vault.log_faults() == []
        assert vault.dossiers.steps(CASE, told["case"])[-1].facts["files"] == kept


def test_a_report_by_nobody_is_not_written(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    say(*OPEN)
    assert say("export", "out", event.id[:12], "--to", "reports", "--by", "machine:web", "--reason", "x")[0] == 2
    assert not (tmp_path / "reports").exists()


def test_the_list_tells_a_clerk_who_is_next_and_until_when(tmp_path: Path, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    old, young, dismissed = violation(5), violation(1), violation(2)
    made(tmp_path, young, dismissed, old)
    say(*OPEN)
    say("dismiss", "out", dismissed.id[:12], *because("Lan"))
    assert run(["case", "list", "out"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["case", "state", "what", "where", "when", "in", "time", "until", "who", "is", "next"]
    assert [line.split()[0] for line in told[1:3]] == [f"c-{old.id[:12]}", f"c-{young.id[:12]}"]
    assert "detected  Passing a red light  junction-7" in told[1]
    assert told[1].endswith("a reviewer")
    assert told[3] == "2 cases, and 1 that are over (--all shows them)"
    assert [each["state"] for each in say("list", "out", "--state", "dismissed")[1]["cases"]] == ["dismissed"]
    assert len(say("list", "out", "--all")[1]["cases"]) == 3


def test_the_page_of_a_case_tells_the_machine_from_people(tmp_path: Path, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    event = violation(30)
    made(tmp_path, event)
    say(*OPEN)
    say("confirm", "out", event.id[:12], *because("Lan"))
    assert run(["case", "show", "out", event.id[:12]]) == 0
    told = capsys.readouterr().out
    assert "○ machine:catseye case open detected Passing a red light" in told
    assert "● Lan confirmed (seen on the clip)" in told
    assert "red for 2.4 ± 0.2 s; speed 52.3 ± 2.2 km/h" in told
    assert "✗ cannot be submitted: too late: 14 days ended" in told


def test_steps_that_are_no_case_are_told_and_the_exit_code_is_1(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    say(*OPEN)
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        vault.dossiers.add(CASE, f"c-{event.id[:12]}", [Step(1, "submitted", Stamp(time.time_ns()), "Lan", {"authority": "a", "manifest_sha256": "ab" * 32})])
    code, told = say("list", "out")
    assert (code, told["cases"]) == (1, [])
    assert "'submitted' while it is detected" in told["faults"][0]
    assert "'submitted' while it is detected" in say("show", "out", event.id[:12])[1]["fault"]


def test_a_kind_without_law_is_opened_and_told(tmp_path: Path, say: Say) -> None:
    made(tmp_path, Event("solid-line", "cam-1", 0, 0, Stamp(time.time_ns()), subjects=("1",)), Event("near-miss", "cam-1", 0, 0, subjects=("1", "2")))
    code, told = say("open", "out", "--site", "site.toml", "--jurisdiction", "viet-nam")
    assert (code, len(told["opened"]), told["kinds_without_law"]) == (0, 1, ["solid-line"])


def ready(say: Say, event: Event) -> None:
    assert say(*OPEN)[0] == 0
    assert say("confirm", "out", event.id[:12], *because("Lan"))[0] == 0
    assert say("plate", "out", event.id[:12], "--text", "51F-123.45", "--by", "Hoa")[0] == 0


@pytest.mark.parametrize(
    ("days_ago", "other", "days_since_calibration", "said"),
    [
        (20, {}, 100, "too late: 14 days ended"),
        (1, {}, 400, "the calibration did not hold"),
        (1, {"camera": "cam-2"}, 100, "it says something in metres, and names no calibration certificate"),
        (1, {"trusted": False}, 100, "the camera said not to trust what it saw"),
        (1, {"when": None}, 100, "nothing says when it happened"),
        (-1, {}, 100, "one of the clocks is wrong"),
    ],
)
def test_what_may_not_be_submitted_is_not(tmp_path: Path, say: Say, days_ago: int, other: dict[str, Any], days_since_calibration: int, said: str) -> None:
    event = replace(violation(days_ago), **other)
    made(tmp_path, event, days_since_calibration=days_since_calibration)
    ready(say, event)
    code, told = say("submit", "out", event.id[:12], *SUBMIT)
    assert code == 2
    assert said in told["fault"]
    assert say("show", "out", event.id[:12])[1]["state"] == "plate-confirmed"


def test_a_clock_set_back_is_told(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    say(*OPEN)
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        later = Stamp(time.time_ns() + DAY_NS)
        vault.dossiers.add(CASE, f"c-{event.id[:12]}", [Step(1, "confirmed", later, "Lan", {"reason": "seen"})])
    code, told = say("plate", "out", event.id[:12], "--text", "51F-123.45", "--by", "Hoa")
    assert code == 2
    assert "wanted a clock that was not set back" in told["fault"]


def test_a_case_moved_under_you_says_who_was_faster(tmp_path: Path) -> None:
    event = violation()
    made(tmp_path, event)
    run(["case", "open", str(tmp_path / "out"), "--site", str(tmp_path / "site.toml"), "--jurisdiction", "example"])
    from catseye.cases import transitions
    from catseye.cases.errors import CaseMovedError

    now = Stamp(time.time_ns())
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        desk = CaseDesk(vault)
        read = desk.find(event.id[:12])
        desk.take(read, transitions.confirm(read, "Lan", "seen", now))
        with pytest.raises(CaseMovedError, match=r"meanwhile: Lan confirmed at .*; it is confirmed now"):
            desk.take(read, transitions.dismiss(read, "Minh", "not seen", now))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "nowhere"], "no vault with a database in it"),
        (["list", "out", "--state", "guilty"], "--state: 'guilty'; wanted one of detected, confirmed-once"),
        (["show", "out", "c-none"], "no such case"),
        (["open", "out", "--site", "site.toml", "--jurisdiction", "atlantis"], "wanted one of england-and-wales, example, spain, viet-nam"),
        (["open", "out", "--site", "site.toml", "--jurisdiction", "missing.toml"], "no such file or directory"),
        (["confirm", "out", "c-", "--by", "", "--reason", "x"], "wanted the name of a person"),
        (["confirm", "out", "c-", "--by", "machine:watch", "--reason", "x"], "a suggestion, never a decision"),
        (["confirm", "out", "c-", "--by", "service: web", "--reason", "x"], "no service, no hidden characters"),
        (["confirm", "out", "c-", "--by", "Lan", "--reason", " "], "reason: string should match"),
        (
            ["plate", "out", "c-", "--by", "Lan", "--text", "51F"],
            "'plate' while it is detected; wanted a case that is confirmed or plate-confirmed or needs-more",
        ),
        (["submit", "out", "c-", *SUBMIT], "'submitted' while it is detected"),
        (["submit", "out", "c-", *SUBMIT[:-1], "missing.pem"], "no such file or directory"),
        (["submit", "out", "c-", *SUBMIT[:-1], "site.toml"], "site.toml"),
        (["appeal", "out", "c-", *because("Lan")], "neither --filed nor --heard"),
        (["appeal", "out", "c-", "--filed", "--heard", *because("Lan")], "both --filed and --heard"),
        (["appeal", "out", "c-", "--heard", *because("Lan")], "--outcome: nothing; wanted 'upheld' or 'overturned'"),
        (["answer", "out", "c-", "--outcome", "maybe", *because("Lan")], "maybe"),
        (["reopen", "out", "c-", *because("Lan")], "wanted a case that is dismissed"),
        (["withdraw", "out", "c-", *because("Lan")], "'withdrawn' while it is detected"),
        (["close", "out", "c-", *because("Lan")], "wanted a case that is answered or heard"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(tmp_path: Path, say: Say, words: list[str], said: str) -> None:
    made(tmp_path, violation())
    say(*OPEN)
    code, told = say(*words)
    assert code == 2
    assert said in told["fault"]


def test_two_cases_that_begin_alike_are_not_guessed_between(tmp_path: Path, say: Say) -> None:
    made(tmp_path, violation(1), violation(2))
    say(*OPEN)
    assert "2 cases begin so" in say("show", "out", "c-")[1]["fault"]


def test_a_case_changed_in_the_database_is_told_by_the_log(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    say(*OPEN)
    with sqlite3.connect(tmp_path / "out" / "vault" / "vault.db") as database:
        database.execute("UPDATE dossier_steps SET utc_ns = utc_ns + 1")
    database.close()
    assert run(["log", "check", "out"]) == 1


def with_still(folder: Path, event: Event) -> str:
    """A case whose still lies in the vault."""
    made(folder, event)
    with Vault.open(folder / "out" / "vault", "a-run") as vault:
        now = Stamp(time.time_ns())
        ref = vault.media.keep_picture(picture_of(np.full((90, 160, 3), 90, np.uint8)), "v-1/still-1", now)
        still = MediaReference("still", ref.name, ref.media_type, ref.sha256, ref.size_bytes)
        case = CaseDesk(vault).open(opening(event, media=(still,)), "machine:watch", now)
    return case.id


def test_every_look_at_a_picture_stands_in_the_case(tmp_path: Path, say: Say) -> None:
    name = with_still(tmp_path, violation())
    assert say("show", "out", name, "--picture", "v-1/still-1", "--to", "still.png", *because("Lan"))[0] == 0
    assert (tmp_path / "still.png").read_bytes()[:4] == b"\x89PNG"
    assert say("export", "out", name, "--to", "reports", *because("Hoa"))[0] == 0
    report = json.loads((tmp_path / "reports" / f"{name}.json").read_text())
    assert [(each["who"], each["what"]) for each in report["custody"]] == [("Lan", "looked at still v-1/still-1"), ("Hoa", "looked at still v-1/still-1")]
    assert (tmp_path / "reports" / f"{name}.pdf").read_bytes().count(b"/Subtype /Image") == 1
    assert say("show", "out", name)[1]["custody"] == report["custody"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--picture", "v-1/still-1", "--to", "still.png"), "a look by nobody"),
        (("--picture", "v-1/still-1", *("--by", "Lan", "--reason", "x")), "or to nowhere"),
        (("--picture", "v-1/still-1", "--to", "still.png", "--by", "machine:x", "--reason", "x"), "wanted a person"),
        (("--picture", "v-2", "--to", "still.png", "--by", "Lan", "--reason", "x"), "--picture: 'v-2'; wanted one of v-1/still-1"),
    ],
)
def test_a_look_by_nobody_shows_nothing(tmp_path: Path, say: Say, words: tuple[str, ...], said: str) -> None:
    name = with_still(tmp_path, violation())
    code, told = say("show", "out", name, *words)
    assert code == 2
    assert said in told["fault"]
    assert not (tmp_path / "still.png").exists()
    assert say("show", "out", name)[1]["custody"] == []


def test_a_package_that_was_changed_is_not_submitted(tmp_path: Path, say: Say) -> None:
    event = violation()
    made(tmp_path, event)
    ready(say, event)
    packed(tmp_path, f"c-{event.id[:12]}")
    content = (tmp_path / "package.zip").read_bytes()
    (tmp_path / "package.zip").write_bytes(content.replace(b"a redacted still", b"A redacted still", 1))
    code, told = say("submit", "out", event.id[:12], *SUBMIT)
    assert code == 2
    assert "package.zip: data/media/stills/" in told["fault"]
    assert say("show", "out", event.id[:12])[1]["state"] == "plate-confirmed"
