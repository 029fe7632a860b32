"""What a case begins with: the rule's kind, the site's calibration, the signal's states, the law of the place."""

from pathlib import Path

import pytest
from tests.cases.factories import red_light

from catseye.cases.jurisdiction import jurisdiction_named
from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.time import NS_PER_S
from catseye.station.case_openings import Openings, violation_kinds
from catseye.station.site import load_site

POINTS = "points = [{px=[0,0],m=[0,20]},{px=[640,0],m=[20,20]},{px=[0,480],m=[0,0]},{px=[640,480],m=[20,0]},{px=[320,240],m=[10,10]}]"
EXAMPLE = jurisdiction_named("example")


def openings(folder: Path, calibration: str = "", signal: str = "") -> Openings:
    site = folder / "site.toml"
    site.write_text(f'[site]\nid = "s"\ntimezone = "UTC"\n[[camera]]\nid = "cam-1"\n{calibration}\n{signal}')
    return Openings(load_site(site), EXAMPLE)


def phase(state: str, begin_s: float, end_s: float, signal: str = "near-lamp", camera: str = "cam-1") -> Event:
    return Event("signal-state", camera, round(begin_s * NS_PER_S), round(end_s * NS_PER_S), details={"signal": signal, "state": state})


def test_only_what_somebody_may_have_to_answer_for_is_a_violation() -> None:
    assert {"red-light", "stop-line", "speeding", "wrong-way"} <= violation_kinds()
    assert not {"near-miss", "collision", "queue", "congestion", "hard-braking", "obstacle", "on-carriageway"} & violation_kinds()


def test_every_violation_of_a_run_opens_and_nothing_else(tmp_path: Path) -> None:
    events = [red_light(), Event("queue", "cam-1", 0, 1), Event("near-miss", "cam-1", 0, 1, subjects=("1", "2"))]
    assert [opening.event.id for opening in openings(tmp_path).of_run("run", events)] == [red_light().id]


def test_dated_reference_points_are_a_certificate_undated_ones_are_none(tmp_path: Path) -> None:
    dated = openings(tmp_path, f"[camera.calibration]\ndate = 2026-05-01\n{POINTS}").of_event("run", red_light()).measurement.calibration
    assert dated is not None
    assert (dated.made_on, dated.valid_from.iso(), dated.valid_to.iso()) == ("2026-05-01", "2026-05-01T00:00:00.000Z", "2027-05-02T00:00:00.000Z")
    again = openings(tmp_path, f"[camera.calibration]\ndate = 2026-05-01\n{POINTS}").of_event("run", red_light()).measurement.calibration
    assert again == dated
    assert openings(tmp_path, f"[camera.calibration]\n{POINTS}").of_event("run", red_light()).measurement.calibration is None
    assert openings(tmp_path).of_event("run", red_light()).measurement.calibration is None


def test_the_lamps_of_its_own_signal_from_a_minute_before(tmp_path: Path) -> None:
    at_s = red_light().time_ns / NS_PER_S
    phases = [
        phase("green", at_s - 200, at_s - 100),
        phase("amber", at_s - 50, at_s - 2),
        phase("red", at_s - 2, at_s - 2),  # it lasts: its end is not known yet
        phase("green", at_s + 30, at_s + 60),
        phase("red", at_s - 2, at_s + 30, signal="far-lamp"),
        phase("red", at_s - 2, at_s + 30, camera="cam-2"),
    ]
    states = openings(tmp_path).of_event("run", red_light(), phases).signals
    assert [(each.state, each.source) for each in states] == [("amber", "lamps in the picture"), ("red", "lamps in the picture")]


def test_a_timeline_of_the_site_where_no_lamp_was_read(tmp_path: Path) -> None:
    (tmp_path / "phases.csv").write_text("time_s,state\n0,green\n8,amber\n10,red\n60,green\n")
    found = openings(tmp_path, signal='[[camera.signal]]\nid = "near-lamp"\ntimeline = "phases.csv"').of_event("run", red_light())
    assert [(each.state, each.begin_ns // NS_PER_S, each.end_ns // NS_PER_S) for each in found.signals] == [("green", 0, 8), ("amber", 8, 10), ("red", 10, 60)]


def test_the_limit_of_a_speed_is_the_rules(tmp_path: Path) -> None:
    event = Event("speeding", "cam-1", 0, 1, subjects=("1",), details={"limit_kmh": 50})
    assert openings(tmp_path).of_event("run", event).measurement.limit_kmh == 50.0


def test_an_event_of_a_camera_the_site_does_not_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no camera"):
        openings(tmp_path).of_event("run", Event("speeding", "cam-9", 0, 1, subjects=("1",)))
