"""What a stranger finds out about a package."""

from pathlib import Path

from tests.cases.package.scenes import Site, states

from catseye.cases.package.checks import ALL


def test_a_whole_package_passes_every_check_that_was_asked_for(standing: Site, package: Path) -> None:
    verdict = standing.verify(package)
    assert verdict.is_good, verdict.faults
    assert states(verdict) == {check.number: "not asked" if check.number in (9, 16, 17) else "passed" for check in ALL}
    assert (verdict.case, verdict.signed[:4]) == ("case-1", "2026")
