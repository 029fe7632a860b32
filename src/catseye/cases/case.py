"""A case is what its steps say, and nothing else: a pure fold that refuses every sequence the law of the house forbids.

Whoever wants to take a step makes it with `transitions`, which asks this same fold; whoever reads steps from a disk asks it too. There is no other
way to a state, so none reaches *submitted* past the people who must decide.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from catseye.cases.errors import CaseError
from catseye.cases.facts import Answer, Appeal, Attached, Exported, Hearing, Plate, Reason, Submission, Suggestion, said_in
from catseye.cases.opening import MediaReference, Opening, refuse_beyond_our_time
from catseye.cases.people import MACHINE, is_among, is_machine, person, same_person
from catseye.cases.terms import clock, last_minute
from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step

CASE = "case"  # the vault's kind of these dossiers
ID_HEX = 12
_OF_GROUND = frozenset({"m", "km/h", "m/s", "m/s²", "m/s2"})  # as cases/package/facts.py has it


class State(StrEnum):
    """Where a case stands."""

    DETECTED = "detected"
    CONFIRMED_ONCE = "confirmed-once"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    PLATE_CONFIRMED = "plate-confirmed"
    SUBMITTED = "submitted"
    NEEDS_MORE = "needs-more"
    ANSWERED = "answered"
    APPEALED = "appealed"
    HEARD = "heard"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


OVER = frozenset({State.DISMISSED, State.CLOSED, State.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided. `said` is the answer where there were several: a plate, an outcome, an authority."""

    by: str
    when: Stamp
    said: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the machine suggested, when."""

    by: str
    when: Stamp
    what: Suggestion


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission: what was sent is known by its manifest's hash."""

    by: str
    when: Stamp
    authority: str
    manifest_sha256: str
    root_sha256: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided, as it holds now; what was decided before and reversed stands in the steps."""

    confirmations: tuple[Decision, ...] = ()
    dismissal: Decision | None = None
    plate: Decision | None = None
    submission: Sent | None = None
    answer: Decision | None = None
    appeal_by: Stamp | None = None
    appeal: Decision | None = None
    hearing: Decision | None = None
    closing: Decision | None = None
    withdrawal: Decision | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Only `case_of` and `after` make one. `suggested` and `decided` never mix; `people` are all who had a hand in it, in order, each once."""

    id: str
    state: State
    opening: Opening
    suggested: tuple[Suggested, ...]
    decided: Decided
    media: tuple[MediaReference, ...]
    people: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"case {self.id}"

    @property
    def is_over(self) -> bool:
        """Whether nobody has to act."""
        return self.state in OVER

    @property
    def over_since(self) -> Stamp | None:
        """From when on it needs not be kept for anybody any more: closed, and too late for an appeal; None while somebody may still act."""
        d = self.decided
        for ended in (d.dismissal, d.withdrawal, d.closing):
            if self.is_over and ended is not None:
                return max(ended.when, d.appeal_by) if self.may_be_appealed and d.appeal_by is not None else ended.when
        return None

    @property
    def deadline(self) -> Stamp | None:
        """The first moment that is too late for what comes next; None where no law sets one."""
        if self.state in (State.DETECTED, State.CONFIRMED_ONCE, State.CONFIRMED, State.PLATE_CONFIRMED):
            return self.opening.law.submit_by
        if self.may_be_appealed:
            return self.decided.appeal_by
        return None

    @property
    def may_be_appealed(self) -> bool:
        """Whether the owner has something to appeal against, and has not done so."""
        d = self.decided
        return self.state in (State.ANSWERED, State.CLOSED) and d.answer is not None and d.answer.said == "accepted" and d.hearing is None

    @property
    def next_to_act(self) -> str:
        """Who has to act, in words for a clerk."""
        match self.state:
            case State.DETECTED:
                return "a reviewer"
            case State.CONFIRMED_ONCE:
                return f"a second reviewer, not {self.decided.confirmations[0].by}"
            case State.CONFIRMED:
                return "an operator: the plate"
            case State.PLATE_CONFIRMED:
                return "an operator: submit"
            case State.SUBMITTED:
                return "the authority"
            case State.NEEDS_MORE:
                return "an operator: add and submit again"
            case State.ANSWERED | State.HEARD:
                return "an operator: close"
            case State.APPEALED:
                return f"a hearer who is none of {', '.join(self.people)}"
            case _:
                return "nobody"

    def obstacles_to_submission(self, now: Stamp) -> tuple[str, ...]:
        """All that forbids submitting now, whoever asks, each a sentence; none when it may be submitted."""
        return tuple(_obstacles(self, now))


