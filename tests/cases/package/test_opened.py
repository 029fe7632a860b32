"""Once the authority opened the sealed original: real H.264, and everything that may have been done to it."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.cases.package.scenes import ORIGINAL, Site, failed, small_contents, states
from tests.support.clips import GOP_COUNT, clip, encoded_again, payloads, remuxed

from catseye.cases.package.checks import OpenedClip
from catseye.vision.clip_packets import packet_list_of


@pytest.fixture(scope="module")
def data() -> bytes:
    return clip()


@pytest.fixture(scope="module")
def packed_clip(standing: Site, data: bytes) -> Path:
    return standing.build(small_contents(data, packet_list_of(data)), "clip.zip").path


def opened(data: bytes) -> OpenedClip:
    return OpenedClip("opened.mp4", sha256(data).hexdigest(), packet_list_of(data).packets)


def facts(standing: Site, packed_clip: Path, changed: bytes) -> str:
    """What check 16 says, and no other check says anything."""
    verdict = standing.verify(packed_clip, opened=opened(changed))
    assert set(failed(verdict)) == {16}
    assert set(failed(verdict)[16]) == {ORIGINAL}
    return "; ".join(fault.fact for fault in verdict.faults)


def test_the_clip_that_was_sealed_is_known_again(standing: Site, packed_clip: Path, data: bytes) -> None:
    verdict = standing.verify(packed_clip, opened=opened(data))
    assert verdict.is_good, verdict.faults
    assert states(verdict)[16] == "passed"


def test_a_dropped_frame_is_found_and_named(standing: Site, packed_clip: Path, data: bytes) -> None:
    packets = payloads(data)
    said = facts(standing, packed_clip, remuxed(data, packets[:13] + packets[14:]))
    assert "packet 3 of group 1 was dropped" in said


def test_a_clip_cut_at_either_end_is_found(standing: Site, packed_clip: Path, data: bytes) -> None:
    packets = payloads(data)
    assert "cut off at the end" in facts(standing, packed_clip, remuxed(data, packets[:25]))
    assert "15 packets, from packet 5 of group 2 to packet 9 of group 3, were cut off at the end" in facts(standing, packed_clip, remuxed(data, packets[:25]))
    assert "cut off at the beginning" in facts(standing, packed_clip, remuxed(data, packets[GOP_COUNT:], GOP_COUNT))
    assert "10 packets" in facts(standing, packed_clip, remuxed(data, [*packets[:10], *packets[20:]]))


def test_swapped_groups_of_pictures_are_found(standing: Site, packed_clip: Path, data: bytes) -> None:
    packets = payloads(data)
    groups = [packets[begin : begin + GOP_COUNT] for begin in range(0, len(packets), GOP_COUNT)]
    swapped = [*groups[0], *groups[2], *groups[1], *groups[3]]
    said = facts(standing, packed_clip, remuxed(data, swapped))
    assert said in {f"opened.mp4: group of pictures {n} stands at another place" for n in (1, 2)}


def test_two_interchanged_frames_are_found(standing: Site, packed_clip: Path, data: bytes) -> None:
    packets = payloads(data)
    packets[12], packets[17] = packets[17], packets[12]
    said = facts(standing, packed_clip, remuxed(data, packets))
    assert "packet 2 of group 1 stands at another place" in said
    assert "packet 7 of group 1 stands at another place" in said


@pytest.mark.parametrize(("place", "named"), [(20, "packet 0 of group 2 (key frame) was changed"), (27, "packet 7 of group 2 was changed")])
def test_one_changed_frame_is_found_and_named(standing: Site, packed_clip: Path, data: bytes, place: int, named: str) -> None:
    packets = payloads(data)
    payload, is_key = packets[place]
    packets[place] = payload[:-9] + bytes([payload[-9] ^ 1]) + payload[-8:], is_key
    at_once = bytearray(data)
    at = data.index(payload) + len(payload) - 9
    at_once[at] ^= 1
    for changed in (remuxed(data, packets), bytes(at_once)):
        said = facts(standing, packed_clip, changed)
        assert "was changed" in said or "put in" in said
    assert named in facts(standing, packed_clip, bytes(at_once))


def test_a_frame_put_in_or_repeated_is_found(standing: Site, packed_clip: Path, data: bytes) -> None:
    packets, others = payloads(data), payloads(clip(seed=6))
    assert "put in" in facts(standing, packed_clip, remuxed(data, [*packets[:13], others[13], *packets[13:]]))
    assert "more than once" in facts(standing, packed_clip, remuxed(data, [*packets[:13], packets[12], *packets[13:]]))


def test_a_clip_encoded_again_is_found_as_such(standing: Site, packed_clip: Path, data: bytes) -> None:
    assert "encoded again" in facts(standing, packed_clip, encoded_again(data))


def test_another_clip_is_found_as_such(standing: Site, packed_clip: Path) -> None:
    assert "another clip" in facts(standing, packed_clip, clip(seed=7))


def test_the_same_packets_in_another_file_are_told(standing: Site, packed_clip: Path, data: bytes) -> None:
    assert "the file around them is not" in facts(standing, packed_clip, data + b"\0\0\0\x08free")


def test_a_file_cut_short_is_read_as_far_as_it_goes(standing: Site, packed_clip: Path, data: bytes) -> None:
    """Its index is at the end: without it nothing can be demuxed, and that is told too."""
    from catseye.core.errors import SourceError

    with pytest.raises(SourceError, match="no clip"):
        opened(data[: len(data) // 2])
    assert standing.verify(packed_clip).is_good
