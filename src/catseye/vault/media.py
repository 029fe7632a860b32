"""Pictures and clips that are kept: redacted ones, and originals sealed to the authority. Each lies in an envelope; to see one takes a grant, and is logged.

Files lie in `envelopes/<class>/<period>/`, one folder a drawer; what a killed writer left there without a row is swept by whoever forgets.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, select

from catseye.core.errors import StoreError
from catseye.core.grant import Grant
from catseye.core.picture import RedactedPicture
from catseye.core.sealed import RedactedMedia, SealedMedia
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.drawers import Drawer, Drawers, refuse_forgotten
from catseye.vault.envelopes import EnvelopeError, open_envelope, seal
from catseye.vault.files import Presence, disk_errors, file_name, make_folder, sync_folder, whole_file
from catseye.vault.kept_for import UNCONFIRMED
from catseye.vault.looks import Look, Looks
from catseye.vault.pictures import write_png
from catseye.vault.sealed_log import Entry, SealedLog
from catseye.vault.tables import MEDIA, Row, row_bytes

MEDIA_ENTRY = "media"  # the log's kind of an entry that tells a picture or clip
ENVELOPES, STAGING = "envelopes", "staging"
PICTURE, REDACTED, SEALED, REDACTION_LOG = "picture", "redacted", "sealed", "redaction-log"
_LOG_SUFFIX = "#redaction-log"


class MediaTakenError(StoreError):
    """Another picture or clip is kept under this name: evidence is never replaced."""


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A picture or clip that is kept. `sha256`, `size_bytes` are of what `Media.open` hands out: of sealed media the ciphertext.

    `kind`: `picture`, `redacted`, `sealed` or `redaction-log`; `original_sha256`, `original_bytes`: what it was made of, where that is known;
    `recipients`: whose keys open a sealed one; `retention`, `period`: the drawer it lies in.
    """

    name: str
    kind: str
    media_type: str
    sha256: str
    size_bytes: int
    original_sha256: str | None
    original_bytes: int | None
    recipients: tuple[str, ...]
    retention: str
    period: str
    kept: Stamp


@dataclass(frozen=True, slots=True)
class _Piece:
    """One thing to be put into an envelope; `plain` opens its bytes."""

    name: str
    kind: str
    media_type: str
    sha256: str
    size_bytes: int
    plain: Callable[[], BinaryIO] = field(repr=False)
    original_sha256: str | None = None
    original_bytes: int | None = None
    recipients: tuple[str, ...] = ()

    def row(self, drawer: Drawer, file: str, now: Stamp) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in ("name", "kind", "media_type", "sha256", "size_bytes", "original_sha256", "original_bytes")}
        where = {"retention": drawer.retention, "period": drawer.period, "file": file, "kept_utc_ns": now.utc_ns}
        return said | where | {"recipients": json.dumps(self.recipients), "forgotten_utc_ns": None, "why": None}


