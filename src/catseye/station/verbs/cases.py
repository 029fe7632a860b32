"""`catseye case`: the desk on the command line. Whoever decides says who they are and why; the machine only ever opens."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from catseye.cases import transitions
from catseye.cases.account import account, in_time_until, measured_in_words
from catseye.cases.case import Case, State
from catseye.cases.desk import CaseDesk
from catseye.cases.facts import Answers
from catseye.cases.handover import verified_manifest
from catseye.cases.jurisdiction import jurisdiction_named
from catseye.cases.people import person
from catseye.cases.report_json import report_json
from catseye.cases.terms import clock
from catseye.cases.timeline import timeline
from catseye.core.errors import SiteError
from catseye.core.time import Stamp
from catseye.station.case_media import bytes_of, custody_of, media_named, stills_of
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.vaults import runs_in, vault_of
from catseye.station.verbs.tables import lines_of_table
from catseye.vault.authority import Certified, read_certificate
from catseye.vault.dossiers import Step
from catseye.vault.drawers import ForgottenError
from catseye.vault.files import make_folder, whole_file

OPENED_BY = "machine:catseye case open"


def open_cases(out: Path, site: Path, jurisdiction: str, place: str, tolerance_kmh: float | None) -> RunOutcome:
    """A case for every violation of every run in the vault; those that are open already stay as they are."""
    from catseye.station.case_openings import Openings  # rules and calibration are needed by this verb alone

    loaded = load_site(site)
    openings = Openings(loaded, jurisdiction_named(jurisdiction), place, tolerance_kmh)
    fresh: list[Case] = []
    known_count = forgotten_count = 0
    for run in runs_in(out):
        with vault_of(out, site, run) as vault:
            desk = CaseDesk(vault)
            desk.settle()
            there = {case.id for case in desk.cases()[0]}
            for opening in openings.of_run(run, vault.events()):
                try:
                    case = desk.open(opening, OPENED_BY, _now())
                except ForgottenError:
                    forgotten_count += 1  # its time was over, and its key is destroyed: nobody opens it again
                    continue
                if case.id in there:
                    known_count += 1
                else:
                    fresh.append(case)
                    there.add(case.id)
    lines = [f"{_count(len(fresh))} opened, {known_count} known already" + (f", {forgotten_count} are forgotten" if forgotten_count else "")]
    unlawful = sorted({case.opening.event.kind for case in fresh if not case.opening.law.statute})
    if unlawful:
        lines.append(f"no law of {jurisdiction} is known for {', '.join(unlawful)}: such cases can be looked at, never submitted")
    return RunOutcome(
        0, {"opened": [case.id for case in fresh], "known_count": known_count, "forgotten_count": forgotten_count, "kinds_without_law": unlawful}, lines
    )


def list_cases(out: Path, states: Sequence[str], site: Path | None = None, *, everything: bool = False) -> RunOutcome:
    """The nearest deadline first; cases that are over only on demand. Exit 1 when a case on the disk is none."""
    wanted = [_state(name) for name in states]
    with vault_of(out, site) as vault:
        cases, faults = CaseDesk(vault).cases(wanted)
    shown = [case for case in cases if wanted or everything or not case.is_over]
    now = _now()
    rows = [_row(case, now) for case in shown]
    lines = lines_of_table(["case", "state", "what", "where", "when", "in time until", "who is next"], rows, is_terminal=sys.stdout.isatty()) if rows else []
    hidden = len(cases) - len(shown)
    lines += [_count(len(shown)) + (f", and {hidden} that are over (--all shows them)" if hidden else "")]
    summary = {"cases": [_summary(case) for case in shown], "hidden_count": hidden, "faults": [str(fault) for fault in faults]}
    return RunOutcome(1 if faults else 0, summary, [*lines, *(f"✗ {fault}" for fault in faults)])


def show_case(out: Path, name: str, site: Path | None = None) -> RunOutcome:
    """Everything that is known of it, what happened to it, who looked at its pictures."""
    with vault_of(out, site) as vault:
        case = CaseDesk(vault).find(name)
        custody = custody_of(vault, case)
    lines = [f"{clock(each.when, case.opening.law.timezone)[:19]}  {each.who} {each.what} ({each.why})" for each in custody]
    return RunOutcome(0, account(case, custody), [*_page(case), *(["", "looks at its pictures", *lines] if lines else [])])


def take_picture(out: Path, name: str, picture: str, to: Path | None, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """One picture or clip of a case into a file; who looked and why is written down first."""
    if to is None or not by.strip() or not reason.strip():
        raise SiteError("--picture", "a look by nobody, for nothing, or to nowhere", "--by NAME, --reason TEXT and --to FILE")
    with vault_of(out, site) as vault:
        case = CaseDesk(vault).find(name)
        media = media_named(case, picture)
        content = bytes_of(vault, case, media, person(by, case.where), reason, _now())
    with whole_file(to, f"picture{os.getpid()}") as file:
        file.write(content)
    note = " (sealed: only the authority's key opens it)" if media.role in ("original", "plate") else ""
    return RunOutcome(0, {"case": case.id, "picture": picture, "path": str(to), "size_bytes": len(content)}, [f"written: {to}{note}; the look is written down"])


def confirm_case(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """One person says that it was a violation."""
    return _take(out, name, site, lambda case, now: transitions.confirm(case, by, reason, now))


def dismiss_case(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """One person says that nobody has to answer for it."""
    return _take(out, name, site, lambda case, now: transitions.dismiss(case, by, reason, now))


def reopen_case(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """A dismissed case begins anew."""
    return _take(out, name, site, lambda case, now: transitions.reopen(case, by, reason, now))


def confirm_plate(out: Path, name: str, by: str, text: str, reason: str, site: Path | None = None) -> RunOutcome:
    """The plate as a person read it."""
    return _take(out, name, site, lambda case, now: transitions.confirm_plate(case, by, text, now, reason))


def submit_case(out: Path, name: str, by: str, authority: str, package: Path, root: Path, site: Path | None = None) -> RunOutcome:
    """Hand a sealed package over, once it has passed every check with the authority's root; the case keeps the hash of its manifest."""
    trusted = read_certificate(root)
    return _take(out, name, site, lambda case, now: _submission(case, by, authority, package, trusted, now))


