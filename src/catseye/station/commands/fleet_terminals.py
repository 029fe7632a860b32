"""`catseye fleet enrol`, `renew`, `revoke`, `terminals`, `history`, `driver`: the words of these verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, ByPerson, OnServer, RunFolder, clock_now, examples, is_interactive, moment_of, tell

app = typer.Typer(rich_markup_mode=None)

Phone = Annotated[str, typer.Argument(metavar="PHONE", help="The number it reports by, as in its header.", show_default=False)]
Reason = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it is written down for good.", show_default=False)]
Looker = Annotated[str, typer.Option("--who", metavar="NAME", help="Who looks: it is written down for good.", show_default=False)]
Purpose = Annotated[str, typer.Option("--purpose", metavar="TEXT", help="What the look is allowed for.", show_default=False)]


@app.command(
    "enrol",
    epilog=examples("catseye fleet enrol out 13800138000 --plate 51B-123.45 --by 'Trần Lan'", "catseye fleet enrol out --list terminals.csv --by 'Trần Lan'"),
)
def fleet_enrol(
    out: RunFolder,
    phone: Annotated[str | None, typer.Argument(metavar="PHONE", help="The number it reports by, as in its header.", show_default=False)] = None,
    *,
    by: ByPerson,
    plate: Annotated[str, typer.Option("--plate", metavar="PLATE", help="Of its vehicle.", show_default=False)] = "",
    colour: Annotated[int, typer.Option("--colour", metavar="N", min=0, max=99, help="Of the plate, as 0x0100 spells it.")] = 2,
    language: Annotated[str, typer.Option("--language", metavar="xx", help="Of its driver (default: the site's).", show_default=False)] = "",
    listed: Annotated[Path | None, typer.Option("--list", metavar="FILE.csv", help="Many: columns phone, plate, plate_colour.", show_default=False)] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Let terminals report."""
    from catseye.core.errors import SiteError
    from catseye.station.verbs.terminals import enrol, wanted_in, wanted_one

    if (phone is None) == (listed is None) or (phone is not None and not plate.strip()):
        raise SiteError("fleet enrol", "no terminal, or two ways to name them", "PHONE and --plate, or --list FILE.csv")
    wanted = wanted_one(phone, plate, colour, language, clock_now()) if phone is not None else wanted_in(listed or Path(), language, clock_now())
    return tell(enrol(out, wanted, by, site), as_json)


@app.command("renew", epilog=examples("catseye fleet renew out 13800138000 --by 'Trần Lan' --why 'the box was replaced'"))
def fleet_renew(out: RunFolder, phone: Phone, *, by: ByPerson, why: Reason, site: OnServer = None, as_json: AsJson = False) -> int:
    """Let a terminal that has used its token register anew, once."""
    from catseye.station.verbs.terminals import renew

    return tell(renew(out, phone, by, why, site), as_json)


@app.command("revoke", epilog=examples("catseye fleet revoke out 13800138000 --by 'Trần Lan' --why stolen"))
def fleet_revoke(out: RunFolder, phone: Phone, *, by: ByPerson, why: Reason, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a terminal's right to report."""
    from catseye.station.verbs.terminals import revoke

    return tell(revoke(out, phone, by, why, site), as_json)


@app.command("terminals", epilog=examples("catseye fleet terminals out", "catseye fleet terminals out --json"))
def fleet_terminals(out: RunFolder, *, site: OnServer = None, as_json: AsJson = False) -> int:
    """List who may report, and whose right was taken."""
    from catseye.station.verbs.terminals import terminals

    return tell(terminals(out, site, is_terminal=is_interactive()), as_json)


@app.command(
    "history",
    epilog=examples(
        "catseye fleet history out 13800138000 --since 2026-11-21T06:00:00Z --until 2026-11-21T07:00:00Z"
        " --who 'Trần Lan' --purpose 'accident 17' --why 'where the bus was'"
    ),
)
def fleet_history(
    out: RunFolder,
    phone: Phone,
    *,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="From when on, such as 2026-11-21T06:00:00Z.", show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Before when.", show_default=False)],
    who: Looker,
    purpose: Purpose,
    why: Reason,
    geojson: Annotated[bool, typer.Option("--geojson", help="GeoJSON on stdout.")] = False,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Where a vehicle was, as long as that is kept; every look is logged first."""
    from catseye.station.verbs.terminals import history

    begin, end = moment_of("--since", since), moment_of("--until", until)
    assert begin is not None
    assert end is not None
    return tell(history(out, phone, begin, end, who, purpose, why, site, as_geojson=geojson), as_json or geojson)


@app.command("driver", epilog=examples("catseye fleet driver out 6f0c21ab00112233 --who 'Trần Lan' --purpose 'accident 17' --why 'who drove'"))
def fleet_driver(
    out: RunFolder,
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As events name a driver.", show_default=False)],
    *,
    who: Looker,
    purpose: Purpose,
    why: Reason,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Who a driver's pseudonym stands for; every look is logged first."""
    from catseye.station.verbs.terminals import driver

    return tell(driver(out, pseudonym, who, purpose, why, site), as_json)
