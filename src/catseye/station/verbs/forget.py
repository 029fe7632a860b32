"""`catseye forget`: destroy what is over, by retention class, and prove it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time_ns

from catseye.cases import report_desk
from catseye.cases.citizen_reports import REPORT
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.cases.people import person
from catseye.core.errors import SiteError
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.station.case_openings import violation_kinds
from catseye.station.outcome import RunOutcome
from catseye.station.rule_keys import nearest
from catseye.station.site import load_site
from catseye.station.vaults import vault_of
from catseye.vault.identities import Identities, NamesForgotten
from catseye.vault.kept_for import CASE, CLASSES, IDENTITY, KeptFor
from catseye.vault.retention import Forgotten
from catseye.vault.vault import Vault

_CLOCK_SKEW_NS = NS_PER_MINUTE
COPIES = (  # of what a vault holds: of the run, and reports and packages of cases where `demo` and how-to pages put them
    *("events.jsonl", "crossings.csv", "passings.csv", "signals.csv", "points.parquet", "tracks.parquet", "report*.html", "preview-*.mp4"),
    *("c-*.zip", "*/c-*.json", "*/c-*.pdf"),
)


def forget(
    out: Path,
    now: Stamp,
    *,
    site: Path | None = None,
    classes: Sequence[str] = (),
    case: str | None = None,
    by: str = "",
    reason: str = "",
    people: Path | None = None,
    people_keys: Path | None = None,
    is_dry: bool = False,
) -> RunOutcome:
    """Exit 1 when something destroyed was found again. Without `people` no name is touched, and that is told where there are reports."""
    if unknown := [name for name in classes if name not in CLASSES]:
        raise SiteError("--class", f"no retention class '{unknown[0]}'", nearest(unknown[0], CLASSES))
    if not is_dry and now.utc_ns > time_ns() + _CLOCK_SKEW_NS:
        raise SiteError("--now", f"{now.iso()}, which is still to come", "a moment that has been: with --dry-run any, to see what would be over by then")
    if classes and case is not None:
        raise SiteError("--case", "a case and a class", "one of the two")
    _refuse_half(people, people_keys, classes, case)
    why = _why(case, by, reason)
    kept_for = load_site(site).retention if site is not None else KeptFor()
    with vault_of(out, site) as vault:
        identities = Identities(people, people_keys, vault) if people is not None and people_keys is not None else None
        if case is not None:
            _refuse_beginning(vault, case)
            _refuse_going_on(vault, case)
        if not is_dry:
            CaseDesk(vault).settle()
            if identities is not None:
                identities.note_all(now)
            report_desk.settle_all(vault)
        subject = (CASE, case) if case is not None else None
        promised = report_desk.promised(vault, identities.forgettable() if identities is not None else frozenset())
        done = vault.retention.forget(now, kept_for, violation_kinds(), classes or CLASSES, subject, promised, why=why, is_dry=is_dry)
        names = NamesForgotten() if identities is None or is_dry else identities.forget_forgotten()
        faults = [] if is_dry else vault.log_faults()
        unseen = _unseen(vault, identities) if case is None and (not classes or IDENTITY in classes) else []
    copies = sorted(str(path) for name in COPIES for path in out.glob(name)) if done.counts else []
    summary = {**_summary(done, faults, copies), "names": _names_summary(names, unseen)}
    is_bad = bool(done.left or names.left or faults)
    return RunOutcome(1 if is_bad else 0, summary, [*_lines(done, faults, copies), *_names_lines(names), *unseen])


def _refuse_half(people: Path | None, people_keys: Path | None, classes: Sequence[str], case: str | None) -> None:
    """SiteError for half of the identity vault, for one that is not there (a new one has no names), for names without either."""
    for option, given, other in (("--people", people, people_keys), ("--people-keys", people_keys, people)):
        if given is None and (other is not None or IDENTITY in classes):
            raise SiteError(option, "not given", "the identity vault and its keys, both: --people DIR --people-keys DIR")
        if given is not None and case is not None:
            raise SiteError(option, "with --case", "one of the two: a case knows no reporter")
        if given is not None and not given.is_dir():
            raise SiteError(option, f"no folder {given}", "the folder that `report enrol` was given")


def _unseen(vault: Vault, identities: Identities | None) -> list[str]:
    """Names that this forgetting could not reach."""
    known = {name for name, _ in vault.dossiers.of_kind(IDENTITY)}
    if identities is None:
        has_any = bool(known) or any(True for _ in vault.dossiers.of_kind(REPORT))
        return ["names of reporters were not looked at: --people DIR --people-keys DIR forgets those that are over"] if has_any else []
    elsewhere = known - identities.forgettable()
    return [f"names of {len(elsewhere)} reporters are not in the folder that --people names, and stay where they are"] if elsewhere else []


def _names_summary(names: NamesForgotten, unseen: list[str]) -> Mapping[str, object]:
    proof = {"traces": names.traces_count, "files": names.files_count, "bytes": names.searched_bytes, "left": list(names.left)}
    return {"forgotten": names.names_count, "proof": proof, "not_looked_at": unseen}


def _names_lines(names: NamesForgotten) -> list[str]:
    if not names.names_count:
        return []
    told = f"{names.traces_count} keys and files looked for in {names.searched_bytes} bytes of {names.files_count} files"
    lines = [f"names forgotten: {names.names_count}", f"proof: {told}: {len(names.left)} found"]
    return lines + [f"still there: {place}" for place in names.left]


def _why(case: str | None, by: str, reason: str) -> str:
    """What the log keeps of it: who wants a case to be forgotten before its days, and why; nothing where days alone decide."""
    if case is None:
        if by or reason:
            raise SiteError("--by, --reason", "given without --case", "nothing, where the days of a class decide")
        return ""
    if not reason.strip():
        raise SiteError("--reason", "nothing", "why this case is forgotten before its days, such as a court's order")
    return f"{person(by, f'case {case}')}: {reason.strip()}"


def _refuse_going_on(vault: Vault, name: str) -> None:
    """SiteError while people are at it: evidence in a case that goes on is nobody's to destroy."""
    if not vault.dossiers.steps(CASE, name):
        return  # an earlier forgetting was stopped; it is finished now
    try:
        case = CaseDesk(vault).case(name)
    except CaseError:
        return  # its steps are no case: nobody can go on with it
    if case.decided.confirmations and not case.is_over:
        raise SiteError("--case", f"{name} is {case.state.value}", "a case that is over, or that nobody has confirmed")


