"""Which reports are of one occurrence: near in time and place with the same plate, or pictures alike; who came in first is first, however they are read."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.told import JINAN, NOON, PLACE, claim, photo

from catseye.cases.citizen_reports import Claim, Evidence, Report, intake, report_of
from catseye.cases.duplicates import distance_m, firsts, likeness, likenesses, media_bits_count
from catseye.cases.scheme import Adopted, Sameness
from catseye.core.geo import GeoPoint
from catseye.core.time import NS_PER_S

RULES = Sameness()
M_PER_DEG = 110_950.0  # of latitude, at Jinan


def reported(told: Claim, numbers: tuple[int, ...] = (1, 2), after_s: int = 0, looks: tuple[str, ...] = ()) -> Report:
    evidence: list[Evidence] = [photo(number) for number in numbers]
    evidence = [replace(each, look=(look,)) for each, look in zip(evidence, looks, strict=True)] if looks else evidence
    return report_of(*intake(told, evidence, Adopted(JINAN, 0), NOON.plus_ns(after_s * NS_PER_S)))


def beside(metres: float) -> GeoPoint:
    return GeoPoint(PLACE.lat_deg + metres / M_PER_DEG, PLACE.lon_deg)


FIRST = reported(claim(happened=NOON))


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({}, True),
        ({"happened": NOON.plus_ns(-600 * NS_PER_S)}, True),
        ({"happened": NOON.plus_ns(-601 * NS_PER_S)}, False),
        ({"place": beside(199)}, True),
        ({"place": beside(201)}, False),
        ({"plate": "鲁 a·12345"}, True),
        ({"plate": "鲁A12346"}, False),
        ({"offence": "solid-line"}, False),
    ],
)
def test_same_plate_and_offence_near_in_time_and_place(other: dict[str, object], is_same: bool) -> None:
    second = reported(claim(**{"happened": NOON, "reporter": "00000000000000a2", **other}), (3, 4), 60)
    assert (likeness(second, FIRST, RULES) is not None) == is_same
    assert (likeness(FIRST, second, RULES) is not None) == is_same


def test_what_is_near_enough_is_data() -> None:
    second = reported(claim(happened=NOON.plus_ns(-601 * NS_PER_S), place=beside(300)), (3, 4))
    assert likeness(second, FIRST, Sameness(time_s=700, distance_m=400.0)) is not None


def test_hazards_are_the_same_by_place_and_time_and_never_by_plate() -> None:
    one, other = (
        reported(claim(offence="spilled-load", plate="", reporter=who), (number,)) for who, number in (("00000000000000a1", 5), ("00000000000000a2", 6))
    )
    assert likeness(one, other, RULES) is not None
    violation = reported(claim(reporter="00000000000000a3"), (7, 8))
    assert likeness(one, violation, RULES) is None


LOOK = "0123456789abcdef"
NEAR, FAR = f"{int(LOOK, 16) ^ 0xFF:016x}", f"{int(LOOK, 16) ^ 0x1FF:016x}"


@pytest.mark.parametrize(("other_look", "is_alike"), [(LOOK, True), (NEAR, True), (FAR, False)])
@pytest.mark.parametrize("plate", ["鲁A12345", "鲁B99999"])
def test_pictures_that_look_alike_are_shown_to_a_person_and_with_one_plate_they_are_sure(other_look: str, is_alike: bool, plate: str) -> None:
    one = reported(claim(), (1, 2), looks=(LOOK, "f" * 16))
    elsewhere = claim(plate=plate, place=GeoPoint(20.0, 100.0), offence="phone")
    found = likeness(one, reported(elsewhere, (3, 4), looks=(other_look, "0" * 16)), RULES)
    assert (found is not None) == is_alike
    assert found is None or found.is_sure == (plate == "鲁A12345")


def test_the_same_file_is_the_same_occurrence_whatever_is_told_with_it() -> None:
    found = likeness(FIRST, reported(claim(plate="鲁B99999", offence="phone"), (2, 5)), RULES)
    assert found is not None
    assert found.is_sure


def test_nothing_is_like_itself_and_no_hash_is_like_none() -> None:
    assert likeness(FIRST, FIRST, RULES) is None
    assert media_bits_count((), ("0" * 16,)) is None
    assert media_bits_count(("0" * 16, "f" * 16), ("f" * 15 + "e",)) == 1


def test_the_first_to_come_in_is_named_first() -> None:
    second, third = (reported(claim(happened=NOON, reporter=f"{0xA0 + number:016x}"), (10 * number, 10 * number + 1), 30 * number) for number in (2, 3))
    assert [found.report for found in likenesses(third, [second, third, FIRST], RULES)] == [FIRST.id, second.id]
    assert firsts([third, FIRST, second], RULES) == dict.fromkeys([FIRST.id, second.id, third.id], FIRST.id)


def test_two_at_the_same_nanosecond_are_told_apart_by_their_ids() -> None:
    twins = [reported(claim(happened=NOON, reporter=who), numbers) for who, numbers in (("00000000000000a1", (1, 2)), ("00000000000000a2", (3, 4)))]
    first = min(twin.id for twin in twins)
    assert set(firsts(twins, RULES).values()) == set(firsts(twins[::-1], RULES).values()) == {first}


@given(
    told=st.lists(st.tuples(st.integers(0, 5), st.integers(-20, 0), st.integers(0, 3), st.sampled_from("AB")), min_size=1, max_size=12),
    seed=st.integers(0, 99),
)
def test_the_order_they_are_read_in_changes_nothing(told: list[tuple[int, int, int, str]], seed: int) -> None:
    reports = [
        reported(
            claim(happened=NOON.plus_ns(minute * 60 * NS_PER_S), place=beside(150.0 * where), plate=f"鲁{letter}12345", reporter=f"{0xA0 + number:016x}"),
            (100 + 2 * number, 101 + 2 * number),
            after_s,
        )
        for number, (after_s, minute, where, letter) in enumerate(told)
    ]
    found = firsts(reports, RULES)
    shuffled = list(reports)
    random.Random(seed).shuffle(shuffled)
    assert firsts(shuffled, RULES) == found
    by_id = {report.id: report for report in reports}
    for name, first in found.items():
        assert found[first] == first
        assert name == first or likeness(by_id[name], by_id[first], RULES).is_sure


@pytest.mark.parametrize(
    ("one", "other", "wanted_m"), [((36.0, 117.0), (36.001, 117.0), 110.96), ((0.0, 179.9995), (0.0, -179.9995), 111.32), ((60.0, 5.0), (60.0, 5.001), 55.80)]
)
def test_distances_are_metres_on_the_ground(one: tuple[float, float], other: tuple[float, float], wanted_m: float) -> None:
    assert distance_m(GeoPoint(*one), GeoPoint(*other)) == pytest.approx(wanted_m, abs=0.05)
    assert distance_m(GeoPoint(*other), GeoPoint(*one)) == pytest.approx(wanted_m, abs=0.05)
