"""kill -9 while reports come in: what was acknowledged is whole, what was not leaves nothing open, and sent again it is received once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyrage
import pytest
from tests.cases.told import NOON, claim

from catseye.cases.report_desk import reports
from catseye.cases.scheme import adopt, example_schemes, scheme_in_force
from catseye.core.geo import GeoPoint
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_S
from catseye.station.report_intake import file_report
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy

VICTIM = Path(__file__).with_name("report_victim.py")
IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
KILLS_COUNT = 6


def killed_while_filing(out: Path, folder: Path, models: Path, begin: int, chance: random.Random) -> list[tuple[int, str]]:
    """The reports that a victim had acknowledged when it was killed."""
    source = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": str(source / "src"), "CATSEYE_MODELS": str(models.resolve())}
    kept: list[tuple[int, str]] = []
    with subprocess.Popen([sys.executable, VICTIM, out, folder, KEY, str(begin)], stdout=subprocess.PIPE, text=True, env=env) as victim:
        assert victim.stdout
        assert victim.stdout.readline() == "ready\n"
        lives = chance.randrange(3)
        while len(kept) < lives:
            _, number, name = victim.stdout.readline().split()
            kept.append((int(number), name))
        time.sleep(chance.random() * 0.6)
        os.kill(victim.pid, signal.SIGKILL)
        kept += [(int(number), name) for _, number, name in (line.split() for line in victim.stdout)]
    return kept


@pytest.mark.timeout(300)
def test_what_was_acknowledged_is_whole_and_what_was_not_can_be_sent_again(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    out, chance = tmp_path / "vault", random.Random(4)
    with Vault.open(out, "reports") as vault:
        adopt(vault, example_schemes()["jinan-like"], "jinan-like", NOON, "chief Van")
    kept: dict[int, str] = {}
    next_number = 0
    stills = StillCopy()
    grant = Grant("Binh", "review", NOON.plus_ns(9 * NS_PER_S))
    for _ in range(KILLS_COUNT):
        kept |= dict(killed_while_filing(out, tmp_path, models, next_number, chance))
        cut = max(int(path.name.partition("-")[0]) for path in tmp_path.glob("*-0.jpg"))
        with Vault.open(out, "reports") as vault:
            assert [path for path in (out / "staging").glob("*/*") if vault.media.staging() not in path.parents] == []
            assert vault.log_faults() == []
            there = {report.id: report for report in reports(vault)}
            assert set(kept.values()) <= set(there)
            for report in there.values():
                refs = vault.media.refs(f"report/{report.id}/")
                assert sorted(ref.kind for ref in refs) == ["redacted", "redacted", "sealed", "sealed"]
                for evidence in report.evidence:
                    assert {evidence.sealed_sha256, evidence.copy_sha256} <= {ref.sha256 for ref in refs}
            files = [tmp_path / f"{cut}-{nth}.jpg" for nth in range(2)]
            if all(path.is_file() and path.read_bytes().endswith(b"\xff\xd9") for path in files):  # sent again by whoever got no answer
                told = claim(plate=f"鲁A{10_000 + cut}", place=GeoPoint(30.0 + cut, 117.0))
                again = file_report(vault, scheme_in_force(vault, "jinan-like"), told, files, [KEY], stills, NOON)
                kept[cut] = again.id
                assert len(vault.media.refs(f"report/{again.id}/")) == 4
                sealed = next(ref for ref in vault.media.refs(f"report/{again.id}/") if ref.kind == "sealed")
                with vault.media.open(sealed, grant, NOON, "to hand it over") as file:
                    assert pyrage.decrypt(file.read(), [IDENTITY]).endswith(b"\xff\xd9")
        next_number = cut + 1
    assert len(kept) >= KILLS_COUNT
    with Vault.open(out, "reports") as vault:
        assert len(list(reports(vault))) == len({report.id for report in reports(vault)}) >= len(kept)