def _submission(case: Case, by: str, authority: str, package: Path, root: Certified, now: Stamp) -> Step:
    transitions.submit(case, by, authority, "0" * 64, "0" * 64, now)  # whatever forbids it is told before the package is looked at
    return transitions.submit(case, by, authority, verified_manifest(case, package, root), root.sha256, now)


def answer_case(out: Path, name: str, by: str, outcome: Answers, reason: str, site: Path | None = None) -> RunOutcome:
    """What the authority's officer said."""
    return _take(out, name, site, lambda case, now: transitions.answer(case, by, outcome, reason, now))


def close_case(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """Nothing is left to do."""
    return _take(out, name, site, lambda case, now: transitions.close(case, by, reason, now))


def withdraw_case(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """Take it back, in favour of the owner."""
    return _take(out, name, site, lambda case, now: transitions.withdraw(case, by, reason, now))


def appeal_case(
    out: Path,
    name: str,
    by: str,
    reason: str,
    *,
    filed: bool,
    heard: bool,
    outcome: Literal["upheld", "overturned"] | None = None,
    leave: str = "",
    site: Path | None = None,
) -> RunOutcome:
    """The owner appeals; or somebody who had no hand in the case decides on that."""
    if filed == heard:
        raise SiteError("case appeal", "both --filed and --heard" if filed else "neither --filed nor --heard", "one of them")
    if filed and outcome is not None:
        raise SiteError("--outcome", f"{outcome!r} of an appeal that is only filed", "--outcome with --heard")
    if filed:
        return _take(out, name, site, lambda case, now: transitions.file_appeal(case, by, reason, now, leave))
    if outcome is None:
        raise SiteError("--outcome", "nothing", "'upheld' or 'overturned'")
    return _take(out, name, site, lambda case, now: transitions.hear_appeal(case, by, outcome, reason, now))


def export_case(out: Path, name: str, to: Path, by: str, reason: str, root_fingerprint: str = "", site: Path | None = None) -> RunOutcome:
    """The report, PDF and JSON, into a folder. That it left the house is written down first: no copy exists of which nobody knows.

    Exit 1 when a still that belongs into it was forgotten.
    """
    from catseye.cases.report_pdf import report_pdf  # fonts and layout are needed by this verb alone

    with vault_of(out, site) as vault:
        desk = CaseDesk(vault)
        case, now = desk.find(name), _now()
        stills, gone = stills_of(vault, case, person(by, case.where), reason, now)
        custody = custody_of(vault, case)
        files = {
            f"{case.id}.json": report_json(case, custody, root_fingerprint),
            f"{case.id}.pdf": report_pdf(case, stills, custody, root_fingerprint),
        }
        make_folder(to)
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
        case = desk.take(case, transitions.export(case, by, reason, digests, now))
    for file, content in files.items():
        with whole_file(to / file, f"export{os.getpid()}") as written:
            written.write(content)
    summary = {"case": case.id, "files": {file: {"path": str(to / file), "sha256": digest} for file, digest in digests.items()}, "forgotten": gone}
    return RunOutcome(1 if gone else 0, summary, [*(f"written: {to / file} (SHA-256 {digest})" for file, digest in digests.items()), *gone])


def _take(out: Path, name: str, site: Path | None, make: Callable[[Case, Stamp], Step]) -> RunOutcome:
    with vault_of(out, site) as vault:
        desk = CaseDesk(vault)
        case = desk.find(name)
        moved = desk.take(case, make(case, _now()))
    told = timeline(moved)[-1]
    lines = [f"{moved.id}: {told.by} {told.what}", f"it is {_words(moved.state)} now; next: {moved.next_to_act}{_until(moved)}"]
    return RunOutcome(0, _summary(moved), lines)


def _now() -> Stamp:
    return Stamp(time.time_ns())


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise SiteError("--state", repr(name), f"one of {', '.join(State)}") from None


def _count(number: int) -> str:
    return f"{number} case" + ("" if number == 1 else "s")


def _words(state: State) -> str:
    return state.value.replace("-", " ")


def _until(case: Case) -> str:
    if case.deadline is None:
        return ""
    is_over = _now().utc_ns >= case.deadline.utc_ns
    return f", {'too late since' if is_over else 'in time until'} {in_time_until(case.deadline, case.opening.law.timezone)}"


def _row(case: Case, now: Stamp) -> list[str]:
    o, zone = case.opening, case.opening.law.timezone
    when = "not known" if o.event.when is None else clock(o.event.when, zone)[:16]
    until = in_time_until(case.deadline, zone)
    if case.deadline is not None and now.utc_ns >= case.deadline.utc_ns:
        until += " (over)"
    return [case.id, _words(case.state), o.law.offence, o.place, when, until, case.next_to_act]


def _summary(case: Case) -> dict[str, Any]:
    said = account(case)
    return {name: said[name] for name in ("case", "state", "what", "where", "when", "deadline", "next_to_act")}


def _page(case: Case) -> list[str]:
    o, zone, d = case.opening, case.opening.law.timezone, case.decided
    when = "nothing says when" if o.event.when is None else f"{clock(o.event.when, zone)} ({zone})"
    lines = [f"{case.id}: {o.law.offence}", f"state     {_words(case.state)}; next: {case.next_to_act}{_until(case)}"]
    lines += [
        f"where     {o.place}; site {o.site}, camera {o.event.camera}",
        f"when      {when}",
        f"who       {', '.join(o.event.road_users) or 'a road user'}",
    ]
    lines += [f"measured  {measured_in_words(case) or 'nothing'}", f"law       {o.law.statute or 'none is named'} ({o.law.name})"]
    lines += [f"plate     {f'{d.plate.said}, read by {d.plate.by}' if d.plate else 'no person has read it'}"]
    lines += [f"media     {', '.join(f'{each.role} {each.ref}' for each in case.media) or 'none'}"]
    if case.state in (State.DETECTED, State.CONFIRMED_ONCE, State.CONFIRMED, State.PLATE_CONFIRMED):
        lines += [f"✗ cannot be submitted: {obstacle}" for obstacle in case.obstacles_to_submission(_now())]
    lines += ["", "● a person decided   ○ the machine suggested"]
    for told in timeline(case):
        why = f" ({told.why})" if told.why else ""
        lines.append(f"{clock(told.when, zone)[:19]}  {'○' if told.by_machine else '●'} {told.by} {told.what}{why}")
    return lines
