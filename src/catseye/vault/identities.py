"""Who reporters are: a vault of its own, in a folder of its own under keys of its own. Everybody else knows a pseudonym, drawn by chance.

Each identity is one envelope with one key, so forgetting one is destroying its key. A finder (HMAC of the document's number, under a key of this vault) gives
who comes again the same pseudonym, so that nobody has two monthly caps. Every look takes a grant and is logged in the vault of the reports before it opens.
"""

import hmac
import json
import secrets
import stat
import unicodedata
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catseye.core.errors import CatseyeError, KeyFileError
from catseye.core.grant import Grant
from catseye.core.time import Stamp
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.files import disk_errors, file_name, make_folder, sole_holder, sync_folder, whole_file
from catseye.vault.keys import Key, KeyFolder

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

_IDENTITY, _FINDER, _ALL = "identity", "finder", "all"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PSEUDONYM_BYTES = 8


class UnknownReporterError(CatseyeError):
    """A pseudonym that stands for nobody here: never enrolled, or forgotten."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who reports. `document` is the number of an official paper, which nobody has twice; `payout` says where money goes, empty for no money."""

    name: str
    document: str
    contact: str
    payout: str = ""

    def __post_init__(self) -> None:
        """Refuse nobody."""
        if not self.name.strip() or not _plain(self.document) or not self.contact.strip():
            raise UnknownReporterError("identity", "no name, no document or no contact", "all three: rewards and witnesses need a real name")


class Identities:
    """The identity vault. Its folders are for this user alone, and apart from the vault whose reports it serves."""

    def __init__(self, folder: Path, keys: Path, vault: "Vault", patience_s: float = 30.0) -> None:
        """Made when they are not there. KeyFileError when others may look into either, or one lies in the other or in `vault`."""
        folder, keys = folder.absolute(), keys.absolute()
        for one, other in ((folder, vault.folder), (keys, vault.folder), (keys, folder), (folder, keys)):
            if one.resolve().is_relative_to(other.resolve()):
                raise KeyFileError(str(one), f"it lies in {other}", "a place apart: whoever copies one must not have the other")
        make_folder(folder.parent)
        with disk_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        if (mode := folder.stat().st_mode) & _OTHERS:
            raise KeyFileError(str(folder), f"an identity vault with mode {stat.S_IMODE(mode):04o}, that others may look into", "mode 0700: chmod 700")
        self._folder, self._vault, self._patience_s = folder, vault, patience_s
        self._token = secrets.token_hex(6)
        self._keys = KeyFolder(keys, self._token)

    def enrol(self, identity: Identity) -> str:
        """The pseudonym of this person: the one they have, or a new one drawn by chance; durable on return. What is told of them now replaces what was."""
        with self._alone():
            finder_key = self._keys.made(_FINDER, _ALL)
            finder = self._finder_path(finder_key, identity)
            if finder.exists():
                pseudonym = open_bytes(finder_key, finder.name, _read(finder)).decode()
            else:
                pseudonym = secrets.token_hex(_PSEUDONYM_BYTES)
                with whole_file(finder, self._token) as file:  # first: killed here, the next enrolment takes up this pseudonym
                    file.write(seal_bytes(finder_key, finder.name, pseudonym.encode()))
            with whole_file(self._path(pseudonym), self._token) as file:
                file.write(seal_bytes(self._keys.made(_IDENTITY, pseudonym), pseudonym, json.dumps(asdict(identity)).encode()))
        return pseudonym

    def is_known(self, pseudonym: str) -> bool:
        """Whether it stands for somebody; no look."""
        return self._path(pseudonym).is_file() and self._keys.path(_IDENTITY, pseudonym).is_file()

    def refuse_unknown(self, pseudonym: str) -> None:
        """UnknownReporterError when nobody stands behind it any more."""
        if not self.is_known(pseudonym):
            raise UnknownReporterError(f"reporter {pseudonym}", "nobody: never enrolled here, or forgotten", "the pseudonym of somebody enrolled")

    def look(self, pseudonym: str, grant: Grant, now: Stamp, why: str) -> Identity:
        """Who it is; the look is logged before it is known. UnknownReporterError, GrantError, EnvelopeError."""
        self.refuse_unknown(pseudonym)
        self._vault.look(f"identity/{pseudonym}", grant, now, why)
        return self._opened(pseudonym)

    def forget(self, pseudonym: str, grant: Grant, now: Stamp, why: str) -> None:
        """Destroy the key, then the envelope and the finder; ledger, reports and log know the pseudonym alone, and stay. Idempotent."""
        with self._alone():
            if not self._path(pseudonym).is_file():
                self.refuse_unknown(pseudonym)
            self._vault.look(f"identity/{pseudonym}", grant, now, f"to be forgotten: {why}")
            if self._keys.path(_IDENTITY, pseudonym).is_file():
                self._remove(self._finder_path(self._keys.made(_FINDER, _ALL), self._opened(pseudonym)))
                self._keys.destroy(_IDENTITY, pseudonym)
            self._remove(self._path(pseudonym))

    def _opened(self, pseudonym: str) -> Identity:
        return Identity(**json.loads(open_bytes(self._keys.key(_IDENTITY, pseudonym), pseudonym, _read(self._path(pseudonym)))))

    def _alone(self) -> AbstractContextManager[None]:
        return sole_holder(self._folder / "identities.lock", self._patience_s)

    def _path(self, pseudonym: str) -> Path:
        return self._folder / f"{file_name(pseudonym)}.identity"

    def _finder_path(self, key: Key, identity: Identity) -> Path:
        return self._folder / f"{hmac.digest(key.secret, _plain(identity.document).encode(), 'sha256').hex()}.finder"

    def _remove(self, path: Path) -> None:
        with disk_errors(path):
            path.unlink(missing_ok=True)
            sync_folder(path.parent)


def _plain(document: str) -> str:
    """The number as it counts, however it was written: capitals, width, signs between and other digits make no second one.

    >>> _plain("ab-１２ ٣"), _plain("AB123")
    ('AB123', 'AB123')
    """
    letters = (letter for letter in unicodedata.normalize("NFKC", document).upper() if letter.isalnum())
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in letters)


def _read(path: Path) -> bytes:
    with disk_errors(path):
        return path.read_bytes()
