"""Near misses and collisions against SUMO's surrogate safety device (SSM) and collision list, with noise, and what they cost.

`python -m benchmarks.near_miss`. Inputs: ../shared/traffic/sumo-pair and sumo-junction (seed 42; FCD has every second step of SSM's). SSM gives each encounter
twice, once per ego; codes 2 and 3 are following, seen from behind and from ahead. Time is thread CPU, the quickest of some runs of every look.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tests.support.ground import judged, measured, noisy
from tests.support.sumo import FOLLOWING, Drive, SsmEncounter, read_fcd, read_ssm

from benchmarks.common import Table
from catseye.core.finding import Finding
from catseye.core.rule import Rule, World
from catseye.core.scene import GroundScene, Passages
from catseye.core.time import NS_PER_S
from catseye.traffic.collisions import Collision, CollisionKeys
from catseye.traffic.conflicts import NearMiss, NearMissKeys

TRAFFIC = Path(__file__).parents[1] / ".." / "shared" / "traffic"
BELOW_S = 3.0
SAME_WAY = ("rear-end", "merging")
Pair = frozenset[str]


def near_misses(scenes: Iterable[GroundScene], **keys: float) -> list[Finding]:
    return judged(NearMiss(NearMissKeys(**keys), World("m")), scenes)


def collisions(scenes: Iterable[GroundScene]) -> list[Finding]:
    return judged(Collision(CollisionKeys(), World("m")), scenes)


def named(drive: Drive, finding: Finding) -> Pair:
    return frozenset(drive.names[track] for track in finding.track)


def value(finding: Finding, name: str) -> float:
    return measured(finding, name) if any(measure.name == name for measure in finding.measures) else np.inf


def analytic_pair() -> dict[str, float]:
    """The two encounters whose truth can be worked out by hand."""
    drive = read_fcd(TRAFFIC / "sumo-pair" / "fcd.xml")
    found = {named(drive, miss): miss for miss in near_misses(drive.scenes, ttc_s=4)}
    follow, cross = found[frozenset(("fastFollow", "slowLead"))], found[frozenset(("crossA", "crossB"))]
    table = Table(["sumo-pair", "truth (SSM)", "ours"])
    rows = {
        "following: TTC, s": (3.1224, measured(follow, "ttc_min")),
        "following: DRAC, m/s²": (1.2321, measured(follow, "drac_max")),
        "crossing: PET, s": (0.5733, measured(cross, "pet")),
        "crossing: TTC, s": (2.4192, measured(cross, "ttc_min")),
    }
    for name, (truth, ours) in rows.items():
        table.add(name, f"{truth:.4f}", f"{ours:.4f}")
    print(table)
    return {name: ours for name, (_, ours) in rows.items()}


def same_way(drive: Drive, misses: Iterable[Finding]) -> list[Pair]:
    """Pairs of rear-end and merging near misses below 3.0 s, one entry an event."""
    return [named(drive, miss) for miss in misses if miss.details["type"] in SAME_WAY and value(miss, "ttc_min") < BELOW_S]


def true_pairs(ssm: Sequence[SsmEncounter], from_s: float, to_s: float) -> set[Pair]:
    following = [each for each in ssm if each.ttc_code in FOLLOWING and each.ttc_s is not None and each.ttc_s < BELOW_S]
    return {each.pair for each in following if each.ttc_at_s is not None and from_s <= each.ttc_at_s < to_s}


def against_ssm(drive: Drive, ssm: Sequence[SsmEncounter]) -> dict[str, float]:
    """Precision and recall of rear-end and merging encounters, over all and over each half, at two thresholds of the rule."""
    table, figures, everything = Table(["rule", "stretch", "SSM", "told (events)", "both", "precision", "recall"]), {}, true_pairs(ssm, 0, 700)
    for ttc_s in (3.0, 4.0):
        misses = near_misses(drive.scenes, ttc_s=ttc_s)
        anywhere = set(same_way(drive, misses))
        for name, from_s, to_s in (("0 to 700 s", 0, 700), ("0 to 350 s", 0, 350), ("350 to 700 s", 350, 700)):
            told = same_way(drive, (miss for miss in misses if from_s <= float(miss.details["worst_s"] or 0) < to_s))
            true = true_pairs(ssm, from_s, to_s)
            precision, recall = len(set(told) & everything) / len(set(told)), len(true & anywhere) / len(true)
            table.add(f"ttc_s = {ttc_s:g}", name, len(true), f"{len(set(told))} ({len(told)})", len(true & anywhere), f"{precision:.3f}", f"{recall:.3f}")
            figures |= {f"precision {ttc_s:g} {name}": precision, f"recall {ttc_s:g} {name}": recall}
    print(table)
    return figures


def differences(drive: Drive, ssm: Sequence[SsmEncounter]) -> dict[str, float]:
    """How far our times are from SSM's for the same pair; what else was told."""
    misses = near_misses(drive.scenes)
    following = {each.pair: each.ttc_s for each in ssm if each.ttc_code in FOLLOWING and each.ttc_s is not None}
    rear_ends = [miss for miss in misses if miss.details["type"] == "rear-end" and named(drive, miss) in following]
    off_s = np.abs([value(miss, "ttc_min") - following[named(drive, miss)] for miss in rear_ends])
    pets = {each.pair: each.pet_s for each in ssm if each.pet_s is not None}
    ours = {named(drive, miss): value(miss, "pet") for miss in misses if np.isfinite(value(miss, "pet"))}
    turning = {pair: pet for pair, pet in ours.items() if any(name.startswith(("f_EWl", "f_NSr")) for name in pair)}
    straight = [abs(pet - pets[pair]) for pair, pet in ours.items() if pair not in turning and pair in pets]
    bent = [abs(pet - pets[pair]) for pair, pet in turning.items() if pair in pets]
    spread = f"{np.median(off_s):.4f} s (median), {np.quantile(off_s, 0.9):.3f} s (90 %), {off_s.max():.3f} s (most)"
    print(f"\nTTC of {len(off_s)} rear-end encounters: off by {spread}.")
    print(f"PET below 2 s: {len(ours)}, all in SSM: {set(ours) <= set(pets)}; straight ways off by at most {max(straight):.4f} s ({len(straight)}),")
    print(f"ways that turn by {min(bent):.2f} to {max(bent):.2f} s ({len(bent)}): SSM there takes lane centre lines, we take the footprints.")
    print("All near misses: " + ", ".join(f"{count} {kind}" for kind, count in Counter(miss.details["type"] for miss in misses).most_common()) + ".")
    return {"ttc off median": float(np.median(off_s)), "ttc off most": float(off_s.max()), "pet off straight": max(straight)}


