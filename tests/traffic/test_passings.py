"""Passages over lines together: speeds, and who followed whom how closely."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.time import NS_PER_S
from catseye.traffic.passings import Passings, following, line_speeds_kmh
from catseye.traffic.trace import Trace


def passings(rows: list[tuple[float, int, bool, float]], speed_kmh: float = 36.0, length_m: float = 5.0) -> Passings:
    """Time in seconds, line, forward, metres along the line."""
    k = len(rows)
    time_s, line, forward, across_m = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Passings(
        np.round(np.array(time_s) * NS_PER_S).astype(np.int64),
        np.array(line, np.int64),
        np.array(forward, np.bool_),
        np.array(across_m, np.float64),
        np.full(k, speed_kmh),
        np.full(k, 1.0),
        np.full(k, length_m),
        np.full(k, 0.5),
        np.full(k, 0.3),
    )


def test_headway_is_front_to_front_and_gap_rear_to_front() -> None:
    found = following(passings([(10.0, 0, True, 2.0), (12.0, 0, True, 2.3)]))
    assert found.leader.tolist() == [-1, 0]
    assert found.headway_s[1] == pytest.approx(2.0)
    assert found.gap_s[1] == pytest.approx(1.5)  # five metres at ten metres a second
    assert found.headway_doubt_s[1] == pytest.approx(np.hypot(0.03, 0.03))
    assert found.gap_doubt_s[1] > found.headway_doubt_s[1]
    assert np.isnan([found.headway_s[0], found.gap_s[0], found.headway_doubt_s[0], found.gap_doubt_s[0]]).all()


def test_only_the_same_line_way_and_lane_is_followed() -> None:
    rows = [(1.0, 0, True, 1.0), (2.0, 0, True, 5.0), (3.0, 0, False, 1.0), (4.0, 1, True, 1.0), (5.0, 0, True, 1.4), (6.0, 0, True, 5.2)]
    assert following(passings(rows)).leader.tolist() == [-1, -1, -1, -1, 0, 1]


def test_order_does_not_matter_and_long_ago_is_not_followed() -> None:
    rows = [(100.0, 0, True, 1.0), (3.0, 0, True, 1.0), (5.0, 0, True, 1.0)]
    assert following(passings(rows)).leader.tolist() == [-1, -1, 1]


def test_unknown_sizes_and_speeds_leave_the_rest_known() -> None:
    found = following(passings([(1.0, 0, True, 1.0), (2.5, 0, True, 1.0)], speed_kmh=float("nan"), length_m=float("nan")))
    assert found.headway_s[1] == pytest.approx(1.5)
    assert np.isnan([found.headway_doubt_s[1], found.gap_s[1]]).all()


def test_nobody_follows_nobody() -> None:
    assert len(following(passings([])).leader) == 0


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2), st.booleans(), st.floats(0, 8)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_leader_passed_the_same_line_the_same_way_no_later_and_nobody_in_between(rows: list[tuple[int, int, bool, float]]) -> None:
    found = following(passings([(float(t), line, forward, across) for t, line, forward, across in rows]))
    for me, leader in enumerate(found.leader.tolist()):
        if leader < 0:
            continue
        assert rows[leader][1:3] == rows[me][1:3]
        assert abs(rows[leader][3] - rows[me][3]) <= 1.75
        assert found.headway_s[me] == pytest.approx(rows[me][0] - rows[leader][0])
        between = [r for r in rows if r[1:3] == rows[me][1:3] and abs(r[3] - rows[me][3]) <= 1.75 and rows[leader][0] < r[0] < rows[me][0]]
        assert between == []


def test_columns_of_unequal_length_are_refused() -> None:
    one = passings([(1.0, 0, True, 1.0)])
    with pytest.raises(ValueError, match="wanted as many"):
        Passings(one.time_ns, one.line, one.forward, np.zeros(2), one.speed_kmh, one.speed_doubt_kmh, one.length_m, one.length_doubt_m, one.place_sigma_m)


def test_speeds_at_lines_come_with_each_passage_and_nan_where_nobody_knows() -> None:
    times_ns = np.arange(0, 4 * NS_PER_S, NS_PER_S // 25)
    driven = Trace(times_ns, np.stack([times_ns / NS_PER_S * 15.0, np.zeros(len(times_ns))], 1), np.full(len(times_ns), 0.05))
    speed_kmh, doubt_kmh = line_speeds_kmh([driven, driven.keep(np.arange(1))], np.array([2 * NS_PER_S, 0]))
    assert speed_kmh[0] == pytest.approx(54.0, abs=0.1)
    assert doubt_kmh[0] < 0.5
    assert np.isnan([speed_kmh[1], doubt_kmh[1]]).all()
