"""Places that never were: traffic with known truth, drawn by our own renderer, encoded as H.264.

`render_clip` is the yardstick of the house: any trajectories, any camera, a video with exact truth.
"""

from catseye.station.demo.camera import CameraPose
from catseye.station.demo.clip import FrameClock, render_clip
from catseye.station.demo.conditions import Conditions
from catseye.station.demo.crossings import DemoLine, TrueCrossing, count_crossings, true_crossings
from catseye.station.demo.render import Renderer, Scenery
from catseye.station.demo.road_traffic import Drive, drive_along, road_traffic
from catseye.station.demo.scene import DemoScene, DemoSite, demo_site, render_demo
from catseye.station.demo.sensor import CameraMove
from catseye.station.demo.sumo import SumoType, read_fcd, read_lanes, read_types
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.truth import ClipTruth, FrameTruth
from catseye.station.demo.worlds import LanePlan, StraightRoad

__all__ = [
    "CameraMove",
    "CameraPose",
    "ClipTruth",
    "Conditions",
    "DemoLine",
    "DemoScene",
    "DemoSite",
    "Drive",
    "FrameClock",
    "FrameTruth",
    "LanePlan",
    "Renderer",
    "Scenery",
    "StraightRoad",
    "SumoType",
    "Trajectories",
    "TrueCrossing",
    "count_crossings",
    "demo_site",
    "drive_along",
    "read_fcd",
    "read_lanes",
    "read_types",
    "render_clip",
    "render_demo",
    "road_traffic",
    "true_crossings",
]
