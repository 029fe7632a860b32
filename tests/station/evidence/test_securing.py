"""A violation becomes one case with one original and one copy, wherever it is killed and however often it is tried; what cannot be had is said."""

import base64
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyrage
import pytest
from tests.station.evidence.scenes import IDENTITY, NOW, clip_ring, securing, site_in, taken_in, way_of
from tests.support.clips import payloads
from tests.vault.conftest import database_url, open_vault

from catseye.cases import transitions
from catseye.cases.case import CASE, Case
from catseye.cases.desk import CaseDesk
from catseye.core.finding import Violation
from catseye.core.grant import Grant
from catseye.core.sealed import RedactedMedia
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.evidence import securing as securing_module
from catseye.station.evidence.line_evidence import Secured
from catseye.station.evidence.securing import EVIDENCE
from catseye.vault.dossiers import Dossiers
from catseye.vault.kept_for import KeptFor
from catseye.vault.media import Media
from catseye.vault.vault import Vault
from catseye.vision.evidence import Clip, RedactedCopy
from catseye.vision.ring import PacketRing

__all__ = ["database_url", "open_vault"]  # fixtures
VICTIM = Path(__file__).with_name("evidence_victim.py")
OpenVault = Callable[..., Vault]
KILLS_COUNT = 5
NAMES = ["original.mp4", "redacted.mp4", "still-1.jpg", "still-2.jpg", "still-3.jpg"]


class Killed(BaseException):
    """As a kill would: nothing after it runs."""


@pytest.fixture
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))


def the_case(vault: Vault) -> Case:
    (case,), faults = CaseDesk(vault).cases()
    assert faults == []
    return case


def names_kept(vault: Vault, case: Case) -> list[str]:
    return [ref.name.removeprefix(f"{case.id}/") for ref in vault.media.refs()]


def looked_at(vault: Vault, name: str) -> bytes:
    now = Stamp(time.time_ns())
    with vault.media.open(vault.media.ref(name), Grant("authority", "case", now.plus_ns(NS_PER_S)), now, "to open it") as file:
        return file.read()


def kept_facts(vault: Vault, case: Case) -> dict[str, Any]:
    (step,) = vault.dossiers.steps(EVIDENCE, case.id)
    return dict(step.facts)


@pytest.mark.usefixtures("weights")
def test_one_case_one_original_one_copy_and_a_second_run_doubles_nothing(tmp_path: Path, open_vault: OpenVault) -> None:
    site = site_in(tmp_path, detector="yolox-nano")
    make = securing(site, open_vault)
    first = make(taken_in(site))
    assert (first.notes, first.troubles) == ((), ())
    with open_vault() as vault:
        case = the_case(vault)
        assert [(media.role, media.ref) for media in case.media] == [
            ("original", f"{case.id}/original.mp4"),
            ("clip", f"{case.id}/redacted.mp4"),
            *(("still", f"{case.id}/still-{number}.jpg") for number in (1, 2, 3)),
        ]
        assert names_kept(vault, case) == NAMES
        size_count = vault.log_size_count()
    again = make(taken_in(site))
    assert replace(again, cpu_s=0.0) == replace(first, cpu_s=0.0)
    with open_vault() as vault:
        assert (names_kept(vault, the_case(vault)), vault.log_size_count()) == (NAMES, size_count)
        assert list(vault.log_faults()) == []


