"""Policies as TOML. What cannot be meant is refused with the file, the line where that is known, what came and what was wanted."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from functools import cache
from importlib import resources
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from catseye.core.errors import CatseyeError
from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.correction.policy import ACTIONS, SLOW, WARN, Policy, Row

T = TypeVar("T")
_KINDS = tuple(kind.value for kind in AlarmKind)
_PLAIN = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


class PolicyError(CatseyeError):
    """A correction policy that says something that cannot be meant."""


@cache
def default_policy() -> Policy:
    """The one that comes with the house."""
    return read_policy(default_text(), "policy.toml")


def default_text() -> str:
    """Its file, to begin one's own with."""
    return (resources.files("catseye.fleet.correction") / "policy.toml").read_text("utf-8")


def read_policy(text: str, name: str) -> Policy:
    """A policy from the text of its file; PolicyError. Texts that it does not give are those of the house, unless they are of another language."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise PolicyError(name, str(fault) or "tables in tables without end", "TOML") from None
    policy = _table(Policy, table, name)
    _check(policy, name)
    return policy


def _check(policy: Policy, name: str) -> None:
    names: set[str] = set()
    for row in policy.row:
        where = f"{name}, row {row.name!r}"
        if row.name in names or not row.name:
            raise PolicyError(where, "a name that another row has, or none", "a name of its own for each row")
        names.add(row.name)
        for kind in row.alarms:
            _known(kind, _KINDS, f"{where}, alarms")
        for action in (*row.actions, *row.without_effect):
            _known(action, ACTIONS, f"{where}, actions")
        _check_row(policy, row, where)
    for number, least in ((policy.quiet.least_gap_s, 0), (policy.quiet.stopped_below_kmh, 0), (policy.quiet.most_a_minute_count, 0)):
        if number < least:
            raise PolicyError(f"{name}, quiet", f"{number:g}", "no number below 0")


def _check_row(policy: Policy, row: Row, where: str) -> None:
    if not row.alarms or not row.actions:
        raise PolicyError(where, "no alarms, or no actions", "at least one of each")
    if WARN in row.without_effect:
        raise PolicyError(
            f"{where}, without_effect",
            "warn",
            "another action: a second warning for one alarm only annoys; a row with times_count = 2 speaks at the next alarm",
        )
    if (SLOW in (*row.actions, *row.without_effect)) != (row.slow is not None):
        raise PolicyError(where, "slow among the actions or as a table, not both", 'both: actions = ["slow"] and a table slow = { limit_kmh = 80 }')
    if row.slow is not None and not (5 <= row.slow.limit_kmh <= 200 and 10 <= row.slow.for_s <= 86_400 and 5 <= (row.slow.back_to_kmh or 5) <= 200):
        raise PolicyError(f"{where}, slow", f"{row.slow.limit_kmh} km/h for {row.slow.for_s:g} s", "limits of 5 to 200 km/h, for 10 s to a day")
    if row.times_count < 1 or row.within_s <= 0 or row.cool_down_s < 0 or row.answer_within_s <= 0 or not 0 <= row.from_level <= 2:
        raise PolicyError(where, "a number that cannot be meant", "times_count from 1, spans above 0 s, from_level 0 to 2")
    if not (0 <= row.channel <= 255 and 1 <= row.photos_count <= 100):
        raise PolicyError(where, f"channel {row.channel}, {row.photos_count} photos", "a channel of 0 to 255, 1 to 100 photos")
    for kind in row.alarms if WARN in row.actions else ():
        if not policy.words(row.text or kind, policy.language):
            raise PolicyError(where, f"no text {row.text or kind!r} in [texts.{policy.language}]", "what is said, in the policy's own language at least")


def _known(word: str, known: tuple[str, ...], where: str) -> None:
    if word not in known:
        near = get_close_matches(word, known, 1)
        raise PolicyError(where, f"{word!r}", f"{near[0]!r}" if near else "one of " + ", ".join(known))


def _table(kind: type[T], given: object, where: str) -> T:
    if not isinstance(given, Mapping):
        raise PolicyError(where, f"{given!r}", "a table")
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass, which no bound can say
    for key in given:
        _known_key(key, tuple(known), where)
    hints, values = get_type_hints(kind), {}
    for key, each in known.items():
        if key in given:
            values[key] = _value(hints[key], given[key], f"{where}, {key}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise PolicyError(where, f"no key {key!r}", f"{key} = …")
    return kind(**values)


def _known_key(key: str, known: tuple[str, ...], where: str) -> None:
    if key not in known:
        near = get_close_matches(key, known, 1)
        raise PolicyError(where, f"unknown key {key!r}", f"{near[0]!r}" if near else "one of " + ", ".join(known))


def _value(hint: Any, given: Any, where: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return _value(next(each for each in inner if each is not type(None)), given, where)
    if hint in _PLAIN:
        if hint is float and type(given) is int:
            given = float(given)
        if type(given) is not hint or (hint is float and not isfinite(given)):
            raise PolicyError(where, f"{given!r}", _PLAIN[hint])
        return given
    if origin is tuple:
        if not isinstance(given, list):
            raise PolicyError(where, f"{given!r}", "a list")
        return tuple(_value(inner[0], each, f"{where} {number}") for number, each in enumerate(given, 1))
    if origin is Mapping:
        if not isinstance(given, dict):
            raise PolicyError(where, f"{given!r}", "a table")
        return {key: _value(inner[1], each, f"{where}.{key}") for key, each in given.items()}
    return _table(hint, given, where)