def crashes(drive: Drive) -> dict[str, float]:
    """Against collisions.xml."""
    found = [(sorted(named(drive, each)), each) for each in collisions(drive.scenes)]
    print("\nCollisions (SUMO: f_EW.20 at 218.5 s, f_EW.22 at 220.8 s, both with wrongway.0; it takes that car to face the other way):")
    for names, each in found:
        print(f"- {' and '.join(names)} at {each.time_ns / NS_PER_S:.2f} s, {each.details['type']}, closing at {measured(each, 'closing'):.1f} km/h")
    return {"collisions": len(found)}


def with_noise(drive: Drive) -> dict[str, float]:
    """White noise on places and velocities, honestly stated: what is lost, and what is invented (no near miss of the clean scenes)."""
    clean = {named(drive, miss) for miss in near_misses(drive.scenes)}
    table, figures = Table(["one sigma of place and velocity", "pairs told", "of them invented", "collisions"]), {}
    for sigma in (0.1, 0.2, 0.3):
        scenes = noisy(drive.scenes, 1, sigma, sigma)
        told = {named(drive, miss) for miss in near_misses(scenes)}
        table.add(f"{sigma:g} m, {sigma:g} m/s", f"{len(told)} of {len(clean)}", len(told - clean), len(collisions(scenes)))
        figures[f"invented {sigma:g}"] = len(told - clean)
    print(table)
    return figures


