"""kill -9 in the middle of forgetting: the vault opens, the log verifies, and forgetting once more finishes and proves it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tests.vault.factories import picture_of, points_at
from tests.vault.kept import CLIP, NOON, later, redacted, sealed
from tests.vault.test_retention import RED, age, files_with, secrets_of, step, violation

from catseye.vault.retention import KeptFor
from catseye.vault.vault import Vault

VICTIM = Path(__file__).with_name("forget_victim.py")


@contextmanager
def forgetter() -> Iterator[Callable[[int, Path, str], bool]]:
    """Whether a forgetting of this folder and database was killed at its Nth touch."""
    with subprocess.Popen([sys.executable, VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tended:

        def is_killed(number: int, folder: Path, url: str = "") -> bool:
            assert tended.stdin
            assert tended.stdout
            tended.stdin.write(f"{number} {folder} {url}\n")
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


def test_killed_at_any_touch_of_a_file_the_next_forgetting_finishes(tmp_path: Path) -> None:
    with Vault.open(tmp_path / "full") as vault:
        needles = filled(vault)
    killed_count = 0
    with forgetter() as is_killed:
        for number in range(1000):
            folder = tmp_path / "vault"
            shutil.copytree(tmp_path / "full", folder)
            was_killed = is_killed(number, folder, "")
            with Vault.open(folder) as vault:
                is_finished(vault, needles)
            shutil.rmtree(folder)
            if not was_killed:
                break
            killed_count += 1
    assert killed_count > 10


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
