import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import StoreError
from catseye.vault.files import UNFINISHED, Presence, disk_errors, file_name, forget_dead, make_folder, sole_holder, sweep, whole_file


def left_by(token: str, folder: Path) -> Path:
    path = folder / f".points.parquet.{token}{UNFINISHED}"
    path.write_bytes(b"half")
    return path


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.csv", "me") as file:
        file.write(b"1,2\n")
        assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv").read_bytes() == b"1,2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_failure_inside_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "a.csv", "me") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"old")]


def test_the_file_is_synced_before_its_name_and_the_name_before_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append("sync " + Path(f"/proc/self/fd/{fd}").readlink().name), real_sync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (seen.append("rename"), real_replace(self, to))[1])
    with whole_file(tmp_path / "a.csv", "me") as file:
        file.write(b"x")
    assert seen == [f"sync .a.csv.me{UNFINISHED}", "rename", f"sync {tmp_path.name}"]


def test_what_a_dead_writer_left_is_swept_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    writers = make_folder(tmp_path / "writers")
    living, ended = Presence(writers), Presence(writers)
    ended.end()
    kept, gone = left_by(living.token, tmp_path), left_by(ended.token, tmp_path)
    assert sweep(tmp_path, writers) == 1
    assert kept.exists()
    assert not gone.exists()
    living.end()


def test_a_writer_killed_without_a_word_counts_as_dead(tmp_path: Path) -> None:
    writers = make_folder(tmp_path / "writers")
    dies = """
import os, pathlib, sys
from catseye.vault.files import Presence
print(Presence(pathlib.Path(sys.argv[1])).token, flush=True)
os.kill(os.getpid(), 9)
"""
    token = subprocess.run([sys.executable, "-c", dies, str(writers)], capture_output=True, text=True, check=False).stdout.strip()
    gone = left_by(token, tmp_path)
    sweep(tmp_path, writers)
    forget_dead(writers)
    assert not gone.exists()
    assert list(writers.iterdir()) == []


def test_only_one_is_inside_and_the_other_is_told_after_its_patience(tmp_path: Path) -> None:
    with sole_holder(tmp_path / "lock", 1.0), pytest.raises(StoreError, match=r"another process has held it for 0.05 s"), sole_holder(tmp_path / "lock", 0.05):
        pass
    with sole_holder(tmp_path / "lock", 0.05):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EIO])
def test_whatever_the_disk_says_is_told_as_three_facts(number: int) -> None:
    with pytest.raises(StoreError) as told, disk_errors(Path("out/points.parquet")):
        raise OSError(number, os.strerror(number))
    assert told.value.where == "out/points.parquet"
    assert told.value.came
    assert told.value.wanted


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(StoreError, match="a file stands where a folder should"):
            make_folder(folder)


@given(st.text(max_size=300).filter(lambda text: text.isprintable()), st.text(max_size=300).filter(lambda text: text.isprintable()))
def test_two_texts_never_share_a_file_name_and_none_is_a_path(one: str, other: str) -> None:
    names = {file_name(one), file_name(other)}
    assert len(names) == len({one, other})
    assert all(0 < len(name) <= 100 and not set(name) & set("/.\0") for name in names)
