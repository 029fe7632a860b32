"""Between a terminal's socket and a player, where frames wait; test_media_doors.py looks at what comes out."""

from pathlib import Path

import pytest

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.jt1078 import MediaFrame
from catseye.fleet.media_server import StreamRequest
from catseye.station.fleet.live_video import LiveVideo
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000 * NS_PER_S)
REQUEST = StreamRequest("13800138000", 1, "event-1", NOON.plus_ns(60 * NS_PER_S))


def test_frames_that_nobody_can_look_at_in_time_are_dropped(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    live = LiveVideo(REQUEST, lambda: Vault.open(tmp_path / "vault"))
    live._is_over.set()
    live._thread.join()
    live._is_over.clear()
    for _ in range(280):
        live(REQUEST, MediaFrame("013800138000", 1, 0, 98, 0, b"x"), 0)
    live(REQUEST, MediaFrame("013800138000", 1, 3, 6, 0, b"sound"), 0)
    assert (live.dropped_count, live.skipped_count) == (30, 1)
    live.end()
