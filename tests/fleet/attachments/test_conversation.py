"""One connection's attachments: who is listened to, what is asked for again, what is refused."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.attachments.terminals import ALARM, EXPECTED, NOON, PHOTO, STRANGER, announced, announcement, begins, ends, frame, pieces, said, sent
from tests.support.properties import examples

from catseye.core.time import NS_PER_S
from catseye.fleet.attachments.conversation import Ask, Close, Conversation, Send, Take
from catseye.fleet.attachments.ranges import Ranges
from catseye.fleet.attachments.shelf import Fate, Limits, Shelf
from catseye.fleet.frame808 import V2013
from catseye.fleet.media_keeper import MediaRefusedError
from catseye.fleet.message import Body
from catseye.fleet.subpackages import split

CONTENT = random.Random(5).randbytes(5000)
SHELVES: list[Shelf] = []


@pytest.fixture(autouse=True)
def closed_shelves() -> Iterator[None]:
    yield
    while SHELVES:
        SHELVES.pop().close()


class Desk:
    """Drives a conversation as the server does; keeps what is whole."""

    def __init__(self, shelf: Shelf | None = None, expected=EXPECTED, now=NOON) -> None:
        self.shelf = shelf if shelf is not None else Shelf()
        SHELVES.append(self.shelf)
        self.talk, self.expected, self.now = Conversation(self.shelf), expected, now
        self.kept: dict[str, bytes] = {}
        self.closed = ""
        self.refuses = False

    def hears(self, *chunks: bytes) -> list[tuple[int, dict]]:
        answered = b""
        for chunk in chunks:
            self.talk.feed(chunk)
            while not self.closed and (step := self.talk.step(self.now)) is not None:
                if isinstance(step, Ask):
                    step = self.talk.known(self.expected if step.alarm_no == ALARM else None, self.now)
                if isinstance(step, Take):
                    coming = step.coming
                    coming.file.seek(0)
                    self.kept[coming.attachment.name] = coming.file.read()
                    step = self.talk.taken(coming, MediaRefusedError("it", "a sound", "a picture") if self.refuses else None)
                if isinstance(step, Close):
                    self.closed = step.why
                else:
                    assert isinstance(step, Send)
                    answered += step.raw
        return said(answered)


def results(answers: list[tuple[int, dict]]) -> list[tuple[str, int]]:
    return [(f"{msg_id:04x}", values["result"]) for msg_id, values in answers]


def test_a_file_goes_through_and_is_done_only_after_the_keeper_took_it() -> None:
    desk = Desk()
    assert results(desk.hears(announced((PHOTO, 5000)))) == [("8001", 0)]
    assert results(desk.hears(begins(PHOTO, 5000), *pieces(PHOTO, CONTENT))) == [("8001", 0)]
    desk.talk.feed(ends(PHOTO, 5000))
    step = desk.talk.step(NOON)
    assert isinstance(step, Take)
    assert step.coming.fate is Fate.BEING_TAKEN
    assert said(desk.talk.taken(step.coming).raw)[0] == (0x9212, {"name_len": len(PHOTO), "name": PHOTO, "type": 0, "result": 0, "count": 0, "missing": []})
    assert step.coming.fate is Fate.SAFE


@pytest.mark.parametrize("dialect", ["su", "yue", "heilongjiang", "hunan", "sichuan"])
def test_every_dialect_announces(dialect: str) -> None:
    assert results(Desk().hears(announced((PHOTO, 5000), dialect=dialect))) == [("8001", 0)]


def test_what_is_missing_is_asked_for_until_it_is_there() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *pieces(PHOTO, CONTENT, begin=700, end=2100), *pieces(PHOTO, CONTENT, begin=4200))
    answer = desk.hears(ends(PHOTO, 5000))[0][1]
    assert answer["result"] == 1
    assert answer["missing"] == [{"offset": 0, "length": 700}, {"offset": 2100, "length": 2100}]
    for gap in answer["missing"]:
        desk.hears(*pieces(PHOTO, CONTENT, begin=gap["offset"], end=gap["offset"] + gap["length"]))
    assert results(desk.hears(ends(PHOTO, 5000))) == [("9212", 0)]
    assert desk.kept == {PHOTO: CONTENT}


def test_pieces_may_overlap_repeat_and_come_in_any_order() -> None:
    desk, parts = Desk(), [*pieces(PHOTO, CONTENT, 300), *pieces(PHOTO, CONTENT, 700), *pieces(PHOTO, CONTENT, 450)]
    random.Random(1).shuffle(parts)
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *parts, ends(PHOTO, 5000))
    assert desk.kept == {PHOTO: CONTENT}


def test_a_broken_link_goes_on_where_it_broke() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *pieces(PHOTO, CONTENT, end=2800))
    desk.talk.leave(NOON)
    later = Desk(desk.shelf, now=NOON.plus_ns(300 * NS_PER_S))
    answers = later.hears(announced((PHOTO, 5000), again=True), begins(PHOTO, 5000), ends(PHOTO, 5000))
    assert answers[-1][1]["missing"] == [{"offset": 2800, "length": 2200}]
    assert results(later.hears(*pieces(PHOTO, CONTENT, begin=2800), ends(PHOTO, 5000))) == [("9212", 0)]
    assert later.kept == {PHOTO: CONTENT}


def test_what_nobody_came_back_for_is_dropped() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *pieces(PHOTO, CONTENT, end=2800))
    desk.talk.leave(NOON)
    desk.shelf.forget_old(NOON.plus_ns(601 * NS_PER_S))
    assert (len(desk.shelf), desk.shelf.reserved_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("sends", "why"),
    [
        (announced((PHOTO, 5000), alarm_no="f" * 32), "nobody asked it for"),
        (announced((PHOTO, 5000), phone=STRANGER), "attachments from 13900000001 that nobody asked it for"),
        (announced((PHOTO, 5000)) + begins(PHOTO, 5000, phone=STRANGER), "a frame of 13900000001 on the connection of 13800138000"),
        (begins(PHOTO, 5000), "0x1211 before anybody said"),
        (frame(0x0002, {}), "0x0002 before anybody said"),
        (pieces(PHOTO, CONTENT)[0], "a piece of a file before"),
        (b"\x16\x03\x01\x02", "16; wanted"),
    ],
    ids=["number", "identity", "later", "begins", "heartbeat", "piece", "tls"],
)
def test_nobody_else_is_listened_to(sends: bytes, why: str) -> None:
    desk = Desk()
    desk.hears(sends)
    assert why in desk.closed
    assert desk.kept == {}


def test_what_is_asked_for_no_more_is_refused() -> None:
    desk = Desk(now=EXPECTED.until)
    desk.hears(announced((PHOTO, 5000)))
    assert "nobody asked it for" in desk.closed


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "C:\\x.jpg", "a\x00b", "x" * 200, "", "京A.jpg"], ids=["up", "root", "drive", "nul", "long", "none", "gbk"]
)
def test_a_name_is_data(name: str) -> None:
    desk = Desk()
    desk.hears(announced((name, 5000)), sent(name, CONTENT))
    assert [*desk.kept.values()] == [CONTENT]


def test_more_than_was_announced_is_refused_and_costs_that_file_alone() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 10), ("b", 5000)), begins(PHOTO, 10), *pieces(PHOTO, CONTENT))
    assert results(desk.hears(ends(PHOTO, 10))) == [("8001", 1)]
    assert results(desk.hears(sent("b", CONTENT))) == [("8001", 0), ("9212", 0)]
    assert desk.kept == {"b": CONTENT}
    assert desk.shelf.reserved_bytes == 0


@pytest.mark.parametrize(
    ("limits", "size_bytes"),
    [(Limits(), 0), (Limits(), 1 << 31), (Limits(files_count=0), 9), (Limits(alarm_bytes=8), 9), (Limits(all_bytes=8), 9)],
    ids=["empty", "huge", "files", "alarm", "all"],
)
def test_there_are_limits(limits: Limits, size_bytes: int) -> None:
    desk = Desk(Shelf(limits))
    assert results(desk.hears(announced((PHOTO, size_bytes)), begins(PHOTO, size_bytes))) == [("8001", 0), ("8001", 1)]
    assert desk.shelf.reserved_bytes == 0


def test_a_connection_has_an_end() -> None:
    desk = Desk(Shelf(Limits(connection_bytes=3000)))
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *pieces(PHOTO, CONTENT))
    assert "more than 3000 bytes" in desk.closed


def test_scattered_pieces_cost_bounded_memory() -> None:
    desk = Desk(Shelf(Limits(spans_count=10)))
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000), *(pieces(PHOTO, CONTENT, 1, begin=at, end=at + 1)[0] for at in range(0, 60, 2)))
    assert results(desk.hears(ends(PHOTO, 5000))) == [("8001", 1)]


def test_what_the_keeper_refuses_is_never_called_done() -> None:
    desk = Desk()
    desk.refuses = True
    assert results(desk.hears(announced((PHOTO, 5000)), sent(PHOTO, CONTENT))) == [("8001", 0), ("8001", 0), ("8001", 1)]
    assert results(desk.hears(begins(PHOTO, 5000), ends(PHOTO, 5000))) == [("8001", 1), ("8001", 1)]


def test_what_is_safe_is_done_however_often_it_is_sent() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 5000)), sent(PHOTO, CONTENT))
    desk.kept.clear()
    assert results(desk.hears(announced((PHOTO, 5000), again=True), sent(PHOTO, CONTENT))) == [("8001", 0), ("8001", 0), ("9212", 0)]
    assert desk.kept == {}


def test_a_newer_connection_takes_over() -> None:
    desk = Desk()
    desk.hears(announced((PHOTO, 5000)), begins(PHOTO, 5000))
    newer = Desk(desk.shelf)
    newer.hears(announced((PHOTO, 5000), again=True))
    desk.hears(pieces(PHOTO, CONTENT)[0])
    assert "took over" in desk.closed
    assert not newer.closed


def test_a_long_list_of_files_comes_in_parts() -> None:
    files = [(f"file-{at}-" + "x" * 60, 9) for at in range(30)]
    body = bytes(Body.of(0x1210, V2013, announcement(*files), "su"))
    frames = [bytes(each) for each in split(0x1210, "013800138000", 7, body)]
    assert len(frames) > 1
    desk = Desk()
    assert results(desk.hears(*frames)) == [("8001", 0)] * len(frames)
    assert results(desk.hears(sent(files[29][0], CONTENT[:9]))) == [("8001", 0), ("9212", 0)]


def test_an_answer_with_very_many_gaps_fits_a_frame() -> None:
    name = "n" * 255
    desk = Desk()
    desk.hears(announced((name, 5000)), begins(name, 5000), *(pieces(name, CONTENT, 5, begin=at, end=at + 5)[0] for at in range(0, 5000, 10)))
    answer = desk.hears(ends(name, 5000))[0][1]
    assert (answer["result"], len(answer["missing"])) == (1, 64)


@given(
    st.lists(
        st.sampled_from([announced((PHOTO, 5000)), begins(PHOTO, 5000), *pieces(PHOTO, CONTENT, 2000), ends(PHOTO, 5000), b"~x~", b"~"])
        | st.binary(max_size=9),
        max_size=12,
    )
)
@settings(max_examples=examples(150), deadline=None)
def test_any_order_of_anything_raises_nothing_and_keeps_only_whole_files(chunks: list[bytes]) -> None:
    desk = Desk()
    desk.hears(*chunks)
    desk.shelf.close()
    assert all(content == CONTENT for content in desk.kept.values())


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20))
@settings(max_examples=examples(100), deadline=None)
def test_ranges_are_what_a_set_of_bytes_is(spans: list[tuple[int, int]]) -> None:
    ranges, there = Ranges(), set[int]()
    for begin, end in spans:
        ranges = ranges.add(begin, end)
        there |= set(range(begin, end))
    assert {at for begin, end in ranges.spans_bytes for at in range(begin, end)} == there
    assert {at for offset, length in ranges.missing(60) for at in range(offset, offset + length)} == set(range(60)) - there
