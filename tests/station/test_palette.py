"""The colours of kinds are told apart by people with any colour vision."""

from itertools import combinations

import numpy as np
import pytest

from catseye.core.arrays import Doubles
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.palette import DRAWN_ORDER, ON_DARK, ON_PAPER, PLURAL, rgb_of

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) / [[0.9505], [1], [1.089]]


def lab(colour: str, sight: list[list[float]]) -> Doubles:
    """CIE L*a*b* as seen by one sight."""
    share = np.array(rgb_of(colour)) / 255
    linear = np.array(sight) @ np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(linear, 0, 1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("colours", [ON_PAPER, ON_DARK], ids=["paper", "dark"])
def test_any_two_kinds_differ_to_every_eye(colours: dict[RoadUser, str], sight: str) -> None:
    seen = {kind: lab(colour, SIGHTS[sight]) for kind, colour in colours.items()}
    assert min(float(np.linalg.norm(seen[one] - seen[other])) for one, other in combinations(seen, 2)) > 11.5  # 2.3 is just noticeable


def test_every_kind_has_its_colours_and_its_name() -> None:
    assert set(DRAWN_ORDER) == set(ON_PAPER) == set(ON_DARK) == set(PLURAL) == set(ROAD_USERS)
