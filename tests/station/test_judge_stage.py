"""What was judged as not to be trusted is told, and judged so again by a replay."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from catseye.core.event import Event
from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.station.judge_stage import JudgeStage
from catseye.station.judging import run_judge
from catseye.station.line_judge import LineJudge
from catseye.station.site import load_site
from catseye.station.world import bench_of
from catseye.traffic.judge import Judge
from catseye.traffic.motion import Motion
from catseye.vault.batches import PointBatch
from catseye.vault.vault import Vault

SITE = """
[site]
id = "road"

[[camera]]
id = "cam"

[[camera.rule]]
kind = "speeding"
limit_kmh = 30
"""
STEP_S = 1 / 7  # no whole millisecond


def points(begin_s: float, end_s: float, track: int) -> PointBatch:
    """One car at 72 km/h, in a lane of its own."""
    time_ns = np.round(np.arange(begin_s, end_s, STEP_S) * NS_PER_S).astype(np.int64)
    n = len(time_ns)
    place = np.round(np.column_stack([20.0 * time_ns / NS_PER_S, np.full(n, 4.0 * track)]), 2)
    return PointBatch("cam", np.full(n, track), np.full(n, RoadUser.CAR.code, np.uint8), time_ns, np.zeros((n, 2), np.float32), place)


def live(folder: Path, is_trusted: Callable[[int], bool]) -> list[Event]:
    """Four cars one after another, judged and kept as a camera's line does it; what its files then hold."""
    site = load_site(folder / "site.toml")
    camera = site.cameras[0]
    bench = bench_of(camera, {}, on_ground=True)
    judge = LineJudge(JudgeStage(Judge("cam", bench.world, bench.rules, str), Motion(GroundScene)), is_trusted)
    with Vault.open(folder / "live" / "vault", "live") as vault:
        for track, begin_s in enumerate((0.0, 10.0, 20.0, 30.0)):
            seen = points(begin_s, begin_s + 6, track)
            vault.keep_points(seen)
            vault.keep_events([*judge.take(seen, int((begin_s + 8) * NS_PER_S)), *judge.doubted()])
        vault.keep_events([*judge.finish(), *judge.doubted()])
        vault.export(folder / "live")
        (folder / "live" / "run.json").write_text(json.dumps({"cameras": [{"camera": "cam", "rules_judged": list(bench.rules)}]}))
        return list(vault.events())


def told(folder: Path) -> list[tuple[object, ...]]:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return sorted((event["kind"], event["time_s"], event["end_time_s"], tuple(event["tracks"]), event["trusted"]) for event in events)


def test_a_violation_replayed_from_an_untrusted_stretch_is_marked_exactly_as_live(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    live(tmp_path, lambda time_ns: not 14.0 <= time_ns / NS_PER_S <= 22.0)
    run_judge(load_site(tmp_path / "site.toml"), tmp_path / "live" / "points.parquet", tmp_path / "again", camera=None, signals=None)
    marked = {row[3]: row[4] for row in told(tmp_path / "live") if row[0] == "speeding"}
    assert marked == {("0",): True, ("1",): False, ("2",): False, ("3",): True}
    assert told(tmp_path / "again") == told(tmp_path / "live")


def test_a_replay_of_a_replay_is_marked_like_the_first(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    live(tmp_path, lambda time_ns: time_ns < 31 * NS_PER_S)
    for begin, end in (("live", "again"), ("again", "thrice")):
        run_judge(load_site(tmp_path / "site.toml"), tmp_path / begin / "points.parquet", tmp_path / end, camera=None, signals=None)
    assert told(tmp_path / "thrice") == told(tmp_path / "live")


def test_consecutive_untrusted_moments_are_one_stretch_however_often_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    events = live(tmp_path, lambda time_ns: False)
    (stretch,) = [event for event in events if event.kind == "not-trusted"]
    assert stretch.time_ns == 0
    assert stretch.end_time_ns == int(points(30.0, 36.0, 3).time_ns[-1])
    assert not stretch.trusted


def test_a_camera_that_is_always_trusted_tells_of_no_stretch(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    assert {event.kind for event in live(tmp_path, lambda time_ns: True)} == {"speeding"}


def test_a_replay_writes_every_column_it_read(tmp_path: Path) -> None:
    """Without the noise of its places, a replay of the replay would judge with another doubt."""
    (tmp_path / "site.toml").write_text(SITE)
    seen = points(0.0, 6.0, 0)
    n = len(seen)
    whole = replace(
        seen, sigma_m=np.full(n, 0.9), noise_m=np.full(n, 0.3), speed_doubt_ratio=np.full(n, 0.02), length_m=np.full(n, 4.2), width_m=np.full(n, 1.8)
    )
    with Vault.open(tmp_path / "vault") as vault:
        vault.keep_points(whole)
        vault.export(tmp_path)
    run_judge(load_site(tmp_path / "site.toml"), tmp_path / "points.parquet", tmp_path / "again", camera=None, signals=None)
    assert pq.read_table(tmp_path / "again" / "points.parquet").equals(pq.read_table(tmp_path / "points.parquet"))


def test_violations_among_the_events_are_handed_out_once(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    camera = load_site(tmp_path / "site.toml").cameras[0]
    bench = bench_of(camera, {}, on_ground=True)
    judge = LineJudge(JudgeStage(Judge("cam", bench.world, bench.rules, str), Motion(GroundScene)))
    events = [*judge.take(points(0.0, 6.0, 0), 8 * NS_PER_S), *judge.take(points(10.0, 16.0, 1), 18 * NS_PER_S)]
    first = judge.violations()
    events += judge.finish()
    second = judge.violations()
    assert [violation.event for violation in first + second] == [event for event in events if event.kind == "speeding"]
    assert [violation.event.subjects for violation in first + second] == [("0",), ("1",)]
    assert judge.violations() == []
