import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.conftest import skip_or_fail
from tests.vault.factories import crossings_at, events_at, points_at, track_over

from catseye.core.errors import StoreError
from catseye.vault import parts
from catseye.vault.files import UNFINISHED
from catseye.vault.vault import Vault

SCENES = Path(__file__).with_name("disk_scenes.py")


def test_a_replay_doubles_nothing(tmp_path: Path, open_vault: Callable[..., Vault]) -> None:
    for pass_count in range(2):
        with open_vault() as vault:
            assert vault.keep_events(events_at(3, 1, 2)) == (0 if pass_count else 3)
            assert vault.keep_crossings(crossings_at(1, 2)) == (0 if pass_count else 2)
            vault.keep_points(points_at(1, 2, 3))
            vault.keep_tracks(track_over(1, 3))
            vault.export(tmp_path / "out")
    assert [len((tmp_path / "out" / name).read_text().splitlines()) for name in ("events.jsonl", "crossings.csv")] == [3, 3]
    assert [pq.read_metadata(tmp_path / "out" / name).num_rows for name in ("points.parquet", "tracks.parquet")] == [3, 1]


def test_an_event_twice_in_one_batch_is_one(vault: Vault) -> None:
    assert vault.keep_events(events_at(1, 1)) == 1


def test_an_event_told_again_with_a_later_end_gets_that_end_and_never_an_earlier_one(vault: Vault) -> None:
    (event,) = events_at(1)
    longer = replace(event, end_time_ns=event.end_time_ns + 10, trusted=False)
    for told in (event, longer, event):
        vault.keep_events([told])
    assert list(vault.events()) == [longer]


def test_events_come_in_order_of_time_then_camera(vault: Vault) -> None:
    kept = [*events_at(5, 1, camera="cam-2"), *events_at(3, 5, camera="cam-1")]
    vault.keep_events(kept)
    assert [(event.time_ns // 10**9, event.camera) for event in vault.events()] == [(1, "cam-2"), (3, "cam-1"), (5, "cam-1"), (5, "cam-2")]
    assert [event.time_ns // 10**9 for event in vault.events("cam-1")] == [3, 5]


def test_events_can_be_kept_while_others_are_read(vault: Vault) -> None:
    vault.keep_events(events_at(*range(5)))
    assert sum(vault.keep_events(events_at(100 + number)) for number, _ in enumerate(vault.events())) == 5


def test_runs_do_not_mix(tmp_path: Path, open_vault: Callable[..., Vault]) -> None:
    with open_vault("monday") as monday, open_vault("tuesday") as tuesday:
        monday.keep_events(events_at(1))
        monday.keep_points(points_at(1))
        assert tuesday.keep_events(events_at(1, 2)) == 2
        tuesday.export(tmp_path / "out")
        assert len(list(monday.events())) == 1
    assert pq.read_metadata(tmp_path / "out" / "points.parquet").num_rows == 0


def test_nothing_handed_over_is_lost_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Vault.open(tmp_path) as vault:
        vault.keep_points(points_at(1, 2))
        raise KeyboardInterrupt
    (part,) = (tmp_path / "points").rglob("*.parquet")
    assert pq.read_metadata(part).num_rows == 2


def test_points_become_parts_without_being_asked_once_there_are_many(vault: Vault) -> None:
    for _ in range(3):
        vault.keep_points(points_at(*range(parts.PART_ROWS // 2)))
    assert len(list((vault.folder / "points").rglob("*.parquet"))) == 1


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    vault.close()
    vault.close()
    assert list((tmp_path / "writers").iterdir()) == []


def test_flows_in_the_vault_are_those_of_the_crossings(tmp_path: Path) -> None:
    with Vault.open(tmp_path) as vault:
        vault.keep_crossings(crossings_at(1, 2, 61))
    assert pq.read_table(tmp_path / "flows" / "run" / "flows.parquet")["crossings_count"].to_pylist() == [2, 1]


def test_leftovers_in_any_run_and_in_the_folder_of_an_export_are_swept(tmp_path: Path) -> None:
    Vault.open(tmp_path / "vault", run="old").close()
    left = [tmp_path / "vault" / "points" / "old" / f".a.parquet.0badc0ffee00{UNFINISHED}", tmp_path / "out" / f".crossings.csv.0badc0ffee00{UNFINISHED}"]
    (tmp_path / "out").mkdir()
    for path in left:
        path.write_bytes(b"half")
    with Vault.open(tmp_path / "vault", run="new") as vault:
        vault.export(tmp_path / "out")
    assert [path for path in left if path.exists()] == []


def test_a_file_is_not_a_vault(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file")
    with pytest.raises(StoreError, match=r"vault: a file stands where a folder should; wanted a folder"):
        Vault.open(tmp_path / "vault")


def test_a_folder_nobody_may_write_is_told() -> None:
    with pytest.raises(StoreError, match=r"permission denied|read-only"):
        Vault.open(Path("/sys/catseye-vault"))


def test_processes_may_make_one_vault_at_once_and_all_write_to_it(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, SCENES, "write", tmp_path / "vault", f"cam-{number}"]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    with Vault.open(tmp_path / "vault") as vault:
        vault.export(tmp_path / "out")
        assert sum(1 for _ in vault.events()) == 4 * 200
    assert pq.read_metadata(tmp_path / "out" / "points.parquet").num_rows == 4 * 200
    assert pq.read_metadata(tmp_path / "out" / "tracks.parquet").num_rows == 4


def test_a_file_that_may_not_grow_costs_nothing_acknowledged(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCENES, "limited", tmp_path / "vault"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def own_disk(scene: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the scene with a disk of 4 MB of its own at `folder`, in a mount namespace nobody else sees."""
    folder.mkdir()
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    mount = 'mount -t tmpfs -o size=4m none "$1"'
    if subprocess.run([*alone, mount, "sh", folder], capture_output=True, check=False).returncode:
        skip_or_fail("no mount namespaces here: the size-limited scene stands for it")
    line = [*alone, f'{mount}; exec "$0" "$2" "$3" "$1"', sys.executable, folder, SCENES, scene]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_a_full_disk_costs_nothing_acknowledged_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    done = own_disk("full", tmp_path / "disk")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_clip_or_a_forgetting_without_room_leaves_nothing_half_done(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCENES, "limited-media", tmp_path / "vault"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = own_disk("full-of-media", tmp_path / "disk")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_read_only_disk_is_told(tmp_path: Path) -> None:
    done = own_disk("read-only", tmp_path / "disk")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_new_vault_is_for_its_user_alone_and_one_that_is_there_stays_as_it_was_made(tmp_path: Path) -> None:
    Vault.open(tmp_path / "out" / "vault").close()
    assert (tmp_path / "out" / "vault").stat().st_mode & 0o777 == 0o700
    (tmp_path / "shared").mkdir(mode=0o750)
    (tmp_path / "shared").chmod(0o750)
    Vault.open(tmp_path / "shared").close()
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o750
