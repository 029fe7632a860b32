"""What was done to a file does not make it another picture; another place does. Measured on the shared clips, of which nothing is stored."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.vision.files import scene

from catseye.cases.duplicates import media_bits_count
from catseye.cases.scheme import Sameness
from catseye.core.arrays import Pixels
from catseye.vision.likeness import look_of, looks_of

MOST_BITS_COUNT = Sameness().media_bits_count


def recompressed(luma: Pixels, quality_percent: int = 40) -> Pixels:
    return cv2.imdecode(cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality_percent])[1], cv2.IMREAD_GRAYSCALE)


def cropped(luma: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    height, width = luma.shape
    return luma[round(height * top) : height - round(height * bottom), round(width * left) : width - round(width * right)]


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "recompressed": recompressed,
    "resized to half": lambda luma: cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "resized to a quarter and recompressed": lambda luma: recompressed(cv2.resize(luma, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)),
    "brighter": lambda luma: cv2.add(luma, 30.0),
    "darker": lambda luma: (luma * 0.7).astype(np.uint8),
    "gamma": lambda luma: (255 * (luma / 255) ** 1.5).astype(np.uint8),
    "cropped by 5 % all round": lambda luma: cropped(luma, 0.05, 0.05, 0.05, 0.05),
    "cropped by 2.5 % all round, brighter": lambda luma: cv2.add(cropped(luma, 0.025, 0.025, 0.025, 0.025), 30.0),
    "cropped left": lambda luma: cropped(luma, 0.05, 0, 0, 0),
    "cropped top": lambda luma: cropped(luma, 0, 0.05, 0, 0),
    "cropped at a corner, recompressed": lambda luma: recompressed(cropped(luma, 0, 0, 0.05, 0.05)),
}


def shots(path: Path, count: int = 3) -> list[Pixels]:
    with av.open(str(path), "r") as clip:
        lane = clip.streams.video[0]
        length_us = int(clip.duration or 0)
        found = []
        for nth in range(count):
            clip.seek(length_us * (2 * nth + 1) // (2 * count))
            found.append(next(clip.decode(lane)).to_ndarray(format="gray"))
    return found


@pytest.fixture(scope="module")
def clips(shared: Path) -> dict[str, list[Pixels]]:
    """Some frames of every clip; the thirteen of one motorway's cameras look alike indeed, and count as one."""
    paths = sorted(path for path in (shared / "video").iterdir() if path.suffix in (".mp4", ".avi"))
    return {path.stem: shots(path) for path in paths if not path.stem.startswith("a13-") or path.stem == "a13-201707211410"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_still_the_same_picture(clips: dict[str, list[Pixels]], change: str) -> None:
    apart = [media_bits_count(looks_of(luma), looks_of(CHANGES[change](luma))) for frames in clips.values() for luma in frames]
    assert len(apart) > 30
    assert max(bits for bits in apart if bits is not None) <= MOST_BITS_COUNT


def test_pictures_of_other_places_are_others(clips: dict[str, list[Pixels]]) -> None:
    looks = {name: [looks_of(luma) for luma in frames] for name, frames in clips.items()}
    apart = [media_bits_count(a, b) for one, other in combinations(looks, 2) for a in looks[one] for b in looks[other]]
    assert len(apart) > 500
    assert min(bits for bits in apart if bits is not None) > MOST_BITS_COUNT


def test_drawn_scenes_differ_and_a_scene_is_like_itself() -> None:
    luma = [np.asarray(cv2.cvtColor(scene(seed), cv2.COLOR_RGB2GRAY), np.uint8) for seed in range(6)]
    assert looks_of(luma[0]) == looks_of(luma[0].copy())
    assert all(len(look) == 16 for look in looks_of(luma[0]))
    assert look_of(np.full((10, 10), 7, np.uint8)) == look_of(np.full((500, 20), 200, np.uint8))
