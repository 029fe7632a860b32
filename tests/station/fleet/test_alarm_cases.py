"""From alarm to case: a person opens it, its real redacted picture goes with it, and it is kept as long as the case."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyrage
import pytest
from tests.fleet.correction.folds import Fold
from tests.fleet.terminals import IDENTITY, at, too_close
from tests.vision.files import jpeg, scene

from catseye.cases.case import State
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.core.errors import SiteError
from catseye.core.event import Event
from catseye.core.terminal import Enrolment
from catseye.core.time import Stamp
from catseye.fleet.media_keeper import Attachment, Expected, key_of
from catseye.station.fleet.alarm_cases import MACHINE, has_open_case, open_alarm_case
from catseye.station.fleet.media_intake import MediaIntake
from catseye.station.verbs.alarm_case import open_case_of_alarm
from catseye.station.verbs.alarms import FLEET_RUN
from catseye.station.verbs.cases import confirm_case, confirm_plate, dismiss_case, list_cases, show_case, take_picture
from catseye.station.verbs.packaging import Packer
from catseye.vault.kept_for import CASE, KeptFor
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy

BY, WHY = "Nguyễn Thị Lan", "asked by the police"
KEY = str(pyrage.x25519.Identity.generate().to_public())
STREET = jpeg(scene(1, 640, 480))


@pytest.fixture(scope="module")
def stills(models: Path) -> StillCopy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATSEYE_MODELS", str(models.resolve()))
        return StillCopy()


@pytest.fixture
def alarm(tmp_path: Path) -> Event:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        vault.keep_events(fold.events)
        vault.terminals.enrol_all([Enrolment(IDENTITY, "29B-12345", 2, at(0))], by=BY)
    return fold.events[0]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "coaches.toml"
    path.write_text(f'[site]\nid = "coaches"\n\n[fleet]\nlisten = "127.0.0.1:0"\npurpose = "safety"\n\n[evidence]\nrecipients = ["{KEY}"]\n', "utf-8")
    return path


@pytest.fixture
def send(tmp_path: Path, alarm: Event, stills: StillCopy) -> Iterator[MediaIntake]:
    def opened() -> Vault:
        return Vault.open(tmp_path / "vault", FLEET_RUN)

    yield MediaIntake(opened, [KEY], stills, lambda alarm_no, now: None)


def photo(intake: MediaIntake, alarm: Event, name: str = "00_64_6402_0_1.jpg", content: bytes = STREET) -> None:
    expected = Expected("0" * 32, IDENTITY, alarm.id, at(86_400))
    intake.take(expected, Attachment(key_of(name), name, 0, len(content)), BytesIO(content), at(30))


def now() -> Stamp:
    from catseye.station.commands.shared import clock_now

    return clock_now()


def test_an_alarm_with_its_picture_becomes_a_case_that_people_decide(tmp_path: Path, alarm: Event, site: Path, send: MediaIntake) -> None:
    photo(send, alarm)
    told = open_case_of_alarm(tmp_path, alarm.id[:10], BY, WHY, site, None, now()).summary
    assert told["is_new"] is True and told["has_law"] is False
    name = str(told["case"])
    assert [each["case"] for each in list_cases(tmp_path, ()).summary["cases"]] == [name]
    page = "\n".join(show_case(tmp_path, name).lines_of_text)
    assert f"● {BY} opened a case of what a terminal reported: short-headway ({WHY})" in page
    assert "○ machine:catseye fleet case suggested plate: 29B-12345" in page and "cannot be submitted: Exampleland names no law" in page
    (still,) = (each for each in told["media"] if each.endswith("/copy"))
    take_picture(tmp_path, name, still, tmp_path / "still.jpg", BY, WHY)
    assert (tmp_path / "still.jpg").read_bytes()[:2] == b"\xff\xd8" and (tmp_path / "still.jpg").read_bytes() != STREET
    confirm_case(tmp_path, name, BY, "seen on the picture")
    confirm_plate(tmp_path, name, BY, "29B-12345", "as enrolled")
    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        case = CaseDesk(vault).case(name)
        assert case.state is State.PLATE_CONFIRMED
        assert {(each.role, vault.media.ref(each.ref).retention, vault.media.ref(each.ref).period) for each in case.media} == {
            ("still", CASE, name),
            ("original", CASE, name),
        }
        with pytest.raises(CaseError, match="a terminal's alarm: nobody measured"):
            Packer(vault, BY, WHY, now()).contents(case)
        assert vault.log_faults() == []


def test_a_confirmed_alarm_is_kept_as_long_as_its_case_and_goes_with_it(tmp_path: Path, alarm: Event, site: Path, send: MediaIntake) -> None:
    photo(send, alarm)
    name = str(open_case_of_alarm(tmp_path, alarm.id, BY, WHY, site, None, now()).summary["case"])
    confirm_case(tmp_path, name, BY, "seen on the picture")
    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        later = now().plus_ns(40 * 86_400 * 10**9)
        vault.retention.forget(later, KeptFor(unconfirmed_days=14, aggregates_days=20), frozenset())
        assert vault.event(alarm.id) == alarm and len(vault.media.refs(f"terminal/{IDENTITY}/{alarm.id}/")) == 2
        assert vault.retention.forget(later, KeptFor(), frozenset(), subject=(CASE, name), why="over").left == ()
        assert vault.event(alarm.id) is None and vault.media.refs(f"terminal/{IDENTITY}/") == []


def test_the_same_alarm_is_one_case_and_what_came_since_is_added(tmp_path: Path, alarm: Event, site: Path, send: MediaIntake) -> None:
    first = open_case_of_alarm(tmp_path, alarm.id, BY, WHY, site, "viet-nam", now()).summary
    assert first["media"] == []
    photo(send, alarm)
    again = open_case_of_alarm(tmp_path, alarm.id, "Trần Minh", "me too", site, "viet-nam", now()).summary
    assert (again["case"], again["is_new"], len(list(again["media"]))) == (first["case"], False, 2)
    confirm_case(tmp_path, str(first["case"]), BY, "seen on the picture")
    photo(send, alarm, "00_64_6402_1_1.jpg", jpeg(scene(2, 640, 480)))
    late = open_case_of_alarm(tmp_path, alarm.id, BY, WHY, site, "viet-nam", now())
    assert len(list(late.summary["media"])) == 2 and any("are not added" in line for line in late.lines_of_text)


def test_the_machine_never_opens_one_and_nobody_without_a_reason(tmp_path: Path, alarm: Event, site: Path) -> None:
    with pytest.raises(CaseError):
        open_case_of_alarm(tmp_path, alarm.id, "machine:gateway", WHY, site, None, now())
    with pytest.raises(SiteError):
        open_case_of_alarm(tmp_path, alarm.id, BY, " … ", site, None, now())
    with pytest.raises(SiteError):
        open_case_of_alarm(tmp_path, "zz", BY, WHY, site, None, now())
    from catseye.cases.jurisdiction import jurisdiction_named

    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        with pytest.raises(CaseError):
            open_alarm_case(vault, alarm, "coaches", jurisdiction_named("example"), MACHINE, WHY, now())
        assert CaseDesk(vault).cases() == ([], [])


def test_sound_is_wanted_while_somebody_works_on_the_case(tmp_path: Path, alarm: Event, site: Path) -> None:
    def is_wanted() -> bool:
        with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
            return has_open_case(vault, alarm.id)

    assert not is_wanted()
    name = str(open_case_of_alarm(tmp_path, alarm.id, BY, WHY, site, None, now()).summary["case"])
    assert is_wanted()
    dismiss_case(tmp_path, name, BY, "a test drive")
    assert not is_wanted()
