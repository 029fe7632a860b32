"""What people do with citizens' reports, step by step, in a vault: every decision is checked against the report as it is, and a late one refused."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from catseye.cases.citizen_reports import (
    REPORT,
    UPHELD,
    Claim,
    Evidence,
    Report,
    ReportStateError,
    intake,
    is_drawn,
    next_step,
    outcome_text,
    report_of,
)
from catseye.cases.duplicates import Likeness, likenesses, order
from catseye.cases.scheme import Adopted, Scheme, scheme_in_force
from catseye.core.errors import CatseyeError
from catseye.core.time import Stamp
from catseye.vault.dossiers import DossierMovedError
from catseye.vault.identities import DOSSIER
from catseye.vault.kept_for import IDENTITY
from catseye.vault.retention import Promised

if TYPE_CHECKING:
    from catseye.vault.vault import Vault


def receive(vault: "Vault", adopted: Adopted, claim: Claim, evidence: Sequence[Evidence], received: Stamp) -> Report:
    """Take a report in, once its media are safe; durable on return. The same again is told as it was received. ReportRefusedError."""
    name, steps = intake(claim, evidence, adopted, received)
    if not vault.dossiers.steps(REPORT, name):
        with suppress(DossierMovedError):  # the same report, sent twice at once: one of them is enough
            vault.dossiers.add(REPORT, name, steps)
            vault.retention.end(REPORT, name, None)
    report = read(vault, name)
    if not report.is_over:
        _keep_name(vault, report)
    return report


def read(vault: "Vault", name: str) -> Report:
    """The report as it is. ReportStateError when there is none, or its steps do not follow from each other."""
    return report_of(name, vault.dossiers.steps(REPORT, name))


def reports(vault: "Vault", scheme: str = "") -> Iterator[Report]:
    """All reports, or those under one scheme, the first to come in first."""
    found = (report_of(name, steps) for name, steps in vault.dossiers.of_kind(REPORT))
    yield from sorted((report for report in found if scheme in ("", report.scheme)), key=order)


def scheme_of(vault: "Vault", report: Report) -> Scheme:
    """The rules of the day it came in."""
    return scheme_in_force(vault, report.scheme, report.version).scheme


def decide(vault: "Vault", name: str, kind: str, when: Stamp, by: str, **facts: Any) -> Report:
    """One step by a person. ReportStateError when it may not be, DossierMovedError when somebody else was faster."""
    vault.dossiers.add(REPORT, name, [next_step(read(vault, name), kind, when, by, facts)])
    return settle(vault, name, when)


def settle(vault: "Vault", name: str, when: Stamp) -> Report:
    """The report as it is; one that is over is kept as long as the site's retention says from then on, one that is open as long as it takes."""
    del when
    report = read(vault, name)
    vault.retention.end(REPORT, name, report.over_since)
    if not report.is_over:
        _keep_name(vault, report)
    return report


def promised(vault: "Vault", names: frozenset[str]) -> Promised:
    """What was promised of reports that are over, for whoever forgets: `names` are the reporters whose names that one can destroy.

    What is not used goes after the days of its scheme, what is used for a case of this vault with that case; all else as the site says.
    """
    days: dict[str, int] = {}
    with_case: dict[str, str] = {}
    for name, steps in vault.dossiers.of_kind(REPORT):
        try:
            report = report_of(name, steps)
            unused_days = scheme_of(vault, report).reporter.unused_days
        except CatseyeError:
            continue  # of steps or a scheme that cannot be read: as the site says
        if report.is_used and report.case:
            with_case[name] = report.case
        elif not report.is_used and unused_days is not None:
            days[name] = unused_days
    return Promised(names, days, with_case)


