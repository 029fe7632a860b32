"""A redacted picture hides every head and plate it could show, in one solid colour, or it does not exist."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.arrays import Floats, Pixels
from catseye.core.detections import Detections, Tracked
from catseye.core.errors import ModelError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.road_user import RoadUser
from catseye.vision.redact import FILL_RGB, BackgroundRedactor, BackgroundSettings, Fill, RedactionSettings, Redactor

WIDTH, HEIGHT = 640, 360
LOOK_NS = 125_000_000
S = 1_000_000_000
STREET = np.random.default_rng(3).integers(90, 200, (HEIGHT, WIDTH, 3), np.uint8)
EVERYONE = set(RoadUser) - {RoadUser.UNKNOWN}

Box = tuple[float, float, float, float]


def frame_at(time_ns: int, width: int = WIDTH, height: int = HEIGHT) -> RawFrame:
    return RawFrame("cam-1", 0, time_ns, None, width, height, lambda w, h, _form: np.zeros((h, w, 3), np.uint8))


def boxes(*given: Box) -> Floats:
    return np.array(given, np.float32).reshape(-1, 4)


def found(kind: RoadUser, *given: Box, score: float = 0.9) -> Detections:
    return Detections(boxes(*given), np.full(len(given), score, np.float32), np.full(len(given), kind.code, np.uint8))


def followed(time_ns: int, kind: RoadUser, tracks: Sequence[tuple[int, Box]], joined: Sequence[tuple[int, int]] = ()) -> Tracked:
    n = len(tracks)
    names, yes = np.array([name for name, _ in tracks], np.int64), np.ones(n, np.bool_)
    kinds, pairs = np.full(n, kind.code, np.uint8), np.array(joined, np.int64).reshape(-1, 2)
    return Tracked(time_ns, names, boxes(*(box for _, box in tracks)), kinds, yes, yes, np.full(n, 0.9, np.float32), pairs, np.empty(0, np.int64))


def nobody(time_ns: int) -> Tracked:
    return followed(time_ns, RoadUser.CAR, [])


def walk(redactor: Redactor, looks: dict[int, Tracked], until: int, pictures_at: Sequence[int]) -> dict[int, RedactedPicture]:
    """Looks 0..until, one each `LOOK_NS`; those not named saw nobody. Pictures are wanted at the named looks."""
    safe: list[RedactedPicture] = []
    for index in range(until):
        time_ns = index * LOOK_NS
        rgb = STREET if index in pictures_at else None
        safe += redactor.see(frame_at(time_ns), looks.get(index, nobody(time_ns)), Detections.none(), rgb=rgb)
    safe += redactor.close()
    return {picture.time_ns // LOOK_NS: picture for picture in safe}


def is_filled(picture: RedactedPicture, left: float, top: float, right: float, bottom: float) -> bool:
    part = picture.rgb[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))]
    return bool((part == FILL_RGB).all())


def one_look(tracked: Tracked, rgb: Pixels = STREET, foreground: Pixels | None = None, detections: Detections | None = None) -> RedactedPicture:
    redactor = Redactor(EVERYONE)
    redactor.see(frame_at(0), tracked, detections or Detections.none(), foreground=foreground, rgb=rgb)
    (picture,) = redactor.close()
    return picture


def moving_right(index: int) -> tuple[int, Box]:
    return 7, (100 + 8.0 * index, 100, 140 + 8.0 * index, 200)


def test_a_head_is_filled_in_one_solid_colour_and_the_street_is_left_alone() -> None:
    picture = one_look(followed(0, RoadUser.PEDESTRIAN, [(1, (100, 100, 140, 200))]))
    assert is_filled(picture, 100, 100, 140, 125)
    assert (picture.rgb[180:, 300:] == STREET[180:, 300:]).all()
    assert 0 < picture.filled_ratio < 0.05


def test_the_raw_picture_is_not_touched() -> None:
    before = STREET.copy()
    one_look(followed(0, RoadUser.CAR, [(1, (0, 0, 600, 300))]))
    assert (before == STREET).all()


def test_a_missed_frame_between_two_looks_is_still_filled() -> None:
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [moving_right(index)]) for index in range(20) if index not in (9, 10)}
    pictures = walk(Redactor(EVERYONE), looks, 30, [9, 10])
    for index in (9, 10):
        left, top, right, _ = moving_right(index)[1]
        assert is_filled(pictures[index], left, top, right, top + 20)


def test_the_frame_before_the_first_look_is_filled() -> None:
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [moving_right(index)]) for index in range(5, 20)}
    pictures = walk(Redactor(EVERYONE), looks, 30, [2, 3, 4])
    for index in (2, 3, 4):
        left, top, right, _ = moving_right(index)[1]
        assert is_filled(pictures[index], left + 4, top, right - 4, top + 20)


def test_the_frame_after_the_last_look_is_filled() -> None:
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [moving_right(index)]) for index in range(10)}
    pictures = walk(Redactor(EVERYONE), looks, 30, [10, 11, 14])
    for index in (10, 11, 14):
        left, top, right, _ = moving_right(index)[1]
        assert is_filled(pictures[index], left + 4, top, right - 4, top + 20)


def test_two_tracks_found_to_be_one_are_filled_between_them() -> None:
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [moving_right(index)]) for index in range(4)}
    looks |= {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [(9, moving_right(index)[1])]) for index in range(12, 14)}
    looks |= {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [moving_right(index)], joined=[(9, 7)]) for index in range(14, 16)}
    left, top, right, _ = moving_right(8)[1]
    assert is_filled(walk(Redactor(EVERYONE), looks, 30, [8])[8], left, top, right, top + 20)


def test_a_weak_box_that_no_track_follows_is_filled_in_its_frame_and_beside_it() -> None:
    redactor = Redactor(EVERYONE)
    for index in range(6):
        seen = found(RoadUser.PEDESTRIAN, (300, 100, 330, 180), score=0.13) if index == 2 else Detections.none()
        redactor.see(frame_at(index * LOOK_NS), nobody(index * LOOK_NS), seen, rgb=STREET)
    hidden = [is_filled(picture, 300, 100, 330, 120) for picture in redactor.close()]
    assert hidden == [True, True, True, True, True, False]


def test_a_vehicle_that_is_hardly_one_is_filled_whole() -> None:
    picture = one_look(nobody(0), detections=found(RoadUser.CAR, (300, 100, 330, 130), score=0.3))
    assert is_filled(picture, 300, 97, 330, 133)


def test_what_no_class_explains_is_filled_whole() -> None:
    foreground = np.zeros((180, 320), np.uint8)
    foreground[50:80, 100:120] = 255
    foreground[60:70, 105:110] = 0  # a part as grey as the street behind it
    assert is_filled(one_look(nobody(0), foreground=foreground), 200, 100, 240, 160)


def test_movement_inside_the_box_of_a_road_user_is_explained() -> None:
    foreground = np.zeros((180, 320), np.bool_)
    foreground[50:100, 100:150] = True
    alone = one_look(followed(0, RoadUser.BUS, [(1, (200, 100, 300, 200))]), foreground=np.zeros_like(foreground))
    assert (one_look(followed(0, RoadUser.BUS, [(1, (200, 100, 300, 200))]), foreground=foreground).rgb == alone.rgb).all()


def test_the_unknown_kind_is_filled_whole() -> None:
    assert is_filled(one_look(followed(0, RoadUser.UNKNOWN, [(1, (50, 50, 90, 200))])), 50, 50, 90, 200)


def test_a_driver_near_enough_to_be_made_out_is_filled() -> None:
    assert is_filled(one_look(followed(0, RoadUser.CAR, [(1, (100, 100, 220, 200))])), 100, 100, 220, 200)


def test_pictures_come_in_order_and_only_after_the_delay() -> None:
    redactor, released = Redactor(EVERYONE), []
    for index in range(40):
        now_ns = index * LOOK_NS
        for picture in redactor.see(frame_at(now_ns), nobody(now_ns), Detections.none(), rgb=STREET):
            assert now_ns - picture.time_ns >= 1.5 * S
            released.append(picture.time_ns)
    released += [picture.time_ns for picture in redactor.close()]
    assert released == [index * LOOK_NS for index in range(40)]


def test_without_a_look_there_is_no_picture() -> None:
    redactor = Redactor(EVERYONE)
    assert redactor.see(frame_at(0), rgb=STREET) + redactor.close() == []
    assert redactor.withheld_count == 1


def test_pictures_of_a_time_when_the_detector_was_silent_are_withheld() -> None:
    redactor, safe = Redactor(EVERYONE), []
    for index in range(60):
        silent = 10 < index < 40
        now_ns = index * LOOK_NS
        safe += redactor.see(frame_at(now_ns), None if silent else nobody(now_ns), None if silent else Detections.none(), rgb=STREET)
    safe += redactor.close()
    assert not [picture for picture in safe if 1.9 * S + LOOK_NS < picture.time_ns < 4.3 * S]
    assert redactor.withheld_count + len(safe) == 60


def test_a_detector_that_cannot_name_people_is_refused() -> None:
    with pytest.raises(ModelError, match="names unknown; wanted one that names pedestrians and cars"):
        Redactor({RoadUser.UNKNOWN})


@pytest.mark.parametrize(
    "holes",
    [
        {"delay_s": 0.0},
        {"carry_s": 0.0},
        {"look_gap_s": 99.0},
        {"growth_ratio_per_s": 0.0},
        {"cab_from_height_px": 500.0},
        {"movement_ratio": 1.0},
        {"sweep_every_s": 60.0},
    ],
)
def test_no_setting_switches_redaction_off(holes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        RedactionSettings(**holes)  # type: ignore[arg-type]


def test_a_box_that_is_nowhere_hides_the_whole_picture() -> None:
    assert one_look(followed(0, RoadUser.PEDESTRIAN, [(1, (float("nan"), 1, 2, 3))])).filled_ratio == 1


def test_a_new_picture_size_settles_the_pictures_of_the_old_one() -> None:
    redactor = Redactor(EVERYONE)
    redactor.see(frame_at(0), followed(0, RoadUser.PEDESTRIAN, [(1, (100, 100, 140, 200))]), Detections.none(), rgb=STREET)
    (picture,) = redactor.see(frame_at(LOOK_NS, 1280, 720), nobody(LOOK_NS), Detections.none())
    assert is_filled(picture, 100, 100, 140, 125)


def test_boxes_are_scaled_to_the_size_of_the_picture() -> None:
    redactor = Redactor(EVERYONE)
    redactor.see(frame_at(0, 1920, 1080), followed(0, RoadUser.PEDESTRIAN, [(1, (300, 300, 420, 600))]), Detections.none(), rgb=STREET)
    assert is_filled(redactor.close()[0], 100, 100, 140, 125)


def test_adders_see_stills_only_and_only_add() -> None:
    seen: list[Pixels] = []

    def corner(rgb: Pixels) -> Floats:
        seen.append(rgb)
        return boxes((0, 0, 20, 20))

    tracked = followed(0, RoadUser.PEDESTRIAN, [(1, (100, 100, 140, 200))])
    redactor = Redactor(EVERYONE, adders=[corner])
    redactor.see(frame_at(0), tracked, Detections.none(), rgb=STREET)
    redactor.see(frame_at(1), tracked, Detections.none(), rgb=STREET, is_still=True)
    plain, still = redactor.close()
    assert len(seen) == 1
    assert not is_filled(plain, 0, 0, 20, 20)
    assert is_filled(still, 0, 0, 20, 20)
    assert is_filled(still, 100, 100, 140, 125)


def test_who_is_overlooked_but_found_by_the_sweeper_is_filled_until_the_next_sweep() -> None:
    redactor = Redactor(EVERYONE, sweeper=lambda rgb: found(RoadUser.PEDESTRIAN, (500, 100, 540, 200)) if rgb.shape == (360, 640, 3) else Detections.none())
    pictures = walk(redactor, {}, 25, range(25))
    assert len(pictures) == 25
    assert all(is_filled(picture, 500, 100, 540, 125) for picture in pictures.values())


def test_the_log_tells_of_every_picture_what_was_filled_and_why() -> None:
    told: dict[int, list[Fill]] = {}
    redactor = Redactor(EVERYONE, log=lambda time_ns, fills: told.update({time_ns // LOOK_NS: list(fills)}))
    box = (100.0, 100.0, 140.0, 220.0)
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [(1, box)]) for index in (4, 6)}
    for index in range(20):
        time_ns = index * LOOK_NS
        seen = found(RoadUser.PEDESTRIAN, box, score=0.8) if index in looks else Detections.none()
        moving = np.zeros((180, 320), np.uint8)
        moving[20:60, 200:240] = 255 if index == 5 else 0
        redactor.see(frame_at(time_ns), looks.get(index, nobody(time_ns)), seen, foreground=moving, rgb=STREET)
    redactor.close()
    assert sorted(told) == list(range(20))
    assert ("head", "pedestrian", "seen", 0.8) in {(fill.why, fill.user, fill.how, round(fill.score_ratio or 0, 3)) for fill in told[4]}
    assert {(fill.why, fill.how, fill.score_ratio) for fill in told[5]} >= {("head", "followed", None), ("movement", "", None)}
    (moved,) = [fill.box_px for fill in told[5] if fill.why == "movement"]
    assert moved[0] < 400 < 480 < moved[2]
    assert told[19] == []


def test_ten_thousand_frames_leave_nothing_behind() -> None:
    redactor = Redactor(EVERYONE)
    small = STREET[:36, :64]
    for index in range(10_000):
        now_ns = index * LOOK_NS
        redactor.see(frame_at(now_ns, 64, 36), nobody(now_ns), Detections.none(), rgb=small if index % 50 == 0 else None)
    assert len(redactor._looks) <= 2 * 2 * 1.5 * 8 + 2
    assert len(redactor._waiting) <= 1


PLACE = st.floats(-500, 1200, allow_nan=False, width=32)
SIZE = st.floats(2, 600, allow_nan=False, width=32)


@settings(max_examples=150, deadline=None)
@given(PLACE, PLACE, SIZE, SIZE, st.sampled_from([RoadUser.PEDESTRIAN, RoadUser.CYCLIST, RoadUser.MOTORCYCLIST, RoadUser.UNKNOWN]))
def test_every_head_is_covered_wherever_its_box_lies(left: float, top: float, width: float, height: float, kind: RoadUser) -> None:
    picture = one_look(followed(0, kind, [(1, (left, top, left + width, top + height))]))
    assert is_filled(picture, left, top, left + width, top + height / (7.5 if kind is RoadUser.PEDESTRIAN else 4))


@settings(max_examples=150, deadline=None)
@given(PLACE, PLACE, SIZE, SIZE, st.sampled_from([RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK, RoadUser.MOTORCYCLIST, RoadUser.UNKNOWN]))
def test_every_plate_is_covered_wherever_its_box_lies(left: float, top: float, width: float, height: float, kind: RoadUser) -> None:
    picture = one_look(followed(0, kind, [(1, (left, top, left + width, top + height))]))
    assert is_filled(picture, left, top + 0.41 * height, left + width, top + 0.96 * height)


def pass_by(background: BackgroundRedactor, seconds_s: int, is_there: Sequence[range], is_mask: bool = True) -> None:
    """A bright person at one place during the named seconds."""
    for time_s in range(seconds_s):
        rgb, mask = STREET.copy(), np.zeros((90, 160), np.bool_)
        if any(time_s in when for when in is_there):
            rgb[100:200, 100:140] = 255
            mask[25:50, 25:35] = is_mask
        background.see(time_s * S, rgb, mask)


def test_a_background_needs_time() -> None:
    background = BackgroundRedactor("cam-1")
    assert background.picture() is None
    pass_by(background, 5, [])
    assert background.picture() is None


def test_who_passes_is_not_in_the_background() -> None:
    background = BackgroundRedactor("cam-1")
    pass_by(background, 40, [range(10, 13)])
    picture = background.picture()
    assert picture is not None
    assert (picture.rgb == STREET).all()


@pytest.mark.parametrize("is_mask", [True, False])
def test_who_stood_for_a_third_or_most_of_the_time_is_filled(is_mask: bool) -> None:
    for stay in (range(10, 24), range(30)):
        background = BackgroundRedactor("cam-1")
        pass_by(background, 40, [stay], is_mask)
        picture = background.picture()
        assert picture is not None
        assert is_filled(picture, 100, 100, 140, 200)


def test_the_background_forgets_nothing_of_an_hour_and_keeps_few_samples() -> None:
    background = BackgroundRedactor("cam-1")
    small, mask = STREET[:36, :64], np.zeros((9, 16), np.bool_)
    for time_s in range(3600):
        background.see(time_s * S, small, mask)
    times = [time_ns for time_ns, _, _ in background._samples]
    assert len(times) <= 25
    assert times[-1] - times[0] > 3000 * S


def test_a_background_that_one_person_could_become_is_refused() -> None:
    with pytest.raises(ValueError, match="occupied_ratio"):
        BackgroundSettings(occupied_ratio=0.6)


def test_faces_in_the_background_are_filled() -> None:
    background = BackgroundRedactor("cam-1", adders=[lambda _: boxes((400, 50, 420, 70))])
    pass_by(background, 40, [])
    picture = background.picture()
    assert picture is not None
    assert is_filled(picture, 400, 50, 420, 70)


def test_who_is_found_twice_in_one_place_but_never_followed_is_filled_for_a_second_around() -> None:
    redactor, safe = Redactor(EVERYONE), list[RedactedPicture]()
    for index in range(24):
        seen = found(RoadUser.PEDESTRIAN, (300, 100, 330, 180), score=0.07) if index in (9, 12) else Detections.none()
        safe += redactor.see(frame_at(index * LOOK_NS), nobody(index * LOOK_NS), seen, rgb=STREET)
    hidden = [is_filled(picture, 300, 100, 330, 180) for picture in [*safe, *redactor.close()]]
    assert hidden == [4 <= index <= 20 for index in range(24)]


def test_who_only_closer_looks_find_is_filled_on_the_way_between_them() -> None:
    places = iter([(500.0, 100.0, 540.0, 200.0), (560.0, 100.0, 600.0, 200.0)])
    redactor = Redactor(EVERYONE, sweeper=lambda _rgb: found(RoadUser.PEDESTRIAN, *[box for box in [next(places, None)] if box]))
    pictures = walk(redactor, {}, 14, range(14))
    assert is_filled(pictures[6], 530, 100, 570, 125)


def test_a_rider_taken_for_a_pedestrian_is_filled_whole_and_still_is_when_it_stops() -> None:
    def place(index: int) -> Box:
        top = 100.0 + 6 * min(index, 12)
        return (300, top, 320, top + 60)

    redactor = Redactor(EVERYONE)
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [(5, place(index))]) for index in range(60)}
    looks |= {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [(6, place(40))], joined=[(5, 6)]) for index in range(45, 60)}
    pictures = walk(redactor, looks, 60, [3, 30, 55])
    for index, picture in pictures.items():
        left, top, right, bottom = place(index)
        assert is_filled(picture, left, top, right, bottom + 15)


def test_a_walker_is_not_taken_for_a_rider() -> None:
    looks = {index: followed(index * LOOK_NS, RoadUser.PEDESTRIAN, [(5, (100 + 4.0 * index, 100, 120 + 4.0 * index, 160))]) for index in range(30)}
    picture = walk(Redactor(EVERYONE), looks, 30, [15])[15]
    assert not is_filled(picture, 160, 150, 180, 160)
