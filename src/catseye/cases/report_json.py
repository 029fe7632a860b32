"""The JSON report: the whole account of a case, one way to write it, so that equal cases give equal bytes."""

import json
from typing import Any

from catseye.cases.account import CustodyLine, account
from catseye.cases.case import Case


def report_json(case: Case, custody: tuple[CustodyLine, ...] = (), root_fingerprint: str = "") -> bytes:
    """UTF-8, keys sorted, one space a level, ended by a newline."""
    return written(account(case, custody, root_fingerprint))


def written(said: dict[str, Any]) -> bytes:
    """The bytes of an account."""
    return (json.dumps(said, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1) + "\n").encode()