class Media:
    """All pictures and clips of one vault. StoreError when the disk says no: then nothing is kept, and what was staged is still there."""

    def __init__(self, folder: Path, database: Database, log: SealedLog, drawers: Drawers, looks: Looks, presence: Presence) -> None:
        """Of a vault that is open."""
        self._folder, self._database, self._log, self._drawers, self._looks, self._presence = folder, database, log, drawers, looks, presence
        self._written_count = 0

    def staging(self) -> Path:
        """A folder of this writer inside the vault, for files on their way in; gone when the vault closes, swept when its process died."""
        return make_folder(self._folder / STAGING / self._presence.token)

    def keep_picture(self, picture: RedactedPicture, name: str, now: Stamp, retention: str = UNCONFIRMED, subject: str = "") -> MediaRef:
        """Keep a still as PNG; durable and logged on return. `subject`: whose drawer, for a class that has one a subject. TypeError for anything else."""
        file = io.BytesIO()
        write_png(file, picture)
        content = file.getvalue()
        piece = _Piece(name, PICTURE, "image/png", sha256(content).hexdigest(), len(content), lambda: io.BytesIO(content))
        return self._keep([piece], Drawer.of(retention, now, subject), now)

    def keep_redacted(self, media: RedactedMedia, name: str, now: Stamp, retention: str = UNCONFIRMED, subject: str = "") -> MediaRef:
        """Take a redacted copy and its redaction log from the staging folder; durable and logged on return. TypeError for anything else.

        The same kept again under its name doubles nothing; another one is refused (MediaTakenError).
        """
        if type(media) is not RedactedMedia:
            raise TypeError(f"vault: a {type(media).__name__} came; wanted RedactedMedia: nothing else may be stored here")
        log, origin = media.log, media.derived_from
        told = _Piece(
            name + _LOG_SUFFIX, REDACTION_LOG, "application/jsonl", sha256(log).hexdigest(), len(log), lambda: io.BytesIO(log), original_sha256=media.sha256
        )
        seen = _Piece(name, REDACTED, media.media_type, media.sha256, media.size_bytes, self._staged(media.path), original_sha256=origin)
        return self._keep([seen, told], Drawer.of(retention, now, subject), now, media.path)

    def keep_sealed(self, media: SealedMedia, name: str, now: Stamp, retention: str = UNCONFIRMED, subject: str = "") -> MediaRef:
        """Take a sealed original from the staging folder, as `keep_redacted` does."""
        if type(media) is not SealedMedia:
            raise TypeError(f"vault: a {type(media).__name__} came; wanted SealedMedia: nothing else may be stored here")
        piece = _Piece(
            name,
            SEALED,
            media.media_type,
            media.sealed_sha256,
            media.sealed_bytes,
            self._staged(media.path),
            media.sha256,
            media.size_bytes,
            media.recipients,
        )
        return self._keep([piece], Drawer.of(retention, now, subject), now, media.path)

    def ref(self, name: str) -> MediaRef:
        """What is kept under this name. ForgottenError, saying when and why, when it was; StoreError when nothing ever was."""
        with self._database.reading() as connection:
            return _ref_of(self._row(connection, name))

    def refs(self, prefix: str = "") -> list[MediaRef]:
        """All that is kept under names that begin so, by name; redaction logs and what was forgotten are left out."""
        kept = select(MEDIA).where(MEDIA.c.forgotten_utc_ns.is_(None), MEDIA.c.kind != REDACTION_LOG).order_by(MEDIA.c.name)
        with self._database.reading() as connection:
            return [_ref_of(dict(row)) for row in connection.execute(kept.where(MEDIA.c.name.startswith(prefix, autoescape=True))).mappings()]

    def open(self, ref: MediaRef, grant: Grant, now: Stamp, why: str) -> BinaryIO:
        """The bytes, to be read and sought in, a chunk in memory at a time; the look is written down and logged before any is handed out.

        A sealed original stays the authority's: its ciphertext is handed out. GrantError: the grant is over, or nobody says why. ForgottenError, EnvelopeError:
        also when what lies there is not what `ref` tells, since whoever has the drawer's key can make another envelope.
        """
        grant.refuse_after(now)
        file = self._opened(ref.name)
        try:
            _refuse_other(file, ref)
            self._looks.note(look_subject(ref.name), grant, now, why)
        except BaseException:  # whatever it was: unlogged, nothing is shown
            file.close()
            raise
        return file

    def redaction_log(self, ref: MediaRef, grant: Grant, now: Stamp, why: str) -> bytes:
        """What was filled in a redacted copy, in which frame, who found it: JSON lines. A look like any other."""
        with self.open(self.ref(ref.name + _LOG_SUFFIX), grant, now, why) as file:
            return file.read()

    def looks(self, ref: MediaRef) -> Iterator[Look]:
        """Who looked at it, when and why; also after it was forgotten."""
        return self._looks.found(subject=look_subject(ref.name))

    def looks_at_log(self, name: str) -> Iterator[Look]:
        """Who looked at the redaction log of a copy."""
        return self._looks.found(subject=look_subject(name + _LOG_SUFFIX))

    def reclass(self, ref: MediaRef, retention: str, now: Stamp, subject: str = "") -> MediaRef:
        """Move it, and its redaction log, into another drawer, under that drawer's key; durable and logged on return. The old envelope is gone."""
        drawer = Drawer.of(retention, now, subject)
        for name in (ref.name + _LOG_SUFFIX, ref.name):  # the one that is asked for last: killed between them, the same call finishes
            if name == ref.name or self._is_kept(name):
                self._move(name, drawer, now)
        return self.ref(ref.name)

    def rows_bytes(self, connection: Connection, names: Sequence[str]) -> dict[str, bytes]:
        """What the log's leaves of these stand for."""
        kept = select(MEDIA).where(MEDIA.c.name.in_(names), MEDIA.c.forgotten_utc_ns.is_(None))
        return {row["name"]: media_bytes(row) for row in connection.execute(kept).mappings()}

    def _keep(self, pieces: Sequence[_Piece], drawer: Drawer, now: Stamp, staged: Path | None = None) -> MediaRef:
        with self._database.reading() as connection:
            known = self._known(connection, pieces[0])
        if known is None:
            known = self._put(pieces, drawer, now)
        if staged is not None:
            with disk_errors(staged):
                staged.unlink(missing_ok=True)
        return known

    def _put(self, pieces: Sequence[_Piece], drawer: Drawer, now: Stamp) -> MediaRef:
        key, written = self._drawers.ready(drawer, now), []
        try:
            for piece in pieces:
                path = self._free_path(drawer)
                written.append(path)
                with whole_file(path, self._presence.token) as file, piece.plain() as plain:
                    hashed = _Hashed(plain)
                    seal(key, envelope_name(piece.name), cast("BinaryIO", hashed), file)
                    hashed.refuse_other(piece)
            with self._database.writing() as connection:
                self._database.lock(connection)
                if (known := self._known(connection, pieces[0])) is not None:
                    _remove(written)
                    return known
                self._drawers.ready_within(connection, drawer, now)
                rows = [piece.row(drawer, path.name, now) for piece, path in zip(pieces, written, strict=True)]
                self._database.insert_new(connection, MEDIA, rows)
                self._log.append(connection, [Entry(MEDIA_ENTRY, row["name"], media_bytes(row)) for row in rows])
        except BaseException:  # Ctrl-C too must leave no envelope without a row
            _remove(written)
            raise
        return _ref_of(rows[0])

    def _known(self, connection: Connection, piece: _Piece) -> MediaRef | None:
        found = connection.execute(select(MEDIA).where(MEDIA.c.name == piece.name)).mappings().one_or_none()
        if found is None:
            return None
        refuse_forgotten(f"media {piece.name}", found)
        if (found["kind"], found["sha256"]) != (piece.kind, piece.sha256):
            raise MediaTakenError(f"media {piece.name}", f"another one of kind {piece.kind}, SHA-256 {piece.sha256[:12]}…", "a name that is free")
        return _ref_of(found)

    def _move(self, name: str, drawer: Drawer, now: Stamp) -> None:
        with self._database.reading() as connection:
            row = self._row(connection, name)
        old = self._path(row)
        if (row["retention"], row["period"]) == (drawer.retention, drawer.period):
            return
        key, path = self._drawers.ready(drawer, now), self._free_path(drawer)
        try:
            with self._opened(name) as plain, whole_file(path, self._presence.token) as file:
                seal(key, envelope_name(name), plain, file)
            with self._database.writing() as connection:
                self._database.lock(connection)
                _refuse_moved(row, self._row(connection, name))
                self._drawers.ready_within(connection, drawer, now)
                moved = row | {"retention": drawer.retention, "period": drawer.period, "file": path.name}
                connection.execute(MEDIA.update().where(MEDIA.c.name == name).values({k: moved[k] for k in ("retention", "period", "file")}))
                self._log.append(connection, [Entry(MEDIA_ENTRY, name, media_bytes(moved))])
        except BaseException:
            _remove([path])
            raise
        _remove([old])

    def _opened(self, name: str) -> BinaryIO:
        for is_again in (False, True):
            with self._database.reading() as connection:
                row = self._row(connection, name)
                key = self._drawers.key(connection, Drawer(row["retention"], row["period"]))
            path = self._path(row)
            try:
                return open_envelope(key, envelope_name(name), path.open("rb"), f"media {name}")
            except FileNotFoundError as error:  # moved into another drawer between the row and the file
                if is_again:
                    raise StoreError(str(path), "the file is gone", f"the envelope of media {name}, in the vault that kept it") from error
        raise AssertionError

    def _row(self, connection: Connection, name: str) -> dict[str, Any]:
        found = connection.execute(select(MEDIA).where(MEDIA.c.name == name)).mappings().one_or_none()
        if found is None:
            raise StoreError(f"media {name}", "nothing was ever kept under this name", "a name of something that is kept")
        refuse_forgotten(f"media {name}", found)
        return dict(found)

    def _is_kept(self, name: str) -> bool:
        with self._database.reading() as connection:
            return connection.scalar(select(MEDIA.c.name).where(MEDIA.c.name == name, MEDIA.c.forgotten_utc_ns.is_(None))) is not None

    def _staged(self, path: Path) -> Callable[[], BinaryIO]:
        if path.parent != self._folder / STAGING / self._presence.token or path.is_symlink():
            raise StoreError(str(path), "a file from elsewhere", "a file in the vault's staging folder, `media.staging()`")
        return lambda: path.open("rb")

    def _free_path(self, drawer: Drawer) -> Path:
        folder = make_folder(drawer_folder(self._folder, drawer.retention, drawer.period))
        self._written_count += 1
        return folder / f"{self._presence.token}-{self._written_count:08d}"

    def _path(self, row: Row) -> Path:
        return drawer_folder(self._folder, row["retention"], row["period"]) / str(row["file"])


