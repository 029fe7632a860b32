"""Moving foreground is heard only where the network is blind, and believed only once it has travelled."""

import numpy as np
import pytest

from catseye.core.arrays import Ints
from catseye.core.detections import Detections, Tracked
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.testing.detector import still
from catseye.vision.tracker import Tracker
from catseye.vision.witness import Witness, WitnessSettings

WIDTH_PX, HEIGHT_PX = 320, 240
CAR, UNKNOWN = RoadUser.CAR.code, RoadUser.UNKNOWN.code
Box = tuple[float, float, float, float]
NO_PAIRS: Ints = np.empty((0, 2), np.int64)


def frame_at(time_ms: int) -> RawFrame:
    return still(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8), time_ms * 1_000_000)


def moving(*boxes: Box) -> np.ndarray:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for left, top, right, bottom in boxes:
        mask[int(top) : int(bottom), int(left) : int(right)] = 255
    return mask


def found(*boxes: Box, kind: int = CAR) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.8, np.float32), np.full(len(boxes), kind, np.uint8))


def tracked(*boxes: Box, kind: int = UNKNOWN, first: int = 1, sure: bool = True) -> Tracked:
    n = len(boxes)
    return Tracked(
        0,
        np.arange(first, first + n),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(n, kind, np.uint8),
        np.ones(n, bool),
        np.full(n, sure),
        np.full(n, 0.5, np.float32),
        NO_PAIRS,
        np.empty(0, np.int64),
    )


def test_where_nothing_moves_the_detector_speaks_alone() -> None:
    boxes = found((10, 10, 50, 40))
    assert Witness().hear(frame_at(0), moving(), boxes) is boxes


def test_a_body_that_the_network_does_not_know_is_heard() -> None:
    heard = Witness().hear(frame_at(0), moving((100, 80, 160, 140)), Detections.none())
    assert heard.box_px.tolist() == [[100, 80, 160, 140]]
    assert heard.kind.tolist() == [UNKNOWN]


def test_a_body_beside_a_known_vehicle_is_heard_too() -> None:
    heard = Witness().hear(frame_at(0), moving((100, 80, 160, 140)), found((10, 10, 50, 40)))
    assert heard.kind.tolist() == [CAR, UNKNOWN]
    assert heard.is_moved.tolist() == [False, True]


def test_what_the_network_explains_is_left_out() -> None:
    boxes = found((105, 85, 150, 130))
    heard = Witness().hear(frame_at(0), moving((90, 80, 200, 140)), boxes)
    assert heard.box_px.tolist() == boxes.box_px.tolist()
    assert heard.kind.tolist() == [CAR]


def test_a_queue_that_melts_into_one_body_is_left_to_the_network() -> None:
    queue = found((60, 90, 110, 130), (120, 90, 170, 130), (180, 90, 230, 130))
    assert len(Witness().hear(frame_at(0), moving((55, 85, 235, 135)), queue)) == 3


@pytest.mark.parametrize("body", [(10, 10, 18, 18), (10, 10, 18, 120)])
def test_what_is_too_small_or_too_thin_for_a_vehicle_is_not_heard(body: Box) -> None:
    witness = Witness(WitnessSettings(least_side_ratio=9 / HEIGHT_PX))
    assert len(witness.hear(frame_at(0), moving(body), Detections.none())) == 0


def test_a_scatter_of_leaves_is_not_heard() -> None:
    mask = moving()
    rows, columns = np.mgrid[40:140, 40:140]
    mask[40:140, 40:140][(rows == columns) | (rows == columns + 1)] = 255
    assert len(Witness().hear(frame_at(0), mask, Detections.none())) == 0


def test_nothing_tracked_nothing_vetted() -> None:
    assert Witness().vet(tracked()).shape == (0,)


def test_a_known_kind_is_as_sure_as_the_tracker_says() -> None:
    assert Witness().vet(tracked((0, 0, 40, 40), kind=CAR)).tolist() == [True]
    assert Witness().vet(tracked((0, 0, 40, 40), kind=CAR, sure=False)).tolist() == [False]


def test_a_ghost_never_becomes_sure() -> None:
    witness, rng = Witness(), np.random.default_rng(1)
    for _ in range(200):
        jitter = rng.uniform(-3, 3)
        assert witness.vet(tracked((100 + jitter, 80, 160 + jitter, 140))).tolist() == [False]


def test_an_unknown_track_is_sure_once_it_has_travelled_and_stays_so() -> None:
    witness = Witness()
    sure = [bool(witness.vet(tracked((step * 5.0, 80, 60 + step * 5.0, 140)))[0]) for step in range(10)]
    assert sure == sorted(sure)
    assert not sure[0]
    assert sure[-1]
    assert witness.vet(tracked((45, 80, 105, 140))).tolist() == [True], "it may stand afterwards"


def test_a_new_track_does_not_inherit_the_travels_of_another() -> None:
    witness = Witness()
    for step in range(10):
        witness.vet(tracked((step * 5.0, 80, 60 + step * 5.0, 140)))
    assert witness.vet(tracked((45, 80, 105, 140), first=2)).tolist() == [False]


def test_a_body_that_has_travelled_goes_on_speaking_for_its_vehicle() -> None:
    """The odd box the network throws into it tells the kind, not the place."""
    witness = Witness()
    for step in range(10):
        witness.vet(tracked((step * 6.0, 80, 60 + step * 6.0, 140)))
    heard = witness.hear(frame_at(0), moving((60, 80, 120, 140)), found((80, 100, 110, 130)))
    assert heard.box_px.tolist() == [[60, 80, 120, 140]]
    assert heard.kind.tolist() == [CAR]


def run(bodies: list[list[Box]], seen: list[list[Box]] | None = None) -> list[Tracked]:
    """Bodies of each look, 125 ms apart, through witness and tracker; `sure` is the vetted one."""
    witness, tracker, told = Witness(), Tracker(), []
    for index, moved in enumerate(bodies):
        frame = frame_at(125 * index)
        state = tracker.update(frame.time_ns, witness.hear(frame, moving(*moved), found(*(seen[index] if seen else []))))
        sure = witness.vet(state)
        told.append(Tracked(state.time_ns, state.track, state.box_px, state.kind, state.seen, sure, state.score_ratio, state.joined, state.ended))
    return told


def test_a_vehicle_seen_from_above_becomes_one_sure_track() -> None:
    told = run([[(100, 6.0 * step, 150, 6.0 * step + 70)] for step in range(25)])
    assert {int(track) for state in told for track in state.track[state.sure]} == {1}
    assert told[-1].sure.all()


def test_a_lamp_that_flickers_in_one_place_is_never_counted() -> None:
    told = run([[(100, 80, 160, 140)] if step % 3 else [] for step in range(60)])
    assert not any(state.sure.any() for state in told)


def test_a_vehicle_the_network_sees_is_counted_once_though_it_moves() -> None:
    places: list[list[Box]] = [[(10.0 + 8 * step, 100, 70.0 + 8 * step, 140)] for step in range(25)]
    shadows: list[list[Box]] = [[(left - 6, top, right + 10, bottom + 8)] for [(left, top, right, bottom)] in places]
    told = run(shadows, places)
    assert {int(track) for state in told for track in state.track} == {1}
    assert told[-1].kind.tolist() == [CAR]
