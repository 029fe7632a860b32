"""`catseye case …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from catseye.station.commands.shared import AsJson, Because, ByPerson, CaseName, OnServer, RunFolder, examples, group, tell

app = group("Cases: what people decide about what the machine saw.")


@app.command(
    "open",
    epilog=examples(
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

    return tell(open_cases(out, site, jurisdiction, place, tolerance_kmh), as_json)


@app.command("list", epilog=examples("catseye case list out", "catseye case list out --state detected --state confirmed-once", "catseye case list out --all"))
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

    return tell(list_cases(out, state or (), site, everything=everything), as_json)


@app.command(
    "show",
    epilog=examples(
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

    return tell(show_case(out, name, site) if picture is None else take_picture(out, name, picture, to, by, reason, site), as_json)


@app.command("confirm", epilog=examples("catseye case confirm out c-5f0c12 --by 'Nguyễn Thị Lan' --reason 'red on both lamps, past the line'"))
def case_confirm(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that it was a violation.

    Where the law of the case wants two people, the second must be another one.
    """
    from catseye.station.verbs.cases import confirm_case

    return tell(confirm_case(out, name, by, reason, site), as_json)


@app.command("dismiss", epilog=examples("catseye case dismiss out c-5f0c12 --by 'Nguyễn Thị Lan' --reason 'an ambulance on call'"))
def case_dismiss(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that nobody has to answer for it."""
    from catseye.station.verbs.cases import dismiss_case

    return tell(dismiss_case(out, name, by, reason, site), as_json)


@app.command("reopen", epilog=examples("catseye case reopen out c-5f0c12 --by 'Trần Minh' --reason 'the call was an hour later'"))
def case_reopen(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Begin a dismissed case anew; not by who dismissed it."""
    from catseye.station.verbs.cases import reopen_case

    return tell(reopen_case(out, name, by, reason, site), as_json)


@app.command("plate", epilog=examples("catseye case plate out c-5f0c12 --text 51F-123.45 --by 'Lê Hoa'"))
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

    return tell(confirm_plate(out, name, by, text, reason, site), as_json)


@app.command(
    "package",
    epilog=examples(
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

    return tell(package_case(out, name, to, by, reason, key, certificate, site), as_json)


@app.command("submit", epilog=examples("catseye case submit out c-5f0c12 --by 'Lê Hoa' --to 'Traffic police' --package c-5f0c12.zip --root root.pem"))
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

    return tell(submit_case(out, name, by, to, package, root, site), as_json)


@app.command("answer", epilog=examples("catseye case answer out c-5f0c12 --by 'Vũ Sơn' --outcome accepted --reason 'the red light is clear'"))
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

    return tell(answer_case(out, name, by, outcome, reason, site), as_json)


@app.command("close", epilog=examples("catseye case close out c-5f0c12 --by 'Lê Hoa' --reason paid"))
def case_close(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Close an answered case; the owner may still appeal in time."""
    from catseye.station.verbs.cases import close_case

    return tell(close_case(out, name, by, reason, site), as_json)


@app.command("withdraw", epilog=examples("catseye case withdraw out c-5f0c12 --by 'Lê Hoa' --reason 'the lamp was repaired that day'"))
def case_withdraw(out: RunFolder, name: CaseName, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a submitted case back, in favour of the owner, for good."""
    from catseye.station.verbs.cases import withdraw_case

    return tell(withdraw_case(out, name, by, reason, site), as_json)


@app.command(
    "appeal",
    epilog=examples(
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

    return tell(appeal_case(out, name, by, reason, filed=filed, heard=heard, outcome=outcome, leave=leave, site=site), as_json)


@app.command("export", epilog=examples("catseye case export out c-5f0c12 --to reports --by 'Lê Hoa' --reason 'file of the authority'"))
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

    return tell(export_case(out, name, to, by, reason, root, site), as_json)
