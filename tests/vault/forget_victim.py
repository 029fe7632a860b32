"""A keeper or forgetter made to be killed: each line on stdin, `N FOLDER URL ACT`, forks one that kills itself at its Nth touch of a file, commit or wipe.

Says `killed`, or `done` when there were fewer.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from catseye.vault.kept_for import KeptFor
from catseye.vault.vault import Vault

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.vault.kept import NOON, later, redacted

TOUCHES = {"open", "os.remove", "os.rename", "os.rmdir", "os.link", "shutil.rmtree", "os.mkdir", "victim"}


def act(number: int, folder: Path, url: str, what: str) -> None:
    with Vault.open(folder, database_url=url) as vault:
        left_count = number

        def touched(what: str, details: tuple[object, ...]) -> None:
            nonlocal left_count
            if what in TOUCHES and details and str(details[0]).startswith(str(folder)):
                left_count -= 1
                if left_count < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        database, wipe = vault._database, vault._database.wipe

        def wiped(tables: object) -> None:
            sys.audit("victim", folder)
            wipe(tables)  # type: ignore[arg-type]
            sys.audit("victim", folder)

        database.wipe = wiped  # type: ignore[method-assign]
        event.listen(database._engine, "commit", lambda _: sys.audit("victim", folder))
        sys.addaudithook(touched)
        if what == "keep":
            vault.media.keep_redacted(redacted(vault), "v-1/clip", NOON)
        elif what == "permits":
            keep_permits(vault, number)
        elif what == "move":
            vault.media.reclass(vault.media.ref("v-1/clip"), "case", later(1), "c-1")
        else:
            vault.retention.forget(later(20), KeptFor(), {"red-light"})
        left_count = sys.maxsize


def keep_permits(vault: Vault, number: int) -> None:
    """An import of fifty rows, another one for each number."""
    rows = {f"permit/51B{number:05d}.2/P-{nth}": {"permit": f"P-{nth}", "state": "in-force"} for nth in range(50)}
    vault.permits.keep(rows, "Lan", NOON, vault.permits.revision())


def tend() -> None:
    for line in sys.stdin:
        number, folder, url, what = line.rstrip("\n").split(" ")
        pid = os.fork()
        if not pid:
            act(int(number), Path(folder), url, what)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if status and not os.WIFSIGNALED(status):
            raise SystemExit(f"the victim failed: {status}")
        os.write(1, b"killed\n" if status else b"done\n")


if __name__ == "__main__":
    tend()
