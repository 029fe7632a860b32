"""Copies of records that are numbers and show nobody: columns as JSON. Nothing but finite numbers gets in, so no picture can hide in one as text or bytes."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from catseye.core.sealed import RedactedMedia
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.evidence.whole import new_file

NUMBERS_TYPE = "application/json"
MOST_ROWS_COUNT = 65_536
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def numbers_copy(columns: Mapping[str, Sequence[float]], to: Path, *, derived_from: str) -> RedactedMedia:
    """`{"columns": {name: [number, …]}}` at `to`. EvidenceError for what is no such table: unequal columns, too many rows, names or values of another kind."""
    rows_count = len(next(iter(columns.values()), ()))
    if not 0 < rows_count <= MOST_ROWS_COUNT or any(len(each) != rows_count for each in columns.values()):
        raise EvidenceError("copy of numbers", f"columns of {sorted({len(each) for each in columns.values()})} rows", f"1 to {MOST_ROWS_COUNT} rows in each")
    for name, values in columns.items():
        if not _NAME.fullmatch(name) or any(type(value) not in (int, float) or not math.isfinite(value) for value in values):
            raise EvidenceError("copy of numbers", f"column {name!r}", "a plain name and finite numbers")
    content = json.dumps({"columns": {name: [*values] for name, values in columns.items()}}, separators=(",", ":")).encode()
    with new_file(to) as file:
        file.write(content)
    log = json.dumps({"derived_from": derived_from, "columns": len(columns), "rows": rows_count, "filled_ratio": 0}, sort_keys=True) + "\n"
    return RedactedMedia(to, NUMBERS_TYPE, sha256(content).hexdigest(), len(content), derived_from, log.encode())
