"""The rules of the house, each a plug-in: registered under the entry points `catseye.rules`."""

from catseye.traffic.collisions import Collision
from catseye.traffic.conflicts import NearMiss
from catseye.traffic.rules.average_speed import AverageSpeed
from catseye.traffic.rules.congestion import Congestion
from catseye.traffic.rules.failure_to_yield import FailureToYield
from catseye.traffic.rules.hard_braking import HardBraking
from catseye.traffic.rules.lane_misuse import LaneMisuse
from catseye.traffic.rules.obstacle import Obstacle
from catseye.traffic.rules.on_carriageway import OnCarriageway
from catseye.traffic.rules.prohibited_turn import ProhibitedTurn
from catseye.traffic.rules.queue import Queue
from catseye.traffic.rules.red_light import RedLight, StopLine
from catseye.traffic.rules.solid_line import SolidLine
from catseye.traffic.rules.speeding import Speeding
from catseye.traffic.rules.stopped import Stopped
from catseye.traffic.rules.tailgating import Tailgating
from catseye.traffic.rules.wrong_way import WrongWay

RULES = (
    Speeding,
    AverageSpeed,
    WrongWay,
    RedLight,
    StopLine,
    Stopped,
    ProhibitedTurn,
    LaneMisuse,
    SolidLine,
    OnCarriageway,
    FailureToYield,
    Tailgating,
    HardBraking,
    Queue,
    Congestion,
    Obstacle,
    NearMiss,
    Collision,
)
