"""A camera's line reads the lamps in its picture, and the judge believes no more than was seen."""

import csv
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.heads import draw_head
from tests.support.street import Seer, Street, down_the_street, picture

from catseye.core.arrays import Pixels
from catseye.core.errors import SiteError, SourceError
from catseye.core.event import Event
from catseye.core.picture import RawFrame
from catseye.core.signal import LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN, Lamp
from catseye.core.time import NS_PER_S
from catseye.station.judging import run_judge
from catseye.station.line import CameraLine, Pictures
from catseye.station.line_judge import line_judge_of
from catseye.station.line_signals import LineSignals, line_signals_of
from catseye.station.pace import Pace
from catseye.station.signals import read_signals_csv
from catseye.station.site import Site, load_site
from catseye.station.site_tables import Signal as SignalTable
from catseye.traffic.lines import Line
from catseye.vault.vault import Vault

HEAD_PX = (286, 20, 298, 50)
CARS = [down_the_street(2.0), down_the_street(9.0, 100)]  # over the line at 4 and at 11 s
SITE = f"""[site]
id = "s"
[[camera]]
id = "cam-1"
[[camera.line]]
id = "stop-line"
px = [[0, 120], [320, 120]]
[[camera.signal]]
id = "head"
head_px = {list(HEAD_PX)}
[[camera.rule]]
kind = "red-light"
line = "stop-line"
signal = "head"
"""
Shown = Callable[[float], Lamp]


@cache
def corner(lamp: Lamp) -> Pixels:
    """Where the head hangs, the picture's [10:60, 270:314]."""
    return draw_head(np.ascontiguousarray(picture([], 0.0)[10:60, 270:314]), (HEAD_PX[0] - 270, HEAD_PX[1] - 10, HEAD_PX[2] - 270, HEAD_PX[3] - 10), lamp)


def with_head(rgb: Pixels, lamp: Lamp, bus: bool = False) -> Pixels:
    """The street with a head in its corner; a red bus may stand before it."""
    rgb = rgb.copy()
    rgb[10:60, 270:314] = corner(lamp)
    if bus:
        rgb[0:80, 240:320] = (190, 40, 30)
    return rgb


def street(lamp: Shown, bus: Callable[[float], bool] = lambda _: False, seconds_s: float = 15.0) -> Street:
    def lit(frame: RawFrame) -> list[RawFrame]:
        time_s = frame.time_ns / NS_PER_S

        def convert(width_px: int, height_px: int, form: str) -> Pixels:
            rgb = cv2.resize(with_head(picture(CARS, time_s), lamp(time_s), bus(time_s)), (width_px, height_px), interpolation=cv2.INTER_AREA)
            return np.ascontiguousarray(rgb if form == "rgb24" else rgb[:, :, 0])

        return [replace(frame, convert=convert, _made={})]

    return Street(CARS, seconds_s, items=lit)


def site_in(folder: Path) -> Site:
    (folder / "site.toml").write_text(SITE)
    return load_site(folder / "site.toml")


def watched(folder: Path, source: Street) -> list[Event]:
    """The events of a run, which is exported into the folder too."""
    site = site_in(folder)
    (camera,) = site.cameras
    signals = line_signals_of(camera)
    with Vault.open(folder / "vault") as vault:
        lines = [Line("stop-line", np.array([[0.0, 120.0], [320.0, 120.0]]))]
        judge = partial(line_judge_of, site, camera, seen=signals.signals)
        CameraLine(source, Seer(CARS), vault, lambda *_: lines, Pace(), Pictures(), judge=judge, signals=signals).run()
        vault.export(folder)
        return list(vault.events())


def kinds(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.kind, round(event.time_ns / NS_PER_S)) for event in events if event.kind == "red-light"]


def red_until_8(time_s: float) -> Lamp:
    return Lamp.RED if time_s < 8 else Lamp.GREEN


