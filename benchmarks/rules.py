"""What judging costs: thread-CPU milliseconds a moment, every kind of rule at once, 50 road users on a junction of lines, lanes and lights.

`python -m benchmarks.rules`. Two kinds of scenes: traffic of ../shared/traffic/sumo-junction, twice at once; and a crowd that drives at random through one
place, and through each other: two near misses are told each moment and four collisions a second, so that half of its time goes into telling them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from tests.support.sumo import read_fcd

from benchmarks.near_miss import TRAFFIC, crowd
from catseye.core.arrays import Doubles
from catseye.core.rule import World, WorldLine, WorldZone
from catseye.core.scene import GroundScene
from catseye.core.signal import LAMP_GREEN, LAMP_RED, Signal
from catseye.core.time import NS_PER_S
from catseye.station.rule_keys import keys_of, rule_classes
from catseye.traffic.judge import Judge
from catseye.traffic.lines import GroundLine

USERS_COUNT, MOMENTS_COUNT, FPS = 50, 2000, 8.0
SUMO_MIDDLE_M = (500.0, 500.0)
KEYS: dict[str, dict[str, object]] = {
    "speeding": {"limit_kmh": 50},
    "average-speed": {"limit_kmh": 50, "from_line": "line-0", "to_line": "line-1"},
    "wrong-way": {},
    "red-light": {"line": "line-0", "signal": "light"},
    "stop-line": {"line": "line-0", "signal": "light"},
    "stopped": {"zone": "lane-0"},
    "prohibited-turn": {"from_line": "line-0", "to_line": "line-2"},
    "lane-misuse": {"zone": "lane-1", "allowed": ("bus",)},
    "solid-line": {"line": "line-3"},
    "on-carriageway": {"zone": "lane-2"},
    "failure-to-yield": {"zone": "lane-3"},
    "tailgating": {},
    "hard-braking": {},
    "queue": {"zone": "lane-4"},
    "congestion": {"zone": "lane-5"},
    "obstacle": {"zone": "lane-6"},
    "near-miss": {},
    "collision": {},
}


def world(middle_m: tuple[float, float] = (0.0, 0.0)) -> World:
    """Eight lines and sixteen lanes round the middle of a junction."""
    turns = np.radians(np.arange(8) * 45.0)
    lines, zones = [], []
    for index, turn in enumerate(turns):
        out, side = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
        line = GroundLine(f"line-{index}", np.array([out * 12 - side * 8, out * 12 + side * 8]) + middle_m)
        lines.append(WorldLine(line.id, line.ends_m, line.right_hand()))
        for lane in (0, 1):
            near, far = out * 12 + side * 3.5 * lane, out * 120 + side * 3.5 * lane
            zones.append(WorldZone(f"lane-{2 * index + lane}", np.array([near, far, far + side * 3.5, near + side * 3.5]) + middle_m, out if lane else -out))
    times = np.arange(0, 3600, 30) * NS_PER_S
    return World("m", tuple(lines), tuple(zones), {"light": Signal("light", times, np.where(np.arange(len(times)) % 2, LAMP_RED, LAMP_GREEN).astype(np.uint8))})


def scenes(seed: int) -> Callable[[int], GroundScene]:
    """50 road users on random straight ways through the middle, each begun anew once it is out."""
    rng = np.random.default_rng(seed)
    turn, offset_m, speed_ms, begin_m = (
        rng.uniform(0, 2 * np.pi, USERS_COUNT),
        rng.uniform(-8, 8, USERS_COUNT),
        rng.uniform(3, 22, USERS_COUNT),
        rng.uniform(-120, 120, USERS_COUNT),
    )
    heading = np.stack([np.sin(turn), np.cos(turn)], 1)
    side = np.stack([heading[:, 1], -heading[:, 0]], 1)
    kind = rng.choice([0, 1, 2, 3, 3, 3, 4, 5], USERS_COUNT).astype(np.uint8)

    def at(index: int) -> GroundScene:
        time_s = index / FPS
        way_m = (begin_m + speed_ms * time_s + 120) % 240 - 120
        lap = ((begin_m + speed_ms * time_s + 120) // 240).astype(np.int64)
        order = np.argsort(lap * USERS_COUNT + np.arange(USERS_COUNT))
        place: Doubles = heading * way_m[:, None] + side * offset_m[:, None]
        full = np.full(USERS_COUNT, 0.2)
        return GroundScene(
            round(time_s * NS_PER_S),
            (lap * USERS_COUNT + np.arange(USERS_COUNT))[order],
            kind[order],
            place[order],
            full,
            (heading * speed_ms[:, None])[order],
            full,
            heading[order],
            np.full(USERS_COUNT, 4.5),
            np.full(USERS_COUNT, 1.8),
            accel=np.zeros(USERS_COUNT),
            accel_sigma=full,
        )

    return at


def cost_ms(kinds: list[str], road: World, scenes: Sequence[GroundScene]) -> float:
    """Median over moments of what `Judge.see` costs, milliseconds."""
    rules = {kind: rule_classes()[kind](keys_of(rule_classes()[kind], KEYS[kind]), road) for kind in kinds}
    judge = Judge("cam", road, rules)
    spent, before = [], np.empty(0, np.int64)
    for seen in scenes:
        scene = replace(seen)  # what is worked out once a scene is worked out anew
        begin_s = time.thread_time()
        judge.see(scene, np.setdiff1d(before, scene.track))
        spent.append(time.thread_time() - begin_s)
        before = scene.track
    return float(np.median(spent)) * 1e3


def main() -> None:
    kinds = [kind for kind in KEYS if kind in rule_classes()]
    at_random = scenes(7)
    traffic = crowd(read_fcd(TRAFFIC / "sumo-junction" / "fcd.xml.gz"), (500.0, 0.0), FPS)
    places = {
        "traffic of SUMO": (world(SUMO_MIDDLE_M), traffic),
        "a crowd at random": (world(), [at_random(index) for index in range(MOMENTS_COUNT)]),
    }
    for name, (road, seen) in places.items():
        users = float(np.mean([len(scene) for scene in seen]))
        alone = cost_ms([], road, seen)
        print(f"{name}: {users:.0f} road users, 8 lines, 16 lanes; thread-CPU ms a moment, median of {len(seen)}")
        print(f"  lines alone        {alone:.3f}")
        for kind in kinds:
            print(f"  + {kind:17s}{cost_ms([kind], road, seen) - alone:.3f}")
        print(f"  everything         {cost_ms(kinds, road, seen):.3f}   (wanted: at most 1)")


if __name__ == "__main__":
    main()
