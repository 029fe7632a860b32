"""What tests share: where the real inputs are, and when to skip for want of them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support import postgres
from tests.support.cameras import RtspServer

# A property holds however busy the machine is: no limit on the time of one example, nor on that of making it up.
# `make test` tries the same examples every time, so that red means something was changed; `make soak` goes and looks for new ones.
settings.register_profile("catseye", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)
settings.register_profile("explore", parent=settings.get_profile("catseye"), derandomize=False, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "catseye"))

SHARED = (Path(__file__).parents[2] / "shared").resolve()


def skip_or_fail(reason: str) -> None:
    """Skip on a user's machine; in CI nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI must have it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real inputs beside the project."""
    if not (SHARED / "video").is_dir():
        skip_or_fail("no ../shared beside the project")
    return SHARED


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    """The folder of model weights."""
    if not (shared / "models" / "yolox-nano.onnx").is_file():
        skip_or_fail("no model weights in ../shared/models")
    return shared / "models"


@pytest.fixture(scope="session")
def system_python() -> str:
    """Debian's own interpreter, which sees the GStreamer bindings that `make system` installs."""
    python = "/usr/bin/python3"
    if shutil.which(python) is None:
        skip_or_fail("no system Python for the RTSP server")
    return python


@pytest.fixture(scope="session")
def rtsp_python(system_python: str) -> str:
    """The interpreter that runs tests/support/rtsp_server.py."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if subprocess.run([system_python, "-W", "ignore", "-c", check], capture_output=True, check=False).returncode:
        skip_or_fail("no GStreamer RTSP server: make system")
    return system_python


@pytest.fixture
def rtsp(rtsp_python: str) -> Iterator[Callable[..., RtspServer]]:
    """Start a server with options of tests/support/rtsp_server.py."""
    servers: list[RtspServer] = []

    def serve(*options: str) -> RtspServer:
        servers.append(RtspServer(rtsp_python, *options))
        return servers[-1]

    yield serve
    for server in servers:
        server.kill()


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Taken, and nobody listens: whoever calls is refused, as long as the test lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture
def until() -> Callable[..., bool]:
    """Wait for something to come true; far longer than it ever takes, since a busy machine is no fault."""

    def wait(is_true: Callable[[], object], most_s: float = 60.0) -> bool:
        end_s = time.monotonic() + most_s
        while not is_true() and time.monotonic() < end_s:
            time.sleep(0.01)
        return bool(is_true())

    return wait


collect_ignore = ["support"]  # scripts that other interpreters run


@pytest.fixture(scope="session")
def postgresql() -> None:
    """Skip without a server; in CI there is one."""
    from pg8000.exceptions import InterfaceError

    try:
        postgres.server().close()
    except InterfaceError:
        skip_or_fail("no PostgreSQL on 127.0.0.1:5432")
