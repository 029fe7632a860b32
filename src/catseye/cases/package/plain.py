"""Plain JSON out of a package: any bytes become values of the kind that was asked for, or a ValueError that says what is wrong."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import rfc8785

from catseye.core.time import Stamp


def canonical(value: Any) -> bytes:
    """The one way to write it (RFC 8785). ValueError for what JSON cannot say exactly."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise ValueError(f"no plain JSON: {error}") from None


def canonical_object(data: bytes) -> dict[str, Any]:
    """The JSON object of these bytes, which must be its one canonical writing."""
    said = json_object(data)
    if canonical(said) != data:
        raise ValueError("not in the canonical form of RFC 8785")
    return said


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object of these bytes."""
    try:
        said = json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(said, dict):
        raise _refusal("the file", said, "a JSON object")
    return said


def refuse_kind(said: Mapping[str, Any], kind: str) -> None:
    """ValueError when it is of another kind or version."""
    if said.get("kind") != kind:
        raise ValueError(f"kind {said.get('kind')!r}; wanted {kind!r}")


def text(said: Mapping[str, Any], name: str) -> str:
    """A text that says something."""
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _refusal(name, value, "a text")
    return value


def optional_text(said: Mapping[str, Any], name: str) -> str | None:
    """A text, or null."""
    return None if said.get(name) is None else text(said, name)


def texts(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = said.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise _refusal(name, value, "a list of texts")
    return tuple(value)


def number(said: Mapping[str, Any], name: str) -> float:
    """A number."""
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refusal(name, value, "a number")
    return float(value)


def count(said: Mapping[str, Any], name: str) -> int:
    """A whole number, zero or more."""
    value = said.get(name)
    if type(value) is not int or value < 0:
        raise _refusal(name, value, "a whole number, 0 or more")
    return value


def yes_or_no(said: Mapping[str, Any], name: str) -> bool:
    """True or false."""
    value = said.get(name)
    if not isinstance(value, bool):
        raise _refusal(name, value, "true or false")
    return value


def moment(said: Mapping[str, Any], name: str) -> Stamp:
    """A moment in ISO 8601 with its offset from UTC."""
    value = text(said, name)
    try:
        return Stamp.from_datetime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise _refusal(name, value, "a moment in ISO 8601 with its offset from UTC") from None


def optional_moment(said: Mapping[str, Any], name: str) -> Stamp | None:
    """A moment, or null."""
    return None if said.get(name) is None else moment(said, name)


def objects(said: Mapping[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    """A list of objects."""
    value = said.get(name)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _refusal(name, value, "a list of objects")
    return tuple(value)


def optional_object(said: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object, or null."""
    value = said.get(name)
    if value is not None and not isinstance(value, dict):
        raise _refusal(name, value, "an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers could take two different values of a key that stands there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _refusal(name: str, value: Any, wanted: str) -> ValueError:
    return ValueError(f"{name} {_short(value)}; wanted {wanted}")


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}…"
