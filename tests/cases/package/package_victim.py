"""A process that builds a package and is killed, or meets a full disk: `package_victim.py build|full FOLDER` of a `Site`."""

import resource
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.cases.package.scenes import COPY, NOW, small_contents

from catseye.cases.package.build import Signer, build_package
from catseye.core.errors import StoreError
from catseye.vault.signing import load_signing_key
from catseye.vault.vault import Vault


def main(scene: str, folder: Path) -> None:
    contents = small_contents()
    contents = replace(contents, files={**contents.files, COPY: folder / "noise"})
    signer = Signer(load_signing_key(folder / "signer.pem"), (folder / "signer.crt.pem").read_bytes())
    with Vault.open(folder / "vault") as vault:
        print("ready", flush=True)
        if scene == "build":
            build_package(contents, folder / "killed.zip", vault.packages, signer, NOW)
            return
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
        try:
            build_package(contents, folder / "large.zip", vault.packages, signer, NOW)
        except StoreError as error:
            print("StoreError", error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
