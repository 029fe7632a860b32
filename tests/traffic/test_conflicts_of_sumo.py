"""Near misses and collisions of simulated traffic, against SUMO's own surrogate safety device and collision list."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from tests.support.ground import judged, measured
from tests.support.sumo import FOLLOWING, Drive, SsmEncounter, read_fcd, read_ssm

from catseye.core.finding import Finding
from catseye.core.rule import World
from catseye.traffic.collisions import Collision, CollisionKeys
from catseye.traffic.conflicts import NearMiss, NearMissKeys

SAME_WAY = {"rear-end", "merging"}
BELOW_S = 3.0


@pytest.fixture(scope="module")
def junction(shared: Path) -> Drive:
    return read_fcd(shared / "traffic" / "sumo-junction" / "fcd.xml.gz")


@pytest.fixture(scope="module")
def ssm(shared: Path) -> list[SsmEncounter]:
    return read_ssm(shared / "traffic" / "sumo-junction" / "gt_ssm_conflicts.csv")


@pytest.fixture(scope="module")
def misses(junction: Drive) -> list[Finding]:
    return judged(NearMiss(NearMissKeys(), World("m")), junction.scenes)


def named(drive: Drive, finding: Finding) -> frozenset[str]:
    return frozenset(drive.names[track] for track in finding.track)


def same_way(drive: Drive, misses: Iterable[Finding]) -> list[frozenset[str]]:
    """Pairs of rear-end and merging near misses, one entry an event."""
    chosen = (miss for miss in misses if miss.details["type"] in SAME_WAY and any(each.name == "ttc_min" for each in miss.measures))
    return [named(drive, miss) for miss in chosen if measured(miss, "ttc_min") < BELOW_S]


def true_pairs(ssm: Sequence[SsmEncounter], from_s: float = 0, to_s: float = 700) -> set[frozenset[str]]:
    following = (each for each in ssm if each.ttc_code in FOLLOWING and each.ttc_s is not None and each.ttc_at_s is not None)
    return {each.pair for each in following if (each.ttc_s or 9) < BELOW_S and from_s <= (each.ttc_at_s or 0) < to_s}


def test_rear_end_and_merging_encounters_are_those_of_ssm(junction: Drive, ssm: list[SsmEncounter], misses: list[Finding]) -> None:
    told, true = same_way(junction, misses), true_pairs(ssm)
    assert len(told) == len(set(told)), "one event a pair and encounter"
    assert len(set(told) & true) / len(told) >= 0.95
    assert len(true & set(told)) / len(true) >= 0.95


@pytest.mark.parametrize(("from_s", "to_s"), [(0, 350), (350, 700)])
def test_neither_half_does_worse(junction: Drive, ssm: list[SsmEncounter], misses: list[Finding], from_s: float, to_s: float) -> None:
    told = same_way(junction, (miss for miss in misses if from_s <= float(miss.details["worst_s"] or 0) < to_s))
    true = true_pairs(ssm, from_s, to_s)
    assert len(set(told) & true_pairs(ssm)) / len(told) >= 0.95
    assert len(true & set(same_way(junction, misses))) / len(true) >= 0.95


def test_their_smallest_time_to_collision_is_ssm_s_but_for_the_moments_the_file_leaves_out(
    junction: Drive, ssm: list[SsmEncounter], misses: list[Finding]
) -> None:
    """FCD has every second step of SSM's: a minimum that falls on the other is missed by at most a step, never undercut."""
    truth = {each.pair: each.ttc_s for each in ssm if each.ttc_code in FOLLOWING}
    offs = [
        measured(miss, "ttc_min") - truth[named(junction, miss)] for miss in misses if miss.details["type"] == "rear-end" and named(junction, miss) in truth
    ]
    assert len(offs) > 100
    assert min(offs) > -0.005
    assert max(offs) < 0.05


def test_the_two_collisions_are_found_and_none_is_invented(junction: Drive) -> None:
    collisions = judged(Collision(CollisionKeys(), World("m")), junction.scenes)
    assert [named(junction, each) for each in collisions] == [{"f_EW.20", "wrongway.0"}, {"f_EW.22", "wrongway.0"}]
    assert [each.time_ns / 1e9 for each in collisions] == pytest.approx([218.5, 220.8], abs=0.5)  # SUMO thinks the wrong-way car faces the other way
    assert {each.details["type"] for each in collisions} == {"head-on"}


def test_times_to_collision_and_after_encroachment_of_the_analytic_pair(shared: Path) -> None:
    drive = read_fcd(shared / "traffic" / "sumo-pair" / "fcd.xml")
    misses = {named(drive, miss): miss for miss in judged(NearMiss(NearMissKeys(ttc_s=4), World("m")), drive.scenes)}
    follow, cross = misses.pop(frozenset(("fastFollow", "slowLead"))), misses.pop(frozenset(("crossA", "crossB")))
    assert misses == {}
    assert (measured(follow, "ttc_min"), measured(follow, "drac_max")) == pytest.approx((3.1224, 1.2321), abs=0.001)
    assert (measured(cross, "pet"), measured(cross, "ttc_min")) == pytest.approx((0.5733, 2.4192), abs=0.001)
    assert (follow.details["type"], cross.details["type"]) == ("rear-end", "crossing")
    assert [drive.names[track] for track in follow.track] == ["fastFollow", "slowLead"]
