"""`catseye fleet alarms`, `fleet close` and `fleet policy …`, as a person types them."""

import io
from pathlib import Path

import pytest
from tests.fleet.correction.folds import Fold
from tests.fleet.terminals import IDENTITY, at, location, report, too_close

from catseye.cases.errors import CaseError
from catseye.core.errors import SiteError, SourceError
from catseye.fleet.correction.policy_file import PolicyError, default_text
from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.gateway.keeper import Heard
from catseye.station.verbs.alarms import FLEET_RUN, close_alarms, list_alarms
from catseye.station.verbs.fleet_policy import check_policy, try_policy
from catseye.vault.vault import Vault

BY, WHY = "Nguyễn Thị Lan", "spoke with the driver"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.acknowledge(at(1))
    fold.batch(at(10), report(location(10), at(10)))
    fold.batch(at(21))
    fold.batch(at(101), too_close(100, number=2, speed_kmh=0))
    with Vault.open(tmp_path / "vault", FLEET_RUN) as vault:
        vault.keep_events(fold.events)
    return tmp_path


def test_open_alarms_are_listed_newest_first_with_what_was_done(out: Path) -> None:
    told = list_alarms(out).summary["alarms"]
    assert [(each["kind"], [step["kind"] for step in each["followed"]]) for each in told] == [
        ("short-headway", []),
        ("short-headway", ["warning-sent", "warning-acknowledged", "driver-corrected"]),
    ]
    assert list_alarms(out, "4711").summary["alarms"] == []
    assert list_alarms(out, IDENTITY).lines_of_text[-1] == "2 alarms"


def test_a_named_person_closes_an_alarm_once_and_for_a_reason(out: Path) -> None:
    name = list_alarms(out).summary["alarms"][0]["id"]
    assert close_alarms(out, [name[:10]], BY, WHY, at(200)).summary == {"closed": [name], "closed_before": []}
    assert close_alarms(out, [name], "Somebody Else", "no", at(300)).summary == {"closed": [], "closed_before": [name]}
    (left,) = list_alarms(out).summary["alarms"]
    assert left["id"] != name
    (closed,) = [each["closed"] for each in list_alarms(out, everything=True).summary["alarms"] if each["closed"]]
    assert (closed["by"], closed["why"]) == (BY, WHY)
    with Vault.open(out / "vault", FLEET_RUN) as vault:
        assert vault.log_faults() == []


def test_nobody_closes_without_a_name_a_reason_or_an_alarm(out: Path) -> None:
    name = list_alarms(out).summary["alarms"][0]["id"]
    with pytest.raises(CaseError):
        close_alarms(out, [name], "machine:gateway", WHY, at(200))
    for names, reason in (([name], " … "), (["zz"], WHY), ([""], WHY)):
        with pytest.raises(SiteError):
            close_alarms(out, names, BY, reason, at(200))
    assert len(list_alarms(out).summary["alarms"]) == 2


def frame_of(heard: Heard, serial: int) -> str:
    return bytes(Frame(Header.of(heard.accepted.msg_id, heard.accepted.phone, serial), heard.accepted.body)).hex()


def test_a_policy_is_tried_on_frames(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(default_text(), "utf-8")
    frames = [frame_of(too_close(), 1), frame_of(too_close(10, number=2), 2), "7e00", "nonsense", frame_of(report(location(20), at(20)), 3)]
    told = try_policy(tmp_path / "policy.toml", "vi", io.BytesIO("\n".join(frames).encode()))
    assert told.exit_code == 1 and len(told.summary["refused"]) == 2
    assert [each["what"] for each in told.summary["happened"]] == [
        "short-headway",
        "order: warning",
        "warning-sent",
        "warning-acknowledged",
        "short-headway",
        "warning-without-effect",
    ]
    assert told.summary["happened"][1]["detail"] == "0x8300 'Xin giu khoang cach.'"


def test_a_policy_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(default_text(), "utf-8")
    assert check_policy(file).summary["said_in_the_policys_language"] == []
    file.write_text("[[row]]\nnme = 1\n", "utf-8")
    with pytest.raises(PolicyError, match="'nme'; wanted 'name'"):
        check_policy(file)
    for raw in (b"\xff\xfe", b"x" * (2 << 20)):
        file.write_bytes(raw)
        with pytest.raises(SourceError):
            check_policy(file)
    with pytest.raises(SourceError):
        check_policy(tmp_path / "none.toml")
