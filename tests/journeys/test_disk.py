"""A disk that says no: one line, code 2, what was acknowledged is safe, and the same again goes on once there is room."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import skip_or_fail
from tests.support.street import down_the_street, encode_street

ALONE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
WATCH = f'"{sys.executable}" -m catseye.station watch street.ts --detector motion --line 0,120,320,120 --out disk/out'


def on_a_disk_of(size: str, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run `script` in a mount namespace nobody else sees, with a disk of its own at `folder`/disk; modes are no obstacle to root, this is."""
    (folder / "disk").mkdir()
    if subprocess.run([*ALONE, f"mount -t tmpfs -o size={size} none disk"], cwd=folder, capture_output=True, check=False).returncode:
        skip_or_fail("no mount namespaces here")
    return subprocess.run([*ALONE, f"mount -t tmpfs -o size={size} none disk; {script}"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_a_full_disk_is_told_and_the_same_again_counts_everything_once_there_is_room(tmp_path: Path) -> None:
    encode_street(tmp_path / "minute.ts", [down_the_street(begin_s) for begin_s in (3.0, 18.0, 33.0, 48.0)], 60.0, fps=5, form="mpegts")
    (tmp_path / "street.ts").write_bytes((tmp_path / "minute.ts").read_bytes() * 2)
    done = on_a_disk_of("180k", tmp_path, f"{WATCH}; echo code $?; mount -o remount,size=9m disk; {WATCH}; echo code $?; wc -l < disk/out/crossings.csv")
    refused, *more = done.stderr.splitlines()
    assert refused.startswith("catseye: ")
    assert refused.endswith(": no space left on the disk; wanted free space; what was acknowledged is safe")
    assert more == []
    first, *_, second, rows = done.stdout.splitlines()
    assert (first, second, int(rows)) == ("code 2", "code 0", 1 + 8)


def test_a_read_only_disk_is_told_before_anything_is_counted(tmp_path: Path) -> None:
    encode_street(tmp_path / "street.ts", [], 2.0, fps=5, form="mpegts")
    done = on_a_disk_of("1m,ro", tmp_path, f"{WATCH}; echo code $?")
    assert done.stdout == "code 2\n"
    assert done.stderr == f"catseye: {tmp_path / 'disk' / 'out'}: the file system is read-only; wanted a folder that can be written\n"
