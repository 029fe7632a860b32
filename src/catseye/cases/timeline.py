"""What happened to a case, as sentences: what the machine suggested and what people decided, told apart."""

from dataclasses import dataclass

from catseye.cases.case import Case
from catseye.cases.facts import Answer, Appeal, Attached, Exported, Facts, Hearing, Plate, Reason, Submission, Suggestion, said_in
from catseye.cases.opening import Opening
from catseye.cases.people import is_machine
from catseye.cases.terms import last_minute
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step

_VERBS = {"confirmed": "confirmed", "dismissed": "dismissed", "reopened": "reopened", "closed": "closed", "withdrawn": "withdrew"}


@dataclass(frozen=True, slots=True)
class Told:
    """One step, in words. `what` says it in short, `why` is the reason given; `by_machine`: it decided nothing."""

    number: int
    kind: str
    when: Stamp
    by: str
    by_machine: bool
    what: str
    why: str


def timeline(case: Case) -> list[Told]:
    """All steps in order."""
    return [_told(case, step) for step in case.steps]


def _told(case: Case, step: Step) -> Told:
    what, why = _words(case, step)
    return Told(step.number, step.kind, step.when, step.by, is_machine(step.by), what, why)


def _words(case: Case, step: Step) -> tuple[str, str]:
    noun: type[Facts] = _NOUNS[step.kind]
    said = said_in(step.facts, noun, case.where)
    match said:
        case Opening():
            return (
                (f"opened a case of what a terminal reported: {said.law.offence}", said.reason) if said.is_by_person else (f"detected {said.law.offence}", "")
            )
        case Suggestion():
            doubtful = [f"{each.text} {each.confidence_ratio:.0%}" for each in said.characters]
            return f"suggested {said.about}: {said.text}", "; ".join(filter(None, [said.basis, " ".join(doubtful)]))
        case Attached():
            return f"added {', '.join(each.role for each in said.media)}", ""
        case Plate():
            return f"read the plate: {said.text}", said.reason
        case Submission():
            return f"submitted to {said.authority}", f"package {said.manifest_sha256}"
        case Answer():
            tail = "" if said.outcome != "accepted" else f"; an appeal is in time until {last_minute(said.appeal_by, case.opening.law.timezone)}"
            return f"answered: {said.outcome.replace('-', ' ')}{tail}", said.reason
        case Appeal():
            return "filed the owner's appeal" + (f", late, by leave of {said.leave}" if said.leave.strip() else ""), said.grounds
        case Hearing():
            return f"heard the appeal: the decision is {said.outcome}", said.reason
        case Exported():
            return "took a report: " + ", ".join(sorted(said.files)), said.reason
        case _:
            return _VERBS[step.kind], said.reason


_NOUNS: dict[str, type[Facts]] = {
    "opened": Opening,
    "suggested": Suggestion,
    "attached": Attached,
    "plate": Plate,
    "submitted": Submission,
    "answered": Answer,
    "appealed": Appeal,
    "heard": Hearing,
    "exported": Exported,
    **{kind: Reason for kind in _VERBS},  # noqa: C420 a type is a value here
}
