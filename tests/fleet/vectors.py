"""Frames from public test suites, with the values that were reproduced independently of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import Frame

Vector = dict[str, Any]


def vectors_of(shared: Path) -> list[Vector]:
    return [json.loads(line) for line in (shared / "jtt" / "vectors.jsonl").read_text("utf-8").splitlines()]


def line_of(vector: Vector) -> str:
    return json.dumps({key: vector[key] for key in ("hex", "kind", "version", "msg_id", "item") if key in vector})


def bodies_of(vectors: list[Vector]) -> Iterator[tuple[int, str, bytes]]:
    """Bodies of JT/T 808, out of their frames where these are whole."""
    for vector in vectors:
        raw = bytes.fromhex(vector["hex"])
        if vector["kind"] == "body808":
            yield int(vector["msg_id"], 16), vector["version"], raw
        elif vector["kind"] == "frame808":
            try:
                frame = Frame.parse(raw)
            except WireError:
                continue
            if not frame.header.is_subpackage:
                yield frame.header.msg_id, frame.header.version, frame.body


def differences(wanted: Any, came: Any, where: str = "") -> Iterator[str]:
    """Where a value that is wanted is missing or another; more than is wanted is none."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        for key, value in wanted.items():
            yield from differences(value, came[key], f"{where}.{key}") if key in came else [f"{where}.{key}: missing, wanted {value!r}"]
    elif isinstance(wanted, list) and isinstance(came, list) and len(wanted) == len(came):
        for index, value in enumerate(wanted):
            yield from differences(value, came[index], f"{where}[{index}]")
    elif wanted != came:
        yield f"{where}: {came!r}, wanted {wanted!r}"
