"""The command line: reads the words, shows the outcome, turns faults into one line and an exit code. Whatever is heavy is imported by the verb."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catseye import __version__
from catseye.core.errors import CatseyeError

if TYPE_CHECKING:
    from catseye.core.time import Stamp
    from catseye.station.outcome import RunOutcome

FINE, LOOK, WRONG = 0, 1, 2
_EXIT_CODES = "Exit: 0 fine, 1 finished but it needs a look, 2 wrong use or bad input (one line says what)."


def _examples(*commands: str) -> str:
    return "Examples:\n\n\b\n" + "\n".join(f"  {command}" for command in commands)


app = typer.Typer(
    help="Road-safety facts from ordinary cameras. It watches traffic and nobody.",
    epilog=_EXIT_CODES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="The networks that find road users: list, fetch, test.", rich_markup_mode=None)
app.add_typer(models_app, name="models")

log_app = typer.Typer(help="The sealed log of a run's vault: keys, signed heads, checks.", rich_markup_mode=None)
app.add_typer(log_app, name="log")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]
CameraId = Annotated[str | None, typer.Option("--camera", metavar="ID", help="Only this camera of the site.")]


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"catseye {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _catseye(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version, and no more.")] = False,
) -> None:
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@log_app.callback(invoke_without_command=True)
def _log(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@models_app.callback(invoke_without_command=True)
def _models(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=_examples("catseye demo", "catseye demo --out demo-out --seconds-s 30 --no-open"))
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("demo-out"),
    seconds_s: Annotated[float, typer.Option("--seconds-s", metavar="N", help="Length of the scene, 5 to 3600 seconds.", min=5, max=3600)] = 60.0,
    open_report: Annotated[bool | None, typer.Option("--open/--no-open", help="Show the report in a browser (default: on a terminal).")] = None,
    as_json: AsJson = False,
) -> int:
    """Count a scene with known truth.

    A junction is rendered, encoded, played through the whole system; what was counted is shown beside what was true.
    """
    from catseye.station.demo_run import run_demo

    shown = _is_interactive() if open_report is None else open_report
    return _tell(run_demo(out, open_report=shown and not as_json, seconds_s=seconds_s, progress=_wants_progress(as_json)), as_json)


@app.command(
    epilog=_examples(
        "catseye watch clip.mp4",
        "catseye watch clip.mp4 --line 0,150,640,150 --detector picodet-s-416 --out out",
        "catseye watch 'rtsp://viewer:${env:CAMERA_PASSWORD}@camera/stream' --limit-s 600",
        "catseye watch sites/junction.toml --camera cam-1 --json",
    )
)
def watch(
    target: Annotated[str, typer.Argument(metavar="SITE.toml|VIDEO|URL", help="A site file, a video file, or the URL of a camera.", show_default=False)],
    *,
    camera: CameraId = None,
    source: Annotated[str | None, typer.Option("--source", metavar="FILE|URL", help="Watch this instead of the camera's own source.")] = None,
    detector: Annotated[str | None, typer.Option("--detector", metavar="NAME", help="A name of `catseye models list`, or motion.")] = None,
    line: Annotated[list[str] | None, typer.Option("--line", metavar="x1,y1,x2,y2", help="Count over this line, in pixels; may be repeated.")] = None,
    analysed_fps: Annotated[float | None, typer.Option("--analysed-fps", metavar="N", help="Frames a second that the detector sees.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("out"),
    limit_s: Annotated[float | None, typer.Option("--limit-s", metavar="N", help="Stop after so many seconds of video.")] = None,
    as_json: AsJson = False,
) -> int:
    """Turn cameras into facts.

    Counts, flows, trajectories, a report and a redacted preview are written into DIR. Ctrl-C keeps what was counted.
    """
    from catseye.station.verbs.watch import watch as watch_site

    outcome = watch_site(
        target,
        out,
        camera=camera,
        source=source,
        detector=detector,
        lines=line or (),
        analysed_fps=analysed_fps,
        limit_s=limit_s,
        progress=_wants_progress(as_json),
    )
    return _tell(outcome, as_json)


@app.command(
    epilog=_examples(
        "catseye judge out/points.parquet --site sites/junction.toml --out judged",
        "catseye judge fcd.xml.gz --site sites/sumo-junction.toml --signals tls.xml.gz --out out",
    )
)
def judge(
    tracks: Annotated[Path, typer.Argument(metavar="TRACKS", help="points.parquet, or SUMO FCD (.xml, .xml.gz).", show_default=False)],
    *,
    site: Annotated[Path, typer.Option("--site", metavar="SITE.toml", help="The site whose lines, zones, signals and rules hold.", show_default=False)],
    camera: CameraId = None,
    signals: Annotated[
        Path | None, typer.Option("--signals", metavar="FILE", help="SUMO tlsState file, for every signal with a link; or signals.csv of a run.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("out"),
    as_json: AsJson = False,
) -> int:
    """Apply a site's rules to trajectories.

    No video is opened: what is judged is what the file says, from our own runs or from a simulation.
    """
    from catseye.station.verbs.judge import judge as judge_tracks

    return _tell(judge_tracks(tracks, site, out, camera=camera, signals=signals, progress=_wants_progress(as_json)), as_json)


@app.command(epilog=_examples("catseye hazards out", "catseye hazards after --before before --out hazards"))
def hazards(
    runs: Annotated[list[Path], typer.Argument(metavar="OUT...", help="Folders that watch or judge wrote.", show_default=False)],
    *,
    before: Annotated[list[Path] | None, typer.Option("--before", metavar="OUT", help="Folder of an earlier period; may be repeated.")] = None,
    radius_m: Annotated[float, typer.Option("--radius-m", metavar="N", help="How wide a place is.", min=1, max=200)] = 6.0,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("hazards"),
    as_json: AsJson = False,
) -> int:
    """Rank places by near misses and violations.

    With an earlier period beside it, says whether anything changed by more than chance. Writes a table, GeoJSON, and a page with a map.
    """
    from catseye.station.ranking import run_hazards

    return _tell(run_hazards(runs, out, before=before or (), radius_m=radius_m), as_json)


@app.command(epilog=_examples("catseye check sites/junction.toml", "catseye check sites/junction.toml --camera cam-1 --json"))
def check(
    site: Annotated[Path, typer.Argument(metavar="SITE.toml", help="A site file.", show_default=False)],
    camera: CameraId = None,
    as_json: AsJson = False,
) -> int:
    """Check a site before a run.

    The file itself, a first picture of every source, every model, every line.
    """
    from catseye.station.verbs.check import check as check_site

    return _tell(check_site(site, camera=camera), as_json)


@app.command(epilog=_examples("catseye calibrate sites/junction.toml", "catseye calibrate sites/junction.toml --camera cam-1 --out calibration --json"))
def calibrate(
    site: Annotated[Path, typer.Argument(metavar="SITE.toml", help="A site file.", show_default=False)],
    camera: Annotated[str | None, typer.Option("--camera", metavar="ID", help="The camera; needed when the site has several.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where certificate and map go.")] = Path("out"),
    as_json: AsJson = False,
) -> int:
    """Tie a camera's picture to the street.

    Fits its reference points; tells how far each is off, and the speed doubt that leaves; writes a certificate and a map.
    """
    from catseye.station.verbs.calibrate import calibrate_camera

    return _tell(calibrate_camera(site, camera=camera, out=out), as_json)


@app.command(
    epilog=_examples(
        "catseye forget out --dry-run",
        "catseye forget out --site sites/junction.toml",
        "catseye forget out --class points",
        "catseye forget out --case 2026-000123",
    )
)
def forget(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site: its [retention], database and keys.", show_default=False)] = None,
    retention: Annotated[list[str] | None, typer.Option("--class", metavar="NAME", help="Only this retention class; may be repeated.")] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="ID", help="Forget this case now, whatever its days.")] = None,
    now: Annotated[str | None, typer.Option("--now", metavar="TIME", help="Count from this moment (2026-11-21T08:00:00Z), not from now.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be forgotten, and touch nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Destroy what was kept long enough, and prove it.

    Keys and rows are destroyed by retention class, then every byte under the vault is read; the sealed log still verifies.
    """
    from catseye.station.verbs.forget import forget as forget_over

    return _tell(forget_over(out, _moment("--now", now) or _clock(), site=site, classes=retention or (), case=case, is_dry=dry_run), as_json)


