"""The desk on both databases: one case an event, one winner a step."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.cases.factories import DAY_NS, HASH, HOA, LAN, MACHINE, MINH, NOON, later, opening, red_light

from catseye.cases import transitions as t
from catseye.cases.case import CASE, State
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError, CaseMovedError
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault


@pytest.fixture
def desk(vault: Vault) -> CaseDesk:
    return CaseDesk(vault.dossiers)


def test_a_case_comes_back_as_it_was_left(desk: CaseDesk, vault: Vault) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    case = desk.take(case, t.confirm(case, LAN, "đèn đỏ", later(2)))
    case = desk.take(case, t.confirm_plate(case, HOA, "51F-123.45", later(3)))
    case = desk.take(case, t.submit(case, HOA, "police", HASH, later(4)))
    assert desk.case(case.id) == desk.find(case.id[:5]) == desk.find(case.id[2:7]) == case
    assert case.state is State.SUBMITTED
    assert vault.log_faults() == []
    assert vault.log_size_count() == 4


def test_opening_twice_is_one_case_also_at_the_same_time(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        first = CaseDesk(one.dossiers).open(opening(), MACHINE, later(1))
        assert CaseDesk(other.dossiers).open(opening(), MACHINE, later(9)) == first
        late = CaseDesk(_Blind(other.dossiers))  # type: ignore[arg-type] # one that looked before the other wrote
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
        desk, late = CaseDesk(one.dossiers), CaseDesk(other.dossiers)
        read = desk.open(opening(), MACHINE, later(1))
        desk.take(read, t.dismiss(read, LAN, "an ambulance", later(2)))
        with pytest.raises(CaseMovedError, match=f"meanwhile: {LAN} dismissed at .* it is dismissed now"):
            late.take(read, t.confirm(read, MINH, "red", later(3)))
        assert late.case(read.id).state is State.DISMISSED


def test_a_case_made_up_in_memory_writes_nothing(desk: CaseDesk) -> None:
    case = desk.open(opening(), MACHINE, later(1))
    forged = replace(case, state=State.PLATE_CONFIRMED)
    with pytest.raises(CaseError, match="'submitted' while it is detected"):
        desk.take(forged, Step(1, "submitted", later(2), LAN, {"authority": "police", "manifest_sha256": HASH}))
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
