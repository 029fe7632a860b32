"""`catseye report` as people meet it: from a citizen's photographs to money, with real files, models and keys. On both databases."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from tests.vault.conftest import database_url
from tests.vision.files import MARKER, exif, jpeg, scene, with_segments

from catseye.cases.report_desk import read
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.cli import run
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault

__all__ = ["database_url"]  # a fixture
IDENTITY = pyrage.x25519.Identity.generate()
PEOPLE = ("--people", "people", "--people-keys", "people-keys")
LAN = 'name = "Nguyen Thi Lan"\ndocument = "CN-12345678"\ncontact = "lan@example.org"\npayout = "bank 42"\n'
CAMERA = f'[evidence]\nrecipients = ["{IDENTITY.to_public()}"]\n[[camera]]\nid = "cam-1"\n[[camera.line]]\nid = "a"\npx = [[0, 1], [9, 1]]\n'
Say = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def say(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str) -> Say:
    """Run `catseye report …` in the folder, with its database; its exit code, and its JSON or the line of its fault."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    (tmp_path / "site.toml").write_text('[site]\nid = "junction-7"\n' + (f'database = "{database_url}"\n' if database_url else "") + CAMERA)
    (tmp_path / "lan.toml").write_text(LAN)
    for number in (1, 2, 3, 4):
        (tmp_path / f"{number}.jpg").write_bytes(with_segments(jpeg(scene(number)), (0xE1, b"Exif\0\0" + exif())))

    def words(verb: str, *said: str) -> tuple[int, dict[str, Any]]:
        site = () if verb == "salt" else ("--site", "site.toml")
        code = run(["report", verb, *said, *site, "--json"])
        told = capsys.readouterr()
        assert told.err.count("\n") == (1 if code == 2 else 0), told.err
        return code, json.loads(told.out) if told.out else {"fault": told.err}

    return words


def filing(reporter: str, *media: str, ago_s: float = 60.0, **other: str) -> list[str]:
    at = Stamp(time.time_ns() - round(ago_s * NS_PER_S)).iso()
    said = {
        "scheme": "jinan-like",
        "reporter": reporter,
        "offence": "red-light",
        "plate": "鲁A12345",
        "at": at,
        "place": "36.6667,117.0",
        "text": "ran the light",
    }
    options = [word for name, value in (said | other).items() if value for word in (f"--{name}", value)]
    return ["out", *options, *(word for file in media for word in ("--media", file)), "--agree", "--of-age"]


@pytest.fixture
def desk(say: Say) -> Say:
    assert say("scheme", "out", "jinan-like", "--by", "Van")[0] == 0
    assert say("salt", "review.salt")[0] == 0
    assert say("fund", "out", "--scheme", "jinan-like", "--amount-minor", "100000", "--key", "2026", "--by", "Mai")[1]["balance_minor"] == 100_000
    return say


def test_from_two_photographs_to_money(desk: Say, tmp_path: Path, database_url: str) -> None:
    _, enrolled = desk("enrol", "out", *PEOPLE, "--from", "lan.toml")
    lan = enrolled["reporter"]
    code, filed = desk("file", *filing(lan, "1.jpg", "2.jpg"))
    assert (code, filed.get("state")) == (0, "received"), filed
    assert "鲁" not in filed["told"]
    name = filed["report"]
    assert desk("file", *filing("00000000000000a2", "3.jpg", "4.jpg"))[0] == 0
    code, listed = desk("list", "out")
    assert [each["same_as"] for each in listed["reports"]] == [name, name]
    assert desk("triage", "out", name[:8], "--by", "An")[1]["state"] == "triaged"
    assert desk("accept", "out", name, "--by", "An", "--case", "c-1")[1]["state"] == "accepted"
    code, viewed = desk("view", "out", name, "--media", "1", "--to", "copy.jpg", "--by", "Binh", "--reason", "to review it")
    assert (code, viewed["media_type"]) == (0, "image/jpeg")
    assert MARKER not in (tmp_path / "copy.jpg").read_bytes()
    for reviewer in ("Binh", "Dung"):
        if desk("show", "out", name)[1]["state"] == "accepted":
            assert desk("show", "out", name)[1]["reviews"] == []
            reviewed = desk("review", "out", name, "--by", reviewer, "--finding", "upheld", "--reason", "red on both", "--salt", "review.salt")
            assert reviewed == (0, {"report": name, "reviewed_by": reviewer})
    code, told = desk("publish", "out", name, "--by", "Binh")
    assert told["told"].endswith("was looked at and acted upon. Thank you.")
    assert desk("approve", "out", name, "--by", "Chi")[1]["reward_minor"] == 2000
    code, fault = desk("pay", "out", name, *PEOPLE, "--by", "chi", "--reason", "rewards of May")
    assert code == 2
    assert "would pay, and decided on it" in fault["fault"]
    code, paid = desk("pay", "out", name, *PEOPLE, "--by", "Tuan", "--reason", "rewards of May")
    assert (code, paid["payee"], paid["payout"], paid["amount_minor"]) == (0, "Nguyen Thi Lan", "bank 42", 2000)
    assert (paid["payout_since"][:4], paid["payout_changed_by"]) == (Stamp(time.time_ns()).iso()[:4], "")
    assert desk("pay", "out", name, *PEOPLE, "--by", "Tuan", "--reason", "rewards of May")[0] == 1
    _, books = desk("ledger", "out")
    assert [each["key"] for each in books["transactions"]] == ["fund/jinan-like/2026", "reward/jinan-like/c-1", f"paid/{name}"]
    assert all(sum(posting["amount_minor"] for posting in each["postings"]) == 0 for each in books["transactions"])
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        assert vault.log_faults() == []
        assert {look.who for look in vault.looks()} == {"Binh", "Tuan"}


