"""A package tells what the case says, and a case is submitted under no package but its own."""

from pathlib import Path

import pytest
from tests.cases.factories import HASH, HOA, LAN, MACHINE, MINH, later, opening, red_light
from tests.cases.packed import HOUSE, Authority

from catseye.cases import transitions as t
from catseye.cases.case import Case, after
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.cases.facts import Character
from catseye.cases.handover import contents_of, readings_of, review_of, verified_manifest
from catseye.vault.vault import Vault

NOW = later(60)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path, NOW)


def ready(desk: CaseDesk, **other: object) -> Case:
    case = desk.open(opening(reviewers_count=2, **other), MACHINE, later(5))
    for make in (
        lambda c: t.suggest_plate(c, "machine:ocr", "51F-123.4S", "ocr", later(6), (Character("5", 0.4),)),
        lambda c: t.confirm(c, LAN, "red", later(7)),
        lambda c: t.confirm(c, MINH, "red indeed", later(8)),
        lambda c: t.confirm_plate(c, HOA, "51F-123.45", later(9)),
    ):
        case = desk.take(case, make(case))
    return case


def test_a_package_of_the_case_passes_every_check_and_is_submitted(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    desk = CaseDesk(vault)
    case = ready(desk)
    digest = authority.package(vault, case, tmp_path / "p.zip", NOW)
    assert verified_manifest(case, tmp_path / "p.zip", authority.root) == digest
    sent = desk.take(case, t.submit(case, HOA, "police", digest, HASH, NOW))
    assert sent.decided.submission is not None
    assert sent.decided.submission.manifest_sha256 == digest
    assert vault.log_faults() == []


def test_a_flipped_byte_is_refused_with_its_file(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    case = ready(CaseDesk(vault))
    authority.package(vault, case, tmp_path / "p.zip", NOW)
    content = bytearray((tmp_path / "p.zip").read_bytes())
    at = content.index(b"a redacted clip")
    content[at] ^= 1
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(CaseError, match=r"data/media/redacted/cam-1\.mp4"):
        verified_manifest(case, tmp_path / "p.zip", authority.root)


def test_a_package_by_a_signer_of_another_authority_is_refused(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    case = ready(CaseDesk(vault))
    authority.package(vault, case, tmp_path / "p.zip", NOW)
    with pytest.raises(CaseError, match="passes `catseye verify`"):
        verified_manifest(case, tmp_path / "p.zip", Authority.made(tmp_path, NOW, "other").root)


def test_the_package_of_another_case_is_refused(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    desk = CaseDesk(vault)
    case, other = ready(desk), ready(desk, event=red_light(subjects=("18",)))
    authority.package(vault, other, tmp_path / "p.zip", NOW)
    with pytest.raises(CaseError, match=f"wanted that of case {case.id}"):
        verified_manifest(case, tmp_path / "p.zip", authority.root)


def test_a_package_built_before_the_last_decision_is_refused(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    case = ready(CaseDesk(vault))
    authority.package(vault, case, tmp_path / "p.zip", NOW)
    case = after(case, t.confirm_plate(case, LAN, "51F-123.46", later(70), "it is a 6"))
    with pytest.raises(CaseError, match=r"readings\.json says otherwise"):
        verified_manifest(case, tmp_path / "p.zip", authority.root)


def test_no_package_is_made_of_a_case_that_nobody_decided(vault: Vault) -> None:
    case = CaseDesk(vault).open(opening(), MACHINE, later(5))
    with pytest.raises(CaseError, match="while it is detected"):
        contents_of(case, HOUSE, {}, {})


def test_what_the_machine_suggested_stands_apart_in_the_package(vault: Vault) -> None:
    case = ready(CaseDesk(vault))
    assert [each.who for each in review_of(case).decisions] == [LAN, MINH]
    assert b'"text":"51F-123.45"' in readings_of(case)
    assert readings_of(case).index(b'"confirmed"') < readings_of(case).index(b"51F-123.4S")


def test_looks_and_reports_are_the_custody_of_a_package(vault: Vault) -> None:
    case = ready(CaseDesk(vault))
    case = after(case, t.export(case, HOA, "to read it", {"r.pdf": HASH}, later(20)))
    assert [(line.role, line.action) for line in contents_of(case, HOUSE, {}, {}).custody] == [("machine", "opened"), ("person", "took a report")]
