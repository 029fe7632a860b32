"""What somebody may do to a package, and which numbered check finds it and names what."""

import json
import random
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.package.scenes import COPY, EVENT, HAPPENED, NOW, ORIGINAL, PACKETS, STILLS, Site, at, failed, states
from tests.cases.package.tamper import entries_of, head_signed_at, packed, relisted, signed_by

from catseye.cases.package import layout
from catseye.cases.package.checks import ALL, Asked
from catseye.cases.package.errors import PackageError
from catseye.cases.package.manifest import Manifest, Seal
from catseye.cases.package.plain import canonical
from catseye.cases.package.verify import verify_package
from catseye.vault.authority import AuthorityError, make_root, read_certificate
from catseye.vault.heads import SignedHead, sign_head
from catseye.vault.leaves import Head
from catseye.vault.log_proofs import LogProof, PackageSeal
from catseye.vault.merkle import consistency_path, leaf_hash, node_hash, root_of
from catseye.vault.vault import Vault


@pytest.fixture
def entries(package: Path) -> dict[str, bytes]:
    return entries_of(package)


# --- files ---


@pytest.mark.parametrize("name", [COPY, ORIGINAL, "data/custody.jsonl", "bagit.txt", "data/signal/signals.csv", "signer.pem", "manifest-sha256.txt"])
def test_a_deleted_file_is_named(standing: Site, entries: dict[str, bytes], tmp_path: Path, name: str) -> None:
    del entries[name]
    assert name in failed(standing.verify(packed(entries, tmp_path / "p.zip")))[2]


@pytest.mark.parametrize("name", ["manifest.json", "signature", "seal.json"])
def test_without_what_signs_it_a_package_is_nothing(standing: Site, entries: dict[str, bytes], tmp_path: Path, name: str) -> None:
    del entries[name]
    verdict = standing.verify(packed(entries, tmp_path / "p.zip"))
    assert name in failed(verdict)[2]
    assert not verdict.is_good


def test_an_added_file_is_named(standing: Site, entries: dict[str, bytes], tmp_path: Path) -> None:
    entries["data/media/stills/3.jpg"] = b"not of this case"
    found = failed(standing.verify(packed(entries, tmp_path / "p.zip")))
    assert found[2] == ("data/media/stills/3.jpg",)
    assert layout.BAG_MANIFEST in found[4]


def test_a_renamed_file_is_named_by_both_names(standing: Site, entries: dict[str, bytes], tmp_path: Path) -> None:
    entries["data/media/stills/0.jpg"] = entries.pop(STILLS[0])
    assert set(failed(standing.verify(packed(entries, tmp_path / "p.zip")))[2]) == {"data/media/stills/0.jpg", STILLS[0]}


def test_two_files_that_changed_places_are_named(standing: Site, entries: dict[str, bytes], tmp_path: Path) -> None:
    entries[STILLS[0]], entries[STILLS[1]] = entries[STILLS[1]], entries[STILLS[0]]
    assert failed(standing.verify(packed(entries, tmp_path / "p.zip")))[3] == STILLS