def test_originals_open_for_the_authority_alone_and_no_word_of_a_reporter_lies_open(desk: Say, tmp_path: Path, database_url: str) -> None:
    _, enrolled = desk("enrol", "out", *PEOPLE, "--from", "lan.toml")
    name = desk("file", *filing(enrolled["reporter"], "1.jpg", "2.jpg"))[1]["report"]
    (tmp_path / "lan.toml").unlink()
    original = (tmp_path / "1.jpg").read_bytes()
    for number in (1, 2, 3, 4):
        (tmp_path / f"{number}.jpg").unlink()
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(word in content for word in (b"Nguyen", b"12345678", MARKER, original[-200:])), path
    from catseye.core.grant import Grant

    now = Stamp(time.time_ns())
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        refs = vault.media.refs(f"report/{name}/")
        assert sorted(ref.kind for ref in refs) == ["redacted", "redacted", "sealed", "sealed"]
        ref = next(ref for ref in refs if ref.kind == "sealed" and ref.original_bytes == len(original))
        with vault.media.open(ref, Grant("Binh", "handing it over", now.plus_ns(NS_PER_S)), now, "for the authority") as file:
            assert pyrage.decrypt(file.read(), [IDENTITY])[:4] == original[:4]


def test_a_report_sent_again_is_the_same_report(desk: Say, tmp_path: Path, database_url: str) -> None:
    words = filing("00000000000000a1", "1.jpg", "2.jpg")
    first, again = desk("file", *words)[1], desk("file", *words)[1]
    assert first["report"] == again["report"]
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        assert len(vault.media.refs(f"report/{first['report']}/")) == 4
        assert list((tmp_path / "out" / "vault" / "staging").glob("*/*")) == []


def test_a_hazard_is_passed_on_and_the_reporter_told_to_keep_away(desk: Say) -> None:
    _, filed = desk("file", *filing("00000000000000a1", "1.jpg", offence="spilled-load", plate=""))
    assert filed["routed_to"] == ["Road authority, night and day desk"]
    assert filed["told"].startswith("Keep away from it")
    code, waiting = desk("deliveries", "out")
    assert (code, [(each["to"], each["address"]) for each in waiting["waiting"]]) == (1, [("Road authority, night and day desk", "desk:12345")])
    assert "00000000000000a1" not in str(waiting)
    assert desk("deliver", "out", filed["report"], "--to", "Road authority, night and day desk", "--by", "An")[0] == 0
    assert desk("deliveries", "out") == (0, {"waiting": []})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ago_s": 4000.0}, "it happened 1.1 h ago; wanted a report within 1 h"),
        ({"ago_s": -500.0}, "s from now; wanted a time that has been"),
        ({"plate": "the red one"}, "plate 'the red one', which is none here"),
        ({"offence": "parking"}, "'parking' is not taken by jinan-like"),
        ({"place": "here"}, "--place: 'here'; wanted latitude,longitude"),
        ({"place": "95,10"}, "--place"),
        ({"at": "noon"}, "--at: 'noon'; wanted a moment with its offset"),
        ({"at": "2026-01-01T12:00:00"}, "--at"),
        ({"scheme": "nowhere"}, "scheme nowhere: not adopted here"),
    ],
)
def test_what_is_not_taken_is_one_line_and_leaves_nothing(desk: Say, changed: dict[str, Any], said: str) -> None:
    code, told = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg", **changed))
    assert code == 2
    assert said in told["fault"]
    assert desk("list", "out")[1]["reports"] == []


