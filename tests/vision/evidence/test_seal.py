"""What is sealed opens with the authority's identity alone; whatever goes wrong, nothing is left under the final name."""

import hashlib
import os
import subprocess
import sys
from io import BytesIO, RawIOBase
from pathlib import Path

import pyrage
import pytest

from catseye.core.errors import KeyFileError, StoreError
from catseye.vision.evidence import EvidenceError, seal

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
ORIGINAL = os.urandom(300_000)


def test_the_authority_opens_it_and_its_facts_are_true(tmp_path: Path) -> None:
    sealed = seal(ORIGINAL, tmp_path / "a.age", [KEY], "video/mp4")
    ciphertext = (tmp_path / "a.age").read_bytes()
    assert pyrage.decrypt(ciphertext, [IDENTITY]) == ORIGINAL
    assert (sealed.sha256, sealed.size_bytes) == (hashlib.sha256(ORIGINAL).hexdigest(), len(ORIGINAL))
    assert (sealed.sealed_sha256, sealed.sealed_bytes) == (hashlib.sha256(ciphertext).hexdigest(), len(ciphertext))
    assert (sealed.recipients, sealed.media_type, sealed.path) == ((KEY,), "video/mp4", tmp_path / "a.age")


def test_nothing_of_the_original_is_in_the_file(tmp_path: Path) -> None:
    seal(b"plate 51F-123.45 " * 100, tmp_path / "a.age", [KEY], "text/plain")
    assert b"51F-123" not in (tmp_path / "a.age").read_bytes()
    assert (tmp_path / "a.age").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "a.age"]


def test_each_of_several_authorities_can_open_it(tmp_path: Path) -> None:
    other = pyrage.x25519.Identity.generate()
    sealed = seal(BytesIO(ORIGINAL), tmp_path / "a.age", [KEY, str(other.to_public()), KEY], "video/mp4")
    assert sealed.recipients == (KEY, str(other.to_public()))
    assert pyrage.decrypt((tmp_path / "a.age").read_bytes(), [other]) == ORIGINAL


def test_a_stranger_cannot_open_it(tmp_path: Path) -> None:
    seal(ORIGINAL, tmp_path / "a.age", [KEY], "video/mp4")
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt((tmp_path / "a.age").read_bytes(), [pyrage.x25519.Identity.generate()])


@pytest.mark.parametrize(
    "key", ["", "age1nonsense", "ssh-ed25519 AAAA", KEY[:-1] + ("q" if KEY[-1] != "q" else "p")], ids=("empty", "nonsense", "of ssh", "mistyped")
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(KeyFileError, match=r"recipient 2: .* wanted a public key of age"):
        seal(ORIGINAL, tmp_path / "a.age", [KEY, key], "video/mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_secret_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="the platform may never hold one") as fault:
        seal(ORIGINAL, tmp_path / "a.age", [str(IDENTITY)], "video/mp4")
    assert str(IDENTITY)[20:30] not in str(fault.value)


def test_without_a_recipient_nothing_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no recipient"):
        seal(ORIGINAL, tmp_path / "a.age", [], "video/mp4")


def test_nothing_to_seal_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="0 bytes came"):
        seal(b"", tmp_path / "a.age", [KEY], "video/mp4")
    assert list(tmp_path.iterdir()) == []


class Torn(RawIOBase):
    """A source that fails half-way."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_count = 0

    def read(self, size: int = -1) -> bytes:
        self.reads_count += 1
        if self.reads_count > 2:
            raise OSError(5, "Input/output error")
        return bytes(1000)


def test_a_source_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"cannot be read \(Input/output error\)"):
        seal(Torn(), tmp_path / "a.age", [KEY], "video/mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.age").write_bytes(b"older")
    with pytest.raises(StoreError, match="a file is there already"):
        seal(ORIGINAL, tmp_path / "a.age", [KEY], "video/mp4")
    assert (tmp_path / "a.age").read_bytes() == b"older"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        seal(ORIGINAL, tmp_path / "gone" / "a.age", [KEY], "video/mp4")


DISK_FULL = """
import resource, sys
from pathlib import Path
import pyrage
from catseye.core.errors import StoreError
from catseye.vision.evidence import seal
folder = Path(sys.argv[1])
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
try:
    seal(bytes(300_000), folder / "a.age", [str(pyrage.x25519.Identity.generate().to_public())], "video/mp4")
except StoreError as fault:
    assert "size limit" in str(fault), fault
    assert list(folder.iterdir()) == []
    print("refused")
"""


def test_a_disk_that_fills_half_way_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DISK_FULL, str(tmp_path)], capture_output=True, check=False, text=True)
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr
