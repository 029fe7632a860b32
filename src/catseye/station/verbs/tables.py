"""Tables for people: rich on a terminal, aligned text elsewhere."""

import io
from collections.abc import Sequence


def lines_of_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, is_terminal: bool) -> list[str]:
    """The table, line by line.

    >>> lines_of_table(["name", "here"], [["motion", "yes"]], is_terminal=False)
    ['name    here', 'motion  yes']
    """
    return _drawn(headers, rows) if is_terminal else _aligned(headers, rows)


def plain_line(line: str) -> str:
    r"""What others say of themselves moves no cursor and colours no terminal.

    >>> print(plain_line("a\x1b[2J"))
    a\x1b[2J
    """
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in line)


def _aligned(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [headers, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(headers))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _drawn(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headers, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), force_terminal=True)
    with console.capture() as drawn:
        console.print(table)
    return drawn.get().rstrip("\n").split("\n")
