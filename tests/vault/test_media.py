"""Pictures and clips are kept in envelopes, opened under a grant, and every look is logged before a byte is seen. On both databases."""

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from tests.vault.factories import picture_of
from tests.vault.kept import CLIP, LOG, NOON, grant, later, redacted, sealed, staged

from catseye.core.errors import StoreError
from catseye.core.grant import GrantError
from catseye.vault.drawers import Drawer
from catseye.vault.envelopes import EnvelopeError, seal_bytes
from catseye.vault.media import MediaRef, MediaTakenError, envelope_name
from catseye.vault.vault import Vault


def envelopes(vault: Vault) -> list[Path]:
    return sorted(path for path in (vault.folder / "envelopes").rglob("*") if path.is_file())


def read(vault: Vault, ref: MediaRef) -> bytes:
    with vault.media.open(ref, grant(), later(1), "to review it") as file:
        return file.read()


def test_a_redacted_clip_comes_back_with_its_log_and_where_it_came_from(vault: Vault) -> None:
    media = redacted(vault)
    ref = vault.media.keep_redacted(media, "case-1/clip", NOON)
    assert (ref.kind, ref.media_type, ref.sha256, ref.original_sha256) == ("redacted", "video/mp4", sha256(CLIP).hexdigest(), media.derived_from)
    assert read(vault, ref) == CLIP
    assert vault.media.redaction_log(ref, grant(), later(1), "to see what was filled") == LOG
    assert vault.media.refs("case-1/") == [ref] == [vault.media.ref("case-1/clip")]


def test_a_sealed_original_is_handed_out_as_the_ciphertext_it_is(vault: Vault) -> None:
    ref = vault.media.keep_sealed(sealed(vault), "case-1/original", NOON)
    assert read(vault, ref) == CLIP
    assert (ref.original_sha256, ref.original_bytes) == (sha256(b"a face").hexdigest(), 6)
    assert ref.recipients


def test_a_still_is_a_png_in_an_envelope(vault: Vault) -> None:
    ref = vault.media.keep_picture(picture_of(np.full((4, 4, 3), 9, np.uint8)), "case-1/still", NOON)
    assert read(vault, ref).startswith(b"\x89PNG")


def test_nothing_else_is_taken_whatever_it_looks_like(vault: Vault) -> None:
    other = redacted(vault)
    for keep, wrong in ((vault.media.keep_redacted, sealed(vault)), (vault.media.keep_sealed, other), (vault.media.keep_picture, other)):
        with pytest.raises(TypeError, match="wanted"):
            keep(wrong, "case-1/x", NOON)  # type: ignore[operator]
    assert envelopes(vault) == []


def test_nothing_kept_lies_readable_in_the_vault(vault: Vault) -> None:
    vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    assert not any(CLIP[:64] in path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())
    assert list(vault.media.staging().iterdir()) == []


