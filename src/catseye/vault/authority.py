"""The authority: a root certificate that outsiders trust, and certificates it issues to the signers of sites (X.509, Ed25519).

The root's key never meets the platform. A signer is believed for what it signed while its certificate held: what expires later stays true.
"""

import secrets
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from catseye.core.errors import CatseyeError
from catseye.core.time import Stamp
from catseye.vault.files import make_folder, whole_file
from catseye.vault.signing import load_signing_key, make_signing_key

ROOT_KEY, ROOT = "root-key.pem", "root.pem"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_BYTES = 64 * 1024
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_UNREADABLE = (
    CryptographyDeprecationWarning,
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_MOST_NAME_COUNT = 64  # X.520: the length of a common name


class AuthorityError(CatseyeError):
    """A certificate that is none, or that cannot be issued like this."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate as read: whom it names, whose key, from when until when (both ends included)."""

    name: str
    key: Ed25519PublicKey
    since: Stamp
    until: Stamp
    certificate: x509.Certificate

    @property
    def sha256(self) -> str:
        """The certificate's fingerprint, hex, as `openssl x509 -fingerprint -sha256` tells it."""
        return self.certificate.fingerprint(SHA256()).hex()

    def holds_at(self, when: Stamp) -> bool:
        """Whether that moment lies in its validity."""
        return self.since.utc_ns <= when.utc_ns <= self.until.utc_ns


def make_root(folder: Path, name: str, since: Stamp, until: Stamp) -> Path:
    """A new authority in `folder`: its private key (`root-key.pem`, for this user alone) and its self-signed certificate, whose path is returned.

    AuthorityError where one is already: an authority is never replaced. A key without a certificate is one that was begun: it gets its certificate.
    """
    subject = _name_of(name)
    _refuse_order(name, since, until)
    make_folder(folder.absolute())
    path = folder / ROOT
    if path.exists():
        raise AuthorityError(str(path), "there is an authority already", "a folder without one: an authority is never replaced")
    if not (folder / ROOT_KEY).exists():
        make_signing_key(folder / ROOT_KEY)
    key = load_signing_key(folder / ROOT_KEY)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = _begun(subject, subject, key.public_key(), since, until)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(_usage(signs_certificates=True), critical=True)
    _write(path, made.add_extension(own, critical=False).sign(key, None))
    return path


def certify(authority: Path, signer: Ed25519PublicKey, site: str, since: Stamp, until: Stamp, to: Path) -> Certified:
    """A certificate of the authority in that folder for a site's signer, written to `to`. AuthorityError when it would outlive the root's."""
    root = read_certificate(authority / ROOT)
    key = load_signing_key(authority / ROOT_KEY)
    _refuse_order(site, since, until)
    if not (root.holds_at(since) and root.holds_at(until)):
        span = f"{since.iso()} to {until.iso()}"
        raise AuthorityError(f"certificate of {site}", span, f"within the root's own validity, {root.since.iso()} to {root.until.iso()}")
    if to.exists():
        raise AuthorityError(str(to), "there is a file already", "a name that is free: a certificate is never replaced")
    made = _begun(_name_of(site), root.certificate.subject, signer, since, until)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(_usage(signs_certificates=False), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(signer), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    _write(to, made.sign(key, None))
    return read_certificate(to)


def read_certificate(path: Path) -> Certified:
    """The certificate of a PEM file; AuthorityError when it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise AuthorityError(str(path), (error.strerror or str(error)).lower(), "a certificate in PEM") from error
    return certificate_of(content, str(path))


def certificate_of(pem: bytes, shown: str) -> Certified:
    """Any bytes to the one certificate they hold; AuthorityError, naming `shown`, when they do not."""
    if len(pem) > _MOST_BYTES or pem.count(_BEGIN) != 1:
        raise AuthorityError(shown, "not one certificate", "one X.509 certificate in PEM")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)  # what the library only frowns at (a serial number below 1) is none for us
            found = x509.load_pem_x509_certificate(pem)
            key = found.public_key()
            names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            since, until = (Stamp.from_datetime(moment) for moment in (found.not_valid_before_utc, found.not_valid_after_utc))
            _ = found.extensions  # read now: what cannot be read must not be found out later
    except _UNREADABLE as error:
        raise AuthorityError(shown, "no certificate that can be read", "an X.509 certificate in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise AuthorityError(shown, f"a certificate of another kind of key ({type(key).__name__})", "Ed25519")
    return Certified(str(names[0].value) if names else "", key, since, until, found)


def root_faults(root: Certified) -> list[str]:
    """Why nothing can be held against this certificate as a root."""
    found = root.certificate
    constraints, usage = _constraints(found), _key_usage(found)
    faults = []
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        faults.append("it is no authority's: it may not issue certificates")
    if not _is_issued_by(found, found):
        faults.append("it is not signed by its own key")
    return faults


def signer_faults(signer: Certified, root: Certified, when: Stamp) -> list[str]:
    """Why this signer is not to be believed for what it signed at `when`; nothing when it is. Whether either expired since does not matter."""
    found = signer.certificate
    constraints, usage = _constraints(found), _key_usage(found)
    faults = []
    if not _is_issued_by(found, root.certificate):
        faults.append(f"not issued by this authority ({root.name})")
    if constraints is None or constraints.ca:
        faults.append("an authority's certificate, or one that does not say; wanted a signer's")
    if usage is None or not usage.digital_signature:
        faults.append("not for signing documents (key usage digitalSignature)")
    for who, certified in (("the signer", signer), ("the authority", root)):
        if when.utc_ns < certified.since.utc_ns:
            faults.append(f"{who} was not certified yet: signed {when.iso()}, certified from {certified.since.iso()}")
        elif when.utc_ns > certified.until.utc_ns:
            faults.append(f"{who}'s certificate was over: signed {when.iso()}, certified until {certified.until.iso()}")
    return faults


def _is_issued_by(found: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        found.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _constraints(found: x509.Certificate) -> x509.BasicConstraints | None:
    try:
        return found.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None


def _key_usage(found: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _begun(subject: x509.Name, issuer: x509.Name, key: Ed25519PublicKey, since: Stamp, until: Stamp) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(x509.random_serial_number())
    return made.not_valid_before(_moment(since)).not_valid_after(_moment(until))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name_of(name: str) -> x509.Name:
    if not name.strip() or len(name) > _MOST_NAME_COUNT or not name.isprintable():
        raise AuthorityError("name of a certificate", repr(name), f"1 to {_MOST_NAME_COUNT} printable characters")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _refuse_order(name: str, since: Stamp, until: Stamp) -> None:
    if not _EPOCH <= _moment(since) < _moment(until):
        raise AuthorityError(f"certificate of {name}", f"{since.iso()} to {until.iso()}", "an end after its beginning")


def _moment(when: Stamp) -> datetime:
    """Certificates know whole seconds."""
    return _EPOCH + timedelta(seconds=when.utc_ns // 1_000_000_000)


def _write(path: Path, made: x509.Certificate) -> None:
    with whole_file(path, secrets.token_hex(6)) as file:
        file.write(made.public_bytes(Encoding.PEM))
