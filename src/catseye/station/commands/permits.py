"""`catseye fleet permits …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, ByPerson, OnServer, RunFolder, clock_now, examples, group, tell

app = group("The register of vehicles, operators and what they are permitted.")


@app.command("import", epilog=examples("catseye fleet permits import out permits.csv --by 'Lê Hoa' --dry-run --report conflicts.html"))
def permits_import(
    out: RunFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Permits, a row each, as the authority exports them.", show_default=False)],
    *,
    by: ByPerson,
    areas: Annotated[Path | None, typer.Option("--areas", metavar="AREAS.geojson", help="The areas that permits name.", show_default=False)] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="A page with the conflicts, to act on.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and keep nothing.")] = False,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Take a table of permits into the register.

    The same file again changes nothing; a changed row is a new version. Makes the vault where there is none. Exit 1: there are conflicts.
    """
    from catseye.station.verbs.permits import import_permits

    return tell(import_permits(out, file, by, clock_now(), areas=areas, report=report, site=site, is_dry=dry_run), as_json)


@app.command("list", epilog=examples("catseye fleet permits list out"))
def permits_list(out: RunFolder, site: OnServer = None, as_json: AsJson = False) -> int:
    """List what the register holds."""
    from catseye.station.verbs.permits import list_permits

    return tell(list_permits(out, site), as_json)


@app.command("show", epilog=examples("catseye fleet permits show out 51B-123.45"))
def permits_show(
    out: RunFolder,
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="The plate, however it is typed.", show_default=False)],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Show a vehicle's permits and their history.

    Who entered and who changed each, and when.
    """
    from catseye.station.verbs.permits import show_permits

    return tell(show_permits(out, plate, site), as_json)


@app.command("export", epilog=examples("catseye fleet permits export out --columns plate,permit,scope --where scope=passenger"))
def permits_export(
    out: RunFolder,
    *,
    columns: Annotated[str, typer.Option("--columns", metavar="NAME,…", help="Only these columns (default: all).", show_default=False)] = "",
    where: Annotated[list[str] | None, typer.Option("--where", metavar="NAME=VALUE", help="Only such rows; may be repeated.")] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE.csv", help="Write it there, not on stdout.", show_default=False)] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write the register as CSV.

    Nothing of terminals is in it: no permit may depend on one (decision 0020).
    """
    from catseye.station.verbs.permits import export_permits

    return tell(export_permits(out, columns, where or (), to, site), as_json)
