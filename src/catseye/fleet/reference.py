"""The documentation of the wire, from the tables that read it: docs/reference/fleet-messages.md is what this says, and a test holds it to that.

`python -m catseye.fleet.reference > docs/reference/fleet-messages.md`.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence

from catseye.fleet.dialects import DIALECTS
from catseye.fleet.jt1078 import SIM_BYTES
from catseye.fleet.tables.frames import HEADER_808, HEADER_808_2019, HEADER_809, PART_808, PIECE, packet
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.tables.messages import MESSAGES, VERSIONS
from catseye.fleet.tables.messages809 import MESSAGES_809
from catseye.fleet.tables.parameters import PARAMETERS, TEXTS
from catseye.fleet.wire import Layout

_INTRODUCTION = """# What terminals say: messages, fields, units

Made from the field tables that read and write the wire (`catseye/fleet/tables`): `python -m catseye.fleet.reference`. A test holds this page to them.

- Values are as on the wire, in the unit beside them; `derived` ones take no bytes. Numbers are big-endian and unsigned; texts are GBK; times are Beijing time.
- A message may have several layouts: the first that fits to its last byte is meant. That tells versions and dialects apart where no header does.
- Bytes after the last field are kept as `rest`. A message or item that is not here is kept as `hex`. Neither is an error; a body that ends inside a field is.
- Encrypted bodies are refused.
"""


def reference() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _frames(), _dialects(), "## Messages of JT/T 808, of JT/T 1078 and of active safety\n"]
    parts += [_section(f"0x{msg_id:04X}", layouts) for msg_id, layouts in sorted(_messages().items())]
    parts += ["## Items of a location report\n", *(_section(f"0x{key:02X}", layouts) for key, layouts in sorted(ITEMS.known.items()))]
    parts += [_parameters(), "## Messages of JT/T 809\n"]
    parts.append("A platform of 2019 puts the time before these: `utc`, 8 bytes, seconds.\n")
    parts += [_section(name, [layout for layout in layouts if not layout.label]) for name, layouts in MESSAGES_809.items()]
    return "\n".join(parts)


def _messages() -> Mapping[int, Sequence[Layout]]:
    """Each layout once, whatever the versions it is in."""
    found: dict[int, list[Layout]] = {}
    for messages in MESSAGES.values():
        for msg_id, layouts in messages.items():
            known = found.setdefault(msg_id, [])
            known += [layout for layout in layouts if layout not in known]
    return found


def _frames() -> str:
    video = packet(SIM_BYTES, has_time=True, is_video=True)
    told = (
        ("Frame of JT/T 808", "Between marks `7e`, escaped, body and a checksum (XOR) after it.", HEADER_808),
        ("Frame of JT/T 808-2019", "", HEADER_808_2019),
        ("Sub-package of JT/T 808", "After the header, where bit 13 of `attr` is set.", PART_808),
        (
            "Media packet of JT/T 1078",
            "Sound has no `last_i` and `last_f`; what is passed through has no `timestamp` either; some senders have a `sim` of 10 bytes.",
            video,
        ),
        ("Piece of an attachment", "Not escaped, not acknowledged.", PIECE),
        ("Frame of JT/T 809", "Between marks `5b` and `5d`, escaped, body and a CRC (CCITT) after it.", HEADER_809),
    )
    return "## Frames and packets\n\n" + "\n".join(f"### {name}\n\n{note}\n\n{_table(layout)}".replace("\n\n\n", "\n") for name, note, layout in told)


def _dialects() -> str:
    rows = [f"| `{each.name}` | {each.terminal_bytes_count} | {each.ident_bytes_count} | {each.sender_bytes_count or '–'} |" for each in DIALECTS]
    head = "| dialect | terminal id, bytes | alarm identification, bytes | terminal id before it in 0x1210, bytes |\n|---|---|---|---|\n"
    return "## Dialects of active safety\n\nOne layout each; the length tells which.\n\n" + head + "\n".join(rows) + "\n"


def _section(name: str, layouts: Sequence[Layout]) -> str:
    tables: dict[str, list[str]] = {}
    for layout in layouts:
        if layout.label not in {"", DIALECTS[0].name, *VERSIONS}:
            continue  # as the first dialect, with its own lengths of the identification
        tables.setdefault(_table(layout), []).append(layout.label)
    parts = [f"### {name} {layouts[0].name}\n"]
    for table, labels in tables.items():
        parts += [f"{_told(labels)}\n"] if any(labels) else []
        parts.append(table)
    return "\n".join(parts)


def _told(labels: Iterable[str]) -> str:
    names = list(dict.fromkeys(label for label in labels if label))
    if set(names) <= VERSIONS:
        return "Version: " + ", ".join(f"`{name}`" for name in names) + "."
    return f"Dialect `{names[0]}`; the others differ in the lengths of `ident` and `terminal_id`, see *Dialects of active safety*."


def _table(layout: Layout) -> str:
    rows = [f"| `{line.name}` | {line.type} | {line.unit} | {line.note} |" for line in layout.lines()]
    return "| name | type | unit | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n" if rows else "No body.\n"


def _parameters() -> str:
    rows = {key: f"| 0x{key:04X} | {name} | text | |" for key, name in TEXTS.items()}
    for key, layouts in PARAMETERS.items():
        layout, lines = layouts[0], layouts[0].lines()
        unit = f"{lines[0].unit} {lines[0].note}".strip() if len(lines) == 1 else f"{len(lines)} fields, below"
        rows[key] = f"| 0x{key:04X} | {layout.name} | {lines[0].type if len(lines) == 1 else 'table'} | {unit} |"
    listed = "\n".join(rows[key] for key in sorted(rows))
    head = (
        "## Parameters\n\nOf 0x8103 and 0x0104. Others are kept as `hex`; all ones leave a value unchanged.\n\n| id | name | type | unit |\n|---|---|---|---|\n"
    )
    tables = [_section(f"0x{key:04X}", (layout,)) for key, layouts in sorted(PARAMETERS.items()) for layout in layouts if len(layout.lines()) > 1]
    return "\n".join([head + listed + "\n", *tables])


if __name__ == "__main__":
    sys.stdout.write(reference())
