"""What is over is destroyed: keys, envelopes, rows, parts; nothing of it is left under the vault, and the log still verifies. On both databases."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from tests.vault.factories import crossings_at, events_at, picture_of, points_at, track_over
from tests.vault.kept import CLIP, NOON, grant, later, redacted, sealed

from catseye.core.errors import StoreError
from catseye.core.event import Event
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.dossiers import Step
from catseye.vault.drawers import ForgottenError
from catseye.vault.files import sole_holder
from catseye.vault.kept_for import KeptFor
from catseye.vault.proof import Search
from catseye.vault.vault import Vault

RED = frozenset({"red-light"})


def violation(number: int = 1, when: Stamp | None = NOON) -> Event:
    return Event("red-light", "cam-1", number * NS_PER_S, number * NS_PER_S, when=when, subjects=(f"track-of-somebody-{number}",))


def files_with(vault: Vault, *needles: bytes) -> list[str]:
    """Everything under the vault that holds one of these, WAL and all; what an attacker with the disk would do."""
    return [str(path) for path in vault.folder.rglob("*") if path.is_file() and any(needle in path.read_bytes() for needle in needles)]


def secrets_of(vault: Vault, names: str) -> list[bytes]:
    lines = [path.read_bytes().split() for path in (vault.folder / "keys").glob(names)]
    return [found for line in lines for found in (line[3], bytes.fromhex(line[3].decode()))]


def step(number: int, kind: str, **facts: object) -> Step:
    return Step(number, kind, NOON, "officer Ly", facts)


def age(paths: Iterable[Path], at: Stamp) -> None:
    for path in paths:
        os.utime(path, ns=(at.utc_ns, at.utc_ns))


def begun_at_noon(vault: Vault) -> None:
    """As if the vault had been opened then."""
    with vault._database.writing() as connection:
        connection.execute(text(f"UPDATE runs SET begun_utc_ns = {NOON.utc_ns}"))


def forget(vault: Vault, days: float, **more: object):  # type: ignore[no-untyped-def]
    return vault.retention.forget(later(days), KeptFor(), RED, **more)  # type: ignore[arg-type]


def test_after_14_days_a_violation_nobody_confirmed_is_gone_with_picture_and_key(vault: Vault) -> None:
    vault.keep_events([violation()])
    clip = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    vault.media.keep_sealed(sealed(vault, b"sealed " + CLIP), "v-1/original", NOON)
    envelope_ends = [path.read_bytes()[-32:] for path in (vault.folder / "envelopes").rglob("*") if path.is_file()]
    secrets = secrets_of(vault, "unconfirmed-*")
    assert len(secrets) == 2
    assert len(envelope_ends) == 3
    assert forget(vault, 13.9).counts == {}
    done = forget(vault, 15.1)
    assert done.counts == {"unconfirmed": {"keys": 1, "media": 3, "events": 1}}
    assert done.left == ()
    assert done.traces_count == 6, "the key in three spellings, three envelopes"
    assert list(vault.events()) == []
    assert files_with(vault, *secrets, *envelope_ends, b"track-of-somebody") == []
    assert vault.log_faults() == []
    with pytest.raises(ForgottenError, match=r"media v-1/clip: forgotten on 2049-.*: unconfirmed for 14 days"):
        vault.media.open(clip, grant(), later(16), "to see it")


def test_looks_outlive_what_was_looked_at(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    vault.media.open(ref, grant(), NOON, "to review it").close()
    forget(vault, 16)
    assert [(look.who, look.why) for look in vault.media.looks(ref)] == [("officer Ly", "to review it")]
    assert vault.log_faults() == []


def test_what_a_human_confirmed_stays_until_the_case_is_over(vault: Vault) -> None:
    kept = violation()
    vault.keep_events([kept, violation(2)])
    ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    vault.dossiers.add("case", "c-1", [step(0, "detected", event=kept.id, note="a-name-nobody-shall-find")])
    (moved,) = vault.retention.confirm("c-1", later(1), [(vault.run, kept.id)], [ref])
    forget(vault, 400)
    assert list(vault.events()) == [kept]
    with vault.media.open(moved, grant(until=later(900)), later(400), "the court asks") as file:
        assert file.read() == CLIP
    vault.retention.end("case", "c-1", later(400))
    secrets = secrets_of(vault, "case-c*")
    assert forget(vault, 579).counts == {}
    done = forget(vault, 580)
    assert done.counts == {"case": {"keys": 1, "steps": 1, "media": 2, "events": 1}}
    assert list(vault.events()) == []
    assert vault.dossiers.steps("case", "c-1") == []
    assert files_with(vault, *secrets, b"track-of-somebody", b"a-name-nobody") == []
    assert vault.log_faults() == []


def test_a_case_opened_again_is_not_over(vault: Vault) -> None:
    vault.dossiers.add("case", "c-1", [step(0, "detected"), step(1, "confirmed")])
    vault.retention.end("case", "c-1", later(1))
    vault.retention.end("case", "c-1", None)
    assert forget(vault, 4000).counts == {}


def test_a_case_nobody_confirmed_is_forgotten_like_its_violation(vault: Vault) -> None:
    vault.dossiers.add("case", "c-1", [step(0, "detected")])
    vault.dossiers.add("case", "c-2", [step(0, "detected"), step(1, "confirmed")])
    assert forget(vault, 14).counts == {"unconfirmed": {"keys": 1, "steps": 1}}
    assert vault.dossiers.steps("case", "c-1") == []
    assert len(vault.dossiers.steps("case", "c-2")) == 2
    with pytest.raises(ForgottenError, match="drawer case c-1: forgotten on"):
        vault.dossiers.add("case", "c-1", [step(0, "detected")])


def test_reports_and_identities_go_30_and_90_days_after_their_end(vault: Vault) -> None:
    for kind in ("report", "identity"):
        vault.dossiers.add(kind, "r-1", [step(0, "received")])
        vault.retention.end(kind, "r-1", later(1))
    assert forget(vault, 31).counts == {"report": {"keys": 1, "steps": 1}}
    assert forget(vault, 91).counts == {"identity": {"keys": 1, "steps": 1}}


def test_one_case_is_forgotten_when_somebody_asks_for_it(vault: Vault) -> None:
    for name in ("c-1", "c-2"):
        vault.dossiers.add("case", name, [step(0, "detected"), step(1, "confirmed")])
    assert forget(vault, 1, subject=("case", "c-1")).counts == {"case": {"keys": 1, "steps": 2}}
    assert [name for name, _ in vault.dossiers.of_kind("case")] == ["c-2"]
    assert forget(vault, 2, subject=("case", "c-1")).counts == {}
    with pytest.raises(StoreError, match="drawer case c-9: nothing was ever kept there"):
        forget(vault, 2, subject=("case", "c-9"))
    with pytest.raises(StoreError, match="nothing is kept there"):
        vault.retention.end("case", "c-1", later(3))


def test_what_is_standing_is_kept_until_somebody_asks(vault: Vault) -> None:
    vault.dossiers.add("scheme", "2049", [step(0, "begun")])
    assert forget(vault, 30_000).counts == {}
    assert forget(vault, 30_001, subject=("standing", "scheme")).counts == {"standing": {"keys": 1, "steps": 1}}
    assert list(vault.dossiers.of_kind("scheme")) == []
    assert vault.log_faults() == []


def test_points_and_tracks_go_after_7_days_and_counts_stay_for_years(vault: Vault) -> None:
    vault.keep_points(points_at(*range(100)))
    vault.keep_tracks(track_over(0, 100))
    vault.flush()
    vault.keep_points(points_at(*range(100, 200)))
    vault.flush()
    vault.keep_crossings(crossings_at(1, 2, 3))
    vault.keep_events(events_at(1, 2))
    parts = sorted(vault.folder.glob("*/run/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    begun_at_noon(vault)
    age(parts, NOON)
    age(parts[-1:], later(3))
    assert forget(vault, 7).counts == {"points": {"files": 2}}
    assert sorted(vault.folder.glob("*/run/*.parquet")) == parts[-1:]
    assert len(list(vault.crossings())) == 3
    assert len(list(vault.events())) == 2
    assert forget(vault, 2000).counts == {"points": {"files": 1}, "aggregates": {"crossings": 3, "events": 2}}
    assert vault.log_faults() == []


def test_stills_of_a_run_go_with_the_unconfirmed(vault: Vault) -> None:
    path = vault.keep_picture(picture_of(np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)), "cam-1")
    age([path], NOON)
    assert forget(vault, 14).counts == {"unconfirmed": {"files": 1}}
    assert not path.exists()


def alarm(number: int = 1, camera: str = "terminal-13800138000", lineage: str = "terminal") -> Event:
    when = later(number / 86_400)
    where = {"lat_deg": 21.0278 + number, "lon_deg": 105.8342, "driver": f"6f0c21ab0011223{number}"}
    return Event("driver-fatigue", camera, when.utc_ns, when.utc_ns, when=when, subjects=("13800138000",), lineage=lineage, details=where)


def test_where_a_vehicle_was_stays_in_no_event_longer_than_alarms_do_and_who_closed_one_goes_with_it(vault: Vault) -> None:
    gone, of_a_case, of_a_camera = alarm(), alarm(2), alarm(3, "terminal-3", "camera")
    vault.keep_events([gone, of_a_case, of_a_camera])
    vault.dossiers.add("alarm", gone.id, [Step(0, "closed", NOON, "Tran Thi Mai", {"why": "spoke with Nguyen Van A"})])
    vault.dossiers.add("case", "c-1", [step(0, "opened")])
    vault.retention.confirm("c-1", NOON, [("run", of_a_case.id)])
    begun_at_noon(vault)
    assert forget(vault, 29).counts.get("alarms") is None
    done = forget(vault, 31)
    assert done.counts["alarms"] == {"events": 1, "steps": 1}
    assert done.left == ()
    assert {event.id for event in vault.events()} == {of_a_case.id, of_a_camera.id}
    assert vault.dossiers.steps("alarm", gone.id) == []
    assert files_with(vault, b"22.0278", b"6f0c21ab00112231") == []
    assert vault.log_faults() == []


def test_only_the_classes_that_were_asked_for(vault: Vault) -> None:
    vault.keep_events([violation()])
    vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    assert forget(vault, 20, classes=["points", "aggregates"]).counts == {}


def test_a_dry_run_tells_and_touches_nothing(vault: Vault) -> None:
    vault.keep_events([violation()])
    ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    done = forget(vault, 20, is_dry=True)
    assert done.is_dry
    assert done.counts == {"unconfirmed": {"keys": 1, "media": 2, "events": 1}}
    assert vault.media.ref("v-1/clip") == ref
    assert len(list(vault.events())) == 1


def test_a_clock_set_back_is_refused(vault: Vault) -> None:
    vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    with pytest.raises(StoreError, match=r"the clock says .* on 2049-.*wanted a clock that was not set back"):
        forget(vault, -1)


@pytest.mark.parametrize("when", [None, Stamp(0), later(10_000)])
def test_a_violation_without_a_believable_clock_counts_from_when_its_run_was_kept(vault: Vault, when: Stamp | None) -> None:
    vault.keep_events([violation(when=when)])
    begun_at_noon(vault)
    assert forget(vault, 13.9).counts == {}
    assert forget(vault, 14).counts == {"unconfirmed": {"events": 1}}


def test_an_event_of_a_run_nobody_noted_counts_from_the_first_forgetting(vault: Vault) -> None:
    vault.keep_events([violation(when=None)])
    with vault._database.writing() as connection:
        connection.execute(text("DELETE FROM runs"))
    assert forget(vault, 1).counts == {}
    assert forget(vault, 14.9).counts == {}
    assert forget(vault, 15).counts == {"unconfirmed": {"events": 1}}


def test_forgetting_is_told_by_the_log_and_cannot_be_untold(vault: Vault) -> None:
    vault.keep_events([violation()])
    forget(vault, 20)
    with vault._database.reading() as connection:
        kinds = [(entry.kind, entry.salt is None) for entry in vault.log.entries(connection)]
    assert kinds == [("event", True), ("forgotten", False)]
    with vault._database.writing() as connection:
        connection.execute(text("DELETE FROM forgettings"))
    untold = "1 entries of kind event have lost their salt, and forgettings tell of 0"
    assert vault.log_faults() == ["entry 1: forgotten 0 is gone, and was not forgotten", untold]


def test_nothing_over_writes_nothing(vault: Vault) -> None:
    vault.keep_events([violation()])
    size_count = vault.log_size_count()
    done = forget(vault, 1)
    assert (done.counts, done.searched_bytes, vault.log_size_count()) == ({}, 0, size_count)


def test_an_envelope_of_a_writer_that_died_before_its_row_is_removed(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
        (folder,) = (vault.folder / "envelopes" / "unconfirmed").iterdir()
        (folder / "0123456789ab-00000001").write_bytes(os.urandom(500))
        own = folder / f"{vault._presence.token}-99999999"
        own.write_bytes(os.urandom(500))
        forget(vault, 1)
        assert own.exists()
        assert len(list(folder.iterdir())) == 3
        assert vault.media.ref(ref.name) == ref


def test_a_trace_that_is_still_there_is_told_and_the_next_forgetting_looks_again(vault: Vault) -> None:
    vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    (vault.folder / "copy-of-a-key").write_bytes(secrets_of(vault, "unconfirmed-*")[0])
    (where,) = forget(vault, 20).left
    assert where.startswith("the key of unconfirmed 2049-")
    assert where.endswith("copy-of-a-key")
    (vault.folder / "copy-of-a-key").unlink()
    again = forget(vault, 21)
    assert (again.left, again.finished_count) == ((), 1)
    assert forget(vault, 22).finished_count == 0


def test_somebody_who_reads_on_is_waited_for_and_told_and_the_next_forgetting_finishes(tmp_path: Path) -> None:
    with Vault.open(tmp_path / "vault", patience_s=0.2) as vault, Vault.open(tmp_path / "vault") as other:
        vault.keep_events([violation()])
        with other._database.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM events")) == 1
            with pytest.raises(StoreError, match="so its log could not be emptied; wanted the same call again"):
                forget(vault, 20)
            assert list(vault.events()) == []
        done = forget(vault, 21)
        assert (done.counts, done.finished_count, done.left) == ({}, 1, ())
        assert files_with(vault, b"track-of-somebody") == []


def test_two_who_forget_at_once_take_turns(open_vault: Callable[..., Vault]) -> None:
    with open_vault(patience_s=0.2) as vault, sole_holder(vault.folder / "forget.lock", 1), pytest.raises(StoreError, match=r"another process has held it"):
        forget(vault, 20)


@pytest.mark.parametrize("traces_count", [1, 8, 9, 500])
def test_a_trace_is_found_wherever_it_lies(tmp_path: Path, traces_count: int) -> None:
    chance = np.random.default_rng(3)
    traces = {chance.bytes(32): f"trace {number}" for number in range(traces_count)}
    sought = list(traces)[-1]
    hay = bytearray(chance.bytes((4 << 20) * 2 + 100))
    places = [0, (4 << 20) - 31, (4 << 20) - 1, 4 << 20, len(hay) - 32]
    for place in places:
        (tmp_path / f"at-{place}").write_bytes(hay[:place] + sought + hay[place + 32 :])
    (tmp_path / "none").write_bytes(hay)
    (tmp_path / "cut").write_bytes(sought[:31])
    search = Search(traces)
    assert sorted(search.under([tmp_path])) == sorted(f"{traces[sought]}: {tmp_path / f'at-{place}'}" for place in places)
    assert search.files_count == 7


def test_days_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="points_days -1"):
        replace(KeptFor(), points_days=-1)
