"""A live camera watched again after the process that watched it died: its clock goes on, and the gap is told."""

from collections.abc import Iterator
from dataclasses import replace

from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice
from catseye.core.time import NS_PER_S
from catseye.station.line import LineRecord


class ResumedSource:
    """A `Source` whose times count from the first life's zero, by the wall clock that both lives stamp their frames with."""

    is_live = True
    duration_s: float | None = None

    def __init__(self, source: Source, earlier: LineRecord) -> None:
        """`earlier` as it was last heard of: its `start`, and how far it had come."""
        self.camera = source.camera
        self._source = source
        self._start = earlier.start
        self._last_ns = round(earlier.duration_s * NS_PER_S)

    @property
    def decode_cpu_s(self) -> float:
        """CPU-seconds of this life's decoding."""
        return float(getattr(self._source, "decode_cpu_s", 0.0))

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """As the source does, later by the time from the first life's zero to this one's."""
        shift_ns: int | None = None
        for item in self._source:
            if isinstance(item, SourceNotice):
                later_ns = self._last_ns if shift_ns is None else shift_ns
                yield replace(item, time_ns=item.time_ns + later_ns, end_time_ns=item.end_time_ns + later_ns)
                continue
            if shift_ns is None:
                shift_ns = self._shift_ns(item)
                yield SourceNotice("source-gap", self._last_ns, item.time_ns + shift_ns, "the process that watched died; another one goes on")
            yield replace(item, time_ns=item.time_ns + shift_ns)

    def close(self) -> None:
        """See `Source`."""
        self._source.close()

    def _shift_ns(self, frame: RawFrame) -> int:
        """From the first life's zero to this one's; never so little that time runs back."""
        since_ns = frame.when.utc_ns - frame.time_ns - self._start.utc_ns if frame.when and self._start else 0
        return max(since_ns, self._last_ns + 1)
