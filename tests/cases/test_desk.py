"""The desk on both databases: one case an event, one winner a step."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.factories import DAY_NS, HASH, HOA, LAN, MACHINE, MINH, NOON, later, opening, red_light
from tests.vault.factories import picture_of

from catseye.cases import transitions as t
from catseye.cases.case import CASE, State
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError, CaseMovedError
from catseye.cases.opening import MediaReference
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step
from catseye.vault.retention import KeptFor
from catseye.vault.vault import Vault


@pytest.fixture
def desk(vault: Vault) -> CaseDesk:
    return CaseDesk(vault)


def test_a_case_comes_back_as_it_was_left(desk: CaseDesk, vault: Vault) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    case = desk.take(case, t.confirm(case, LAN, "đèn đỏ", later(2)))
    case = desk.take(case, t.confirm_plate(case, HOA, "51F-123.45", later(3)))
    case = desk.take(case, t.submit(case, HOA, "police", HASH, HASH, later(4)))
    assert desk.case(case.id) == desk.find(case.id[:5]) == desk.find(case.id[2:7]) == case
    assert case.state is State.SUBMITTED
    assert vault.log_faults() == []
    assert vault.log_size_count() == 4


def test_opening_twice_is_one_case_also_at_the_same_time(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        first = CaseDesk(one).open(opening(), MACHINE, later(1))
        assert CaseDesk(other).open(opening(), MACHINE, later(9)) == first
        other.dossiers = _Blind(other.dossiers)  # type: ignore[assignment] # as if it had looked before the other wrote
        late = CaseDesk(other)
        assert late.open(opening(), MACHINE, later(9)) == first
        assert len(one.dossiers.steps(CASE, first.id)) == 1


class _Blind:
    """Dossiers that show nothing at the first look."""

    def __init__(self, dossiers: object) -> None:
        self._dossiers, self._looked = dossiers, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._dossiers, name)

    def steps(self, kind: str, subject: str) -> list[Step]:
        seen = self._looked
        self._looked = True
        return self._dossiers.steps(kind, subject) if seen else []  # type: ignore[attr-defined]


def test_of_two_who_decide_at_once_one_is_told_who_was_faster(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        desk, late = CaseDesk(one), CaseDesk(other)
        read = desk.open(opening(), MACHINE, later(1))
        desk.take(read, t.dismiss(read, LAN, "an ambulance", later(2)))
        with pytest.raises(CaseMovedError, match=f"meanwhile: {LAN} dismissed at .* it is dismissed now"):
            late.take(read, t.confirm(read, MINH, "red", later(3)))
        assert late.case(read.id).state is State.DISMISSED


def test_a_case_made_up_in_memory_writes_nothing(desk: CaseDesk) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    forged = replace(case, state=State.PLATE_CONFIRMED)
    with pytest.raises(CaseError, match="'submitted' while it is detected"):
        desk.take(forged, Step(1, "submitted", later(2), LAN, {"authority": "police", "manifest_sha256": HASH, "root_sha256": HASH}))
    rewritten = replace(case, steps=(replace(case.steps[0], by="machine:other"),))
    with pytest.raises(CaseMovedError, match="other steps than were read"):
        desk.take(rewritten, t.confirm(case, LAN, "red", later(2)))
    assert desk.case(case.id) == case


def test_the_nearest_deadline_comes_first_and_what_is_over_last(desk: CaseDesk) -> None:
    events = [red_light(when=Stamp(NOON.utc_ns + day * DAY_NS)) for day in (3, 1, 2, 0)]
    cases = [desk.open(opening(event), MACHINE, later(4 * 86_400)) for event in events]
    undated = desk.open(opening(red_light(when=None)), MACHINE, later(4 * 86_400))
    desk.take(cases[3], t.dismiss(cases[3], LAN, "no", later(5 * 86_400)))
    found, faults = desk.cases()
    assert [case.id for case in found] == [cases[1].id, cases[2].id, cases[0].id, undated.id, cases[3].id]
    assert faults == []
    assert [case.id for case in desk.cases([State.DISMISSED])[0]] == [cases[3].id]


def test_one_damaged_case_hides_no_other(desk: CaseDesk, vault: Vault) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    vault.dossiers.add(CASE, "c-123456789abc", [Step(0, "opened", later(1), MACHINE, {"event": "gone"})])
    found, faults = desk.cases()
    assert [each.id for each in found] == [case.id]
    assert [fault.where for fault in faults] == ["case c-123456789abc, step 0"]


def test_another_event_whose_name_begins_alike_is_told(desk: CaseDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    other = red_light(subjects=("18",))
    monkeypatch.setattr("catseye.cases.desk.case_id", lambda _event: case.id)
    with pytest.raises(CaseError, match="do not begin alike"):
        desk.open(opening(other), MACHINE, later(2))


def test_a_confirmed_case_is_kept_with_its_event_and_an_old_one_that_nobody_confirmed_is_forgotten(vault: Vault) -> None:
    desk = CaseDesk(vault)
    confirmed, ignored = red_light(), red_light(subjects=("18",))
    vault.keep_events([confirmed, ignored])
    case, other = desk.open(opening(confirmed), MACHINE, later(1)), desk.open(opening(ignored), MACHINE, later(1))
    desk.take(case, t.confirm(case, LAN, "red", later(2)))
    vault.retention.forget(Stamp(time.time_ns() + 20 * DAY_NS), KeptFor(), {"red-light"})  # runs begin by the real clock
    assert [each.id for each in vault.events()] == [confirmed.id]
    assert [each.id for each in desk.cases()[0]] == [case.id]
    assert vault.log_faults() == []
    with pytest.raises(CaseError, match="no such case"):
        desk.case(other.id)


def test_a_case_that_is_over_is_kept_until_no_appeal_can_come(vault: Vault) -> None:
    desk = CaseDesk(vault)
    case = desk.open(opening(), MACHINE, later(1))
    for make in (
        lambda c: t.confirm(c, LAN, "red", later(2)),
        lambda c: t.confirm_plate(c, HOA, "51F-123.45", later(3)),
        lambda c: t.submit(c, HOA, "police", HASH, HASH, later(4)),
        lambda c: t.answer(c, MINH, "accepted", "so it is", later(5)),
        lambda c: t.close(c, HOA, "paid", later(6)),
    ):
        assert case.over_since is None
        case = desk.take(case, make(case))
    assert case.over_since == case.decided.appeal_by
    appealed = desk.take(case, t.file_appeal(case, "An", "amber", later(7)))
    assert appealed.over_since is None


def test_media_of_a_confirmed_case_move_into_its_drawer_also_when_the_process_died_between(vault: Vault) -> None:
    ref = vault.media.keep_picture(picture_of(np.zeros((8, 8, 3), np.uint8)), "v-1/still-1", later(1))
    still = MediaReference("still", ref.name, ref.media_type, ref.sha256, ref.size_bytes)
    desk = CaseDesk(vault)
    case = desk.open(opening(media=(still,)), MACHINE, later(1))
    vault.dossiers.add(CASE, case.id, [t.confirm(case, LAN, "red", later(2))])  # and then the light went out
    assert vault.media.ref(ref.name).retention == "unconfirmed"
    desk.settle()
    assert (vault.media.ref(ref.name).retention, vault.media.ref(ref.name).period) == ("case", case.id)
    desk.settle()
    assert vault.log_faults() == []
