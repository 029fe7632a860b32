"""The end of `demo`: the red light that was run becomes a case, people decide, the evidence is packed, checked, and falls when one byte is changed.

Everything is done by the same verbs a clerk would use. The authority's own keys, which in life never meet the platform, lie in `authority/`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage

from catseye.cases.case import Case, State
from catseye.cases.desk import CaseDesk
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of
from catseye.station.verbs.cases import confirm_case, confirm_plate, export_case, submit_case, take_picture
from catseye.station.verbs.log import sign_log
from catseye.station.verbs.packaging import package_case
from catseye.station.verbs.verify import verify
from catseye.vault.authority import certify, make_root
from catseye.vault.files import make_folder, whole_file
from catseye.vault.signing import load_public_key, make_signing_key

REVIEWER, OPERATOR, PLATE = "Demo Reviewer", "Demo Operator", "0000 DMO"
AUTHORITY = "Road Authority of Exampleland"
_YEAR = timedelta(days=365)
_TO_DO = (State.DETECTED, State.CONFIRMED, State.PLATE_CONFIRMED)


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """What the demo's authority gave and holds: `recipient` is public; `identity` opens originals, `root` makes packages believed."""

    recipient: str
    identity: Path
    root: Path
    signer_key: Path
    signer_certificate: Path


def demo_keys(folder: Path) -> DemoKeys:
    """An authority and a certified signer in `folder`; those that are there already are taken."""
    authority, keys = folder / "authority", make_folder(folder / "keys")
    made = DemoKeys("", authority / "sealing-identity.txt", authority / "root.pem", keys / "signer.pem", keys / "signer.crt.pem")
    now = datetime.now(UTC)
    since, until = Stamp.from_datetime(now - _YEAR), Stamp.from_datetime(now + _YEAR)
    if not made.signer_certificate.is_file():
        if not made.root.is_file():
            make_root(authority, AUTHORITY, Stamp.from_datetime(now - 2 * _YEAR), Stamp.from_datetime(now + 10 * _YEAR))
        public = keys / "signer.pem.pub" if made.signer_key.is_file() else make_signing_key(made.signer_key)
        certify(authority, load_public_key(public), "demo", since, until, made.signer_certificate)
    if not made.identity.is_file():
        with whole_file(made.identity, f"demo{os.getpid()}") as file:
            os.fchmod(file.fileno(), 0o600)  # before anything is in it
            file.write(f"{pyrage.x25519.Identity.generate()}\n".encode())
    identity = pyrage.x25519.Identity.from_str(made.identity.read_text("utf-8").strip())
    return DemoKeys(str(identity.to_public()), made.identity, made.root, made.signer_key, made.signer_certificate)


def run_case(out: Path, keys: DemoKeys) -> RunOutcome:
    """A case, from detected to a package nobody can change; exit 1 when something of it does not hold. Stopped half-way, the same call goes on."""
    with vault_of(out) as vault:
        cases = CaseDesk(vault).cases()[0]
    case = next((case for case in cases if case.state in _TO_DO), None)
    if case is None:
        sent = next((case for case in cases if case.decided.submission is not None), None)
        said = f"case {sent.id} is {sent.state.value} already, by an earlier demo in this folder" if sent else "no red light was run, so there is no case"
        return RunOutcome(0, {}, [said])
    if not any(media.role == "clip" for media in case.media):
        said = f"case {case.id} is open; it is not packed: without a network nobody knows where faces are, so there is no copy"
        return RunOutcome(0, {"case": case.id}, [said])
    lines = [f"case {case.id}: {case.opening.law.offence.lower()}, {case.opening.event.subjects[0]} at {case.opening.event.time_ns / NS_PER_S:.1f} s"]
    if case.state is State.DETECTED:
        lines += _last(confirm_case(out, case.id, REVIEWER, "red for more than a second by the phase log; the clip shows it driving on over the junction"))
    opened = _opened_by_the_authority(out, case, keys)
    lines.append(f"the authority opens the sealed original with its own key: {opened}")
    if case.state is not State.PLATE_CONFIRMED:
        lines += _last(confirm_plate(out, case.id, OPERATOR, PLATE, "read from the sealed picture by the authority"))
    package, witness = out / f"{case.id}.zip", keys.root.parent / "head.json"
    sign_log(out, keys.signer_key, witness)
    lines.append(f"a witness keeps the head of the log: {witness}")
    lines += package_case(out, case.id, package, OPERATOR, "to the authority", keys.signer_key, keys.signer_certificate).lines_of_text[:2]
    good = verify(package, keys.root, witness=(witness,), log_proof=(), opened=opened, replay=True)
    lines += ["", f"catseye verify {package} --root {keys.root} --witness {witness} --opened {opened}", *good.lines_of_text, ""]
    lines += _last(submit_case(out, case.id, OPERATOR, AUTHORITY, package, keys.root))
    report = export_case(out, case.id, out / "case", OPERATOR, "for the file")
    changed, at = _one_byte_flipped(package)
    bad = verify(changed, keys.root, witness=(), log_proof=(), opened=None, replay=False)
    lines += [
        *report.lines_of_text,
        "",
        f"one byte flipped, byte {at} of {changed.name}:",
        *(line for line in bad.lines_of_text if "✗" in line or line.startswith("   ")),
    ]
    holds = good.exit_code == 0 and bad.exit_code == 1
    lines.append("refused, as it must be" if bad.exit_code == 1 else "NOT refused: this is a bug in catseye")
    summary: Mapping[str, Any] = {"case": case.id, "package": str(package), "verified": good.exit_code == 0, "flipped_refused": bad.exit_code == 1}
    return RunOutcome(0 if holds else 1, summary, lines)


def _opened_by_the_authority(out: Path, case: Case, keys: DemoKeys) -> Path:
    """The original in the clear, beside the identity that opened it; the look at the ciphertext is written down like any other."""
    (sealed,) = (media for media in case.media if media.role == "original")
    cipher, opened = keys.root.parent / f"{case.id}.age", keys.root.parent / f"original{Path(sealed.ref).suffix}"
    take_picture(out, case.id, sealed.ref, cipher, OPERATOR, "to the authority, who alone can open it")
    identity = pyrage.x25519.Identity.from_str(keys.identity.read_text("utf-8").strip())
    with whole_file(opened, f"demo{os.getpid()}") as file:
        file.write(pyrage.decrypt(cipher.read_bytes(), [identity]))
    return opened


def _last(outcome: RunOutcome) -> list[str]:
    return outcome.lines_of_text[-2:]


def _one_byte_flipped(package: Path) -> tuple[Path, int]:
    content = bytearray(package.read_bytes())
    at = len(content) // 2
    content[at] ^= 1
    changed = package.with_name(f"{package.stem}-changed.zip")
    with whole_file(changed, f"demo{os.getpid()}") as file:
        file.write(content)
    return changed, at
