"""What may come next in a case, and what the refusal says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.cases.factories import DAY_S, HASH, HOA, JUDGE, LAN, MACHINE, MINH, calibration, later, opening, red_light

from catseye.cases import transitions as t
from catseye.cases.case import Case, State, after, begun, case_id, case_of
from catseye.cases.errors import CaseError
from catseye.cases.facts import Character
from catseye.cases.jurisdiction import jurisdiction_named
from catseye.cases.opening import Measurement, MediaReference
from catseye.core.event import Measure
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step

STILL = MediaReference("still", "m-9", "image/png", HASH, 1)


def opened(**other: Any) -> Case:
    begin = opening(**other)
    return begun(case_id(begin.event.id), t.opened(begin, MACHINE, later(5)))


def then(case: Case, *makes: Callable[[Case], Step]) -> Case:
    for make in makes:
        case = after(case, make(case))
    return case


def confirmed(by: str = LAN, at: float = 10) -> Callable[[Case], Step]:
    return lambda case: t.confirm(case, by, "seen on the clip", later(at))


def plated(at: float = 20) -> Callable[[Case], Step]:
    return lambda case: t.confirm_plate(case, HOA, "51F-123.45", later(at))


def sent(at: float = 30, by: str = HOA) -> Callable[[Case], Step]:
    return lambda case: t.submit(case, by, "Traffic police", HASH, HASH, later(at))


def answered(outcome: Any = "accepted", at: float = 40, by: str = "Sơn") -> Callable[[Case], Step]:
    return lambda case: t.answer(case, by, outcome, "so it is", later(at))


def appealed(at: float = 50, leave: str = "") -> Callable[[Case], Step]:
    return lambda case: t.file_appeal(case, "An", "it was amber", later(at), leave)


def heard(by: str = JUDGE, outcome: Any = "upheld", at: float = 60) -> Callable[[Case], Step]:
    return lambda case: t.hear_appeal(case, by, outcome, "both sides heard", later(at))


def refused(case: Case, make: Callable[[Case], Step]) -> str:
    with pytest.raises(CaseError) as told:
        make(case)
    return str(told.value)


def test_an_event_is_always_the_same_case() -> None:
    assert opened().id == case_id(red_light().id) == f"c-{red_light().id[:12]}"
    assert opened().state is State.DETECTED
    assert opened().next_to_act == "a reviewer"


def test_one_person_confirms_where_one_is_enough() -> None:
    assert then(opened(), confirmed()).state is State.CONFIRMED


def test_two_people_confirm_where_two_are_wanted() -> None:
    once = then(opened(reviewers_count=2), confirmed())
    assert once.state is State.CONFIRMED_ONCE
    assert once.next_to_act == f"a second reviewer, not {LAN}"
    for same in (LAN, LAN.upper(), f"  {LAN} ", "nguyễn thị lan", f"{LAN}.", LAN.replace(" ", "-")):
        assert "another person: two must confirm it" in refused(once, confirmed(same, 11))
    assert then(once, confirmed(MINH, 12)).state is State.CONFIRMED


UNSEEN = ("\u034f", "\u115f", "\u180b", "\u2800", "\u3164", "\ufe0f", "\U000e0100", "\u200b")


@pytest.mark.parametrize("name", [*(f"An{each}" for each in UNSEEN), "\u0410n", "\u0391n", "Nguyễn Th\u0456 Lan"])
def test_letters_that_look_like_others_and_signs_that_nobody_sees_make_no_second_person(name: str) -> None:
    once = then(opened(reviewers_count=2), confirmed("An"))
    assert "wanted" in refused(once, confirmed(name, 11))


@pytest.mark.parametrize("name", ["Лан Нгуен", "Άννα", "佐藤 はな", "김하나", "Nguyễn Thị Lan", "Zoë O’Brien-Ní", "محمد", "Anna 2"])
def test_names_of_many_scripts_are_names(name: str) -> None:
    assert then(opened(), confirmed(name)).people == (name,)


def test_two_people_confirm_for_a_licence_in_the_shipped_examples() -> None:
    for name in ("viet-nam", "spain", "england-and-wales"):
        assert jurisdiction_named(name).law_for(red_light()).reviewers_count == 2


@pytest.mark.parametrize("by", ["", "   ", "machine:watch", "MACHINE:watch", "machine：watch", "Machine : a", "service:web", "12345", "L\u200ban", "a" * 121])
def test_nobody_and_nothing_decides(by: str) -> None:
    told = refused(opened(), lambda case: t.confirm(case, by, "seen", later(9)))
    assert "wanted" in told
    step = Step(1, "confirmed", later(9), by, {"reason": "seen"})
    with pytest.raises(CaseError):
        after(opened(), step)


@pytest.mark.parametrize("by", ["Lan", "machine:", "watch"])
def test_people_neither_open_nor_suggest(by: str) -> None:
    with pytest.raises(CaseError, match="the machine"):
        t.opened(opening(), by, later(5))
    assert "wanted the machine" in refused(opened(), lambda case: t.suggest_plate(case, by, "51F", "ocr", later(6)))


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
def test_a_decision_has_a_reason(reason: str) -> None:
    for verb in (t.confirm, t.dismiss):
        assert "reason" in refused(opened(), lambda case, verb=verb: verb(case, LAN, reason, later(9)))  # type: ignore[misc]


def test_a_suggestion_changes_nothing_that_was_decided() -> None:
    case = opened()
    told = then(
        case,
        lambda c: t.suggest_plate(c, "machine:ocr", "51F-123.4S", "ocr", later(6), (Character("5", 0.4),)),
        lambda c: t.suggest_review(c, "machine:judge", "confirm", "rule", later(7)),
    )
    assert (told.state, told.decided, told.people) == (case.state, case.decided, ())
    assert [each.what.text for each in told.suggested] == ["51F-123.4S", "confirm"]
    assert then(told, confirmed(), plated()).decided.plate is not None


def test_nothing_is_submitted_without_a_plate_that_a_person_read() -> None:
    case = then(opened(), lambda c: t.suggest_plate(c, "machine:ocr", "51F-123.45", "ocr", later(6)), confirmed())
    assert "wanted a case that is plate-confirmed or needs-more" in refused(case, sent())
    assert then(case, plated(), sent()).state is State.SUBMITTED


@pytest.mark.parametrize("text", ["", " ", "-", "51F;DROP", "<b>", "a" * 17, "51_F"])
def test_a_plate_is_letters_and_digits(text: str) -> None:
    refused(then(opened(), confirmed()), lambda case: t.confirm_plate(case, HOA, text, later(20)))


@pytest.mark.parametrize(("text", "kept"), [("京a·12345", "京A·12345"), (" 51f-123.45 ", "51F-123.45"), ("B MW  1234", "B MW 1234"), ("7", None)])
def test_a_plate_of_any_country_is_kept_in_capitals(text: str, kept: str | None) -> None:
    case = then(opened(), confirmed())
    if kept is None:
        refused(case, lambda c: t.confirm_plate(c, HOA, text, later(20)))
        return
    plate = then(case, lambda c: t.confirm_plate(c, HOA, text, later(20))).decided.plate
    assert plate is not None
    assert plate.said == kept


def test_a_plate_is_corrected_until_it_is_submitted() -> None:
    case = then(opened(), confirmed(), plated(), lambda c: t.confirm_plate(c, LAN, "51F-123.46", later(25), "it is a 6"))
    assert case.decided.plate is not None
    assert (case.decided.plate.said, case.state) == ("51F-123.46", State.PLATE_CONFIRMED)
    refused(then(case, sent()), plated(40))


def test_a_step_before_the_last_one_is_refused() -> None:
    told = refused(then(opened(), confirmed(at=100)), plated(99))
    assert "before the last step" in told
    assert told.endswith("wanted a clock that was not set back")


def test_the_first_moment_after_the_term_is_too_late() -> None:
    case = then(opened(), confirmed(), plated())
    end = case.opening.law.submit_by
    assert end is not None
    assert end.iso() == "2026-10-06T00:00:00.000Z"
    assert then(case, lambda c: t.submit(c, HOA, "police", HASH, HASH, end.plus_ns(-1))).state is State.SUBMITTED
    assert "too late: 14 days ended 2026-10-05 23:59 (invented)" in refused(case, lambda c: t.submit(c, HOA, "police", HASH, HASH, end))


def test_what_the_authority_asked_for_may_come_after_the_term() -> None:
    case = then(opened(), confirmed(), plated(), sent(), answered("needs-more"))
    more = then(case, lambda c: t.attach(c, HOA, (STILL,), later(50)), sent(15 * DAY_S))
    assert more.state is State.SUBMITTED
    assert more.decided.answer is None
    assert more.media[-1] == STILL


def test_an_event_not_to_be_trusted_is_looked_at_and_never_submitted() -> None:
    case = then(opened(event=red_light(trusted=False)), confirmed(), plated())
    assert "never submitted" in refused(case, sent())


@pytest.mark.parametrize(
    "held",
    [
        None,
        calibration(valid_to=later(0)),
        calibration(valid_to=later(0.0199)),  # it ends within the doubt of the event's clock
        calibration(valid_from=later(-0.0199)),
    ],
)
def test_a_calibration_that_did_not_surely_hold_is_none(held: Any) -> None:
    case = then(opened(measurement=Measurement(held)), confirmed(), plated())
    assert "calibration" in refused(case, sent())
    assert case.obstacles_to_submission(later(30))


def test_a_lamp_and_a_line_in_the_picture_need_no_calibration() -> None:
    event = red_light(measures=(Measure("red", 2.4, "s", 0.1),))
    assert then(opened(event=event, measurement=Measurement()), confirmed(), plated(), sent()).state is State.SUBMITTED


def test_a_kind_for_which_no_law_is_known_is_not_submitted() -> None:
    law = replace(opening().law, statute="")
    assert "names no law for 'red-light'" in refused(then(opened(law=law), confirmed(), plated()), sent())


@pytest.mark.parametrize("by", [LAN, HOA, HOA.lower()])
def test_who_confirmed_or_submitted_is_not_the_authority(by: str) -> None:
    assert "wanted the authority's own officer" in refused(then(opened(), confirmed(), plated(), sent()), answered(by=by))


def test_an_appeal_is_heard_by_nobody_who_had_a_hand_in_the_case() -> None:
    case = then(opened(reviewers_count=2), confirmed(), confirmed(MINH, 11), plated(), sent(), answered(), appealed())
    for by in (LAN, MINH, HOA, "Sơn", "SƠN", "An", " an "):
        assert "had a hand in the case" in refused(case, heard(by))
    assert case.next_to_act == f"a hearer who is none of {LAN}, {MINH}, {HOA}, Sơn, An"
    upheld = then(case, heard())
    assert upheld.decided.hearing is not None
    assert upheld.decided.hearing.said == "upheld"


def test_who_read_the_report_may_hear_the_appeal() -> None:
    case = then(opened(), confirmed(), plated(), sent(), answered(), appealed(), lambda c: t.export(c, JUDGE, "to hear it", {"r.pdf": HASH}, later(55)))
    assert then(case, heard()).state is State.HEARD


def test_who_dismissed_it_first_does_not_hear_the_appeal() -> None:
    case = then(
        opened(),
        lambda c: t.dismiss(c, JUDGE, "nothing there", later(6)),
        lambda c: t.reopen(c, LAN, "there is", later(7)),
        confirmed(),
        plated(),
        sent(),
        answered(),
        appealed(),
    )
    assert "had a hand in the case" in refused(case, heard(JUDGE))


def test_an_appeal_that_is_late_needs_leave() -> None:
    case = then(opened(), confirmed(), plated(), sent(), answered())
    end = case.deadline
    assert end is not None
    late = (end.utc_ns - later(0).utc_ns) / 1e9 + 1
    assert "30 days ended 2026-10-21 23:59; wanted one in time, or who gave leave" in refused(case, appealed(late))
    assert then(case, appealed(late, "Judge Mai: he was in hospital")).state is State.APPEALED


def test_a_closed_case_may_be_appealed_in_time_and_only_once() -> None:
    case = then(opened(), confirmed(), plated(), sent(), answered(), lambda c: t.close(c, HOA, "paid", later(45)))
    assert case.is_over
    again = then(case, appealed(), heard(), lambda c: t.close(c, HOA, "stands", later(70)))
    assert "heard already" in refused(again, appealed(80))


def test_there_is_no_appeal_against_nothing() -> None:
    assert "nothing was decided against the owner" in refused(then(opened(), confirmed(), plated(), sent(), answered("rejected")), appealed())


def test_a_dismissed_case_begins_anew_by_another_person_with_nothing_decided() -> None:
    case = then(opened(reviewers_count=2), confirmed(), lambda c: t.dismiss(c, MINH, "an ambulance", later(12)))
    assert case.state is State.DISMISSED
    assert "wanted another person" in refused(case, lambda c: t.reopen(c, MINH, "no", later(13)))
    anew = then(case, lambda c: t.reopen(c, HOA, "it was no ambulance", later(14)))
    assert (anew.state, anew.decided.confirmations) == (State.DETECTED, ())
    assert then(anew, confirmed(at=15)).state is State.CONFIRMED_ONCE


def test_a_submitted_case_is_withdrawn_for_good() -> None:
    case = then(opened(), confirmed(), plated(), sent(), lambda c: t.withdraw(c, HOA, "the lamp was broken", later(50)))
    assert case.state is State.WITHDRAWN
    for make in (confirmed(at=60), sent(60), answered(at=60), appealed(60), lambda c: t.reopen(c, JUDGE, "x", later(60))):
        refused(case, make)


def test_the_machine_adds_no_evidence_after_somebody_decided() -> None:
    case = then(opened(), lambda c: t.attach(c, MACHINE, (STILL,), later(6)))
    assert case.media[-1] == STILL
    more = then(case, confirmed(), plated(), sent(), answered("needs-more"))
    assert "who decided saw other evidence" in refused(more, lambda c: t.attach(c, MACHINE, (STILL,), later(50)))


def test_what_is_on_a_disk_of_another_version_is_told_not_guessed() -> None:
    case = then(opened(), confirmed())
    strange = Step(2, "sentenced", later(20), LAN, {})
    with pytest.raises(CaseError, match="step 2 is 'sentenced'"):
        case_of(case.id, [*case.steps, strange])
    more = Step(2, "plate", later(20), LAN, {"text": "51F-123", "reason": "", "judge_too": True})
    with pytest.raises(CaseError, match="judge_too"):
        case_of(case.id, [*case.steps, more])


def test_steps_of_another_case_are_not_this_one() -> None:
    case = opened()
    with pytest.raises(CaseError, match="the event of this case"):
        case_of("c-000000000000", case.steps)
    with pytest.raises(CaseError, match="no such case"):
        case_of(case.id, [])
    with pytest.raises(CaseError, match="steps without a gap"):
        case_of(case.id, [*case.steps, Step(2, "confirmed", later(9), LAN, {"reason": "x"})])
    with pytest.raises(CaseError, match="begins with step 0, 'confirmed'"):
        case_of(case.id, [Step(0, "confirmed", later(9), LAN, {"reason": "x"})])


def test_a_moment_that_no_calendar_shows_is_refused() -> None:
    for ns in (-1, 1 << 63, 10**30):
        with pytest.raises(CaseError, match="2262"):
            after(opened(), Step(1, "confirmed", Stamp(ns), LAN, {"reason": "x"}))


def test_a_law_changed_later_changes_no_case() -> None:
    facts = opened().steps[0].facts
    assert facts["law"]["submit"] == {"within_count": 14, "unit": "days", "source": "invented", "holidays": []}
    assert facts["law"]["sha256"] != ""


@pytest.mark.parametrize(
    "changed",
    [
        {"reviewers_count": 0},
        {"reviewers_count": 3},
        {"timezone": "Nowhere/Land"},
        {"timezone": "../etc"},
        {"submit": {"within_count": 0, "unit": "days", "source": "x", "holidays": []}},
        {"submit_by": {"utc_ns": 1 << 70, "doubt_ms": 0.0}},
        {"more": 1},
    ],
)
def test_a_tampered_law_opens_no_case(changed: dict[str, Any]) -> None:
    step = opened().steps[0]
    facts = {**step.facts, "law": {**step.facts["law"], **changed}}
    with pytest.raises(CaseError, match="law"):
        case_of(opened().id, [replace(step, facts=facts)])
