"""Whatever anybody tries in whatever order: what the law of the house forbids does not happen."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.cases.factories import DAY_NS, HASH, MACHINE, NOON, later, opening, red_light
from tests.support.properties import examples

from catseye.cases import transitions
from catseye.cases.case import Case, State, after, begun, case_of
from catseye.cases.errors import CaseError
from catseye.cases.facts import Character
from catseye.cases.opening import MediaReference
from catseye.cases.people import is_machine, same_person
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step

PEOPLE = ("Lan", "LAN ", "Minh", "Hoa", "Huy", "Thu", "", "machine:watch", "Machine: x", "service:web")
names = st.sampled_from(PEOPLE)
reasons = st.sampled_from(("seen on the clip", "", " "))
STILL = MediaReference("still", "m-9", "image/png", HASH, 1)
DECIDING = ("confirmed", "dismissed", "reopened", "plate", "submitted", "answered", "closed", "appealed", "heard", "withdrawn")


def different(names_of: list[str]) -> int:
    found: list[str] = []
    for name in names_of:
        if not any(same_person(name, other) for other in found):
            found.append(name)
    return len(found)


def faults(steps: list[Step]) -> list[str]:
    """What the law of the house forbids, looked for in plain steps and by other means than the fold's."""
    told: list[str] = []
    confirmed: list[str] = []
    plate = False
    for at, step in enumerate(steps):
        before = steps[:at]
        if step.kind in DECIDING and (not step.by.strip() or is_machine(step.by)):
            told.append(f"{step.kind} by nobody")
        if before and step.when.utc_ns < before[-1].when.utc_ns:
            told.append("time runs backwards")
        if step.kind in ("dismissed", "reopened"):
            confirmed, plate = [], False
        if step.kind == "confirmed":
            confirmed.append(step.by)
        plate = plate or step.kind == "plate"
        if step.kind == "submitted":
            wanted = steps[0].facts["law"]["reviewers_count"]
            first = not any(each.kind == "submitted" for each in before)
            told += ["submitted, not confirmed"] if different(confirmed) < wanted else []
            told += ["submitted without a plate"] if not plate else []
            told += ["submitted late"] if first and step.when.utc_ns >= steps[0].facts["law"]["submit_by"]["utc_ns"] else []
            told += ["submitted untrusted"] if not steps[0].facts["event"]["trusted"] else []
        if step.kind in ("answered", "heard", "closed", "withdrawn") and not any(each.kind == "submitted" for each in before):
            told.append(f"{step.kind}, never submitted")
        if step.kind == "heard":
            told += ["heard, never appealed"] if not any(each.kind == "appealed" for each in before) else []
            told += ["heard by one of them"] if any(same_person(step.by, each.by) for each in before if each.kind != "exported") else []
    return told


