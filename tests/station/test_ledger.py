"""What is settled is final, complete, and told once."""

import pickle
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.detections import Tracked
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.ledger import CROSSING_WAIT_S, Ledger, Settled
from catseye.traffic.crossings import Crossings


def look(
    time_s: float, *tracks: int, sure: bool = True, joined: tuple[tuple[int, int], ...] = (), ended: tuple[int, ...] = (), kind: RoadUser = RoadUser.CAR
) -> Tracked:
    n = len(tracks)
    flags = np.full(n, True)
    columns = (np.zeros((n, 4), np.float32), np.full(n, kind.code, np.uint8), flags, flags & sure, np.ones(n, np.float32))
    pairs, gone = np.array(joined, np.int64).reshape(-1, 2), np.array(ended, np.int64)
    return Tracked(round(time_s * NS_PER_S), np.array(sorted(tracks), np.int64), *columns, pairs, gone)


def crossing(time_s: float, track: int, line: int = 0, forward: bool = True) -> Crossings:
    times = np.array([round(time_s * NS_PER_S)])
    return Crossings(times, np.array([track]), np.array([line]), np.array([forward]), np.zeros((1, 2)))


@dataclass
class Told:
    """All that a ledger has settled so far, as plain rows."""

    points: list[tuple[str, int]] = field(default_factory=list)
    tracks: list[tuple[str, str | None, str | None, int]] = field(default_factory=list)
    crossings: list[tuple[str, int, str]] = field(default_factory=list)

    def take(self, settled: Settled | None) -> "Told":
        if settled:
            self.points += zip(map(str, settled.points.track), settled.points.time_ns.tolist(), strict=True)
            ways = (settled.tracks.from_line or (), settled.tracks.to_line or ())
            self.tracks += zip(map(str, settled.tracks.track), *ways, settled.tracks.points_count.tolist(), strict=True)
            self.crossings += zip(map(str, settled.crossings.track), settled.crossings.time_ns.tolist(), settled.crossings.direction, strict=True)
        return self


def played(*looks: Tracked, crossings: tuple[Crossings, ...] = ()) -> Told:
    ledger, told = Ledger("cam-1", ["a", "b"]), Told()
    for each in looks:
        ledger.note(each, each.sure, np.zeros((len(each.track), 2), np.float32))
        for passage in crossings if each is looks[0] else ():
            ledger.cross(passage)
        told.take(ledger.settle(each.time_ns, None))
    told.take(ledger.settle(looks[-1].time_ns, None, is_over=True))
    assert ledger.road_users_count == len(told.tracks)
    return told


def test_what_never_became_sure_leaves_nothing() -> None:
    told = played(look(0, 1, sure=False), look(5, 1, sure=False), look(6, ended=(1,)))
    assert told == Told()


def test_the_points_before_a_track_became_sure_belong_to_it() -> None:
    told = played(look(0, 1, sure=False), look(5, 1), look(9, ended=(1,)))
    assert told.points == [("1", 0), ("1", 5 * NS_PER_S)]
    assert told.tracks == [("1", None, None, 2)]


def test_a_road_user_found_again_is_one_and_keeps_its_first_name() -> None:
    told = played(look(0, 1), look(1, 1), look(3, 2), look(3.2, 1, joined=((2, 1),)), look(9, ended=(1,)))
    assert [track for track, _ in told.points] == ["1"] * 4
    assert told.tracks == [("1", None, None, 4)]


def test_joins_of_joins_lead_home() -> None:
    told = played(look(0, 1, 2, 3), look(2.1, 1, 2, joined=((3, 2),)), look(2.2, 1, joined=((2, 1),)), crossings=(crossing(2.05, 3),))
    assert {track for track, _ in told.points} == {"1"}
    assert told.crossings == [("1", round(2.05 * NS_PER_S), "forward")]


def test_two_halves_seen_in_one_look_leave_one_point() -> None:
    told = played(look(0, 1, 2), look(0.2, 1, joined=((2, 1),)), look(9, ended=(1,)))
    assert told.points == [("1", 0), ("1", NS_PER_S // 5)]


def test_a_crossing_waits_for_its_kind_but_not_for_ever() -> None:
    ledger = Ledger("cam-1", ["a"])
    for time_s in range(20):
        ledger.note(now := look(time_s, 1, kind=RoadUser.CAR if time_s < 8 else RoadUser.BUS), now.sure, np.zeros((1, 2), np.float32))
        if time_s == 5:
            ledger.cross(crossing(5, 1))
        settled = ledger.settle(time_s * NS_PER_S, Stamp(1_000))
        if settled and len(settled.crossings):
            assert 5 + CROSSING_WAIT_S < time_s <= 5 + CROSSING_WAIT_S + 3
            assert settled.crossings.kind.tolist() == [RoadUser.BUS.code]
            assert settled.crossings.utc_ns is not None
            assert settled.crossings.utc_ns.tolist() == [5 * NS_PER_S + 1_000]
            return
    raise AssertionError("the crossing was never told")


def test_a_way_leads_from_the_first_line_to_the_last() -> None:
    ends = (look(0, 1), look(9, 1))
    there, back = crossing(1, 1, 0), crossing(3, 1, 1)
    assert played(*ends, crossings=(there, back)).tracks == [("1", "a", "b", 2)]
    assert played(*ends, crossings=(back, there)).tracks == [("1", "a", "b", 2)], "by time, not by telling"
    assert played(*ends, crossings=(there,)).tracks == [("1", "a", None, 2)], "where it went was not seen"
    assert played(*ends, crossings=(there, crossing(3, 1, 0, forward=False))).tracks == [("1", "a", "a", 2)], "it turned round"
    assert played(*ends, crossings=(there, crossing(3, 1, 0))).tracks == [("1", "a", None, 2)], "twice round the same way is no trip"


def test_another_life_of_the_camera_has_other_track_numbers() -> None:
    ledgers = [Ledger("cam-1", ["a"], life=life) for life in (0, 1)]
    names = []
    for ledger in ledgers:
        ledger.note(look(0, 1), np.array([True]), np.zeros((1, 2), np.float32))
        ledger.cross(crossing(0, 1))
        told = Told().take(ledger.settle(0, None, is_over=True))
        names.append({told.points[0][0], told.tracks[0][0], told.crossings[0][0]})
    assert len(names[0]) == len(names[1]) == 1
    assert names[0] != names[1]


def test_memory_stays_flat_over_days_with_a_parked_car_and_a_flickering_sign() -> None:
    """Track 1 is parked for ever, track 2 never becomes sure, and somebody passes every two seconds."""
    ledger, sizes = Ledger("cam-1", ["a"]), []
    for step in range(4000):
        passing, time_s = 3 + step // 4, step / 2
        now = look(time_s, 1, 2, passing, ended=(passing - 1,) if passing > 3 and step % 4 == 0 else ())
        ledger.note(now, now.track != 2, np.zeros((3, 2), np.float32))
        ledger.settle(now.time_ns, None)
        if time_s % 100 == 0:
            sizes.append(len(pickle.dumps(ledger)))
    assert max(sizes) < 1.1 * sizes[1]
    assert ledger.road_users_count > 900


@st.composite
def lives(draw: st.DrawFn) -> list[Tracked]:
    """Looks in which tracks are born, seen, joined into an older one, and ended: any order a tracker can give."""
    live: list[int] = []
    looks, newest, time_s = [], 0, 0.0
    for _ in range(draw(st.integers(1, 40))):
        time_s += draw(st.sampled_from([0.1, 0.5, 3.0]))
        for _ in range(draw(st.integers(0, 2))):
            newest += 1
            live.append(newest)
        joined: list[tuple[int, int]] = []
        if len(live) > 1 and draw(st.booleans()):
            young = draw(st.sampled_from(live[1:]))
            joined.append((young, draw(st.sampled_from([old for old in live if old < young]))))
            live.remove(young)
        ended = [track for track in live if draw(st.integers(0, 9)) == 0 and track not in {old for _, old in joined}]
        live = [track for track in live if track not in ended]
        looks.append(look(time_s, *live, joined=tuple(joined), ended=tuple(ended)))
    return looks


@settings(max_examples=80, deadline=None)
@given(lives())
def test_whatever_happens_every_point_is_told_once_under_its_last_name(looks: list[Tracked]) -> None:
    into = {absorbed: survivor for each in looks for absorbed, survivor in each.joined.tolist()}

    def home(track: int) -> str:
        while track in into:
            track = into[track]
        return str(track)

    seen = {(home(track), each.time_ns) for each in looks for track in each.track.tolist()}
    told = played(*looks)
    assert Counter(told.points) == Counter(dict.fromkeys(seen, 1))
    assert sorted(track for track, *_ in told.tracks) == sorted({track for track, _ in seen})
    assert {track: count for track, _, _, count in told.tracks} == Counter(track for track, _ in seen)
