"""Where each key stands: against documents built so that the answer is known."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.station.toml_lines import KeyPath, lines_of_keys

HARD = '''# a comment with [brackets] and = "quotes"
[site]
id = "a # not a comment" # a comment

"quoted key" = 'c:\\path'
text = """
two = 1
[lines]
"""
dotted."in.side" = 1

[[camera]]
id = 1
[camera.calibration]
points = [
  { px = [1, 2], m = [0, 0] }, # first
  { px = [3, 4], m = [
    5, 6] },
]
[[camera.line]]
id = "a"
[[camera.line]]
id = "b"
[[camera]]
[[camera.line]]
id = "c"
when = 2022-09-25 16:42:00
'''


def leaves(value: Any, path: KeyPath = ()) -> dict[KeyPath, Any]:
    if isinstance(value, dict):
        return {key: leaf for name, inner in value.items() for key, leaf in leaves(inner, (*path, name)).items()}
    if isinstance(value, list):
        return {key: leaf for index, inner in enumerate(value) for key, leaf in leaves(inner, (*path, index)).items()}
    return {path: value}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("site",), 2),
        (("site", "id"), 3),
        (("site", "quoted key"), 5),
        (("site", "text"), 6),
        (("site", "dotted", "in.side"), 10),
        (("camera", 0), 12),
        (("camera", 0, "calibration", "points"), 15),
        (("camera", 0, "calibration", "points", 0, "m", 1), 16),
        (("camera", 0, "calibration", "points", 1, "m", 0), 18),
        (("camera", 0, "line", 1, "id"), 23),
        (("camera", 1), 24),
        (("camera", 1, "line", 0, "when"), 27),
    ],
)
def test_a_key_is_found_on_its_line(path: KeyPath, line: int) -> None:
    assert lines_of_keys(HARD)[path] == line


def test_every_value_that_tomllib_reads_has_a_line() -> None:
    assert set(leaves(tomllib.loads(HARD))) <= set(lines_of_keys(HARD))


KEYS = st.text(st.sampled_from('ab-_."\\\n é#=['), min_size=1, max_size=6)
TEXTS = st.text(st.sampled_from("ab'\"\\\n#=[]{}, é"), max_size=12)


def basic(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.lists(TEXTS, max_size=3), max_size=4), max_size=4), st.booleans())
def test_whatever_keys_and_texts_hold_each_is_found_on_the_line_it_was_written_on(tables: dict[str, dict[str, list[str]]], spread: bool) -> None:
    lines: list[str] = []
    truth: dict[KeyPath, int] = {}
    for table, entries in tables.items():
        lines.append(f"[{basic(table)}] # [x]")
        truth[(table,)] = len(lines)
        for key, texts in entries.items():
            lines.append(f"{basic(key)} = [")
            truth[(table, key)] = len(lines)
            for index, text in enumerate(texts):
                lines += ["# ] = '"] if spread else []
                lines.append(f"  {basic(text)},")
                truth[(table, key, index)] = len(lines)
            lines.append("]")
    document = "\n".join(lines)
    tomllib.loads(document)
    assert lines_of_keys(document) == truth


@given(st.text(st.sampled_from("ab=[]{}\"'\n,.#1 \\"), max_size=60))
def test_any_document_that_tomllib_accepts_is_walked_to_its_end(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(leaves(table)) <= set(lines_of_keys(text)) | {()}
