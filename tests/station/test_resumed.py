"""A live camera whose process died: one clock over both lives."""

from collections.abc import Sequence

from tests.support.street import Street

from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.line import LineRecord
from catseye.station.resumed import ResumedSource

FIRST_LIFE = LineRecord("cam-1", duration_s=30.0, start=Stamp(1_000 * NS_PER_S))


def resumed_at(utc_s: int, notice_first: bool = False) -> list[RawFrame | SourceNotice]:
    def items(frame: RawFrame) -> Sequence[RawFrame | SourceNotice]:
        return [SourceNotice("source-damaged", 0, 0, "torn"), frame] if notice_first and not frame.index else [frame]

    source = ResumedSource(Street([], 1.0, is_live=True, start=Stamp(utc_s * NS_PER_S), items=items), FIRST_LIFE)
    told = list(source)
    source.close()
    return told


def test_times_count_from_the_first_lifes_zero_and_the_gap_is_told() -> None:
    gap, first, second, *_ = resumed_at(1_040)
    assert isinstance(gap, SourceNotice)
    assert (gap.kind, gap.time_ns, gap.end_time_ns) == ("source-gap", 30 * NS_PER_S, 40 * NS_PER_S)
    assert (first.time_ns, second.time_ns) == (40 * NS_PER_S, 40 * NS_PER_S + NS_PER_S // 25)


def test_time_never_runs_back_even_when_the_wall_clock_did() -> None:
    times_ns = [item.time_ns for item in resumed_at(900, notice_first=True)]
    assert times_ns == sorted(times_ns)
    assert times_ns[0] == 30 * NS_PER_S
