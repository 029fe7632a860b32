"""A report on its way in: `vision` makes its files safe, the vault keeps them, and only then it is received. Sent again, it is the same report."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from catseye.cases.citizen_reports import Claim, Evidence, Report, intake, media_name, refuse_claim
from catseye.cases.report_desk import read, receive
from catseye.cases.scheme import Adopted
from catseye.core.errors import StoreError
from catseye.core.sealed import RedactedMedia, SealedMedia
from catseye.core.time import Stamp
from catseye.vault.files import disk_errors
from catseye.vault.kept_for import REPORT
from catseye.vault.media import MediaRef, MediaTakenError
from catseye.vision.uploads import StillCopy, Upload, take_in

if TYPE_CHECKING:
    from catseye.vault.vault import Vault


def file_report(vault: "Vault", adopted: Adopted, claim: Claim, files: Sequence[Path], recipients: Sequence[str], stills: StillCopy, received: Stamp) -> Report:
    """Take a report in with its files; on return originals, copies and report are durable. On any refusal nothing of it is kept.

    ReportRefusedError, UploadError, EvidenceError, ModelError, KeyFileError, StoreError.
    """
    refuse_claim(claim, adopted.scheme, received)  # before a byte of any file is read
    uploads: list[Upload] = []
    staging = vault.media.staging()
    try:
        with ExitStack() as opened:
            for path in files:
                with disk_errors(path):
                    stream, size_bytes = opened.enter_context(path.open("rb")), path.stat().st_size
                uploads.append(
                    take_in(
                        stream,
                        staging,
                        token_hex(6),
                        recipients,
                        stills,
                        local=ZoneInfo(adopted.scheme.timezone),
                        most_bytes=adopted.scheme.media.file_most_bytes,
                        announced_bytes=size_bytes,
                    )
                )
        told = [_evidence(upload, claim.happened, upload.sealed.sealed_sha256, upload.copy.sha256) for upload in uploads]
        name, _ = intake(claim, told, adopted, received)  # refuses too few, too short, of another time
        if vault.dossiers.steps(REPORT, name):
            return read(vault, name)  # sent again, since the answer was lost
        kept = [_kept(vault, name, upload, claim.happened, received) for upload in uploads]
        return receive(vault, adopted, claim, kept, received)
    finally:
        for upload in uploads:
            upload.sealed.path.unlink(missing_ok=True)
            upload.copy.path.unlink(missing_ok=True)


def _kept(vault: "Vault", name: str, upload: Upload, happened: Stamp, now: Stamp) -> Evidence:
    """Both files under their names, and their days run until the report is received: a process that dies in between keeps nothing for ever."""
    sealed = _keep(vault, upload.sealed, media_name(name, upload.sealed.sha256, "original"), name, now)
    vault.retention.end(REPORT, name, now)
    copy = _keep(vault, upload.copy, media_name(name, upload.sealed.sha256, "copy"), name, now)
    return _evidence(upload, happened, sealed.sha256, copy.sha256)


def _keep(vault: "Vault", media: SealedMedia | RedactedMedia, name: str, report: str, now: Stamp) -> MediaRef:
    try:
        if isinstance(media, SealedMedia):
            return vault.media.keep_sealed(media, name, now, REPORT, report)
        return vault.media.keep_redacted(media, name, now, REPORT, report)
    except MediaTakenError:  # of an attempt that died: age seals the same file differently each time
        there = vault.media.ref(name)
        original = media.sha256 if isinstance(media, SealedMedia) else media.derived_from
        if there.original_sha256 != original:  # the name holds half of its hash: never seen, and told all the same
            raise StoreError(f"media {name}", "the copy of another original", "a report of its own") from None
        return there


def _evidence(upload: Upload, happened: Stamp, sealed_sha256: str, copy_sha256: str) -> Evidence:
    return Evidence(
        media_type=upload.sealed.media_type,
        sha256=upload.sealed.sha256,
        size_bytes=upload.sealed.size_bytes,
        sealed_sha256=sealed_sha256,
        copy_sha256=copy_sha256,
        duration_s=upload.duration_s,
        own_time_ns=upload.own_time_ns(happened),
        look=upload.looks,
    )
