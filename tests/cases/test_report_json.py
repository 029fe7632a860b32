"""The JSON report tells the same as the PDF, in one way to write it, and every key of it is documented."""

import json
import re
from pathlib import Path
from typing import Any

from tests.cases.factories import LAN, later
from tests.cases.test_report_pdf import decided

from catseye.cases.account import FORMAT, CustodyLine, account, measure_in_words
from catseye.cases.report_json import report_json
from catseye.core.event import Measure

PAGE = (Path(__file__).parents[2] / "docs/reference/case-report.md").read_text("utf-8")


def test_equal_cases_give_equal_bytes() -> None:
    custody = (CustodyLine(LAN, "looked at still m-1", later(6), "review"),)
    assert report_json(decided(), custody, "5f") == report_json(decided(), custody, "5f")
    said = json.loads(report_json(decided(), custody, "5f"))
    assert said == account(decided(), custody, "5f") | {key: value for key, value in said.items() if key in ("signals", "law", "media", "device")}
    assert (said["format"], said["custody"][0]["who"], said["verify"]["root_fingerprint"]) == (FORMAT, LAN, "5f")


def test_what_the_machine_suggested_and_what_people_decided_stand_apart() -> None:
    said = json.loads(report_json(decided()))
    assert [each["text"] for each in said["suggested"]] == ["51F"]
    assert said["plate"]["said"] == "51F-123.45"
    assert "51F" not in json.dumps([each for each in said["timeline"] if not each["by_machine"]]).replace("51F-123.45", "")


def test_a_doubt_is_two_sigma_rounded_up() -> None:
    assert measure_in_words(Measure("speed_max", 62.44, "km/h", 1.11)) == "speed 62.4 ± 2.3 km/h"
    assert measure_in_words(Measure("headway", 1.0, "s", 0.0)) == "headway 1.0 s"


def keys(said: Any, where: str = "") -> set[str]:
    if isinstance(said, dict) and where not in ("event.details",):
        return {f"{where}.{key}".lstrip(".") for key in said} | set().union(*(keys(value, f"{where}.{key}".lstrip(".")) for key, value in said.items()))
    if isinstance(said, list) and said and isinstance(said[0], dict):
        return keys(said[0], f"{where}[]")
    return set()


def test_every_top_key_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
    assert {key for key in keys(json.loads(report_json(decided()))) if "." not in key and "[" not in key} == documented
