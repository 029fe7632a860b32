"""From pixels to km/h: a rendered road, a real network, a calibrated camera, and the speeds that were driven."""

import csv
from pathlib import Path

import pytest

from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, Drive, StraightRoad, drive_along, render_clip
from catseye.station.site import load_site
from catseye.station.watch import run_watch

ROAD = StraightRoad(1, 1, begin_m=-60, end_m=110)
CAMERA = CameraPose.mounted(8, 18, at_m=(9, -24), pan_deg=-16, focal_mm=5, size_px=(1280, 720))
TRUE_KMH = 72.0
METER_KMH = 3.0


@pytest.fixture(scope="module")
def speeds(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """By direction: the speed told and its doubt."""
    folder = tmp_path_factory.mktemp("speed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATSEYE_MODELS", str(models))
        clip = {"fps": 14.0, "nominal_fps": 25.0, "dropped_ratio": 0.1, "jitter_ratio": 0.2}
        traffic = drive_along(ROAD, [Drive(RoadUser.CAR, 1.75, 0.0, (TRUE_KMH,))])
        render_clip(folder / "road.mp4", traffic, CAMERA, scenery=ROAD.scenery(), begin_s=2.0, seconds_s=4.0, **clip)
        site = folder / "site.toml"
        site.write_text(site_text())
        run_watch(load_site(site), folder / "out", camera=None, limit_s=None, progress=False, wants_pictures=False)
    with (folder / "out" / "crossings.csv").open(newline="") as file:
        return {row["direction"]: (float(row["speed_kmh"] or "nan"), float(row["speed_doubt_kmh"] or "nan")) for row in csv.DictReader(file)}


def site_text() -> str:
    px, ground_m = CAMERA.reference_points(8)
    points = ",".join(f"{{ px = [{u:.2f}, {v:.2f}], m = [{x:.3f}, {y:.3f}] }}" for (u, v), (x, y) in zip(px.tolist(), ground_m.tolist(), strict=True))
    line = CAMERA.ground_px(ROAD.street_m([2.0, 2.0], [-3.5, 3.5])).round(1).tolist()
    head = '[site]\nid = "road"\n[[camera]]\nid = "cam"\nsource = "road.mp4"\n'
    return f'{head}[camera.calibration]\nlens = "none"\npoints = [{points}]\n[[camera.line]]\nid = "line"\npx = {line}\n'


def test_a_car_is_as_fast_as_it_was_driven(speeds: dict[str, tuple[float, float]]) -> None:
    assert list(speeds) == ["backward"]
    speed_kmh, doubt_kmh = speeds["backward"]
    assert abs(speed_kmh - TRUE_KMH) <= METER_KMH
    assert 0 < doubt_kmh < METER_KMH
