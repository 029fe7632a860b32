"""The page of an import says which lines to mend, what to do about each, and whose they are."""

import re
from pathlib import Path

from tests.fleet.permits.test_reading import FINE, HEAD, read

import catseye.fleet.permits as permits
from catseye.core.time import Stamp
from catseye.fleet.permits.records import Conflict, Permit
from catseye.fleet.permits.taking import Taken, take
from catseye.station.verbs.permit_report import _WORDS, page_of, parts_of

REVERSED = FINE.replace("P-1", "P-2").replace("51B-123.45", "51B-1.01").replace("2026-01-01", "2027-01-01")


def look(kind: str, line: int, *, is_refused: bool, wanted: str = "one") -> Conflict:
    return Conflict(kind, line, "51B12345", f"came {line}", wanted, is_refused)


def test_every_kind_of_conflict_that_is_told_anywhere_has_its_words() -> None:
    text = "".join(path.read_text("utf-8") for path in Path(permits.__path__[0]).glob("*.py"))
    assert {"cell-missing", "duplicate-plate", "duplicate-row"} <= set(re.findall(r'(?:tell|_told|Conflict)\(\s*"([a-z-]+)"', text)) <= set(_WORDS)
    assert [kind for kind in _WORDS if f'"{kind}"' not in text] == []


def test_what_is_left_out_comes_first_each_kind_by_line_and_what_is_wanted_is_said_once() -> None:
    told = [look("area-unknown", 9, is_refused=False), look("duplicate-row", 7, is_refused=True), look("duplicate-row", 3, is_refused=True)]
    parts = parts_of([*told, look("duplicate-row", 5, is_refused=False, wanted="another"), look("no-such-kind", 2, is_refused=True)], {})
    assert [(part.kind, part.is_refused, [each.line for each in part.looks]) for part in parts] == [
        ("duplicate-row", True, [3, 7]), ("no-such-kind", True, [2]), ("duplicate-row", False, [5]), ("area-unknown", False, [9]),
    ]  # fmt: skip
    assert parts[0].wanted == "one"
    assert {each.wanted for each in parts[0].looks} == {""}


def page(*lines: str, known: dict[str, Permit] | None = None) -> tuple[str, Taken]:
    reading = read("\n".join((HEAD, *lines)))
    taken = take(reading, known or {}, set())
    return page_of("<b>.csv", "Lê Hoa", Stamp(0), reading, taken, is_dry=True), taken


def test_the_page_counts_lines_and_not_things_and_escapes_whatever_a_table_says() -> None:
    said, taken = page(FINE, REVERSED, FINE.replace("P-1", "P-3").replace("51B-123.45", "<script>1"))
    assert taken.refused_count == 2
    assert "2 lines to mend" in said
    assert "<script>" not in said
    assert "&lt;b&gt;.csv" in said
    assert said.count("Ends before it begins") == 2  # in the list, and over its lines


def test_a_table_with_nothing_wrong_says_so() -> None:
    said, _ = page(FINE)
    assert "Nothing to look at" in said
