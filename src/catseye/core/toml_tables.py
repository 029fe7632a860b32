"""TOML tables to frozen dataclasses: an unknown key is refused by the name of the nearest known one, a wrong value by what was wanted."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from math import isfinite
from types import UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from catseye.core.errors import CatseyeError

T = TypeVar("T")
Fault: TypeAlias = Callable[[str, str, str], CatseyeError]  # where, what came, what was wanted: the caller's own error
_PLAIN = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read_table(kind: type[T], given: object, where: str, fault: Fault) -> T:
    """`given` as a `kind`, a frozen dataclass whose fields are plain values, tuples of those, other such dataclasses, or tuples or mappings of them."""
    if not isinstance(given, Mapping):
        raise fault(where, f"{given!r}", "a table")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass, which no bound can say
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise fault(where, f"unknown key {key!r}", f"{near[0]!r}" if near else "one of " + ", ".join(known))
    hints, values = get_type_hints(kind), {}
    for key, field in known.items():
        if key in given:
            values[key] = _value(hints[key], given[key], f"{where}, {key}", fault)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise fault(where, f"no key {key!r}", f"{key} = …")
    return kind(**values)


def _value(hint: Any, given: Any, where: str, fault: Fault) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(each for each in inner if each is not type(None)), given, where, fault)
    if hint in _PLAIN:
        if hint is float and type(given) is int:
            given = float(given)
        if type(given) is not hint or (hint is float and not isfinite(given)):
            raise fault(where, f"{given!r}", _PLAIN[hint])
        return given
    if origin is tuple:
        if not isinstance(given, list):
            raise fault(where, f"{given!r}", "a list")
        return tuple(_value(inner[0], each, f"{where} {number}", fault) for number, each in enumerate(given, 1))
    if origin in (dict, Mapping):
        if not isinstance(given, dict):
            raise fault(where, f"{given!r}", "a table")
        return {key: _value(inner[1], each, f"{where}.{key}", fault) for key, each in given.items()}
    return read_table(hint, given, where, fault)
