"""No permit may depend on a terminal: whatever is asked of the register, two that differ in terminals alone answer the same."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.permits.test_reading import FINE, HEAD, read
from tests.support.properties import examples

from catseye.fleet.permits.columns import LEFT_OUT
from catseye.fleet.permits.errors import OneWayTieError, PermitError
from catseye.fleet.permits.export import COLUMNS, export_csv
from catseye.fleet.permits.records import Operator, Permit, Vehicle
from catseye.fleet.permits.taking import take

TERMINALS = st.sampled_from(("", "13800138000", "13800138001", "!!", "0" * 30))


def permit(number: int, terminal: str = "") -> Permit:
    vehicle = Vehicle(f"51B1234{number}", 2)
    return Permit(vehicle, Operator("Minh Long"), f"P-{number}", "passenger", date(2026, 1, 1), date(2026, 12, 31), terminal=terminal)


@pytest.mark.parametrize("name", ["terminal", "terminal_present", "maker", "Model", "terminal silent", "imei", "终端型号", "hãng thiết bị", "version"])
def test_a_column_or_a_filter_about_terminals_is_refused_and_says_why(name: str) -> None:
    for asked, where in (((name,), {}), ((), {name: "yes"})):
        with pytest.raises(OneWayTieError, match=r"no permit and no vehicle examination may depend on a terminal.*decision 0020"):
            export_csv([permit(1)], asked, where)


def test_a_column_nobody_knows_and_one_twice_are_refused_plainly() -> None:
    with pytest.raises(PermitError, match="no column 'seats'"):
        export_csv([permit(1)], ["seats"])
    with pytest.raises(PermitError, match="a column twice"):
        export_csv([permit(1)], ["plate", "plate"])


NAMES = st.sampled_from((*COLUMNS, *LEFT_OUT, "terminal", "identity", "version", "changed_utc", "fitted")) | st.text(max_size=12)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(TERMINALS, min_size=4, max_size=4),
    st.lists(TERMINALS, min_size=4, max_size=4),
    st.lists(NAMES, max_size=4),
    st.dictionaries(NAMES, st.sampled_from(("passenger", "51B12341", "13800138000", "")), max_size=2),
)
def test_no_options_tell_registers_apart_that_differ_in_terminals(one: list[str], other: list[str], columns: list[str], where: dict[str, str]) -> None:
    def answer(terminals: list[str]) -> str:
        try:
            return export_csv([permit(number, terminal) for number, terminal in enumerate(terminals)], columns, where)
        except PermitError as error:
            return str(error)
        except OneWayTieError as error:
            return str(error)

    assert answer(one) == answer(other)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), TERMINALS), max_size=6), st.booleans())
def test_terminals_in_a_table_change_no_permit_that_comes_of_it(rows: list[tuple[int, str]], is_known: bool) -> None:
    """Not even by a quarrel: one terminal in two vehicles, or a permit twice with two terminals."""

    def exported(*, is_bare: bool) -> str:
        lines = [FINE.replace("51B-123.45", f"51B-1234{n}").replace("P-1", f"P-{n}").replace("1M8GDM9AXKP042788", "") for n, _ in rows]
        told = [line.replace("13800138000", "" if is_bare else terminal) for line, (_, terminal) in zip(lines, rows, strict=True)]
        known = {each.key: each for each in (permit(0, "" if is_bare else "13800138000"),)} if is_known else {}
        taken = take(read("\n".join((HEAD, *told))), known, set())
        return export_csv((known | {each.key: each for each in taken.permits}).values())

    assert exported(is_bare=True) == exported(is_bare=False)


def test_an_export_read_again_changes_nothing() -> None:
    known = {each.key: each for each in (permit(1, "13800138000"), replace(permit(2), areas=("Hà Nội", "corridor 500 m: 21 105; 22 106")))}
    taken = take(read(export_csv(known.values())), known, {"Hà Nội"})
    assert (taken.new, taken.changed, taken.same_count, taken.conflicts) == ((), (), 2, ())
