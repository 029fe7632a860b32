"""`catseye forget` and `catseye looks` as their user meets them."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.cases.factories import opening, red_light
from tests.cases.told import adopted, received, upheld
from tests.vault.factories import events_at
from tests.vault.kept import NOON, grant, later, redacted

from catseye.cases import transitions
from catseye.cases.desk import CaseDesk
from catseye.cases.report_desk import decide, settle_all
from catseye.cases.rewards import approve, fund, pay
from catseye.core.event import Event
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.cli import run
from catseye.vault.dossiers import Step
from catseye.vault.identities import Identities, Identity
from catseye.vault.kept_for import KeptFor
from catseye.vault.retention import Promised
from catseye.vault.tables import FORGETTINGS
from catseye.vault.vault import Vault

Say = Callable[..., tuple[int, str]]
ASKED = ("--by", "Hoa", "--reason", "a court order")


def at(days: float) -> str:
    return later(days).iso()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with Vault.open(tmp_path / "out" / "vault", "a-run") as vault:
        vault.keep_events([Event("red-light", "cam-1", NS_PER_S, NS_PER_S, when=NOON), *events_at(2)])
        ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
        vault.media.open(ref, grant(), NOON, "to review it").close()
        vault.dossiers.add("case", "c-1", [Step(0, "detected", NOON, "catseye", {}), Step(1, "confirmed", NOON, "officer Ly", {})])
    return tmp_path / "out"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setattr("catseye.station.verbs.forget.time_ns", lambda: later(30).utc_ns)  # what is asked for by --now has been

    def said(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return said


def test_what_is_over_is_forgotten_and_proven(out: Path, say: Say) -> None:
    (out / "events.jsonl").write_text("{}")
    code, told = say("forget", out, "--now", at(16), "--class", "unconfirmed")
    assert code == 0
    assert told.splitlines()[0] == "forgotten: unconfirmed: 1 keys, 2 media, 1 events"
    assert ": 0 found\nthe log verifies\n" in told
    assert f"outside the vault, not touched: {out / 'events.jsonl'}: delete what tells the same" in told
    assert say("forget", out, "--now", at(16), "--class", "unconfirmed") == (0, "nothing is over\n")


def test_a_dry_run_says_would(out: Path, say: Say) -> None:
    code, told = say("forget", out, "--now", at(16), "--class", "unconfirmed", "--dry-run")
    assert (code, told) == (0, "would forget: unconfirmed: 1 keys, 2 media, 1 events\n")


def test_machines_read_counts_and_proof(out: Path, say: Say) -> None:
    code, told = say("forget", out, "--now", at(1), "--case", "c-1", *ASKED, "--json")
    assert code == 0
    summary = json.loads(told)
    assert summary["forgotten"] == {"case": {"keys": 1, "steps": 2}}
    assert summary["proof"]["left"] == summary["log_faults"] == []
    assert summary["proof"]["bytes"] > 4096


def test_a_site_says_how_long_and_where_the_keys_are(tmp_path: Path, say: Say) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[site]\nid = "s"\nkeys = "locked"\n[retention]\nunconfirmed_days = 2\n[[camera]]\nid = "c"\n')
    with Vault.open(tmp_path / "out" / "vault", keys=tmp_path / "locked") as vault:
        vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    assert say("forget", tmp_path / "out", "--now", at(4)) == (2, say("forget", tmp_path / "out", "--now", at(4))[1])
    code, told = say("forget", tmp_path / "out", "--site", site, "--now", at(4))
    assert (code, told.splitlines()[0]) == (0, "forgotten: unconfirmed: 1 keys, 2 media")
    assert list((tmp_path / "locked").iterdir()) == []


def test_a_trace_that_is_found_again_is_exit_1(out: Path, say: Say) -> None:
    (key,) = (out / "vault" / "keys").glob("unconfirmed-*")
    (out / "vault" / "a-copy").write_bytes(key.read_bytes())
    code, told = say("forget", out, "--now", at(16), "--class", "unconfirmed")
    assert code == 1
    assert f"{out / 'vault' / 'a-copy'}" in told
    (out / "vault" / "a-copy").unlink()
    code, told = say("forget", out, "--now", at(17), "--class", "unconfirmed")
    assert (code, told.splitlines()[:2]) == (0, ["nothing is over", "an earlier forgetting that was stopped is finished"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--class", "aggregate"], "--class: no retention class 'aggregate'; wanted 'aggregates'"),
        (["--case", "c-1", "--class", "case"], "--case: a case and a class; wanted one of the two"),
        (["--case", "c-9", "--now", at(1), *ASKED], "drawer case c-9: nothing was ever kept there; wanted a case that is kept"),
        (["--now", "yesterday"], "--now: 'yesterday'; wanted a date and time with its offset from UTC"),
        (["--now", "2026-11-21T08:00:00"], "--now: '2026-11-21T08:00:00'; wanted a date and time with its offset from UTC"),
        (["--now", "2020-01-01T00:00:00Z"], "wanted a clock that was not set back"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line_and_nothing_is_touched(out: Path, say: Say, words: list[str], told: str) -> None:
    before = sorted(path for path in (out / "vault").rglob("*") if path.name not in ("forget.lock", "vault.db-wal", "vault.db-shm"))
    code, said = say("forget", out, *words)
    assert code == 2
    assert told in said
    assert said.count("\n") == 1
    assert sorted(path for path in (out / "vault").rglob("*") if path.name not in ("forget.lock", "vault.db-wal", "vault.db-shm")) == before


def test_a_missing_key_is_told_by_every_verb(out: Path, say: Say) -> None:
    for key in (out / "vault" / "keys").glob("unconfirmed-*"):
        key.unlink()
    for words in (["forget", out], ["looks", out], ["log", "check", out]):
        code, told = say(*words)
        assert code == 2
        assert "wanted the key file that locks what is stored" in told


def test_who_looked_and_why(out: Path, say: Say) -> None:
    line = f"{NOON.iso()}  officer Ly  media/v-1/clip  for: review of a red-light case  why: to review it\n"
    assert say("looks", out) == (0, line) == say("looks", out, "--who", "officer Ly", "--subject", "media/v-1/clip", "--since", at(0))
    for words in (["--who", "nobody"], ["--subject", "media/another"], ["--since", at(1)]):
        assert say("looks", out, *words) == (0, "nobody looked\n")
    _, told = say("looks", out, "--json")
    assert json.loads(told)["looks"][0]["why"] == "to review it"


def test_nothing_is_forgotten_by_a_moment_that_is_still_to_come(out: Path, say: Say) -> None:
    """It would destroy what is not over, and every later forgetting would be refused as by a clock that was set back."""
    code, told = say("forget", out, "--now", at(31))
    assert code == 2
    assert "still to come; wanted a moment that has been: with --dry-run any" in told
    assert say("forget", out, "--now", at(31), "--dry-run")[0] == 0
    assert say("forget", out, "--now", at(16), "--class", "unconfirmed")[0] == 0


def test_packages_and_reports_of_cases_beside_the_vault_are_named(out: Path, say: Say) -> None:
    (out / "case").mkdir()
    for name in ("c-1.zip", "case/c-1.pdf", "case/c-1.json", "passings.csv"):
        (out / name).write_bytes(b"x")
    _, told = say("forget", out, "--now", at(1), "--case", "c-1", *ASKED)
    assert all(str(out / name) in told for name in ("c-1.zip", "case/c-1.pdf", "case/c-1.json", "passings.csv"))


def test_the_beginning_of_a_case_is_not_enough_to_forget_it(out: Path, say: Say) -> None:
    with Vault.open(out / "vault", "a-run") as vault:
        vault.dossiers.add("case", "c-5f0c12ab34cd", [Step(0, "detected", NOON, "catseye", {})])
    assert "--case: 'c-5f0c', the beginning of a name; wanted all of it: c-5f0c12ab34cd" in say("forget", out, "--now", at(1), "--case", "c-5f0c", *ASKED)[1]
    assert say("forget", out, "--now", at(1), "--case", "c-5f0c12ab34cd", *ASKED)[0] == 0


def test_a_case_that_goes_on_is_nobody_s_to_forget_and_who_wanted_it_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with Vault.open(out / "vault") as vault:
        case = CaseDesk(vault).open(opening(red_light()), "machine:watch", Stamp(time.time_ns()))
        CaseDesk(vault).take(case, transitions.confirm(case, "Lan", "seen on the clip", Stamp(time.time_ns())))
    words = ["forget", str(out), "--case", case.id]
    assert run(words) == 2
    assert "wanted why this case is forgotten before its days" in capsys.readouterr().err
    assert run([*words, "--by", "Hoa", "--reason", "a court order"]) == 2
    assert f"{case.id} is confirmed; wanted a case that is over" in capsys.readouterr().err
    with Vault.open(out / "vault") as vault:
        desk = CaseDesk(vault)
        desk.take(desk.case(case.id), transitions.dismiss(desk.case(case.id), "Hoa", "an ambulance", Stamp(time.time_ns())))
    assert run([*words, "--by", "Hoa", "--reason", "a court order"]) == 0
    with Vault.open(out / "vault") as vault:
        assert [step for name, step in vault.dossiers.of_kind("case")] == []
        assert vault.log_faults() == []
        with vault._database.reading() as connection:
            assert "Hoa: a court order" in str([row.body for row in connection.execute(select(FORGETTINGS))])


LAN = Identity("Nguyen Thi Lan", "CN-12345678", "lan@example.org", "bank 42")


@pytest.fixture
def people(tmp_path: Path) -> list[object]:
    return ["--people", tmp_path / "people", "--people-keys", tmp_path / "people-keys"]


@pytest.fixture
def lan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Enrolled at noon, with one report that was rejected a day later; identities are kept for 90 days, reports for 30."""
    monkeypatch.setattr("catseye.station.verbs.forget.time_ns", lambda: later(1000).utc_ns)
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        lan = Identities(tmp_path / "people", tmp_path / "people-keys", vault).enrol(LAN, NOON)
        report = received(vault, adopted(vault), when=NOON, reporter=lan)
        decide(vault, report.id, "triaged", later(1), "An")
        decide(vault, report.id, "rejected", later(1), "An", reason="unreadable")
        decide(vault, report.id, "outcome-published", later(1), "An", text="thank you")
    return lan


