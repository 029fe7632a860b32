"""`catseye case`: the desk on the command line. Whoever decides says who they are and why; the machine only ever opens."""

import hashlib
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from catseye.cases import transitions
from catseye.cases.account import account, in_time_until, measured_in_words
from catseye.cases.case import Case, State
from catseye.cases.desk import CaseDesk
from catseye.cases.facts import Answers
from catseye.cases.jurisdiction import jurisdiction_named
from catseye.cases.people import person
from catseye.cases.report_json import report_json
from catseye.cases.report_pdf import report_pdf
from catseye.cases.terms import clock
from catseye.cases.timeline import timeline
from catseye.core.errors import SiteError, SourceError, StoreError
from catseye.core.time import Stamp
from catseye.station.case_openings import Openings
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.verbs.tables import lines_of_table
from catseye.station.watch import VAULT
from catseye.vault.dossiers import Step
from catseye.vault.files import file_name, make_folder, whole_file
from catseye.vault.vault import Vault

OPENED_BY = "machine:catseye case open"
_MANIFEST, _LARGEST_BYTES = "manifest.json", 64 << 20


def open_cases(out: Path, site: Path, jurisdiction: str, place: str, tolerance_kmh: float | None) -> RunOutcome:
    """A case for every violation of every run in the vault; those that are open already stay as they are."""
    loaded = load_site(site)
    openings = Openings(loaded, jurisdiction_named(jurisdiction), place, tolerance_kmh)
    fresh: list[Case] = []
    known_count = 0
    runs = runs_in(out)
    for run in runs:
        with vault_of(out, site, run) as vault:
            desk = CaseDesk(vault.dossiers)
            there = {case.id for case in desk.cases()[0]}
            for opening in openings.of_run(run, vault.events()):
                case = desk.open(opening, OPENED_BY, _now())
                if case.id in there:
                    known_count += 1
                else:
                    fresh.append(case)
                    there.add(case.id)
    lines = [f"{len(fresh)} cases opened, {known_count} were open already"]
    unlawful = sorted({case.opening.event.kind for case in fresh if not case.opening.law.statute})
    if unlawful:
        lines.append(f"no law of {jurisdiction} is known for {', '.join(unlawful)}: such cases can be looked at, never submitted")
    return RunOutcome(0, {"opened": [case.id for case in fresh], "known_count": known_count, "kinds_without_law": unlawful}, lines)


def list_cases(out: Path, states: Sequence[str], site: Path | None = None, *, everything: bool = False) -> RunOutcome:
    """The nearest deadline first; cases that are over only on demand. Exit 1 when a case on the disk is none."""
    wanted = [_state(name) for name in states]
    with vault_of(out, site) as vault:
        cases, faults = CaseDesk(vault.dossiers).cases(wanted)
    shown = [case for case in cases if wanted or everything or not case.is_over]
    now = _now()
    rows = [_row(case, now) for case in shown]
    lines = lines_of_table(["case", "state", "what", "where", "when", "in time until", "who is next"], rows, is_terminal=sys.stdout.isatty()) if rows else []
    hidden = len(cases) - len(shown)
    lines += [f"{len(shown)} cases" + (f", and {hidden} that are over (--all shows them)" if hidden else "")]
    summary = {"cases": [_summary(case) for case in shown], "hidden_count": hidden, "faults": [str(fault) for fault in faults]}
    return RunOutcome(1 if faults else 0, summary, [*lines, *(f"✗ {fault}" for fault in faults)])


def show_case(out: Path, name: str, site: Path | None = None) -> RunOutcome:
    """Everything that is known of it, and what happened to it."""
    with vault_of(out, site) as vault:
        case = CaseDesk(vault.dossiers).find(name)
    return RunOutcome(0, account(case), _page(case))


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


def submit_case(out: Path, name: str, by: str, authority: str, package: Path, site: Path | None = None) -> RunOutcome:
    """Hand a sealed package over: the case keeps the hash of its manifest."""
    digest = manifest_sha256(package)
    return _take(out, name, site, lambda case, now: transitions.submit(case, by, authority, digest, now))


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
    """The report, PDF and JSON, into a folder. That it left the house is written down first: no copy exists of which nobody knows."""
    with vault_of(out, site) as vault:
        desk = CaseDesk(vault.dossiers)
        case, now = desk.find(name), _now()
        person(by, case.where)
        files = {f"{case.id}.json": report_json(case, root_fingerprint=root_fingerprint), f"{case.id}.pdf": report_pdf(case, root_fingerprint=root_fingerprint)}
        make_folder(to)
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
        case = desk.take(case, transitions.export(case, by, reason, digests, now))
    for file, content in files.items():
        with whole_file(to / file, f"export{os.getpid()}") as written:
            written.write(content)
    summary = {"case": case.id, "files": {file: {"path": str(to / file), "sha256": digest} for file, digest in digests.items()}}
    return RunOutcome(0, summary, [f"written: {to / file} (SHA-256 {digest})" for file, digest in digests.items()])


def manifest_sha256(package: Path) -> str:
    """The hash by which a package is known; SourceError when the file is no zip with one manifest in it."""
    try:
        with zipfile.ZipFile(package) as archive:
            found = [entry for entry in archive.infolist() if entry.filename == _MANIFEST]
            if len(found) != 1 or found[0].file_size > _LARGEST_BYTES:
                raise SourceError(str(package), f"{len(found)} files called {_MANIFEST}" if len(found) != 1 else f"a {_MANIFEST} beyond all sizes", "a package")
            return hashlib.sha256(archive.read(found[0])).hexdigest()
    except OSError as fault:
        raise SourceError(str(package), (fault.strerror or str(fault)).lower(), "a package, as `catseye` sealed it") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as fault:
        raise SourceError(str(package), f"no package: {fault}", "a package, as `catseye` sealed it") from None


@contextmanager
def vault_of(out: Path, site: Path | None, run: str | None = None) -> Iterator[Vault]:
    """The vault of a folder that `watch` or `judge` wrote, under one of its runs; looking begins none."""
    url = load_site(site).database_url if site is not None else ""
    runs = runs_in(out)
    if not (url or (out / VAULT / "vault.db").is_file()):
        raise SourceError(str(out), "no vault with a database in it", "a folder that `watch` or `judge` wrote; with --site when its database is on a server")
    try:
        vault = Vault.open(out / VAULT, run or (runs[0] if runs else "run"), database_url=url)
    except StoreError as error:
        raise SourceError(str(out / VAULT), "a vault that cannot be opened: " + str(error), "one that can") from error
    with vault:
        yield vault


def runs_in(out: Path) -> list[str]:
    """The runs a vault holds, by name; SourceError when there is no vault."""
    if not (out / VAULT).is_dir():
        raise SourceError(str(out), "no vault with a database in it", "a folder that `watch` or `judge` wrote; with --site when its database is on a server")
    return sorted(place.name for place in (out / VAULT / "points").glob("*/") if file_name(place.name) == place.name)


def _take(out: Path, name: str, site: Path | None, make: Callable[[Case, Stamp], Step]) -> RunOutcome:
    with vault_of(out, site) as vault:
        desk = CaseDesk(vault.dossiers)
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


def _words(state: State) -> str:
    return state.value.replace("-", " ")


def _until(case: Case) -> str:
    return "" if case.deadline is None else f", in time until {in_time_until(case.deadline, case.opening.law.timezone)}"


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
