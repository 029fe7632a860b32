"""The vault behind the gateway's benchmark: before, terminals that may report and permits of their vehicles; after, what its journal holds.

`python -m benchmarks.fleet_kept enrol FOLDER COUNT SEED TOKENS.json PERMITS [fresh]` (`fresh`: let in, but none has registered yet),
`… dump FOLDER OUT.npz COUNT SEED` (every location that the journal holds).
"""

import calendar
import json
import secrets
import sys
import time
from array import array
from datetime import date
from pathlib import Path

import numpy as np

from catseye.core.terminal import Enrolment
from catseye.core.time import Stamp
from catseye.fleet.permits.plates import is_plate, normal_plate
from catseye.fleet.permits.records import Operator, Permit, Vehicle
from catseye.fleet.simulate.kit import crowd
from catseye.fleet.text import time_of
from catseye.station.fleet.register import keys_of
from catseye.vault.terminals import _Entry, token_sha256
from catseye.vault.vault import Vault

_BEGAN = Stamp(1_763_000_000_000_000_000)


def enrol(folder: Path, count: int, seed: int, tokens: Path, permits_count: int, *, is_fresh: bool = False) -> None:
    """All let in; unless they are fresh, with a token each has used already: the load begins with terminals that are known, as on any morning."""
    vault, kits = Vault.open(folder), crowd(count, seed)
    first = kits[0]
    if is_fresh:
        vault.terminals.enrol_all([Enrolment(kit.identity, kit.plate, int(kit.plate_colour), _BEGAN) for kit in kits], by="the benchmark")
    else:
        vault.terminals.enrol(first.identity, first.plate, int(first.plate_colour), _BEGAN, by="the benchmark")
        given = {kit.identity: secrets.token_urlsafe(24) for kit in kits}
        terminals, database = vault.terminals, vault._database
        with database.writing() as connection:
            database.lock(connection)
            for kit in kits:
                known = Enrolment(
                    kit.identity, kit.plate, int(kit.plate_colour), _BEGAN, token_sha256(given[kit.identity]), True, kit.version, kit.dialect.name
                )
                terminals._keep(connection, kit.identity, _Entry(known))
        tokens.write_text(json.dumps(given))
    permits = [
        Permit(Vehicle(normal_plate(kit.plate), int(kit.plate_colour)), Operator("of the benchmark"), f"P{at}", "coach", date(2020, 1, 1), date(2099, 12, 31))
        for at, kit in enumerate(kits[:permits_count])
        if is_plate(normal_plate(kit.plate))
    ]
    vault.permits.keep(keys_of(permits, ()), "the benchmark", _BEGAN, vault.permits.revision())
    vault.close()


def dump(folder: Path, out: Path, count: int, seed: int) -> None:
    """Keys as the load makes them: terminal, serial, second of the device's own time."""
    places = {kit.identity: index for index, kit in enumerate(crowd(count, seed))}
    keys, seconds = array("Q"), {}
    vault = Vault.open(folder)
    for each in vault.journal.recent(Stamp(0)):
        if each.msg_id == 0x0200:
            raw = each.body[22:28]
            second = seconds.get(raw)
            if second is None:
                second = seconds[raw] = calendar.timegm(time.strptime(time_of(raw), "%Y-%m-%d %H:%M:%S")) - 8 * 3600
            keys.append(places[each.identity] << 48 | each.serial << 32 | second)
    vault.close()
    np.savez(out, kept=np.frombuffer(keys, np.uint64))


if __name__ == "__main__":
    verb, where, *rest = sys.argv[1:]
    if verb == "enrol":
        enrol(Path(where), int(rest[0]), int(rest[1]), Path(rest[2]), int(rest[3]), is_fresh="fresh" in rest)
    else:
        dump(Path(where), Path(rest[0]), int(rest[1]), int(rest[2]))
