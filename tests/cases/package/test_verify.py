"""What a stranger finds out about a package."""

import re
from pathlib import Path

from tests.cases.package.scenes import Site, states

from catseye.cases.package.checks import ALL
from catseye.cases.package.layout import PARTS, UNLISTED, role_of

PAGE = (Path(__file__).parents[3] / "docs" / "design" / "evidence.md").read_text("utf-8")


def test_a_whole_package_passes_every_check_that_was_asked_for(standing: Site, package: Path) -> None:
    verdict = standing.verify(package)
    assert verdict.is_good, verdict.faults
    assert states(verdict) == {check.number: "not asked" if check.number in (9, 16, 17) else "passed" for check in ALL}
    assert (verdict.case, verdict.signed[:4]) == ("case-1", "2026")


def test_the_documentation_tells_every_check_by_number_title_and_proof() -> None:
    rows = re.findall(r"^\| \((\d+)\) \| (.+?) \| (.+?) \|", PAGE, re.MULTILINE)
    assert [(int(number), title, proves) for number, title, proves in rows] == [(check.number, check.title, check.proves) for check in ALL]


def test_the_documentation_tells_every_file_of_a_package() -> None:
    names = {part.pattern.rpartition("/")[2] for part in PARTS if "*" not in part.pattern} | UNLISTED
    assert [name for name in sorted(names) if name not in PAGE] == []


def test_every_place_of_the_layout_has_one_role_and_other_places_none() -> None:
    for part in PARTS:
        assert role_of(part.pattern.replace("*", "x")) in {part.role, "measurement", "still"}
    for strange in ("data/x", "x.txt", "data/media/x.mp4", "data/media/original/x.mp4", "data/plate/x.png", "data/media/stills/a/b.jpg"):
        assert role_of(strange) is None
