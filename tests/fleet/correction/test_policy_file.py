"""Policies as TOML: what the shipped one says, and how a wrong one is refused."""

import pytest

from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.correction import bodies
from catseye.fleet.correction.policy_file import PolicyError, default_policy, default_text, read_policy
from catseye.fleet.correction.speech import sayable
from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.message import Body

ROW = '[[row]]\nname = "a"\nalarms = ["short-headway"]\nactions = ["warn"]\n'
TEXT = '[texts.en]\nshort-headway = "Keep away."\n'
SHIPPED = [(language, name) for language, texts in default_policy().texts.items() for name in texts]


@pytest.mark.parametrize(("language", "name"), SHIPPED)
def test_every_shipped_text_survives_the_wire(language: str, name: str) -> None:
    text = default_policy().words(name, language)
    assert text and len(text) <= 60
    for version in (V2013, V2019):
        assert Body.parse(0x8300, version, bodies.spoken(text, version)).values["text"] == text


def test_every_language_says_everything() -> None:
    texts = default_policy().texts
    assert {"en", "zh", "vi", "es", "pt"} <= set(texts)
    assert {language for language, said in texts.items() if set(said) != set(texts["en"])} == set()


def test_chinese_keeps_every_character_and_vietnamese_loses_all_its_marks() -> None:
    assert default_policy().words("short-headway", "zh") == "请保持车距"
    assert default_policy().words("driver-phone", "vi") == "Xin cat dien thoai."
    assert sayable("Đường đứng ở đây") == "Duong dung o day"


def test_a_language_nobody_wrote_is_answered_in_the_policys() -> None:
    assert default_policy().words("rest", "tlh") == default_policy().words("rest", "en") == default_policy().words("rest", "")
    assert default_policy().words("rest", "vi-VN") == default_policy().words("rest", "vi")


def test_the_shipped_policy_names_only_alarms_there_are() -> None:
    policy = default_policy()
    assert {kind for row in policy.row for kind in row.alarms} <= {kind.value for kind in AlarmKind}
    assert read_policy(default_text(), "again") == policy


@pytest.mark.parametrize(
    ("text", "came", "wanted"),
    [
        ("[[row]", "", "TOML"),
        (ROW + "cooldown_s = 3\n" + TEXT, "unknown key 'cooldown_s'", "'cool_down_s'"),
        (ROW.replace("short-headway", "short-headwy") + TEXT, "'short-headwy'", "'short-headway'"),
        (ROW.replace("warn", "warm") + TEXT, "'warm'", "'warn'"),
        (ROW + ROW + TEXT, "a name that another row has", "a name of its own"),
        (ROW + 'cool_down_s = "long"\n' + TEXT, "'long'", "a number"),
        (ROW + "cool_down_s = nan\n" + TEXT, "nan", "a number"),
        (ROW + "cool_down_s = -1\n" + TEXT, "a number that cannot be meant", "spans above 0 s"),
        (ROW + "times_count = 0\n" + TEXT, "a number that cannot be meant", "times_count from 1"),
        (ROW + 'without_effect = ["warn"]\n' + TEXT, "warn", "another action"),
        (ROW.replace("warn", "slow") + TEXT, "slow among the actions or as a table", "both"),
        (ROW + "slow = { limit_kmh = 900 }\n" + TEXT, "slow among the actions or as a table", "both"),
        (ROW.replace("warn", "slow") + "slow = { limit_kmh = 900 }\n", "900 km/h", "limits of 5 to 200"),
        (ROW, "no text 'short-headway'", "what is said"),
        ("row = 3", "3", "a list"),
        ('[[row]]\nname = "a"\n', "no key 'alarms'", "alarms = …"),
    ],
    ids=range(16),
)
def test_what_cannot_be_meant_is_refused_with_three_facts(text: str, came: str, wanted: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_policy(text, "fleet.toml")
    assert refused.value.where.startswith("fleet.toml")
    assert came in refused.value.came and wanted in refused.value.wanted
