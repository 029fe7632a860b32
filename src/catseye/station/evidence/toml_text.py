"""Plain values as TOML (1.0): enough to write down an excerpt of a site file. Reading is the standard library's."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(document: Mapping[str, Any]) -> str:
    """Tables of tables; lists of tables become arrays of tables, at the top and one table below it. TypeError for what TOML has no word for.

    >>> print(toml_text({"site": {"id": "a b"}, "camera": [{"id": "c", "line": [{"px": [[1.5, 2], [3, 4]]}]}]}).strip())
    [site]
    id = "a b"
    <BLANKLINE>
    [[camera]]
    id = "c"
    <BLANKLINE>
    [[camera.line]]
    px = [[1.5, 2], [3, 4]]
    """
    ordered = sorted(document.items(), key=lambda each: isinstance(each[1], Mapping) or _is_tables(each[1]))  # what follows a table's head belongs to it
    return "".join(line + "\n" for name, value in ordered for line in _lines(_key(name), value))


def _lines(path: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"[{path}]", *_body(path, value), ""]
    if _is_tables(value):
        return [line for table in value for line in (f"[[{path}]]", *_body(path, table), "")]
    return [f"{path} = {_value(value)}"]


def _body(path: str, table: Mapping[str, Any]) -> list[str]:
    """Plain values first: what follows a sub-table's head would belong to it."""
    plain = {name: value for name, value in table.items() if not isinstance(value, Mapping) and not _is_tables(value)}
    below = {name: value for name, value in table.items() if name not in plain}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    for name, value in below.items():
        lines += ["", *_lines(f"{path}.{_key(name)}", value)[:-1]]
    return lines


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """JSON's escapes are TOML's; DEL alone must be escaped here and need not there."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float():
            return float.__repr__(value)
        case str():
            return _text(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError(f"{type(value).__name__} in TOML; wanted text, numbers, moments, lists or tables")
