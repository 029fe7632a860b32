"""Scenes with a disk that says no, each in a process of its own: `disk_scenes.py SCENE FOLDER`. Silence means it went as it should."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from catseye.core.errors import StoreError
from catseye.vault.kept_for import KeptFor
from catseye.vault.vault import Vault

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.vault.factories import crossings_at, events_at, picture_of, points_at, track_over
from tests.vault.kept import NOON, later, redacted

NOISE = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)


def refusals(vault: Vault, out: Path, number: int) -> list[str]:
    """What each door of the vault says now."""
    said = []
    asked: tuple[Callable[[], object], ...] = (
        lambda: vault.keep_events(events_at(*range(number, number + 400))),
        lambda: vault.keep_crossings(crossings_at(*range(4000))),
        vault.flush,
        lambda: vault.keep_picture(picture_of(NOISE), f"still-{number}"),
        lambda: vault.export(out),
    )
    for ask in asked:
        try:
            ask()
        except StoreError as error:
            said.append(str(error))
    return said


def until_refused(vault: Vault) -> set[str]:
    """Keep events until the disk says no; ids of all that were acknowledged."""
    kept: set[str] = set()
    for number in range(100_000):
        batch = events_at(*range(number * 50, number * 50 + 50), camera="filler")
        try:
            vault.keep_events(batch)
        except StoreError:
            return kept
        kept |= {event.id for event in batch}
    raise AssertionError("the disk never filled")


def play(folder: Path, stop: Callable[[], None], go: Callable[[], None], words: tuple[str, ...]) -> None:
    """Write, let the disk say no, let it be mended, write on: nothing acknowledged is lost, nothing is doubled."""
    vault = Vault.open(folder / "vault")
    stop()
    kept = until_refused(vault)
    vault.keep_points(points_at(*np.random.default_rng(1).integers(0, 10**7, 100_000)))
    said = refusals(vault, folder / "out", 1)
    assert len(said) == 5, said
    assert all(any(word in line for word in words) for line in said), said
    assert not list(folder.rglob("*.unfinished"))
    go()
    assert {event.id for event in vault.events()} >= kept
    vault.flush()
    vault.keep_events(events_at(1))
    vault.export(folder / "out")
    ids = [event.id for event in vault.events()]
    assert len(ids) == len(set(ids))
    vault.close()


def keep_and_forget(folder: Path, stop: Callable[[], None], go: Callable[[], None]) -> None:
    """A clip for which there is no room is not there at all; a forgetting that runs out of room is finished by the next one."""
    vault = Vault.open(folder / "vault")
    clips = [np.random.default_rng(number).bytes(700_000) for number in range(2)]
    vault.media.keep_redacted(redacted(vault, clips[0]), "clip-0", NOON)
    vault.keep_events(events_at(*range(500)))
    media = redacted(vault, clips[1])
    envelopes = sorted((folder / "vault" / "envelopes").rglob("*"))
    stop()
    try:
        vault.media.keep_redacted(media, "clip-1", NOON)
    except StoreError as error:
        assert any(word in str(error) for word in ("no space left", "size limit")), error
    else:
        raise AssertionError("there was room")
    assert sorted((folder / "vault" / "envelopes").rglob("*")) == envelopes
    assert media.path.read_bytes() == clips[1]
    go()
    vault.media.keep_redacted(media, "clip-1", NOON)
    assert vault.log_faults() == []
    stop()
    try:
        vault.retention.forget(later(20), KeptFor(), {"near-miss"})
    except StoreError as error:
        assert any(word in str(error) for word in ("no space left", "the disk failed")), error
    else:
        raise AssertionError("there was room")
    go()
    assert vault.log_faults() == []
    done = vault.retention.forget(later(20), KeptFor(), {"near-miss"})
    assert done.left == ()
    assert vault.log_faults() == []
    assert list(vault.events()) == vault.media.refs() == []
    assert not [path for path in (folder / "vault" / "envelopes").rglob("*") if path.is_file()]
    vault.close()


def full_of_media(folder: Path) -> None:
    ballast = folder / "ballast"
    keep_and_forget(
        folder, lambda: subprocess.run(["sh", "-c", f"cat /dev/zero > '{ballast}'"], check=False, stderr=subprocess.DEVNULL) and None, ballast.unlink
    )


def limited_media(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))  # noqa: E731
    keep_and_forget(folder, lambda: limit(150_000), lambda: limit(hard))


def full(folder: Path) -> None:
    ballast = folder / "ballast"
    grow = f"head -c 3500000 /dev/zero > '{ballast}'"
    play(folder, lambda: subprocess.run(["sh", "-c", grow], check=False) and None, ballast.unlink, ("no space left",))


def limited(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))  # noqa: E731
    play(folder, lambda: limit(150_000), lambda: limit(hard), ("size limit", "the disk failed"))


def read_only(folder: Path) -> None:
    Vault.open(folder / "vault").close()
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        Vault.open(folder / "vault")
    except StoreError as error:
        assert "read-only" in str(error), error
    else:
        raise AssertionError("a read-only vault opened for writing")


def write(folder: Path, camera: str) -> None:
    with Vault.open(folder) as vault:
        for number in range(20):
            assert vault.keep_events(events_at(*range(number * 10, number * 10 + 10), camera=camera)) == 10
            vault.keep_crossings(crossings_at(number, camera=camera))
            vault.keep_points(points_at(*range(number * 10, number * 10 + 10), camera=camera))
            vault.flush()
        vault.keep_tracks(track_over(0, 200, camera=camera))


if __name__ == "__main__":
    scenes: dict[str, Callable[..., None]] = {
        "full": full,
        "limited": limited,
        "full-of-media": full_of_media,
        "limited-media": limited_media,
        "read-only": read_only,
        "write": write,
    }
    scenes[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