def case_id(event_id: str) -> str:
    """The case of an event: the same event is always the same case."""
    return f"c-{event_id[:ID_HEX]}"


def case_of(name: str, steps: Iterable[Step]) -> Case:
    """The fold. CaseError for no steps, and at the first step that may not follow those before it."""
    case: Case | None = None
    for step in steps:
        case = begun(name, step) if case is None else after(case, step)
    if case is None:
        raise CaseError(f"case {name}", "no such case", "a case that `catseye case list` shows")
    return case


def begun(name: str, step: Step) -> Case:
    """The case its first step makes; CaseError when that step opens no case, or another one."""
    where = f"case {name}"
    if step.number != 0 or step.kind != "opened":
        raise CaseError(where, f"begins with step {step.number}, {step.kind!r}", "step 0, 'opened'")
    _refuse_beyond_our_time(where, step)
    opening = said_in(step.facts, Opening, f"{where}, step 0")
    _refuse_wrong_opener(where, step, opening)
    if case_id(opening.event.id) != name:
        raise CaseError(where, f"opened for event {opening.event.id}", f"the event of this case: {name.removeprefix('c-')}…")
    return Case(name, State.DETECTED, opening, (), Decided(), opening.media, (step.by,) if opening.is_by_person else (), (step,))


def after(case: Case, step: Step) -> Case:
    """The case with one step more; CaseError, with what was wanted, when that step may not come next."""
    if step.number != len(case.steps):
        raise CaseError(case.where, f"step {step.number} after {len(case.steps)}", "steps without a gap")
    _refuse_beyond_our_time(case.where, step)
    last = case.steps[-1].when
    if step.when.utc_ns < last.utc_ns:
        came = f"{step.kind!r} at {step.when.iso()}, before the last step at {last.iso()}"
        raise CaseError(case.where, came, "a clock that was not set back")
    if step.kind not in _MOVES:
        raise CaseError(case.where, f"step {step.number} is {step.kind!r}", f"one of {', '.join(_MOVES)}")
    move = _MOVES[step.kind]
    if case.state not in move.come_from:
        wanted = " or ".join(state.value for state in State if state in move.come_from)
        raise CaseError(case.where, f"{step.kind!r} while it is {case.state.value}", f"a case that is {wanted}")
    if not move.by_machine:
        person(step.by, f"{case.where}, {step.kind!r}")
    if move.by_machine and not move.by_person:
        _refuse_people(case.where, step)
    moved = move.make(case, step, said_in(step.facts, move.noun, f"{case.where}, step {step.number} {step.kind!r}"))
    had_a_hand = not is_machine(step.by) and step.kind not in _NO_HAND and not is_among(step.by, case.people)
    people = (*case.people, person(step.by, case.where)) if had_a_hand else case.people
    return replace(moved, steps=(*case.steps, step), people=people)


def _refuse_beyond_our_time(where: str, step: Step) -> None:
    try:
        refuse_beyond_our_time(step.when)
    except ValueError as fault:
        raise CaseError(where, f"{step.kind!r} at {fault}", "") from None


def _refuse_wrong_opener(where: str, step: Step, opening: Opening) -> None:
    """What a camera saw, the machine opens; what a vehicle's terminal reported, a person, and never the machine."""
    if opening.is_by_person:
        person(step.by, f"{where}, {step.kind!r}")
    else:
        _refuse_people(where, step)


def _refuse_people(where: str, step: Step) -> None:
    if not (step.by.startswith(MACHINE) and step.by.removeprefix(MACHINE).strip()):
        raise CaseError(where, f"{step.kind!r} by {step.by!r}", f"the machine, as in '{MACHINE}watch'")


def _decision(step: Step, said: str, reason: str) -> Decision:
    return Decision(" ".join(step.by.split()), step.when, said, reason)


