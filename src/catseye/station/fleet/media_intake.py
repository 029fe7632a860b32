"""What terminals send as media on its way into the vault: sealed to the authority, and copied with heads and plates filled, before anybody is told "done".

Sound has no redacted copy: it is kept, sealed alone, only where an open case wants it. The state of the vehicle (`.bin`) shows nobody: its copy is its numbers.
"""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO

from catseye.core.errors import StoreError
from catseye.core.sealed import RedactedMedia, SealedMedia
from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.fleet.errors import WireError
from catseye.fleet.media_keeper import Attachment, Expected, MediaRefusedError
from catseye.fleet.message import Body
from catseye.fleet.state_blocks import StateRecord
from catseye.vault.kept_for import UNCONFIRMED
from catseye.vault.media import MediaTakenError
from catseye.vision.evidence import EvidenceError, seal
from catseye.vision.in_cabin import DRIVER_CHANNEL
from catseye.vision.number_copies import numbers_copy
from catseye.vision.uploads import StillCopy, UploadError, take_in

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

SOUND, STATE_TYPE, SOUND_TYPE = 1, "application/octet-stream", "audio/x-unknown"
FORWARD_CHANNEL = 64  # T/JSATL 12: the camera that watches the road (ADAS)
MOST_VIDEO_S = 600.0
MOST_STATE_BYTES = 4 << 20
ORIGINAL, COPY = "original", "copy"
_NAME = re.compile(r"[0-9]{1,2}_([0-9]{1,3})_([0-9A-Fa-f]{4})_")  # type, channel, kind of the alarm: what a terminal says of a file in its name


def _no_sound(expected: Expected) -> bool:
    del expected
    return False


@dataclass(frozen=True, slots=True)
class MediaIntake:
    """The `MediaKeeper` of the house. `open_vault` opens one for the thread that calls; `lookup` knows what was asked for.

    `recipients`: public keys of the authority, from the site's `[evidence]`; without one nothing is taken. `wants_sound`: whether an open case does.
    `outward_channels`: cameras that look at the road; of those that nobody names, pictures without an alarm are taken for ones of the cab.
    """

    open_vault: "Callable[[], AbstractContextManager[Vault]]"
    recipients: Sequence[str]
    stills: StillCopy
    lookup: Callable[[str, Stamp], Expected | None]
    wants_sound: Callable[[Expected], bool] = _no_sound
    outward_channels: frozenset[int] = field(default=frozenset({FORWARD_CHANNEL}))

    def expected(self, alarm_no: str, now: Stamp) -> Expected | None:
        """As `MediaKeeper`."""
        found = self.lookup(alarm_no, now)
        return found if found is not None and now.utc_ns < found.until.utc_ns else None

    def take(self, expected: Expected, attachment: Attachment, file: BinaryIO, now: Stamp) -> None:
        """As `MediaKeeper`."""
        name = f"terminal/{expected.identity}/{expected.event}/{attachment.key}"
        is_in_cabin = expected.is_in_cabin or _says_in_cabin(attachment.name)
        is_sound = attachment.kind == SOUND or _is_sound(file)
        if is_sound and not self.wants_sound(expected):
            raise MediaRefusedError(name, "sound", "pictures or video: nobody can make a copy of sound that tells no voices, and no open case wants it")
        if is_sound:
            self._keep(name, file, now, lambda vault, staging: self._keep_alone(vault, staging, file, name, now, SOUND_TYPE), has_copy=False)
        elif (record := _states(attachment, file)) is not None:
            columns = record.columns()
            self._keep(name, file, now, lambda vault, staging: self._keep_states(vault, staging, file, name, now, columns), has_copy=columns is not None)
        else:
            self._keep(name, file, now, lambda vault, staging: self._keep_both(vault, staging, file, name, now, is_in_cabin=is_in_cabin))

    def take_picture(self, accepted: Accepted, body: Body) -> None:
        """As `MediaKeeper`."""
        said = body.values
        content = bytes.fromhex(said["data"])
        name = f"terminal/{accepted.identity}/media/{said['media_id']:08x}-{sha256(content).hexdigest()[:16]}"
        if said["media_type"] == SOUND or _is_sound(BytesIO(content)):
            raise MediaRefusedError(name, "sound", "a picture or a video")
        is_in_cabin = said["channel"] not in self.outward_channels
        file = BytesIO(content)
        self._keep(
            name, file, accepted.received, lambda vault, staging: self._keep_both(vault, staging, file, name, accepted.received, is_in_cabin=is_in_cabin)
        )

    def _keep(self, name: str, file: BinaryIO, now: Stamp, put: "Callable[[Vault, Path], None]", *, has_copy: bool = True) -> None:
        """Unless it is kept already; `put` keeps it."""
        if not self.recipients:
            raise MediaRefusedError(name, "nobody who could open an original", "[evidence].recipients in the site file: until then no media are taken")
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # BinaryIO reads into buffers here; its type does not say so
        size_bytes = file.seek(0, 2)
        file.seek(0)
        with self.open_vault() as vault:
            there = {ref.name: ref.original_sha256 for ref in vault.media.refs(f"{name}/")}
            if any(original != digest for original in there.values()):
                raise MediaRefusedError(name, "another file under the same name", "the one that is kept: evidence is never replaced")
            if f"{name}/{ORIGINAL}" in there and (not has_copy or f"{name}/{COPY}" in there):
                return
            staging = vault.media.staging()
            _refuse_full(staging, size_bytes)
            put(vault, staging)

    def _keep_alone(self, vault: "Vault", staging: Path, file: BinaryIO, name: str, now: Stamp, media_type: str) -> None:
        _keep_one(vault, seal(file, staging / f"{token_hex(6)}.age", self.recipients, media_type), f"{name}/{ORIGINAL}", now)

    def _keep_states(self, vault: "Vault", staging: Path, file: BinaryIO, name: str, now: Stamp, columns: Mapping[str, Sequence[float]] | None) -> None:
        sealed = seal(file, staging / f"{token_hex(6)}.age", self.recipients, STATE_TYPE)
        try:
            if columns is not None:
                _keep_one(vault, numbers_copy(columns, staging / f"{token_hex(6)}.copy", derived_from=sealed.sha256), f"{name}/{COPY}", now)
            _keep_one(vault, sealed, f"{name}/{ORIGINAL}", now)
        finally:
            sealed.path.unlink(missing_ok=True)

    def _keep_both(self, vault: "Vault", staging: Path, file: BinaryIO, name: str, now: Stamp, *, is_in_cabin: bool) -> None:
        try:
            upload = take_in(file, staging, token_hex(6), self.recipients, self.stills, most_s=MOST_VIDEO_S, is_elementary=True, is_in_cabin=is_in_cabin)
        except (UploadError, EvidenceError) as fault:
            raise MediaRefusedError(name, fault.came, fault.wanted) from fault
        try:
            _keep_one(vault, upload.copy, f"{name}/{COPY}", now)  # first: killed in between, no original lies there that nobody was told of
            _keep_one(vault, upload.sealed, f"{name}/{ORIGINAL}", now)
        finally:
            upload.sealed.path.unlink(missing_ok=True)
            upload.copy.path.unlink(missing_ok=True)