def test_files_that_are_not_taken_leave_nothing_in_the_vault(desk: Say, tmp_path: Path, database_url: str) -> None:
    (tmp_path / "polyglot.jpg").write_bytes(jpeg(scene(9)) + b"PK\x03\x04")
    old = with_segments(jpeg(scene(8)), (0xE1, b"Exif\0\0" + exif("2020:01:01 12:00:00")))
    (tmp_path / "old.jpg").write_bytes(old)
    with (tmp_path / "huge.mp4").open("wb") as huge:
        huge.truncate(10 << 30)  # a hole: it takes no room
    for media, said in (
        (("1.jpg",), "1 photographs and 0.0 s of video"),
        (("1.jpg", "polyglot.jpg"), "behind the end of a JPEG"),
        (("1.jpg", "old.jpg"), "min from the time that was told"),
        (("1.jpg", "huge.mp4"), "10737418240 bytes announced"),
        (("1.jpg", "nowhere.jpg"), "nowhere.jpg: no such file"),
        (("1.jpg", "1.jpg"), "one of them twice"),
    ):
        code, told = desk("file", *filing("00000000000000a1", *media))
        assert code == 2
        assert said in told["fault"].lower() or said in told["fault"]
    (tmp_path / "huge.mp4").unlink()
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        assert vault.media.refs() == []
    assert list((tmp_path / "out" / "vault").glob("staging/*/*")) == list((tmp_path / "out" / "vault").glob("envelopes/*/*/*")) == []


