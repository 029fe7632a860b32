"""How a fault in a site file is told: `sites/a.toml:14: unknown key 'analyzed_fps' in [[camera]] cam-1; wanted 'analysed_fps'`."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from catseye.core.errors import SiteError
from catseye.station.references import source_fault
from catseye.station.rule_keys import nearest
from catseye.station.site_tables import Document
from catseye.station.toml_lines import KeyPath

_LONGEST_SHOWN = 60
_TYPE_NAMES = {str: "a text", bool: "true or false", int: "a number", float: "a number", dict: "a table", tuple: "a list"}


def site_fault(name: str, table: Mapping[str, Any], numbers: Mapping[KeyPath, int], faults: ValidationError) -> SiteError:
    """The first fault of the file as a reader goes through it; what is missing comes after what is there and wrong."""
    found = [_Fault(error, table) for error in faults.errors(include_url=False)]
    first = min(found, key=lambda fault: (fault.is_missing, _line(numbers, fault.path)))
    return SiteError(where(name, numbers, first.path), f"{first.came} in {_table_label(table, first.path)}".removesuffix(" in "), first.wanted)


def option_fault(options: Mapping[str, str], table: Mapping[str, Any], faults: ValidationError) -> SiteError:
    """The first fault of what the command line said about a camera, told by the option that said it. `table` is the camera's."""
    error = faults.errors(include_url=False)[0]
    first = _Fault({**error, "loc": ("camera", 0, *error["loc"])}, {"camera": (table,)})
    key = next((part for part in first.path if part in options), "")
    return SiteError(options.get(str(key), "command line"), first.came, first.wanted)


def where(name: str, numbers: Mapping[KeyPath, int], path: KeyPath) -> str:
    """`file:line` of a key, or of the nearest table around it that stands in the file; the name alone when none does."""
    line = _line(numbers, path)
    return f"{name}:{line}" if line else name


def shown(value: object) -> str:
    """A value as the file would write it, on one line, cut when long."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        text = "[" + ", ".join(map(shown, value)) + "]"
    elif isinstance(value, (datetime, date, time)):
        text = value.isoformat()
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=not value.isprintable())
    else:
        text = f"{value:g}" if isinstance(value, float) else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


class _Fault:
    """One fault of pydantic's, in the words of the file."""

    def __init__(self, error: ErrorDetails, table: Mapping[str, Any]) -> None:
        context = error.get("ctx", {})
        kind = error["type"]
        self.path: KeyPath = (*error["loc"], *context.get("path", ()))
        self.is_missing = kind == "missing" and isinstance(self.path[-1], str)
        self.came, self.wanted = self._facts(kind, context, table)

    def _facts(self, kind: str, context: Mapping[str, Any], table: Mapping[str, Any]) -> tuple[str, str]:
        if self.is_missing:
            key = str(self.path[-1])
            return f"no {key!r}", _field(self.path).description or ""
        if kind == "extra_forbidden":
            key = str(self.path[-1])
            wanted = "no such key: redaction cannot be switched off" if "redact" in key else nearest(key, _keys(_model(self.path[:-1])))
            return f"unknown key {key!r}", wanted
        self.path = self._up_to_the_key()
        wanted = context.get("wanted") or _field(self.path).description or ""
        return context.get("came") or self._value(table), wanted

    def _up_to_the_key(self) -> KeyPath:
        """A point's coordinate is told as the whole point list: the last name of the path, and the table's index before it."""
        path = self.path
        while path and isinstance(path[-1], int) and _model(path) is None:
            path = path[:-1]
        return path

    def _value(self, table: Mapping[str, Any]) -> str:
        value = _at(table, self.path)
        key = str(self.path[-1]) if self.path else "the file"
        if key == "source" and isinstance(value, str) and source_fault(value):
            return "source"
        return f"{key} = {shown(value)}"


def _line(numbers: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, else of what stands around it, else of the first entry under it, else 0."""
    while path and path not in numbers:
        path = path[:-1]
    return numbers.get(path, 0)


def _table_label(table: Mapping[str, Any], path: KeyPath) -> str:
    """`[[camera.line]] stop-line`: the table a key stands in, with its id, or its number when it has none."""
    table_path = path if path and isinstance(path[-1], int) else path[:-1]
    header = ".".join(part for part in table_path if isinstance(part, str))
    if not header:
        return ""
    if not isinstance(index := table_path[-1], int):
        return f"[{header}]"
    value = _at(table, table_path)
    name = value.get("id") if isinstance(value, Mapping) else None
    return f"[[{header}]] {name if isinstance(name, str) and name.isprintable() else f'number {index + 1}'}"


def _at(table: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            table = table[part]
        except (KeyError, IndexError, TypeError):
            return None
    return table


def _walk(path: KeyPath) -> tuple[FieldInfo | None, type[BaseModel] | None]:
    """The last field that a path names, and the table it stands for, if it stands for one."""
    info: FieldInfo | None = None
    model: type[BaseModel] | None = Document
    any_key_next = False
    for part in path:
        if isinstance(part, int) or any_key_next or model is None:
            any_key_next = False
            continue
        info = {(field.alias or name): field for name, field in model.model_fields.items()}.get(part)
        model = _model_in(info.annotation) if info else None
        any_key_next = info is not None and get_origin(info.annotation) is dict
    return info, model


def _field(path: KeyPath) -> FieldInfo:
    return _walk(path)[0] or FieldInfo(description="a site file")


def _model(path: KeyPath) -> type[BaseModel] | None:
    return _walk(path)[1]


def _keys(model: type[BaseModel] | None) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)
