"""`catseye authority …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, examples, group, tell

app = group("The authority: its root certificate, and those it issues to the signers of sites.")


@app.command("root", epilog=examples("catseye authority root authority --name 'Road Authority of Hanoi'"))
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

    return tell(make_root(folder, name, since, until), as_json)


@app.command(
    "certify", epilog=examples("catseye authority certify log-signing.pem.pub --authority authority --site junction-7 --until 2027-12-31 --to signer.pem")
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

    return tell(certify(public_key, authority, site, to, since, until), as_json)
