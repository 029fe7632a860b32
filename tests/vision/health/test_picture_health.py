"""What a camera finds in its own pictures: real clips, as they are and degraded from the eighth second on."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.picture_health import CLEAN_S, COPIES, FOUND_WITHIN_S, Clip, read, soak, try_copy

from catseye.core.event import SPOILED_BY
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision.health import HealthFinding, HealthKind, PictureHealth
from catseye.vision.health.finding import Alarm, Patience, Turn
from catseye.vision.health.still import StillPicture
from catseye.vision.sources.clock import WallClock

BY_NAME = {copy.name: copy for copy in COPIES}


@pytest.fixture(scope="module")
def motorway(shared: Path) -> Clip:
    return read(shared / "video" / "motorway.mp4")


@pytest.fixture(scope="module")
def a13(shared: Path) -> Clip:
    return read(shared / "video" / "a13-201709211501.mp4")


def found(copy: str, clip: Clip, *others: Clip) -> HealthFinding:
    """The finding that a degraded copy gives, which is told in time and alone."""
    outcome = try_copy(BY_NAME[copy], clip, [clip, *others])
    assert outcome.finding is not None
    assert outcome.delay_s is not None
    assert outcome.delay_s <= FOUND_WITHIN_S
    assert outcome.beside == ()
    return outcome.finding


def measures(finding: HealthFinding) -> dict[str, float]:
    return {measure.name: measure.value for measure in finding.measures}


def test_nothing_is_the_matter_with_a_road_as_it_is(motorway: Clip, a13: Clip) -> None:
    assert [soak(clip, 45.0)[0] for clip in (motorway, a13)] == [[], []]


def test_cars_that_leave_a_bare_road_are_no_other_view(shared: Path) -> None:
    """For seconds they are most of what there is to see, and then the picture shows asphalt alone."""
    assert soak(read(shared / "video" / "carpark-exit.mp4"), 55.0)[0] == []


def test_a_camera_that_was_bumped_says_by_how_much(a13: Clip) -> None:
    said = measures(found("shifted by 8 px", a13))
    assert said["shift_px"] == pytest.approx(8.0, abs=0.5)
    assert said["rotation_deg"] == pytest.approx(0.0, abs=0.1)


def test_a_camera_that_was_turned_says_by_how_much(motorway: Clip) -> None:
    said = measures(found("turned by 1 degree", motorway))
    assert abs(said["rotation_deg"]) == pytest.approx(1.0, abs=0.1)


def test_another_view_is_told_as_such(motorway: Clip, a13: Clip) -> None:
    assert "another view" in found("another view spliced in", a13, motorway).detail


@pytest.mark.parametrize(
    ("copy", "kind"),
    [
        ("blurred, sigma 4 px", HealthKind.PICTURE_BLURRED),
        ("frozen", HealthKind.PICTURE_FROZEN),
        ("frozen, clock goes on", HealthKind.PICTURE_FROZEN),
        ("dark, 0.15 of the light", HealthKind.PICTURE_DARK),
        ("over-exposed, 70 % white", HealthKind.PICTURE_OVEREXPOSED),
        ("half of it covered", HealthKind.PICTURE_OCCLUDED),
    ],
)
def test_a_bad_picture_is_told_and_blinds_from_before_it_turned_bad(motorway: Clip, copy: str, kind: HealthKind) -> None:
    finding = found(copy, motorway)
    assert (finding.kind, finding.blinds) == (kind, True)
    assert CLEAN_S - 5 <= finding.time_ns / NS_PER_S <= CLEAN_S + 0.3


def test_what_blinds_a_camera_spoils_what_it_measured(motorway: Clip) -> None:
    event = found("dark, 0.15 of the light", motorway).event("cam-1")
    assert event.is_spoiled_stretch
    assert set(HealthKind) >= SPOILED_BY


def ticking(rate_ratio: float, seconds_s: int = 360) -> list[HealthFinding]:
    """A live camera whose clock loses that much, and whose frames come with a jitter of 30 ms; two pictures by turns, one frame a second."""
    wall, health, chance = WallClock(), PictureHealth(), np.random.default_rng(1)
    pictures = chance.integers(60, 180, (2, 48, 64), np.uint8)
    told = []
    for second in range(seconds_s):
        time_ns, late_ns = second * NS_PER_S, int(chance.exponential(0.03) * NS_PER_S)
        arrival_ns = int(time_ns * (1 + rate_ratio)) + late_ns
        when = Stamp(wall.utc_ns(time_ns, arrival_ns), 100.0)
        frame = RawFrame("cam-1", second, time_ns, when, 64, 48, lambda width_px, height_px, form, at=second: pictures[at % 2])
        told += [finding for finding in health.see(frame) if finding.kind is HealthKind.CLOCK_DRIFT]
    return told


def test_a_live_camera_whose_clock_runs_wrong_is_told_with_its_rate() -> None:
    first = ticking(600e-6)[0]
    assert first.detail.startswith("the camera's clock loses 0.6")
    assert measures(first)["clock_rate"] == pytest.approx(600, abs=60)


def test_an_honest_crystal_is_not_told_of() -> None:
    assert ticking(50e-6) == []


def test_a_finding_begins_when_all_was_last_known_to_be_well() -> None:
    alarm = Alarm(Patience(1.0, 1.0, 2))
    turns = [alarm.see(second * NS_PER_S, is_bad) for second, is_bad in ((1, False), (2, None), (3, True), (4, True))]
    assert turns == [Turn.NONE, Turn.NONE, Turn.NONE, Turn.OPENED]
    assert alarm.begin_ns == 1 * NS_PER_S


@pytest.mark.parametrize("interval_s", [1 / 8, 0.16, 1 / 6, 0.219, 0.25, 1 / 3])
def test_still_pictures_keep_their_pace_whatever_the_looks(interval_s: float) -> None:
    still, grey = StillPicture(), np.zeros((4, 4), np.uint8)
    taken_count = sum(still.see(grey, int(look * interval_s * NS_PER_S)) for look in range(int(48 / interval_s)))
    assert 94 <= taken_count <= 102
