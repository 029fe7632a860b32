"""Copies that are numbers: a table of finite numbers or nothing."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from catseye.vision.evidence import EvidenceError
from catseye.vision.number_copies import NUMBERS_TYPE, numbers_copy

ORIGIN = "a" * 64


def test_a_table_is_its_own_copy(tmp_path: Path) -> None:
    copy = numbers_copy({"utc_s": [1.0, 2.0], "speed_kmh": [70.5, -3]}, tmp_path / "x", derived_from=ORIGIN)
    content = copy.path.read_bytes()
    assert json.loads(content) == {"columns": {"utc_s": [1.0, 2.0], "speed_kmh": [70.5, -3]}}
    assert (copy.media_type, copy.sha256, copy.size_bytes, copy.derived_from) == (NUMBERS_TYPE, sha256(content).hexdigest(), len(content), ORIGIN)


@pytest.mark.parametrize(
    "columns",
    [{}, {"a": []}, {"a": [1], "b": []}, {"a": ["/9j/4AAQ"]}, {"a": [float("nan")]}, {"a": [True]}, {"A b": [1]}, {"a": [0] * 65_537}],
    ids=["none", "empty", "unequal", "text", "nan", "bool", "name", "long"],
)
def test_nothing_else_is_written(tmp_path: Path, columns: dict[str, list[float]]) -> None:
    with pytest.raises(EvidenceError):
        numbers_copy(columns, tmp_path / "x", derived_from=ORIGIN)
    assert [*tmp_path.iterdir()] == []
