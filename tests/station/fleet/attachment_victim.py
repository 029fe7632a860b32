"""Takes attachments until it is killed: `attachment_victim.py OUT KEY`. Says its port."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.fleet.attachments.terminals import EXPECTED, NOON

from catseye.core.time import Stamp
from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.attachments.shelf import Limits
from catseye.fleet.listening import LocalDoors
from catseye.fleet.media_keeper import Expected
from catseye.station.fleet.media_intake import MediaIntake
from catseye.vault.vault import Vault
from catseye.vision.uploads import StillCopy


def lookup(alarm_no: str, now: Stamp) -> Expected:
    del now
    return Expected(alarm_no, EXPECTED.identity, f"event-{alarm_no[:6]}", EXPECTED.until)


async def serve(out: Path, key: str) -> None:
    intake = MediaIntake(lambda: Vault.open(out), [key], StillCopy(), lookup)
    with ThreadPoolExecutor(1) as worker:
        server = AttachmentServer(intake, LocalDoors(), worker, lambda: NOON, limits=Limits(in_memory_bytes=1000), staging=out)
        os.write(1, f"{await server.start()}\n".encode())
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