def test_a_look_is_logged_before_the_first_byte_and_can_be_asked_for(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    before_count = vault.log_size_count()
    with vault.media.open(ref, grant(), later(1), "to review it"):
        assert vault.log_size_count() == before_count + 1
    read(vault, ref)
    with vault.media.open(ref, grant("officer Tran"), later(2), "appeal"):
        pass
    told = [(look.who, look.purpose, look.why, look.number) for look in vault.media.looks(ref)]
    assert told == [
        ("officer Ly", "review of a red-light case", "to review it", 0),
        ("officer Ly", "review of a red-light case", "to review it", 1),
        ("officer Tran", "review of a red-light case", "appeal", 2),
    ]
    assert [look.number for look in vault.looks(who="officer Tran")] == [2] == [look.number for look in vault.looks(since=later(2))]
    assert [look.why for look in vault.looks(subject="media/case-1/clip")] == ["to review it", "to review it", "appeal"]
    assert vault.log_faults() == []


def test_a_look_changed_afterwards_is_told(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    read(vault, ref)
    with vault._database.writing() as connection:
        connection.execute(text("UPDATE looks SET who = 'nobody'"))
    assert vault.log_faults() == ["entry 2: look media/case-1/clip/0 was changed after it was logged"]


def test_a_grant_that_is_over_or_gives_no_reason_opens_nothing_and_logs_nothing(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    size_count = vault.log_size_count()
    with pytest.raises(GrantError, match="over since"):
        vault.media.open(ref, grant(until=later(1)), later(1), "to review it")
    with pytest.raises(GrantError, match="no reason"):
        vault.media.open(ref, grant(), later(1), "  ")
    assert vault.log_size_count() == size_count
    assert list(vault.looks()) == []


def test_the_same_kept_again_doubles_nothing_and_another_is_refused(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    size_count = vault.log_size_count()
    assert vault.media.keep_redacted(redacted(vault), "case-1/clip", later(1)) == ref
    with pytest.raises(MediaTakenError, match="wanted a name that is free"):
        vault.media.keep_redacted(redacted(vault, b"another"), "case-1/clip", NOON)
    assert vault.log_size_count() == size_count
    assert len(envelopes(vault)) == 2


def test_a_file_that_is_not_what_was_announced_is_not_kept(vault: Vault) -> None:
    media = redacted(vault)
    media.path.write_bytes(CLIP + b"more")
    with pytest.raises(StoreError, match="as announced"):
        vault.media.keep_redacted(media, "case-1/clip", NOON)
    assert envelopes(vault) == []
    assert media.path.exists()


def test_a_file_from_outside_the_staging_folder_is_refused(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(CLIP)
    link = vault.media.staging() / "link"
    link.symlink_to(tmp_path / "clip")
    for path in (tmp_path / "clip", link, vault.media.staging() / ".." / "clip"):
        with pytest.raises(StoreError, match="staging folder"):
            vault.media.keep_redacted(replace(redacted(vault), path=path), "case-1/clip", NOON)


def test_swapped_envelopes_do_not_open(vault: Vault) -> None:
    refs = [vault.media.keep_sealed(sealed(vault, content), f"case-{content[0]}/original", NOON) for content in (b"1 one", b"2 two")]
    one, two = envelopes(vault)
    one.rename(vault.folder / "aside")
    two.rename(one)
    (vault.folder / "aside").rename(two)
    for ref in refs:
        with pytest.raises(EnvelopeError):
            vault.media.open(ref, grant(), NOON, "to review it")
    assert list(vault.looks()) == []


def test_moved_into_a_case_it_lies_under_the_key_of_the_case(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    before = set(envelopes(vault))
    moved = vault.media.reclass(ref, "case", later(1), "2026-000001")
    assert (moved.retention, moved.period) == ("case", "2026-000001")
    assert len(set(envelopes(vault)) - before) == len(envelopes(vault)) == 2
    assert read(vault, moved) == CLIP == read(vault, ref)
    assert vault.media.redaction_log(moved, grant(), later(1), "to see what was filled") == LOG
    size_count = vault.log_size_count()
    assert vault.media.reclass(moved, "case", later(2), "2026-000001") == moved
    assert vault.log_size_count() == size_count
    assert vault.log_faults() == []


def test_a_hash_changed_behind_our_back_is_told(vault: Vault) -> None:
    vault.media.keep_sealed(sealed(vault), "case-1/original", NOON)
    with vault._database.writing() as connection:
        connection.execute(text(f"UPDATE media SET original_sha256 = '{'0' * 64}'"))
    assert vault.log_faults() == ["entry 0: media case-1/original was changed after it was logged"]


def test_the_staging_folder_goes_with_its_writer(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        folder = vault.media.staging()
        staged(vault, CLIP)
        with open_vault() as other:
            assert other.media.staging() != folder
            assert folder.is_dir()
    assert not folder.exists()


def test_the_staging_folder_of_a_killed_writer_is_swept(open_vault: Callable[..., Vault], tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        staged(open_vault(), CLIP)
        os._exit(0)
    os.waitpid(child, 0)
    assert [path.name for path in (tmp_path / "vault" / "staging").glob("*/*")] == ["clip"]
    with open_vault():
        assert list((tmp_path / "vault" / "staging").iterdir()) == []


def test_an_envelope_that_somebody_with_the_key_made_in_its_place_is_not_shown(vault: Vault) -> None:
    ref = vault.media.keep_redacted(redacted(vault), "case-1/clip", NOON)
    with vault._database.reading() as connection:
        row, key = vault.media._row(connection, ref.name), vault._drawers.key(connection, Drawer(ref.retention, ref.period))
    vault.media._path(row).write_bytes(seal_bytes(key, envelope_name(ref.name), b"another clip"))
    with pytest.raises(EnvelopeError, match="put in its place"):
        vault.media.open(ref, grant(), later(1), "to review it")
    assert list(vault.looks()) == []
