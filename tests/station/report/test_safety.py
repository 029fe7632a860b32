"""The page of judged trajectories: whole, inert, and honest about what was not judged."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from catseye.station.judging import run_judge
from catseye.station.site import load_site

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "br", "link", "img", "hr", "input"}
GROUND = """
[site]
id = "road"
[[camera]]
id = "cam"
[[camera.line]]
id = "line"
m = [[0, -6], [0, 6]]
[[camera.rule]]
kind = "speeding"
limit_kmh = 30
[[camera.rule]]
kind = "near-miss"
"""
PICTURE = """
[site]
id = "px"
[[camera]]
id = "cam"
[[camera.line]]
id = "line"
px = [[400, 0], [400, 500]]
[[camera.zone]]
id = "all"
px = [[0, 100], [800, 100], [800, 600], [0, 600]]
heading = [[800, 300], [0, 300]]
[[camera.rule]]
kind = "wrong-way"
[[camera.rule]]
kind = "near-miss"
"""


class Tags(HTMLParser):
    """Tags with their attributes, all text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.open, self.said = list[tuple[str, dict[str, str | None]]](), list[str](), ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data

    def of(self, tag: str, look: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag and look in (attrs.get("class") or "").split()]


def judged(tmp_path: Path, site: str, tracks: Path) -> Tags:
    (tmp_path / "site.toml").write_text(site)
    run_judge(load_site(tmp_path / "site.toml"), tracks, tmp_path / "out", camera=None, signals=None)
    text = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script" not in text
    return Tags(text)


def drive(tmp_path: Path, names: tuple[str, ...]) -> Path:
    """Cars 12 m apart at 50 km/h, the last one at 90."""
    steps = []
    for n in range(60):
        rows = "".join(
            f'<vehicle id="{name}" x="{-40 - 12 * which + n * (5.0 if which == len(names) - 1 else 2.8):.2f}" y="0" angle="90" type="passenger" '
            f'speed="{25.0 if which == len(names) - 1 else 14.0}"/>'
            for which, name in enumerate(names)
        )
        steps.append(f'<timestep time="{n / 5:.1f}">{rows}</timestep>')
    (tmp_path / "fcd.xml").write_text(f"<fcd-export>{''.join(steps)}</fcd-export>")
    return tmp_path / "fcd.xml"


def test_on_the_ground_there_is_a_plan_in_metres_with_every_event(tmp_path: Path) -> None:
    page = judged(tmp_path, GROUND, drive(tmp_path, ("a", "b")))
    assert len(page.of("svg", "plan")) >= 1
    assert len(page.of("g", "mark-of")) >= 3, "two cars speeding, one of them into the other"
    assert "Speeds at the lines" in page.said
    assert "nothing ties it to true north" in page.said
    assert "The worst encounters" in page.said


def test_a_name_that_is_a_script_is_text_wherever_it_stands(tmp_path: Path) -> None:
    hostile = EVIL.replace("<", "&lt;").replace(">", "&gt;")
    page = judged(tmp_path, GROUND, drive(tmp_path, ("a", hostile)))
    assert EVIL in page.said


def test_in_a_picture_the_plan_is_in_pixels_and_says_what_could_not_be_judged(shared: Path, tmp_path: Path) -> None:
    page = judged(tmp_path, PICTURE, next((shared / "traffic" / "opentrafficcam").glob("Testvideo_Cars-Cyclist*.ottrk")))
    assert len(page.of("svg", "plan")) >= 1
    assert page.of("g", "plan-north") == []
    assert "nothing here is to scale" in page.said
    assert "not judged: it measures in metres, and the camera is not calibrated" in page.said
    assert "Where it happened" in page.said, "three go the wrong way"


@pytest.mark.parametrize("site", [GROUND, GROUND.partition("[[camera.line]]")[0]])
def test_trajectories_of_nobody_are_still_a_page(tmp_path: Path, site: str) -> None:
    (tmp_path / "fcd.xml").write_text('<fcd-export><timestep time="0.0"/></fcd-export>')
    assert "Nothing found beyond the doubt" in judged(tmp_path, site, tmp_path / "fcd.xml").said
