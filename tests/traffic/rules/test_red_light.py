"""Red light and stop line: never both, amber is not red, unknown is nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.errors import CatseyeError
from catseye.core.road_user import RoadUser
from catseye.core.rule import World
from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN, Signal
from catseye.traffic.rules.red_light import RedLight, RedLightKeys, StopLine

LINE = {"stop": [[100.0, 5.0], [100.0, -5.0]]}  # driving east is leftwards of a walk south: backward
KEYS = RedLightKeys("stop", "lamp", "backward")


def road(*changes: tuple[float, int]) -> World:
    times, states = zip(*changes, strict=True)
    return world(LINE, signals=[Signal("lamp", np.array([round(time_s * 1e9) for time_s in times]), np.array(states, np.uint8))])


RED = road((0, LAMP_GREEN), (2, LAMP_AMBER), (4, LAMP_RED))


def judged(drive: Drive, there: World = RED, keys: RedLightKeys = KEYS) -> list[str]:
    return [kind.rule_kind for kind in (RedLight, StopLine) for _ in findings(kind(keys, there), there, scenes([drive]))]


def test_over_the_line_while_red_and_on_is_a_red_light_run() -> None:
    (found,) = findings(RedLight(KEYS, RED), RED, scenes([Drive(straight(45))]))
    front_s = (100 - 2.5) / 12.5
    assert found.time_ns / 1e9 == pytest.approx(front_s, abs=0.01)
    assert {measure.name: round(measure.value, 1) for measure in found.measures} == {"speed": 45.0, "red": round(front_s - 4, 1)}
    assert judged(Drive(straight(45))) == ["red-light"]


def test_who_stops_a_metre_past_the_line_has_overrun_it() -> None:
    stops = through((0, 0, 0), (8, 98.5, 0), (20, 98.5, 0))
    assert judged(Drive(stops)) == ["stop-line"]


def test_who_waits_beyond_the_line_and_drives_on_at_green_has_overrun_it() -> None:
    waits = through((0, 0, 0), (8, 98.5, 0), (15, 98.5, 0), (18, 130.0, 0))
    assert judged(Drive(waits), road((0, LAMP_GREEN), (4, LAMP_RED), (15, LAMP_GREEN))) == ["stop-line"]
    assert judged(Drive(waits), road((0, LAMP_GREEN), (4, LAMP_RED), (17, LAMP_GREEN))) == ["red-light"]


def test_who_stops_before_the_line_has_done_nothing() -> None:
    assert judged(Drive(through((0, 0, 0), (8, 97.0, 0), (20, 97.0, 0)))) == []


@pytest.mark.parametrize("state", [LAMP_GREEN, LAMP_AMBER, LAMP_UNKNOWN])
def test_nothing_but_red_is_red(state: int) -> None:
    assert judged(Drive(straight(45)), road((0, state))) == []


def test_before_the_first_known_state_nothing_is_judged() -> None:
    assert judged(Drive(straight(45)), road((15, LAMP_RED))) == []


def test_the_other_direction_does_not_face_the_signal() -> None:
    assert judged(Drive(straight(45, (200, 0), 270))) == []


def test_a_bus_must_go_on_by_its_own_length() -> None:
    eight_metres_on = through((0, 0, 0), (10, 102.0, 0), (20, 102.0, 0))
    assert judged(Drive(eight_metres_on, kind=RoadUser.BUS)) == ["stop-line"]
    assert judged(Drive(eight_metres_on, kind=RoadUser.CAR)) == ["stop-line"]
    assert judged(Drive(through((0, 0, 0), (10, 106.0, 0), (20, 106.0, 0)))) == ["red-light"]


def test_who_turns_back_behind_the_line_went_no_further() -> None:
    assert judged(Drive(through((0, 60, 0), (8, 99.0, 0), (10, 99.0, 0), (14, 90.0, 0), (20, 90.0, 0)))) == ["stop-line"]


@settings(max_examples=25)
@given(speed_kmh=st.floats(20, 90), red_at_s=st.floats(0.5, 15), sigma_m=st.floats(0.01, 2))
def test_red_for_less_than_grace_and_doubt_is_the_drivers(speed_kmh: float, red_at_s: float, sigma_m: float) -> None:
    there = road((0, LAMP_GREEN), (red_at_s, LAMP_RED))
    at_line_s = (100 - 2.5) / (speed_kmh / 3.6)
    needed_s = KEYS.grace_s + 2 * sigma_m / (speed_kmh / 3.6)
    drive = Drive(straight(speed_kmh), end_s=at_line_s + 3, sigma_m=sigma_m)
    if abs(at_line_s - red_at_s - needed_s) > 0.05:
        assert bool(judged(drive, there)) == (at_line_s - red_at_s > needed_s)


def test_a_signal_that_nobody_tells_is_said() -> None:
    with pytest.raises(CatseyeError, match="signal lamp: nothing tells its states"):
        RedLight(KEYS, world(LINE))


def test_a_line_that_is_not_there_is_said() -> None:
    with pytest.raises(CatseyeError, match="line stop: is not there"):
        RedLight(KEYS, world(signals=[RED.signals["lamp"]]))
