"""What moves is foreground; light, noise and what has come to stay are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.time import NS_PER_S
from catseye.testing.detector import still
from catseye.vision.foreground import Blobs, Foreground, ForegroundSettings, blobs_of

SIZE_PX = (160, 120)
FPS = 8.0
STREET = np.asarray(np.clip(np.add.outer(np.linspace(60, 140, SIZE_PX[1]), 20 * np.sin(np.arange(SIZE_PX[0]) / 9)), 0, 255), np.uint8)


def with_block(left: int, top: int = 50, side: int = 24, grey: int = 220, street: np.ndarray = STREET) -> np.ndarray:
    picture = street.copy()
    picture[top : top + side, max(left, 0) : left + side] = grey
    return picture


def watched(seconds: float, fps: float = FPS, picture: np.ndarray = STREET, begin_s: float = 0.0, foreground: Foreground | None = None) -> Foreground:
    """A foreground that has looked at one picture for so long."""
    foreground = foreground or Foreground()
    for index in range(round(seconds * fps)):
        foreground.see_grey(picture, round((begin_s + index / fps) * NS_PER_S))
    return foreground


def share(mask: np.ndarray) -> float:
    return float((mask > 0).mean())


def seconds_until_absorbed(fps: float, settings_: ForegroundSettings | None = None) -> float:
    foreground = watched(4, fps, foreground=Foreground(settings_))
    standing = with_block(60, grey=180)
    for index in range(round(200 * fps)):
        if share(foreground.see_grey(standing, round((4 + index / fps) * NS_PER_S))) == 0:
            return index / fps
    raise AssertionError("never absorbed")


def test_the_first_picture_is_all_background() -> None:
    foreground = Foreground()
    assert foreground.background() is None
    assert share(foreground.see_grey(STREET, 0)) == 0
    assert np.array_equal(foreground.background(), STREET)  # type: ignore[arg-type]


def test_a_moving_square_is_foreground_and_nothing_else_is() -> None:
    foreground = watched(4)
    for index in range(12):
        left = 10 + 10 * index
        mask = foreground.see_grey(with_block(left), round((4 + index / FPS) * NS_PER_S))
        inside = mask[52:72, left + 2 : left + 22]
        assert share(inside) == 1
        assert (mask > 0).sum() <= 26 * 26
    assert share(foreground.see_grey(STREET, round(5.6 * NS_PER_S))) == 0, "a passing thing leaves no trail"


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.2, 1.5])
def test_a_change_of_exposure_is_not_foreground(gain: float) -> None:
    foreground = watched(4)
    brighter = np.asarray(np.clip(STREET * gain, 0, 255), np.uint8)
    assert share(foreground.see_grey(brighter, round(4.1 * NS_PER_S))) == 0
    moving = np.asarray(np.clip(with_block(60) * gain, 0, 255), np.uint8)
    assert share(foreground.see_grey(moving, round(4.2 * NS_PER_S))[52:72, 62:82]) == 1


def test_dusk_never_runs_out_of_gain() -> None:
    foreground = watched(4)
    worst = 0.0
    for index in range(1200):
        dimmed = np.asarray(STREET * (0.995**index * 0.9 + 0.1), np.uint8)
        worst = max(worst, share(foreground.see_grey(dimmed, round((4 + index / FPS) * NS_PER_S))))
    assert worst < 0.02


def test_a_lamp_that_is_switched_on_is_soon_background() -> None:
    foreground = watched(4, picture=np.asarray(STREET // 8, np.uint8))
    masks = [share(foreground.see_grey(STREET, round((4 + index / FPS) * NS_PER_S))) for index in range(160)]
    assert masks[0] > 0.9
    assert masks[-1] < 0.01


def test_a_vehicle_that_stands_is_absorbed_in_about_the_time_that_is_set() -> None:
    assert 20 <= seconds_until_absorbed(FPS) <= 60
    quick = seconds_until_absorbed(FPS, ForegroundSettings(absorb_s=10.0))
    assert quick == pytest.approx(seconds_until_absorbed(FPS) / 4, rel=0.25)


def test_a_queue_that_is_known_is_not_absorbed_while_it_waits() -> None:
    foreground = watched(4)
    standing = with_block(60, grey=180)
    held_px = np.array([[60, 50, 84, 74]], np.float32)
    for index in range(1200):
        foreground.hold(held_px, *SIZE_PX)
        mask = foreground.see_grey(standing, round((4 + index / FPS) * NS_PER_S))
    assert share(mask[52:72, 62:82]) == 1
    foreground.hold(held_px[:0], *SIZE_PX)
    assert share(foreground.see_grey(STREET, 160 * NS_PER_S)) == 0


def test_boxes_may_be_held_anywhere_at_any_time() -> None:
    foreground = Foreground()
    for box in ((-50, -50, -10, -10), (-5, -5, 9999, 9999), (30, 30, 10, 10)):
        foreground.hold(np.array([box], np.float32), *SIZE_PX)
        foreground.see_grey(STREET, 0)
        foreground.see_grey(STREET[:50, :70], 1)


@pytest.mark.parametrize("fps", [1.0, 3.0, 25.0, 60.0])
def test_learning_is_a_matter_of_time_not_of_frames(fps: float) -> None:
    assert seconds_until_absorbed(fps) == pytest.approx(seconds_until_absorbed(FPS), rel=0.15, abs=1.5)


def test_noise_of_a_camera_gives_nothing() -> None:
    rng = np.random.default_rng(3)
    foreground = Foreground()
    shares = []
    for index in range(120):
        noisy = np.asarray(np.clip(STREET + rng.normal(0, 4, STREET.shape), 0, 255), np.uint8)
        shares.append(share(foreground.see_grey(noisy, round(index / FPS * NS_PER_S))))
    assert max(shares[16:]) < 0.001


def test_a_place_that_always_flickers_is_learnt_as_noise() -> None:
    rng = np.random.default_rng(3)
    foreground = Foreground()
    shares = []
    for index in range(400):
        leaves = STREET.copy()
        leaves[:20, :20] = np.asarray(np.clip(90 + rng.normal(0, 12, (20, 20)), 0, 255), np.uint8)
        shares.append(share(foreground.see_grey(leaves, round(index / FPS * NS_PER_S))[:20, :20]))
    assert np.mean(shares[200:]) < 0.02


def test_it_does_not_go_blind_on_a_long_day() -> None:
    """A vehicle every five seconds for ten minutes, in noise: the last is seen as well as the first."""
    rng = np.random.default_rng(3)
    foreground = watched(4)
    seen = []
    for index in range(4800):
        left = (index % 40) * 8 - 40
        picture = with_block(left, grey=150) if 0 <= left < 130 else STREET
        noisy = np.asarray(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255), np.uint8)
        mask = foreground.see_grey(noisy, round((4 + index / FPS) * NS_PER_S))
        if left == 64:
            seen.append(share(mask[52:72, 66:86]))
    assert len(seen) == 120
    assert np.mean(seen[-10:]) > 0.95 * np.mean(seen[:10]) > 0.5


@pytest.mark.parametrize("gap_s", [0.0, 60.0, 3600.0, -5.0])
def test_a_gap_or_a_jump_of_the_clock_does_no_harm(gap_s: float) -> None:
    foreground = watched(4)
    for index in range(3):
        assert share(foreground.see_grey(STREET, round((4 + gap_s + index / FPS) * NS_PER_S))) == 0
    assert np.abs(foreground.background().astype(int) - STREET).max() <= 1  # type: ignore[union-attr]


def test_another_size_of_picture_starts_again() -> None:
    foreground = watched(4)
    small = STREET[:60, :80]
    assert share(foreground.see_grey(small, 5 * NS_PER_S)) == 0
    assert foreground.background().shape == (60, 80)  # type: ignore[union-attr]


def test_a_frame_is_seen_at_the_small_size_and_never_enlarged() -> None:
    foreground = Foreground()
    assert foreground.size_px(1920, 1080) == (320, 180)
    assert foreground.size_px(160, 120) == (160, 120)
    assert foreground.size_px(10_000, 3) == (320, 1)
    assert foreground.see(still(np.zeros((1080, 1920, 3), np.uint8))).shape == (180, 320)


def test_the_same_pictures_give_the_same_masks() -> None:
    rng = np.random.default_rng(3)
    pictures = [with_block(int(left)) for left in rng.integers(0, 130, 30)]
    one, other = Foreground(), Foreground()
    for index, picture in enumerate(pictures):
        assert np.array_equal(one.see_grey(picture, index * NS_PER_S // 8), other.see_grey(picture.copy(), index * NS_PER_S // 8))


def bodies_at_night(grey: int, street: np.ndarray) -> tuple[float, float]:
    """Shares of the picture that move, and that move and may be bodies, when a square of this grey is there."""
    foreground = watched(4, picture=street)
    moving = foreground.see_grey(with_block(60, grey=grey, street=street), 4 * NS_PER_S)
    return share(moving), share(foreground.bodies)


def test_where_it_is_dim_a_beam_on_the_road_is_no_body() -> None:
    moving, bodies = bodies_at_night(120, STREET // 2)
    assert moving > 0.02
    assert bodies == 0


@pytest.mark.parametrize("grey", [0, 250])
def test_where_it_is_dim_a_dark_vehicle_and_a_lamp_are_bodies(grey: int) -> None:
    moving, bodies = bodies_at_night(grey, STREET // 2)
    assert bodies == pytest.approx(moving, abs=0.005)
    assert bodies > 0.02


def test_by_day_a_bright_vehicle_is_a_body() -> None:
    moving, bodies = bodies_at_night(190, STREET)
    assert bodies == moving > 0.02


def mask_of(*boxes: tuple[int, int, int, int], size: tuple[int, int] = SIZE_PX) -> np.ndarray:
    mask = np.zeros(size[::-1], np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    return mask


def boxes_in(blobs: Blobs) -> list[tuple[float, ...]]:
    return sorted(tuple(box) for box in blobs.box_px.tolist())


def test_nothing_moves_no_blob() -> None:
    blobs = blobs_of(mask_of(), 640, 480)
    assert blobs.box_px.shape == (0, 4)
    assert blobs.fill_ratio.shape == (0,)


def test_a_blob_comes_in_native_pixels_with_its_share() -> None:
    mask = mask_of((20, 30, 60, 50))
    mask[30:40, 20:40] = 0
    blobs = blobs_of(mask, 640, 480)
    assert boxes_in(blobs) == [(80, 120, 240, 200)]
    assert blobs.fill_ratio.tolist() == pytest.approx([0.75])


def test_specks_are_no_bodies() -> None:
    assert len(blobs_of(mask_of((20, 30, 23, 33)), 640, 480).box_px) == 0
    assert len(blobs_of(mask_of((20, 30, 23, 33)), 640, 480, least_area_ratio=0.0).box_px) == 1


def test_a_bonnet_and_a_boot_are_one_car() -> None:
    assert boxes_in(blobs_of(mask_of((40, 20, 70, 40), (41, 43, 71, 63)), *SIZE_PX)) == [(40, 20, 71, 63)]


def test_a_piece_within_a_ring_is_part_of_it() -> None:
    mask = mask_of((20, 20, 80, 80))
    mask[24:76, 24:76] = 0
    mask[40:60, 40:60] = 255
    assert boxes_in(blobs_of(mask, *SIZE_PX)) == [(20, 20, 80, 80)]


def test_a_chain_of_pieces_is_one_body() -> None:
    pieces = [(40, top, 70, top + 15) for top in (10, 27, 44, 61)]
    assert boxes_in(blobs_of(mask_of(*pieces), *SIZE_PX)) == [(40, 10, 70, 76)]


def test_two_cars_in_two_lanes_stay_apart() -> None:
    side_by_side = ((20, 40, 50, 70), (60, 40, 90, 70))
    one_behind_the_other = ((20, 10, 50, 40), (20, 50, 50, 80))
    car_and_lorry = ((20, 40, 40, 60), (42, 20, 90, 80))
    for pair in (side_by_side, one_behind_the_other, car_and_lorry):
        assert len(blobs_of(mask_of(*pair), *SIZE_PX).box_px) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 110), st.integers(1, 60), st.integers(1, 60)), max_size=12))
def test_blobs_cover_every_moving_pixel_and_lie_in_the_picture(drawn: list[tuple[int, int, int, int]]) -> None:
    mask = mask_of(*((x, y, x + width, y + height) for x, y, width, height in drawn))
    blobs = blobs_of(mask, 1920, 1080, least_area_ratio=0.0)
    left = mask.copy()
    for box in blobs.box_px / np.array([12, 9, 12, 9]):
        x0, y0, x1, y1 = np.rint(box).astype(int)
        left[y0:y1, x0:x1] = 0
    assert not left.any()
    assert (blobs.box_px >= 0).all()
    assert (blobs.box_px <= np.array([1920, 1080] * 2) + 0.01).all()
    assert ((blobs.fill_ratio > 0) & (blobs.fill_ratio <= 1)).all()
