"""The command line: reads the words, shows the outcome, turns faults into one line and an exit code. Whatever is heavy is imported by the verb."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from catseye import __version__
from catseye.core.errors import CatseyeError
from catseye.station.commands import authority, case, fleet, log, models, report
from catseye.station.commands.shared import AsJson, CameraId, clock_now, examples, is_interactive, moment_of, tell, wants_progress

FINE, LOOK, WRONG = 0, 1, 2
_EXIT_CODES = "Exit: 0 fine, 1 finished but it needs a look, 2 wrong use or bad input (one line says what)."

app = typer.Typer(
    help="Road-safety facts from ordinary cameras. It watches traffic and nobody.",
    epilog=_EXIT_CODES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _group in (("models", models), ("log", log), ("case", case), ("report", report), ("authority", authority), ("fleet", fleet)):
    app.add_typer(_group.app, name=_name)


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


@app.command(epilog=examples("catseye demo", "catseye demo --out demo-out --seconds-s 30 --no-open"))
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

    shown = is_interactive() if open_report is None else open_report
    return tell(run_demo(out, open_report=shown and not as_json, seconds_s=seconds_s, progress=wants_progress(as_json)), as_json)


@app.command(
    epilog=examples(
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
        progress=wants_progress(as_json),
    )
    return tell(outcome, as_json)


@app.command(
    epilog=examples(
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

    return tell(judge_tracks(tracks, site, out, camera=camera, signals=signals, progress=wants_progress(as_json)), as_json)


@app.command(epilog=examples("catseye hazards out", "catseye hazards after --before before --out hazards"))
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

    return tell(run_hazards(runs, out, before=before or (), radius_m=radius_m), as_json)


@app.command(epilog=examples("catseye check sites/junction.toml", "catseye check sites/junction.toml --camera cam-1 --json"))
def check(
    site: Annotated[Path, typer.Argument(metavar="SITE.toml", help="A site file.", show_default=False)],
    camera: CameraId = None,
    as_json: AsJson = False,
) -> int:
    """Check a site before a run.

    The file itself, a first picture of every source, every model, every line.
    """
    from catseye.station.verbs.check import check as check_site

    return tell(check_site(site, camera=camera), as_json)


@app.command(epilog=examples("catseye calibrate sites/junction.toml", "catseye calibrate sites/junction.toml --camera cam-1 --out calibration --json"))
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

    return tell(calibrate_camera(site, camera=camera, out=out), as_json)


@app.command(
    epilog=examples(
        "catseye forget out --dry-run",
        "catseye forget out --site sites/junction.toml",
        "catseye forget out --class points",
        "catseye forget out --case c-5f0c12ab34cd --by 'Lê Hoa' --reason 'order of the court of 3 May'",
        "catseye forget out --people people --people-keys people-keys",
    )
)
def forget(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site: its [retention], database and keys.", show_default=False)] = None,
    retention: Annotated[list[str] | None, typer.Option("--class", metavar="NAME", help="Only this retention class; may be repeated.")] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="ID", help="Forget this case now, whatever its days.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="With --case: who wants it forgotten.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="With --case: why before its days.")] = "",
    now: Annotated[str | None, typer.Option("--now", metavar="TIME", help="Count from this moment (2026-11-21T08:00:00Z), not from now.")] = None,
    people: Annotated[Path | None, typer.Option("--people", metavar="DIR", help="The identity vault: names that are over go too.", show_default=False)] = None,
    people_keys: Annotated[Path | None, typer.Option("--people-keys", metavar="DIR", help="Its keys.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be forgotten, and touch nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Destroy what was kept long enough, and prove it.

    Keys and rows are destroyed by retention class, then every byte under the vault is read; the sealed log still verifies.
    """
    from catseye.station.verbs.forget import forget as forget_over

    when = moment_of("--now", now) or clock_now()
    outcome = forget_over(
        out, when, site=site, classes=retention or (), case=case, by=by, reason=reason, people=people, people_keys=people_keys, is_dry=dry_run
    )
    return tell(outcome, as_json)


@app.command(epilog=examples("catseye looks out --since 2026-11-01T00:00:00Z", "catseye looks out --subject media/case-1/clip"))
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

    return tell(tell_looks(out, who=who, subject=subject, since=moment_of("--since", since), site=site), as_json)


@app.command(
    epilog=examples(
        "catseye verify case-1.zip --root root.pem",
        "catseye verify case-1.zip --root root.pem --witness head.json --json",
        "catseye verify case-1.zip --root root.pem --opened original.mp4",
    )
)
def verify(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="An evidence package.", show_default=False)],
    *,
    root: Annotated[Path, typer.Option("--root", metavar="ROOT.pem", help="The authority's root certificate: all that is trusted.", show_default=False)],
    witness: Annotated[list[Path] | None, typer.Option("--witness", metavar="HEAD.json", help="A head of the log that you kept; may be repeated.")] = None,
    log_proof: Annotated[list[Path] | None, typer.Option("--log-proof", metavar="FILE", help="What `catseye log prove` wrote; may be repeated.")] = None,
    opened: Annotated[Path | None, typer.Option("--opened", metavar="FILE", help="The sealed original, as the authority opened it.")] = None,
    replay: Annotated[bool, typer.Option("--replay/--no-replay", help="Judge the measurement again.")] = True,
    as_json: AsJson = False,
) -> int:
    """Check an evidence package.

    Offline, by numbered checks; whatever is not as it was signed is told with its file. Exit 1 when a check fails.
    """
    from catseye.station.verbs.verify import verify as verify_file

    return tell(verify_file(package, root, witness=witness or (), log_proof=log_proof or (), opened=opened, replay=replay), as_json)


@app.command(epilog=examples("catseye plugins", "catseye plugins --json"))
def plugins(as_json: AsJson = False) -> int:
    """List the parts that fill the house's sockets."""
    from catseye.station.verbs.plugins import list_plugins

    return tell(list_plugins(), as_json)


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
    alone = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    verbs = alone | {group.name or "" for group in app.registered_groups}
    return f"{said[0]} " if said and said[0] in verbs else ""
