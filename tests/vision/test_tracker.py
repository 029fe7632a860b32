"""What the tracker promises, each promise a fact. Positions in pixels, times in seconds until they reach the tracker."""

import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from catseye.core.detections import Detections, Tracked
from catseye.core.road_user import RoadUser
from catseye.vision.tracker import Tracker, TrackerSettings

CAR, TRUCK, MOTORCYCLIST, UNKNOWN = (kind.code for kind in (RoadUser.CAR, RoadUser.TRUCK, RoadUser.MOTORCYCLIST, RoadUser.UNKNOWN))
Box = tuple[float, float, float, float, float, int]  # centre x, y, width, height, score, kind


def box(x_px: float, y_px: float, width_px: float = 40, height_px: float = 30, score: float = 0.8, kind: int = CAR) -> Box:
    return x_px, y_px, width_px, height_px, score, kind


def look(*boxes: Box) -> Detections:
    if not boxes:
        return Detections.none()
    x, y, width, height, score, kind = np.array(boxes, np.float64).T
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    return Detections(corners.astype(np.float32), score.astype(np.float32), kind.astype(np.uint8))


def run(scene: Callable[[float], Iterable[Box]], times_s: Iterable[float], tracker: Tracker | None = None) -> list[Tracked]:
    tracker = tracker or Tracker()
    return [tracker.update(round(time_s * 1e9), look(*scene(time_s))) for time_s in times_s]


def every(step_s: float, until_s: float, start_s: float = 0.0) -> list[float]:
    return [float(time_s) for time_s in np.arange(start_s, until_s, step_s)]


def sure_tracks(reports: Iterable[Tracked]) -> set[int]:
    return {int(track) for report in reports for track in report.track[report.sure]}


def nearest(report: Tracked, x_px: float, y_px: float) -> int:
    centre = (report.box_px[:, :2] + report.box_px[:, 2:]) / 2
    return int(report.track[np.abs(centre - [x_px, y_px]).sum(axis=1).argmin()])


def test_a_track_has_its_name_from_the_first_look_and_is_sure_after_three() -> None:
    reports = run(lambda t: [box(100 + 30 * t, 100)], every(0.2, 1.0))
    assert [report.track.tolist() for report in reports] == [[1]] * 5
    assert [bool(report.sure[0]) for report in reports] == [False, False, True, True, True]


@pytest.mark.parametrize("step_s", [0.04, 0.125, 0.2])
def test_crossing_paths_keep_their_identities(step_s: float) -> None:
    def scene(t: float) -> list[Box]:
        return [box(100 + 100 * t, 200 + 20 * t), box(500 - 100 * t, 198 + 22 * t)]

    reports = run(scene, every(step_s, 4.0))
    assert sure_tracks(reports) == {1, 2}
    assert nearest(reports[-1], 490, 278) == nearest(reports[3], 100, 200) == 1


@pytest.mark.parametrize("step_s", [0.04, 0.125, 0.2, 0.33])
def test_an_occlusion_of_one_second_breaks_nothing(step_s: float) -> None:
    reports = run(lambda t: [] if 2.0 < t < 3.0 else [box(50 + 90 * t, 100 + 15 * t)], every(step_s, 5.0))
    assert sure_tracks(reports) == {1}
    assert reports[-1].track.tolist() == [1]


def test_a_track_coasts_unseen_through_an_occlusion() -> None:
    reports = run(lambda t: [] if t > 2.0 else [box(50 + 90 * t, 100)], every(0.2, 2.8))
    assert reports[-1].seen.tolist() == [False]
    assert abs(reports[-1].box_px[0, 0] - (50 + 90 * 2.6 - 20)) < 10


@pytest.mark.parametrize("step_s", [0.04, 0.125, 0.2])
def test_a_track_lost_behind_a_bus_is_stitched_to_its_other_half(step_s: float) -> None:
    reports = run(lambda t: [] if 2.0 < t < 4.2 else [box(50 + 90 * t, 100 + 15 * t)], every(step_s, 6.0))
    joined = np.concatenate([report.joined for report in reports])
    assert joined.tolist() == [[2, 1]]
    assert reports[-1].track.tolist() == [1]
    assert all(1 not in report.ended for report in reports)


def test_a_standing_vehicle_hidden_by_a_passing_bus_comes_back_under_its_name() -> None:
    rng = np.random.default_rng(3)
    reports = run(lambda t: [] if 3.0 < t < 5.4 else [box(300 + rng.normal(0, 1), 200 + rng.normal(0, 1))], every(0.2, 8.0))
    assert reports[-1].track.tolist() == [1]


