"""What is drawn is what is known by the time the picture comes out."""

from dataclasses import replace

import numpy as np
from tests.station.looks import WIDTH_PX, looks

from catseye.core.time import NS_PER_S
from catseye.station.line import Look
from catseye.station.scenes import SceneBook
from catseye.traffic.crossings import Crossings
from catseye.traffic.lines import Line

LINES = [Line("in", np.array([[0.0, 100.0], [320.0, 100.0]])), Line("out", np.array([[320.0, 200.0], [0.0, 200.0]]))]


def book() -> SceneBook:
    return SceneBook("cam-1", WIDTH_PX, LINES)


def crossing(time_s: float, line: int = 0, *, forward: bool = True) -> Crossings:
    return Crossings(np.array([int(time_s * NS_PER_S)]), np.array([1]), np.array([line]), np.array([forward]), np.array([[10.0, 100.0]]))


def with_track(look: Look, track: int, *, sure: bool = True, joined: tuple[int, int] | None = None) -> Look:
    pairs = np.array([joined] if joined else np.empty((0, 2)), np.int64).reshape(-1, 2)
    return replace(look, tracked=replace(look.tracked, track=np.array([track]), sure=np.array([sure]), joined=pairs))


def test_a_road_user_is_drawn_from_its_first_look_once_it_is_sure() -> None:
    made = book()
    for number, look in enumerate(looks(1.0)):
        made.note(with_track(look, 7, sure=number == 7))
    assert len(made.scene(0, WIDTH_PX, is_schematic=False).box_px) == 1


def test_what_never_becomes_sure_is_never_drawn() -> None:
    made = book()
    for look in looks(1.0):
        made.note(with_track(look, 7, sure=False))
    scene = made.scene(NS_PER_S // 2, WIDTH_PX, is_schematic=False)
    assert len(scene.box_px) == len(scene.trails) == 0


def test_two_tracks_found_to_be_one_have_one_trail() -> None:
    made = book()
    for number, look in enumerate(looks(1.0)):
        made.note(with_track(look, 7 if number < 4 else 9, joined=(9, 7) if number == 6 else None))
    ((_, trail),) = made.scene(7 * NS_PER_S // 8, WIDTH_PX, is_schematic=False).trails
    assert len(trail) == 8


def test_boxes_and_lines_are_scaled_to_the_picture_shown() -> None:
    made = book()
    first = next(looks(1.0))
    made.note(first)
    scene = made.scene(0, WIDTH_PX // 2, is_schematic=False)
    assert np.allclose(scene.box_px * 2, first.tracked.box_px)
    assert np.allclose(scene.gates[0].ends_px * 2, LINES[0].ends_px)


def test_a_crossing_counts_at_its_own_time_and_way_whenever_it_was_told() -> None:
    made = book()
    for look in looks(4.0):
        made.note(look)
    for told in (crossing(2.0), crossing(1.0, 1, forward=False), crossing(3.5)):
        made.cross(told)
    counts = []
    for time_s in (0, 1, 3):
        gates = made.scene(time_s * NS_PER_S, WIDTH_PX, is_schematic=False).gates
        counts.append([(gate.forward_count, gate.backward_count, gate.is_fresh) for gate in gates])
    assert counts == [[(0, 0, False), (0, 0, False)], [(0, 0, False), (0, 1, True)], [(1, 0, False), (0, 1, False)]]
