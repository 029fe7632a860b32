"""From a junction's camera to a case that stands up: watched by the real network, confirmed by people, packed, verified, and fallen by one byte."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.journeys.conftest import Said

from catseye.station.demo import DemoScene, render_demo
from catseye.station.demo_case import DemoKeys, demo_keys

LIMIT_S, RUNS_S = "29", 23.7  # truth.json: who runs the light is over the western line then


@pytest.fixture(autouse=True)
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))


def site_text(scene: DemoScene, keys: DemoKeys) -> str:
    """The western arm alone, calibrated three days before; it happened yesterday."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    seen_px, ground_m = scene.site.camera.reference_points(10)
    points = ", ".join(f"{{px=[{x:.1f},{y:.1f}],m=[{e:.2f},{n:.2f}]}}" for (x, y), (e, n) in zip(seen_px.tolist(), ground_m.tolist(), strict=True))
    (west,) = (line for line in scene.lines if line.id == "west")
    return f"""
[site]
id = "demo"
timezone = "UTC"
[[camera]]
id = "junction"
source = "scene/{scene.video.name}"
start = {began.isoformat()}
[camera.calibration]
date = {began.date() - timedelta(days=3)}
points = [{points}]
[[camera.line]]
id = "west"
px = [[{west.begin_px[0]}, {west.begin_px[1]}], [{west.end_px[0]}, {west.end_px[1]}]]
[[camera.signal]]
id = "west-lamp"
timeline = "scene/{scene.phases["west"].name}"
[[camera.rule]]
kind = "red-light"
line = "west"
signal = "west-lamp"
[evidence]
recipients = ["{keys.recipient}"]
before_s = 3.0
after_s = 2.0
"""


def test_a_red_light_becomes_a_case_that_stands_up_and_falls_by_one_byte(catseye: Callable[..., Said], tmp_path: Path) -> None:
    keys = demo_keys(tmp_path)
    (tmp_path / "site.toml").write_text(site_text(render_demo(tmp_path / "scene", 45.0, 8.0), keys))
    watched = catseye("watch", "site.toml", "--out", "out", "--limit-s", LIMIT_S)
    assert watched.code == 0, watched.out + watched.err

    (found,) = json.loads(catseye("case", "list", "out", "--json").out)["cases"]
    case = found["case"]
    (event,) = [each for each in watched.events() if each["kind"] == "red-light"]
    assert event["time_s"] == pytest.approx(RUNS_S, abs=0.7)
    assert case == f"c-{str(event['id'])[:12]}"

    assert catseye("case", "confirm", "out", case, "--by", "Lê Hoa", "--reason", "the lamp is red on all stills").code == 0
    assert catseye("case", "plate", "out", case, "--text", "0000 DMO", "--by", "Trần Minh", "--reason", "as the authority read it").code == 0
    signed = ("--key", str(keys.signer_key), "--certificate", str(keys.signer_certificate))
    assert catseye("case", "package", "out", case, "--to", "case.zip", "--by", "Trần Minh", "--reason", "to the authority", *signed).code == 0

    good = catseye("verify", "case.zip", "--root", str(keys.root))
    assert good.code == 0, good.out
    assert [f"({number}) ✓" in good.out for number in range(1, 18) if number not in (9, 16)] == [True] * 15
    assert catseye("case", "submit", "out", case, "--by", "Trần Minh", "--to", "the authority", "--package", "case.zip", "--root", str(keys.root)).code == 0

    content = bytearray(Path("case.zip").read_bytes())
    content[len(content) // 2] ^= 1
    Path("changed.zip").write_bytes(content)
    bad = catseye("verify", "changed.zip", "--root", str(keys.root))
    assert bad.code == 1
    assert "(1) ✗ the container" in bad.out


def test_a_law_nobody_knows_is_told_before_anything_is_watched(catseye: Callable[..., Said], tmp_path: Path) -> None:
    keys = demo_keys(tmp_path)
    text = '[site]\nid = "s"\n[[camera]]\nid = "c"\nsource = "none.mp4"\n[evidence]\n'
    (tmp_path / "site.toml").write_text(f'{text}recipients = ["{keys.recipient}"]\njurisdiction = "atlantis"\n')
    said = catseye("watch", "site.toml", "--out", "out")
    assert said.code == 2
    assert "atlantis" in said.err
    assert not said.folder.exists(), "what is refused leaves no folder"
