"""Points become scenes: velocity, heading, acceleration and their doubt, whatever the frames do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene, PictureScene, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.motion import Moment, Motion, MotionError, MotionSettings

CAR = RoadUser.CAR.code
SIGMA_M = 0.2


def moment(time_s: float, place: ArrayLike, track: ArrayLike | None = None, **columns: object) -> Moment:
    at = np.asarray(place, np.float64).reshape(-1, 2)
    who = np.arange(len(at)) if track is None else np.asarray(track, np.int64)
    given = {"place_sigma": np.full(len(at), SIGMA_M)} | columns
    return Moment(round(time_s * NS_PER_S), who, np.full(len(at), CAR, np.uint8), at, **given)  # type: ignore[arg-type]


def played(moments: list[Moment], plane: type[Scene] = GroundScene, motion_settings: MotionSettings | None = None) -> list[Scene]:
    motion = Motion(plane, motion_settings)
    return [scene for each in moments for scene in motion.see(each)] + motion.finish()


def drive(times_s: ArrayLike, velocity: tuple[float, float], noise_m: float = 0.0, seed: int = 0, **columns: object) -> list[Moment]:
    chance = np.random.default_rng(seed)
    return [moment(t, np.array(velocity) * t + chance.normal(0, noise_m, 2) if noise_m else np.array(velocity) * t, **columns) for t in np.asarray(times_s)]


def speeds_kmh(scenes: list[Scene]) -> np.ndarray:
    return np.array([scene.speed_kmh[0] for scene in scenes if isinstance(scene, GroundScene)])


def test_an_even_drive_has_its_speed_and_heading_from_the_first_moment_to_the_last() -> None:
    scenes = played(drive(np.arange(0, 4, 0.125), (6.0, 8.0)))
    assert speeds_kmh(scenes) == pytest.approx(36.0, abs=1e-3)
    assert scenes[0].heading[0] == pytest.approx([0.6, 0.8], abs=1e-4)
    assert [scene.time_ns for scene in scenes] == [round(0.125 * NS_PER_S) * k for k in range(32)]


def test_a_scene_comes_when_its_window_is_full() -> None:
    motion = Motion(GroundScene)
    came = {t: [scene.time_ns / NS_PER_S for scene in motion.see(moment(t, [[10 * t, 0.0]]))] for t in (0.0, 0.2, 0.4, 0.6, 0.8)}
    assert came == {0.0: [], 0.2: [], 0.4: [], 0.6: [0.0], 0.8: [0.2]}
    assert motion.lag_s == 0.6


def test_nobody_waits_for_tracks_that_have_ended() -> None:
    motion = Motion(GroundScene)
    motion.see(moment(0.0, [[0.0, 0.0], [5.0, 0.0]], [1, 2]))
    motion.see(moment(0.1, [[1.0, 0.0]], [1]))
    assert motion.end(np.array([1])) == []
    assert [scene.time_ns for scene in motion.end(np.array([2, 99]))] == [0, 100_000_000]
    assert motion.finish() == []


def test_an_empty_road_is_a_scene_too() -> None:
    assert [len(scene) for scene in played([moment(t, np.empty((0, 2)), []) for t in (0.0, 1.0, 2.0)])] == [0, 0, 0]


@given(
    speed=st.floats(1, 40),
    turn=st.floats(0, 2 * np.pi),
    begin=st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)),
    steps_ms=st.lists(st.integers(15, 400), min_size=12, max_size=40),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_any_even_drive_is_recovered_within_its_doubt_on_any_frames(
    speed: float, turn: float, begin: tuple[float, float], steps_ms: list[int], seed: int
) -> None:
    times_s, chance = np.cumsum(steps_ms) / 1000, np.random.default_rng(seed)
    way = np.array([np.cos(turn), np.sin(turn)])
    scenes = played([moment(t, np.array(begin) + speed * way * t + chance.normal(0, SIGMA_M, 2)) for t in times_s])
    known = [scene for scene in scenes if np.isfinite(scene.velocity_sigma[0])]
    misses = np.array([((scene.velocity[0] - speed * way) @ way) / scene.velocity_sigma[0] for scene in known])
    assert len(scenes) == len(times_s)
    assert (np.abs(misses) < 6).all()


@given(turn=st.floats(0, 2 * np.pi), shift=st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_a_turned_and_shifted_road_gives_turned_and_shifted_scenes(turn: float, shift: tuple[float, float], seed: int) -> None:
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    here = drive(np.arange(0, 3, 0.125), (9.0, 1.0), SIGMA_M, seed)
    there = [moment(each.time_ns / NS_PER_S, each.place @ matrix.T + shift) for each in here]
    for one, other in zip(played(here), played(there), strict=True):
        assert other.velocity == pytest.approx(one.velocity @ matrix.T, abs=1e-6)
        assert other.place == pytest.approx(one.place @ matrix.T + shift, abs=1e-6)
        assert other.velocity_sigma == pytest.approx(one.velocity_sigma, rel=1e-6)
        assert other.accel == pytest.approx(one.accel, abs=1e-5)


def misses_of(scenes: list[Scene], value: str, truth: np.ndarray, sigma: str) -> np.ndarray:
    return np.concatenate([(np.asarray(getattr(scene, value)) - truth) / getattr(scene, sigma) for scene in scenes])


@pytest.mark.parametrize("fps", [8, 25])
def test_stated_doubts_cover_the_truth_as_often_as_they_say(fps: int) -> None:
    chance, m = np.random.default_rng(3), 60
    velocity, begin = chance.uniform(5, 25, (m, 2)), chance.uniform(-50, 50, (m, 2))
    scenes = played([moment(k / fps, begin + velocity * k / fps + chance.normal(0, SIGMA_M, (m, 2))) for k in range(12 * fps)])[fps:-fps]
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    for value, truth, sigma in (("speed", speed, "velocity_sigma"), ("accel", np.zeros(m), "accel_sigma")):
        assert 0.92 <= (np.abs(misses_of(scenes, value, truth, sigma)) < 1.96).mean() <= 0.98


def test_a_doubt_stated_too_small_is_mended_by_what_is_seen() -> None:
    chance, m = np.random.default_rng(4), 60
    shown = [moment(k / 25, np.outer(np.full(m, k / 25), [12.0, 0.0]) + chance.normal(0, SIGMA_M, (m, 2)), place_sigma=np.full(m, 0.02)) for k in range(200)]
    assert 0.9 <= (np.abs(misses_of(played(shown)[25:-25], "speed", np.full(m, 12.0), "velocity_sigma")) < 1.96).mean() <= 0.98


def test_errors_that_go_on_are_known_of_and_not_taken_for_certainty() -> None:
    chance, m, step_s, memory_s = np.random.default_rng(5), 80, 0.125, 0.15
    fade, error, shown = np.exp(-step_s / memory_s), np.zeros((m, 2)), []
    for k in range(200):
        error = fade * error + np.sqrt(1 - fade**2) * chance.normal(0, SIGMA_M, (m, 2))
        shown.append(moment(k * step_s, np.array([12.0 * k * step_s, 0.0]) + error))
    scenes = played(shown, motion_settings=MotionSettings(noise_memory_s=memory_s))[20:-20]
    assert 0.92 <= (np.abs(misses_of(scenes, "speed", np.full(m, 12.0), "velocity_sigma")) < 1.96).mean() <= 0.985


def test_the_doubt_of_the_calibration_is_added_and_does_not_fade_with_more_points() -> None:
    scenes = played(drive(np.arange(0, 3, 0.02), (20.0, 0.0), speed_doubt_ratio=np.array([0.03])))
    assert scenes[70].velocity_sigma[0] == pytest.approx(0.6, abs=0.03)


def test_a_leaping_box_moves_no_speed() -> None:
    shown = drive(np.arange(0, 4, 0.125), (12.0, 0.0), 0.1, seed=2)
    for k, leap in ((9, 4.0), (19, -3.0), (20, 2.5)):
        shown[k] = moment(k * 0.125, shown[k].place + np.array([leap, 1.0]))
    assert speeds_kmh(played(shown))[2:-2] == pytest.approx(43.2, abs=3.0)


def test_braking_is_measured_along_the_heading_with_its_doubt() -> None:
    times_s = np.arange(0, 2.5, 0.04)
    chance = np.random.default_rng(6)
    shown = [moment(t, [-(20 * t - 3.5 * t * t) + chance.normal(0, 0.05), 3.0]) for t in times_s]
    scenes = played(shown)[15:-15]
    accel, sigma = (np.array([getattr(scene, name)[0] for scene in scenes]) for name in ("accel", "accel_sigma"))
    assert accel.mean() == pytest.approx(-7.0, abs=0.15)
    assert (np.abs(accel + 7.0) < 4 * sigma).all()
    assert (sigma < 0.5).all()


def test_a_vehicle_that_stops_keeps_where_it_points_and_trembling_is_no_turn() -> None:
    chance = np.random.default_rng(7)
    shown = [moment(t, np.array([min(t, 3.0) * 10.0, 0.0]) + chance.normal(0, 0.3, 2), place_sigma=np.array([0.3])) for t in np.arange(0, 40, 0.125)]
    scenes = played(shown)
    late = [scene for scene in scenes if scene.time_ns > 6 * NS_PER_S]
    turned_deg = np.array([np.degrees(np.arctan2(scene.heading[0, 1], scene.heading[0, 0])) for scene in late])
    assert np.abs(turned_deg).max() < 20  # what it was when it stopped
    assert np.unique(turned_deg.round(9)).size <= 2


def test_who_was_never_seen_to_move_has_no_heading() -> None:
    chance = np.random.default_rng(8)
    scenes = played([moment(t, chance.normal(0, 0.2, 2)) for t in np.arange(0, 4, 0.125)])
    assert np.isnan([scene.heading for scene in scenes]).all()
    assert np.isnan([scene.accel for scene in scenes]).all()
    assert np.isfinite([scene.velocity for scene in scenes]).all()


def test_a_single_point_has_a_place_and_no_velocity() -> None:
    (scene,) = played([moment(0.0, [[3.0, 4.0]], place_sigma=np.array([0.7]))])
    assert scene.place.tolist() == [[3.0, 4.0]]
    assert scene.place_sigma == pytest.approx([0.7], abs=0.01)
    assert np.isnan(np.concatenate([scene.velocity[0], scene.velocity_sigma, scene.heading[0], scene.accel, scene.accel_sigma])).all()


def test_two_points_say_little_and_admit_it() -> None:
    scene, _ = played(drive([0.0, 0.1], (10.0, 0.0)))
    assert scene.velocity[0, 0] == pytest.approx(10.0, abs=0.1)
    assert scene.velocity_sigma[0] > 2.0


def test_who_comes_back_after_two_seconds_begins_anew_but_keeps_the_heading() -> None:
    times_s = np.concatenate([np.arange(0, 2, 0.125), np.arange(4, 6, 0.125)])
    shown = [moment(t, [10.0 * t, 0.0] if t < 3 else [20.0, 50.0]) for t in times_s]
    back = [scene for scene in played(shown) if scene.time_ns >= 4 * NS_PER_S]
    assert speeds_kmh(back) == pytest.approx(0.0, abs=1e-6)  # it stands elsewhere: no leap of 50 m/s
    assert back[0].heading[0] == pytest.approx([1.0, 0.0], abs=1e-6)


def test_who_comes_back_after_long_has_no_heading_any_more() -> None:
    shown = drive(np.arange(0, 2, 0.1), (10.0, 0.0)) + [moment(t, np.empty((0, 2)), []) for t in np.arange(2, 60, 0.1)]
    scenes = played([*shown, moment(60.0, [[0.0, 0.0]]), moment(60.1, [[0.0, 0.0]])])
    assert np.isnan(scenes[-1].heading).all()


def test_points_without_a_place_are_passed_over() -> None:
    shown = drive(np.arange(0, 3, 0.125), (10.0, 0.0))
    shown[7] = moment(7 * 0.125, [[np.nan, 2.0]])
    scenes = played(shown)
    assert len(scenes[7]) == 0
    assert speeds_kmh(scenes[:7] + scenes[8:]) == pytest.approx(36.0, abs=1e-3)


def test_tracks_come_out_ascending_however_they_came_in() -> None:
    scenes = played([moment(t, [[20.0 * t, 0.0], [0.0, 10.0 * t]], [9, 4]) for t in np.arange(0, 2, 0.1)])
    assert scenes[10].track.tolist() == [4, 9]
    assert scenes[10].speed == pytest.approx([10.0, 20.0], abs=1e-3)


@pytest.mark.parametrize("next_s", [1.0, 0.9])
def test_time_that_stands_or_runs_back_is_refused(next_s: float) -> None:
    motion = Motion(GroundScene)
    motion.see(moment(1.0, [[0.0, 0.0]]))
    with pytest.raises(MotionError, match="wanted times that ascend"):
        motion.see(moment(next_s, [[0.0, 0.0]]))


def test_one_road_user_at_two_places_is_refused() -> None:
    with pytest.raises(MotionError, match="track 7 is there twice"):
        Motion(GroundScene).see(moment(0.0, [[0.0, 0.0], [1.0, 0.0]], [7, 7]))


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="for 1 tracks"):
        moment(0.0, [[0.0, 0.0]], speed_kmh=np.zeros(2))


def test_speed_and_heading_that_are_given_are_the_measurement_without_lag_or_smoothing() -> None:
    motion = Motion(GroundScene)
    for k, lane_m in enumerate((0.0, 0.0, 3.2, 3.2)):  # a whole lane in one step
        told = {"speed_kmh": np.array([36.0 + 3.6 * k]), "heading_deg": np.array([90.0])}
        (scene,) = motion.see(moment(0.2 * k, [[2.0 * k, lane_m]], place_sigma=None, **told))
        assert scene.velocity[0] == pytest.approx([10.0 + k, 0.0])
        assert scene.place[0].tolist() == [2.0 * k, lane_m]
        assert (scene.velocity_sigma[0], scene.place_sigma[0]) == (0.0, 0.0)
        assert scene.accel[0] == pytest.approx(5.0) if k else np.isnan(scene.accel[0])


def test_compass_headings_turn_clockwise_from_north() -> None:
    told = {"speed_kmh": np.full(4, 36.0), "heading_deg": np.array([0.0, 90.0, 180.0, 270.0])}
    (scene,) = Motion(GroundScene).see(moment(0.0, np.zeros((4, 2)), **told))
    assert scene.heading == pytest.approx(np.array([[0, 1], [1, 0], [0, -1], [-1, 0]]), abs=1e-12)


def test_measured_and_unmeasured_road_users_share_a_scene() -> None:
    def shown(k: int) -> Moment:
        told = {"speed_kmh": np.array([50.0, np.nan]), "heading_deg": np.array([0.0, np.nan])}
        return moment(0.1 * k, [[0.0, 0.0], [1.0 * k, 5.0]], **told)

    scenes = played([shown(k) for k in range(20)])
    assert scenes[10].speed * 3.6 == pytest.approx([50.0, 36.0], abs=1e-3)


def test_a_heading_that_is_given_alone_turns_the_body_and_a_speed_alone_sets_its_length() -> None:
    shown = drive(np.arange(0, 2, 0.1), (10.0, 0.0), heading_deg=np.array([45.0]))
    assert played(shown)[10].heading[0] == pytest.approx([np.sqrt(0.5), np.sqrt(0.5)])
    faster = drive(np.arange(0, 2, 0.1), (10.0, 0.0), speed_kmh=np.array([72.0]))
    assert played(faster)[10].velocity[0] == pytest.approx([20.0, 0.0], abs=1e-6)


def test_sizes_are_as_given_else_those_of_the_kind() -> None:
    kinds = np.array([RoadUser.CAR.code, RoadUser.BUS.code, RoadUser.UNKNOWN.code], np.uint8)
    shown = Moment(0, np.arange(3), kinds, np.zeros((3, 2)), length_m=np.array([4.1, np.nan, np.nan]))
    scene = played([shown])[0]
    assert scene.length[:2].tolist() == [4.1, 11.7]
    assert np.isnan([scene.length[2], scene.width[2]]).all()


def test_in_the_picture_speeds_are_pixels_a_second_and_nobody_knows_sizes() -> None:
    scenes = played(drive(np.arange(0, 2, 0.04), (300.0, 40.0), 1.0), PictureScene)
    assert isinstance(scenes[25], PictureScene)
    assert scenes[25].velocity[0] == pytest.approx([300.0, 40.0], abs=6.0)
    assert np.isnan(scenes[25].length).all()


def test_what_the_camera_does_not_trust_stays_marked() -> None:
    shown = [moment(0.1 * k, [[1.0 * k, 0.0]], trusted=k != 5) for k in range(20)]
    assert [scene.trusted for scene in played(shown)] == [k != 5 for k in range(20)]


def test_a_replay_gives_the_same_scenes_bit_for_bit() -> None:
    chance, m = np.random.default_rng(9), 30
    shown = []
    for k in range(300):
        there = np.flatnonzero(chance.random(m) > 0.2) + 5 * (k // 20)  # coming and going
        shown.append(moment(0.1 * k, there[:, None] * [1.0, 2.0] + 10 * 0.1 * k + chance.normal(0, 0.3, (len(there), 2)), there))
    for one, other in zip(played(shown), played(shown), strict=True):
        for name in ("track", "place", "velocity", "velocity_sigma", "heading", "accel"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


def test_memory_stays_bounded_however_many_come_by() -> None:
    motion = Motion(GroundScene, MotionSettings(memory_s=2.0))
    for k in range(3000):
        motion.see(moment(0.1 * k, np.zeros((10, 2)), 10 * (k // 5) + np.arange(10)))
    assert motion._memory._place.size < 100_000
    assert len(motion._memory._track) < 400


def test_settings_that_mean_nothing_are_refused() -> None:
    for broken in ({"half_window_s": 0.0}, {"accel_sigma": -1.0}, {"memory_s": float("nan")}):
        with pytest.raises(ValueError, match="wanted a window"):
            MotionSettings(**broken)
