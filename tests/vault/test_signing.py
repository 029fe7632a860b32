import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from catseye.core.errors import KeyFileError
from catseye.vault.signing import is_signed, key_name, load_public_key, load_signing_key, make_signing_key


def test_a_new_key_signs_and_its_public_half_knows_it(tmp_path: Path) -> None:
    public = load_public_key(make_signing_key(tmp_path / "log.pem"))
    private = load_signing_key(tmp_path / "log.pem")
    assert is_signed(public, b"said", private.sign(b"said"))
    assert not is_signed(public, b"said otherwise", private.sign(b"said"))
    assert key_name(public) == key_name(private.public_key())


def test_a_private_key_is_never_readable_by_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_signing_key(tmp_path / "log.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "log.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_may_use_signs_nothing(tmp_path: Path, mode: int) -> None:
    make_signing_key(tmp_path / "log.pem")
    (tmp_path / "log.pem").chmod(mode)
    with pytest.raises(KeyFileError, match=rf"a private key with mode {mode:04o}, that others may use; wanted mode 0600"):
        load_signing_key(tmp_path / "log.pem")


@pytest.mark.parametrize("taken", ["log.pem", "log.pem.pub"])
def test_a_key_is_never_replaced(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("here already")
    with pytest.raises(KeyFileError, match="there is a file already"):
        make_signing_key(tmp_path / "log.pem")
    assert [path.name for path in tmp_path.iterdir()] == [taken]


def test_a_missing_key_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no such file or directory; wanted a key file"):
        load_signing_key(tmp_path / "log.pem")


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    (tmp_path / "ec.pem").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "ec.pem").chmod(0o600)
    (tmp_path / "ec.pub").write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "text.pem").write_text("no key")
    (tmp_path / "text.pem").chmod(0o600)
    for load, name, said in (
        (load_signing_key, "ec.pem", "a key of another kind"),
        (load_public_key, "ec.pub", "a key of another kind"),
        (load_signing_key, "text.pem", "no private key"),
        (load_public_key, "text.pem", "no public key"),
    ):
        with pytest.raises(KeyFileError, match=said):
            load(tmp_path / name)