def test_a_vehicle_coming_back_the_other_way_is_another_one() -> None:
    reports = run(lambda t: [] if 2.0 < t < 4.0 else [box(50 + 90 * t, 100) if t < 3 else box(410 - 90 * (t - 3), 100)], every(0.2, 6.0))
    assert sum(len(report.joined) for report in reports) == 0
    assert sure_tracks(reports) == {1, 2}


def test_a_motorcycle_is_not_stitched_to_a_lorry() -> None:
    def scene(t: float) -> list[Box]:
        return [] if 2.0 < t < 4.0 else [box(50 + 90 * t, 100, kind=MOTORCYCLIST if t < 3 else TRUCK)]

    assert sure_tracks(run(scene, every(0.2, 6.0))) == {1, 2}


def test_a_standing_trembling_vehicle_keeps_one_name_for_500_looks() -> None:
    rng = np.random.default_rng(11)
    reports = run(lambda _: [box(*rng.normal([300, 200, 60, 45], 1.5))], every(0.04, 20.0))
    assert len(reports) == 500
    assert {tuple(report.track) for report in reports} == {(1,)}


def test_weak_boxes_never_start_a_track() -> None:
    reports = run(lambda _: [box(100, 100, score=0.29), box(300, 100, score=0.36)], every(0.1, 3.0))
    assert all(len(report.track) == 0 for report in reports)


def test_weak_boxes_keep_a_track_alive() -> None:
    reports = run(lambda t: [box(100 + 30 * t, 100, score=0.8 if t < 1.0 else 0.15)], every(0.2, 8.0))
    assert reports[-1].track.tolist() == [1]
    assert reports[-1].seen.tolist() == [True]


def test_a_weak_box_goes_to_the_track_no_strong_box_was_for() -> None:
    def scene(t: float) -> list[Box]:
        return [box(100 + 30 * t, 100), box(150 + 30 * t, 100, score=0.8 if t < 1.0 else 0.2)]

    reports = run(scene, every(0.125, 4.0))
    assert sure_tracks(reports) == {1, 2}
    assert reports[-1].seen.tolist() == [True, True]
    assert reports[-1].score_ratio.tolist() == pytest.approx([0.8, 0.2])


def test_looks_at_irregular_times_follow_real_velocity() -> None:
    rng = np.random.default_rng(5)
    times_s = np.cumsum(rng.choice([0.04, 0.08, 0.2, 0.45], 60))
    reports = run(lambda t: [box(50 + 80 * t, 100 + 20 * t)], times_s.tolist())
    assert {tuple(report.track) for report in reports} == {(1,)}
    assert abs(reports[-1].box_px[0, 0] - (50 + 80 * times_s[-1] - 20)) < 4


def test_a_small_fast_vehicle_is_followed_though_its_boxes_never_overlap() -> None:
    reports = run(lambda t: [box(20 + 120 * t, 100 + 10 * t, 16, 20, kind=MOTORCYCLIST)], every(0.2, 3.0))
    assert {tuple(report.track) for report in reports} == {(1,)}


def test_a_column_of_equal_motorcycles_keeps_its_names_at_eight_looks_a_second() -> None:
    reports = run(lambda t: [box(30 * k + 75 * t, 100, 16, 24, kind=MOTORCYCLIST) for k in range(8)], every(0.125, 3.0))
    assert sure_tracks(reports) == set(range(1, 9))


def test_a_gap_of_thirty_seconds_ends_every_track() -> None:
    tracker = Tracker()
    run(lambda t: [box(100 + 20 * t, 100), box(300, 100)], every(0.2, 2.0), tracker)
    after = tracker.update(32 * 10**9, look(box(300, 100)))
    assert after.ended.tolist() == [1, 2]
    assert after.track.tolist() == [3]


def test_an_ended_track_was_told_of_once_and_only_after_the_time_to_come_back() -> None:
    reports = run(lambda t: [box(100, 100)] if t < 2.0 else [], every(0.2, 8.0))
    ended = [(report.time_ns / 1e9, track) for report in reports for track in report.ended.tolist()]
    wanted = TrackerSettings()
    assert ended == [(pytest.approx(1.8 + wanted.coast_s + wanted.stitch_s, abs=0.25), 1)]


def test_a_flicker_ends_soon_and_was_never_sure() -> None:
    reports = run(lambda t: [box(100, 100)] if t < 0.1 else [], every(0.1, 2.0))
    assert sure_tracks(reports) == set()
    assert [report.ended.tolist() for report in reports if len(report.ended)] == [[1]]


def test_empty_looks_are_answered_with_empty_columns() -> None:
    reports = run(lambda _: [], every(0.2, 2.0))
    assert all(len(report.track) == len(report.box_px) == len(report.ended) == len(report.joined) == 0 for report in reports)


