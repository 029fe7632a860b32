"""From a case to its package: complete, consistent, logged once, whole or not there."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cases.package.scenes import COPY, EVENT, HAPPENED, NOW, ORIGINAL, PACKETS, SEALED, STILLS, Site, at, packets_of_nothing, small_contents
from tests.cases.package.tamper import entries_of

from catseye.cases.package.bag import MOST_KEPT_BYTES, Bag
from catseye.cases.package.build import PackageContents
from catseye.cases.package.errors import CalibrationExpiredError, IncompletePackageError, PackageError
from catseye.cases.package.facts import (
    CONFIRMED,
    DISMISSED,
    AppealFacts,
    CalibrationFacts,
    CaseFacts,
    Copy,
    CustodyLine,
    Decision,
    DeviceFacts,
    Original,
    ReviewFacts,
    custody_bytes,
    custody_lines,
)
from catseye.core.errors import StoreError
from catseye.core.event import Event
from catseye.core.packets import PacketList
from catseye.vault.export import event_line
from catseye.vault.log_proofs import PACKAGE
from catseye.vault.vault import Vault

SUPPORT = Path(__file__).with_name("package_victim.py")


def without(contents: PackageContents, *paths: str) -> PackageContents:
    files = {path: content for path, content in contents.files.items() if path not in paths}
    media = {path: media for path, media in contents.media.items() if path not in paths}
    return replace(contents, files=files, media=media)


def packages_logged(site: Site) -> list[str]:
    with site.vault._database.reading() as connection:
        return [entry.subject for entry in site.vault.log.entries(connection, 0, 1000) if entry.kind == PACKAGE]


NEEDED = (ORIGINAL, COPY, STILLS[0], "data/media/redaction_log.jsonl", "data/plate/readings.json", "data/signal/signals.csv")
MEASURED = ("points.parquet", "site.toml", "event.json", "replay.txt", "measures.json")


@pytest.mark.parametrize("path", [*NEEDED, *(f"data/measurement/{name}" for name in MEASURED)])
def test_what_is_missing_is_named_and_nothing_is_written_or_logged(site: Site, path: str) -> None:
    with pytest.raises(IncompletePackageError) as refused:
        site.build(without(small_contents(), path))
    assert any(path.rpartition("/")[0] in missing for missing in refused.value.missing)
    assert not (site.folder / "case-1.zip").exists()
    assert packages_logged(site) == []


def test_an_expired_calibration_cannot_be_submitted(site: Site) -> None:
    for since, until in ((-1000, -1), (1, 1000)):
        calibration = replace(small_contents().calibration, since=at(since), until=at(until))  # type: ignore[type-var]  # not None
        with pytest.raises(CalibrationExpiredError, match="it happened"):
            site.build(small_contents(calibration=calibration))
    assert packages_logged(site) == []


def test_a_number_in_metres_needs_a_calibration_and_a_lamp_does_not(site: Site) -> None:
    with pytest.raises(IncompletePackageError, match=r"certificate\.json"):
        site.build(small_contents(calibration=None))
    seen = Event("red-light", "cam-1", EVENT.time_ns, EVENT.end_time_ns, HAPPENED, subjects=("17",), measures=EVENT.measures[:1])
    contents = small_contents(calibration=None)
    contents = replace(contents, case=replace(contents.case, event=seen.id))
    files = {**contents.files, "data/measurement/event.json": json.dumps(event_line(seen)).encode()}
    assert site.verify(site.build(replace(contents, files=files)).path).is_good


def test_what_does_not_fit_together_is_refused(site: Site) -> None:
    whole = small_contents()
    original = whole.media[ORIGINAL]
    assert isinstance(original, Original)
    copied = whole.media[COPY]
    assert isinstance(copied, Copy)
    one, other = whole.review.decisions

    def media(path: str, changed: Original | Copy) -> PackageContents:
        return replace(whole, media={**whole.media, path: changed})

    wrong = {
        "was sealed": media(ORIGINAL, replace(original, sealed_sha256="0" * 64)),
        "of camera cam-2": media(COPY, replace(copied, camera="cam-2")),
        "none of the sealed originals": media(COPY, replace(copied, derived_from="0" * 64)),
        "without a packet list": media(ORIGINAL, replace(original, packets=None)),
        "not sealed": replace(
            whole,
            files={**whole.files, ORIGINAL: b"\0\0\0\x18ftypisom"},
            media={**whole.media, ORIGINAL: replace(original, sealed_sha256=sha256(b"\0\0\0\x18ftypisom").hexdigest())},
        ),
        "in the clear": replace(whole, files={**whole.files, COPY: b"the clip in the clear"}),
        "of camera cam-3": replace(whole, device=replace(whole.device, camera="cam-3")),
        "the case is of": replace(whole, case=replace(whole.case, event="another")),
        "does not follow": replace(whole, files={**whole.files, PACKETS: replace(packets_of_nothing(), links=("0" * 64,) * 2).to_json()}),
        "no person decided": replace(whole, review=ReviewFacts(())),
        "two people": replace(whole, review=ReviewFacts(whole.review.decisions[:1])),
        "confirmed by An; the legal basis": replace(whole, review=ReviewFacts((one, replace(one, who="AN ", when=other.when)))),
        "confirmed by Binh; the legal basis": replace(whole, review=ReviewFacts((one, replace(one, decision=DISMISSED), other))),
        "had the last word": replace(whole, review=ReviewFacts((*whole.review.decisions, replace(whole.review.decisions[0], decision=DISMISSED)))),
        "decided the case before": replace(whole, appeal=AppealFacts("heard", reviewer="An")),
        "heard by AN., who decided": replace(whole, appeal=AppealFacts("heard", reviewer="AN.")),
        "nobody ever opened": replace(whole, custody=()),
        "after the package was signed": replace(whole, custody=(replace(whole.custody[0], when=NOW.plus_ns(1_000_000)),)),
        "after it was submitted or signed": replace(whole, review=replace(whole.review, submitted=at(10))),
        "stands there twice": replace(
            whole, files={**whole.files, "data/measurement/event.json": b'{"camera": "cam-2",' + bytes(whole.files["data/measurement/event.json"])[1:]}
        ),
        "is no number": replace(whole, files={**whole.files, "data/measurement/event.json": b'{"time_s": NaN}'}),
        "a place no file": replace(whole, files={**whole.files, "data/notes.txt": b""}),
        "where the builder writes": replace(whole, files={**whole.files, "data/case.json": b"{}"}),
        "not JSON": replace(whole, files={**whole.files, "data/measurement/event.json": b"?"}),
        "not to believe": replace(whole, files={**whole.files, "data/measurement/event.json": json.dumps(event_line(replace(EVENT, trusted=False))).encode()}),
    }
    for why, contents in wrong.items():
        with pytest.raises(PackageError, match=why):
            site.build(contents)
    assert packages_logged(site) == []
    assert not (site.folder / "case-1.zip").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "data\\x", "data/media/stills/../x.jpg", "manifest.json", "signature", "seal.json"])
def test_no_name_leads_out_of_a_package_or_over_its_signature(site: Site, name: str) -> None:
    contents = small_contents()
    with pytest.raises(PackageError):
        site.build(replace(contents, files={**contents.files, name: b"x"}))


def test_the_same_contents_are_logged_once_and_built_byte_for_byte_but_for_the_seal(site: Site) -> None:
    first = site.build()
    before = entries_of(first.path)
    again = site.build(now=at(100_000))
    after = entries_of(again.path)
    assert (first.manifest_sha256, first.seq) == (again.manifest_sha256, again.seq)
    assert len(packages_logged(site)) == 1
    assert {name for name in before if before[name] != after[name]} == {"seal.json"}
    assert site.verify(again.path).is_good
    assert site.vault.log_faults() == []


def test_other_contents_of_the_same_case_are_another_entry(site: Site) -> None:
    site.build()
    second = site.build(small_contents(appeal=AppealFacts("open", at(10**6))), now=at(100_000))
    assert len(set(packages_logged(site))) == 2
    assert site.verify(second.path).is_good


def test_a_signer_whose_certificate_is_of_another_key_or_does_not_hold_signs_nothing(site: Site) -> None:
    other = site.signer_with("other", at(-1000), at(1000))
    with pytest.raises(PackageError, match="of another key"):
        site.build(signer=replace(site.signer, certificate=other.certificate))
    for now in (at(1001), at(-1001)):
        with pytest.raises(PackageError, match="certified from"):
            site.build(signer=other, now=now)
    assert packages_logged(site) == []


def test_a_clock_set_back_signs_nothing(site: Site) -> None:
    with pytest.raises(PackageError, match="a clock that is right"):
        site.build(now=at(-1))
    site.vault.sign_head(at(50_000).utc_ns, site.signer.key)
    with pytest.raises(StoreError, match="not set back"):
        site.build(now=at(49_999))
    assert packages_logged(site) == []
    assert site.verify(site.build(now=at(50_000)).path).is_good


def test_a_file_that_changes_or_goes_meanwhile_is_refused(site: Site, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed"
    contents = small_contents()
    with pytest.raises(StoreError):
        site.build(replace(contents, files={**contents.files, ORIGINAL: sealed}))
    sealed.write_bytes(SEALED)
    assert site.build(replace(contents, files={**contents.files, ORIGINAL: sealed})).size_bytes


def test_a_disk_that_is_full_half_way_leaves_the_package_before_or_none(site: Site) -> None:
    """A process of its own, that may write files of 1.5 MB at most."""
    done = subprocess.run([sys.executable, str(SUPPORT), "full", str(site.folder)], capture_output=True, check=False, text=True)
    assert "StoreError" in done.stdout, done.stderr
    assert not (site.folder / "large.zip").exists()
    assert not list(site.folder.glob(".*unfinished"))


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_it_is_built_by_running_it_again(site: Site, seed: int) -> None:
    victim = subprocess.Popen([sys.executable, str(SUPPORT), "build", str(site.folder)], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    victim.stdout.readline()  # it is ready
    try:
        victim.wait(0.002 + 0.012 * seed)
    except subprocess.TimeoutExpired:
        victim.send_signal(signal.SIGKILL)
    victim.communicate()
    place = site.folder / "killed.zip"
    assert not place.exists() or site.verify(place).is_good
    built = site.build(victims_contents(site.folder), "killed.zip")
    assert site.verify(built.path).is_good
    assert len(packages_logged(site)) == 1
    assert not list(site.folder.glob(".*unfinished"))
    assert site.vault.log_faults() == []


def victims_contents(folder: Path) -> PackageContents:
    """As package_victim.py builds it."""
    contents = small_contents()
    return replace(contents, files={**contents.files, COPY: folder / "noise"})


@pytest.fixture(autouse=True)
def noise(site: Site) -> None:
    (site.folder / "noise").write_bytes(os.urandom(3_000_000))


def test_who_makes_a_package_does_not_say_how_much_memory_it_takes(site: Site) -> None:
    keep = Bag.keeper(1000)
    assert keep("data/case.json", 600)
    assert not keep("data/review.json", 600)
    assert keep("data/review.json", 400)
    assert not Bag.is_kept("data/media/original/x.packets.json", MOST_KEPT_BYTES + 1)
    assert not Bag.is_kept("data/media/redaction_log.jsonl", 1)
    long = json.dumps(event_line(EVENT)).encode() + b" " * MOST_KEPT_BYTES
    contents = small_contents()
    with pytest.raises(PackageError, match="facts are"):
        site.build(replace(contents, files={**contents.files, "data/measurement/event.json": long}))


def test_facts_are_read_back_as_they_were() -> None:
    whole = small_contents()
    facts = (whole.case, whole.review, whole.legal_basis, whole.appeal, whole.device, whole.calibration)
    for fact in facts:
        assert fact is not None
        assert type(fact).parse(bytes(fact)) == fact
    lines = [CustodyLine(str(n), "officer", "look", "review", "licence-1", at(n), "why") for n in range(5)]
    assert custody_lines(custody_bytes(lines)) == lines
    assert PacketList.from_json(packets_of_nothing().to_json()) == packets_of_nothing()


def test_a_custody_line_left_out_changed_or_moved_breaks_the_chain() -> None:
    lines = custody_bytes([CustodyLine(str(n), "officer", "look", "review", "licence-1", at(n), "why") for n in range(5)]).splitlines(keepends=True)
    for broken in (
        lines[1:],
        [*lines[:2], *lines[3:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
        [lines[0].replace(b'"why":"why"', b'"why":"who"'), *lines[1:]],
    ):
        with pytest.raises(ValueError, match=r"line \d: the line before"):
            custody_lines(b"".join(broken))
    assert len(custody_lines(b"".join(lines[:3]))) == 3  # its end alone is shown by the manifest


def test_a_decision_is_a_persons_and_has_a_reason() -> None:
    for who, role, reason in (("", "officer", "x"), ("An", "machine", "x"), ("An", "officer", " "), ("An", "", "x")):
        with pytest.raises(ValueError, match="wanted a person and a reason"):
            Decision(who, role, CONFIRMED, reason, at(0))


def test_this_house_never_vouches_for_a_cameras_own_signature() -> None:
    with pytest.raises(ValueError, match="present, not verified"):
        DeviceFacts("cam-1", "1", "fine", "SIGNED_OK")


def test_the_facts_of_a_case_keep_the_clocks_doubt() -> None:
    case = small_contents().case
    assert isinstance(case, CaseFacts)
    assert CaseFacts.parse(bytes(case)).when.doubt_ms == 12.0
    assert CalibrationFacts.parse(bytes(small_contents().calibration)).holds_at(NOW)  # type: ignore[arg-type]  # not None


def test_the_vaults_own_check_of_the_log_knows_packages(site: Site) -> None:
    site.build()
    assert site.vault.log_faults() == []
    site.vault.close()
    with Vault.open(site.folder / "vault") as opened:
        assert opened.log_faults() == []
