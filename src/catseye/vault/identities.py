"""Who reporters are: a vault of its own, in a folder of its own under keys of its own. Everybody else knows a pseudonym, drawn by chance.

Each identity is one envelope with one key, so forgetting one is destroying its key. What happens to one (enrolled, changed, forgotten) is a step of the dossier
`identity/<pseudonym>` in the vault of the reports, without a name: its drawer of class `identity` says until when the name is kept.

A finder (HMAC of the document's number, under a key of this vault) gives
who comes again the same pseudonym, so that nobody has two monthly caps. Every look takes a grant and is logged in the vault of the reports before it opens.
"""

import json
import secrets
import stat
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catseye.core.errors import CatseyeError, KeyFileError
from catseye.core.grant import Grant, GrantError
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.files import disk_errors, file_name, make_folder, sole_holder, sync_folder, whole_file
from catseye.vault.kept_for import IDENTITY
from catseye.vault.keys import Key, KeyFolder, secret_in
from catseye.vault.proof import Search, trace_of, traces_of_key
from catseye.vault.pseudonyms import drawn, finder_of, plain

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

_FINDER, _ALL = "finder", "all"
DOSSIER = "identity"  # the kind of the dossier of a reporter
ENROLLED, CHANGED, FORGETTING = "enrolled", "changed", "forgetting"  # its steps
_CHANGEABLE = ("name", "contact", "payout")  # the document is who it is
BY_THE_MACHINE = "machine:catseye report enrol"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnknownReporterError(CatseyeError):
    """A pseudonym that stands for nobody here: never enrolled, or forgotten."""


class EnrolledOtherwiseError(CatseyeError):
    """Somebody who is enrolled, with another name, contact or payout: that is a change, and a change is by somebody, for a reason."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who reports. `document` is the number of an official paper, which nobody has twice; `payout` says where money goes, empty for no money."""

    name: str
    document: str
    contact: str
    payout: str = ""

    def __post_init__(self) -> None:
        """Refuse nobody."""
        if not self.name.strip() or not plain(self.document) or not self.contact.strip():
            raise UnknownReporterError("identity", "no name, no document or no contact", "all three: rewards and witnesses need a real name")