def test_names_are_never_used_twice_and_memory_goes_back_to_nothing() -> None:
    tracker, names = Tracker(), []
    for burst in range(20):
        reports = run(lambda _, burst=burst: [box(100 * k + 7 * burst, 100) for k in range(10)], every(0.2, 60.0 * burst + 1.0, start_s=60.0 * burst), tracker)
        names += reports[-1].track.tolist()
    assert len(set(names)) == 200
    run(lambda _: [], every(0.5, 2003.0, start_s=2000.0), tracker)
    assert len(tracker._live) == len(tracker._lost) == 0


def test_two_boxes_on_one_vehicle_become_one_track() -> None:
    def scene(t: float) -> list[Box]:
        drift = max(0.0, 1.0 - t)  # a second box is born beside the vehicle and settles on it
        car = box(100 + 60 * t, 100, 60, 40)
        return [car] if t < 0.5 else [car, box(100 + 60 * t + 60 * drift, 100 + 4, 62, 42, kind=TRUCK)]

    reports = run(scene, every(0.2, 4.0))
    assert np.concatenate([report.joined for report in reports]).tolist() == [[2, 1]]
    assert reports[-1].track.tolist() == [1]


def test_a_second_box_on_a_matched_vehicle_starts_no_track() -> None:
    reports = run(lambda t: [box(100 + 60 * t, 100, 60, 40)] + ([box(103 + 60 * t, 101, 60, 40)] if t > 0.5 else []), every(0.2, 3.0))
    assert {tuple(report.track) for report in reports} == {(1,)}


def test_the_kind_is_voted_for_by_all_looks_weighted_by_score() -> None:
    kinds = [TRUCK, CAR, CAR, TRUCK, CAR]
    reports = run(lambda t: [box(100, 100, kind=kinds[round(t / 0.2)], score=0.9 if kinds[round(t / 0.2)] == CAR else 0.4)], every(0.2, 1.0))
    assert int(reports[-1].kind[0]) == CAR


def test_one_box_that_knows_its_kind_outvotes_many_that_do_not() -> None:
    reports = run(lambda t: [box(100, 100, kind=CAR if t < 0.1 else UNKNOWN)], every(0.2, 4.0))
    assert int(reports[-1].kind[0]) == CAR


def test_a_box_cut_by_the_edge_of_an_occluder_does_not_throw_the_track_off_course() -> None:
    def scene(t: float) -> list[Box]:
        left, right = 100 + 60 * t, 160 + 60 * t  # its front vanishes behind a wall that stands at x = 300
        return [box((left + min(right, 300)) / 2, 100, min(right, 300) - left, 40)] if left < 285 else []

    reports = run(scene, every(0.125, 4.0))
    assert sure_tracks(reports) == {1}


def test_closing_ends_what_lives_and_what_is_lost() -> None:
    tracker = Tracker()
    run(lambda t: [box(100, 100)] + ([box(300, 100)] if t < 1.0 else []), every(0.2, 4.0), tracker)
    last = tracker.close(4 * 10**9)
    assert last.ended.tolist() == [1, 2]
    assert len(last.track) == 0


def test_time_that_runs_backwards_counts_as_standing_still() -> None:
    tracker = Tracker()
    run(lambda _: [box(100, 100)], every(0.2, 1.0), tracker)
    report = tracker.update(0, look(box(100, 100)))
    assert (report.time_ns, report.track.tolist()) == (800_000_000, [1])


