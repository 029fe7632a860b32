"""`catseye report …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from catseye.station.commands.shared import AsJson, Because, ByPerson, InScheme, OnServer, People, PeopleKeys, ReportId, RunFolder, examples, group, tell

app = group("Citizens' reports of violations, accidents and hazards, and their rewards.")


@app.command("scheme", epilog=examples("catseye report scheme out jinan-like --by 'Trần Văn'", "catseye report scheme out ours.toml --by 'Trần Văn'"))
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

    return tell(adopt_scheme(out, source, by, site), as_json)


@app.command("salt", epilog=examples("catseye report salt review.salt"))
def report_salt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes.", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Make the secret by which second reviews are drawn."""
    from catseye.station.verbs.reports import make_salt

    return tell(make_salt(file), as_json)


@app.command(
    "enrol",
    epilog=examples(
        "catseye report enrol out --people people --people-keys people-keys --from lan.toml",
        "catseye report enrol out --people people --people-keys people-keys --from lan.toml --change --by 'Đỗ Mai' --reason 'another bank, in person'",
    ),
)
def report_enrol(
    out: RunFolder,
    *,
    people: People,
    people_keys: PeopleKeys,
    source: Annotated[Path, typer.Option("--from", metavar="FILE|-", help="TOML: name, document, contact, payout; - reads stdin.", show_default=False)],
    change: Annotated[bool, typer.Option("--change", help="Replace what is known of somebody enrolled; never by who pays.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="With --change: who you are; it is written down for good.", show_default=False)] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="With --change: why.", show_default=False)] = "",
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Give a person a pseudonym; the same person keeps theirs.

    Other words for a document that is known are refused without --change.
    """
    from catseye.station.verbs.reports import enrol

    return tell(enrol(out, people, people_keys, source, site, is_change=change, by=by, reason=reason), as_json)


@app.command(
    "file",
    epilog=examples(
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
    people: Annotated[Path | None, typer.Option("--people", metavar="DIR", help="The identity vault: who is not enrolled there is refused.")] = None,
    people_keys: Annotated[Path | None, typer.Option("--people-keys", metavar="DIR", help="Its keys.")] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Take a report in.

    Originals are sealed to the authority, copies are made of pixels with heads and plates filled; it is received once both are safe.
    """
    from catseye.station.verbs.reports import file_report

    outcome = file_report(
        out,
        scheme,
        reporter,
        offence,
        happened,
        place,
        accuracy_m,
        text,
        plate,
        media,
        recipient or (),
        detector,
        agrees=agree,
        is_of_age=of_age,
        people=people,
        people_keys=people_keys,
        site=site,
    )
    return tell(outcome, as_json)


@app.command("deliveries", epilog=examples("catseye report deliveries out --json"))
def report_deliveries(out: RunFolder, *, site: OnServer = None, as_json: AsJson = False) -> int:
    """List accidents and hazards that nobody has told on yet.

    Exit 1 while there is one: for whatever watches over the site.
    """
    from catseye.station.verbs.reports import deliveries

    return tell(deliveries(out, site), as_json)


@app.command("deliver", epilog=examples("catseye report deliver out 5f0c --to 'Traffic police dispatch' --by 'Lê An'"))
def report_deliver(
    out: RunFolder,
    name: ReportId,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who was told, as `report deliveries` names them.", show_default=False)],
    by: ByPerson,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Write down that an accident or a hazard was told on."""
    from catseye.station.verbs.reports import deliver

    return tell(deliver(out, name, to, by, site), as_json)


@app.command("list", epilog=examples("catseye report list out", "catseye report list out --scheme jinan-like --state received"))
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

    return tell(list_reports(out, scheme, state or (), site), as_json)


@app.command("show", epilog=examples("catseye report show out 5f0c"))
def report_show(out: RunFolder, name: ReportId, *, site: OnServer = None, as_json: AsJson = False) -> int:
    """Show a report, and earlier ones that may tell of the same.

    What reviewers found is shown once no further review is wanted.
    """
    from catseye.station.verbs.reports import show_report

    return tell(show_report(out, name, site), as_json)


@app.command("view", epilog=examples("catseye report view out 5f0c --media 1 --to 1.jpg --by 'Lê Hoa' --reason 'to review it'"))
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

    return tell(view_copy(out, name, media, to, by, reason, site), as_json)


@app.command("triage", epilog=examples("catseye report triage out 5f0c --by 'Lê An'"))
def report_triage(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Say that somebody has looked at a report that came in."""
    from catseye.station.verbs.reports import decide

    return tell(decide(out, name, "triaged", by, site), as_json)


@app.command("duplicate", epilog=examples("catseye report duplicate out 77ab --of 5f0c --by 'Lê An'"))
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

    return tell(mark_duplicate(out, name, of, by, site), as_json)


@app.command("reopen", epilog=examples("catseye report reopen out 77ab --by 'Lê An'"))
def report_reopen(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a duplicate up again, since the first report came to nothing."""
    from catseye.station.verbs.reports import reopen

    return tell(reopen(out, name, by, site), as_json)


@app.command("accept", epilog=examples("catseye report accept out 5f0c --by 'Lê An' --case c-5f0c12"))
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

    return tell(decide(out, name, "accepted", by, site, case=case), as_json)


@app.command("reject", epilog=examples("catseye report reject out 5f0c --by 'Lê An' --reason unreadable"))
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

    return tell(decide(out, name, "rejected", by, site, reason=reason), as_json)


@app.command("review", epilog=examples("catseye report review out 5f0c --by 'Lê Hoa' --finding upheld --reason 'red on both' --salt review.salt"))
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

    return tell(review(out, name, finding, reason, by, salt, site), as_json)


@app.command("publish", epilog=examples("catseye report publish out 5f0c --by 'Lê Hoa'"))
def report_publish(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Tell the reporter what came of it, without a word of the offender."""
    from catseye.station.verbs.reports import publish

    return tell(publish(out, name, by, site), as_json)


@app.command("fund", epilog=examples("catseye report fund out --scheme jinan-like --amount-minor 50000000 --key 2026 --by 'Phạm Mai'"))
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

    return tell(fund(out, scheme, amount_minor, key, by, site), as_json)


@app.command("approve", epilog=examples("catseye report approve out 5f0c --by 'Võ Chi'"))
def report_approve(out: RunFolder, name: ReportId, *, by: ByPerson, site: OnServer = None, as_json: AsJson = False) -> int:
    """Make the reward of a report due.

    Without money in it for this report (not the first of its kind, the month's cap, a scheme without rewards) it is credited.
    """
    from catseye.station.verbs.reports import approve

    return tell(approve(out, name, by, site), as_json)


@app.command("pay", epilog=examples("catseye report pay out 5f0c --people people --people-keys people-keys --by 'Bùi Tuấn' --reason 'rewards of May'"))
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

    return tell(pay(out, name, people, people_keys, by, reason, site), as_json)


@app.command("reverse", epilog=examples("catseye report reverse out 5f0c --by 'Trần Văn' --reason 'the video was edited'"))
def report_reverse(out: RunFolder, name: ReportId, *, by: ByPerson, reason: Because, site: OnServer = None, as_json: AsJson = False) -> int:
    """Take a reward back by booking it back."""
    from catseye.station.verbs.reports import reverse

    return tell(reverse(out, name, by, reason, site), as_json)


@app.command("lapse", epilog=examples("catseye report lapse out --scheme jinan-like"))
def report_lapse(out: RunFolder, *, scheme: InScheme, site: OnServer = None, as_json: AsJson = False) -> int:
    """Give back to the budget what nobody fetched in time."""
    from catseye.station.verbs.reports import lapse

    return tell(lapse(out, scheme, site), as_json)


@app.command("ledger", epilog=examples("catseye report ledger out", "catseye report ledger out --account budget/jinan-like"))
def report_ledger(
    out: RunFolder,
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only of this account.")] = None,
    site: OnServer = None,
    as_json: AsJson = False,
) -> int:
    """Show the books."""
    from catseye.station.verbs.reports import ledger

    return tell(ledger(out, account, site), as_json)


@app.command(
    "forget-reporter",
    epilog=examples("catseye report forget-reporter out 6f0c… --people people --people-keys people-keys --by 'Lê Hoa' --reason 'on request'"),
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

    return tell(forget_reporter(out, people, people_keys, pseudonym, by, reason, site), as_json)
