"""A clip as a list of hashes, and how another one differs from it."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.packets import Packet, PacketList, differences


def packet(number: int, *, is_key: bool = False) -> Packet:
    return Packet(number * 3600, is_key, 10 + number, sha256(b"%d" % number).hexdigest())


def clip(count: int, gop_count: int = 4) -> PacketList:
    return PacketList.of("h264", [packet(number, is_key=number % gop_count == 0) for number in range(count)])


@given(st.integers(0, 30), st.integers(1, 7))
def test_a_list_is_read_back_as_it_was_and_its_links_hold(count: int, gop_count: int) -> None:
    made = clip(count, gop_count)
    assert PacketList.from_json(made.to_json()) == made
    assert made.broken_links() == []
    assert len(made.packets) == count
    assert differences(made, made.packets) == []


@given(st.integers(2, 30), st.integers(0, 10**6))
def test_any_change_of_packets_is_told(count: int, seed: int) -> None:
    made, chance = clip(count), random.Random(seed)
    changed = made.packets
    what = chance.randrange(5)
    at, other = chance.sample(range(count), 2)
    if what == 0:
        del changed[at]
    elif what == 1:
        changed[at], changed[other] = changed[other], changed[at]
    elif what == 2:
        changed[at] = Packet(changed[at].pts, changed[at].is_key, 5, sha256(b"other").hexdigest())
    elif what == 3:
        changed.insert(at, changed[other])
    else:
        changed[at] = Packet(None, changed[at].is_key, changed[at].size_bytes, changed[at].sha256)
    assert differences(made, changed)


def test_a_street_where_nothing_moves_repeats_itself_and_that_is_no_fault() -> None:
    same = [Packet(n * 3600, n % 5 == 0, 4, sha256(b"skip" if n % 5 else b"key %d" % n).hexdigest()) for n in range(20)]
    made = PacketList.of("h264", same)
    assert differences(made, same) == []
    (told,) = differences(made, same[:7] + same[8:])
    assert "dropped" in told
    assert differences(made, same[:5] + same[10:15] + same[5:10] + same[15:])


def test_a_link_holds_its_group_and_all_before() -> None:
    made = clip(12)
    first = made.gops[1]
    changed = PacketList(made.codec, (made.gops[0], first[:-1], made.gops[2]), made.links)
    assert changed.broken_links() == [1]
    swapped = PacketList(made.codec, (made.gops[1], made.gops[0], made.gops[2]), made.links)
    assert swapped.broken_links() == [0, 1]


def test_what_is_told_is_bounded() -> None:
    made = clip(200)
    every_other = made.packets[::2]
    assert len(differences(made, every_other)) == 21
    assert differences(made, every_other)[-1] == "and 80 more"


@given(st.binary(max_size=100))
def test_any_bytes_are_a_list_or_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PacketList.from_json(data)


@pytest.mark.parametrize(
    "said",
    [
        b'{"format":"catseye-packets-1","codec":"h264","gops":[{"link":"zz","packets":[]}]}',
        b'{"format":"catseye-packets-1","codec":"h264","gops":[{"packets":[]}]}',
        b'{"format":"catseye-packets-1","codec":"h264","gops":[{"link":"' + b"0" * 64 + b'","packets":[[0,2,3,"' + b"0" * 64 + b'"]]}]}',
        b'{"format":"catseye-packets-1","codec":"h264","gops":[{"link":"' + b"0" * 64 + b'","packets":[[0,1,-3,"' + b"0" * 64 + b'"]]}]}',
        b'{"format":"catseye-packets-2","codec":"h264","gops":[]}',
        b"[" * 100_000,
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(said: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PacketList.from_json(said)