def _suggest(case: Case, step: Step, said: Suggestion) -> Case:
    return replace(case, suggested=(*case.suggested, Suggested(step.by, step.when, said)))


def _attach(case: Case, step: Step, said: Attached) -> Case:
    if not is_machine(step.by):
        person(step.by, f"{case.where}, {step.kind!r}")
    elif case.state is not State.DETECTED:
        raise CaseError(case.where, f"{step.by} adds media while it is {case.state.value}", "a person: who decided saw other evidence")
    return replace(case, media=(*case.media, *said.media))


def _confirm(case: Case, step: Step, said: Reason) -> Case:
    before = case.decided.confirmations
    if is_among(step.by, tuple(each.by for each in before)):
        raise CaseError(case.where, f"{step.by} confirms it again", "another person: two must confirm it")
    confirmations = (*before, _decision(step, "confirmed", said.reason))
    state = State.CONFIRMED if len(confirmations) >= case.opening.law.reviewers_count else State.CONFIRMED_ONCE
    return replace(case, state=state, decided=replace(case.decided, confirmations=confirmations))


def _dismiss(case: Case, step: Step, said: Reason) -> Case:
    return replace(case, state=State.DISMISSED, decided=replace(case.decided, dismissal=_decision(step, "dismissed", said.reason)))


def _reopen(case: Case, step: Step, said: Reason) -> Case:
    del said  # the step keeps it
    dismissal = case.decided.dismissal
    if dismissal is not None and same_person(step.by, dismissal.by):
        raise CaseError(case.where, f"{step.by} dismissed it, and reopens it", "another person")
    return replace(case, state=State.DETECTED, decided=Decided())


def _plate(case: Case, step: Step, said: Plate) -> Case:
    state = State.PLATE_CONFIRMED if case.state is State.CONFIRMED else case.state
    return replace(case, state=state, decided=replace(case.decided, plate=_decision(step, said.text, said.reason)))


def _obstacles(case: Case, now: Stamp) -> Iterable[str]:
    event, law, calibration = case.opening.event, case.opening.law, case.opening.measurement.calibration
    if not event.trusted:
        yield "the camera said not to trust what it saw: such an event may be looked at, never submitted"
    if not law.statute:
        yield f"{law.name} names no law for {event.kind!r}"
    if calibration is None and needs_calibration(event):
        yield "it says something in metres, and names no calibration certificate"
    elif calibration is None:
        pass  # a lamp and a line in the picture need no metres
    elif event.when is not None and not calibration.holds_at(event.when):
        held = f"from {clock(calibration.valid_from, law.timezone)} to {clock(calibration.valid_to, law.timezone)}"
        yield f"at {clock(event.when, law.timezone)} the calibration did not hold: it does {held}"
    if event.when is None or law.submit_by is None:
        yield "nothing says when it happened by the wall clock, so no term can be kept"
    elif now.utc_ns < event.when.utc_ns:
        yield f"it happened at {clock(event.when, law.timezone)}, after now: one of the clocks is wrong"
    elif now.utc_ns >= law.submit_by.utc_ns and case.decided.submission is None:
        yield f"too late: {law.submit.in_words()} ended {last_minute(law.submit_by, law.timezone)} ({law.submit.source})"


def needs_calibration(event: Event) -> bool:
    """Whether anything it says is in metres: that stands only while a calibration holds."""
    return event.ground_m is not None or any(measure.unit in _OF_GROUND for measure in event.measures)


def _submit(case: Case, step: Step, said: Submission) -> Case:
    for obstacle in _obstacles(case, step.when):
        raise CaseError(case.where, f"cannot be submitted: {obstacle}", "a case that may be submitted")
    sent = Sent(step.by, step.when, said.authority, said.manifest_sha256, said.root_sha256)
    return replace(case, state=State.SUBMITTED, decided=replace(case.decided, submission=sent, answer=None, appeal_by=None))