class _Hashed:
    """Reads what is read, and knows what it came to."""

    def __init__(self, plain: BinaryIO) -> None:
        self._plain, self._hash, self._size_bytes = plain, sha256(), 0

    def read(self, most_bytes: int = -1) -> bytes:
        found = self._plain.read(most_bytes)
        self._hash.update(found)
        self._size_bytes += len(found)
        return found

    def refuse_other(self, piece: _Piece) -> None:
        """StoreError when the bytes are not those that were announced."""
        if (self._hash.hexdigest(), self._size_bytes) != (piece.sha256, piece.size_bytes):
            came = f"{self._size_bytes} bytes, SHA-256 {self._hash.hexdigest()[:12]}…"
            raise StoreError(f"media {piece.name}", came, f"{piece.size_bytes} bytes, SHA-256 {piece.sha256[:12]}…, as announced")


def drawer_folder(folder: Path, retention: str, period: str) -> Path:
    """Where the envelopes of one drawer lie."""
    return folder / ENVELOPES / retention / file_name(period)


def envelope_name(name: str) -> str:
    """What an envelope of media is bound to."""
    return f"media/{name}"


def look_subject(name: str) -> str:
    """How looks name a picture or clip."""
    return f"media/{name}"


def media_bytes(row: Row) -> bytes:
    """What the log's leaf of a picture or clip stands for: its hashes, whose keys open it, and the drawer it lies in."""
    left_out = {"file", "forgotten_utc_ns", "why"}
    return row_bytes({column.name: row[column.name] for column in MEDIA.columns if column.name not in left_out})


def _ref_of(row: Row) -> MediaRef:
    return MediaRef(
        name=row["name"],
        kind=row["kind"],
        media_type=row["media_type"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        original_sha256=row["original_sha256"],
        original_bytes=row["original_bytes"],
        recipients=tuple(json.loads(row["recipients"])),
        retention=row["retention"],
        period=row["period"],
        kept=Stamp(row["kept_utc_ns"]),
    )


def _refuse_other(file: BinaryIO, ref: MediaRef) -> None:
    digest = file_digest(cast("io.BufferedReader", file), sha256).hexdigest()
    if digest != ref.sha256:
        raise EnvelopeError(f"media {ref.name}", f"SHA-256 {digest[:12]}…: put in its place", f"SHA-256 {ref.sha256[:12]}…, as it was kept")
    file.seek(0)


def _refuse_moved(before: Row, now: Row) -> None:
    if before != now:
        raise StoreError(f"media {before['name']}", "somebody moved it meanwhile", "the same call again")


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with disk_errors(path):
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
