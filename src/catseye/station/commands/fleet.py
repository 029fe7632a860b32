"""`catseye fleet …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, examples, group, tell, wants_progress

app = group("Vehicle terminals: what they say on the wire.")


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


@app.command(
    "conform",
    epilog=examples("catseye fleet conform transcript.jsonl --report out.html", "catseye fleet conform --listen 127.0.0.1:7001 --record transcript.jsonl"),
)
def fleet_conform(
    recording: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A recording: JSON lines, lines of hex, or raw bytes.", show_default=False)] = None,
    *,
    listen: Annotated[str | None, typer.Option("--listen", metavar="HOST:PORT", help="Wait for a terminal here instead; loopback or private.")] = None,
    attachments_port: Annotated[int | None, typer.Option("--attachments-port", metavar="N", help="Where it shall send alarm files.", min=0, max=65535)] = None,
    media_port: Annotated[int | None, typer.Option("--media-port", metavar="N", help="Where it shall send live video.", min=0, max=65535)] = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="FILE", help="Write all that is said into a new file.")] = None,
    seconds_s: Annotated[float, typer.Option("--seconds", metavar="N", help="End after this long.", min=1, max=86400)] = 300.0,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write a page for its maker.")] = None,
    as_json: AsJson = False,
) -> int:
    """Hold a terminal against the standards, clause by clause.

    A recording is judged as it is; a live terminal is led through the flows first. Exit 1 when a standard is broken.
    """
    from catseye.core.errors import SiteError
    from catseye.station.verbs.conform import judge_live, judge_recording

    if (recording is None) == (listen is None):
        raise SiteError("fleet conform", "both a recording and --listen" if recording else "neither a recording nor --listen", "one of them")
    if recording is not None:
        return tell(judge_recording(recording, report), as_json)
    return tell(judge_live(listen or "", (attachments_port, media_port), seconds_s, record, report, is_quiet=not wants_progress(as_json)), as_json)
