"""The log: JSON lines where nobody reads along, and never a secret."""

import json
import subprocess
import sys


def logged(code: str, level: str) -> list[dict[str, object]]:
    program = f"import os; os.environ['CATSEYE_LOG'] = {level!r}\nfrom catseye.station.log import logger\nlog = logger('vision')\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_says_who_when_and_how_grave() -> None:
    (line,) = logged("log.warning('gap', camera='cam-1', lost_s=2.5)", "warning")
    assert line["timestamp"]
    assert {key: line[key] for key in ("event", "level", "room", "camera", "lost_s")} == {
        "event": "gap",
        "level": "warning",
        "room": "vision",
        "camera": "cam-1",
        "lost_s": 2.5,
    }


def test_what_is_less_grave_than_asked_for_is_not_logged() -> None:
    assert logged("log.info('quiet')", "warning") == []
    assert [line["event"] for line in logged("log.info('heard')", "info")] == ["heard"]


def test_no_secret_reaches_the_log() -> None:
    (line,) = logged("log.error('refused rtsp://u:hunter2@c/1', fault=ValueError('http://c/?password=hunter2'), tries=3)", "error")
    assert "hunter2" not in json.dumps(line)
    assert line["tries"] == 3