def _keep_one(vault: "Vault", media: SealedMedia | RedactedMedia, name: str, now: Stamp) -> None:
    """Under its name; that of an attempt that died is the same, since its original was compared before."""
    try:
        if isinstance(media, SealedMedia):
            vault.media.keep_sealed(media, name, now, UNCONFIRMED)
        else:
            vault.media.keep_redacted(media, name, now, UNCONFIRMED)
    except MediaTakenError:  # age seals the same file differently each time, and encoders change with their version
        original = media.sha256 if isinstance(media, SealedMedia) else media.derived_from
        if vault.media.ref(name).original_sha256 != original:
            raise
    finally:
        media.path.unlink(missing_ok=True)


def _refuse_full(staging: Path, size_bytes: int) -> None:
    free_bytes = shutil.disk_usage(staging).free
    if free_bytes < 4 * size_bytes + (1 << 20):  # the file, its ciphertext, its copy, and room to write them whole
        raise StoreError(str(staging), f"{free_bytes} bytes free", f"room for {size_bytes} bytes of media; nothing of them was kept")


def _says_in_cabin(name: str) -> bool:
    """Whether a terminal's own name of a file says that it shows the driver: channel 65, or a kind of alarm 65xx."""
    found = _NAME.match(name)
    return found is not None and (int(found[1]) == DRIVER_CHANNEL or found[2].startswith("65"))


def _is_sound(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(12)
    return (head[:4] == b"RIFF" and head[8:] == b"WAVE") or head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6))


def _states(attachment: Attachment, file: BinaryIO) -> StateRecord | None:
    """The record of states that it is by its content too: most of its sums are right, which no picture's are."""
    if not attachment.name.lower().endswith(".bin") or attachment.size_bytes > MOST_STATE_BYTES:
        return None
    file.seek(0)
    try:
        record = StateRecord.parse(file.read())
    except WireError as fault:
        raise MediaRefusedError(f"attachment {attachment.key}", fault.came, fault.wanted) from fault
    if record.unsound_count * 10 > len(record.blocks):
        raise MediaRefusedError(
            f"attachment {attachment.key}", f"{record.unsound_count} of {len(record.blocks)} sums wrong", "a record of states as it was written"
        )
    return record
