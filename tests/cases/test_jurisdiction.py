"""The law of a place as data: what ships is sound, what cannot be meant is told with its key, and terms end where calendars say."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.factories import red_light

from catseye.cases.errors import CaseError
from catseye.cases.jurisdiction import jurisdiction_named, jurisdiction_of, known_jurisdictions
from catseye.cases.terms import Term, last_minute
from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.station.case_openings import violation_kinds

EXAMPLE = (Path(__file__).parents[2] / "src/catseye/cases/jurisdictions/example.toml").read_text("utf-8")


def end(within: int, unit: str, happened: str, timezone: str, *holidays: str) -> str:
    term = Term(within, unit, "s", holidays)  # type: ignore[arg-type] # the parameter is text
    return last_minute(term.end_after(Stamp.from_datetime(datetime.fromisoformat(happened)), timezone), timezone)


def test_every_shipped_jurisdiction_reads_and_names_its_sources() -> None:
    assert known_jurisdictions() == ("england-and-wales", "example", "spain", "viet-nam")
    for name in known_jurisdictions():
        found = jurisdiction_named(name)
        assert found.id == name
        assert set(found.offences) <= violation_kinds()
        for offence in found.offences.values():
            assert offence.name
            assert offence.statute
            assert offence.source
        for term in (found.submit, found.appeal, found.calibration):
            assert term.source
        assert found.notes


def test_the_example_has_a_law_for_every_violation() -> None:
    assert set(jurisdiction_named("example").offences) == violation_kinds()


def test_an_offence_may_have_a_term_of_its_own() -> None:
    spain = jurisdiction_named("spain")
    assert spain.submit.in_words() == "3 months"
    assert spain.law_for(red_light()).submit.in_words() == "6 months"


def test_a_kind_without_law_has_no_statute_and_an_event_without_clock_no_term() -> None:
    law = jurisdiction_named("viet-nam").law_for(Event("tailgating", "c", 0, 0, subjects=("1",)))
    assert (law.statute, law.submit_by, law.offence) == ("", None, "tailgating")


@pytest.mark.parametrize(
    ("within", "unit", "happened", "timezone", "last"),
    [
        (14, "days", "2026-03-20T09:00:00+00:00", "Europe/London", "2026-04-03 23:59"),  # over the change of clocks
        (14, "days", "2026-03-20T23:30:00+00:00", "Asia/Ho_Chi_Minh", "2026-04-04 23:59"),  # there it is the next day already
        (1, "months", "2026-01-31T12:00:00+01:00", "Europe/Madrid", "2026-02-28 23:59"),
        (3, "months", "2025-11-30T12:00:00+01:00", "Europe/Madrid", "2026-02-28 23:59"),
        (1, "years", "2028-02-29T12:00:00+07:00", "Asia/Ho_Chi_Minh", "2029-02-28 23:59"),
        (6, "months", "2026-08-31T12:00:00+02:00", "Europe/Madrid", "2027-02-28 23:59"),
    ],
)
def test_a_term_ends_with_the_last_day_there(within: int, unit: str, happened: str, timezone: str, last: str) -> None:
    assert end(within, unit, happened, timezone) == last


def test_working_days_leave_out_weekends_and_holidays() -> None:
    assert end(15, "business-days", "2026-09-21T10:00:00+01:00", "Europe/London") == "2026-10-12 23:59"
    law = jurisdiction_named("england-and-wales").appeal
    assert end(15, "business-days", "2026-12-18T10:00:00+00:00", "Europe/London", *law.holidays) == "2027-01-13 23:59"


@given(st.integers(0, 4_000_000_000), st.integers(1, 400), st.sampled_from(("days", "business-days", "months", "years")))
def test_no_term_is_over_before_it_begins(second: int, within: int, unit: str) -> None:
    happened = Stamp(second * 1_000_000_000)
    ended = Term(within, unit, "s").end_after(happened, "Asia/Ho_Chi_Minh")  # type: ignore[arg-type] # a text the strategy chose
    assert ended.utc_ns - happened.utc_ns >= within * 86_400 * 1_000_000_000


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("format = 1", "format = 2", "format"),
        ('timezone = "UTC"', 'timezone = "Mars"', "timezone"),
        ('timezone = "UTC"', "", "timezone: field required"),
        ("within = 14", "within = 0", "submit.within"),
        ("within = 14", 'within = "14"', "submit.within"),
        ('unit = "days"', 'unit = "moons"', "submit.unit"),
        ("least_count = 1", "least_count = 3", "reviewers.least_count"),
        ('source = "invented"', 'source = ""', "source"),
        ('statute = "Road Code of Exampleland, s. 1"', "", "offence.red-light.statute: field required"),
        ("[appeal]", "[apeal]", "appeal"),
        ("[reviewers]", "fine_eur = 10\n[reviewers]", "fine_eur"),
        ('id = "example"', 'id = "Ex ample"', "id"),
        ("[submit]", "[submit]\nholidays = ['tomorrow']", "tomorrow"),
        ("[submit]", "[submit", ""),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_with_its_key(was: str, instead: str, said: str) -> None:
    assert was in EXAMPLE
    with pytest.raises(CaseError, match=r"^my\.toml") as told:
        jurisdiction_of(EXAMPLE.replace(was, instead, 1).encode(), "my.toml")
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_jurisdiction_or_a_typed_error(content: bytes) -> None:
    with pytest.raises(CaseError):
        jurisdiction_of(content, "x.toml")


def test_a_certificate_holds_from_its_day_for_its_term() -> None:
    held = jurisdiction_named("viet-nam").certificate("ab", "office", "points", "2026-03-02")
    assert (held.valid_from.iso(), held.valid_to.iso()) == ("2026-03-01T17:00:00.000Z", "2027-03-02T17:00:00.000Z")
    with pytest.raises(CaseError, match="ISO date"):
        jurisdiction_named("viet-nam").certificate("ab", "office", "points", "yesterday")


def test_an_own_file_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(EXAMPLE.replace('id = "example"', 'id = "mine"'))
    assert jurisdiction_named(str(tmp_path / "mine.toml")).id == "mine"
