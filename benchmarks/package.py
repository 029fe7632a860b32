"""How long it takes to build and to verify an evidence package of a 20 s clip in 1080p whose media are ready, and whether any changed byte goes unnoticed.

`python -m benchmarks.package [--megabytes N] [--rounds N] [--flips N] [--flipped-megabytes N]`. Media are random bytes of the sizes a camera makes (8 Mbit/s
sealed, 5 Mbit/s redacted): nothing in a package is compressed, so their content does not matter. Beside it, in the same run, the physical limits: one pass of
SHA-256 over the file, and the same bytes written and fsynced. `--flips`: so many random bytes of a package, each changed, verified, and put back.
"""

import argparse
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from tests.cases.package.flipping import flips, random_places, unnoticed
from tests.cases.package.scenes import COPY, ORIGINAL, PACKETS, SEALED, STILLS, Site
from tests.support.measured import BEGAN, contents_of, measure

from benchmarks.common import Table
from catseye.cases.package.build import PackageContents
from catseye.core.packets import Packet, PacketList
from catseye.station.replaying import house_replay
from catseye.vault.vault import Vault

FPS, SECONDS_S = 25, 20
STILL_BYTES, LOG_LINE = 400_000, b'{"frame":1,"time_ns":40000000,"fills":[{"box_px":[812,233,838,270],"why":"head","user":"17","score":0.871}]}\n'


def contents(folder: Path, megabytes: float) -> PackageContents:
    """A case whose media, `megabytes` in all, lie in `folder`: 8 parts sealed, 5 redacted."""
    chance = random.Random(7)
    parts = {"sealed": SEALED + chance.randbytes(round(megabytes * 1e6 * 8 / 13)), "copy": chance.randbytes(round(megabytes * 1e6 * 5 / 13))}
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    packets = [Packet(n * 3600, n % FPS == 0, 40_000, sha256(b"%d" % n).hexdigest()) for n in range(FPS * SECONDS_S)]
    (folder / "measured").mkdir(exist_ok=True)
    measured = folder / "measured" / f"{megabytes:g}"
    measured.mkdir()
    whole = contents_of(measure(measured), "red-light")
    original = replace(whole.media[ORIGINAL], sealed_sha256=hashed(folder / "sealed"))
    files = {
        **{path: chance.randbytes(STILL_BYTES) for path in STILLS},
        "data/media/redaction_log.jsonl": LOG_LINE * (6 * FPS * SECONDS_S),
        PACKETS: PacketList.of("h264", packets).to_json(),
        ORIGINAL: folder / "sealed",
        COPY: folder / "copy",
    }
    return replace(whole, files={**whole.files, **files}, media={**whole.media, ORIGINAL: original})


def median_s(rounds: int, act: Callable[[], object]) -> float:
    """Seconds of the middle one."""
    spent = []
    for _ in range(rounds):
        begin_s = time.perf_counter()
        act()
        spent.append(time.perf_counter() - begin_s)
    return statistics.median(spent)


def hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def written(data: bytes, path: Path) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def main() -> dict[str, float]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--megabytes", type=float, default=32.5)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--flips", type=int, default=300)
    asked.add_argument("--flipped-megabytes", type=float, default=4.0)
    words = asked.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = Site(folder, stack.enter_context(Vault.open(folder / "vault")))
        case = contents(folder, words.megabytes)
        now = BEGAN.plus_ns(10**14)
        built = site.build(case, now=now)
        data = built.path.read_bytes()
        command = [sys.executable, "-m", "catseye.station", "verify", str(built.path), "--root", str(site.root_path)]
        figures = {
            "built": median_s(words.rounds, lambda: site.build(case, now=now)),
            "written": median_s(words.rounds, lambda: written(data, folder / "copy.zip")),
            "verified": median_s(words.rounds, lambda: site.verify(built.path)),
            "replayed": median_s(words.rounds, lambda: site.verify(built.path, replay=house_replay())),
            "process": median_s(words.rounds, lambda: subprocess.run(command, check=True, capture_output=True)),
            "hashed": median_s(words.rounds, lambda: hashed(built.path)),
        }
        assert site.verify(built.path, replay=house_replay()).is_good
        table = Table([f"package of {len(data) / 1e6:.1f} MB, 20 s of 1080p", "median s", "beside it"])
        table.add("built from ready media, logged and signed", f"{figures['built']:.2f}", f"written and fsynced alone: {figures['written']:.2f}")
        table.add("verified, 14 checks", f"{figures['verified']:.2f}", f"SHA-256 of the file alone: {figures['hashed']:.2f}")
        table.add("verified, and the measurement judged again", f"{figures['replayed']:.2f}", "")
        table.add("the same by `catseye verify`, the whole process", f"{figures['process']:.2f}", "")
        print(table, end="\n\n")
        small = site.build(contents(folder, words.flipped_megabytes), "flipped.zip", now=now).path
        begin_s = time.perf_counter()
        missed = unnoticed(site, small, folder / "changed.zip", flips(words.flips, random_places(small, words.flips)))
        spent_s = time.perf_counter() - begin_s
        told = f"{words.flips:,} random bytes of a package of {small.stat().st_size / 1e6:.1f} MB changed, one at a time"
        print(f"{told}: {len(missed)} unnoticed or unnamed, {spent_s:.0f} s.")
        for line in missed[:10]:
            print(f"  {line}")
    return figures | {"missed": float(len(missed))}


if __name__ == "__main__":
    main()
