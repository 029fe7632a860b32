"""One byte of a package changed, anywhere: it is found, and the file is named."""

import random
import struct
from pathlib import Path

import pytest
from tests.cases.package.flipping import flips, random_places, unnoticed
from tests.cases.package.scenes import Site, small_contents
from tests.cases.package.tamper import entries_of, packed


def test_every_byte_of_a_small_package_is_found_when_it_changes(standing: Site, package: Path, tmp_path: Path) -> None:
    size_bytes = package.stat().st_size
    assert size_bytes < 40_000
    assert unnoticed(standing, package, tmp_path / "flipped.zip", flips(size_bytes, range(size_bytes))) == []


@pytest.fixture(scope="module")
def large(standing: Site) -> Path:
    """Four megabytes, most of it media."""
    noise = random.Random(7).randbytes(2_000_000)
    contents = small_contents(sealed=b"age-encryption.org/v1\n" + noise)
    files = {**contents.files, "data/media/redacted/cam-1.mp4": noise, "data/media/redaction_log.jsonl": b'{"frame":1}\n' * 10_000}
    return standing.build(small_contents(sealed=b"age-encryption.org/v1\n" + noise, files=files), "large.zip").path


def test_random_bytes_of_a_large_package_are_found_when_they_change(standing: Site, large: Path, tmp_path: Path) -> None:
    assert unnoticed(standing, large, tmp_path / "flipped.zip", flips(300, random_places(large, 300))) == []


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_ten_thousand_random_bytes_of_a_large_package_are_found(standing: Site, large: Path, tmp_path: Path) -> None:
    assert unnoticed(standing, large, tmp_path / "flipped.zip", flips(10_000, random_places(large, 10_000))) == []


def test_a_byte_changed_by_who_repairs_the_zip_is_found_by_the_hashes_and_signatures_alone(standing: Site, package: Path, tmp_path: Path) -> None:
    """The container is right again, so what finds it is what a court relies on. Every eleventh byte of every file, the first and the last."""
    entries, missed = entries_of(package), []
    for name, content in entries.items():
        for place in sorted({*range(0, len(content), 11), len(content) - 1}):
            changed = content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
            verdict = standing.verify(packed({**entries, name: changed}, tmp_path / "repaired.zip"))
            named = {fault.file for fault in verdict.faults}
            # what was signed or sealed and what signs or seals it fit each other no longer: either may be named
            also = {"manifest.json": {"signature", "seal.json"}, "signer.pem": {"signer.pem", "signature"}}.get(name, set())
            if verdict.is_good or verdict.checks[0].state != "passed" or not named & {name, *also}:
                missed.append(f"byte {place} of {name}: {named}")
    assert missed == []


def test_a_package_cut_short_or_grown_anywhere_is_not_whole(standing: Site, package: Path, tmp_path: Path) -> None:
    whole = package.read_bytes()
    changed = tmp_path / "changed.zip"
    for cut in random.Random(3).sample(range(100, len(whole)), 60):
        changed.write_bytes(whole[:cut])
        assert not standing.verify(changed).is_good
        changed.write_bytes(whole[:cut] + b"\0" + whole[cut:])
        assert not standing.verify(changed).is_good
    for extra in (b"\0", b"PK\x05\x06", struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)):
        changed.write_bytes(whole + extra)
        assert not standing.verify(changed).is_good
        changed.write_bytes(extra + whole)
        assert not standing.verify(changed).is_good