coordinates = st.one_of(st.floats(-50, 700, width=32), st.floats(allow_nan=False, allow_infinity=True, width=32), st.sampled_from([0.0, 99_999.0]))
looks = st.lists(
    st.tuples(
        st.integers(0, 3 * 10**9),
        st.integers(0, 12).flatmap(
            lambda n: st.tuples(
                hnp.arrays(np.float32, (n, 4), elements=coordinates),
                hnp.arrays(np.float32, (n,), elements=st.floats(0, 1, width=32)),
                hnp.arrays(np.uint8, (n,), elements=st.integers(0, len(RoadUser) - 1)),
            )
        ),
    ),
    max_size=14,
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(looks)
def test_no_boxes_whatever_upset_the_columns(steps: list[tuple[int, tuple[np.ndarray, np.ndarray, np.ndarray]]]) -> None:
    tracker, time_ns, gone = Tracker(), 0, set()
    for span_ns, columns in steps:
        time_ns += span_ns
        report = tracker.update(time_ns, Detections(*columns))
        n = len(report.track)
        assert report.box_px.shape == (n, 4)
        assert all(len(column) == n for column in (report.kind, report.seen, report.sure, report.score_ratio))
        assert (np.diff(report.track) > 0).all()
        assert np.isfinite(report.box_px).all()
        assert not gone & set(report.track.tolist())
        gone |= set(report.ended.tolist()) | set(report.joined[:, 0].tolist())


def traffic(seed: int, looks_count: int, boxes_count: int) -> list[Detections]:
    """Boxes that drive about, tremble, vanish and flicker."""
    rng = np.random.default_rng(seed)
    place, speed = rng.uniform(0, 600, (boxes_count, 2)), rng.normal(0, 6, (boxes_count, 2))
    scene = []
    for _ in range(looks_count):
        place = (place + speed) % 600
        shown = place[rng.random(boxes_count) < 0.85] + rng.normal(0, 1, 2)
        scene.append(look(*(box(x, y, 24, 18, score) for (x, y), score in zip(shown.tolist(), rng.uniform(0.1, 0.9, len(shown)), strict=True))))
    return scene


@pytest.mark.parametrize("seed", range(12))
def test_every_name_ends_once_or_is_absorbed_once_and_never_comes_back(seed: int) -> None:
    tracker, step_ns = Tracker(), (40_000_000, 125_000_000, 200_000_000)[seed % 3]
    scene = traffic(seed, 120, 10 + 8 * seed)
    hidden = [seen.keep((seen.box_px[:, 0] < 200) | (seen.box_px[:, 0] > 300)) for seen in scene]  # a wall stands in the middle
    reports = [tracker.update(step_ns * n, seen) for n, seen in enumerate(hidden)] + [tracker.close(step_ns * len(hidden))]
    named = {track for report in reports for track in report.track.tolist()}
    ended = [track for report in reports for track in report.ended.tolist()]
    joined = np.concatenate([report.joined for report in reports])
    over: set[int] = set()
    for report in reports:
        for absorbed, survivor in report.joined.tolist():
            assert survivor not in over
            over.add(absorbed)
        over |= set(report.ended.tolist())
        assert not over & set(report.track.tolist())
    assert sorted(ended + joined[:, 0].tolist()) == sorted(named)


def test_the_same_looks_give_the_same_tracks_bit_for_bit() -> None:
    def columns() -> list[bytes]:
        tracker = Tracker()
        reports = [tracker.update(125_000_000 * n, seen) for n, seen in enumerate(traffic(4, 80, 60))]
        return [b"".join(getattr(report, name).tobytes() for name in Tracked.__slots__ if name != "time_ns") for report in reports]

    assert columns() == columns()


def module_at(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "published_idf1"), [("TUD-Campus", 0.558), ("TUD-Stadtmitte", 0.645)])
def test_public_sequences_are_followed_better_than_the_published_result(shared: Path, name: str, published_idf1: float) -> None:
    quality = module_at(shared / "bench" / "quality.py").Quality()
    truth, found = (np.loadtxt(shared / "traffic" / "mot" / f"{name}.{part}.txt", delimiter=",") for part in ("gt", "det"))
    tracker = Tracker()
    for frame in range(1, int(truth[:, 0].max()) + 1):
        seen, real = found[found[:, 0] == frame], truth[truth[:, 0] == frame]
        boxes = np.concatenate([seen[:, 2:4], seen[:, 2:4] + seen[:, 4:6]], axis=1).astype(np.float32)
        report = tracker.update(frame * 40_000_000, Detections(boxes, seen[:, 6].clip(0, 1).astype(np.float32), np.zeros(len(seen), np.uint8)))
        shown = report.sure & report.seen
        quality.add(np.concatenate([real[:, 2:4], real[:, 2:4] + real[:, 4:6]], axis=1), real[:, 1], report.box_px[shown], report.track[shown])
    assert quality.result()["idf1"] > published_idf1 + 0.05


@pytest.mark.parametrize(("nth_frame", "least_idf1"), [(1, 0.93), (4, 0.86)])
def test_fifty_road_users_keep_their_names_at_25_and_at_6_looks_a_second(shared: Path, nth_frame: int, least_idf1: float) -> None:
    quality, tracker = module_at(shared / "bench" / "quality.py").Quality(), Tracker()
    for number, (boxes, names, found, score) in enumerate(module_at(shared / "bench" / "scene.py").make(50, 150)):
        if number % nth_frame == 0:
            report = tracker.update(number * 40_000_000, Detections(found, score, np.full(len(found), CAR, np.uint8)))
            shown = report.sure & report.seen
            quality.add(boxes, names, report.box_px[shown], report.track[shown])
    assert quality.result()["idf1"] >= least_idf1


def test_outlines_of_what_moved_are_told_from_a_networks_boxes() -> None:
    tracker, seen = Tracker(), look(box(100, 100), box(300, 100))
    for time_s, moved in ((0.0, [False, True]), (0.2, [True, True]), (0.4, [False, True])):
        report = tracker.update(round(time_s * 1e9), Detections(seen.box_px, seen.score_ratio, seen.kind, np.array(moved)))
        assert report.moved is not None
        assert report.moved.tolist() == moved