@pytest.fixture(scope="module")
def red_then_green(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    folder = tmp_path_factory.mktemp("red-then-green")
    return folder, watched(folder, street(red_until_8))


def test_who_drives_on_red_is_told_and_who_drives_on_green_is_not(red_then_green: tuple[Path, list[Event]]) -> None:
    assert kinds(red_then_green[1]) == [("red-light", 4)]


def test_nobody_ran_a_light_that_nobody_could_see(tmp_path: Path) -> None:
    """Red all the time, and a red bus before the head while the first car crosses."""
    events = watched(tmp_path, street(lambda _: Lamp.RED, bus=lambda time_s: 3.0 < time_s < 6.0))
    assert kinds(events) == [("red-light", 11)]
    states = [(event.details["state"], round(event.time_ns / NS_PER_S, 1)) for event in events if event.kind == "signal-state"]
    assert [state for state, _ in states] == ["red", "unknown", "red", "unknown"]
    assert [time_s for _, time_s in states] == pytest.approx([0.0, 3.0, 6.0, 15.0], abs=0.3)


def test_a_head_that_stays_dark_makes_no_violation(tmp_path: Path) -> None:
    assert kinds(watched(tmp_path, street(lambda _: Lamp.UNKNOWN))) == []


def test_a_phase_lasts_until_the_next_one(red_then_green: tuple[Path, list[Event]]) -> None:
    phases = [event for event in red_then_green[1] if event.kind == "signal-state"]
    assert [phase.details["state"] for phase in phases] == ["red", "unknown", "green", "unknown"]
    assert [phase.end_time_ns for phase in phases[:-1]] == [phase.time_ns for phase in phases[1:]]


def test_the_states_read_judge_the_stored_points_again_to_the_same_end(red_then_green: tuple[Path, list[Event]], tmp_path: Path) -> None:
    folder, events = red_then_green
    before = [event for event in events if event.kind == "red-light"]
    run_judge(site_in(tmp_path), folder / "points.parquet", tmp_path / "again", camera=None, signals=folder / "signals.csv")
    with (folder / "signals.csv").open() as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["red", "unknown", "green", "unknown"]
    again = (tmp_path / "again" / "events.jsonl").read_text()
    assert len(before) == again.count("\n") == 1
    assert f'"value": {before[0].measures[0].value}' in again


def test_without_the_states_nothing_is_judged_and_the_reason_is_told(red_then_green: tuple[Path, list[Event]], tmp_path: Path) -> None:
    outcome = run_judge(site_in(tmp_path), red_then_green[0] / "points.parquet", tmp_path / "again", camera=None, signals=None)
    assert outcome.exit_code == 1
    assert any("nothing tells its states" in line for line in outcome.lines_of_text)


@pytest.mark.parametrize("box", ["[600, 10, 660, 90]", "[700, 10, 720, 90]", "[10, 300, 30, 400]", "[-1, 10, 30, 90]"])
def test_a_head_outside_the_picture_is_refused_with_its_line(tmp_path: Path, box: str) -> None:
    (tmp_path / "site.toml").write_text(SITE.replace(str(list(HEAD_PX)), box))
    site = load_site(tmp_path / "site.toml")
    with pytest.raises(SiteError, match=r"site\.toml:10: signal head head_px = .* is not inside the picture; wanted a box within 640×360 pixels"):
        site.refuse_signals_outside(site.cameras[0], 640, 360)


def test_a_large_head_is_looked_at_in_a_smaller_picture() -> None:
    asked: list[tuple[int, int]] = []

    def convert(width_px: int, height_px: int, form: str) -> Pixels:
        asked.append((width_px, height_px))
        return np.zeros((height_px, width_px, 3), np.uint8)

    signals = LineSignals({"big": SignalTable(id="big", head_px=(100.0, 100.0, 160.0, 280.0))})
    signals.see(RawFrame("c", 0, 0, None, 1920, 1080, convert))
    assert asked == [(384, 216)]


def test_old_states_are_forgotten_and_what_is_shown_is_not() -> None:
    table = {"head": SignalTable(id="head", head_px=tuple(float(side) for side in HEAD_PX))}
    signals = LineSignals(table)
    for second in range(0, 4 * 3600, 2):
        lamp = Lamp.RED if second % 1200 < 600 else Lamp.GREEN
        for tenth in (0, 4, 8, 12, 16):
            time_ns = second * NS_PER_S + tenth * NS_PER_S // 10
            signals._changed("head", signals._votes["head"].hear(time_ns, lamp.code))
    timeline = signals.signals["head"]
    assert len(timeline.time_ns) < 25
    assert timeline.at(4 * 3600 * NS_PER_S - NS_PER_S).tolist() == [LAMP_GREEN]
    assert timeline.at((4 * 3600 - 900) * NS_PER_S).tolist() == [LAMP_RED]


def test_a_signals_file_of_another_camera_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "signals.csv"
    path.write_text("time_s,time_utc,camera,signal,state\n1.5,,a,s,red\n2,,b,s,green\n3.000000001,,a,s,unknown\n")
    signal = read_signals_csv(path, "a")["s"]
    assert (signal.time_ns.tolist(), signal.state.tolist()) == ([1_500_000_000, 3_000_000_001], [LAMP_RED, LAMP_UNKNOWN])
    assert read_signals_csv(path, "c") == {}


@pytest.mark.parametrize("row", ["x,,a,s,red", "1,,a,s,rot", "1,,a", "nan,,a,s,red"])
def test_a_row_that_is_none_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "signals.csv"
    path.write_text(f"time_s,time_utc,camera,signal,state\n{row}\n")
    with pytest.raises(SourceError, match=r"signals\.csv:2: .*wanted time_s,time_utc,camera,signal,state"):
        read_signals_csv(path, "a")
