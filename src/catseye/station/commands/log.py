"""`catseye log …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, examples, group, tell, wants_progress

app = group("The sealed log of a run's vault: keys, signed heads, checks.")


@app.command("key", epilog=examples("catseye log key log-signing.pem"))
def log_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; its public half beside it (.pub).", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Make a key that signs heads (Ed25519)."""
    from catseye.station.verbs.log import make_key

    return tell(make_key(file), as_json)


@app.command("head", epilog=examples("catseye log head out --key log-signing.pem --to head.json"))
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

    return tell(sign_log(out, key, to, site), as_json)


@app.command("prove", epilog=examples("catseye log prove out --old 1200 --new 1873 --to proof.json"))
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

    return tell(prove_log(out, old, new, to, site), as_json)


@app.command("check", epilog=examples("catseye log check out", "catseye log check out --head head.json --public-key log-signing.pem.pub"))
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

    return tell(check_log(out, head or (), public_key, site), as_json)


@app.command(
    "relay", epilog=examples("catseye log relay out --to nats://127.0.0.1:4222", "catseye log relay out --to 'tls://${env:NATS_LOGIN}@bus:4222' --once")
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

    return tell(relay_log(out, to, site, once=once, progress=wants_progress(as_json)), as_json)
