"""`catseye fleet decode`: lines of hex on standard input, an answer a line on standard output."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO

from catseye.fleet.decode import MOST_LINE_CHARS_COUNT, Answer, decoded
from catseye.fleet.wire import Row
from catseye.station.verbs.tables import lines_of_table

FINE, LOOK = 0, 1


def decode_lines(*, explain: bool, as_json: bool, source: BinaryIO | None = None, target: TextIO | None = None) -> int:
    """Exit 1 when any line was refused; blank lines are none. Each answer is out before the next line is read."""
    stdin, stdout = source or sys.stdin.buffer, target or sys.stdout
    refused_count = 0
    for line in _lines(stdin):
        rows: list[Row] = []
        answer = decoded(line, rows if explain else None)
        refused_count += not answer["ok"]
        if explain and as_json:
            answer["explain"] = [{"offset": row.offset_bytes, "hex": row.hex, "name": row.name, "value": row.value, "unit": row.unit} for row in rows]
        print(_line_of(answer), file=stdout, flush=True)
        if explain and not as_json and answer["ok"]:
            print(*_explained(rows), "", sep="\n", file=stdout, flush=True)
    return LOOK if refused_count else FINE


def _line_of(answer: Answer) -> str:
    """One line; a half of a surrogate pair, which JSON on the way in may hold and UTF-8 cannot, becomes a question mark."""
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode()


def _explained(rows: Sequence[Row]) -> list[str]:
    cells = [[str(row.offset_bytes), _clipped(row.hex, 40), row.name, _clipped(str(row.value), 60), row.unit] for row in rows]
    return lines_of_table(["offset", "hex", "name", "value", "unit"], cells, is_terminal=False)


def _clipped(text: str, most_chars_count: int) -> str:
    plain = "".join(each if each.isprintable() else "·" for each in text)
    return plain if len(plain) <= most_chars_count else plain[: most_chars_count - 1] + "…"


def _lines(source: BinaryIO) -> Iterator[str]:
    """Lines, none longer in memory than a frame may be: the rest of an endless one is dropped, and it is refused."""
    while line := source.readline(MOST_LINE_CHARS_COUNT + 2):
        if not line.endswith(b"\n"):
            while line and not (more := source.readline(MOST_LINE_CHARS_COUNT)).endswith(b"\n") and more:
                pass
        if text := line.decode("utf-8", "replace").strip():
            yield text
