"""On which line each key of a TOML document stands: `tomllib` does not tell, and an error without its line is half an error."""

import re
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\r\n#]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    r"""Line (from 1) of every key, table and array element of a document that `tomllib` has already accepted.

    >>> lines_of_keys('[site]\nid = "a"\n[[camera]]\n[camera.types]')
    {('site',): 1, ('site', 'id'): 2, ('camera',): 3, ('camera', 0): 3, ('camera', 0, 'types'): 4}
    """
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    """One pass over the text, which is known to be well-formed: where it stands, and what it has seen."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self.last_of_array: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self.gap()
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.gap()

    def header(self) -> KeyPath:
        line = self.line
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.skip(brackets)
        *parents, name = self.key()
        self.skip(brackets)
        table: KeyPath = ()
        for part in parents:
            table = self.newest((*table, part))
            self.lines.setdefault(table, line)
        table = (*table, name)
        self.lines.setdefault(table, line)
        if brackets == 2:
            self.last_of_array[table] = self.last_of_array.get(table, -1) + 1
        table = self.newest(table)
        self.lines.setdefault(table, line)
        return table

    def newest(self, table: KeyPath) -> KeyPath:
        """Under `[[a]]`, `a` means its newest element."""
        return (*table, self.last_of_array[table]) if table in self.last_of_array else table

    def pair(self, table: KeyPath) -> None:
        line = self.line
        path = table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.skip(1)  # the equals sign
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.gap()
        self.lines.setdefault(path, self.line)
        opening = self.text[self.at]
        if opening == "[":
            self.elements(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.take(_STRING if opening in "\"'" else _BARE_VALUE)

    def elements(self, path: KeyPath) -> None:
        index = 0
        self.skip(1)
        while not self.text.startswith("]", self.at):
            self.value((*path, index))
            index += 1
            self.gap()
            if self.text.startswith(",", self.at):
                self.skip(1)
        self.skip(1)

    def inline_table(self, path: KeyPath) -> None:
        self.skip(1)
        while not self.text.startswith("}", self.at):
            self.pair(path)
            self.gap()
            if self.text.startswith(",", self.at):
                self.skip(1)
        self.skip(1)

    def key(self) -> list[str]:
        """A key, dotted or not: its parts."""
        parts = []
        while True:
            self.gap()
            quote = self.text[self.at]
            parts.append(_unquoted(self.take(_STRING)) if quote in "\"'" else self.take(_BARE_KEY))
            self.gap()
            if not self.text.startswith(".", self.at):
                return parts
            self.skip(1)

    def take(self, form: re.Pattern[str]) -> str:
        found = form.match(self.text, self.at)
        if found is None:
            raise ValueError(f"line {self.line}: not the TOML that tomllib accepted")
        self.line += found[0].count("\n")
        self.at = found.end()
        return found[0]

    def gap(self) -> None:
        """Step over blanks, line ends and comments."""
        self.take(_GAP)

    def skip(self, count: int) -> None:
        self.at += count
        self.gap()


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1]) or chr(int(found[1][1:], 16)), text[1:-1])