def test_entries_in_another_order_or_twice_are_named(standing: Site, package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        infos = archive.infolist()
        for order in ([*infos[1:], infos[0]], [*infos, infos[3]]):
            with zipfile.ZipFile(tmp_path / "p.zip", "w") as changed, pytest.warns() if len(order) > len(infos) else nullcontext():
                for info in order:
                    changed.writestr(zipfile.ZipInfo(info.filename), archive.read(info))
            verdict = standing.verify(tmp_path / "p.zip")
            assert failed(verdict)[1]
            assert set(states(verdict).values()) == {"failed", "not reached"}


def test_lists_made_to_fit_no_longer_fit_the_signature(standing: Site, entries: dict[str, bytes], tmp_path: Path) -> None:
    entries[COPY] = b"another copy"
    found = failed(standing.verify(packed(relisted(entries), tmp_path / "p.zip")))
    assert set(found) == {5, 7}
    assert found[5] == ("signature",)


# --- who signed ---


def test_a_manifest_signed_again_by_a_key_of_nobody_is_found(standing: Site, entries: dict[str, bytes], tmp_path: Path) -> None:
    """The forger has an authority of the same name, and certifies a signer for himself."""
    with Vault.open(tmp_path / "forger") as vault:
        forger = Site(tmp_path, vault)
        entries[COPY] = b"another copy"
        found = failed(standing.verify(packed(signed_by(entries, forger.signer), tmp_path / "p.zip")))
    assert set(found) >= {5, 6, 7, 8}  # manifest names the old key; authority; log; head
    assert "signer.pem" in found[6]


def test_a_whole_package_of_another_authority_is_refused(standing: Site, tmp_path: Path) -> None:
    with Vault.open(tmp_path / "forger") as vault:
        forged = Site(tmp_path, vault).build().path
    assert failed(standing.verify(forged)) == {6: ("signer.pem",)}


def test_a_signer_that_expired_after_the_head_was_signed_is_still_believed(site: Site) -> None:
    signer = site.signer_with("short", HAPPENED, at(90_000))
    package = site.build(signer=signer, now=at(86_400)).path
    assert site.verify(package).is_good


def test_a_signer_that_had_expired_when_the_head_was_signed_is_not_believed(site: Site) -> None:
    signer = site.signer_with("short", HAPPENED, at(90_000))
    package = site.build(signer=signer, now=at(86_400)).path
    for when, why in ((at(90_001), "was over"), (at(-1), "was not certified yet")):
        late = head_signed_at(package, signer.key, when)
        verdict = site.verify(late)
        assert failed(verdict)[6] == ("signer.pem",)
        assert why in " ".join(fault.fact for fault in verdict.faults)


def test_a_head_signed_before_it_happened_is_refused(site: Site) -> None:
    package = site.build().path
    early = head_signed_at(package, site.signer.key, at(-1))
    assert set(failed(site.verify(early))) == {8, 13, 14}  # looked at and decided after it, too


def test_a_root_that_is_none_is_wrong_use(standing: Site, package: Path) -> None:
    with pytest.raises(AuthorityError, match="no authority's"):
        verify_package(package, Asked(read_certificate(standing.folder / "signer.crt.pem")))


# --- the log ---


def test_a_package_that_was_never_logged_is_found(site: Site) -> None:
    """Signed by the site's own key, under a head of a log that it is not in."""
    entries = entries_of(site.build().path)
    entries[COPY] = b"another copy"
    changed = signed_by(entries, site.signer)
    assert failed(site.verify(packed(changed, site.folder / "p.zip"))) == {7: ("seal.json",)}


def test_a_log_that_only_grew_continues_every_head_a_witness_kept(site: Site) -> None:
    before = site.vault.sign_head(at(100).utc_ns, site.signer.key)
    package = site.build().path
    assert states(site.verify(package, witness={"head.json": before}))[9] == "passed"
    site.vault.keep_events([replace(EVENT, time_ns=3)])
    after = site.vault.sign_head(NOW.utc_ns + 1, site.signer.key)
    verdict = site.verify(package, witness={"later.json": after})
    assert failed(verdict) == {9: ("seal.json",)}
    assert "catseye log prove OUT --old 3 --new 4" in str(verdict.faults[0])
    proof = site.vault.log_proof(3, 4)
    assert site.verify(package, witness={"head.json": before, "later.json": after}, proofs=[proof]).is_good


def test_a_log_that_was_rolled_back_is_found(site: Site, tmp_path: Path) -> None:
    """A witness saw four entries; then the log was put back to two, and the package logged as the third."""
    site.vault.keep_events([replace(EVENT, time_ns=n) for n in (3, 4)])
    witness = site.vault.sign_head(at(100).utc_ns, site.signer.key)
    with Vault.open(tmp_path / "rolled-back") as vault:
        vault.keep_events([EVENT, replace(EVENT, time_ns=0)])
        rolled = site.with_vault(vault)
        package = rolled.build().path
    verdict = site.verify(package, witness={"head.json": witness})
    assert failed(verdict) == {9: ("seal.json",)}
    assert "rolled back" in str(verdict.faults[0])


def test_a_log_that_was_forked_is_found_at_every_size(site: Site, tmp_path: Path) -> None:
    kept = {"older.json": site.vault.sign_head(at(100).utc_ns, site.signer.key)}
    site.vault.keep_events([replace(EVENT, time_ns=3)])
    kept["same.json"] = site.vault.sign_head(at(200).utc_ns, site.signer.key)
    with Vault.open(tmp_path / "fork") as vault:
        vault.keep_events([replace(EVENT, time_ns=n) for n in (7, 8)])
        vault.sign_head(at(100).utc_ns, site.signer.key)
        forked = site.with_vault(vault)
        package = forked.build().path
        assert forked.verify(package).is_good  # nobody inside can tell: that is what the witness is for
        vault.keep_events([replace(EVENT, time_ns=9)])
        proofs = [vault.log_proof(2, 3), vault.log_proof(3, 4)]
    for name, head in kept.items():
        verdict = site.verify(package, witness={name: head}, proofs=proofs)
        assert failed(verdict) == {9: ("seal.json",)}, name
        assert "forked" in str(verdict.faults[0])
    site.vault.keep_events([replace(EVENT, time_ns=5)])
    later = site.vault.sign_head(NOW.utc_ns + 1, site.signer.key)
    verdict = site.verify(package, witness={"later.json": later}, proofs=[site.vault.log_proof(3, 4), *proofs])
    assert "forked" in str(verdict.faults[0])


def test_a_truncated_log_is_found(site: Site) -> None:
    """The head says fewer entries than the package's own place."""
    entries = entries_of(site.build().path)
    sealed = Seal.parse(entries[layout.SEAL]).sealed
    cut = sign_head(Head(sealed.seq, sealed.head.head.root), NOW.utc_ns, site.signer.key)
    entries[layout.SEAL] = bytes(Seal(replace(sealed, head=cut)))
    assert failed(site.verify(packed(entries, site.folder / "p.zip"))) == {7: ("seal.json",)}


def test_a_head_of_another_log_is_no_witness(site: Site) -> None:
    package = site.build().path
    other = site.signer_with("other", at(-1000), at(1000)).key
    strange = sign_head(Head(1, bytes(32)), NOW.utc_ns, other)
    assert failed(site.verify(package, witness={"head.json": strange})) == {9: ("head.json",)}


@given(st.integers(1, 40), st.data())
def test_only_a_proof_of_the_very_log_shows_that_it_grew(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = [leaf_hash(bytes([n])) for n in range(size)]

    def node(level: int, index: int) -> bytes:
        row = leaves[index << level : index + 1 << level]
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    proof = LogProof(old, size, tuple(consistency_path(old, size, node)))
    older, newer = Head(old, root_of(old, node)), Head(size, root_of(size, node))
    assert proof.shows(older, newer)
    assert LogProof.parse(proof.to_json(), "proof") == proof
    assert not proof.shows(Head(old, bytes(32)), newer)
    assert not LogProof(old, size + 1, proof.path).shows(older, newer)


# --- what it says ---


def resigned(site: Site, package: Path, changes: dict[str, bytes]) -> Path:
    """Changed and signed by the site's own key, and logged: as only a site that wants to lie could."""
    entries = signed_by({**entries_of(package), **changes}, site.signer)
    manifest = entries[layout.MANIFEST]
    sealed = site.vault.packages.seal(Manifest.parse(manifest).case, sha256(manifest).hexdigest(), NOW, site.signer.key)
    return packed({**entries, layout.SEAL: bytes(Seal(sealed))}, site.folder / "lied.zip")


def said(entries: dict[str, bytes], name: str, **changed: object) -> dict[str, bytes]:
    return {name: canonical({**json.loads(entries[name]), **changed})}


def test_a_site_that_lies_is_found_where_its_own_facts_do_not_fit(site: Site) -> None:
    package = site.build().path
    entries = entries_of(package)
    decision = json.loads(entries[layout.REVIEW])["decisions"]
    expected = {
        10: [
            said(entries, layout.CASE, camera="cam-2"),
            said(entries, layout.CASE, case="case-2"),
            said(entries, layout.CASE, when=at(5).iso()),
            said(entries, layout.DEVICE, camera="cam-2"),
            said(entries, layout.DEVICE, media_signing="SIGNED_OK"),
            said(entries, layout.CASE, kind="catseye-case-9"),
            {layout.EVENT: entries[layout.EVENT].replace(b'"trusted": true', b'"trusted": false')},
            {layout.EVENT: b"[]"},
            {layout.CASE: b"not json"},
        ],
        11: [{ORIGINAL: b"\0\0\0 ftypisom in the clear"}, {PACKETS: b"{}"}],
        12: [
            said(entries, layout.CALIBRATION, until=at(-1).iso()),
            said(entries, layout.CALIBRATION, since=at(1).iso()),
            said(entries, layout.CALIBRATION, camera="cam-2"),
        ],
        13: [{layout.CUSTODY: b""}, {layout.CUSTODY: entries[layout.CUSTODY][:-1]}, {layout.CUSTODY: entries[layout.CUSTODY] * 2}],
        14: [
            said(entries, layout.REVIEW, decisions=[]),
            said(entries, layout.REVIEW, decisions=decision[:1]),
            said(entries, layout.REVIEW, decisions=[decision[0], {**decision[0], "when": decision[1]["when"]}]),
            said(entries, layout.REVIEW, decisions=[decision[0], {**decision[1], "decision": "dismissed"}]),
            said(entries, layout.REVIEW, decisions=[{**each, "role": "machine"} for each in decision]),
            said(entries, layout.REVIEW, submitted=at(10).iso()),
            said(entries, layout.REVIEW, decisions=[{**decision[0], "when": at(-5).iso()}, decision[1]]),
        ],
        15: [said(entries, layout.APPEAL, reviewer="An"), said(entries, layout.APPEAL, evidence_shown=["data/other"])],
    }
    for number, lies in expected.items():
        for lie in lies:
            verdict = site.verify(resigned(site, package, lie))
            assert number in failed(verdict), (number, lie, verdict.faults)
            assert set(lie) & set(failed(verdict)[number]) or number == 10, (number, lie, verdict.faults)
            assert {check.number for check in verdict.checks if check.state == "passed"} >= {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_copy_made_of_something_else_is_found(site: Site) -> None:
    package = site.build().path
    entries = entries_of(package)
    manifest = Manifest.parse(entries[layout.MANIFEST])
    files = tuple(replace(file, media=replace(file.media, derived_from="0" * 64)) if file.path == COPY else file for file in manifest.files)  # type: ignore[type-var]
    entries[layout.MANIFEST] = bytes(replace(manifest, files=files))
    assert failed(site.verify(resigned(site, packed(entries, site.folder / "p.zip"), {})))[11] == (COPY,)


def test_an_original_in_the_clear_is_found_wherever_it_lies(site: Site) -> None:
    package = site.build().path
    assert failed(site.verify(resigned(site, package, {COPY: b"the clip in the clear"})))[11] == (COPY,)


# --- any file at all ---


def test_what_is_no_package_is_wrong_use(standing: Site, tmp_path: Path) -> None:
    for content in (b"", b"%PDF-1.7\n", random.Random(1).randbytes(3000)):
        (tmp_path / "p.zip").write_bytes(content)
        with pytest.raises(PackageError):
            standing.verify(tmp_path / "p.zip")
    for place in (tmp_path, tmp_path / "missing.zip"):
        with pytest.raises(PackageError):
            standing.verify(place)


def test_a_zip_of_something_else_fails(standing: Site, tmp_path: Path) -> None:
    verdict = standing.verify(packed({"hello.txt": b"hello"}, tmp_path / "p.zip"))
    assert not verdict.is_good
    assert {2, 4, 5, 6, 8} <= set(failed(verdict)) | {check.number for check in verdict.checks if check.state == "not reached"}


@given(st.data())
def test_any_bytes_in_any_file_give_a_verdict(standing: Site, package: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    entries = entries_of(package)
    name = data.draw(st.sampled_from(sorted(entries)))
    plain_json = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    )
    if data.draw(st.booleans()):
        entries[name] = data.draw(st.binary(max_size=200))
    else:
        try:
            was = json.loads(entries[name])
        except ValueError:
            was = {}
        if isinstance(was, dict) and was:
            was[data.draw(st.sampled_from(sorted(was)))] = data.draw(plain_json)
        entries[name] = json.dumps(was, sort_keys=True, separators=(",", ":")).encode()
    changed = packed(entries, tmp_path_factory.getbasetemp() / "any.zip")
    verdict = standing.verify(changed)
    assert [check.number for check in verdict.checks] == [check.number for check in ALL]
    assert verdict.is_good == (entries == entries_of(package))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )
)
def test_any_json_is_a_seal_or_a_plain_refusal(said: object) -> None:
    for parse in (Seal.parse, Manifest.parse):
        with pytest.raises(ValueError, match=r".+"):
            parse(json.dumps(said).encode())


def test_deep_json_is_refused_and_not_followed_down(standing: Site, package: Path, tmp_path: Path) -> None:
    entries = entries_of(package)
    for name in (layout.MANIFEST, layout.SEAL, layout.CASE, layout.REVIEW, PACKETS):
        deep = {**entries, name: b'{"kind":' * 100_000}
        assert name in {fault.file for fault in standing.verify(packed(deep, tmp_path / "p.zip")).faults}


def test_unzipping_leaves_nothing_outside(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "here")
    assert {str(path.relative_to(tmp_path / "here")) for path in (tmp_path / "here").rglob("*") if path.is_file()} == set(entries_of(package))


def test_verifying_needs_neither_video_nor_a_database_nor_a_network() -> None:
    script = "import sys, catseye.cases.package.verify; print([m for m in ('av', 'cv2', 'onnxruntime', 'pyarrow', 'sqlalchemy', 'nats') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_seal_is_read_back_as_it_was(package: Path) -> None:
    raw = entries_of(package)[layout.SEAL]
    sealed = Seal.parse(raw)
    assert bytes(sealed) == raw
    assert isinstance(sealed.sealed, PackageSeal)
    assert isinstance(sealed.sealed.head, SignedHead)


def test_two_authorities_of_one_name_are_two(standing: Site, package: Path, tmp_path: Path) -> None:
    make_root(tmp_path / "authority", "Road Authority", at(-10_000), at(10_000_000))
    verdict = verify_package(package, Asked(read_certificate(tmp_path / "authority" / "root.pem")))
    assert failed(verdict) == {6: ("signer.pem",)}
