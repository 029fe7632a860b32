"""A transcript: what went over the wire, which way, when. Read from JSON lines, lines of hex, or the bytes of one direction; any bytes are one."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catseye.fleet.file_stream import MAGIC

MAIN, ATTACHMENTS, MEDIA = "main", "attachments", "media"
PORTS = (MAIN, ATTACHMENTS, MEDIA)
BYTES, OPENED, CLOSED = "bytes", "opened", "closed"
MOST_TRANSCRIPT_BYTES = 1 << 28
_MOST_TIME_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened on a link. `is_up`: from the terminal. `time_ns`: since 1970 UTC, None where nobody wrote it down. `link`: which connection."""

    is_up: bool
    data: bytes
    time_ns: int | None = None
    port: str = MAIN
    link: str = "1"
    what: str = BYTES


@dataclass(frozen=True, slots=True)
class Transcript:
    """Lines in their order, and how many could not be read as one."""

    lines: tuple[Line, ...]
    unread_count: int = 0


def transcript_of(content: bytes) -> Transcript:
    """Any bytes: text is read line by line; bytes that are none are what a terminal sent on one connection."""
    if content[:1] == b"~" or content[:4] == MAGIC:
        return _of_stream(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _of_stream(content)
    read = [line_of(each) for each in text.splitlines() if each.strip() and not each.lstrip().startswith("#")]
    return Transcript(tuple(line for line in read if line is not None), sum(line is None for line in read))


def _of_stream(content: bytes) -> Transcript:
    port = MEDIA if content[:4] == MAGIC else MAIN
    return Transcript((Line(True, content, None, port),) if content else ())


def line_of(text: str) -> Line | None:
    """One line of text, None where it is none: JSON as `as_text` writes it, or hex, with `up` or `down` before it."""
    text = text.strip()
    if text.startswith("{"):
        return _of_json(text)
    word, _, rest = text.partition(" ")
    way = {"up": True, "down": False}.get(word.lower())
    try:
        data = bytes.fromhex(text if way is None else rest)
    except ValueError:
        return None
    if not data:
        return None
    return Line(_is_up(data) if way is None else way, data)


def _is_up(data: bytes) -> bool:
    """Which way a frame goes that nobody says it of: messages to a terminal have the highest bit, those of video's from 0x9000 on too."""
    return not (data[:1] == b"~" and len(data) > 2 and data[1] & 0x80)


def _of_json(text: str) -> Line | None:
    try:
        said = json.loads(text)
        data = bytes.fromhex(said.get("hex", ""))
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None
    time_ns, port, what = said.get("time_ns"), said.get("port", MAIN), said.get("what", BYTES)
    way = {"up": True, "down": False}.get(str(said.get("way")), _is_up(data))
    is_time = isinstance(time_ns, int) and not isinstance(time_ns, bool) and 0 <= time_ns < _MOST_TIME_NS
    if port not in PORTS or what not in (BYTES, OPENED, CLOSED) or not (is_time or time_ns is None) or (what == BYTES and not data):
        return None
    return Line(way, data, time_ns if is_time else None, port, str(said.get("link", "1")), what)


def as_text(line: Line) -> str:
    """One line of a recording."""
    said = {"time_ns": line.time_ns, "way": "up" if line.is_up else "down", "port": line.port, "link": line.link, "what": line.what, "hex": line.data.hex()}
    return json.dumps(said)


def frames_of(data: bytes) -> Iterator[bytes]:
    """What stands between marks, with one on each side; what stands outside of them is given as it is, without marks."""
    pieces = data.split(b"~")
    if pieces[0]:
        yield pieces[0]
    for begin in pieces[1:-1]:
        if begin:
            yield b"~" + begin + b"~"
    if len(pieces) > 1 and pieces[-1]:
        yield b"~" + pieces[-1]


def joined(lines: Iterable[Line]) -> Iterator[tuple[int, Line, bytes]]:
    """Frames of the main port with the number of the line each ends in, from 1: a frame may lie in several lines, a line may hold several frames."""
    rests: dict[tuple[str, bool], bytes] = {}
    lines = list(lines)
    for number, line in enumerate(lines, start=1):
        key = (line.link, line.is_up)
        if line.port != MAIN or line.what != BYTES:
            if line.what == CLOSED and line.port == MAIN and (rest := rests.pop((line.link, True), b"")):
                yield number, Line(True, rest, line.time_ns, MAIN, line.link), rest
            continue
        data = rests.pop(key, b"") + line.data
        for frame in frames_of(data):
            if frame[:1] == b"~" and frame[-1:] != b"~":
                rests[key] = frame
            else:
                yield number, line, frame
    for (link, is_up), rest in rests.items():
        yield len(lines), Line(is_up, rest, None, MAIN, link), rest
