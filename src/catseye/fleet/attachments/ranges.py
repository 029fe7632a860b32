"""Which bytes of a file have come. Pure values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ranges:
    """Spans (begin, end) that have come: ascending, apart from each other, none empty."""

    spans_bytes: tuple[tuple[int, int], ...] = ()

    def add(self, begin_bytes: int, end_bytes: int) -> "Ranges":
        """With this span, whatever it overlaps.

        >>> Ranges().add(10, 20).add(0, 5).add(5, 12).spans_bytes
        ((0, 20),)
        """
        if begin_bytes >= end_bytes:
            return self
        before = [span for span in self.spans_bytes if span[1] < begin_bytes]
        after = [span for span in self.spans_bytes if span[0] > end_bytes]
        touched = self.spans_bytes[len(before) : len(self.spans_bytes) - len(after)]
        begin_bytes = min([begin_bytes, *(span[0] for span in touched)])
        end_bytes = max([end_bytes, *(span[1] for span in touched)])
        return Ranges((*before, (begin_bytes, end_bytes), *after))

    def missing(self, size_bytes: int) -> list[tuple[int, int]]:
        """(offset, length) of what has not come of a file of this size.

        >>> Ranges().add(10, 20).missing(25)
        [(0, 10), (20, 5)]
        """
        edges = [0, *(edge for span in self.spans_bytes for edge in span), size_bytes]
        return [(begin, end - begin) for begin, end in zip(edges[::2], edges[1::2], strict=True) if begin < end]
