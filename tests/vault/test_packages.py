"""What the vault does for a package: one entry in the log, a signed head, the proofs, a whole file; on both databases."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.vault.factories import events_at

from catseye.core.errors import SourceError, StoreError
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.leaves import Entry, entry_leaf
from catseye.vault.log_proofs import PACKAGE, LogProof, PackageSeal, package_subject
from catseye.vault.merkle import holds_leaf
from catseye.vault.packages import MOST_WITNESSED_COUNT
from catseye.vault.vault import Vault

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MANIFEST = sha256(b"a manifest").hexdigest()


def at(second: int) -> Stamp:
    return Stamp(1_790_000_000 * NS_PER_S + second * NS_PER_S)


def is_in_log(seal: PackageSeal, case: str = "case-1", manifest: str = MANIFEST) -> bool:
    leaf = entry_leaf(seal.salt, Entry(PACKAGE, package_subject(case, manifest), manifest.encode()))
    head = seal.head.head
    return holds_leaf(leaf, seal.seq, head.size_count, seal.inclusion, head.root)


def test_a_sealed_package_is_in_the_log_under_a_signed_head(vault: Vault) -> None:
    vault.keep_events(events_at(1, 2, 3))
    seal = vault.packages.seal("case-1", MANIFEST, at(0), KEY)
    assert (seal.seq, seal.head.head.size_count) == (3, 4)
    assert is_in_log(seal)
    assert not is_in_log(seal, case="case-2")
    assert not is_in_log(seal, manifest="0" * 64)
    assert seal.head.is_by(KEY.public_key())
    assert vault.log_faults() == []


def test_the_same_package_is_one_entry_however_often_it_is_sealed(vault: Vault) -> None:
    first = vault.packages.seal("case-1", MANIFEST, at(0), KEY)
    vault.keep_events(events_at(1, 2))
    again = vault.packages.seal("case-1", MANIFEST, at(1), KEY)
    assert (again.seq, again.salt) == (first.seq, first.salt)
    assert is_in_log(again)
    assert vault.log_size_count() == 3
    assert vault.packages.seal("case-1", "0" * 64, at(2), KEY).seq == 3
    assert vault.packages.seal("case-2", MANIFEST, at(3), KEY).seq == 4


def test_a_package_whose_salt_was_forgotten_is_logged_anew(vault: Vault) -> None:
    first = vault.packages.seal("case-1", MANIFEST, at(0), KEY)
    with vault._database.writing() as connection:
        vault.log.forget(connection, [first.seq])
    again = vault.packages.seal("case-1", MANIFEST, at(1), KEY)
    assert again.seq == first.seq + 1
    assert is_in_log(again)
    assert is_in_log(first)  # who has the package has the salt


def test_every_earlier_head_is_shown_to_be_continued(vault: Vault) -> None:
    kept = []
    for second in range(1, MOST_WITNESSED_COUNT + 5):
        vault.keep_events(events_at(second))
        kept.append(vault.sign_head(at(second).utc_ns, KEY))
    seal = vault.packages.seal("case-1", MANIFEST, at(1000), KEY)
    assert [proof.old_count for proof in seal.proofs] == [head.head.size_count for head in kept[-MOST_WITNESSED_COUNT:]]
    for head, proof in zip(kept[-MOST_WITNESSED_COUNT:], seal.proofs, strict=True):
        assert proof.shows(head.head, seal.head.head)
    older = vault.log_proof(kept[0].head.size_count, seal.head.head.size_count)
    assert older.shows(kept[0].head, seal.head.head)
    assert not older.shows(kept[1].head, seal.head.head)


def test_a_clock_set_back_behind_a_head_signs_nothing(vault: Vault) -> None:
    vault.sign_head(at(10).utc_ns, KEY)
    with pytest.raises(StoreError, match="not set back"):
        vault.packages.seal("case-1", MANIFEST, at(9), KEY)
    assert vault.log_size_count() == 0


def test_proofs_of_sizes_the_log_never_had_are_refused(vault: Vault) -> None:
    vault.keep_events(events_at(1, 2))
    for old, new in ((0, 3), (2, 1), (-1, 2)):
        with pytest.raises(ValueError, match="wanted an older size first"):
            vault.log_proof(old, new)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "catseye-log-proof-1", "old": -1, "new": 2, "path": []}', '{"kind": "x", "old": 1, "new": 2, "path": []}']
)
def test_a_proof_that_is_none_is_a_typed_error(text: str) -> None:
    with pytest.raises(SourceError, match="no proof"):
        LogProof.parse(text, "proof.json")


def test_two_writers_seal_one_package_once(open_vault: Callable[..., Vault]) -> None:
    with open_vault("one") as one, open_vault("two") as two:
        seals = [vault.packages.seal("case-1", MANIFEST, at(number), KEY) for number, vault in enumerate((one, two, one))]
        assert len({(seal.seq, seal.salt) for seal in seals}) == 1
        assert one.log_faults() == two.log_faults() == []


def test_a_file_is_whole_or_not_there_and_what_a_dead_writer_left_is_swept(vault: Vault, tmp_path: Path) -> None:
    place = tmp_path / "out" / "case-1.zip"
    with vault.packages.file(place) as file:
        file.write(b"whole")
    left = place.with_name(".case-1.zip.abcdefabcdef.unfinished")
    left.write_bytes(b"half")
    with pytest.raises(RuntimeError), vault.packages.file(place) as file:
        file.write(b"half")
        raise RuntimeError
    assert place.read_bytes() == b"whole"
    assert [path.name for path in place.parent.iterdir()] == ["case-1.zip"]
