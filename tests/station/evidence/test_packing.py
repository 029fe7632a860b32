"""The package of a secured case passes every check, and says of everybody who looked at it that they did."""

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyrage
import pytest
from tests.cases.packed import Authority
from tests.station.evidence.scenes import IDENTITY, securing, site_in, taken_in, way_of

from catseye.cases import transitions
from catseye.cases.case import Case
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.cases.opening import MediaReference
from catseye.cases.package.checks import Asked, OpenedClip
from catseye.cases.package.verify import Verdict, verify_package
from catseye.core.sealed import RedactedMedia
from catseye.core.time import Stamp
from catseye.station.case_media import custody_of
from catseye.station.evidence.packing import Packer
from catseye.station.replaying import house_replay
from catseye.vault.vault import Vault
from catseye.vision.clip_packets import packet_list_of
from catseye.vision.ring import PacketRing

REVIEWER, OPERATOR = "Nguyễn Thị Lan", "Trần Minh"


@dataclass(frozen=True)
class Office:
    """A folder with a vault, and an authority."""

    folder: Path
    authority: Authority

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        with Vault.open(self.folder / "vault") as opened:
            yield opened

    def packer(self, vault: Vault) -> Packer:
        return Packer(vault, OPERATOR, "to the authority", Stamp(time.time_ns()))

    def packed(self, name: str = "case.zip") -> Path:
        with self.vault() as vault:
            return self.packer(vault).pack(the_case(vault), self.folder / name, self.authority.signer).path

    def verified(self, package: Path, opened: bytes | None = None) -> Verdict:
        clip = None if opened is None else OpenedClip("original.mp4", hashlib.sha256(opened).hexdigest(), packet_list_of(opened).packets)
        return verify_package(package, Asked(self.authority.root, {}, [], clip, house_replay()))


def the_case(vault: Vault) -> Case:
    (case,), _ = CaseDesk(vault).cases()
    return case


def decided(vault: Vault, case: Case) -> Case:
    desk = CaseDesk(vault)
    case = desk.take(case, transitions.confirm(case, REVIEWER, "red on all stills", Stamp(time.time_ns())))
    return desk.take(case, transitions.confirm_plate(case, OPERATOR, "51F-123.45", Stamp(time.time_ns()), "read by the authority"))


def an_office(folder: Path, *, evidence: str = "", detector: str = "yolox-nano", ring: PacketRing | None = None) -> Office:
    office = Office(folder, Authority.made(folder, Stamp(time.time_ns())))
    site = site_in(folder, detector=detector, evidence=evidence)
    way = replace(way_of(), box_px=way_of().box_px * 0 + (100, 0, 600, 350))
    securing(site, lambda: Vault.open(folder / "vault"))(taken_in(site, ring, ways=(way,)))
    return office


@pytest.fixture(scope="module")
def office(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One whole case, with crops of its plate, confirmed and ready."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATSEYE_MODELS", str(models))
        made = an_office(tmp_path_factory.mktemp("office"), evidence='country = "VN"')
    with made.vault() as vault:
        decided(vault, the_case(vault))
    return made


@pytest.fixture(scope="module")
def package(office: Office) -> Path:
    return office.packed()


def test_it_passes_every_check_that_needs_nobody_from_outside(office: Office, package: Path) -> None:
    verdict = office.verified(package)
    assert verdict.faults == ()
    assert {check.number for check in verdict.checks if check.state != "passed"} == {9, 16}, "no witness, and nobody opened the original"


