"""What a user can write is documented: every key of the site file, every verb and option, every rule kind and socket."""

import ast
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel

from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.correction.outcomes import OutcomeKind
from catseye.station.cli import app
from catseye.station.rule_keys import rule_classes
from catseye.station.site_faults import shown
from catseye.station.site_tables import Document
from catseye.station.verbs.plugins import SOCKETS
from catseye.vision.health import HealthKind

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SITE_FILE = (REFERENCE / "site-file.md").read_text("utf-8")
VERBS = (REFERENCE / "verbs.md").read_text("utf-8")
EVENTS = (REFERENCE / "events.md").read_text("utf-8")
SOURCE = Path(__file__).parents[2] / "src" / "catseye"
OPTIONS_OF_EVERY_VERB = {"--json", "--help", "-h"}


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from tables_in(inner)


def keys_under(table: type[BaseModel], header: str = "") -> Iterator[tuple[str, str]]:
    """(header of the table, key), all the way down."""
    for name, field in table.model_fields.items():
        key = field.alias or name
        yield header, key
        for inner in tables_in(field.annotation):
            yield from keys_under(inner, f"{header}.{key}".lstrip("."))


def section(text: str, headline: re.Pattern[str]) -> str:
    """From a headline to the next one of its level or above."""
    found = headline.search(text)
    assert found, f"no headline {headline.pattern}"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], re.MULTILINE)
    return text[found.start() : found.end() + end.start() if end else None]


def commands(command: Any, words: str = "catseye") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    yield from ((words, command),) if not inner else ()
    for name, each in inner.items():
        yield from commands(each, f"{words} {name}")


def test_every_key_of_the_site_file_has_a_row_in_its_table() -> None:
    missing = []
    for header, key in keys_under(Document):
        if not header:
            continue
        known_as = header.removesuffix(".points") if header.endswith(".points") else header
        part = section(SITE_FILE, re.compile(rf"^(#+) `\[+{re.escape(known_as)}\]+`", re.MULTILINE))
        missing += [f"[{header}] {key}"] if f"| `{key}` |" not in part else []
    assert missing == []


def test_every_rule_has_its_page_with_a_row_a_key_and_its_default() -> None:
    missing = []
    for kind, rule in rule_classes().items():
        page = REFERENCE / "rules" / f"{kind}.md"
        text = page.read_text("utf-8") if page.is_file() else ""
        missing += [kind] if f"# `{kind}`" not in text or f"rules/{kind}.md" not in SITE_FILE else []
        for key in fields(rule.Keys):
            default = "required" if key.default is MISSING else "none" if key.default is None else f"`{shown(key.default)}`"
            row = next((row for row in text.splitlines() if row.startswith(f"| `{key.name}` |")), "")
            missing += [f"{kind}: {key.name} = {default}"] if f"| {default} |" not in row else []
    assert missing == []


def test_every_default_of_a_camera_is_the_documented_one() -> None:
    rows = {key: row for row in SITE_FILE.splitlines() if (cells := row.split("|"))[1:] and (key := cells[1].strip(" `"))}
    from catseye.station.site import ANALYSED_FPS, DETECTOR

    assert f'`"{DETECTOR}"`' in rows["detector"]
    assert f"`{ANALYSED_FPS:g}`" in rows["analysed_fps"]


def test_every_verb_has_its_section_and_every_option_is_in_it() -> None:
    missing = []
    for words, command in commands(typer.main.get_command(app)):
        part = section(VERBS, re.compile(rf"^(#+) `{words}[` ]", re.MULTILINE))
        said = {text for parameter in command.params for text in (*parameter.opts, *parameter.secondary_opts) if text.startswith("-")}
        missing += [f"{words} {option}" for option in sorted(said - OPTIONS_OF_EVERY_VERB) if f"`{option}" not in part]
    assert missing == []


def test_every_verb_speaks_to_machines() -> None:
    without = [words for words, command in commands(typer.main.get_command(app)) if "--json" not in {text for p in command.params for text in p.opts}]
    assert without == []


def test_every_option_of_the_documentation_exists() -> None:
    real = {text for _, command in commands(typer.main.get_command(app)) for p in command.params for text in (*p.opts, *p.secondary_opts)}
    real |= OPTIONS_OF_EVERY_VERB | {"--version"}
    assert set(re.findall(r"`(--?[a-z][a-z-]*)", VERBS)) - real == set()


def test_every_socket_a_plugin_may_fill_is_one_of_the_house() -> None:
    """Those of the later rooms are declared when their room is built; the names are fixed already."""
    from catseye.core import sockets

    built = [name for name in SOCKETS.values() if hasattr(sockets, name)]
    assert {"Source", "Detector"} <= set(built)


def kinds_of_events() -> set[str]:
    """The first argument of every Event and SourceNotice that is made anywhere in the source."""
    calls = [node for path in SOURCE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("Event", "SourceNotice") and call.args]
    return {call.args[0].value for call in made if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)}


def test_every_kind_of_event_has_its_row_and_every_row_its_event() -> None:
    assert {"source-gap", "camera-failed"} <= kinds_of_events()
    section = EVENTS.partition("## Source")[2]
    rows = [row.split("|")[1] for row in re.findall(r"^\| `[a-z-]+`(?:, `[a-z-]+`)* \|", section, re.MULTILINE)]
    assert {kind for row in rows for kind in re.findall(r"`([a-z-]+)`", row)} == kinds_of_events() | set(HealthKind) | set(AlarmKind) | set(OutcomeKind)
