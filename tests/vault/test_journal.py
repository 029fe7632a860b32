"""What terminals said is there when it was acknowledged, in order, for days, and opens for others under a grant alone."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.kept import NOON, grant, later
from tests.vault.messages import batch, message
from tests.vault.test_retention import files_with, secrets_of

from catseye.core.errors import StoreError
from catseye.core.grant import GrantError
from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.vault import journal as journals
from catseye.vault.drawers import ForgottenError
from catseye.vault.journal_blocks import block_of, records_of
from catseye.vault.kept_for import KeptFor
from catseye.vault.segments import SegmentDamagedError
from catseye.vault.vault import Vault

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n\0"), max_size=20)
RECORDS = st.builds(
    Accepted,
    WORDS,
    WORDS,
    WORDS,
    st.integers(0, 65_535),
    st.integers(0, 65_535),
    st.builds(Stamp, st.integers(-(2**62), 2**62), st.floats(0, 1e9)),
    st.binary(max_size=60),
)


@given(st.lists(RECORDS, min_size=1, max_size=20))
def test_a_batch_comes_back_equal_whatever_was_said(records: list[Accepted]) -> None:
    block = block_of(records)
    assert list(records_of(block)) == records
    name = records[0].identity
    assert list(records_of(block, name)) == [record for record in records if record.identity == name]


def test_a_record_that_no_wire_could_bring_is_refused_and_nothing_is_kept(vault: Vault) -> None:
    for wrong in (replace(message(0), phone="1\n2"), replace(message(0), serial=65_536), replace(message(0), identity="\0")):
        with pytest.raises(ValueError, match="a record"):
            vault.journal.append([message(1), wrong])
    assert list(vault.journal.recent(NOON)) == []


def test_what_was_kept_is_there_for_the_next_process_in_order(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        vault.journal.append(batch(0))
        vault.journal.append(batch(10))
        assert vault.journal.append([]) is None
    with open_vault() as vault:
        vault.journal.append(batch(20))
        assert list(vault.journal.recent(NOON)) == batch(0, 30)
        assert list(vault.journal.recent(batch(25)[0].received)) == batch(25, 5)


def test_a_second_process_sees_what_the_first_has_acknowledged(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        one.journal.append(batch(0))
        other.journal.append(batch(10))
        assert sorted(record.body for record in other.journal.recent(NOON)) == [record.body for record in batch(0, 20)]
        assert [records for _, records in one.journal.unjudged()] == [tuple(batch(0))], "what the other has to judge is its own"


def test_a_late_batch_of_yesterday_goes_into_todays_segment_and_one_of_a_week_ago_into_its_own(vault: Vault) -> None:
    vault.journal.append(batch(0, days=7))
    vault.journal.append(batch(10, days=6.9))
    assert len(segments(vault)) == 1
    vault.journal.append(batch(20, days=0))
    assert len(segments(vault)) == 2
    assert len({path.parent for path in segments(vault)}) == 2


def test_a_segment_that_is_long_is_ended_and_another_begun(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 300)
    positions = [vault.journal.append(batch(begin)) for begin in range(0, 50, 10)]
    assert len(segments(vault)) == 5
    assert list(vault.journal.recent(NOON)) == batch(0, 50)
    assert positions[2] is not None
    vault.journal.judged(positions[2])
    assert [records for _, records in vault.journal.unjudged()] == [tuple(batch(30)), tuple(batch(40))]


def test_after_a_restart_judging_goes_on_where_it_was(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        positions = [vault.journal.append(batch(begin)) for begin in range(0, 40, 10)]
        assert positions[1] is not None
        assert positions[0] is not None
        vault.journal.judged(positions[1])
        vault.journal.judged(positions[0])  # never back
    with open_vault() as vault:
        left = list(vault.journal.unjudged())
        assert [records for _, records in left] == [tuple(batch(20)), tuple(batch(30))]
        vault.journal.judged(left[0][0])
        vault.journal.append(batch(40))
        assert [records for _, records in vault.journal.unjudged()] == [tuple(batch(30)), tuple(batch(40))]


def test_nothing_of_a_journal_lies_open_on_the_disk(vault: Vault) -> None:
    vault.journal.append(batch(0))
    assert files_with(vault, b"13800138000", b"where the vehicle was") == []


def test_history_is_of_one_terminal_and_one_span_and_the_look_is_logged_first(vault: Vault) -> None:
    vault.journal.append(batch(0, 30))
    name = message(0, "013800138001").identity
    found = vault.journal.history(name, batch(3)[0].received, batch(20)[0].received, grant(), later(1), "a complaint")
    assert [look.subject for look in vault.looks()] == [f"positions/{name}"], "before the first record is taken"
    assert list(found) == [record for record in batch(3, 17) if record.identity == name]
    assert vault.log_faults() == []


def test_history_needs_a_grant_that_holds_and_a_reason(vault: Vault) -> None:
    vault.journal.append(batch(0))
    with pytest.raises(GrantError, match="no reason"):
        vault.journal.history("13800138000", NOON, later(1), grant(), later(1), " ")
    with pytest.raises(GrantError, match="over since"):
        vault.journal.history("13800138000", NOON, later(1), grant(until=later(0.5)), later(1), "a complaint")
    with pytest.raises(ValueError, match="an end after the beginning"):
        vault.journal.history("13800138000", NOON, NOON, grant(), later(1), "a complaint")
    assert list(vault.looks()) == []


def test_a_block_gone_bad_in_the_middle_is_told_after_all_that_is_whole(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        for begin in range(0, 30, 10):
            vault.journal.append(batch(begin))
        path = segments(vault)[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with open_vault() as vault:
        found = vault.journal.recent(NOON)
        assert list(islice(found, 20)) == [*batch(0), *batch(20)]
        with pytest.raises(SegmentDamagedError, match=r"block 1 .*does not open"):
            next(found)


def test_a_torn_tail_is_cut_at_the_next_open(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        vault.journal.append(batch(0))
        path, whole_bytes = segments(vault)[0], segments(vault)[0].stat().st_size
        vault.journal.append(batch(10))
        torn = path.read_bytes()[: whole_bytes + 50]
    path.write_bytes(torn)
    with open_vault() as vault:
        assert path.stat().st_size == whole_bytes + 44, "cut, and its end told"
        assert list(vault.journal.recent(NOON)) == batch(0)


def test_a_disk_that_says_no_keeps_nothing_of_the_batch_and_the_next_one_works(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        vault.journal.append(batch(0))
        whole_bytes = segments(vault)[0].stat().st_size
        with no_more_than(whole_bytes + 50), pytest.raises(StoreError, match="grow past a size limit"):
            vault.journal.append(batch(10))
        assert segments(vault)[0].stat().st_size == whole_bytes, "half a block is cut at once"
        with no_more_than(10), pytest.raises(StoreError, match="grow past a size limit"):
            vault.journal.append(batch(10))
        assert len(segments(vault)) == 1, "nor is there half a header"
        vault.journal.append(batch(20))
    with open_vault() as vault:
        assert list(vault.journal.recent(NOON)) == [*batch(0), *batch(20)]


@contextmanager
def no_more_than(size_bytes: int) -> Iterator[None]:
    """The kernel refuses to let a file grow beyond that, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_segment_of_another_day_in_the_drawer_is_told_and_the_vault_opens(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        vault.journal.append(batch(0))
        vault.journal.append(batch(10, days=2))
        one, other = segments(vault)
    other.with_name(one.name).write_bytes(one.read_bytes())
    with open_vault() as vault:
        found = vault.journal.recent(NOON)
        assert list(islice(found, 20)) == [*batch(0), *batch(10, days=2)]
        with pytest.raises(SegmentDamagedError, match="one of another drawer"):
            next(found)


def segments(vault: Vault) -> list[Path]:
    return sorted(vault.folder.glob("envelopes/positions/*/*.journal"))


def test_forgetting_a_day_destroys_it_and_proves_it(vault: Vault) -> None:
    vault.journal.append(batch(0))
    vault.journal.append(batch(10, days=3))
    gone = segments(vault)[0]
    needles = [*secrets_of(vault, "positions*"), gone.read_bytes()[-40:]]
    position = vault.journal.append(batch(20, days=3))
    assert position is not None
    vault.journal.judged(position)
    assert vault.retention.forget(later(7.4), KeptFor(), set()).counts == {}
    dry = vault.retention.forget(later(8.4), KeptFor(), set(), is_dry=True)
    done = vault.retention.forget(later(8.4), KeptFor(), set())
    assert dry.counts == done.counts == {"positions": {"keys": 1, "segments": 1}}
    assert done.left == ()
    assert done.traces_count >= 4
    assert files_with(vault, needles[0], needles[-1]) == []
    assert not gone.exists()
    assert list(vault.journal.recent(NOON)) == [*batch(10, days=3), *batch(20, days=3)]
    assert vault.log_faults() == []


def test_the_day_that_is_still_being_written_is_not_forgotten(vault: Vault) -> None:
    vault.journal.append(batch(0))
    at_midnight = Stamp((NOON.utc_ns // 86_400_000_000_000 + 1) * 86_400_000_000_000)
    days = KeptFor(positions_days=0)
    assert vault.retention.forget(at_midnight, days, set()).counts == {}
    with pytest.raises(StoreError, match="still being written"):
        vault.retention.forget(at_midnight, days, set(), subject=("positions", segments(vault)[0].parent.name), why="x")
    assert vault.retention.forget(at_midnight.plus_ns(3_600_000_000_000), days, set()).counts == {"positions": {"keys": 1, "segments": 1}}


def test_a_writer_whose_day_was_forgotten_under_it_acknowledges_nothing(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as writer, open_vault() as other:
        writer.journal.append(batch(0))
        other.retention.forget(later(9), KeptFor(), set())
        for _ in range(2):
            with pytest.raises(ForgottenError):
                writer.journal.append(batch(10))
        assert segments(writer) == []
        writer.journal.append(batch(20, days=9))
        assert list(other.journal.recent(NOON)) == batch(20, days=9)


VICTIM = Path(__file__).with_name("journal_victim.py")


def kill_many(tmp_path: Path, deaths: int) -> None:
    """Victims append and are killed at once or in the middle of the next batch; whoever opens next finds all that was acknowledged."""
    folder, acknowledged_count = tmp_path / "vault", 0
    Vault.open(folder).close()
    with subprocess.Popen([sys.executable, VICTIM, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tended:
        assert tended.stdin
        assert tended.stdout
        for death in range(deaths):
            tended.stdin.write(f"{death} {death * 7 % 40}\n")
            tended.stdin.flush()
            acknowledged_count += int(tended.stdout.readline())
            if death % 5 == 4 or death == deaths - 1:
                acknowledged_is_there(folder, acknowledged_count, death + 1)
        tended.stdin.close()


def acknowledged_is_there(folder: Path, acknowledged_count: int, deaths: int) -> None:
    with Vault.open(folder) as vault:
        found = list(vault.journal.recent(NOON))
        assert len(set(found)) == len(found), "doubled"
        by_death = {death: [record for record in found if record.serial == death] for death in range(deaths)}
        for death, records in by_death.items():
            assert [record.body for record in records] == [b"%d/%d" % (death, number) for number in range(len(records))], "a hole"
            assert len(records) % 10 == 0, "half a batch"
        assert acknowledged_count <= len(found) <= acknowledged_count + 10 * deaths


def test_killed_at_15_touches_of_the_disk_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    kill_many(tmp_path, 15)


@pytest.mark.soak
def test_killed_at_400_touches_of_the_disk_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    kill_many(tmp_path, 400)
