"""Policies as TOML. What cannot be meant is refused with the file, the line where that is known, what came and what was wanted."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from catseye.core.errors import CatseyeError
from catseye.core.toml_tables import read_table
from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.correction.policy import ACTIONS, SLOW, WARN, Policy, Row

_ROW_HEAD, _IN_ROW = re.compile(r"\s*\[\[\s*row\s*\]\]"), re.compile(r", row (\d+|'[^']*'|\"[^\"]*\")")
_KINDS = tuple(kind.value for kind in AlarmKind)


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
    try:
        policy = read_table(Policy, table, name, PolicyError)
        _check(policy, name)
    except PolicyError as fault:
        raise _with_line(fault, text, table, name) from None
    return policy


def _with_line(fault: PolicyError, text: str, table: Mapping[str, Any], name: str) -> PolicyError:
    """A fault of a row with the line where that row begins; tomllib tells no lines, so other faults have their key alone."""
    heads = [line for line, said in enumerate(text.splitlines(), 1) if _ROW_HEAD.match(said)]
    rows = table.get("row")
    found = _IN_ROW.match(fault.where.removeprefix(name))
    if found is None or not isinstance(rows, list) or len(heads) != len(rows):  # rows written in another way, or such a line within a text
        return fault
    names = [repr(row.get("name")) if isinstance(row, dict) else "" for row in rows]
    if not found[1].isdigit() and found[1] not in names:  # a name with both kinds of quotes
        return fault
    number = int(found[1]) if found[1].isdigit() else len(names) - names[::-1].index(found[1])  # of two alike the second is the one too many
    return PolicyError(f"{name}, line {heads[number - 1]}{fault.where.removeprefix(name)}", fault.came, fault.wanted)


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
