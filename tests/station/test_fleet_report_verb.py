"""`catseye fleet report`: a page of what a real fold said, that names no driver and draws no vehicle's way."""

from pathlib import Path

import pytest
from tests.fleet.correction.folds import Fold
from tests.fleet.terminals import IDENTITY, at, location, report, too_close
from tests.station.test_report import Page

from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.terminal import Enrolment, source_of
from catseye.core.time import Stamp
from catseye.station.verbs.alarms import FLEET_RUN, close_alarms, list_alarms
from catseye.station.verbs.fleet_report import report_fleet
from catseye.vault.vault import Vault


def finding(kind: str, when: Stamp, reason: str) -> Event:
    return Event(
        kind, source_of(IDENTITY), when.utc_ns, when.utc_ns, when, subjects=(IDENTITY,), lineage="terminal", details={"reason": reason, "plate": "29B-1"}
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.acknowledge(at(1))
    fold.batch(at(10), report(location(10), at(10)))
    fold.batch(at(21))
    for number in (2, 3, 4):
        fold.batch(at(100 * number), too_close(100 * number - 1, number=number))
    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        vault.keep_events([*fold.events, finding("no-valid-permit", at(30), "expired"), finding("position-implausible", at(40), "null-island")])
        vault.terminals.enrol_all([Enrolment(IDENTITY, "29B-12345 <&>", 2, at(0))], by="Lan")
    return tmp_path


def test_the_page_says_what_was_reported_and_what_came_of_it(out: Path) -> None:
    told = report_fleet(out, 1, None, None, at(1000))
    assert told.summary["alarms_count"] == 4 and told.summary["kinds"] == {"short-headway": 4}
    page = Page((out / "fleet.html").read_text("utf-8"))
    assert page.open == []
    rows = [" ".join(row) for row in page.rows]
    assert any("No valid permit" in row and "expired" in row for row in rows) and any("null island" in row for row in rows)
    assert "4 alarms in 1 day" in page.text and "29B-12345 &lt;&amp;&gt;" in page.text
    assert "gives nobody a score" in page.text
    assert "heard" not in page.text.lower().replace("overheard", "")
    assert not [attrs for tag, attrs in page.tags if tag in {"script", "link", "img", "iframe"} or "http" in attrs.get("src", "") + attrs.get("href", "")]


def test_only_the_period_is_told(out: Path) -> None:
    assert report_fleet(out, 1, None, None, at(1000 + 86_400)).summary["alarms_count"] == 0
    assert report_fleet(out, 0.01, None, None, at(1000)).summary["alarms_count"] == 3


def test_what_was_brought_to_a_person_waits_until_a_person_closes_it(out: Path) -> None:
    waiting = report_fleet(out, 1, None, None, at(1000)).summary["waiting_count"]
    assert waiting >= 1
    names = [each["id"] for each in list_alarms(out).summary["alarms"]]
    close_alarms(out, names, "Nguyễn Thị Lan", "spoke with the driver", at(1001))
    assert report_fleet(out, 1, None, None, at(1002)).summary["waiting_count"] == 0
    assert "No alarm waits for a person" in (out / "fleet.html").read_text("utf-8")


def test_one_vehicle_has_no_map(out: Path) -> None:
    report_fleet(out, 1, None, None, at(1000))
    assert 'class="spot"' in (out / "fleet.html").read_text("utf-8")
    report_fleet(out, 1, IDENTITY, None, at(1000))
    one = (out / "fleet.html").read_text("utf-8")
    assert 'class="spot"' not in one and "would be its way" in one
    with pytest.raises(SiteError):
        report_fleet(out, 1, "4711", None, at(1000))


def test_a_fleet_that_said_nothing_has_a_page_too(tmp_path: Path) -> None:
    with Vault.open(tmp_path / "vault", FLEET_RUN):
        pass
    assert report_fleet(tmp_path, 7, None, None, at(0)).summary["alarms_count"] == 0
    assert Page((tmp_path / "fleet.html").read_text("utf-8")).open == []