def test_a_recipient_that_is_no_key_and_a_machine_without_models_take_nothing(desk: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, told = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg", recipient="age1nobody"))
    assert (code, "a public key of age" in told["fault"]) == (2, True)
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code, told = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg"))
    assert code == 2
    assert desk("list", "out")[1]["reports"] == []


def test_keys_and_salts_that_others_may_read_are_refused(desk: Say, tmp_path: Path) -> None:
    desk("enrol", "out", *PEOPLE, "--from", "lan.toml")
    (tmp_path / "people-keys" / "finder-all.key").chmod(0o644)
    assert "mode 0644, that others may read" in desk("enrol", "out", *PEOPLE, "--from", "lan.toml")[1]["fault"]
    name = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg"))[1]["report"]
    (tmp_path / "review.salt").chmod(0o640)
    words = ("review", "out", name, "--by", "Binh", "--finding", "upheld", "--reason", "x", "--salt", "review.salt")
    assert "a salt with mode 0640" in desk(*words)[1]["fault"]
    assert "a file already" in desk("salt", "review.salt")[1]["fault"]


def test_a_reporter_is_read_from_stdin_and_forgotten_on_request(desk: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(LAN))
    lan = desk("enrol", "out", *PEOPLE, "--from", "-")[1]["reporter"]
    assert desk("forget-reporter", "out", lan, *PEOPLE, "--by", "Hoa", "--reason", "on request") == (0, {"reporter": lan, "forgotten": True})
    assert "never enrolled here, or forgotten" in desk("forget-reporter", "out", lan, *PEOPLE, "--by", "Hoa", "--reason", "on request")[1]["fault"]
    assert sorted(path.name for path in (tmp_path / "people").iterdir()) == ["identities.lock"]


def test_another_payout_for_a_known_document_needs_change_by_and_reason(desk: Say, tmp_path: Path) -> None:
    enrol = ("enrol", "out", *PEOPLE, "--from", "lan.toml")
    lan = desk(*enrol)[1]["reporter"]
    (tmp_path / "lan.toml").write_text(LAN.replace("bank 42", "bank 666"))
    code, told = desk(*enrol)
    assert (code, "enrolled already, with another payout" in told["fault"]) == (2, True)
    for words in (("--change",), ("--change", "--by", "Mai"), ("--by", "Mai", "--reason", "x")):
        assert "all three to change" in desk(*enrol, *words)[1]["fault"]
    assert "wanted a person" in desk(*enrol, "--change", "--by", "machine:x", "--reason", "x")[1]["fault"]
    assert desk(*enrol, "--change", "--by", "Mai", "--reason", "asked in person") == (0, {"reporter": lan})
    assert desk(*enrol) == (0, {"reporter": lan})


@pytest.mark.parametrize("text", ["", 'name = "Lan"', "name = [", 'name = "Lan"\ndocument = 5\ncontact = "x"'])
def test_what_is_no_identity_is_one_line(desk: Say, tmp_path: Path, text: str) -> None:
    (tmp_path / "lan.toml").write_text(text)
    code, told = desk("enrol", "out", *PEOPLE, "--from", "lan.toml")
    assert code == 2
    assert "lan.toml" in told["fault"] or "identity" in told["fault"]


def test_duplicates_are_put_to_the_first_and_taken_up_again(desk: Say) -> None:
    first = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg"))[1]["report"]
    second = desk("file", *filing("00000000000000a2", "3.jpg", "4.jpg"))[1]["report"]
    assert [each["report"] for each in desk("show", "out", second)[1]["alike"]] == [first]
    for name in (first, second):
        desk("triage", "out", name, "--by", "An")
    assert desk("duplicate", "out", second, "--of", first, "--by", "An")[1]["of"] == first
    assert desk("reject", "out", first, "--by", "An", "--reason", "unreadable")[1]["state"] == "rejected"
    assert desk("reopen", "out", second, "--by", "An")[1]["state"] == "triaged"
    assert desk("reject", "out", second, "--by", "An", "--reason", "dislike")[0] == 2
    assert desk("lapse", "out", "--scheme", "jinan-like") == (0, {"lapsed": []})
    assert "0 reports that begin so" in desk("show", "out", "zz")[1]["fault"]


def test_money_and_looks_are_by_people_and_a_case_has_one_name(desk: Say, tmp_path: Path, database_url: str) -> None:
    fault = desk("fund", "out", "--scheme", "jinan-like", "--amount-minor", "5", "--key", "2", "--by", "machine:x")[1]["fault"]
    assert "wanted a person" in fault
    name = desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg"))[1]["report"]
    view = ("view", "out", name, "--media", "1", "--to", "copy.jpg", "--reason", "backup")
    assert "wanted a person" in desk(*view, "--by", "machine:backup")[1]["fault"]
    assert not (tmp_path / "copy.jpg").exists()
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        vault.dossiers.add("case", "c-5f0c12ab34cd", [Step(0, "opened", Stamp(time.time_ns()), "machine:x", {})])
        assert list(vault.looks(subject=None)) == []
    desk("triage", "out", name, "--by", "An")
    desk("accept", "out", name, "--by", "An", "--case", "c-5f0c12")
    with Vault.open(tmp_path / "out" / "vault", "reports", database_url=database_url) as vault:
        assert read(vault, name).case == "c-5f0c12ab34cd"


def test_a_name_is_no_pseudonym_and_with_the_identity_vault_an_unknown_one_is_refused(desk: Say) -> None:
    code, told = desk("file", *filing("Nguyen Real Name", "1.jpg", "2.jpg"))
    assert (code, "no pseudonym" in told["fault"], "Nguyen" in told["fault"]) == (2, True, False)
    lan = desk("enrol", "out", *PEOPLE, "--from", "lan.toml")[1]["reporter"]
    assert "never enrolled here, or forgotten" in desk("file", *filing("00000000000000a1", "1.jpg", "2.jpg"), *PEOPLE)[1]["fault"]
    assert "--people-keys: not given" in desk("file", *filing(lan, "1.jpg", "2.jpg"), *PEOPLE[:2])[1]["fault"]
    assert "--people: no folder nowhere" in desk("file", *filing(lan, "1.jpg", "2.jpg"), "--people", "nowhere", *PEOPLE[2:])[1]["fault"]
    assert desk("file", *filing(lan, "1.jpg", "2.jpg"), *PEOPLE)[0] == 0


def test_a_state_that_is_none_is_refused_with_the_names_of_those_there_are(desk: Say) -> None:
    code, told = desk("list", "out", "--state", "nonsense")
    assert code == 2
    assert "--state: no state 'nonsense'; wanted one of received, triaged, duplicate, rejected, accepted" in told["fault"]
    assert desk("list", "out", "--state", "received")[0] == 0
