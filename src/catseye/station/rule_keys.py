"""The rules that are installed, and the keys each of them has: read from its own `Keys`, checked as the site file is."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from typing import Any, get_args, get_type_hints

from catseye.core.errors import CatseyeError

GROUP = "catseye.rules"


class RuleKeyError(Exception):
    """A key that cannot be meant: which, what came (empty: its value), what was wanted."""

    def __init__(self, key: str, came: str, wanted: str) -> None:
        self.key, self.came, self.wanted = key, came, wanted
        super().__init__(f"{key}: {came}; wanted {wanted}")


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The known word that was probably meant, in quotes; all of them when none is near.

    >>> nearest("analyzed_fps", ("id", "analysed_fps")), nearest("q", ("id", "px"))
    ("'analysed_fps'", "one of 'id', 'px'")
    """
    near = get_close_matches(word, known, 1, 0.6)
    return ", ".join(map(repr, near or known)) if near or len(known) == 1 else "one of " + ", ".join(map(repr, known))


@cache
def rule_classes() -> dict[str, Any]:
    """Every installed rule by its kind. An entry point names a rule's class, or a tuple of them; two of one kind are a fault of the installation."""
    found: dict[str, Any] = {}
    for entry in sorted(entry_points(group=GROUP)):
        loaded = entry.load()
        for each in loaded if isinstance(loaded, tuple) else (loaded,):
            if each.rule_kind in found:
                raise CatseyeError(f"plug-in {entry.name}", f"a second rule of kind {each.rule_kind!r}", "one rule a kind")
            found[each.rule_kind] = each
    return found


def keys_of(rule: Any, said: Mapping[str, object]) -> object:
    """The rule's frozen Keys from what the file says; RuleKeyError at the first that cannot be meant."""
    known = {each.name: each for each in fields(rule.Keys)}
    hints = get_type_hints(rule.Keys)
    for name in said:
        if name not in known:
            raise RuleKeyError(name, f"unknown key {name!r}", nearest(name, ("kind", "id", *known)))
    values = {name: _checked(known[name], hints[name], value) for name, value in said.items()}
    for name, each in known.items():
        if name not in said and each.default is MISSING and each.default_factory is MISSING:
            raise RuleKeyError(name, f"no {name!r}", f"{each.metadata['doc']} (a {rule.rule_kind} rule needs it)")
    try:
        return rule.Keys(**values)
    except ValueError as fault:  # what a rule's own __post_init__ refuses
        raise RuleKeyError("kind", str(fault), f"keys that a {rule.rule_kind} rule can mean") from None


def names_in(rule: Any, said: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """(key, "line" | "zone" | "signal", id) for every id of the site that the keys name."""
    for each in fields(rule.Keys):
        what, value = each.metadata.get("names"), said.get(each.name)
        if what and value is not None:
            yield from ((each.name, what, str(name)) for name in (value if isinstance(value, (list, tuple)) else (value,)))


def _checked(key: Field[Any], hint: Any, value: object) -> object:
    wants = {each for each in (get_args(hint) or (hint,)) if each is not type(None)}
    doc, choices = key.metadata["doc"], key.metadata["choices"]
    if getattr(hint, "__origin__", None) is tuple:
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) and (not choices or each in choices) for each in value):
            return tuple(value)
        raise RuleKeyError(key.name, "", f"a list of {', '.join(choices) or 'texts'}: {doc}")
    if float in wants and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _in_range(key, float(value))
    if int in wants and isinstance(value, int) and not isinstance(value, bool):
        return int(_in_range(key, value))
    if bool in wants and isinstance(value, bool):
        return value
    if str in wants and isinstance(value, str) and (not choices or value in choices):
        return value
    wanted = nearest(value, choices) if choices and isinstance(value, str) else _kind_of_value(wants, choices) + f": {doc}"
    raise RuleKeyError(key.name, "", wanted)


def _in_range(key: Field[Any], value: float) -> float:
    least, most = key.metadata["least"], key.metadata["most"]
    if (least is not None and value < least) or (most is not None and not value <= most):
        raise RuleKeyError(key.name, "", f"a number from {least:g} to {most:g}: {key.metadata['doc']}")
    return value


def _kind_of_value(wants: set[Any], choices: tuple[str, ...]) -> str:
    if choices:
        return "one of " + ", ".join(map(repr, choices))
    return "true or false" if bool in wants else "a number" if wants & {float, int} else "a text"
