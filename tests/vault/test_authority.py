"""The authority's root, and the certificates it issues."""

import base64
import random
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import KeyFileError, StoreError
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.authority import AuthorityError, Certified, certificate_of, certify, make_root, read_certificate, root_faults, signer_faults
from catseye.vault.signing import load_public_key, load_signing_key, make_signing_key

DAY_NS = 86_400 * NS_PER_S
BEGIN = Stamp(1_790_000_000 * NS_PER_S)


def day(number: float) -> Stamp:
    return BEGIN.plus_ns(round(number * DAY_NS))


FROM, TO = day(10), day(375)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_root(tmp_path / "authority", "Road Authority", day(0), day(3650))
    return tmp_path


def issued(folder: Path, name: str = "site", since: Stamp = FROM, until: Stamp = TO) -> Certified:
    public = make_signing_key(folder / f"{name}.pem")
    return certify(folder / "authority", load_public_key(public), "junction-7", since, until, folder / f"{name}.crt.pem")


def root_of(folder: Path) -> Certified:
    return read_certificate(folder / "authority" / "root.pem")


def test_a_root_is_its_own_and_may_issue(folder: Path) -> None:
    root = root_of(folder)
    assert root_faults(root) == []
    assert (root.name, root.since, root.until) == ("Road Authority", day(0), day(3650))
    assert stat.S_IMODE((folder / "authority" / "root-key.pem").stat().st_mode) == 0o600


def test_a_signer_is_believed_for_what_it_signed_while_it_was_certified(folder: Path) -> None:
    signer, root = issued(folder), root_of(folder)
    assert (signer.name, signer.since, signer.until) == ("junction-7", day(10), day(375))
    for when in (day(10), day(100), day(375)):
        assert signer_faults(signer, root, when) == []
    assert "not certified yet" in signer_faults(signer, root, day(9.99))[0]
    assert "was over" in signer_faults(signer, root, day(375.01))[0]


def test_a_signer_of_another_authority_is_not_believed(folder: Path) -> None:
    signer = issued(folder)
    make_root(folder / "other", "Road Authority", day(0), day(3650))  # of the same name
    assert "not issued by this authority" in signer_faults(signer, read_certificate(folder / "other" / "root.pem"), day(20))[0]


def test_an_authority_is_no_signer_and_a_signer_no_authority(folder: Path) -> None:
    root, signer = root_of(folder), issued(folder)
    assert any("an authority's certificate" in fault for fault in signer_faults(root, root, day(1)))
    assert any("key usage" in fault for fault in signer_faults(root, root, day(1)))
    assert any("may not issue" in fault for fault in root_faults(signer))
    assert any("not signed by its own key" in fault for fault in root_faults(signer))


def test_what_a_signer_issues_itself_is_not_believed(folder: Path) -> None:
    """It may sign documents, not certificates."""
    signer = issued(folder)
    key, other = load_signing_key(folder / "site.pem"), Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "junction-8")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(signer.certificate.subject).public_key(other.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
    found = certificate_of(made.sign(key, None).public_bytes(Encoding.PEM), "forged")
    assert "not issued by this authority" in signer_faults(found, root_of(folder), day(20))[0]


def test_openssl_says_the_same(folder: Path) -> None:
    issued(folder)

    def verdict(at: Stamp) -> int:
        when = str(at.utc_ns // NS_PER_S)
        words = ["openssl", "verify", "-x509_strict", "-CAfile", folder / "authority" / "root.pem", "-attime", when, folder / "site.crt.pem"]
        return subprocess.run(words, capture_output=True, check=False).returncode

    assert (verdict(day(20)), verdict(day(9)) != 0, verdict(day(376)) != 0) == (0, True, True)


def test_a_certificate_does_not_outlive_its_root_and_ends_after_it_begins(folder: Path) -> None:
    with pytest.raises(AuthorityError, match="within the root's own validity"):
        issued(folder, "late", until=day(4000))
    with pytest.raises(AuthorityError, match="an end after its beginning"):
        issued(folder, "backwards", since=day(20), until=day(20))
    assert not list(folder.glob("*.crt.pem"))


def test_nothing_is_ever_replaced(folder: Path) -> None:
    issued(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.pem")}
    with pytest.raises(AuthorityError, match="already"):
        make_root(folder / "authority", "Road Authority", day(0), day(3650))
    with pytest.raises(AuthorityError, match="already"):
        certify(folder / "authority", load_public_key(folder / "site.pem.pub"), "junction-7", day(10), day(20), folder / "site.crt.pem")
    assert {path: path.read_bytes() for path in folder.rglob("*.pem")} == before


def test_an_authority_that_was_begun_and_killed_is_finished_with_its_own_key(folder: Path) -> None:
    before = root_of(folder)
    signer = issued(folder)
    (folder / "authority" / "root.pem").unlink()
    make_root(folder / "authority", "Road Authority", day(0), day(3650))
    after = root_of(folder)
    assert after.certificate.public_bytes(Encoding.PEM) != before.certificate.public_bytes(Encoding.PEM)
    assert signer_faults(signer, after, day(20)) == []


def test_a_folder_nobody_may_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a file stands where a folder should"):
        make_root(tmp_path / "file" / "authority", "Road Authority", day(0), day(1))


def test_a_root_key_that_others_may_read_issues_nothing(folder: Path) -> None:
    (folder / "authority" / "root-key.pem").chmod(0o644)
    with pytest.raises(KeyFileError, match="0600"):
        issued(folder)


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "two\nlines"])
def test_a_certificate_names_somebody(tmp_path: Path, name: str) -> None:
    with pytest.raises(AuthorityError, match="printable"):
        make_root(tmp_path / "authority", name, day(0), day(1))
    assert not (tmp_path / "authority").exists()


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    with pytest.raises(AuthorityError, match="another kind of key"):
        certificate_of(made.sign(key, SHA256()).public_bytes(Encoding.PEM), "other")


def test_a_missing_file_and_two_certificates_in_one_are_told(folder: Path) -> None:
    with pytest.raises(AuthorityError, match="no such file"):
        read_certificate(folder / "nothing.pem")
    twice = (folder / "authority" / "root.pem").read_bytes() * 2
    with pytest.raises(AuthorityError, match="not one certificate"):
        certificate_of(twice, "twice")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_a_typed_error(data: bytes) -> None:
    for each in (data, pem_of(data)):
        with pytest.raises(AuthorityError):
            certificate_of(each, "bytes")


def test_no_changed_byte_of_a_certificate_says_anything_else_and_is_believed(folder: Path) -> None:
    """All that is said is signed. How many bits of the signature's last byte count is not: another number there changes nothing that is believed."""
    signer, root, chance = issued(folder), root_of(folder), random.Random(5)
    der, signed = signer.certificate.public_bytes(Encoding.DER), signer.certificate.tbs_certificate_bytes
    for place in range(len(der)):
        changed = der[:place] + bytes([der[place] ^ 1 << chance.randrange(8)]) + der[place + 1 :]
        try:
            found = certificate_of(pem_of(changed), "changed")
        except AuthorityError:
            continue
        assert signer_faults(found, root, day(20)) or found.certificate.tbs_certificate_bytes == signed, f"byte {place}"


def pem_of(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
