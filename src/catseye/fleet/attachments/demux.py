"""The bytes of an attachment connection, taken apart: frames between 7E marks, pieces of files after `01cd`; however they are chunked, the same comes out."""

from dataclasses import dataclass

from catseye.fleet.errors import FrameError, LengthError, WireError
from catseye.fleet.file_stream import MAGIC, MOST_PIECE_BYTES, Piece
from catseye.fleet.frame808 import MARK, Frame

MOST_FRAME_BYTES = 4096
_PIECE_HEAD_BYTES, _LENGTH_AT_BYTES = 62, 58


@dataclass(frozen=True, slots=True)
class Damaged:
    """What began as a frame and is none: it is not answered, so that the sender sends it again."""

    fault: WireError


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody can tell where the next thing begins: the last item of a stream."""

    fault: WireError


class Demux:
    """Feed bytes, take items. Holds one unfinished item at most, and what was fed and not yet taken."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched_bytes = 1  # of a frame: where the end mark is looked for next
        self._is_over = False

    def feed(self, chunk: bytes) -> None:
        """Bytes as they came; after `Lost` they are nobody's."""
        if not self._is_over:
            self._buffer += chunk

    def take(self) -> Frame | Piece | Damaged | Lost | None:
        """The next item; None while it is not whole. Never raises."""
        try:
            return self._next()
        except WireError as fault:
            self._is_over = True
            self._buffer.clear()
            return Lost(fault)

    def _next(self) -> Frame | Piece | Damaged | None:
        if not self._buffer:
            return None
        if self._buffer[0] == MARK:
            return self._frame()
        wrong = next((at for at, (came, wanted) in enumerate(zip(self._buffer, MAGIC, strict=False)) if came != wanted), None)
        if wrong is not None:
            raise FrameError("attachment stream", self._buffer[: wrong + 1].hex(), "a frame (7e) or a piece of a file (30316364)")
        return self._piece()

    def _frame(self) -> Frame | Damaged | None:
        end = self._buffer.find(MARK, self._searched_bytes)
        while end == 1:  # doubled marks are tolerated: the second one begins the frame
            del self._buffer[0]
            end = self._buffer.find(MARK, 1)
        size_bytes = len(self._buffer) if end < 0 else end + 1
        if size_bytes > MOST_FRAME_BYTES:
            raise LengthError("attachment stream", "a frame without an end", f"at most {MOST_FRAME_BYTES} bytes")
        if end < 0:
            self._searched_bytes = max(1, size_bytes)
            return None
        raw = bytes(self._buffer[:size_bytes])
        del self._buffer[:size_bytes]
        self._searched_bytes = 1
        try:
            return Frame.parse(raw)
        except WireError as fault:
            return Damaged(fault)

    def _piece(self) -> Piece | None:
        if len(self._buffer) < _PIECE_HEAD_BYTES:
            return None
        length_bytes = int.from_bytes(self._buffer[_LENGTH_AT_BYTES:_PIECE_HEAD_BYTES])
        if length_bytes > MOST_PIECE_BYTES:
            raise LengthError("piece of a file", f"{length_bytes} bytes announced", f"at most {MOST_PIECE_BYTES}")
        size_bytes = _PIECE_HEAD_BYTES + length_bytes
        if len(self._buffer) < size_bytes:
            return None
        piece, _ = Piece.parse(bytes(self._buffer[:size_bytes]))
        del self._buffer[:size_bytes]
        return piece
