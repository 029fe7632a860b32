"""Finds whole JPEG pictures in a stream of bytes, whatever stands between them (multipart headers, padding, nothing)."""

import re

START = b"\xff\xd8\xff"
MOST_PICTURE_BYTES = 32 << 20
# ITU-T T.81 B.1.1: in entropy-coded bytes FF is followed by 00 (stuffing) or D0..D7 (restart); anything else is the next marker.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_EOI, _SOI, _SOS, _FILL = 0xD9, 0xD8, 0xDA, 0xFF
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


class JpegSplitter:
    r"""Feed it bytes as they come; it gives back each picture once it is complete. Holds at most one picture of 32 MB.

    >>> JpegSplitter().feed(b"--frame " + START + bytes.fromhex("e0 0002 ff d9") + b" --frame")
    [b'\xff\xd8\xff\xe0\x00\x02\xff\xd9']
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 2  # how far the first picture has been walked
        self._is_in_scan = False

    @property
    def held_bytes(self) -> int:
        """Bytes that wait for the rest of their picture."""
        return len(self._held)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Complete pictures, in order. Bytes outside of pictures are skipped, a torn picture is skipped up to the next start."""
        self._held += chunk
        pictures = []
        while (end := self._find()) is not None:
            pictures.append(bytes(self._held[:end]))
            self._skip(end)
        return pictures

    def _skip(self, count: int) -> None:
        del self._held[:count]
        self._at, self._is_in_scan = 2, False

    def _find(self) -> int | None:
        """Where the first picture ends, after dropping what stands before it; None while there is no whole one."""
        while True:
            start = self._held.find(START)
            if start < 0:
                self._skip(max(0, len(self._held) - len(START) + 1))
                return None
            if start > 0:
                self._skip(start)
            end = self._end()
            if end is None and len(self._held) <= MOST_PICTURE_BYTES:
                return None
            if end:
                return end
            self._skip(2)  # no picture after all, or one that never ends

    def _end(self) -> int | None:
        """Walk the segments: the end of the picture, 0 if it is none, None while the rest is not here."""
        while True:
            if self._is_in_scan and not self._leave_scan():
                return None
            head = self._held[self._at : self._at + 4]
            if len(head) < 2:
                return None
            if head[0] != 0xFF or head[1] in (0x00, _SOI):
                return 0
            if head[1] == _EOI:
                return self._at + 2
            if head[1] == _FILL or head[1] in _NO_LENGTH:
                self._at += 1 if head[1] == _FILL else 2
                continue
            if len(head) < 4:
                return None
            length = int.from_bytes(head[2:], "big")
            if length < 2:
                return 0
            if self._at + 2 + length > len(self._held):
                return None
            self._at += 2 + length
            self._is_in_scan = head[1] == _SOS

    def _leave_scan(self) -> bool:
        found = _MARKER_AFTER_SCAN.search(self._held, self._at)
        if found is None:
            self._at = max(self._at, len(self._held) - 1)
            return False
        self._at, self._is_in_scan = found.start(), False
        return True