@dataclass(frozen=True, slots=True)
class NamesForgotten:
    """Names that were destroyed, and how that was proven, as `retention.Forgotten` says it."""

    names_count: int = 0
    traces_count: int = 0
    files_count: int = 0
    searched_bytes: int = 0
    left: tuple[str, ...] = ()


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

    def enrol(self, identity: Identity, now: Stamp) -> str:
        """The pseudonym of this person: the one they have, or a new one drawn by chance; durable on return.

        EnrolledOtherwiseError when they have one and another name, contact or payout is told now: nothing is replaced but by `change`.
        """
        with self._alone():
            finder_key = self._keys.made(_FINDER, _ALL)
            finder = self._finder_path(finder_key, identity)
            if finder.exists():
                pseudonym = open_bytes(finder_key, finder.name, _read(finder)).decode()
                if pseudonym in self._vault.retention.forgotten(IDENTITY):  # a forgetting was stopped half-way: who is forgotten is somebody new
                    self._destroy([pseudonym])
            if finder.exists() and self.is_known(pseudonym):
                if told := _otherwise(self._opened(pseudonym), identity):
                    came = f"enrolled already, with another {', '.join(told)}"
                    raise EnrolledOtherwiseError(f"reporter {pseudonym}", came, "the same words; or `catseye report enrol --change`, with --by and --reason")
                self._note_known(pseudonym, now)
                return pseudonym
            if not finder.exists():
                pseudonym = drawn()
                with whole_file(finder, self._token) as file:  # first: killed here, the next enrolment takes up this pseudonym
                    file.write(seal_bytes(finder_key, finder.name, pseudonym.encode()))
            self._write(pseudonym, identity)
            self._note_enrolled(pseudonym, now)
        return pseudonym

    def named(self, identity: Identity) -> str:
        """The pseudonym that this document has. UnknownReporterError when it has none."""
        with self._alone():
            return self._named(identity)

    def change(self, identity: Identity, grant: Grant, now: Stamp, why: str) -> str:
        """Another name, contact or payout for somebody who is enrolled; it is logged as a look and as a step, by whom and why, before it is done.

        UnknownReporterError, GrantError. The same words again change nothing.
        """
        with self._alone():
            pseudonym = self._named(identity)
            told = _otherwise(self._opened(pseudonym), identity)
            if not why.strip():
                raise GrantError(f"change of {pseudonym} by {grant.who}", "no reason", "why, in a few words")
            if told:
                self._vault.look(f"identity/{pseudonym}", grant, now, f"to change {', '.join(told)}: {why}")
                self._note_known(pseudonym, now)
                self._note(pseudonym, CHANGED, now, grant.who, {"what": told, "why": why})
                self._write(pseudonym, identity)
        return pseudonym

    def changes(self, pseudonym: str) -> tuple[Step, ...]:
        """Who changed what of this reporter when, and why (`facts`); no look."""
        return tuple(step for step in self._vault.dossiers.steps(DOSSIER, pseudonym) if step.kind == CHANGED)

    def payout_since(self, pseudonym: str) -> Step | None:
        """The step since which the payout details stand: the enrolment, or the last change of them. None for one nobody wrote down."""
        steps = self._vault.dossiers.steps(DOSSIER, pseudonym)
        return next((step for step in reversed(steps) if step.kind == ENROLLED or "payout" in step.facts.get("what", ())), None)

    def pseudonyms(self) -> frozenset[str]:
        """Of all that lie here; no look."""
        with disk_errors(self._folder):
            return frozenset(path.stem for path in self._folder.glob("*.identity"))

    def note_all(self, now: Stamp) -> None:
        """Write down in the vault who was enrolled and is not known to it: one whose enrolment was killed, or of a catseye that did not write it down."""
        with self._alone():
            for pseudonym in sorted(self.pseudonyms() - self._vault.retention.forgotten(IDENTITY)):
                self._note_known(pseudonym, now)

    def forgettable(self) -> frozenset[str]:
        """Reporters whose names lie here, or who were forgotten on request: of these a forgetting may say that it is done."""
        on_request = {name for name, steps in self._vault.dossiers.of_kind(DOSSIER) if steps[-1].kind == FORGETTING}
        return self.pseudonyms() | on_request

    def forget_forgotten(self) -> NamesForgotten:
        """Destroy the names of all whom the vault has forgotten, also by a forgetting that was stopped, and prove it. No name is opened for that."""
        with self._alone():
            gone = sorted(name for name in self._vault.retention.forgotten(IDENTITY) if self._path(name).exists() or self._keys.path(IDENTITY, name).exists())
            if not gone:
                return NamesForgotten()
            search = Search(self._destroy(gone))
            left = search.under([self._folder, self._keys.folder, *self._vault.retention.places()])
            return NamesForgotten(len(gone), search.traces_count, search.files_count, search.read_bytes, tuple(left))

    def is_known(self, pseudonym: str) -> bool:
        """Whether it stands for somebody; no look."""
        return self._path(pseudonym).is_file() and self._keys.path(IDENTITY, pseudonym).is_file()

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
        """Destroy the key, then the finder and the envelope; ledger, reports and log know the pseudonym alone, and stay. Idempotent."""
        with self._alone():
            if not self._path(pseudonym).is_file():
                self.refuse_unknown(pseudonym)
            self._vault.look(f"identity/{pseudonym}", grant, now, f"to be forgotten: {why}")
            if pseudonym not in self._vault.retention.forgotten(IDENTITY):
                self._note(pseudonym, FORGETTING, now, grant.who)
            self._destroy([pseudonym])

    def _destroy(self, gone: Collection[str]) -> dict[bytes, str]:
        """Keys, finders, and last the envelopes, by which one that was stopped is found again; what to look for afterwards."""
        traces: dict[bytes, str] = {}
        finders = self._finders()
        for pseudonym in gone:
            paths = [*finders.get(pseudonym, ()), self._path(pseudonym)]
            traces |= {trace: f"an identity of {pseudonym}" for path in paths if path.exists() and (trace := trace_of(path))}
            content = self._keys.destroy(IDENTITY, pseudonym)
            if content is not None and (secret := secret_in(content)) is not None:
                traces |= dict.fromkeys(traces_of_key(secret), f"the key of {pseudonym}")
            for path in paths:
                self._remove(path)
        return traces

    def _finders(self) -> dict[str, list[Path]]:
        """Finders by the pseudonym in them."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self._folder.glob("*.finder")):
            pseudonym = open_bytes(self._keys.key(_FINDER, _ALL), path.name, _read(path)).decode()
            found.setdefault(pseudonym, []).append(path)
        return found

    def _note_known(self, pseudonym: str, now: Stamp) -> None:
        steps = self._vault.dossiers.steps(DOSSIER, pseudonym)
        if not steps or steps[-1].kind == FORGETTING:  # on request, and killed before it was done: the person is here again
            self._note_enrolled(pseudonym, now)

    def _note_enrolled(self, pseudonym: str, now: Stamp) -> None:
        is_new = not self._vault.retention.kept(IDENTITY, pseudonym)
        self._note(pseudonym, ENROLLED, now, BY_THE_MACHINE)
        if is_new:
            self._vault.retention.end(IDENTITY, pseudonym, now)  # until a report comes

    def _note(self, pseudonym: str, kind: str, now: Stamp, by: str, facts: Mapping[str, Any] | None = None) -> None:
        steps = self._vault.dossiers.steps(DOSSIER, pseudonym)
        self._vault.dossiers.add(DOSSIER, pseudonym, [Step(len(steps), kind, now, by, facts or {})])

    def _named(self, identity: Identity) -> str:
        key = self._keys.made(_FINDER, _ALL)
        finder = self._finder_path(key, identity)
        pseudonym = open_bytes(key, finder.name, _read(finder)).decode() if finder.exists() else ""
        if not pseudonym or not self.is_known(pseudonym) or pseudonym in self._vault.retention.forgotten(IDENTITY):
            raise UnknownReporterError("identity", "a document of nobody enrolled here", "somebody enrolled: `catseye report enrol` first")
        return pseudonym

    def _write(self, pseudonym: str, identity: Identity) -> None:
        with whole_file(self._path(pseudonym), self._token) as file:
            file.write(seal_bytes(self._keys.made(IDENTITY, pseudonym), pseudonym, json.dumps(asdict(identity)).encode()))

    def _opened(self, pseudonym: str) -> Identity:
        return Identity(**json.loads(open_bytes(self._keys.key(IDENTITY, pseudonym), pseudonym, _read(self._path(pseudonym)))))

    def _alone(self) -> AbstractContextManager[None]:
        return sole_holder(self._folder / "identities.lock", self._patience_s)

    def _path(self, pseudonym: str) -> Path:
        return self._folder / f"{file_name(pseudonym)}.identity"

    def _finder_path(self, key: Key, identity: Identity) -> Path:
        return self._folder / f"{finder_of(key, identity.document)}.finder"

    def _remove(self, path: Path) -> None:
        with disk_errors(path):
            path.unlink(missing_ok=True)
            sync_folder(path.parent)


def _otherwise(stands: Identity, told: Identity) -> list[str]:
    """What is told otherwise than it stands."""
    return [name for name in _CHANGEABLE if getattr(stands, name) != getattr(told, name)]


def _read(path: Path) -> bytes:
    with disk_errors(path):
        return path.read_bytes()
