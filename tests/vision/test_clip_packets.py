"""Packets of a clip as hashes."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.clips import FPS, GOP_COUNT, clip, payloads

from catseye.core.errors import SourceError
from catseye.vision.clip_packets import packet_list_of


def test_every_packet_is_listed_in_the_groups_the_encoder_made(tmp_path: Path) -> None:
    data = clip(count=35)
    found = packet_list_of(data)
    assert [len(gop) for gop in found.gops] == [GOP_COUNT, GOP_COUNT, GOP_COUNT, 5]
    assert [packet.sha256 for packet in found.packets] == [sha256(payload).hexdigest() for payload, _ in payloads(data)]
    assert [gop[0].is_key for gop in found.gops] == [True] * 4
    assert found.codec == "h264"
    assert len({packet.pts for packet in found.packets}) == 35 == 3 * FPS + 5
    (tmp_path / "clip.mp4").write_bytes(data)
    assert packet_list_of(tmp_path / "clip.mp4") == found


@pytest.mark.parametrize("data", [b"", b"no video at all" * 100, b"\0\0\0\x18ftypisom" + bytes(100)])
def test_what_is_no_clip_is_a_typed_error(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="clip"):
        packet_list_of(data)
    with pytest.raises(SourceError):
        packet_list_of(tmp_path / "missing.mp4")
