"""The desk where cases lie: open, find, list, and take a step. What a step may be, `transitions` says; the desk makes it last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catseye.cases import transitions
from catseye.cases.case import CASE, Case, State, after, case_id, case_of
from catseye.cases.errors import CaseError, CaseMovedError
from catseye.cases.opening import Opening
from catseye.cases.terms import clock
from catseye.core.time import Stamp
from catseye.vault.dossiers import DossierMovedError, Dossiers, Step
from catseye.vault.retention import CONFIRMING
from catseye.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """All cases of one vault. Every call is durable on return, or did nothing.

    Steps are all a case is; how long the vault keeps its event and media follows from them, and is told to the vault after each step. Killed between the
    two, the next `settle` tells it again.
    """

    vault: Vault

    @property
    def dossiers(self) -> Dossiers:
        """Where the steps are."""
        return self.vault.dossiers

    def open(self, opening: Opening, by: str, now: Stamp) -> Case:
        """The case of this event, opened now unless it is already: opening twice is one case, whoever does it at the same time."""
        name = case_id(opening.event.id)
        try:
            return self._same(self.case(name), opening) if self.dossiers.steps(CASE, name) else self._open(name, opening, by, now)
        except DossierMovedError:
            return self._same(self.case(name), opening)

    def case(self, name: str) -> Case:
        """The case as it stands; CaseError when there is none, or when its steps on the disk are not a case."""
        return case_of(name, self.dossiers.steps(CASE, name))

    def find(self, beginning: str) -> Case:
        """The only case whose name begins so (with or without `c-`); CaseError for none, or several."""
        wanted = beginning if beginning.startswith("c-") else f"c-{beginning}"
        found = [(name, steps) for name, steps in self.dossiers.of_kind(CASE) if name.startswith(wanted)]
        if len(found) > 1 and wanted not in (name for name, _ in found):
            raise CaseError(f"case {beginning}", f"{len(found)} cases begin so ({', '.join(name for name, _ in found[:3])}…)", "more of its name")
        for name, steps in found:
            if name == wanted or len(found) == 1:
                return case_of(name, steps)
        raise CaseError(f"case {beginning}", "no such case", "one that `catseye case list` shows")

    def cases(self, states: Iterable[State] = ()) -> tuple[list[Case], list[CaseError]]:
        """All cases, or those in these states, the nearest deadline first, then the oldest; and those whose steps are not a case, each with what is wrong."""
        wanted, found, faults = frozenset(states), [], []
        for name, steps in self.dossiers.of_kind(CASE):
            try:
                case = case_of(name, steps)
            except CaseError as fault:
                faults.append(fault)
                continue
            if not wanted or case.state in wanted:
                found.append(case)
        return sorted(found, key=_urgency), faults

    def take(self, case: Case, step: Step) -> Case:
        """Add the step to the case as it was read; CaseMovedError, saying who was faster, when it stands no longer so."""
        stands = self.case(case.id)  # what is on the disk decides, not what was handed in
        if stands.steps != case.steps:
            raise _moved(case, stands)
        moved = after(stands, step)
        try:
            self.dossiers.add(CASE, case.id, [step])
        except DossierMovedError:
            raise _moved(case, self.case(case.id)) from None
        self._keep(moved)
        return moved

    def settle(self) -> None:
        """Tell the vault of every case how long it is kept; whoever forgets does this first. Those whose steps are no case stay as they are."""
        for case in self.cases()[0]:
            self._keep(case)

    def _keep(self, case: Case) -> None:
        now, retention = case.steps[-1].when, self.vault.retention
        if any(step.kind == CONFIRMING for step in case.steps):
            kept = [ref for media in case.media for ref in self.vault.media.refs(media.ref) if ref.name == media.ref]
            retention.confirm(case.id, now, [(case.opening.run, case.opening.event.id)], kept)
        retention.end(CASE, case.id, case.over_since)

    def _open(self, name: str, opening: Opening, by: str, now: Stamp) -> Case:
        step = transitions.opened(opening, by, now)
        self.dossiers.add(CASE, name, [step])
        return case_of(name, [step])

    def _same(self, case: Case, opening: Opening) -> Case:
        if case.opening.event.id != opening.event.id:
            raise CaseError(case.where, f"open for event {case.opening.event.id}, now for {opening.event.id}", "events whose names do not begin alike")
        return case


def _urgency(case: Case) -> tuple[bool, float, int]:
    deadline = case.deadline
    return case.is_over, float("inf") if deadline is None else deadline.utc_ns, case.steps[0].when.utc_ns


def _moved(read: Case, stands: Case) -> CaseMovedError:
    others: Sequence[Step] = stands.steps[len(read.steps) :]
    zone = stands.opening.law.timezone
    told = ", ".join(f"{step.by} {step.kind} at {clock(step.when, zone)}" for step in others) or "other steps than were read"
    return CaseMovedError(read.where, f"meanwhile: {told}; it is {stands.state.value} now", "a look at it as it stands, and a new decision")
