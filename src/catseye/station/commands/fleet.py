"""`catseye fleet …`: the words of its verbs."""

from typing import Annotated

import typer

from catseye.station.commands import permits
from catseye.station.commands.shared import AsJson, examples, group

app = group("Vehicle terminals: what they say on the wire.")
app.add_typer(permits.app, name="permits")


@app.command("decode", epilog=examples("catseye fleet decode < frames.txt", "catseye fleet decode --explain < frames.txt"))
def fleet_decode(
    explain: Annotated[bool, typer.Option("--explain", help="After each answer every field: offset, hex, name, value, unit.")] = False,
    as_json: AsJson = False,
) -> int:
    """Decode frames of JT/T 808, 1078 and 809.

    Reads lines from standard input: hex, or JSON objects with hex and kind. Prints one JSON object a line; a bad line never stops it.
    """
    from catseye.station.verbs.fleet import decode_lines

    return decode_lines(explain=explain, as_json=as_json)