@app.command(epilog=_examples("catseye looks out --since 2026-11-01T00:00:00Z", "catseye looks out --subject media/case-1/clip"))
def looks(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Only looks by this person or service.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="NAME", help="Only looks at this (media/NAME).")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only from this moment on (2026-11-21T08:00:00Z).")] = None,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database or keys are elsewhere.")] = None,
    as_json: AsJson = False,
) -> int:
    """Tell who looked at stored pictures, and why."""
    from catseye.station.verbs.looks import tell_looks

    return _tell(tell_looks(out, who=who, subject=subject, since=_moment("--since", since), site=site), as_json)


@app.command(epilog=_examples("catseye plugins", "catseye plugins --json"))
def plugins(as_json: AsJson = False) -> int:
    """List the parts that fill the house's sockets."""
    from catseye.station.verbs.plugins import list_plugins

    return _tell(list_plugins(), as_json)


@models_app.command("list", epilog=_examples("catseye models list", "catseye models list --json"))
def models_list(as_json: AsJson = False) -> int:
    """List every model, and whether it is here."""
    from catseye.station.verbs.models import list_models

    return _tell(list_models(), as_json)


@models_app.command("pull", epilog=_examples("catseye models pull", "catseye models pull picodet-s-416"))
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: the default detector and the redactors.", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Fetch models; each must have its SHA-256."""
    from catseye.station.verbs.models import pull_models

    return _tell(pull_models(names or (), progress=_wants_progress(as_json)), as_json)


@models_app.command("test", epilog=_examples("catseye models test", "catseye models test yolox-nano --json"))
def models_test(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: every model that is here.", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Check hash and self-test of models."""
    from catseye.station.verbs.models import test_models

    return _tell(test_models(names or ()), as_json)


@log_app.command("key", epilog=_examples("catseye log key log-signing.pem"))
def log_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; its public half beside it (.pub).", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Make a key that signs heads (Ed25519)."""
    from catseye.station.verbs.log import make_key

    return _tell(make_key(file), as_json)


@log_app.command("head", epilog=_examples("catseye log head out --key log-signing.pem --to head.json"))
def log_head(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that signs it.", show_default=False)],
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write it into a file, for the witness.")] = None,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database is on a server.")] = None,
    as_json: AsJson = False,
) -> int:
    """Sign how long the log is and what it comes to.

    Give the head to somebody outside: with it they can show any later change of what was logged before.
    """
    from catseye.station.verbs.log import sign_log

    return _tell(sign_log(out, key, to, site), as_json)


@log_app.command("check", epilog=_examples("catseye log check out", "catseye log check out --head head.json --public-key log-signing.pem.pub"))
def log_check(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    head: Annotated[list[Path] | None, typer.Option("--head", metavar="FILE", help="A head somebody kept; may be repeated.")] = None,
    public_key: Annotated[Path | None, typer.Option("--public-key", metavar="FILE", help="The key those heads must be signed by.")] = None,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database is on a server.")] = None,
    as_json: AsJson = False,
) -> int:
    """Check the log, every event in it, and heads that were kept."""
    from catseye.station.verbs.log import check_log

    return _tell(check_log(out, head or (), public_key, site), as_json)


@log_app.command(
    "relay", epilog=_examples("catseye log relay out --to nats://127.0.0.1:4222", "catseye log relay out --to 'tls://${env:NATS_LOGIN}@bus:4222' --once")
)
def log_relay(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote, or still writes.", show_default=False)],
    *,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="A NATS server with JetStream; secrets by ${env:NAME}.", show_default=False)],
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to tell.")] = False,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database is on a server.")] = None,
    as_json: AsJson = False,
) -> int:
    """Tell every logged event to a NATS JetStream.

    Each once and in order, whatever dies meanwhile; it goes on where it stopped. Ctrl-C ends it.
    """
    from catseye.station.verbs.relay import relay_log

    return _tell(relay_log(out, to, site, once=once, progress=_wants_progress(as_json)), as_json)


def run(words: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code; every fault is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ✓ gets a ?, not a traceback
    try:
        code = app(args=words, prog_name="catseye", standalone_mode=False)
        sys.stdout.flush()
    except CatseyeError as fault:
        return _refuse(str(fault), fault.exit_code)
    except typer.TyperException as fault:
        return _refuse(f"{_one_line(fault.format_message()).rstrip('.')}; wanted what `catseye {_verb(words)}--help` shows", WRONG)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("stopped by Ctrl-C", LOOK)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us left; Python must not flush into the void on exit
        return LOOK
    except Exception as fault:  # noqa: BLE001 the last edge: a bug becomes one line too
        return _confess(fault)
    return _refuse("stopped by Ctrl-C", LOOK) if code == 130 else int(code or FINE)  # 130: typer's own word for Ctrl-C


def _clock() -> "Stamp":
    import time

    from catseye.core.time import Stamp

    return Stamp(time.time_ns())


def _moment(option: str, text: str | None) -> "Stamp | None":
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


def _tell(outcome: "RunOutcome", as_json: bool) -> int:
    typer.echo(json.dumps(dict(outcome.summary), ensure_ascii=False) if as_json else "\n".join(outcome.lines_of_text))
    return outcome.exit_code


def _refuse(line: str, code: int) -> int:
    from catseye.core.secrets import masked

    typer.echo(f"catseye: {masked(_one_line(line))}", err=True)
    return code


def _confess(fault: Exception) -> int:
    """A fault nobody foresaw. Not 0 and not 1: no script may take what is there for a result."""
    if os.environ.get("CATSEYE_DEBUG"):
        import traceback

        typer.echo(traceback.format_exc(), err=True)
    return _refuse(f"{type(fault).__name__}: {fault}: this is a bug in catseye, please report it; CATSEYE_DEBUG=1 shows where", WRONG)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _verb(words: Sequence[str] | None) -> str:
    """The verb that was asked for, to point at its help."""
    said = list(sys.argv[1:] if words is None else words)
    verbs = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands} | {"models"}
    return f"{said[0]} " if said and said[0] in verbs else ""


def _is_interactive() -> bool:
    return sys.stdout.isatty() and sys.stdin.isatty()


def _wants_progress(as_json: bool) -> bool:
    return sys.stderr.isatty() and not as_json
