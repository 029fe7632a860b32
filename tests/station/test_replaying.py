"""A package's measurement judged again: the same numbers, or it is told which are not."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.cases.package.scenes import Site, failed, states
from tests.support.measured import BEGAN, PHASES, contents_of, event_of, measure

from catseye.station.replaying import house_replay, replay_fault
from catseye.vault.vault import Vault


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measure(tmp_path_factory.mktemp("measured"))


@pytest.mark.parametrize("kind", ["red-light", "speeding"])
def test_what_was_judged_is_judged_the_same_again(measured: Path, kind: str) -> None:
    assert replay_fault(measured, event_of(measured, kind)) is None


def test_every_number_that_does_not_follow_from_the_points_is_told(measured: Path) -> None:
    event = event_of(measured, "speeding")
    speed = event["measures"][0]
    faster = {**event, "measures": [{**speed, "value": speed["value"] + 1e-9}, *event["measures"][1:]]}
    assert "judged again it differs in measures" in str(replay_fault(measured, faster))
    assert "time_s" in str(replay_fault(measured, {**event, "time_s": event["time_s"] + 0.001}))
    assert "ground_m" in str(replay_fault(measured, {**event, "ground_m": None}))
    assert "none is speeding of track 18" in str(replay_fault(measured, {**event, "tracks": ["18"]}))
    assert "none is wrong-way" in str(replay_fault(measured, {**event, "kind": "wrong-way"}))


def test_other_points_or_another_site_give_another_event(measured: Path, tmp_path: Path) -> None:
    place = tmp_path / "measurement"
    place.mkdir()
    for name in ("points.parquet", "site.toml", "phases.csv"):
        (place / name).write_bytes((measured / "measurement" / name).read_bytes())
    event = event_of(measured, "red-light")
    assert replay_fault(tmp_path, event) is None
    (place / "phases.csv").write_text(PHASES.replace("0,red", "0,green"))
    assert "none is red-light" in str(replay_fault(tmp_path, event))
    (place / "phases.csv").write_text(PHASES)
    table = pq.read_table(place / "points.parquet")
    pq.write_table(table.slice(0, 5), place / "points.parquet")
    assert "none is red-light" in str(replay_fault(tmp_path, event))
    (place / "points.parquet").write_bytes(b"PAR1 and no more")
    told = str(replay_fault(tmp_path, event))
    assert told.startswith("cannot be judged again: data/measurement/points.parquet")
    (place / "site.toml").write_text("[site]\nid = 7\n")
    assert "cannot be judged again" in str(replay_fault(tmp_path, event))


def test_a_package_replays_and_one_with_a_number_made_up_does_not(measured: Path, tmp_path: Path) -> None:
    with Vault.open(tmp_path / "vault") as vault:
        site = Site(tmp_path, vault)
        now = BEGAN.plus_ns(10**14)
        verdict = site.verify(site.build(contents_of(measured, "red-light"), now=now).path, replay=house_replay())
        assert verdict.is_good, verdict.faults
        assert states(verdict)[17] == "passed"
        lied = event_of(measured, "speeding")
        lied["measures"][0]["value"] += 5.0
        verdict = site.verify(site.build(contents_of(measured, "speeding", measures=lied["measures"]), now=now).path, replay=house_replay())
        assert failed(verdict) == {17: ("data/measurement/event.json",)}
        other = replace(house_replay(), version="0.0.1")
        verdict = site.verify(site.build(contents_of(measured, "red-light"), now=now).path, replay=other)
        assert verdict.is_good
        assert next(check for check in verdict.checks if check.number == 17).note.startswith("not replayed: built by catseye")


def test_nothing_is_replayed_of_what_failed_a_check(measured: Path, tmp_path: Path) -> None:
    ran: list[Path] = []
    with Vault.open(tmp_path / "vault") as vault:
        site = Site(tmp_path, vault)
        package = site.build(contents_of(measured, "red-light"), now=BEGAN.plus_ns(10**14)).path
        damaged = bytearray(package.read_bytes())
        damaged[400] ^= 1
        package.write_bytes(damaged)
        verdict = site.verify(package, replay=replace(house_replay(), run=lambda folder, said: ran.append(folder)))
    assert ran == []
    assert states(verdict)[17] == "not reached"