def crowd(drive: Drive, away_m: tuple[float, float], fps: float, road_users: int = 50) -> list[GroundScene]:
    """The junction's traffic of two stretches of the day at once, the second so far away, at the product's rate of looks."""
    at_ns = {scene.time_ns: scene for scene in drive.scenes}
    scenes = []
    for now in range(int(60 * fps), int(140 * fps)):
        time_ns = round(now / fps * NS_PER_S)
        seen_ns = time_ns // 200_000_000 * 200_000_000
        halves = [_driven_on(at_ns[seen_ns + late_s * NS_PER_S], time_ns - seen_ns) for late_s in (0, 250)]
        scenes.append(_together(time_ns, halves[0], halves[1], np.array(away_m), road_users))
    return scenes


def _driven_on(scene: GroundScene, by_ns: int) -> dict[str, np.ndarray]:
    columns = ("track", "kind", "place", "place_sigma", "velocity", "velocity_sigma", "heading", "length", "width")
    found = {name: getattr(scene, name) for name in columns}
    return found | {"place": scene.place + scene.velocity * (by_ns / NS_PER_S)}


def _together(time_ns: int, one: dict[str, np.ndarray], other: dict[str, np.ndarray], away: np.ndarray, most: int) -> GroundScene:
    other = other | {"track": other["track"] + 1000, "place": other["place"] + away}
    both = GroundScene(time_ns, *(np.concatenate([one[name], other[name]]) for name in one))
    return both if len(both) <= most else both.keep(np.sort(np.argsort(both.track % 7, kind="stable")[:most]))


def cpu_ms(scenes: Sequence[GroundScene], rules: Sequence[Rule], best: Sequence[float] | None = None) -> np.ndarray:
    """Thread CPU of every look."""
    spent, none = [], Passages.none()
    for scene in scenes:
        begin_s = time.thread_time()
        for rule in rules:
            rule.see(scene, none)
        spent.append(1e3 * (time.thread_time() - begin_s))
    return np.array(spent) if best is None else np.minimum(spent, best)


def cost(drive: Drive, runs: int = 12) -> dict[str, float]:
    """At fifty road users."""
    table, figures = Table(["scene", "road users", "near-miss, ms a look", "95 %", "collision, ms a look"]), {}
    places = {"two junctions 500 m apart, 8 looks a second": ((500.0, 0.0), 8.0), "one over the other, 60 m aside, 8 looks a second": ((60.0, 60.0), 8.0)}
    for name, (away_m, fps) in places.items():
        scenes = crowd(drive, away_m, fps)
        miss_ms, crash_ms = np.full(len(scenes), np.inf), np.full(len(scenes), np.inf)
        for _ in range(runs):
            miss_ms = cpu_ms(scenes, [NearMiss(NearMissKeys(), World("m"))], miss_ms)
            crash_ms = cpu_ms(scenes, [Collision(CollisionKeys(), World("m"))], crash_ms)
        users = np.mean([len(scene) for scene in scenes])
        table.add(name, f"{users:.0f}", f"{miss_ms.mean():.2f}", f"{np.quantile(miss_ms, 0.95):.2f}", f"{crash_ms.mean():.2f}")
        figures |= {f"near-miss ms {name}": float(miss_ms.mean()), f"collision ms {name}": float(crash_ms.mean())}
    print(table)
    return figures


def main() -> dict[str, float]:
    drive = read_fcd(TRAFFIC / "sumo-junction" / "fcd.xml.gz")
    ssm = read_ssm(TRAFFIC / "sumo-junction" / "gt_ssm_conflicts.csv")
    figures = analytic_pair()
    print(f"\nRear-end and merging encounters with TTC < {BELOW_S:g} s, sumo-junction seed 42:\n")
    figures |= against_ssm(drive, ssm) | differences(drive, ssm) | crashes(drive)
    print("\nThe same traffic measured with noise:\n")
    figures |= with_noise(drive)
    print()
    return figures | cost(drive)


if __name__ == "__main__":
    main()