def settle_all(vault: "Vault") -> None:
    """Tell the vault of every report since when it is over, and of every reporter since when none is open; whoever forgets does this first.

    Steps are all a report is: killed between a step and its telling, this tells it again. A report whose steps do not follow stays as it is, and with it the
    name of its reporter.
    """
    ends: dict[str, list[Stamp | None]] = {}
    for name, steps in vault.dossiers.of_kind(REPORT):
        try:
            report = report_of(name, steps)
        except ReportStateError:
            ends.setdefault(steps[0].by, []).append(None)
            continue
        vault.retention.end(REPORT, name, report.over_since)
        ends.setdefault(report.claim.reporter, []).append(report.over_since)
    for reporter, steps in vault.dossiers.of_kind(DOSSIER):
        of_reports = ends.get(reporter, [])
        known = [each for each in (steps[-1].when, vault.retention.ended(IDENTITY, reporter), *of_reports) if each is not None]
        vault.retention.end(IDENTITY, reporter, None if None in of_reports else max(known, key=lambda each: each.utc_ns))


def _keep_name(vault: "Vault", report: Report) -> None:
    """As long as a report is open, so long its reporter is known."""
    if vault.retention.kept(IDENTITY, report.claim.reporter):
        vault.retention.end(IDENTITY, report.claim.reporter, None)


def find(vault: "Vault", beginning: str) -> Report:
    """The report whose id begins so. ReportStateError when there is none, or more than one."""
    found = [name for name, _ in vault.dossiers.of_kind(REPORT) if beginning and name.startswith(beginning)]
    if len(found) != 1:
        raise ReportStateError(f"report {beginning!r}", f"{len(found)} reports that begin so", "the id of one, or enough of its beginning")
    return read(vault, found[0])


def alike(vault: "Vault", name: str) -> list[Likeness]:
    """Earlier reports that may tell of the same: what the machine suggests to whoever triages."""
    report = read(vault, name)
    earlier = [other for other in reports(vault, report.scheme) if order(other) < order(report)]
    return likenesses(report, earlier, scheme_of(vault, report).duplicates)


def mark_duplicate(vault: "Vault", name: str, of: str, when: Stamp, by: str) -> Report:
    """Put a report to an earlier one. ReportStateError when that one is later, rejected or a duplicate itself."""
    report, first = read(vault, name), read(vault, of)
    if order(first) >= order(report) or first.state in ("rejected", "duplicate") or first.scheme != report.scheme:
        raise ReportStateError(f"report {name}", f"a duplicate of {of}, which is later, {first.state} or of another scheme", "the first report of it")
    return decide(vault, name, "duplicate-of", when, by, of=of)


def reopen(vault: "Vault", name: str, when: Stamp, by: str) -> Report:
    """Take up a duplicate again, since the report it was put to came to nothing. ReportStateError as long as that may still be valid."""
    report = read(vault, name)
    if report.state == "duplicate" and ((first := read(vault, report.of)).is_open or first.is_valid):
        raise ReportStateError(f"report {name}", f"it is the same as {first.id}, which is {first.state}", "one whose first report came to nothing")
    return decide(vault, name, "reopened", when, by)


def review(vault: "Vault", name: str, finding: str, why: str, when: Stamp, by: str, salt: bytes) -> Report:
    """What somebody found on the media. After the first review the lot says whether another person does it again, without seeing this one."""
    report = read(vault, name)
    is_again = is_drawn(salt, name, scheme_of(vault, report).review.again_ratio)
    return decide(vault, name, "reviewed", when, by, finding=finding, why=why, drawn=is_again)


def publish(vault: "Vault", name: str, when: Stamp, by: str) -> Report:
    """Tell the reporter what came of it, in words that know nothing of the offender; a duplicate whose first report was upheld is credited with it."""
    report = read(vault, name)
    told = decide(vault, name, "outcome-published", when, by, text=outcome_text(report, scheme_of(vault, report)))
    if told.state == "duplicate" and read(vault, told.of).finding == UPHELD:
        return decide(vault, name, "credited", when, by, why="reported before")
    return told
