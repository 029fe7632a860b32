"""What a head shows in one picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.support.heads import DAY, NIGHT, draw_head, scene

from catseye.core.arrays import Pixels
from catseye.core.signal import LAMPS, Lamp
from catseye.core.time import NS_PER_S
from catseye.vision.lamps import BoxPx, LampReader

LIT = [Lamp.RED, Lamp.AMBER, Lamp.GREEN]
SMALL, LARGE, LYING = (20, 20, 26, 34), (16, 10, 32, 52), (14, 24, 44, 34)


def told(rgb: Pixels, box_px: tuple[int, int, int, int], time_s: float = 0.0) -> Lamp:
    return LAMPS[LampReader(head_px=box_px).look(rgb, round(time_s * NS_PER_S)).state]


@pytest.mark.parametrize("lamp", LIT)
@pytest.mark.parametrize("box_px", [SMALL, LARGE, LYING])
@pytest.mark.parametrize("light", ["day", "dim", "night", "glare"])
def test_a_lit_lens_is_read_at_every_size_and_in_every_light(lamp: Lamp, box_px: tuple[int, int, int, int], light: str) -> None:
    looks = {
        "day": draw_head(scene(DAY), box_px, lamp, noise=6),
        "dim": draw_head(scene((60, 58, 52)), box_px, lamp, light_ratio=0.4, noise=6),
        "night": draw_head(scene(NIGHT), box_px, lamp, noise=10),
        "glare": draw_head(scene(NIGHT), box_px, lamp, glare_px=0.12 * min(box_px[2] - box_px[0], box_px[3] - box_px[1]), noise=6),
    }
    assert told(looks[light], box_px) is lamp


@pytest.mark.parametrize("box_px", [SMALL, LARGE, LYING])
def test_a_dark_head_is_unknown(box_px: tuple[int, int, int, int]) -> None:
    assert told(draw_head(scene(), box_px, Lamp.UNKNOWN, noise=6), box_px) is Lamp.UNKNOWN


@pytest.mark.parametrize("colour", [(200, 40, 30), (240, 240, 240), (20, 22, 24), (60, 160, 90), (230, 170, 40)])
@pytest.mark.parametrize("shade", [1.0, 0.4])
def test_a_bus_before_the_head_is_unknown_whatever_its_colour(colour: tuple[int, int, int], shade: float) -> None:
    rgb = draw_head(scene(), LARGE, Lamp.GREEN)
    slope = np.linspace(1.0, shade, 64)[:, None, None]  # darker below, as rounded bodies are
    rgb[:, 4:48] = (np.array(colour) * slope).astype(np.uint8)
    assert told(rgb, LARGE) is Lamp.UNKNOWN


def test_a_colour_in_the_wrong_place_is_unknown() -> None:
    upside_down = draw_head(scene(), LARGE, Lamp.RED)[::-1]
    assert told(np.ascontiguousarray(upside_down), (16, 12, 32, 54)) is Lamp.UNKNOWN


def test_two_lenses_at_once_are_unknown() -> None:
    rgb = draw_head(scene(), LARGE, Lamp.RED)
    rgb[38:52, 16:32] = draw_head(scene(), LARGE, Lamp.GREEN)[38:52, 16:32]
    assert told(rgb, LARGE) is Lamp.UNKNOWN


def test_what_daylight_makes_of_a_dark_lens_is_not_lit_once_the_lit_one_is_known() -> None:
    reader = LampReader(head_px=LARGE)
    assert LAMPS[reader.look(draw_head(scene(NIGHT), LARGE, Lamp.RED), 0).state] is Lamp.RED
    dull = draw_head(scene(NIGHT), LARGE, Lamp.UNKNOWN)
    dull[14:20, 20:28] = (80, 36, 34)
    assert LAMPS[LampReader(head_px=LARGE).look(dull, NS_PER_S).state] is Lamp.RED  # nothing else to hold it against
    assert LAMPS[reader.look(dull, NS_PER_S).state] is Lamp.UNKNOWN


def test_a_night_camera_without_colour_is_read_by_place_after_half_a_minute() -> None:
    reader = LampReader(head_px=LARGE)
    lit = draw_head(scene(NIGHT), LARGE, Lamp.GREEN, mono=True, noise=3)
    assert LAMPS[reader.look(lit, 0).state] is Lamp.UNKNOWN
    assert LAMPS[reader.look(lit, 31 * NS_PER_S).state] is Lamp.GREEN
    dark = draw_head(scene(NIGHT), LARGE, Lamp.UNKNOWN, mono=True, noise=3)
    assert LAMPS[reader.look(dark, 32 * NS_PER_S).state] is Lamp.UNKNOWN


def test_the_red_lens_alone_is_red_or_unknown() -> None:
    lens: BoxPx = (17.0, 10.0, 31.0, 24.0)
    for lamp, want in ((Lamp.RED, Lamp.RED), (Lamp.GREEN, Lamp.UNKNOWN), (Lamp.UNKNOWN, Lamp.UNKNOWN)):
        assert LAMPS[LampReader(lens_px=lens).look(draw_head(scene(), LARGE, lamp, noise=4), 0).state] is want
    everywhere = scene((200, 40, 30))
    assert LAMPS[LampReader(lens_px=lens).look(everywhere, 0).state] is Lamp.UNKNOWN


@given(
    arrays(np.uint8, (24, 32, 3)),
    st.tuples(*[st.floats(-5, 30), st.floats(-5, 22), st.floats(0.1, 40), st.floats(0.1, 40)]),
    st.booleans(),
    st.integers(0, 2**50),
)
def test_any_picture_and_any_box_give_a_state(rgb: Pixels, box: tuple[float, float, float, float], is_head: bool, time_ns: int) -> None:
    box_px = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    look = LampReader(head_px=box_px if is_head else None, lens_px=None if is_head else box_px).look(rgb, time_ns)
    assert LAMPS[look.state] in set(Lamp)
    assert 0 <= look.strength_ratio <= 1


def test_a_reader_without_a_box_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted head_px or lens_px"):
        LampReader().look(scene(), 0)


def test_a_head_that_looks_otherwise_than_before_is_unknown_and_forgotten_after_a_while() -> None:
    """Something pale before the lower lenses, the red one free: it may be a red thing on it as well."""
    plain, hidden = draw_head(scene(), LARGE, Lamp.RED), draw_head(scene(), LARGE, Lamp.RED)
    hidden[26:60, 10:40] = (90, 96, 98)
    reader = LampReader(head_px=LARGE)
    assert LAMPS[LampReader(head_px=LARGE).look(hidden, 0).state] is Lamp.RED
    for tenth in range(20):
        assert LAMPS[reader.look(plain, tenth * NS_PER_S // 10).state] is Lamp.RED
    assert LAMPS[reader.look(hidden, 2 * NS_PER_S).state] is Lamp.UNKNOWN
    assert LAMPS[reader.look(plain, 3 * NS_PER_S).state] is Lamp.RED
    assert LAMPS[reader.look(hidden, 400 * NS_PER_S).state] is Lamp.RED
