"""The commands of docs/how-to/verify-a-package-without-us.md, run as they stand there, by a shell that knows nothing of us."""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.cases.package.scenes import Site, at
from tests.cases.package.tamper import entries_of, head_signed_at, packed, relisted, signed_by
from tests.conftest import skip_or_fail

from catseye.vault.authority import make_root

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "verify-a-package-without-us.md").read_text("utf-8")
TOOLS = ("bash", "unzip", "sha256sum", "openssl", "python3")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def verdict(folder: Path) -> subprocess.CompletedProcess[str]:
    """All commands of the page, in one shell that ends at the first that fails, in a folder with case-1.zip and root.pem."""
    (script,) = blocks("python")
    (folder / "check.py").write_text(script)
    commands = "set -eu\n" + "\n".join(blocks("sh"))
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(["bash", "-c", commands], cwd=folder, capture_output=True, check=False, text=True, env=bare)


@pytest.fixture
def folder(standing: Site, package: Path, tmp_path: Path) -> Path:
    for tool in TOOLS:
        if shutil.which(tool) is None:
            skip_or_fail(f"no {tool}")
    shutil.copy(package, tmp_path / "case-1.zip")
    shutil.copy(standing.root_path, tmp_path / "root.pem")
    return tmp_path


def test_the_page_has_every_step() -> None:
    assert len(blocks("sh")) == 4
    assert 30 <= blocks("python")[0].count("\n") <= 45


def test_a_whole_package_passes_every_step(folder: Path) -> None:
    done = verdict(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert "signer.pem: OK" in done.stdout
    assert "2026" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["data/case.json", "data/media/redacted/cam-1.mp4", "manifest.json", "seal.json", "signer.pem", "signature", "bagit.txt"])
def test_a_changed_byte_of_any_file_ends_it(folder: Path, name: str) -> None:
    entries = entries_of(folder / "case-1.zip")
    middle = len(entries[name]) // 2
    entries[name] = entries[name][:middle] + bytes([entries[name][middle] ^ 1]) + entries[name][middle + 1 :]
    packed(entries, folder / "case-1.zip")
    assert verdict(folder).returncode != 0


def test_lists_made_to_fit_an_added_file_another_signer_and_another_authority_end_it(standing: Site, folder: Path) -> None:
    entries = entries_of(folder / "case-1.zip")
    for changed in (
        relisted({**entries, "data/case.json": b"{}"}),
        {**entries, "data/media/stills/3.jpg": b"added"},
        signed_by({**entries, "data/case.json": b"{}"}, standing.signer_with(f"other-{len(list(standing.folder.iterdir()))}", at(-1000), at(10**6))),
    ):
        packed(changed, folder / "case-1.zip")
        assert verdict_afresh(folder).returncode != 0
    packed(entries, folder / "case-1.zip")
    assert verdict_afresh(folder).returncode == 0
    make_root(folder / "other", "Road Authority", at(-10_000), at(10**7))
    shutil.copy(folder / "other" / "root.pem", folder / "root.pem")
    assert verdict_afresh(folder).returncode != 0


def verdict_afresh(folder: Path) -> subprocess.CompletedProcess[str]:
    shutil.rmtree(folder / "case-1", ignore_errors=True)
    return verdict(folder)


def test_a_signer_that_was_over_when_it_signed_ends_it(site: Site, tmp_path: Path) -> None:
    signer = site.signer_with("short", at(-1000), at(90_000))
    shutil.copy(site.root_path, tmp_path / "root.pem")
    site.build(signer=signer, now=at(89_999))  # case-1.zip, in the same folder
    assert verdict(tmp_path).returncode == 0
    late = head_signed_at(tmp_path / "case-1.zip", signer.key, at(90_001))
    shutil.copy(late, tmp_path / "case-1.zip")
    assert verdict_afresh(tmp_path).returncode != 0


def test_other_zip_tools_unpack_it(folder: Path) -> None:
    with zipfile.ZipFile(folder / "case-1.zip") as archive:
        assert archive.testzip() is None
    done = subprocess.run(["unzip", "-tq", "case-1.zip"], cwd=folder, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout
