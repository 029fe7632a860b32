"""The command line: reads the words, shows the outcome, turns faults into one line and an exit code. Whatever is heavy is imported by the verb."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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

case_app = typer.Typer(help="Cases: what people decide about what the machine saw.", rich_markup_mode=None)
app.add_typer(case_app, name="case")


authority_app = typer.Typer(help="The authority: its root certificate, and those it issues to the signers of sites.", rich_markup_mode=None)
app.add_typer(authority_app, name="authority")

report_app = typer.Typer(help="Citizens' reports of violations, accidents and hazards, and their rewards.", rich_markup_mode=None)
app.add_typer(report_app, name="report")

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


@case_app.callback(invoke_without_command=True)
def _case(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@authority_app.callback(invoke_without_command=True)
def _authority(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@report_app.callback(invoke_without_command=True)
def _report(context: typer.Context) -> None:
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


@app.command(
    epilog=_examples(
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

    return _tell(verify_file(package, root, witness=witness or (), log_proof=log_proof or (), opened=opened, replay=replay), as_json)


@authority_app.command("root", epilog=_examples("catseye authority root authority --name 'Road Authority of Hanoi'"))
def authority_root(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the key and the certificate go.", show_default=False)],
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Whose authority it is.", show_default=False)],
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From when it holds (default: now).", show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Until when (default: 20 years).", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Make an authority: a key and its root certificate.

    On the authority's own machine: whoever has the key can vouch for any signer.
    """
    from catseye.station.verbs.authority import make_root

    return _tell(make_root(folder, name, since, until), as_json)


@authority_app.command(
    "certify", epilog=_examples("catseye authority certify log-signing.pem.pub --authority authority --site junction-7 --until 2027-12-31 --to signer.pem")
)
def authority_certify(
    public_key: Annotated[Path, typer.Argument(metavar="KEY.pub", help="The signer's public key, of `catseye log key`.", show_default=False)],
    *,
    authority: Annotated[Path, typer.Option("--authority", metavar="DIR", help="The folder that `authority root` wrote.", show_default=False)],
    site: Annotated[str, typer.Option("--site", metavar="NAME", help="The site whose signer it is.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where the certificate goes.", show_default=False)],
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From when it holds (default: now).", show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Until when (default: a year).", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Vouch for a site's signer, from one day to another."""
    from catseye.station.verbs.authority import certify

    return _tell(certify(public_key, authority, site, to, since, until), as_json)


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


@log_app.command("prove", epilog=_examples("catseye log prove out --old 1200 --new 1873 --to proof.json"))
def log_prove(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that watch or judge wrote.", show_default=False)],
    *,
    old: Annotated[int, typer.Option("--old", metavar="N", help="How many entries the older head has.", min=0, show_default=False)],
    new: Annotated[int, typer.Option("--new", metavar="N", help="How many the newer one has.", min=0, show_default=False)],
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write it into a file, for `catseye verify --log-proof`.")] = None,
    site: Annotated[Path | None, typer.Option("--site", metavar="SITE.toml", help="The site, when its database is on a server.")] = None,
    as_json: AsJson = False,
) -> int:
    """Show that the log only grew between two heads."""
    from catseye.station.verbs.log import prove_log

    return _tell(prove_log(out, old, new, to, site), as_json)


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


@case_app.command(
    "open",
    epilog=_examples(
        "catseye case open out --site sites/junction.toml --jurisdiction example",
        "catseye case open out --site sites/junction.toml --jurisdiction viet-nam --place 'Ngã tư Hàng Xanh' --tolerance-kmh 5",
    ),
)
def case_open(
    out: RunFolder,
    *,
    site: Annotated[Path, typer.Option("--site", metavar="SITE.toml", help="The site the run was of.", show_default=False)],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="NAME|FILE", help="Whose law holds there.", show_default=False)],
    place: Annotated[str, typer.Option("--place", metavar="TEXT", help="Where it is, in words (default: the site's id).", show_default=False)] = "",
    tolerance_kmh: Annotated[float | None, typer.Option("--tolerance-kmh", metavar="N", help="What the authority takes off a speed.", min=0, max=50)] = None,
    as_json: AsJson = False,
) -> int:
    """Open a case for every violation of a run.

    The same violation is always the same case: opening again changes nothing.
    """
    from catseye.station.verbs.cases import open_cases

    return _tell(open_cases(out, site, jurisdiction, place, tolerance_kmh), as_json)