def _refuse_beginning(vault: Vault, name: str) -> None:
    """SiteError where other verbs would guess which case is meant: what is forgotten does not come back."""
    found = [each for each, _ in vault.dossiers.of_kind(CASE) if each.removeprefix("c-").startswith(name.removeprefix("c-"))]
    if found and name not in found:
        raise SiteError("--case", f"{name!r}, the beginning of a name", f"all of it: {', '.join(sorted(found)[:3])}")


def _summary(done: Forgotten, faults: list[str], copies: list[str]) -> Mapping[str, object]:
    proof = {"traces": done.traces_count, "files": done.files_count, "bytes": done.searched_bytes, "left": list(done.left)}
    return {"dry_run": done.is_dry, "forgotten": done.counts, "finished": done.finished_count, "proof": proof, "log_faults": faults, "copies": copies}


def _lines(done: Forgotten, faults: list[str], copies: list[str]) -> list[str]:
    verb = "would forget" if done.is_dry else "forgotten"
    lines = [f"{verb}: {name}: {', '.join(f'{count} {what}' for what, count in counts.items())}" for name, counts in sorted(done.counts.items())]
    lines = lines or ["nothing is over"]
    if done.finished_count > bool(done.counts):
        lines.append("an earlier forgetting that was stopped is finished")
    if done.files_count:
        found = f"{len(done.left)} found" if done.left else "0 found"
        lines.append(f"proof: {done.traces_count} keys and files looked for in {done.searched_bytes} bytes of {done.files_count} files: {found}")
    lines += [f"still there: {place}" for place in done.left]
    if done.files_count:
        lines += faults or ["the log verifies"]
    if copies:
        lines.append(f"outside the vault, not touched: {', '.join(copies)}: delete what tells the same")
    return lines
