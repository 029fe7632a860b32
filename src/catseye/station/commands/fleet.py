"""`catseye fleet …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands import fleet_policy, fleet_terminals, permits
from catseye.station.commands.shared import AsJson, Because, ByPerson, OnServer, RunFolder, clock_now, examples, group, tell, wants_progress

app = group("Vehicle terminals: what they say on the wire.")
app.add_typer(fleet_policy.app, name="policy")
app.add_typer(permits.app, name="permits")
app.add_typer(fleet_terminals.app)


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
    limit_s: Annotated[float, typer.Option("--limit-s", metavar="N", help="End after this long.", min=1, max=86400)] = 300.0,
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
    return tell(judge_live(listen or "", (attachments_port, media_port), limit_s, record, report, is_quiet=not wants_progress(as_json)), as_json)


@app.command(
    "simulate",
    epilog=examples(
        "catseye fleet simulate 127.0.0.1:7611 --terminals 20 --limit-s 60", "catseye fleet simulate 127.0.0.1:7611 --limit-s 0 --enrol terminals.csv"
    ),
)
def fleet_simulate(
    server: Annotated[str, typer.Argument(metavar="HOST:PORT", help="The gateway.", show_default=False)],
    terminals: Annotated[int, typer.Option("--terminals", metavar="N", min=1, max=20_000, help="How many.")] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Who they are and what they do: the same seed, the same terminals.")] = 1,
    limit_s: Annotated[float, typer.Option("--limit-s", metavar="N", min=0, help="How long; 0: only the list of --enrol.")] = 60.0,
    rate: Annotated[float, typer.Option("--rate", metavar="N", min=0.01, help="Locations a second, of all together.")] = 2.0,
    alarms_per_h: Annotated[float, typer.Option("--alarms-per-h", metavar="N", min=0, help="Wrong habits an hour, of each driver.")] = 12.0,
    version: Annotated[str, typer.Option("--version", metavar="2011|2013|2019|mixed", help="Of JT/T 808.")] = "mixed",
    dialect: Annotated[str, typer.Option("--dialect", metavar="su|yue|mixed", help="Of the alarms.")] = "mixed",
    attachments: Annotated[bool, typer.Option("--attachments", help="Have files to send for their alarms.")] = False,
    outages: Annotated[bool, typer.Option("--outages", help="Lose the network now and then.")] = False,
    enrol: Annotated[Path | None, typer.Option("--enrol", metavar="FILE", help="Write who they are: CSV, or JSON.")] = None,
    tokens: Annotated[Path | None, typer.Option("--tokens", metavar="FILE", help="Keep their tokens from one run to the next.")] = None,
    roads: Annotated[Path | None, typer.Option("--roads", metavar="FILE.geojson", help="Roads to drive, instead of the seed's.")] = None,
    as_json: AsJson = False,
) -> int:
    """Simulated terminals that drive, raise alarms, heed warnings and lose the network."""
    from catseye.station.verbs.fleet_simulate import Asked, simulate

    asked = Asked(server, terminals, seed, limit_s, terminals / rate, alarms_per_h, version, dialect, attachments, outages, enrol, tokens, roads)
    return tell(simulate(asked, progress=wants_progress(as_json)), as_json)


@app.command("alarms", epilog=examples("catseye fleet alarms out", "catseye fleet alarms out --terminal 13800138000 --all"))
def fleet_alarms(
    out: RunFolder,
    *,
    terminal: Annotated[str | None, typer.Option("--terminal", metavar="ID", help="Only of this terminal.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """List alarms that nobody closed, the newest first, and what was done about each."""
    from catseye.station.verbs.alarms import list_alarms

    return tell(list_alarms(out, terminal, site, everything=everything), as_json)


@app.command("close", epilog=examples("catseye fleet close out 5f0c12 --by 'Nguyễn Thị Lan' --reason 'spoke with the driver'"))
def fleet_close(
    out: RunFolder,
    alarms: Annotated[list[str], typer.Argument(metavar="ALARM…", help="Alarms, or the beginnings of their ids.", show_default=False)],
    *,
    by: ByPerson,
    reason: Because,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Close alarms: a named person is done with them, for a reason."""
    from catseye.station.verbs.alarms import close_alarms

    return tell(close_alarms(out, alarms, by, reason, clock_now(), site), as_json)


@app.command("report", epilog=examples("catseye fleet report fleet --site coaches.toml", "catseye fleet report fleet --days 30 --vehicle 13800138000"))
def fleet_report(
    out: RunFolder,
    *,
    days: Annotated[float, typer.Option("--days", metavar="N", min=0.01, max=3660, help="How far back.")] = 7.0,
    vehicle: Annotated[str | None, typer.Option("--vehicle", metavar="ID", help="Only the vehicle of this terminal.", show_default=False)] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write fleet.html: what was reported, who was warned, what came of it.

    By vehicle, never by driver.
    """
    from catseye.station.verbs.fleet_report import report_fleet

    return tell(report_fleet(out, days, vehicle, site, clock_now()), as_json)


@app.command("listen", epilog=examples("catseye fleet listen coaches.toml --out fleet", "catseye fleet listen coaches.toml --limit-s 3600"))
def fleet_listen(
    site: Annotated[Path, typer.Argument(metavar="SITE.toml", help="A site file with a table [fleet].", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the vault is.")] = Path("fleet"),
    limit_s: Annotated[float | None, typer.Option("--limit-s", metavar="SECONDS", help="Stop after so long.")] = None,
    as_json: AsJson = False,
) -> int:
    """Open the doors that vehicle terminals report to.

    Until SIGTERM or Ctrl-C. Everything accepted is stored before it is acknowledged; alarms are answered as the site's policy says.
    """
    from catseye.station.fleet.listening import listen
    from catseye.station.site import load_site

    return tell(listen(load_site(site), out, limit_s=limit_s, progress=wants_progress(as_json=as_json)), as_json=as_json)
