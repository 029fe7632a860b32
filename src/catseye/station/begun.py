"""A source that has given its first item: whoever it is, it can be read, so something may be written for it."""

from collections.abc import Iterator

from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice


class BegunSource:
    """A `Source` whose first items were fetched on construction, up to the first frame; iterate it once."""

    def __init__(self, source: Source) -> None:
        """Wait for the first frame. SourceError when the source cannot be read; a source that is closed meanwhile has none."""
        self.camera, self.is_live, self.duration_s = source.camera, source.is_live, source.duration_s
        self.first: RawFrame | None = None
        self._source = source
        self._items = iter(source)
        self._fetched: list[RawFrame | SourceNotice] = []
        for item in self._items:
            self._fetched.append(item)
            if isinstance(item, RawFrame):
                self.first = item
                break

    @property
    def decode_cpu_s(self) -> float:
        """CPU-seconds of the source's decoding, where it tells."""
        return float(getattr(self._source, "decode_cpu_s", 0.0))

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """The first items, then the others as they come."""
        while self._fetched:
            yield self._fetched.pop(0)
        yield from self._items

    def close(self) -> None:
        """See `Source`."""
        self._source.close()
