"""kill -9 while attachments come in: what a terminal was told is done is in the vault, sealed and copied; nothing in clear lies anywhere."""

import os
import random
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import pyrage
import pytest
from tests.fleet.attachments.terminals import NOON, announced, begins, ends, pieces, said
from tests.vision.files import jpeg, scene

from catseye.core.grant import Grant
from catseye.core.time import NS_PER_S
from catseye.fleet.frame808 import frames_in
from catseye.fleet.media_keeper import key_of
from catseye.vault.vault import Vault

VICTIM = Path(__file__).with_name("attachment_victim.py")
IDENTITY = pyrage.x25519.Identity.generate()
NAME = "00_64_6401_0_a.jpg"
KILLS_COUNT = 2


def alarm_of(number: int) -> str:
    return f"{number:06x}".ljust(32, "0")


def photo(number: int) -> bytes:
    return jpeg(scene(number, 320, 240))


def sent(link: socket.socket, number: int) -> bool:
    """Whether the platform said that it is done."""
    content = photo(number)
    link.sendall(announced((NAME, len(content)), alarm_no=alarm_of(number)) + begins(NAME, len(content)) + b"".join(pieces(NAME, content)))
    link.sendall(ends(NAME, len(content)))
    raw = b""
    while len(frames_in(raw)[0]) < 3:
        if not (chunk := link.recv(4096)):
            return False
        raw += chunk
    return said(raw)[-1][0] == 0x9212 and said(raw)[-1][1]["result"] == 0


def done_until_killed(out: Path, models: Path, begin: int, after_s: float) -> tuple[list[int], int]:
    """The photos that were done, and the number of the next one."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src"), "CATSEYE_MODELS": str(models.resolve())}
    done, number = list[int](), begin
    with subprocess.Popen([sys.executable, VICTIM, out, str(IDENTITY.to_public())], stdout=subprocess.PIPE, text=True, env=env) as victim:
        assert victim.stdout
        port = int(victim.stdout.readline())
        timer: Timer | None = None
        try:
            while number < begin + 500:
                with closing(socket.create_connection(("127.0.0.1", port), 30)) as link:
                    number += 1
                    if sent(link, number - 1):
                        done.append(number - 1)
                        timer = timer or Timer(after_s, lambda: os.kill(victim.pid, signal.SIGKILL))
                        if not timer.is_alive():
                            timer.start()
        except OSError:
            pass
        finally:
            if timer is not None:
                timer.join()
            victim.kill()
    return done, number


@pytest.mark.timeout(300)
def test_what_a_terminal_was_told_is_done_is_safe_and_nothing_lies_in_clear(tmp_path: Path, models: Path) -> None:
    out, chance = tmp_path / "vault", random.Random(6)
    with Vault.open(out):
        pass
    done, number = list[int](), 0
    for _ in range(KILLS_COUNT):
        more, number = done_until_killed(out, models, number, chance.random() * 0.5)
        done += more
    assert len(done) >= KILLS_COUNT
    marks = [photo(each)[-200:-100] for each in range(number)]  # of the picture itself: tables are the same in every JPEG
    for path in out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [mark for mark in marks if mark in content], path
    grant = Grant("Binh", "review", NOON.plus_ns(9 * NS_PER_S))
    with Vault.open(out) as vault:
        assert vault.log_faults() == []
        assert [path for path in (out / "staging").glob("*/*") if vault.media.staging() not in path.parents] == []
        for each in done:
            base = f"terminal/13800138000/event-{alarm_of(each)[:6]}/{key_of(NAME)}"
            assert [ref.name for ref in vault.media.refs(f"{base}/")] == [f"{base}/copy", f"{base}/original"]
            with vault.media.open(vault.media.ref(f"{base}/original"), grant, NOON, "to look") as file:
                assert pyrage.decrypt(file.read(), [IDENTITY]) == photo(each)
