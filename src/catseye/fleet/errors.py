"""What can be wrong with bytes from a device: one type a fault, each with where, what came, what was wanted."""

from typing import ClassVar

from catseye.core.errors import CatseyeError


class WireError(CatseyeError):
    """Bytes that cannot be what they should be; only the sender's own session may suffer from it."""

    kind: ClassVar[str] = "wire"


class LineError(WireError):
    """A line of `fleet decode` that is neither hex nor an object that says what its hex is."""

    kind = "line"


class FrameError(WireError):
    """No frame: its marks are missing, its magic is another, or it is too short for a header."""

    kind = "frame"


class EscapeError(FrameError):
    """An escape that stands for nothing."""

    kind = "escape"


class ChecksumError(FrameError):
    """Damaged on the way, or never right."""

    kind = "checksum"


class LengthError(FrameError):
    """The header announces another number of bytes than came."""

    kind = "length"


class EncryptedError(WireError):
    """The body is encrypted: no key of the terminal is held here, so it is refused, not guessed at."""

    kind = "encrypted"


class ShortError(WireError):
    """The body ends inside a field."""

    kind = "short"


class ValueMismatchError(WireError):
    """A field holds what this layout cannot hold, on reading or on building."""

    kind = "value"


class SubpackageError(WireError):
    """Sub-packages that contradict each other, or are more than one message may have."""

    kind = "subpackage"