def test_only_the_authority_opens_the_original_and_it_is_what_the_camera_sent(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    ring = clip_ring()
    securing(site, open_here)(taken_in(site, ring))
    with open_here() as vault:
        case = the_case(vault)
        with vault.media.open(
            vault.media.ref(f"{case.id}/original.mp4"), Grant("authority", "case", NOW.plus_ns(10**12)), NOW.plus_ns(10**10), "to open it"
        ) as file:
            cipher = file.read()
        facts = kept_facts(vault, case)
    plain = pyrage.decrypt(cipher, [IDENTITY])
    assert len(payloads(plain)) == len(ring.cut(NS_PER_S, round(3.5 * NS_PER_S)))
    assert facts["original"]["recipients"] == [str(IDENTITY.to_public())]
    packets = json.loads(base64.b64decode(facts["files"]["media/original/original.mp4.packets.json"]))
    assert sum(len(gop["packets"]) for gop in packets["gops"]) == len(payloads(plain))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(cipher, [pyrage.x25519.Identity.generate()])


STEPS = [
    (Media, "keep_sealed", "before", 1),
    (Media, "keep_sealed", "after", 1),
    (securing_module, "clip_copy", "before", 1),
    (securing_module, "clip_copy", "after", 1),
    (Media, "keep_redacted", "after", 1),
    (Media, "keep_redacted", "after", 3),
    (Media, "keep_redacted", "after", 4),
    (securing_module, "excerpt_of", "after", 1),
    (CaseDesk, "open", "before", 1),
    (CaseDesk, "open", "after", 1),
    (Dossiers, "add", "after", 1),
    (Dossiers, "add", "after", 2),
]


@contextmanager
def killed_at(where: object, name: str, moment: str, number: int) -> Iterator[None]:
    """The nth call of a step does not come back, or is not begun."""
    real, calls = getattr(where, name), []

    def step(*words: Any, **named: Any) -> Any:
        calls.append(name)
        if len(calls) == number and moment == "before":
            raise Killed(name)
        done = real(*words, **named)
        if len(calls) == number:
            raise Killed(name)
        return done

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(where, name, step)
        yield


def copied_at_once(violation: Violation, clip: Clip, to: Path, **_: Any) -> RedactedCopy:
    """Stands for the copy where it is not about what is in it; as the real one, it is never twice the same."""
    media = []
    for path in (to, *(to.with_name(f"{to.stem}-still-{number}.jpg") for number in (1, 2, 3))):
        content = f"{path.name} {uuid4()}".encode()
        path.write_bytes(content)
        media.append(RedactedMedia(path, "video/mp4", hashlib.sha256(content).hexdigest(), len(content), clip.sha256, b"{}\n"))
    return RedactedCopy(media[0], tuple(media[1:]), 1, 0)


@pytest.mark.parametrize(("where", "name", "moment", "number"), STEPS, ids=[f"{moment}-{name}-{number}" for _, name, moment, number in STEPS])
def test_killed_at_any_step_and_run_again_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, moment: str, number: int
) -> None:
    monkeypatch.setattr(securing_module, "clip_copy", copied_at_once)

    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path, detector="yolox-nano")
    make = securing(site, open_here)
    with killed_at(where, name, moment, number):
        make(taken_in(site))
    assert make(taken_in(site)).troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        assert names_kept(vault, case) == NAMES
        assert [media.ref.removeprefix(f"{case.id}/") for media in case.media] == NAMES
        assert set(kept_facts(vault, case)["files"]) >= {"measurement/points.parquet", "media/original/original.mp4.packets.json"}
        assert len(case.steps) == 1
        assert list(vault.log_faults()) == []
        originals = {ref.original_sha256 for ref in vault.media.refs(f"{case.id}/")}
        assert originals == {kept_facts(vault, case)["original"]["sha256"]}
    assert not any((tmp_path / "vault" / "staging").glob("*/*"))


def test_kill_nine_at_any_moment_and_run_again_it_is_one_case_with_one_original(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, VICTIM, tmp_path, str(KILLS_COUNT)], stdout=subprocess.PIPE, text=True) as victims:
        assert victims.stdout is not None
        ended = [int(line.removeprefix("ended ")) for line in victims.stdout if line.startswith("ended")]
    assert len(ended) == 2 * KILLS_COUNT
    assert ended[::2].count(-signal.SIGKILL) >= KILLS_COUNT // 2, "most were killed at work"
    assert ended[1::2] == [0] * KILLS_COUNT
    for folder in sorted(tmp_path.glob("vault-*")):
        with Vault.open(folder) as vault:
            case = the_case(vault)
            assert names_kept(vault, case) == ["original.mp4"]
            assert [media.role for media in case.media] == ["original"]
            assert kept_facts(vault, case)["replay_fault"] == ""
            assert list(vault.log_faults()) == []
        assert not any((folder / "staging").glob("*/*"))


