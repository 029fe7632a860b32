"""Sub-packages: split and joined again in any order; what contradicts itself, or never ends, is refused."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.fleet.errors import SubpackageError
from catseye.fleet.frame808 import V2013, V2019, Frame, Header
from catseye.fleet.subpackages import MOST_PARTS_COUNT, Joining, split

PHONE = "013800138000"


@given(st.binary(min_size=1, max_size=400), st.integers(1, 50), st.integers(0, 0xFFFF), st.sampled_from([V2013, V2019]), st.randoms(use_true_random=False))
def test_a_body_comes_together_in_whatever_order_its_parts_arrive(body: bytes, part_bytes: int, serial: int, version: str, chance: Random) -> None:
    frames = [Frame.parse(bytes(frame)) for frame in split(0x0801, PHONE, serial, body, version=version, part_bytes=part_bytes)]
    if len(frames) == 1:
        assert frames[0].body == body
        assert not frames[0].header.is_subpackage
        return
    shuffled = [*frames, frames[0]]
    chance.shuffle(shuffled)
    joining = Joining.begin(shuffled[0])
    for frame in shuffled[1:]:
        joining = joining.add(frame)
    assert joining.is_whole
    assert joining.body() == body
    assert list(joining.serials) == [frame.header.serial for frame in frames]


def parts() -> list[Frame]:
    return split(0x0801, PHONE, 0xFFFE, bytes(range(100)), part_bytes=30)


def test_what_is_missing_is_told_by_its_number_and_the_first_serial() -> None:
    frames = parts()
    joining = Joining.begin(frames[2]).add(frames[0])
    assert joining.missing == [2, 4]
    assert joining.first_serial == 0xFFFE
    with pytest.raises(SubpackageError, match="2 of 4"):
        joining.body()


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: Frame(frame.header, b"others"),
        lambda frame: Frame(replace(frame.header, total=5), frame.body),
        lambda frame: Frame(replace(frame.header, serial=7), frame.body),
        lambda frame: Frame(replace(frame.header, index=0), frame.body),
        lambda frame: Frame(replace(frame.header, index=9), frame.body),
        lambda frame: Frame(replace(frame.header, phone="000000000000"), frame.body),
        lambda frame: Frame(Header.of(0x0801, PHONE, 1), frame.body),
    ],
)
def test_parts_that_contradict_each_other_are_refused(change: Callable[[Frame], Frame]) -> None:
    frames = parts()
    joining = Joining.begin(frames[0]).add(frames[1])
    with pytest.raises(SubpackageError):
        joining.add(change(frames[1]))


def test_a_message_without_end_is_refused_at_its_first_part() -> None:
    with pytest.raises(SubpackageError, match="at most"):
        Joining.begin(Frame(Header.of(0x0801, PHONE, 1, part=(MOST_PARTS_COUNT + 1, 1)), b"x"))


def test_more_bytes_than_one_message_may_have_are_refused() -> None:
    frames = parts()
    with pytest.raises(SubpackageError, match="at most 50"):
        Joining.begin(frames[0]).add(frames[1], most_bytes=50)


def test_the_longest_message_comes_together() -> None:
    frames = split(0x0801, PHONE, 1, bytes(MOST_PARTS_COUNT), part_bytes=1)
    joining = Joining.begin(frames[-1])
    for frame in frames[:-1]:
        joining = joining.add(frame)
    assert joining.body() == bytes(MOST_PARTS_COUNT)
