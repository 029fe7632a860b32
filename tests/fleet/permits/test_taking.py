"""A table beside the register: what two rows cannot both say is told on the line to mend."""

import pytest
from tests.fleet.permits.test_reading import FINE, HEAD, read

from catseye.fleet.permits.records import Permit
from catseye.fleet.permits.taking import Taken, take

VIN, OTHER_VIN = "1M8GDM9AXKP042788", "11111111111111111"
SECOND = FINE.replace("P-1", "P-2")


def taken(*rows: str, known: dict[str, Permit] | None = None, areas: frozenset[str] = frozenset()) -> Taken:
    return take(read("\n".join((HEAD, *rows))), known or {}, areas)


def kinds(what: Taken) -> list[tuple[str, int, bool]]:
    return [(each.kind, each.line, each.is_refused) for each in what.conflicts]


@pytest.mark.parametrize(
    ("second", "kind", "is_refused"),
    [
        (SECOND.replace(VIN, OTHER_VIN), "duplicate-plate", True),
        (SECOND.replace("51B-123.45", "51B-999.99").replace("13800138000", ""), "vin-two-plates", True),
        (SECOND.replace("51B-123.45", "51B-999.99").replace(VIN, ""), "terminal-two-vehicles", False),
        (SECOND.replace("passenger", "dangerous goods"), "overlapping-scopes", False),
        (SECOND.replace("Minh Long", "An Phat"), "two-operators", False),
    ],
    ids=["plate-two-vins", "vin-two-plates", "terminal-two-vehicles", "two-scopes", "two-operators"],
)  # fmt: skip
def test_two_rows_that_contradict_each_other_are_both_told(second: str, kind: str, is_refused: bool) -> None:
    both = taken(FINE, second)
    assert kinds(both) == [(kind, 2, is_refused), (kind, 3, is_refused)]
    assert len(both.permits) == (0 if is_refused else 2)
    assert {each.terminal for each in both.permits} <= ({""} if kind == "terminal-two-vehicles" else {"13800138000"})
    known = {each.key: each for each in taken(FINE).permits}
    assert kinds(taken(second, known=known)) == [(kind, 2, is_refused)]
    later = second.replace("2026-01-01", "2027-01-01").replace("2026-12-31", "2027-12-31")
    assert kinds(taken(FINE, later)) == []


def test_the_same_again_changes_nothing_and_a_changed_row_is_changed() -> None:
    known = {each.key: each for each in taken(FINE, SECOND).permits}
    again = taken(FINE, SECOND, known=known)
    assert (again.new, again.changed, again.same_count) == ((), (), 2)
    renewed = taken(FINE.replace("2026-12-31", "2027-06-30"), SECOND, known=known)
    assert (renewed.changed, renewed.same_count) == (("51B12345.2/P-1",), 1)


def test_a_column_that_is_not_there_keeps_what_is_known() -> None:
    known = {each.key: each for each in taken(FINE).permits}
    bare = take(read("plate,plate colour,permit,scope,valid from,valid to\n51B12345,2,P-1,passenger,2026-01-01,2026-12-31\n"), known, set())
    assert (bare.changed, bare.same_count) == ((), 1)


def test_an_area_nobody_defined_is_told_and_one_vin_in_every_row_takes_no_time() -> None:
    assert kinds(taken(FINE.replace(",,138", ",,138").replace("2026-12-31,,", "2026-12-31,ring road,"))) == [("area-unknown", 2, False)]
    assert kinds(taken(FINE.replace("2026-12-31,,", "2026-12-31,ring road,"), areas=frozenset({"ring road"}))) == []
    many = [FINE.replace("51B-123.45", f"51B-{n:05d}").replace("P-1", f"P-{n}").replace("13800138000", "").replace(VIN, "KHONGCO") for n in range(1000)]
    assert len([kind for kind, _, _ in kinds(taken(*many)) if kind == "vin-two-plates"]) == 1000