def test_two_that_watch_the_same_file_make_one_case(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    real, others = securing_module.cut_clip, [1]

    def cut_after_the_other(*words: Any, **named: Any) -> Any:
        if others:
            others.clear()
            assert securing(site, open_here)(taken_in(site)).troubles == ()
        return real(*words, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(securing_module, "cut_clip", cut_after_the_other)
        assert securing(site, open_here)(taken_in(site)).troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        assert names_kept(vault, case) == ["original.mp4"]
        assert len(case.steps) == 1
        kept_facts(vault, case)


def test_by_motion_there_is_no_copy_and_the_case_says_so(tmp_path: Path, open_vault: OpenVault) -> None:
    site = site_in(tmp_path)
    assert securing(site, open_vault)(taken_in(site)).troubles == ()
    with open_vault() as vault:
        case = the_case(vault)
        assert [media.role for media in case.media] == ["original"]
        assert case.opening.device.notes == ("no redacted copy and no stills: without a network nobody knows where faces are",)


@pytest.mark.parametrize(
    ("ring", "lost", "said"), [(PacketRing(1.0, 1, "cam-1"), "", "the ring holds no picture"), (None, "too many at once", "too many at once")]
)
def test_a_violation_without_a_clip_is_still_a_case(tmp_path: Path, ring: PacketRing | None, lost: str, said: str) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    (trouble,) = securing(site, open_here)(taken_in(site, ring, lost=lost)).troubles
    assert said in trouble
    with open_here() as vault:
        case = the_case(vault)
        assert case.media == ()
        assert any(said in note for note in case.opening.device.notes)
        assert "measurement/points.parquet" in kept_facts(vault, case)["files"]


def test_a_stream_of_single_pictures_is_cut_as_well(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    assert securing(site, open_here)(taken_in(site, clip_ring(codec="mjpeg"))).troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        assert [(media.ref, media.media_type) for media in case.media] == [(f"{case.id}/original.mov", "video/quicktime")]


def test_a_case_that_was_opened_without_media_gets_them(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    make, taken = securing(site, open_here), taken_in(site)
    with open_here() as vault:
        opened = CaseDesk(vault).open(make.openings.of_event("run", taken.violation.event), "machine:catseye case open", NOW)
        assert opened.media == ()
    assert make(taken).troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        assert [media.role for media in case.media] == ["original"]
        assert [step.kind for step in case.steps] == ["opened", "attached"]


def test_what_people_decided_before_stands_and_is_told(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    make, taken = securing(site, open_here), taken_in(site)
    with open_here() as vault:
        desk = CaseDesk(vault)
        case = desk.open(make.openings.of_event("run", taken.violation.event), "machine:catseye case open", NOW)
        desk.take(case, transitions.dismiss(case, "Lê Hoa", "the lamp was broken", NOW))
    made = make(taken)
    assert made.troubles == ()
    assert "is not added" in made.notes[0]
    with open_here() as vault:
        assert the_case(vault).state == "dismissed"


def test_a_case_that_was_forgotten_is_not_made_again(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    make = securing(site, open_here)
    case = make(taken_in(site)).case
    with open_here() as vault:
        vault.retention.forget(Stamp(time.time_ns() + 40 * 86_400 * NS_PER_S), KeptFor(), {"red-light"})
    again = make(taken_in(site))
    assert (again.notes, again.troubles) == ((f"case {case} was forgotten: nobody opens it again",), ())
    with open_here() as vault:
        assert (list(vault.media.refs()), CaseDesk(vault).cases()[0]) == ([], [])


def test_another_cut_of_the_same_violation_never_replaces_the_first(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    with killed_at(CaseDesk, "open", "before", 1):
        securing(site, open_here)(taken_in(site))
    assert securing(site, open_here)(taken_in(site, clip_ring(3.0))).troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        (media,) = case.media
        assert media.ref.startswith(f"{case.id}/original-")
        assert sorted(names_kept(vault, case)) == sorted(["original.mp4", media.ref.removeprefix(f"{case.id}/")])
        assert f"media/original/{media.ref.removeprefix(f'{case.id}/')}.packets.json" in kept_facts(vault, case)["files"]


def test_the_plate_of_nobody_but_the_violator_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a failure to yield the walker, or another driver, is a subject too."""

    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    read = []
    monkeypatch.setattr(securing_module.plates, "read", lambda *words, **named: read.append(words))
    site = site_in(tmp_path, evidence='country = "VN"')
    taken = taken_in(site)
    both = replace(taken.violation, event=replace(taken.violation.event, subjects=("7", "8")))
    (note, *_) = securing(site, open_here)(replace(taken, violation=both, ways=(way_of("8"),))).notes
    assert "the plate was not read: nobody knows where track 7 was in the picture" in note
    assert read == []


@pytest.mark.usefixtures("weights")
def test_crops_of_a_plate_no_model_reads_are_sealed_for_the_operator(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path, evidence='country = "VN"')
    taken = taken_in(site)
    way = replace(way_of(), box_px=way_of().box_px * 0 + (100, 0, 600, 350))
    made: Secured = securing(site, open_here)(replace(taken, ways=(way,)))
    assert made.troubles == ()
    with open_here() as vault:
        case = the_case(vault)
        crops = [media for media in case.media if media.role == "plate"]
        assert crops
        assert case.suggested == ()
        assert kept_facts(vault, case)["plate"]["why"] == "no model reads plates of 'VN'"
        assert pyrage.decrypt(looked_at(vault, crops[0].ref), [IDENTITY]).startswith(b"\x89PNG")


def test_the_case_names_the_signal_as_it_was_judged(tmp_path: Path) -> None:
    def open_here() -> Vault:
        return Vault.open(tmp_path / "vault")

    site = site_in(tmp_path)
    securing(site, open_here)(taken_in(site))
    with open_here() as vault:
        opening = the_case(vault).opening
        assert [(each.signal, each.state, each.begin_ns) for each in opening.signals] == [("lamp", "red", 0)]
        assert vault.dossiers.steps(CASE, the_case(vault).id)[0].by == "machine:catseye watch"


def test_cameras_beside_each_other_make_a_case_each(tmp_path: Path, open_vault: OpenVault) -> None:
    site = site_in(tmp_path)
    takens = [taken_in(site) for _ in range(4)]
    apart = [replace(taken, violation=Violation(replace(taken.violation.event, lineage=f"street-{number}.mp4"))) for number, taken in enumerate(takens)]
    open_vault().close()
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(securing(site, open_vault), apart))
    assert [each.troubles for each in made] == [()] * 4
    with open_vault() as vault:
        cases, faults = CaseDesk(vault).cases()
        assert (len(cases), faults, list(vault.log_faults())) == (4, [], [])
        assert len(vault.media.refs()) == 4
