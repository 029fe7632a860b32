import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.factories import picture_of

from catseye.vault.pictures import write_png
from catseye.vault.vault import Vault


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_png_reads_back_as_the_same_pixels(height_px: int, width_px: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    file = io.BytesIO()
    write_png(file, picture_of(rgb))
    read = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(read[..., ::-1], rgb)


def test_only_a_redacted_picture_can_be_kept(vault: Vault) -> None:
    @dataclass
    class LooksTheSame:
        camera: str
        time_ns: int
        rgb: np.ndarray
        filled_ratio: float

    for impostor in (np.zeros((4, 4, 3), np.uint8), LooksTheSame("cam-1", 0, np.zeros((4, 4, 3), np.uint8), 1.0)):
        with pytest.raises(TypeError, match="wanted a RedactedPicture"):
            vault.keep_picture(impostor, "still")  # type: ignore[arg-type]
    assert list((vault.folder / "media").rglob("*.*")) == []


def test_a_picture_kept_again_under_its_name_replaces_the_first(vault: Vault) -> None:
    paths = {vault.keep_picture(picture_of(np.full((4, 4, 3), shade, np.uint8)), "cam/1.still") for shade in (0, 255)}
    (path,) = paths
    assert path.parent == Path(vault.folder / "media" / "run")
    assert cv2.imread(str(path)).min() == 255