def test_a_name_is_forgotten_when_no_report_of_it_ended_within_its_days(tmp_path: Path, say: Say, lan: str, people: list[object]) -> None:
    (key,) = (tmp_path / "people-keys").glob("identity-*.key")
    secret = key.read_bytes().split()[3]
    _, told = say("forget", tmp_path / "out", "--now", at(60))
    assert "forgotten: report: 1 keys" in told
    assert "names of reporters were not looked at: --people DIR --people-keys DIR" in told
    assert "names forgotten" not in say("forget", tmp_path / "out", "--now", at(90.9), *people)[1]
    assert (tmp_path / "people" / f"{lan}.identity").exists()
    code, told = say("forget", tmp_path / "out", "--now", at(91.1), *people)
    assert (code, "names forgotten: 1\nproof: " in told, "the log verifies" in told) == (0, True, True)
    assert "not looked at" not in told
    assert [path.name for path in (tmp_path / "people").iterdir()] == ["identities.lock"]
    assert not any(secret in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        assert vault.log_faults() == []
        assert Identities(tmp_path / "people", tmp_path / "people-keys", vault).enrol(LAN, later(92)) != lan


def test_a_name_stays_while_a_report_is_open_or_its_reward_due(tmp_path: Path, say: Say, lan: str, people: list[object]) -> None:
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        scheme = adopted(vault)
        fund(vault, scheme.scheme, 5000, "2026", NOON, "Mai")
        report = received(vault, scheme, 1, later(2), reporter=lan, plate="鲁B22222")
    assert "names forgotten" not in say("forget", tmp_path / "out", "--now", at(300), *people)[1]
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        upheld(vault, report.id, later(300))
        assert approve(vault, report.id, later(301), "Chi").state == "due"
    assert "names forgotten" not in say("forget", tmp_path / "out", "--now", at(500), *people)[1]
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        names = Identities(tmp_path / "people", tmp_path / "people-keys", vault)
        assert pay(vault, names, report.id, Grant("Hoa", "paying", later(600)), later(501)).payee == LAN
    assert "names forgotten" not in say("forget", tmp_path / "out", "--now", at(590), *people)[1]
    assert "names forgotten: 1" in say("forget", tmp_path / "out", "--now", at(592), *people)[1]


def test_a_forgetting_of_names_that_was_stopped_is_finished(tmp_path: Path, say: Say, lan: str, people: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Identities, "_remove", killed)  # the key is destroyed, nothing else
        with pytest.raises(KeyboardInterrupt), Vault.open(tmp_path / "out" / "vault", "reports") as vault:
            names = Identities(tmp_path / "people", tmp_path / "people-keys", vault)
            settle_all(vault)
            vault.retention.forget(later(200), KeptFor(), (), ["identity"], promised=Promised(names.forgettable()))
            names.forget_forgotten()
    assert (tmp_path / "people" / f"{lan}.identity").exists()
    assert "names forgotten: 1" in say("forget", tmp_path / "out", "--now", at(201), *people)[1]
    assert [path.name for path in (tmp_path / "people").iterdir()] == ["identities.lock"]


def test_a_copy_of_a_forgotten_name_is_exit_1(tmp_path: Path, say: Say, lan: str, people: list[object]) -> None:
    (tmp_path / "people" / "a-copy").write_bytes((tmp_path / "people" / f"{lan}.identity").read_bytes())
    code, told = say("forget", tmp_path / "out", "--now", at(200), *people)
    assert (code, f"still there: an identity of {lan}: {tmp_path / 'people' / 'a-copy'}" in told) == (1, True)


def test_half_an_identity_vault_or_another_one_forgets_no_name(tmp_path: Path, say: Say, lan: str, people: list[object]) -> None:
    for words, told in (
        (people[:2], "--people-keys: not given; wanted the identity vault and its keys"),
        (["--class", "identity"], "--people: not given"),
        (["--people", tmp_path / "peopel", *people[2:]], f"--people: no folder {tmp_path / 'peopel'}"),
        ([*people, "--case", "c-1"], "a case knows no reporter"),
    ):
        code, said = say("forget", tmp_path / "out", "--now", at(200), *words)
        assert (code, told in said) == (2, True), said
    for name in ("other", "other-keys"):
        (tmp_path / name).mkdir(mode=0o700)
    said = say("forget", tmp_path / "out", "--now", at(200), "--people", tmp_path / "other", "--people-keys", tmp_path / "other-keys")[1]
    assert "names of 1 reporters are not in the folder that --people names" in said
    assert "names forgotten: 1" in say("forget", tmp_path / "out", "--now", at(200), *people)[1]


def reports_kept(folder: Path) -> list[str]:
    with Vault.open(folder / "out" / "vault", "reports") as vault:
        return sorted(name for name, _ in vault.dossiers.of_kind("report"))


def test_what_is_rejected_goes_after_the_days_the_scheme_promises_told_or_not(tmp_path: Path, say: Say, lan: str) -> None:
    """The site keeps reports for 30 days, the scheme says 14 days of what is not used."""
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        told = next(vault.dossiers.of_kind("report"))[0]
        scheme = adopted(vault)
        assert "destroyed after 14 days" in scheme.scheme.reporter.promise
        never_told, not_upheld, used = (received(vault, scheme, n, later(1), reporter=lan, plate=f"鲁B0000{n}").id for n in (1, 2, 3))
        decide(vault, never_told, "triaged", later(1), "An")
        decide(vault, never_told, "rejected", later(1), "An", reason="unreadable")
        upheld(vault, not_upheld, later(1), "not-upheld", case="c-1")
        upheld(vault, used, later(1))
        decide(vault, used, "credited", later(1), "Chi", why="no money for this")
    say("forget", tmp_path / "out", "--now", at(14.9))
    assert reports_kept(tmp_path) == sorted([told, never_told, not_upheld, used])
    say("forget", tmp_path / "out", "--now", at(15.1))
    assert reports_kept(tmp_path) == [used]
    say("forget", tmp_path / "out", "--now", at(31.1))
    assert reports_kept(tmp_path) == []


@pytest.mark.parametrize("is_asked", [False, True])
def test_what_is_used_for_a_case_is_kept_as_long_as_the_case_and_goes_with_it(tmp_path: Path, say: Say, lan: str, is_asked: bool) -> None:
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        scheme = adopted(vault)
        vault.dossiers.add("case", "c-1", [Step(0, "detected", NOON, "catseye", {}), Step(1, "confirmed", NOON, "officer Ly", {})])
        report = received(vault, scheme, 1, later(1), reporter=lan, plate="鲁B22222")
        upheld(vault, report.id, later(1), case="c-1")
        decide(vault, report.id, "credited", later(1), "Chi", why="no money for this")
    say("forget", tmp_path / "out", "--now", at(300))
    assert reports_kept(tmp_path) == [report.id]
    with Vault.open(tmp_path / "out" / "vault", "reports") as vault:
        vault.retention.end("case", "c-1", later(300))
    say("forget", tmp_path / "out", "--now", at(479.9))
    assert reports_kept(tmp_path) == [report.id]
    assert (
        "report: 1 keys"
        in say(
            "forget",
            tmp_path / "out",
            *(["--now", at(480), "--case", "c-1", "--by", "Hoa", "--reason", "order of the court"] if is_asked else ["--now", at(480.1)]),
        )[1]
    )
    assert reports_kept(tmp_path) == []
