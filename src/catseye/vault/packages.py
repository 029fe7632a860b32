"""What the vault does for an evidence package: an entry in the sealed log, a head that vouches for it, the proofs a stranger needs, and a file that is whole.

An entry's subject is `case/<SHA-256 of the manifest>` and its body that hash again, so nothing else need be kept for the log to be checked.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import Connection, select

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.files import make_folder, sweep, whole_file
from catseye.vault.heads import SignedHead, sign_head, signed_head_of
from catseye.vault.leaves import Entry
from catseye.vault.log_proofs import PACKAGE, LogProof, PackageSeal, package_subject
from catseye.vault.sealed_log import LoggedEntry, SealedLog
from catseye.vault.tables import LOG_HEADS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MOST_WITNESSED_COUNT = 16


class Packages:
    """Packages of one vault."""

    def __init__(self, database: Database, log: SealedLog, writers: Path, token: str) -> None:
        """Of a vault's database and log; `writers` and `token` as in vault/files.py."""
        self._database, self._log, self._writers, self._token = database, log, writers, token

    def seal(self, case: str, manifest_sha256: str, now: Stamp, key: "Ed25519PrivateKey") -> PackageSeal:
        """Log the package, unless it is logged already, and sign the head it is under; durable on return.

        StoreError when a head was signed later than `now`: the clock was set back, and two heads would contradict each other.
        """
        with self._database.writing() as connection:
            self._database.lock(connection)
            kept = self._kept_heads(connection)
            if kept and max(head.utc_ns for head in kept) > now.utc_ns:
                latest = Stamp(max(head.utc_ns for head in kept))
                raise StoreError("the clock", f"{now.iso()}, and a head of the log was signed at {latest.iso()}", "a clock that was not set back")
            entry = self._entry(connection, package_subject(case, manifest_sha256), manifest_sha256)
            head = self._log.head(connection)
            signed = sign_head(head, now.utc_ns, key)
            self._database.insert_new(connection, LOG_HEADS, [{"size_count": head.size_count, "body": signed.to_json()}])
            path = self._log.inclusion(connection, entry.seq, head.size_count)
            older = sorted({each.head.size_count for each in kept if 0 < each.head.size_count < head.size_count})[-MOST_WITNESSED_COUNT:]
            proofs = [LogProof(size, head.size_count, tuple(self._log.consistency(connection, size, head.size_count))) for size in older]
            assert entry.salt is not None
            return PackageSeal(entry.seq, entry.salt, tuple(path), signed, tuple(proofs))

    @contextmanager
    def file(self, path: Path) -> Iterator[BinaryIO]:
        """A file that appears at `path` whole or not at all; what a killed writer left beside it is swept first."""
        sweep(make_folder(path.absolute().parent), self._writers)
        with whole_file(path.absolute(), self._token) as file:
            yield file

    def _entry(self, connection: Connection, subject: str, manifest_sha256: str) -> LoggedEntry:
        def living() -> list[LoggedEntry]:
            return [entry for entry in self._log.entries_of(connection, PACKAGE, subject) if entry.salt is not None]

        if found := living():
            return found[-1]
        self._log.append(connection, [Entry(PACKAGE, subject, manifest_sha256.encode())])
        return living()[-1]

    def _kept_heads(self, connection: Connection) -> list[SignedHead]:
        return [signed_head_of(row.body, "a kept head of the log") for row in connection.execute(select(LOG_HEADS.c.body))]


def package_bodies(subjects: Sequence[str]) -> dict[str, bytes]:
    """What the leaves of these packages stand for: it is in their names."""
    return {subject: subject.rpartition("/")[2].encode() for subject in subjects}
