"""Values that are more than a number: texts in GBK, times and dates in BCD. Each way is the exact inverse of the other, whatever a device sends."""

from functools import lru_cache

from catseye.fleet.errors import ValueMismatchError


class WireText(str):
    """A text that did not come in the canonical form (padded on the right with zeros, valid GBK): `raw` is how it came, and how it goes out again."""

    __slots__ = ("raw",)
    raw: bytes

    @classmethod
    def of(cls, text: str, raw: bytes) -> "WireText":
        """Text as shown, bytes as they came."""
        kept = cls(text)
        kept.raw = raw
        return kept


def text_of(raw: bytes) -> str:
    """GBK without its padding; what is not GBK is shown as U+FFFD and kept as it came."""
    text = raw.decode("gbk", "replace").strip("\0")
    return text if encoded(text, len(raw)) == raw else WireText.of(text, raw)


def free_text_of(raw: bytes) -> str:
    """As `text_of`, of a field that is as long as its text."""
    text = raw.decode("gbk", "replace").strip("\0")
    return text if encoded(text) == raw else WireText.of(text, raw)


def encoded(text: str, size_bytes: int | None = None) -> bytes:
    r"""GBK, padded with zeros to `size_bytes`; longer than that stays longer, for the caller to refuse.

    >>> encoded("粤A", 5)
    b'\xd4\xc1A\x00\x00'
    """
    raw = text.raw if isinstance(text, WireText) else text.encode("gbk", "replace")
    return raw if size_bytes is None else raw.ljust(size_bytes, b"\0")


@lru_cache(maxsize=4096)  # thousands of vehicles report in one second
def time_of(raw: bytes) -> str:
    """BCD `YYMMDDhhmmss`, always Beijing time (UTC+8); digits that are none stay what they are.

    >>> time_of(bytes.fromhex("210917193139"))
    '2021-09-17 19:31:39'
    """
    h = raw.hex()
    return f"20{h[:2]}-{h[2:4]}-{h[4:6]} {h[6:8]}:{h[8:10]}:{h[10:]}"


def encoded_time(text: str) -> bytes:
    """The inverse of `time_of`."""
    digits = text.translate(_NO_MARKS)[2:]
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if len(raw) != 6:
        raise ValueMismatchError("time", f"'{text}'", "YYYY-MM-DD hh:mm:ss, of this century")
    return raw


def hex_of(raw: bytes) -> str:
    """Bytes without a meaning of their own."""
    return raw.hex()


def encoded_hex(text: str) -> bytes:
    """The inverse of `hex_of`."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueMismatchError("hex", f"'{text[:40]}'", "pairs of hex digits") from None


_NO_MARKS = str.maketrans("", "", "-: ")