def test_the_original_as_the_authority_opens_it_is_the_one_that_was_sealed(office: Office, package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        opened = pyrage.decrypt(archive.read("data/media/original/original.mp4.age"), [IDENTITY])
    verdict = office.verified(package, opened)
    assert next(check.state for check in verdict.checks if check.number == 16) == "passed"
    assert verdict.is_good


def test_everything_that_was_kept_is_in_it(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        frames = json.loads(archive.read("data/measurement/plate-frames.json"))
    wanted = {"original/original.mp4.age", "original/original.mp4.packets.json", "redacted/redacted.mp4", "redaction_log.jsonl"}
    assert {f"data/media/{name}" for name in (*wanted, "stills/still-1.jpg", "stills/still-2.jpg", "stills/still-3.jpg")} <= names
    assert {"data/signal/signal-1.csv", "data/measurement/points.parquet", "data/measurement/site.toml"} <= names
    crops = [name for name in names if name.startswith("data/plate/plate-")]
    assert len(crops) == len(frames["frames"]) > 0


def test_the_custody_has_every_look_also_those_of_the_packing(office: Office, package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        said = [json.loads(line) for line in archive.read("data/custody.jsonl").splitlines()]
    with office.vault() as vault:
        case = the_case(vault)
        looked = [look for look in custody_of(vault, case) if look.who == OPERATOR]
    actions = [line["action"] for line in said]
    assert len(looked) == len(case.media) + 1, "each picture, and the redaction log"
    assert all(look.what in actions for look in looked)
    assert f"looked at the redaction log of {case.id}/redacted.mp4" in actions


def test_a_case_that_is_not_ready_is_not_looked_at(tmp_path: Path) -> None:
    office = an_office(tmp_path, detector="motion")
    with office.vault() as vault:
        with pytest.raises(CaseError, match="a package of it while it is detected; wanted one that is"):
            office.packer(vault).contents(the_case(vault))
        assert custody_of(vault, the_case(vault)) == ()


def test_a_case_without_a_clip_is_not_packed_and_says_why(tmp_path: Path) -> None:
    office = an_office(tmp_path, detector="motion", ring=PacketRing(1.0, 1, "cam-1"))
    with office.vault() as vault:
        decided(vault, the_case(vault))
        with pytest.raises(CaseError, match="no clip of it could be cut; wanted a case with its clip"):
            office.packer(vault).contents(the_case(vault))
        assert custody_of(vault, the_case(vault)) == ()


def test_a_case_that_was_opened_by_hand_alone_was_never_secured(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    with Vault.open(tmp_path / "vault") as vault:
        make = securing(site, lambda: Vault.open(tmp_path / "vault"))
        opening = make.openings.of_event("run", taken_in(site).violation.event)
        case = decided(vault, CaseDesk(vault).open(opening, "machine:catseye case open", opening.event.when or Stamp(0)))
        with pytest.raises(CaseError, match="its evidence was never secured; wanted a site with"):
            Packer(vault, OPERATOR, "to the authority", Stamp(time.time_ns())).contents(case)


def test_a_picture_somebody_added_is_told_as_what_it_was_made_of(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a copy of the camera's own clip: check 11 says so, and the package is not built."""
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    office = an_office(tmp_path)
    now = Stamp(time.time_ns())
    with office.vault() as vault:
        case = the_case(vault)
        path = vault.media.staging() / "other.jpg"
        path.write_bytes(b"of another camera")
        media = RedactedMedia(path, "image/jpeg", hashlib.sha256(b"of another camera").hexdigest(), 17, "ab" * 32, b"{}\n")
        ref = vault.media.keep_redacted(media, f"{case.id}/other.jpg", now)
        added = MediaReference("still", ref.name, ref.media_type, ref.sha256, ref.size_bytes)
        decided(vault, CaseDesk(vault).take(case, transitions.attach(case, OPERATOR, (added,), now)))
        contents = office.packer(vault).contents(the_case(vault))
    made_of = {path: getattr(copy, "derived_from", "") for path, copy in contents.media.items()}
    assert made_of["data/media/stills/other.jpg"] == "ab" * 32
    assert made_of["data/media/stills/still-1.jpg"] == made_of["data/media/redacted/redacted.mp4"] != "ab" * 32


def test_packed_again_the_first_package_still_holds(office: Office, package: Path) -> None:
    again = office.packed("again.zip")
    assert [office.verified(each).is_good for each in (package, again)] == [True, True]
    with office.vault() as vault:
        assert list(vault.log_faults()) == []
