"""The end of the demo: a case through all hands, its package checked with all that an authority has, and one byte that makes it fall."""

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.station.evidence.scenes import securing, site_in, taken_in

from catseye.cases.case import State
from catseye.cases.desk import CaseDesk
from catseye.station import demo_case
from catseye.station.demo_case import DemoKeys, demo_keys, run_case
from catseye.vault.vault import Vault


@pytest.fixture(autouse=True)
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))


def a_red_light(out: Path, detector: str = "yolox-nano") -> DemoKeys:
    """Yesterday's, secured in `out` for the demo's own authority."""
    keys = demo_keys(out)
    start = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    site = site_in(out, detector=detector, start=start, recipient=keys.recipient)
    assert securing(site, lambda: Vault.open(out / "vault", "run"))(taken_in(site)).troubles == ()
    return keys


def state_of(out: Path) -> State:
    with Vault.open(out / "vault") as vault:
        ((case,), _) = CaseDesk(vault).cases()
        return case.state


def test_from_detected_to_submitted_and_one_byte_makes_it_fall(tmp_path: Path) -> None:
    keys = a_red_light(tmp_path)
    outcome = run_case(tmp_path, keys)
    text = "\n".join(outcome.lines_of_text)
    assert outcome.exit_code == 0, text
    assert [f"({number}) ✓" in text for number in range(1, 18)] == [True] * 17
    assert "(1) ✗ the container" in text
    assert outcome.lines_of_text[-1] == "refused, as it must be"
    assert (outcome.summary["verified"], outcome.summary["flipped_refused"]) == (True, True)
    assert state_of(tmp_path) is State.SUBMITTED
    assert {path.suffix for path in (tmp_path / "case").iterdir()} == {".json", ".pdf"}
    again = run_case(tmp_path, keys)
    assert again.exit_code == 0
    assert "is submitted already, by an earlier demo in this folder" in again.lines_of_text[0]


def test_the_original_is_in_the_clear_with_the_authority_alone(tmp_path: Path) -> None:
    keys = a_red_light(tmp_path)
    outcome = run_case(tmp_path, keys)
    original = (tmp_path / "authority" / "original.mp4").read_bytes()
    with zipfile.ZipFile(outcome.summary["package"]) as archive:
        held = [archive.read(name) for name in archive.namelist()]
    middle = original[len(original) // 2 :][:64]
    assert not any(middle in content for content in held)
    others = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "authority"]
    assert not any(middle in path.read_bytes() for path in others)
    assert keys.identity.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("step", ["take_picture", "confirm_plate", "sign_log", "package_case", "submit_case"])
def test_stopped_on_the_way_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    keys = a_red_light(tmp_path)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(demo_case, step, stopped)
        run_case(tmp_path, keys)
    assert run_case(tmp_path, demo_keys(tmp_path)).exit_code == 0
    assert state_of(tmp_path) is State.SUBMITTED


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = demo_keys(tmp_path)
    assert demo_keys(tmp_path) == keys
    assert keys.recipient.startswith("age1")


def test_without_a_network_there_is_a_case_and_no_package(tmp_path: Path) -> None:
    outcome = run_case(tmp_path, a_red_light(tmp_path, "motion"))
    assert (outcome.exit_code, state_of(tmp_path)) == (0, State.DETECTED)
    assert "it is not packed: without a network nobody knows where faces are" in outcome.lines_of_text[0]


def test_without_a_red_light_there_is_no_case(tmp_path: Path) -> None:
    Vault.open(tmp_path / "vault", "run").close()
    assert run_case(tmp_path, demo_keys(tmp_path)).lines_of_text == ["no red light was run, so there is no case"]
