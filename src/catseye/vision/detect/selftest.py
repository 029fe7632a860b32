"""A wrong normalisation, channel order or weight fails silently: boxes still come, only worse. So each load proves itself.

The network looks at one drawn picture; the mean and spread of its answer must match what the manifest recorded from a plain
reference implementation (float pre-processing outside the graph, the graph as published).
"""

from typing import Protocol

import numpy as np

from catseye.core.arrays import Doubles, Floats, Pixels
from catseye.core.errors import ModelError
from catseye.vision.models import Model

COLUMNS_COUNT = 7
TOLERANCE_RATIO = {"onnxruntime": 0.02, "openvino": 0.10}  # a swapped channel is 5 % and up; INT8 kernels differ between processors


class Answers(Protocol):
    """What a self-test needs of a network: its entry in the manifest, and its raw answer to pixels."""

    model: Model

    def rows(self, rgb: Pixels) -> Floats:
        """One row a cell, prior box or step."""
        ...


def drawn_picture(side_px: int) -> Pixels:
    """A street nobody lives in: sky, road, a red and a blue vehicle-like block, uint8 (side_px, side_px, 3). Same on every machine."""
    y, x = np.mgrid[:side_px, :side_px] * (416 / side_px)
    picture = np.empty((side_px, side_px, 3), np.uint8)
    picture[:] = np.stack([90 + y / 8, 100 + x / 8, 110 + (x + y) / 16], axis=2).astype(np.uint8)
    picture[y < 130] = (150, 180, 220)
    for left, top, right, bottom, colour in ((60, 170, 190, 260, (180, 40, 40)), (240, 200, 390, 310, (40, 60, 170))):
        body = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        glass = body & (y < top + 0.4 * (bottom - top)) & (y >= top + 8) & (np.abs(x - (left + right) / 2) < 0.4 * (right - left))
        picture[body] = colour
        picture[glass] = (200, 210, 215)
        for wheel in (left + 25, right - 25):
            picture[(x - wheel) ** 2 + (y - bottom) ** 2 < 16**2] = (20, 20, 20)
    return picture


def fingerprint(rows: Floats) -> Doubles:
    """Mean and spread over the cells (or prior boxes) of the answer's first seven columns, squeezed by arctan so that no huge logit drowns the rest: (14,)."""
    squeezed = np.arctan(np.asarray(rows, np.float64)[:, :COLUMNS_COUNT])
    return np.concatenate([squeezed.mean(axis=0), squeezed.std(axis=0)])


def check(network: Answers) -> None:
    """Raise ModelError when the loaded network does not answer as the manifest says."""
    wanted = np.array(network.model.fingerprint)
    if wanted.shape != (2 * COLUMNS_COUNT,):
        raise ModelError(
            f"model {network.model.name}",
            f"its manifest entry has a fingerprint of {wanted.size} numbers",
            f"{2 * COLUMNS_COUNT}, from a reference implementation",
        )
    got = fingerprint(network.rows(drawn_picture(network.model.input_px)))
    off_ratio = float(np.abs(got - wanted).max() / np.abs(wanted).max())
    most_ratio = TOLERANCE_RATIO[network.model.runtime]
    if not off_ratio <= most_ratio:
        raise ModelError(
            f"model {network.model.name}",
            f"its self-test is off by {off_ratio:.1%}",
            f"at most {most_ratio:.0%}: wrong normalisation, damaged weights or a faulty runtime",
        )
