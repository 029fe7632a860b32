"""What is taken, what becomes of it, and that no step can be skipped."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.cases.told import JINAN, NOON, SALT, UK, claim, photo, video
from tests.support.properties import examples

from catseye.cases.citizen_reports import (
    FINDINGS,
    REASONS,
    Claim,
    Evidence,
    Report,
    ReportRefusedError,
    ReportStateError,
    acknowledgement,
    after,
    intake,
    is_drawn,
    media_name,
    next_step,
    outcome_text,
    refuse_claim,
    report_of,
    reported_violation,
    shown,
)
from catseye.cases.errors import CaseError
from catseye.cases.people import is_among
from catseye.cases.scheme import Adopted
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.dossiers import Step

IN_FORCE = Adopted(JINAN, 0)
HOUR_NS = 3600 * NS_PER_S


def taken(told: Claim, evidence: list[Evidence], at: Stamp = NOON) -> Report:
    return report_of(*intake(told, evidence, IN_FORCE, at))


def test_a_report_is_what_was_told() -> None:
    report = taken(claim(), [photo(1), photo(2)])
    assert (report.state, report.kind, report.claim, report.evidence) == ("received", "violation", claim(), (photo(1), photo(2)))
    assert (report.received, report.scheme, report.version) == (NOON, "jinan-like", 0)


def test_the_same_report_sent_again_is_the_same_report() -> None:
    first, again = (
        intake(claim(), [photo(*order) for order in numbers], IN_FORCE, at)[0] for numbers, at in (([[1], [2]], NOON), ([[2], [1]], NOON.plus_ns(5)))
    )
    assert first == again
    assert intake(claim(text="other"), [photo(1), photo(2)], IN_FORCE, NOON)[0] != first


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"happened": NOON.plus_ns(-HOUR_NS - NS_PER_S)}, r"it happened 1.0 h ago; wanted a report within 1 h"),
        ({"happened": NOON.plus_ns(121 * NS_PER_S)}, "it happened 121 s from now; wanted a time that has been"),
        ({"offence": "parking"}, "'parking' is not taken by jinan-like; wanted one of emergency-lane"),
        ({"agrees": False}, "the statement of truth is not agreed to"),
        ({"is_of_age": False}, "no word on the reporter's age; wanted .* 18 years or more"),
        ({"text": "  "}, "2 characters of what happened"),
        ({"text": "x" * 2001}, "2001 characters"),
        ({"text": "seen\x1b[2J\x1b[Hplate     51F-123.45"}, "control characters in what happened"),
        ({"text": "seen \u202egnihton"}, "control characters in what happened"),
        ({"accuracy_m": float("nan")}, "a place to nan m"),
        ({"plate": "the red one"}, "plate 'the red one', which is none here"),
        ({"plate": ""}, "plate ''"),
        ({"plate": "'; DROP TABLE reports; --"}, "which is none here"),
        ({"offence": "collision"}, "a plate with a report of accident; wanted no plate: nobody is accused"),
    ],
)
def test_what_is_not_taken_is_refused_before_any_file_is_looked_at(other: dict[str, object], said: str) -> None:
    with pytest.raises(ReportRefusedError, match=said):
        refuse_claim(claim(**other), JINAN, NOON)


def test_the_last_moment_of_the_window_is_in_it() -> None:
    assert refuse_claim(claim(happened=NOON.plus_ns(-HOUR_NS)), JINAN, NOON)
    assert refuse_claim(claim(happened=NOON.plus_ns(-7 * 24 * HOUR_NS), plate="ab12cde"), UK, NOON).plate == "AB12CDE"


def test_what_another_office_takes_is_sent_there() -> None:
    with pytest.raises(ReportRefusedError, match="wanted report parking to the council"):
        refuse_claim(claim(offence="parking"), UK, NOON)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ([], "0 photographs and 0.0 s of video; wanted 2 photographs or 10 s"),
        ([photo(1)], "1 photographs and 0.0 s of video"),
        ([photo(1), photo(1)], "one of them twice"),
        ([video(9.9)], "0 photographs and 9.9 s of video"),
        ([photo(1), video(9.9)], "1 photographs and 9.9 s"),
        ([video(600.1)], "a video of 600.1 s; wanted at most 600 s"),
        ([photo(nth) for nth in range(11)], "11 files"),
        ([photo(1), photo(2, own_time_ns=NOON.utc_ns - 24 * HOUR_NS)], "a file taken 1440 min from the time that was told; wanted at most 10 min"),
        ([photo(1), photo(2, own_time_ns=NOON.utc_ns + HOUR_NS)], "a file taken 60 min from the time"),
    ],
)
def test_files_that_show_too_little_or_another_time_are_refused(evidence: list[Evidence], said: str) -> None:
    with pytest.raises(ReportRefusedError, match=said):
        intake(claim(), evidence, IN_FORCE, NOON)


@pytest.mark.parametrize("evidence", [[photo(1), photo(2)], [video(10.0)], [photo(1, own_time_ns=NOON.utc_ns), photo(2)]])
def test_enough_is_enough(evidence: list[Evidence]) -> None:
    assert taken(claim(), evidence).state == "received"


@pytest.mark.parametrize(("offence", "to"), [("collision", "Traffic police dispatch"), ("spilled-load", "Road authority, night and day desk")])
def test_an_accident_or_a_hazard_is_passed_on_with_the_report_itself(offence: str, to: str) -> None:
    name, steps = intake(claim(offence=offence, plate=""), [photo(1)], IN_FORCE, NOON)
    assert [step.kind for step in steps] == ["received", "routed"]
    assert report_of(name, steps).routed_to == (to,)
    assert "00000000000000a1" not in str(steps[1].facts)
    assert JINAN.route[report_of(name, steps).kind].advice in acknowledgement(name, report_of(name, steps).kind, JINAN)


def test_who_must_be_told_is_remembered_until_somebody_was_told_whatever_becomes_of_the_report() -> None:
    report = taken(claim(offence="collision", plate=""), [photo(1)])
    report = stepped(report, ("triaged", "An", {}), ("rejected", "An", {"reason": "unreadable"}))
    assert report.undelivered_to == ("Traffic police dispatch",)
    with pytest.raises(ReportStateError, match="delivered to 'nobody'; wanted one of Traffic police dispatch"):
        stepped(report, ("delivered", "An", {"to": "nobody"}))
    report = stepped(report, ("delivered", "machine:dispatch connector", {"to": "Traffic police dispatch"}))
    assert (report.undelivered_to, report.state) == ((), "rejected")
    with pytest.raises(ReportStateError, match="all were told"):
        stepped(report, ("delivered", "An", {"to": "Traffic police dispatch"}))


def test_what_is_offered_for_a_case_has_no_word_of_the_reporter_and_needs_somebody_who_accepted() -> None:
    report = taken(claim(), [photo(1), photo(2)])
    with pytest.raises(ReportStateError, match="a violation that is received; wanted a violation that somebody accepted"):
        reported_violation(report)
    offered = reported_violation(stepped(report, *ACCEPTED))
    assert (offered.offence, offered.plate, offered.happened, offered.place) == ("red-light", "鲁A12345", claim().happened, claim().place)
    assert offered.copies == tuple(media_name(report.id, photo(number).sha256, "copy") for number in (1, 2))
    assert "00000000000000a1" not in str(offered)


def test_a_violation_is_passed_on_to_nobody() -> None:
    report = taken(claim(), [photo(1), photo(2)])
    with pytest.raises(ReportStateError, match="a violation to be routed"):
        next_step(report, "routed", NOON, "officer An", {"to": "x"})


def stepped(report: Report, *steps: tuple[str, str, dict[str, object]]) -> Report:
    for kind, by, facts in steps:
        report = after(report, next_step(report, kind, NOON, by, facts))
    return report


def found(finding: str, drawn: bool = False) -> dict[str, object]:
    return {"finding": finding, "why": "as seen", "drawn": drawn}


ACCEPTED = [("triaged", "An", {}), ("accepted", "An", {"case": "c-1"})]


def test_a_second_reviewer_who_disagrees_calls_a_third_and_two_of_three_decide() -> None:
    report = stepped(taken(claim(), [photo(1), photo(2)]), *ACCEPTED, ("reviewed", "Binh", found("upheld", drawn=True)))
    assert (report.state, report.finding) == ("accepted", "")
    report = stepped(report, ("reviewed", "Chi", found("not-upheld")))
    assert (report.state, report.finding, report.reviews_wanted_count) == ("accepted", "", 3)
    report = stepped(report, ("reviewed", "Dung", found("not-upheld")))
    assert (report.state, report.finding) == ("reviewed", "not-upheld")


def test_nobody_reviews_twice() -> None:
    report = stepped(taken(claim(), [photo(1), photo(2)]), *ACCEPTED, ("reviewed", "Binh", found("upheld", drawn=True)))
    with pytest.raises(ReportStateError, match="a further review by Binh; wanted somebody who has not"):
        stepped(report, ("reviewed", "Binh", found("upheld")))


def test_who_could_still_review_does_not_see_what_was_found_nor_that_it_was() -> None:
    before = stepped(taken(claim(), [photo(1), photo(2)]), *ACCEPTED)
    once = stepped(before, ("reviewed", "Binh", found("upheld", drawn=True)))
    twice = stepped(once, ("reviewed", "Chi", found("not-upheld")))
    assert replace(shown(once), steps_count=0) == replace(shown(twice), steps_count=0) == replace(shown(before), steps_count=0)
    done = stepped(twice, ("reviewed", "Dung", found("upheld")))
    assert len(shown(done).reviews) == 3


def test_the_lot_falls_as_often_as_it_should_and_always_the_same_way() -> None:
    names = [f"{number:024x}" for number in range(20_000)]
    drawn = [name for name in names if is_drawn(SALT, name, 0.1)]
    assert abs(len(drawn) / len(names) - 0.1) < 0.01
    assert drawn == [name for name in names if is_drawn(SALT, name, 0.1)]
    other = {name for name in names if is_drawn(b"another salt of thirty-two bytes or so", name, 0.1)}
    assert len(other & set(drawn)) < len(drawn) / 5
    assert not any(is_drawn(SALT, name, 0.0) for name in names)
    assert all(is_drawn(SALT, name, 1.0) for name in names)


@pytest.mark.parametrize("decider", ["An", "Binh", "Chi", "  BINH "])
def test_whoever_decided_does_not_pay(decider: str) -> None:
    report = stepped(
        taken(claim(), [photo(1), photo(2)]),
        *ACCEPTED,
        ("reviewed", "Binh", found("upheld")),
        ("outcome-published", "Binh", {"text": "x"}),
        ("reward-due", "Chi", {"amount_minor": 2000}),
    )
    with pytest.raises(ReportStateError, match="would pay, and decided on it"):
        stepped(report, ("paid", decider, {}))
    assert stepped(report, ("paid", "Hoa", {})).state == "paid"


def test_steps_nobody_knows_and_dossiers_without_a_beginning_are_refused() -> None:
    report = taken(claim(), [photo(1), photo(2)])
    for wrong in (lambda: next_step(report, "approved", NOON, "An"), lambda: report_of("x", []), lambda: report_of("x", [Step(0, "paid", NOON, "An", {})])):
        with pytest.raises(ReportStateError):
            wrong()
    for nobody in (" ", "machine:watch", "Machine : watch"):
        with pytest.raises(CaseError, match="triaged: by"):
            next_step(report, "triaged", NOON, nobody)
    with pytest.raises(ReportStateError, match="rejected for 'dislike'"):
        stepped(report, ("triaged", "An", {}), ("rejected", "An", {"reason": "dislike"}))
    with pytest.raises(ReportStateError, match="a duplicate of nothing"):
        stepped(report, ("triaged", "An", {}), ("duplicate-of", "An", {"of": ""}))


class AnyOrder(RuleBasedStateMachine):
    """Whatever people try, in whatever order: money needs people who found the report true, and told so."""

    @initialize()
    def receive(self) -> None:
        self.report = taken(claim(), [photo(1), photo(2)])
        self.kinds = ["received"]

    def attempt(self, kind: str, by: str, facts: dict[str, object]) -> None:
        try:
            self.report = after(self.report, next_step(self.report, kind, NOON, by, facts))
            self.kinds.append(kind)
        except ReportStateError:
            pass

    @rule(
        kind=st.sampled_from(
            ["routed", "triaged", "duplicate-of", "reopened", "rejected", "accepted", "outcome-published", "credited", "paid", "lapsed", "reversed"]
        ),
        by=st.sampled_from("ABCD"),
    )
    def act(self, kind: str, by: str) -> None:
        self.attempt(kind, by, {"of": "0" * 24, "reason": "false", "text": "told", "why": "so", "to": "x", "case": "c"})

    @rule(by=st.sampled_from("ABCD"), finding=st.sampled_from(FINDINGS), drawn=st.booleans())
    def review(self, by: str, finding: str, drawn: bool) -> None:
        self.attempt("reviewed", by, found(finding, drawn))

    @rule(by=st.sampled_from("ABCD"), amount=st.integers(-1, 2))
    def make_due(self, by: str, amount: int) -> None:
        self.attempt("reward-due", by, {"amount_minor": amount})

    @invariant()
    def money_follows_people(self) -> None:
        if not hasattr(self, "report"):
            return
        report, kinds = self.report, self.kinds
        if report.state in ("due", "paid", "lapsed"):
            assert report.finding == "upheld"
            assert report.reward_minor > 0
            upheld = sum(review.finding == "upheld" for review in report.reviews)
            assert 2 * upheld > len(report.reviews) == len({review.by for review in report.reviews})
            assert kinds.index("accepted") < kinds.index("reviewed") < kinds.index("outcome-published") < kinds.index("reward-due")
        if report.state == "paid":
            assert not is_among(report.paid_by, report.deciders)
        assert kinds.count("paid") <= 1
        assert kinds.count("reward-due") <= 1
        if "paid" in kinds:
            assert "lapsed" not in kinds


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=examples(120), stateful_step_count=30)

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=5, max_size=40).filter(lambda text: text.strip() == text and not text.isdigit())
NAMES = st.sampled_from(["An", "Nguyễn Thị Lan", "officer 51F", "鲁警官"])
PLATES = st.from_regex(r"鲁[A-HJ-NP-Z][A-HJ-NP-Z0-9]{5}", fullmatch=True)


@given(
    plate=PLATES,
    text=WORDS,
    why=WORDS,
    officer=NAMES,
    reporter=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    ending=st.sampled_from(["rejected", "duplicate", *FINDINGS]),
    reason=st.sampled_from(REASONS),
)
def test_the_outcome_tells_nothing_of_the_offender_and_nothing_that_anybody_wrote(
    plate: str, text: str, why: str, officer: str, reporter: str, ending: str, reason: str
) -> None:
    report = ended(taken(claim(plate=plate, text=text, reporter=reporter), [photo(1), photo(2)]), ending, officer, why, reason)
    told = outcome_text(report, JINAN)
    assert told == outcome_text(ended(taken(claim(), [photo(3), photo(4)]), ending, "An", "x", reason), JINAN)
    assert plate not in told
    assert all(each.sha256 not in told and each.look[0] not in told for each in report.evidence)


def ended(report: Report, ending: str, officer: str, why: str, reason: str) -> Report:
    if ending in FINDINGS:
        reviewed = {"finding": ending, "why": why, "drawn": False}
        return stepped(report, ("triaged", officer, {}), ("accepted", officer, {"case": why}), ("reviewed", officer, reviewed))
    if ending == "rejected":
        return stepped(report, ("triaged", officer, {}), ("rejected", officer, {"reason": reason}))
    return stepped(report, ("triaged", officer, {}), ("duplicate-of", officer, {"of": "f" * 24}))


def test_what_reporters_are_told_reads_well() -> None:
    report = stepped(taken(claim(), [photo(1), photo(2)]), *ACCEPTED, ("reviewed", "Binh", found("upheld")))
    assert outcome_text(report, JINAN) == "Your report of driving through a red light, received on 2026-09-22, was looked at and acted upon. Thank you."
    rejected = stepped(taken(claim(), [photo(1), photo(2)]), ("triaged", "An", {}), ("rejected", "An", {"reason": "unreadable"}))
    assert "cannot be used (because what happened cannot be made out)" in outcome_text(rejected, JINAN)


@pytest.mark.parametrize("reporter", ["Nguyen Real Name", "", "nguyen", "6F0C21AB00112233", "6f0c21ab0011223", "6f0c21ab00112233\n", "6f0c21ab001122334"])
def test_a_reporter_who_is_no_pseudonym_is_refused_without_a_word_of_the_name(reporter: str) -> None:
    with pytest.raises(ReportRefusedError, match="a reporter who is no pseudonym") as refused:
        taken(claim(reporter=reporter), [photo(1), photo(2)])
    assert not reporter.strip() or reporter not in str(refused.value)
