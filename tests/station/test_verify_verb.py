"""`catseye verify`, `catseye authority` and `catseye log prove` as their users meet them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cases.package.scenes import EVENT, NOW, Site, small_contents
from tests.support.clips import clip, payloads, remuxed

from catseye.station.cli import run
from catseye.vault.authority import read_certificate
from catseye.vault.vault import Vault
from catseye.vision.clip_packets import packet_list_of


@pytest.fixture
def site(tmp_path: Path) -> Site:
    with Vault.open(tmp_path / "out" / "vault") as vault:
        made = Site(tmp_path, vault)
        made.build()
    return made


def words(site: Site, *more: str, name: str = "case-1.zip") -> list[str]:
    return ["verify", str(site.folder / name), "--root", str(site.root_path), "--no-replay", *more]


def test_a_whole_package_is_told_check_by_check(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(site)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "(1) ✓ the container"
    assert said[8].startswith("(9) – the witness: not asked")
    assert said[-1].endswith("all that was asked holds")
    assert [line.partition(")")[0] for line in said[:17]] == [f"({number}" for number in range(1, 18)]


def test_a_changed_byte_is_told_with_its_file_and_the_exit_code_is_1(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    package = site.folder / "case-1.zip"
    data = bytearray(package.read_bytes())
    data[data.index(b"a redacted clip")] ^= 1
    package.write_bytes(data)
    assert run(words(site, "--json")) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["is_good"] is False
    found = {check["number"]: [fault["file"] for fault in check["faults"]] for check in said["checks"] if check["faults"]}
    assert found[3] == ["data/media/redacted/cam-1.mp4"]
    assert set(found) == {1, 3, 4}
    assert run(words(site)) == 1
    assert "(3) ✗ every file's hash\n      data/media/redacted/cam-1.mp4: SHA-256" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["package", "root", "missing", "witness", "proof", "opened"])
def test_what_is_no_package_or_no_root_is_wrong_use(site: Site, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    note = site.folder / "note.txt"
    note.write_text("not what was asked for")
    asked = {
        "package": words(site, name="note.txt"),
        "root": ["verify", str(site.folder / "case-1.zip"), "--root", str(note)],
        "missing": words(site, name="nothing.zip"),
        "witness": words(site, "--witness", str(note)),
        "proof": words(site, "--log-proof", str(note)),
        "opened": words(site, "--opened", str(site.folder / "nothing.mp4")),
    }
    assert run(asked[wrong]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "; wanted " in told.err


def test_a_witness_is_heard_and_a_proof_asked_for_and_given(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with Vault.open(site.folder / "out" / "vault") as vault:
        vault.keep_events([replace(EVENT, time_ns=5)])
        head = vault.sign_head(NOW.utc_ns + 5, site.signer.key)
    (site.folder / "head.json").write_text(head.to_json())
    witness = ("--witness", str(site.folder / "head.json"))
    assert run(words(site, *witness)) == 1
    assert "catseye log prove OUT --old 3 --new 4" in capsys.readouterr().out
    proof = str(site.folder / "proof.json")
    assert run(["log", "prove", str(site.folder / "out"), "--old", "3", "--new", "4", "--to", proof]) == 0
    assert run(words(site, *witness, "--log-proof", proof)) == 0
    assert run(["log", "prove", str(site.folder / "out"), "--old", "4", "--new", "9"]) == 2
    assert "wanted sizes of heads" in capsys.readouterr().err


def test_the_opened_original_is_held_against_what_was_sealed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    data = clip(count=25)
    with Vault.open(site.folder / "out" / "vault") as vault:
        site.with_vault(vault).build(small_contents(data, packet_list_of(data)), "clip.zip")
    files = {"same.mp4": data, "cut.mp4": remuxed(data, payloads(data)[:12]), "broken.mp4": data[:2000]}
    for name, content in files.items():
        (site.folder / name).write_bytes(content)
    asked = {name: words(site, "--opened", str(site.folder / name), name="clip.zip") for name in files}
    assert run(asked["same.mp4"]) == 0
    assert run(asked["cut.mp4"]) == 1
    assert "cut off at the end" in capsys.readouterr().out
    assert run(asked["broken.mp4"]) == 1
    assert "not one packet can be read out of it" in capsys.readouterr().out


def test_an_authority_is_made_and_certifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority, signer = str(tmp_path / "authority"), str(tmp_path / "signer.pem")
    assert run(["authority", "root", authority, "--name", "Road Authority", "--from", "2026-01-01", "--until", "2046-01-01"]) == 0
    assert run(["log", "key", signer]) == 0
    certify = ["authority", "certify", f"{signer}.pub", "--authority", authority, "--site", "junction-7", "--to", str(tmp_path / "signer.crt.pem")]
    capsys.readouterr()
    assert run([*certify, "--from", "2026-02-01", "--until", "2027-02-01T00:00:00+07:00", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["from"], said["until"]) == ("2026-02-01T00:00:00.000Z", "2027-01-31T17:00:00.000Z")
    assert read_certificate(tmp_path / "signer.crt.pem").name == "junction-7"
    assert run([*certify, "--from", "2026-02-01"]) == 2  # never replaced
    assert run([*certify[:-1], str(tmp_path / "late.pem"), "--until", "2050-01-01"]) == 2
    assert run([*certify[:-1], str(tmp_path / "odd.pem"), "--until", "tomorrow"]) == 2
    assert "wanted a date as 2026-12-31" in capsys.readouterr().err
    assert run(["authority", "root", authority, "--name", "Another"]) == 2


def test_what_a_package_says_of_itself_moves_no_cursor(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    data = (site.folder / "case-1.zip").read_bytes()
    (site.folder / "case-1.zip").write_bytes(data.replace(b"data/case.json", b"data/\x1b[2J.json"))
    assert run(words(site)) == 1
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\x1b[2J" in told