@case_app.command(
    "list", epilog=_examples("catseye case list out", "catseye case list out --state detected --state confirmed-once", "catseye case list out --all")
)
def case_list(
    out: RunFolder,
    *,
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="Only these; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """List cases, the nearest deadline first."""
    from catseye.station.verbs.cases import list_cases

    return _tell(list_cases(out, state or (), site, everything=everything), as_json)


@case_app.command(
    "show",
    epilog=_examples(
        "catseye case show out c-5f0c12",
        "catseye case show out 5f0c --json",
        "catseye case show out c-5f0c12 --picture 5f0c/still-1 --to still.png --by 'Nguyễn Thị Lan' --reason review",
    ),
)
def case_show(
    out: RunFolder,
    name: CaseName,
    *,
    picture: Annotated[
        str | None, typer.Option("--picture", metavar="NAME", help="Take this one of its pictures out of the vault.", show_default=False)
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="With --picture: where to.", show_default=False)] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="With --picture: who looks; it is written down for good.", show_default=False)] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="With --picture: why.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Show one case: the facts, what the machine suggested, what people decided."""
    from catseye.station.verbs.cases import show_case, take_picture

    return _tell(show_case(out, name, site) if picture is None else take_picture(out, name, picture, to, by, reason, site), as_json)


@case_app.command("confirm", epilog=_examples("catseye case confirm out c-5f0c12 --by 'Nguyễn Thị Lan' --reason 'red on both lamps, past the line'"))
def case_confirm(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that it was a violation.

    Where the law of the case wants two people, the second must be another one.
    """
    from catseye.station.verbs.cases import confirm_case

    return _tell(confirm_case(out, name, by, reason, site), as_json)


@case_app.command("dismiss", epilog=_examples("catseye case dismiss out c-5f0c12 --by 'Nguyễn Thị Lan' --reason 'an ambulance on call'"))
def case_dismiss(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that nobody has to answer for it."""
    from catseye.station.verbs.cases import dismiss_case

    return _tell(dismiss_case(out, name, by, reason, site), as_json)


@case_app.command("reopen", epilog=_examples("catseye case reopen out c-5f0c12 --by 'Trần Minh' --reason 'the call was an hour later'"))
def case_reopen(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Begin a dismissed case anew; not by who dismissed it."""
    from catseye.station.verbs.cases import reopen_case

    return _tell(reopen_case(out, name, by, reason, site), as_json)


@case_app.command("plate", epilog=_examples("catseye case plate out c-5f0c12 --text 51F-123.45 --by 'Lê Hoa'"))
def case_plate(
    out: RunFolder,
    name: CaseName,
    *,
    text: Annotated[str, typer.Option("--text", metavar="PLATE", help="As you read it yourself.", show_default=False)],
    by: ByPerson,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is not what was suggested, or read before.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Say what the plate is: a machine's reading is a suggestion."""
    from catseye.station.verbs.cases import confirm_plate

    return _tell(confirm_plate(out, name, by, text, reason, site), as_json)


@case_app.command(
    "package",
    epilog=_examples(
        "catseye case package out c-5f0c12 --to c-5f0c12.zip --by 'Trần Minh' --reason 'to the police' --key signer.pem --certificate signer.crt.pem",
    ),
)
def case_package(
    out: RunFolder,
    name: CaseName,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The package.", show_default=False)],
    by: ByPerson,
    reason: Because,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that signs (`catseye log key`).", show_default=False)],
    certificate: Annotated[Path, typer.Option("--certificate", metavar="FILE", help="The authority's certificate for that key.", show_default=False)],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Pack the evidence of a case that is ready to be submitted.

    Signed, logged, checkable by anybody with the authority's root (`catseye verify`). Each picture that goes in is a look, written down.
    """
    from catseye.station.verbs.packaging import package_case

    return _tell(package_case(out, name, to, by, reason, key, certificate, site), as_json)


@case_app.command("submit", epilog=_examples("catseye case submit out c-5f0c12 --by 'Lê Hoa' --to 'Traffic police' --package c-5f0c12.zip --root root.pem"))
def case_submit(
    out: RunFolder,
    name: CaseName,
    *,
    by: ByPerson,
    to: Annotated[str, typer.Option("--to", metavar="AUTHORITY", help="Who gets it.", show_default=False)],
    package: Annotated[Path, typer.Option("--package", metavar="FILE", help="The sealed evidence package.", show_default=False)],
    root: Annotated[
        Path, typer.Option("--root", metavar="FILE", help="The authority's root certificate: the package must pass every check.", show_default=False)
    ],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Submit a case with its sealed package to the authority.

    Refused when too late, when the calibration did not hold, when the camera was not to be trusted.
    """
    from catseye.station.verbs.cases import submit_case

    return _tell(submit_case(out, name, by, to, package, root, site), as_json)


@case_app.command("answer", epilog=_examples("catseye case answer out c-5f0c12 --by 'Vũ Sơn' --outcome accepted --reason 'the red light is clear'"))
def case_answer(
    out: RunFolder,
    name: CaseName,
    *,
    by: ByPerson,
    outcome: Annotated[Literal["accepted", "rejected", "needs-more"], typer.Option("--outcome", help="What the authority said.", show_default=False)],
    reason: Because,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write down what the authority's officer answered; the term to appeal begins."""
    from catseye.station.verbs.cases import answer_case

    return _tell(answer_case(out, name, by, outcome, reason, site), as_json)


@case_app.command("close", epilog=_examples("catseye case close out c-5f0c12 --by 'Lê Hoa' --reason paid"))
def case_close(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Close an answered case; the owner may still appeal in time."""
    from catseye.station.verbs.cases import close_case

    return _tell(close_case(out, name, by, reason, site), as_json)


@case_app.command("withdraw", epilog=_examples("catseye case withdraw out c-5f0c12 --by 'Lê Hoa' --reason 'the lamp was repaired that day'"))
def case_withdraw(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a submitted case back, in favour of the owner, for good."""
    from catseye.station.verbs.cases import withdraw_case

    return _tell(withdraw_case(out, name, by, reason, site), as_json)


@case_app.command(
    "appeal",
    epilog=_examples(
        "catseye case appeal out c-5f0c12 --filed --by 'Đỗ An' --reason 'the owner says it was amber'",
        "catseye case appeal out c-5f0c12 --heard --by 'Phạm Quang Huy' --outcome overturned --reason 'the lamp cannot be seen'",
    ),
)
def case_appeal(
    out: RunFolder,
    name: CaseName,
    *,
    filed: Annotated[bool, typer.Option("--filed", help="The owner appeals, by way of the authority.")] = False,
    heard: Annotated[bool, typer.Option("--heard", help="You decide it, and had no hand in the case before.")] = False,
    by: ByPerson,
    reason: Because,
    outcome: Annotated[
        Literal["upheld", "overturned"] | None, typer.Option("--outcome", help="With --heard: whether the decision stands.", show_default=False)
    ] = None,
    leave: Annotated[str, typer.Option("--leave", metavar="TEXT", help="With --filed, too late: who allowed it, and why.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """File or hear the owner's appeal.

    Nobody hears an appeal who took any step in the case.
    """
    from catseye.station.verbs.cases import appeal_case

    return _tell(appeal_case(out, name, by, reason, filed=filed, heard=heard, outcome=outcome, leave=leave, site=site), as_json)


@case_app.command("export", epilog=_examples("catseye case export out c-5f0c12 --to reports --by 'Lê Hoa' --reason 'file of the authority'"))
def case_export(
    out: RunFolder,
    name: CaseName,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the report goes.", show_default=False)],
    by: ByPerson,
    reason: Because,
    root: Annotated[str, typer.Option("--root-fingerprint", metavar="HEX", help="Of the authority's root key, to be printed.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write the police report, PDF and JSON.

    Who took it and what for is written down in the case first.
    """
    from catseye.station.verbs.cases import export_case

    return _tell(export_case(out, name, to, by, reason, root, site), as_json)


@report_app.command("scheme", epilog=_examples("catseye report scheme out jinan-like --by 'Trần Văn'", "catseye report scheme out ours.toml --by 'Trần Văn'"))
def report_scheme(
    out: RunFolder,
    source: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A scheme in TOML, or one that comes with catseye.", show_default=False)],
    *,
    by: ByPerson,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Put a scheme in force: what may be reported, and what it is worth.

    Reports are judged by the rules of the day they came in. Makes the vault where there is none.
    """
    from catseye.station.verbs.reports import adopt_scheme

    return _tell(adopt_scheme(out, source, by, site), as_json)


@report_app.command("salt", epilog=_examples("catseye report salt review.salt"))
def report_salt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes.", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Make the secret by which second reviews are drawn."""
    from catseye.station.verbs.reports import make_salt

    return _tell(make_salt(file), as_json)


@report_app.command("enrol", epilog=_examples("catseye report enrol out --people people --people-keys people-keys --from lan.toml"))
def report_enrol(
    out: RunFolder,
    *,
    people: People,
    people_keys: PeopleKeys,
    source: Annotated[Path, typer.Option("--from", metavar="FILE|-", help="TOML: name, document, contact, payout; - reads stdin.", show_default=False)],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Give a person a pseudonym; the same person keeps theirs."""
    from catseye.station.verbs.reports import enrol

    return _tell(enrol(out, people, people_keys, source, site), as_json)


@report_app.command(
    "file",
    epilog=_examples(
        "catseye report file out --scheme jinan-like --reporter 6f0c… --offence red-light --plate 鲁A12345 "
        "--at 2026-09-22T12:00:30+08:00 --place 36.6667,117.0 --text 'ran the light' --media 1.jpg --media 2.jpg --recipient age1… --agree --of-age"
    ),
)
def report_file(
    out: RunFolder,
    *,
    scheme: InScheme,
    reporter: Annotated[str, typer.Option("--reporter", metavar="PSEUDONYM", help="Who reports, as `report enrol` named them.", show_default=False)],
    offence: Annotated[str, typer.Option("--offence", metavar="ID", help="What it was: an offence, accident or hazard of the scheme.", show_default=False)],
    happened: Annotated[str, typer.Option("--at", metavar="MOMENT", help="When, with its offset from UTC.", show_default=False)],
    place: Annotated[str, typer.Option("--place", metavar="LAT,LON", help="Where, in degrees, WGS-84.", show_default=False)],
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What happened.", show_default=False)],
    media: Annotated[list[Path], typer.Option("--media", metavar="FILE", help="A photograph or video; may be repeated.", show_default=False)],
    recipient: Annotated[list[str] | None, typer.Option("--recipient", metavar="KEY", help="A public key of the authority (default: the site's).")] = None,
    accuracy_m: Annotated[float, typer.Option("--accuracy-m", metavar="N", help="How far the place may be off.", min=0, max=10_000)] = 20.0,
    plate: Annotated[str, typer.Option("--plate", metavar="PLATE", help="For violations: the plate as the reporter read it.", show_default=False)] = "",
    agree: Annotated[bool, typer.Option("--agree", help="The reporter agrees to the scheme's statement of truth.")] = False,
    of_age: Annotated[bool, typer.Option("--of-age", help="The reporter says to be as old as the scheme asks.")] = False,
    detector: Annotated[str, typer.Option("--detector", metavar="NAME", help="What finds road users in the copies.")] = "yolox-nano",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Take a report in.

    Originals are sealed to the authority, copies are made of pixels with heads and plates filled; it is received once both are safe.
    """
    from catseye.station.verbs.reports import file_report

    outcome = file_report(
        out, scheme, reporter, offence, happened, place, accuracy_m, text, plate, media, recipient or (), detector, agrees=agree, is_of_age=of_age, site=site
    )
    return _tell(outcome, as_json)


@report_app.command("list", epilog=_examples("catseye report list out", "catseye report list out --scheme jinan-like --state received"))
def report_list(
    out: RunFolder,
    *,
    scheme: Annotated[str, typer.Option("--scheme", metavar="ID", help="Only of this scheme.", show_default=False)] = "",
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="Only these; may be repeated.")] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """List reports in the order they came."""
    from catseye.station.verbs.reports import list_reports

    return _tell(list_reports(out, scheme, state or (), site), as_json)


@report_app.command("show", epilog=_examples("catseye report show out 5f0c"))
def report_show(out: RunFolder, name: ReportId, *, site: OnServer = None, as_json: AsJson = False) -> int:
    """Show a report, and earlier ones that may tell of the same.

    What reviewers found is shown once no further review is wanted.
    """
    from catseye.station.verbs.reports import show_report

    return _tell(show_report(out, name, site), as_json)


@report_app.command("view", epilog=_examples("catseye report view out 5f0c --media 1 --to 1.jpg --by 'Lê Hoa' --reason 'to review it'"))
def report_view(
    out: RunFolder,
    name: ReportId,
    *,
    media: Annotated[int, typer.Option("--media", metavar="N", help="Which of its files, from 1.", min=1, show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where the copy goes.", show_default=False)],
    by: ByPerson,
    reason: Because,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Take a redacted copy out of the vault; the look is logged."""
    from catseye.station.verbs.reports import view_copy

    return _tell(view_copy(out, name, media, to, by, reason, site), as_json)


@report_app.command("triage", epilog=_examples("catseye report triage out 5f0c --by 'Lê An'"))
def report_triage(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that somebody has looked at a report that came in."""
    from catseye.station.verbs.reports import decide

    return _tell(decide(out, name, "triaged", by, site), as_json)


@report_app.command("duplicate", epilog=_examples("catseye report duplicate out 77ab --of 5f0c --by 'Lê An'"))
def report_duplicate(
    out: RunFolder,
    name: ReportId,
    *,
    of: Annotated[str, typer.Option("--of", metavar="REPORT", help="The first report of it.", show_default=False)],
    by: ByPerson,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Put a report to an earlier one of the same occurrence."""
    from catseye.station.verbs.reports import mark_duplicate

    return _tell(mark_duplicate(out, name, of, by, site), as_json)


@report_app.command("reopen", epilog=_examples("catseye report reopen out 77ab --by 'Lê An'"))
def report_reopen(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a duplicate up again, since the first report came to nothing."""
    from catseye.station.verbs.reports import reopen

    return _tell(reopen(out, name, by, site), as_json)


@report_app.command("accept", epilog=_examples("catseye report accept out 5f0c --by 'Lê An' --case c-5f0c12"))
def report_accept(
    out: RunFolder,
    name: ReportId,
    *,
    by: ByPerson,
    case: Annotated[str, typer.Option("--case", metavar="CASE", help="The case it belongs to: one reward a case.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Accept a report for review."""
    from catseye.station.verbs.reports import decide

    return _tell(decide(out, name, "accepted", by, site, case=case), as_json)


@report_app.command("reject", epilog=_examples("catseye report reject out 5f0c --by 'Lê An' --reason unreadable"))
def report_reject(
    out: RunFolder,
    name: ReportId,
    *,
    by: ByPerson,
    reason: Annotated[str, typer.Option("--reason", metavar="WORD", help="A word of docs/reference/verbs.md.", show_default=False)],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Reject a report, for one of the known reasons."""
    from catseye.station.verbs.reports import decide

    return _tell(decide(out, name, "rejected", by, site, reason=reason), as_json)


@report_app.command("review", epilog=_examples("catseye report review out 5f0c --by 'Lê Hoa' --finding upheld --reason 'red on both' --salt review.salt"))
def report_review(
    out: RunFolder,
    name: ReportId,
    *,
    by: ByPerson,
    finding: Annotated[Literal["upheld", "not-upheld"], typer.Option("--finding", help="What the media show.", show_default=False)],
    reason: Because,
    salt: Annotated[Path, typer.Option("--salt", metavar="FILE", help="The secret of the lot, mode 0600.", show_default=False)],
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write down what you found on the media.

    By lot another person reviews it again without seeing this; when the two disagree, a third one does.
    """
    from catseye.station.verbs.reports import review

    return _tell(review(out, name, finding, reason, by, salt, site), as_json)


@report_app.command("publish", epilog=_examples("catseye report publish out 5f0c --by 'Lê Hoa'"))
def report_publish(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Tell the reporter what came of it, without a word of the offender."""
    from catseye.station.verbs.reports import publish

    return _tell(publish(out, name, by, site), as_json)


@report_app.command("fund", epilog=_examples("catseye report fund out --scheme jinan-like --amount-minor 50000000 --key 2026 --by 'Phạm Mai'"))
def report_fund(
    out: RunFolder,
    *,
    scheme: InScheme,
    amount_minor: Annotated[int, typer.Option("--amount-minor", metavar="N", help="In whole minor units: fen, xu, cents.", min=1, show_default=False)],
    key: Annotated[str, typer.Option("--key", metavar="WORD", help="Names this funding: said again, it is not booked again.", show_default=False)],
    by: ByPerson,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Put money into a scheme's budget."""
    from catseye.station.verbs.reports import fund

    return _tell(fund(out, scheme, amount_minor, key, by, site), as_json)


@report_app.command("approve", epilog=_examples("catseye report approve out 5f0c --by 'Võ Chi'"))
def report_approve(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Make the reward of a report due.

    Without money in it for this report (not the first of its kind, the month's cap, a scheme without rewards) it is credited.
    """
    from catseye.station.verbs.reports import approve

    return _tell(approve(out, name, by, site), as_json)


@report_app.command("pay", epilog=_examples("catseye report pay out 5f0c --people people --people-keys people-keys --by 'Bùi Tuấn' --reason 'rewards of May'"))
def report_pay(
    out: RunFolder,
    name: ReportId,
    *,
    people: People,
    people_keys: PeopleKeys,
    by: ByPerson,
    reason: Because,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Book a reward out, and say to whom it goes.

    Whoever accepted, reviewed or approved the report cannot pay it. The look at the name is logged.
    """
    from catseye.station.verbs.reports import pay

    return _tell(pay(out, name, people, people_keys, by, reason, site), as_json)


@report_app.command("reverse", epilog=_examples("catseye report reverse out 5f0c --by 'Trần Văn' --reason 'the video was edited'"))
def report_reverse(out: RunFolder, name: ReportId, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a reward back by booking it back."""
    from catseye.station.verbs.reports import reverse

    return _tell(reverse(out, name, by, reason, site), as_json)


@report_app.command("lapse", epilog=_examples("catseye report lapse out --scheme jinan-like"))
def report_lapse(out: RunFolder, *, scheme: InScheme, site: OnServer = None, as_json: AsJson = False) -> int:
    """Give back to the budget what nobody fetched in time."""
    from catseye.station.verbs.reports import lapse

    return _tell(lapse(out, scheme, site), as_json)


@report_app.command("ledger", epilog=_examples("catseye report ledger out", "catseye report ledger out --account budget/jinan-like"))
def report_ledger(
    out: RunFolder,
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only of this account.")] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Show the books."""
    from catseye.station.verbs.reports import ledger

    return _tell(ledger(out, account, site), as_json)


@report_app.command(
    "forget-reporter",
    epilog=_examples("catseye report forget-reporter out 6f0c… --people people --people-keys people-keys --by 'Lê Hoa' --reason 'on request'"),
)
def report_forget_reporter(
    out: RunFolder,
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="Whom to forget.", show_default=False)],
    *,
    people: People,
    people_keys: PeopleKeys,
    by: ByPerson,
    reason: Because,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Destroy who a reporter is; reports, ledger and log stay."""
    from catseye.station.verbs.reports import forget_reporter

    return _tell(forget_reporter(out, people, people_keys, pseudonym, by, reason, site), as_json)


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
    verbs = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands} | {"models", "log", "case"}
    return f"{said[0]} " if said and said[0] in verbs else ""


def _is_interactive() -> bool:
    return sys.stdout.isatty() and sys.stdin.isatty()


def _wants_progress(as_json: bool) -> bool:
    return sys.stderr.isatty() and not as_json