def _answer(case: Case, step: Step, said: Answer) -> Case:
    ours = tuple(each.by for each in case.decided.confirmations) + ((case.decided.submission.by,) if case.decided.submission else ())
    if is_among(step.by, ours):
        raise CaseError(case.where, f"{step.by} confirmed or submitted it, and answers it", "the authority's own officer")
    if said.appeal_by.utc_ns < step.when.utc_ns:
        raise CaseError(case.where, f"an appeal is too late from {said.appeal_by.iso()}, before the answer itself", "a term that begins with the answer")
    state = State.NEEDS_MORE if said.outcome == "needs-more" else State.ANSWERED
    return replace(case, state=state, decided=replace(case.decided, answer=_decision(step, said.outcome, said.reason), appeal_by=said.appeal_by))


def _appeal(case: Case, step: Step, said: Appeal) -> Case:
    law, appeal_by = case.opening.law, case.decided.appeal_by
    if not case.may_be_appealed or appeal_by is None:
        raise CaseError(case.where, "an appeal, and nothing was decided against the owner, or it was heard already", "a case the authority accepted")
    if step.when.utc_ns >= appeal_by.utc_ns and not said.leave.strip():
        came = f"an appeal at {clock(step.when, law.timezone)}; {law.appeal.in_words()} ended {last_minute(appeal_by, law.timezone)}"
        raise CaseError(case.where, came, "one in time, or who gave leave to appeal late, and why")
    return replace(case, state=State.APPEALED, decided=replace(case.decided, appeal=_decision(step, said.leave, said.grounds)))


def _hear(case: Case, step: Step, said: Hearing) -> Case:
    if is_among(step.by, case.people):
        raise CaseError(case.where, f"{step.by} hears the appeal, and had a hand in the case", f"none of {', '.join(case.people)}")
    return replace(case, state=State.HEARD, decided=replace(case.decided, hearing=_decision(step, said.outcome, said.reason)))


def _close(case: Case, step: Step, said: Reason) -> Case:
    return replace(case, state=State.CLOSED, decided=replace(case.decided, closing=_decision(step, "closed", said.reason)))


def _withdraw(case: Case, step: Step, said: Reason) -> Case:
    return replace(case, state=State.WITHDRAWN, decided=replace(case.decided, withdrawal=_decision(step, "withdrawn", said.reason)))


def _export(case: Case, step: Step, said: Exported) -> Case:
    del step, said  # the steps keep it
    return case


@dataclass(frozen=True, slots=True)
class _Move:
    """From which states a step may come, who may take it, what it says, what it does."""

    come_from: frozenset[State]
    noun: type[Any]
    make: Callable[[Case, Step, Any], Case]
    by_person: bool = True
    by_machine: bool = False


S = State
_BEFORE_PEOPLE = {S.DETECTED, S.CONFIRMED_ONCE}
_BEFORE_SENDING = {*_BEFORE_PEOPLE, S.CONFIRMED, S.PLATE_CONFIRMED}
_MOVES = {
    "suggested": _Move(frozenset({*_BEFORE_SENDING, S.NEEDS_MORE}), Suggestion, _suggest, by_person=False, by_machine=True),
    "attached": _Move(frozenset({S.DETECTED, S.NEEDS_MORE}), Attached, _attach, by_machine=True),
    "confirmed": _Move(frozenset(_BEFORE_PEOPLE), Reason, _confirm),
    "dismissed": _Move(frozenset(_BEFORE_SENDING), Reason, _dismiss),
    "reopened": _Move(frozenset({S.DISMISSED}), Reason, _reopen),
    "plate": _Move(frozenset({S.CONFIRMED, S.PLATE_CONFIRMED, S.NEEDS_MORE}), Plate, _plate),
    "submitted": _Move(frozenset({S.PLATE_CONFIRMED, S.NEEDS_MORE}), Submission, _submit),
    "answered": _Move(frozenset({S.SUBMITTED}), Answer, _answer),
    "closed": _Move(frozenset({S.ANSWERED, S.HEARD}), Reason, _close),
    "appealed": _Move(frozenset({S.ANSWERED, S.CLOSED}), Appeal, _appeal),
    "heard": _Move(frozenset({S.APPEALED}), Hearing, _hear),
    "withdrawn": _Move(frozenset({S.SUBMITTED, S.NEEDS_MORE, S.ANSWERED, S.APPEALED, S.HEARD, S.CLOSED}), Reason, _withdraw),
    "exported": _Move(frozenset(State), Exported, _export),
}
_NO_HAND = frozenset({"exported"})  # whoever hears an appeal must be able to read the case first
