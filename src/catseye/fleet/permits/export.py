"""What leaves the register. Nothing of it can tell whether a terminal is fitted, or whose: docs/decisions/0020-permits-do-not-depend-on-terminals.md."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from catseye.fleet.permits.columns import IS_LEFT_OUT, plain
from catseye.fleet.permits.errors import OneWayTieError, PermitError
from catseye.fleet.permits.records import Permit

COLUMNS: dict[str, Callable[[Permit], str]] = {
    "plate": lambda permit: permit.vehicle.plate,
    "plate_colour": lambda permit: str(permit.vehicle.plate_colour),
    "vin": lambda permit: permit.vehicle.vin,
    "operator": lambda permit: permit.operator.name,
    "operator_licence": lambda permit: permit.operator.licence,
    "permit": lambda permit: permit.number,
    "scope": lambda permit: permit.scope,
    "state": lambda permit: permit.state,
    "valid_from": lambda permit: permit.valid_from.isoformat(),
    "valid_until": lambda permit: permit.valid_until.isoformat(),
    "areas": lambda permit: "|".join(permit.areas),
}
_OF_TERMINALS = tuple(
    map(
        plain,
        ("terminal", "device", "tracker", "obu", "maker", "manufact", "vendor", "supplier", "brand", "model", "firmware", "imei", "iccid", "sim",
         "phone", "fitted",
         "installed", "online", "offline", "silent", "last seen", "lastheard", "identity", "enrol", "gnss", "gps", "beidou", "signal", "version", "changed",
         "终端", "设备", "厂商", "厂家", "型号", "在线", "thiết bị", "nhà cung cấp", "hãng", "giám sát hành trình"),
    )
)  # fmt: skip
_WHY = (
    "a column of the permit itself ({}): no permit and no vehicle examination may depend on a terminal, or on whose it is (decision 0020); "
    "when a row was last changed would tell that too"
)


def refuse_tied(names: Iterable[str]) -> None:
    """OneWayTieError for a column that would tell of terminals; PermitError for one that is not there."""
    for name in names:
        if name in COLUMNS:
            continue
        word, wanted = plain(name), ", ".join(COLUMNS)
        if word in IS_LEFT_OUT or any(tied in word for tied in _OF_TERMINALS):
            raise OneWayTieError("permits export", f"'{name}'", _WHY.format(wanted))
        raise PermitError("permits export", f"no column '{name}'", wanted)


def export_csv(permits: Iterable[Permit], columns: Sequence[str] = (), where: Mapping[str, str] | None = None) -> str:
    """CSV of some columns (all when none is named) of the rows whose columns say what `where` says, in order of plate and number."""
    asked, wanted = tuple(columns) or tuple(COLUMNS), dict(where or {})
    refuse_tied([*asked, *wanted])
    if len(set(asked)) < len(asked):
        raise PermitError("permits export", "a column twice", "each once")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(asked)
    for permit in sorted(permits, key=lambda each: each.key):
        if all(COLUMNS[name](permit) == value for name, value in wanted.items()):
            writer.writerow([COLUMNS[name](permit) for name in asked])
    return out.getvalue()
