"""The steps of a case. Each function gives the step that would come next, or CaseError: none that the fold would refuse ever exists.

Nothing is written here; `CaseDesk.take` does that.
"""

from typing import Literal

from catseye.cases.case import Case, after, begun, case_id
from catseye.cases.facts import Answer, Answers, Appeal, Attached, Character, Exported, Facts, Hearing, Plate, Reason, Submission, Suggestion, as_facts
from catseye.cases.opening import MediaReference, Opening
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step


def opened(opening: Opening, by: str, now: Stamp) -> Step:
    """Step 0, by the machine (`machine:` and its name); of what a vehicle's terminal reported, by a person."""
    step = Step(0, "opened", now, by, as_facts(opening))
    begun(case_id(opening.event.id), step)
    return step


def suggest_plate(case: Case, by: str, text: str, basis: str, now: Stamp, characters: tuple[Character, ...] = ()) -> Step:
    """What the machine read; an operator decides."""
    return _next(case, "suggested", by, now, Suggestion("plate", text, basis, characters))


def suggest_review(case: Case, by: str, text: str, basis: str, now: Stamp) -> Step:
    """What the machine thinks of the case; a reviewer decides."""
    return _next(case, "suggested", by, now, Suggestion("review", text, basis))


def attach(case: Case, by: str, media: tuple[MediaReference, ...], now: Stamp) -> Step:
    """Media that came after the opening: by the machine before anybody decided, by a person when the authority wants more."""
    return _next(case, "attached", by, now, Attached(media))


def confirm(case: Case, by: str, reason: str, now: Stamp) -> Step:
    """One person says that it was a violation; a second one where the law of the case wants two."""
    return _next(case, "confirmed", by, now, Reason(reason))


def dismiss(case: Case, by: str, reason: str, now: Stamp) -> Step:
    """One person says that nobody has to answer for it; possible until it is submitted."""
    return _next(case, "dismissed", by, now, Reason(reason))


def reopen(case: Case, by: str, reason: str, now: Stamp) -> Step:
    """A dismissed case begins anew, with nothing decided; by another person than who dismissed it."""
    return _next(case, "reopened", by, now, Reason(reason))


def confirm_plate(case: Case, by: str, text: str, now: Stamp, reason: str = "") -> Step:
    """The plate as a person read it, in capitals; again, to correct it before it is submitted."""
    return _next(case, "plate", by, now, Plate(" ".join(text.split()).upper(), reason))


def submit(case: Case, by: str, authority: str, manifest_sha256: str, root_sha256: str, now: Stamp) -> Step:
    """Hand the sealed package, checked by this root certificate, to the authority; refused with every obstacle of `Case.obstacles_to_submission`."""
    return _next(case, "submitted", by, now, Submission(authority, manifest_sha256, root_sha256))


def answer(case: Case, by: str, outcome: Answers, reason: str, now: Stamp) -> Step:
    """What the authority's officer said; the owner's term to appeal begins."""
    law = case.opening.law
    return _next(case, "answered", by, now, Answer(outcome, reason, law.appeal.end_after(now, law.timezone)))


def close(case: Case, by: str, reason: str, now: Stamp) -> Step:
    """Nothing is left to do; the owner may still appeal in time."""
    return _next(case, "closed", by, now, Reason(reason))


def file_appeal(case: Case, by: str, grounds: str, now: Stamp, leave: str = "") -> Step:
    """The owner appeals, by way of the authority; late only with leave."""
    return _next(case, "appealed", by, now, Appeal(grounds, leave))


def hear_appeal(case: Case, by: str, outcome: Literal["upheld", "overturned"], reason: str, now: Stamp) -> Step:
    """By a person who took no step in the case before: neither reviewed, typed, sent, answered nor filed."""
    return _next(case, "heard", by, now, Hearing(outcome, reason))


def withdraw(case: Case, by: str, reason: str, now: Stamp) -> Step:
    """Take it back, in favour of the owner, at any time after it was submitted; for good."""
    return _next(case, "withdrawn", by, now, Reason(reason))


def export(case: Case, by: str, reason: str, files: dict[str, str], now: Stamp) -> Step:
    """A report leaves the house: who took it, what for, and the SHA-256 of each file."""
    return _next(case, "exported", by, now, Exported(reason, files))


def _next(case: Case, kind: str, by: str, now: Stamp, said: Facts) -> Step:
    step = Step(len(case.steps), kind, now, " ".join(by.split()), as_facts(said))
    after(case, step)
    return step
