"""Rules as data: what they say is held, what they cannot mean is refused by name."""

import pytest
from tests.cases.told import JINAN, NOON, UK

from catseye.cases.scheme import SchemeError, adopt, example_schemes, read_scheme, scheme_in_force
from catseye.core.time import Stamp
from catseye.vault.vault import Vault

TOML = example_schemes()["jinan-like"]


def test_the_examples_say_what_their_sources_say() -> None:
    assert JINAN.window.violation_s == 3600
    assert UK.window.violation_s == 7 * 86400
    assert (JINAN.media.photos_least_count, JINAN.media.video_least_s, UK.media.video_most_s) == (2, 10.0, 600.0)
    assert JINAN.money is not None
    assert (JINAN.money.month_most_minor, JINAN.money.currency, JINAN.money.lapse_days) == (150_000, "CNY", 90)
    assert UK.money is None
    assert all(offence.reward_minor == 0 for offence in UK.offence.values())
    assert (JINAN.reporter.age_least_years, UK.reporter.age_least_years) == (18, 18)
    assert all("Reports and rewards" in source for scheme in (JINAN, UK) for source in scheme.sources)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("violation_s = 3600", "violations_s = 3600", r"x, window: unknown key 'violations_s'; wanted 'violation_s'"),
        ("[money]", "[mony]", r"unknown key 'mony'; wanted 'money'"),
        ("violation_s = 3600", 'violation_s = "1 h"', r"x, window, violation_s: '1 h'; wanted a whole number"),
        ("violation_s = 3600", "violation_s = -1", "a time below 0"),
        ("violation_s = 3600", "violation_s = 0", "which is not taken"),
        ("photos_least_count = 2", "photos_least_count = true", "True; wanted a whole number"),
        ("photos_least_count = 2", "photos_least_count = 0", "1 <= photos_least_count"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Jinan"', "timezone 'Asia/Jinan'; wanted a name of the IANA database"),
        ("month_most_minor = 150000", "month_most_minor = 0", "numbers above 0"),
        ("month_most_minor = 150000", "month_most_minor = 100", "at most month_most_minor, 100"),
        ("reward_minor = 150000", "reward_minor = -5", "0 or more"),
        ("again_ratio = 0.1", "again_ratio = 1.5", "again_ratio 1.5; wanted 0 to 1"),
        ('kind = "hazard"', 'kind = "danger"', "one of violation, accident, hazard"),
        ("[route.hazard]", "[route.danger]", "a route for 'danger'"),
        ("[A-HJ-NP-Z0-9]{4,5}", "([A-HJ-NP-Z0-9]{4,5}", "a regular expression"),
        ('id = "jinan-like"', 'id = "../../etc"', "an id of a-z, 0-9 and -"),
        ('name = "Citizens', 'nme = "Citizens', "unknown key 'nme'; wanted 'name'"),
        ("[window]", "[window", "no TOML"),
        ("age_least_years = 18", "", "no key 'age_least_years'"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(old: str, new: str, said: str) -> None:
    assert old in TOML
    with pytest.raises(SchemeError, match=said):
        read_scheme(TOML.replace(old, new), "x")


def test_an_accident_that_goes_nowhere_is_no_scheme() -> None:
    begin, end = TOML.index("[route.accident]"), TOML.index("[route.hazard]")
    with pytest.raises(SchemeError, match=r"nobody is told of a accident; wanted \[route.accident\]"):
        read_scheme(TOML[:begin] + TOML[end:], "x")


def test_rewards_without_money_are_no_scheme() -> None:
    begin, end = TOML.index("[money]"), TOML.index("[duplicates]")
    with pytest.raises(SchemeError, match="has a reward"):
        read_scheme(TOML[:begin] + TOML[end:], "x")


@pytest.mark.parametrize("typed", ["鲁A12345", "鲁a·12345", " 鲁 A-123 45", "鲁AD12345", "粤B1234警"])
def test_a_plate_is_read_however_it_is_typed(typed: str) -> None:
    assert JINAN.plate(typed) is not None


@pytest.mark.parametrize("typed", ["", "12345", "the red one", "鲁A1234", "鲁A123456789", "<script>", "鲁AO2345" + "5" * 40, "AB12CDE"])
def test_what_is_no_plate_is_none(typed: str) -> None:
    assert JINAN.plate(typed) is None


def test_plates_of_another_country_are_data() -> None:
    assert UK.plate("ab12 cde") == "AB12CDE"
    assert UK.plate("鲁A12345") is None


def test_a_month_is_of_the_place_and_not_of_greenwich() -> None:
    assert JINAN.month(Stamp(1_790_785_800_000_000_000)) == "2026-10"  # 2026-09-30T16:30Z
    assert UK.month(Stamp(1_790_785_800_000_000_000)) == "2026-09"


def test_every_version_of_a_scheme_stays_and_the_last_is_in_force(vault: Vault) -> None:
    first = adopt(vault, TOML, "x", NOON, "chief Van")
    assert adopt(vault, TOML, "x", NOON, "chief Van") == first
    second = adopt(vault, TOML.replace("violation_s = 3600", "violation_s = 7200"), "x", NOON, "chief Van")
    assert (first.number, second.number) == (0, 1)
    assert scheme_in_force(vault, "jinan-like").scheme.window.violation_s == 7200
    assert scheme_in_force(vault, "jinan-like", 0).scheme.window.violation_s == 3600
    for number in (None, 3):
        with pytest.raises(SchemeError, match="catseye report scheme FILE"):
            scheme_in_force(vault, "jinan-like" if number else "other", number)
