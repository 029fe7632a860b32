"""Bytes of a package changed one at a time, and whether each was found and its file named. For the tests, and for benchmarks/package.py."""

import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.cases.package.scenes import Site

LOCAL_BYTES, RECORD_BYTES, END_BYTES = 30, 46, 22


def owners(package: Path) -> list[str]:
    """Whose every byte of the file is: an entry's header, content or record; the end of the directory belongs to the container."""
    owned: list[str] = []
    with zipfile.ZipFile(package) as archive:
        infos = archive.infolist()
    for info in infos:
        assert len(owned) == info.header_offset
        owned += [info.filename] * (LOCAL_BYTES + len(info.filename) + info.file_size)
    for info in infos:
        owned += [info.filename] * (RECORD_BYTES + len(info.filename))
    return owned + ["(container)"] * END_BYTES


def flips(count: int, places: range | list[int]) -> Iterator[tuple[int, int]]:
    """Places, and which bit of the byte there."""
    return ((place, 1 << (place * 5 + place // 8) % 8) for place in places[:count])


def unnoticed(site: Site, package: Path, to: Path, changes: Iterator[tuple[int, int]]) -> list[str]:
    """Every change that was not found, or whose file was not named."""
    owned, whole = owners(package), bytearray(package.read_bytes())
    assert len(owned) == len(whole)
    missed = []
    with to.open("w+b") as file:
        file.write(whole)
        for place, bit in changes:
            file.seek(place)
            file.write(bytes([whole[place] ^ bit]))
            file.flush()
            verdict = site.verify(to)
            if verdict.is_good or not any(owned[place] in fault.file or repr(owned[place]) in fault.fact for fault in verdict.faults):
                missed.append(f"byte {place} of {owned[place]}: {[str(fault) for fault in verdict.faults]}")
            file.seek(place)
            file.write(bytes([whole[place]]))
    return missed


def random_places(package: Path, count: int) -> list[int]:
    return random.Random(11).sample(range(package.stat().st_size), count)
