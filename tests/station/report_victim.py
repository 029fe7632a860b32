"""Files reports until it is killed: `report_victim.py OUT FOLDER KEY`. Says `ready`, then `kept ID` for each report that was acknowledged."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.cases.told import NOON, claim
from tests.vision.files import jpeg, scene

from catseye.cases.scheme import scheme_in_force
from catseye.core.geo import GeoPoint
from catseye.station.report_intake import file_report
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy


def file_for_ever(out: Path, folder: Path, key: str, begin: int) -> None:
    stills = StillCopy()
    with Vault.open(out, "reports") as vault:
        scheme = scheme_in_force(vault, "jinan-like")
        os.write(1, b"ready\n")
        for number in range(begin, begin + 1000):
            files = [folder / f"{number}-{nth}.jpg" for nth in range(2)]
            for nth, path in enumerate(files):
                path.write_bytes(jpeg(scene(10 * number + nth, 320, 240)))
            told = claim(plate=f"鲁A{10_000 + number}", place=GeoPoint(30.0 + number, 117.0))
            report = file_report(vault, scheme, told, files, [key], stills, NOON)
            os.write(1, f"kept {number} {report.id}\n".encode())


if __name__ == "__main__":
    file_for_ever(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
