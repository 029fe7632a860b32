"""`catseye plugins`: which parts fill which socket; nothing is imported to find out, but the dialects of terminals, which are data."""

import sys
from importlib.metadata import entry_points

from catseye.core.errors import CatseyeError
from catseye.station.outcome import RunOutcome
from catseye.station.verbs.tables import lines_of_table

SOCKETS = {
    "catseye.sources": "Source",
    "catseye.detectors": "Detector",
    "catseye.rules": "Rule",
    "catseye.dialects": "TerminalDialect",
    "catseye.exporters": "Exporter",
    "catseye.probes": "CameraProbe",
    "catseye.runners": "Runner",
}


def list_plugins() -> RunOutcome:
    """Every registered part, by socket and name; a socket nobody fills is named too."""
    found = [
        {"socket": socket, "group": group, "name": part.name, "object": part.value, "package": part.dist.name if part.dist else ""}
        for group, socket in SOCKETS.items()
        for part in sorted(entry_points(group=group))
    ]
    empty = [[socket, "–", "–", "–"] for socket in SOCKETS.values() if socket not in {part["socket"] for part in found}]
    rows = [[part["socket"], part["name"], part["object"], part["package"]] for part in found] + empty
    table = lines_of_table(["socket", "name", "object", "package"], rows, is_terminal=sys.stdout.isatty())
    dialects, words = _dialects()
    return RunOutcome(0, {"plugins": found, "sockets": SOCKETS, "dialects": dialects}, [*table, f"dialects of terminals' alarms: {words}"])


def _dialects() -> tuple[list[dict[str, object]], str]:
    """What is read of alarms; a plug-in that cannot be loaded is told, since this is where one looks for it."""
    try:
        from catseye.fleet.dialects import DIALECTS
    except (CatseyeError, ImportError, AttributeError) as fault:
        return [], f"cannot be loaded: {fault}"
    return [{"name": each.name, "ident_bytes": each.ident_bytes_count} for each in DIALECTS], ", ".join(each.name for each in DIALECTS)
