"""kill -9 in the middle of keeping, moving or forgetting: the vault opens, the log verifies, and the same call once more finishes."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.vault.factories import picture_of, points_at
from tests.vault.kept import CLIP, LOG, NOON, grant, later, redacted, sealed
from tests.vault.messages import batch
from tests.vault.test_retention import RED, age, files_with, secrets_of, step, violation

from catseye.core.terminal import Order
from catseye.vault.kept_for import KeptFor
from catseye.vault.media import MediaRef
from catseye.vault.vault import Vault

VICTIM = Path(__file__).with_name("forget_victim.py")


@contextmanager
def forgetter() -> Iterator[Callable[..., bool]]:
    """Whether who forgets (or keeps, or moves) in this folder and database was killed at its Nth touch."""
    with subprocess.Popen([sys.executable, VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tended:

        def is_killed(number: int, folder: Path, url: str = "", what: str = "forget") -> bool:
            assert tended.stdin
            assert tended.stdout
            tended.stdin.write(f"{number} {folder} {url} {what}\n")
            tended.stdin.flush()
            said = tended.stdout.readline()
            assert said in ("killed\n", "done\n")
            return said == "killed\n"

        yield is_killed
        assert tended.stdin
        tended.stdin.close()


def filled(vault: Vault) -> list[bytes]:
    """A vault with something of each kind to forget; the bytes that must be nowhere afterwards."""
    vault.keep_events([violation(number) for number in range(3)])
    vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    vault.media.keep_sealed(sealed(vault, b"sealed " + CLIP), "v-1/original", later(1))
    vault.dossiers.add("case", "c-1", [step(0, "detected", note="a-name-nobody-shall-find")])
    vault.journal.append(batch(0))
    vault.terminals.keep_orders([Order("a" * 32, "13800138000", 0x8300, b"slow down", NOON, 30.0, "warning", "event-1")])
    vault.keep_points(points_at(*range(50)))
    vault.flush()
    still = vault.keep_picture(picture_of(np.full((20, 20, 3), 7, np.uint8)), "cam-1")
    age([still, *vault.folder.glob("points/*/*.parquet")], NOON)
    ends = [path.read_bytes()[-32:] for path in (vault.folder / "envelopes").rglob("*") if path.is_file()]
    return [*secrets_of(vault, "*"), *ends, b"track-of-somebody", b"a-name-nobody-shall-find"]


def is_finished(vault: Vault, needles: list[bytes]) -> None:
    assert vault.log_faults() == []
    done = vault.retention.forget(later(21), KeptFor(), RED)
    assert done.left == ()
    assert vault.log_faults() == []
    assert files_with(vault, *needles) == []
    assert list(vault.folder.glob("points/*/*.parquet")) == list(vault.folder.glob("media/*/*.png")) == []
    assert vault.retention.forget(later(22), KeptFor(), RED).searched_bytes == 0, "nothing was left to finish"


STRIDES = [3, pytest.param(1, marks=pytest.mark.soak)]  # every third touch, or every one


@pytest.mark.parametrize("stride", STRIDES)
def test_killed_at_any_touch_of_a_file_the_next_forgetting_finishes(tmp_path: Path, stride: int) -> None:
    with Vault.open(tmp_path / "full") as vault:
        needles = filled(vault)
    killed_count = 0
    with forgetter() as is_killed:
        for number in range(0, 1000, stride):
            folder = tmp_path / "vault"
            shutil.copytree(tmp_path / "full", folder)
            was_killed = is_killed(number, folder, "")
            with Vault.open(folder) as vault:
                is_finished(vault, needles)
            shutil.rmtree(folder)
            if not was_killed:
                break
            killed_count += 1
    assert killed_count * stride > 20


def test_killed_again_and_again_it_gets_there(open_vault: Callable[..., Vault], database_url: str, tmp_path: Path) -> None:
    with open_vault() as vault:
        needles = filled(vault)
    with forgetter() as is_killed:
        number = 0
        while is_killed(number, tmp_path / "vault", database_url):
            number += 1
            with open_vault() as vault:
                assert vault.log_faults() == []
    assert number > 3
    with open_vault() as vault:
        is_finished(vault, needles)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("what", ["keep", "move"])
def test_killed_while_a_clip_is_kept_or_moved_it_is_there_whole_or_not_at_all(tmp_path: Path, what: str, stride: int) -> None:
    full, folder = tmp_path / "full", tmp_path / "vault"
    with Vault.open(full) as vault:
        if what == "move":
            vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
    number, was_killed = 0, True
    with forgetter() as is_killed:
        while was_killed:
            shutil.copytree(full, folder)
            was_killed = is_killed(number, folder, "", what)
            number += stride
            with Vault.open(folder) as vault:
                assert vault.log_faults() == []
                refs = vault.media.refs()
                assert refs or what == "keep"
                for ref in refs:
                    is_whole(vault, ref)
                again = vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
                is_whole(vault, vault.media.reclass(again, "case", later(1), "c-1"))
                assert vault.log_faults() == []
                vault.retention.confirm("c-1", later(1))
                vault.retention.forget(later(20), KeptFor(), RED)
                files = [path for path in (folder / "envelopes").rglob("*") if path.is_file()]
                assert sorted({path.parent.parent.name for path in files}) == ["case"]
                assert len(files) == 2, "what the killed one left is swept"
                assert [path for path in (folder / "staging").rglob("*") if path.is_file()] == []
            shutil.rmtree(folder)
    assert number > 20


def is_whole(vault: Vault, ref: MediaRef) -> None:
    with vault.media.open(ref, grant(), later(1), "to see whether it is whole") as file:
        assert file.read() == CLIP
    assert vault.media.redaction_log(ref, grant(), later(1), "the same") == LOG
