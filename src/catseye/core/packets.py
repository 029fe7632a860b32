"""What a clip consists of, packet by packet, as hashes: written down before the original is sealed, held against it once somebody opened it.

Pure facts: no video library. `vision` reads the packets, `cases` compares them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import pairwise
from typing import Any, Self

FORMAT = "catseye-packets-1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BEGIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of the elementary video stream, as demuxed, never decoded. `pts`, in the stream's time base; None where the container gives none."""

    pts: int | None
    is_key: bool
    size_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        """Refuse what is no hash."""
        if not _SHA256.fullmatch(self.sha256) or self.size_bytes < 0:
            raise ValueError(f"packet: {self.sha256!r}, {self.size_bytes} bytes; wanted a SHA-256 in 64 hex digits")


@dataclass(frozen=True, slots=True)
class PacketList:
    """The packets of one clip in the order of the file, in groups that each begin with a key frame (GOPs).

    `links`: one a group, the hash of the link before it and of all the group's packets. The last one stands for the whole clip.
    """

    codec: str
    gops: tuple[tuple[Packet, ...], ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, codec: str, packets: Iterable[Packet]) -> Self:
        """Group and link; what stands before the first key frame is a group too."""
        gops: list[list[Packet]] = []
        for packet in packets:
            if packet.is_key or not gops:
                gops.append([])
            gops[-1].append(packet)
        links = [_BEGIN]
        for gop in gops:
            links.append(_link(links[-1], gop))
        return cls(codec, tuple(map(tuple, gops)), tuple(links[1:]))

    @property
    def packets(self) -> list[Packet]:
        """All of them, in the order of the file."""
        return [packet for gop in self.gops for packet in gop]

    def broken_links(self) -> list[int]:
        """The groups whose link does not follow from the one before and their packets."""
        chain = zip(pairwise((_BEGIN, *self.links)), self.gops, strict=True)
        return [number for number, ((before, link), gop) in enumerate(chain) if _link(before, gop) != link]

    def to_json(self) -> bytes:
        """JSON, a group a line; `from_json` gives the equal list back."""
        rows = [_line({"link": link, "packets": _plain(gop)}) for gop, link in zip(self.gops, self.links, strict=True)]
        return ("{" + f'"format":{_line(FORMAT)},"codec":{_line(self.codec)},"gops":[\n' + ",\n".join(rows) + "\n]}\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote; ValueError on anything else."""
        try:
            said = json.loads(data)
            if said["format"] != FORMAT:
                raise ValueError(f"format {said['format']!r}")
            gops = tuple(tuple(_packet(row) for row in gop["packets"]) for gop in said["gops"])
            links = tuple(_hash(gop["link"]) for gop in said["gops"])
            return cls(str(said["codec"]), gops, links)
        except (KeyError, TypeError, IndexError, AttributeError, RecursionError) as fault:
            raise ValueError(f"not a packet list: {type(fault).__name__} {fault}") from None


def differences(written: PacketList, found: Sequence[Packet], most_count: int = 20) -> list[str]:
    """How a clip differs from what was written down before sealing, in sentences; none when it is the same, packet by packet.

    A packet is known again by its content, so what was left out, put in, changed or moved is told apart.
    """
    told = list(_differences(written, found))
    return told if len(told) <= most_count else [*told[:most_count], f"and {len(told) - most_count} more"]


def _differences(written: PacketList, found: Sequence[Packet]) -> Iterator[str]:
    before = written.packets
    was, now = [packet.sha256 for packet in before], [packet.sha256 for packet in found]
    if was == now:
        shifted = [number for number, (a, b) in enumerate(zip(before, found, strict=True)) if a != b]
        yield from (f"{_named(written, number)} is shown at another time, or marked as another kind of frame" for number in shifted)
        return
    if was and not set(was) & set(now):
        yield "not one packet is of the original: another clip, or encoded again"
        return
    lost, strange = _unmatched(was, now)
    moved = _paired(lost, strange, was, now)
    yield from _moved(written, sorted(moved))
    lost, strange = [n for n in lost if n not in moved], [n for n in strange if n not in moved.values()]
    changed = _paired(lost, strange, [packet.pts for packet in before], [packet.pts for packet in found])
    yield from (f"{_named(written, number)} was changed" for number in sorted(changed))
    yield from _gone(written, [number for number in lost if number not in changed])
    for number in strange:
        if number not in changed.values():
            yield f"packet {number} of the file {'stands there more than once' if now[number] in was else 'was put in'}"


def _unmatched(was: Sequence[str], now: Sequence[str]) -> tuple[list[int], list[int]]:
    """What is not in its place of the longest part both have in common, before and now. Contents may repeat: a street where nothing moves."""
    lost: list[int] = []
    strange: list[int] = []
    for what, begin, end, new_begin, new_end in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if what != "equal":
            lost += range(begin, end)
            strange += range(new_begin, new_end)
    return lost, strange


def _paired(lost: Sequence[int], strange: Sequence[int], was: Sequence[object], now: Sequence[object]) -> dict[int, int]:
    """Of each that is lost the one among the strange that is equal in this, each once."""
    free: dict[object, list[int]] = {}
    for number in reversed(strange):
        free.setdefault(now[number], []).append(number)
    return {number: free[was[number]].pop() for number in lost if was[number] is not None and free.get(was[number])}


def _moved(written: PacketList, moved: Sequence[int]) -> Iterator[str]:
    begin, left = 0, set(moved)
    for number, gop in enumerate(written.gops):
        whole = set(range(begin, begin + len(gop)))
        if whole <= left:
            yield f"group of pictures {number} stands at another place"
            left -= whole
        begin += len(gop)
    yield from (f"{_named(written, number)} stands at another place" for number in sorted(left))


def _gone(written: PacketList, gone: Sequence[int]) -> Iterator[str]:
    """Runs of lost packets: at either end the clip was cut."""
    last = len(written.packets) - 1
    runs: list[list[int]] = []
    for number in gone:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        what = _named(written, run[0]) if len(run) == 1 else f"{len(run)} packets, from {_named(written, run[0])} to {_named(written, run[-1])},"
        at_end = "cut off at the beginning" if run[0] == 0 else "cut off at the end" if run[-1] == last else "dropped"
        yield f"{what} {'was' if len(run) == 1 else 'were'} {at_end}"


def _named(written: PacketList, number: int) -> str:
    for index, gop in enumerate(written.gops):
        if number < len(gop):
            return f"packet {number} of group {index}{' (key frame)' if gop[number].is_key else ''}"
        number -= len(gop)
    raise IndexError(number)


def _plain(gop: Iterable[Packet]) -> list[list[Any]]:
    return [[packet.pts, int(packet.is_key), packet.size_bytes, packet.sha256] for packet in gop]


def _link(before: str, gop: Iterable[Packet]) -> str:
    return sha256(f"{before}\n{_line(_plain(gop))}".encode()).hexdigest()


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _packet(row: Sequence[Any] | Mapping[str, Any]) -> Packet:
    pts, is_key, size_bytes, digest = row
    if not (pts is None or type(pts) is int) or is_key not in (0, 1) or type(size_bytes) is not int:
        raise ValueError(f"packet {row!r}")
    return Packet(pts, bool(is_key), size_bytes, _hash(digest))


def _hash(value: Any) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(f"{value!r}; wanted a SHA-256 in 64 hex digits")
    return value