class Cases(RuleBasedStateMachine):
    """Every operation, by anybody, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.steps: list[Step] = []
        self.case: Case | None = None

    @precondition(lambda self: self.case is None)
    @rule(reviewers_count=st.sampled_from((1, 2)), is_trusted=st.sampled_from((True, True, True, False)))
    def open(self, reviewers_count: int, is_trusted: bool) -> None:
        step = transitions.opened(opening(red_light(trusted=is_trusted), reviewers_count), MACHINE, self.now)
        self.steps.append(step)
        self.case = begun(f"c-{red_light().id[:12]}", step)

    def step(self, make: Callable[..., Step], *said: Any) -> None:
        assert self.case is not None
        before = self.case
        try:
            step = make(self.case, *said, self.now)
        except CaseError:
            assert self.case is before
            return
        self.steps.append(step)
        self.case = after(self.case, step)

    @rule(days=st.sampled_from((0.0, 0.01, 1.0, 13.0, 31.0, -1.0)))
    def time_passes(self, days: float) -> None:
        self.now = Stamp(max(NOON.utc_ns, self.now.utc_ns + round(days * DAY_NS)), 20.0)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, text=st.sampled_from(("51F-123.45", "confirm")))
    def suggest(self, by: str, text: str) -> None:
        state = self.case and self.case.state
        decided = self.case and self.case.decided
        self.step(lambda case, now: transitions.suggest_plate(case, by, text, "plate-ocr", now, (Character("5", 0.9),)))
        assert self.case is not None
        assert (self.case.state, self.case.decided) == (state, decided)

    @precondition(lambda self: self.case is not None)
    @rule(by=names)
    def attach(self, by: str) -> None:
        self.step(transitions.attach, by, (STILL,))

    @precondition(lambda self: self.case is not None)
    @rule(verb=st.sampled_from((transitions.confirm, transitions.dismiss, transitions.reopen, transitions.close, transitions.withdraw)), by=names, why=reasons)
    def decide(self, verb: Callable[..., Step], by: str, why: str) -> None:
        self.step(verb, by, why)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, why=reasons)
    def confirm(self, by: str, why: str) -> None:
        self.step(transitions.confirm, by, why)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, text=st.sampled_from(("51F-123.45", "京A12345", "", "?!")))
    def plate(self, by: str, text: str) -> None:
        self.step(transitions.confirm_plate, by, text)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, digest=st.sampled_from((HASH, HASH, "")))
    def submit(self, by: str, digest: str) -> None:
        self.step(transitions.submit, by, "Traffic police", digest, digest)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, outcome=st.sampled_from(("accepted", "accepted", "rejected", "needs-more", "maybe")), why=reasons)
    def answer(self, by: str, outcome: str, why: str) -> None:
        self.step(transitions.answer, by, outcome, why)

    @precondition(lambda self: self.case is not None)
    @rule(by=names, leave=st.sampled_from(("", "the court")))
    def appeal(self, by: str, leave: str) -> None:
        self.step(lambda case, now: transitions.file_appeal(case, by, "it was amber", now, leave))

    @precondition(lambda self: self.case is not None)
    @rule(by=names, outcome=st.sampled_from(("upheld", "overturned")))
    def hear(self, by: str, outcome: str) -> None:
        self.step(transitions.hear_appeal, by, outcome, "heard both sides")

    @precondition(lambda self: self.case is not None)
    @rule(by=names)
    def export(self, by: str) -> None:
        before = self.case
        self.step(lambda case, now: transitions.export(case, by, "to read it", {"report.pdf": HASH}, now))
        assert before is not None
        assert self.case is not None
        assert (self.case.state, self.case.decided, self.case.people) == (before.state, before.decided, before.people)

    @invariant()
    def nothing_forbidden_happened(self) -> None:
        assert faults(self.steps) == []

    @invariant()
    def the_fold_of_the_steps_is_the_live_case(self) -> None:
        if self.case is not None:
            assert case_of(self.case.id, self.steps) == self.case
            assert self.case.state is not State.SUBMITTED or self.case.decided.submission is not None
            assert self.case.deadline is None or isinstance(self.case.deadline, Stamp)
            assert self.case.next_to_act


TestCases = Cases.TestCase
TestCases.settings = settings(max_examples=examples(80), stateful_step_count=40)

# Facts that are right for their kind, so that raw sequences get somewhere; and some that are not.
RIGHT: dict[str, dict[str, Any]] = {
    "suggested": {"about": "plate", "text": "51F", "basis": "ocr", "characters": []},
    "attached": {"media": [{"role": "still", "ref": "m", "media_type": "image/png", "sha256": HASH, "size_bytes": 1}]},
    **{kind: {"reason": "seen"} for kind in ("confirmed", "dismissed", "reopened", "closed", "withdrawn")},
    "exported": {"reason": "to read it", "files": {}},
    "plate": {"text": "51F-123.45", "reason": ""},
    "submitted": {"authority": "police", "manifest_sha256": HASH, "root_sha256": HASH},
    "answered": {"outcome": "accepted", "reason": "so it is", "appeal_by": {"utc_ns": later(40 * 86_400).utc_ns, "doubt_ms": 0.0}},
    "appealed": {"grounds": "amber", "leave": ""},
    "heard": {"outcome": "upheld", "reason": "red"},
}
PATH = ("confirmed", "confirmed", "plate", "submitted", "answered", "appealed", "heard", "closed")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)
raw_steps = st.builds(
    lambda kind, by, seconds, facts: (kind, by, seconds, facts),
    st.sampled_from((*RIGHT, *PATH, "opened", "sanctioned")),
    st.sampled_from((*PEOPLE, "Mai", "Sơn", "Tú", "An")),
    st.integers(-1, 5),
    st.none() | st.none() | st.none() | st.dictionaries(st.sampled_from(("reason", "text", "outcome", "more")), json_values, max_size=2),
)


def raw(reviewers_count: int, more: list[tuple[str, str, int, dict[str, Any] | None]]) -> list[Step]:
    steps = [transitions.opened(opening(reviewers_count=reviewers_count), MACHINE, NOON)]
    at = 0.0
    for kind, by, seconds, facts in more:
        at += seconds
        steps.append(Step(len(steps), kind, later(at), by, RIGHT.get(kind, {}) if facts is None else {**RIGHT.get(kind, {}), **facts}))
    return steps


@settings(max_examples=examples(500))
@given(reviewers_count=st.sampled_from((1, 2)), more=st.lists(raw_steps, max_size=10), start=st.integers(0, len(PATH)))
def test_steps_made_by_anybody_are_refused_or_lawful(reviewers_count: int, more: list[Any], start: int) -> None:
    lawful = [(kind, f"person {'abcdefgh'[at]}", 1, None) for at, kind in enumerate(PATH[2 - reviewers_count :][:start])]
    steps = raw(reviewers_count, lawful + more)
    for count in range(1, len(steps) + 1):
        try:
            case = case_of(f"c-{red_light().id[:12]}", steps[:count])
        except CaseError:
            return
        assert faults(steps[:count]) == []
        assert case.steps == tuple(steps[:count])


def test_the_lawful_path_reaches_its_end() -> None:
    steps = raw(2, [(kind, f"person {'abcdefgh'[at]}", 1, None) for at, kind in enumerate(PATH)])
    assert case_of(f"c-{red_light().id[:12]}", steps).state is State.CLOSED


@pytest.mark.parametrize("gone", range(1, 7))
def test_the_lawful_path_without_one_of_its_steps_is_refused(gone: int) -> None:
    lawful = [(kind, f"person {'abcdefgh'[at]}", 1, None) for at, kind in enumerate(PATH)]
    with pytest.raises(CaseError):
        case_of(f"c-{red_light().id[:12]}", raw(2, lawful[:gone] + lawful[gone + 1 :]))
