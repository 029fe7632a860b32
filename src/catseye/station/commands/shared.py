"""Words that many verbs share: arguments, and how an outcome is told. Nothing heavy is imported here."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from catseye.core.time import Stamp
    from catseye.station.outcome import RunOutcome

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]
RunFolder = Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)]
CaseName = Annotated[str, typer.Argument(metavar="CASE", help="A case, or the beginning of its name.", show_default=False)]
ByPerson = Annotated[str, typer.Option("--by", metavar="NAME", help="Who you are: it is written down for good.", show_default=False)]
Because = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)]
OnServer = Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database is on a server.")]
ReportId = Annotated[str, typer.Argument(metavar="REPORT", help="A report, or the beginning of its id.", show_default=False)]
InScheme = Annotated[str, typer.Option("--scheme", metavar="ID", help="A scheme that was adopted.", show_default=False)]
People = Annotated[Path, typer.Option("--people", metavar="DIR", help="The identity vault; a folder of its own.", show_default=False)]
PeopleKeys = Annotated[Path, typer.Option("--people-keys", metavar="DIR", help="Its keys; another folder.", show_default=False)]
CameraId = Annotated[str | None, typer.Option("--camera", metavar="ID", help="Only this camera of the site.")]


def examples(*commands: str) -> str:
    """What a verb's help ends with."""
    return "Examples:\n\n\b\n" + "\n".join(f"  {command}" for command in commands)


def group(help_text: str) -> typer.Typer:
    """A group of verbs, which shows its help when called alone."""
    app = typer.Typer(help=help_text, rich_markup_mode=None)

    @app.callback(invoke_without_command=True)
    def shown(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return app


def clock_now() -> "Stamp":
    """The machine's clock."""
    import time

    from catseye.core.time import Stamp

    return Stamp(time.time_ns())


def moment_of(option: str, text: str | None) -> "Stamp | None":
    """A moment as an option says it; SiteError when it is none, or nobody knows in which time zone."""
    from datetime import datetime

    from catseye.core.errors import SiteError
    from catseye.core.time import Stamp

    if text is None:
        return None
    try:
        return Stamp.from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise SiteError(option, f"'{text}'", "a date and time with its offset from UTC, such as 2026-11-21T08:00:00Z") from None


def tell(outcome: "RunOutcome", as_json: bool) -> int:
    """Print an outcome; its exit code."""
    typer.echo(json.dumps(dict(outcome.summary), ensure_ascii=False) if as_json else "\n".join(outcome.lines_of_text))
    return outcome.exit_code


def is_interactive() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdout.isatty() and sys.stdin.isatty()


def wants_progress(as_json: bool) -> bool:
    """Whether anybody would see a bar."""
    return sys.stderr.isatty() and not as_json
