"""The checks: a terminal that conforms is told so, and each single fault is told under its own clause and no other."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.conform.faults import (
    Change,
    Lines,
    added,
    body,
    drop_answer,
    dropped,
    edit,
    edit_answer,
    encrypted,
    escape_wrong,
    first_of,
    header,
    longer,
    packets,
    pieces,
    places,
    raw,
    renumbered,
    reserved,
    wrong_checksum,
)  # fmt: skip
from tests.fleet.conform.terminal import PHONE, conforming
from tests.fleet.vectors import vectors_of
from tests.support.properties import examples

from catseye.core.time import NS_PER_S
from catseye.fleet.conform.checks import BREAKS, BROKEN, HOLDS, NOT_SEEN
from catseye.fleet.conform.transcript import ATTACHMENTS, BYTES, MAIN, MEDIA, Line, Transcript, as_text, transcript_of
from catseye.fleet.conform.verdicts import CHECKS, conforms, verdicts_of
from catseye.fleet.frame808 import V2013, V2019, Frame, Header
from catseye.fleet.wire import Values

transcript = cache(conforming)
SECOND_LINK = first_of(0x0102, 1)
NEVER = {"deregistration", "recordings-told"}  # what the kit does not ask for


def words(lines: Lines) -> dict[str, str]:
    return {verdict.check.id: verdict.word for verdict in verdicts_of(Transcript(tuple(lines)))}


@pytest.mark.parametrize("version", [V2013, V2019])
def test_a_terminal_that_conforms_is_told_so_by_every_check_that_the_kit_can_make(version: str) -> None:
    verdicts = verdicts_of(transcript(version))
    assert conforms(verdicts)
    assert {verdict.check.id for verdict in verdicts if verdict.word != HOLDS} == NEVER


def setting(name: str, value: object) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        values[name] = value

    return change


def deep(*path: str | int, value: object) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        at = values
        for step in path[:-1]:
            at = at[step] if isinstance(at, dict | list) else at.values  # type: ignore[call-overload, index]
        at[path[-1]] = value  # type: ignore[index]

    return change


def alarm(name: str, value: object, nth: int = 0) -> Change:
    """Of the nth report with an alarm."""
    return edit(0x0200, lambda values: values["items"][1].values.__setitem__(name, value) if len(values["items"]) > 1 else None, nth)


def alarm_ident(name: str, value: object) -> Change:
    def change(values: Values) -> None:
        for item in values["items"][1:]:
            item.values["ident"][name] = value

    return edit(0x0200, change, everywhere=True)


def without_link_two(lines: Lines) -> Lines:
    """It registers anew on the second connection."""
    index = SECOND_LINK(lines)
    begin = places(lines, 0x0100)[0]
    answer = places(lines, 0x8100, is_up=False)[0]
    moved = [replace(lines[each], link=lines[index].link, time_ns=lines[index].time_ns) for each in (begin, answer)]
    return renumbered([*lines[:index], *moved, *lines[index:]])


def early_report(lines: Lines) -> Lines:
    """A report between authentication and its answer."""
    index = places(lines, 0x0102)[0]
    report = lines[places(lines, 0x0002)[0]]
    beat = replace(report, link=lines[index].link, time_ns=lines[index].time_ns)
    return renumbered([*lines[: index + 1], beat, *lines[index + 1 :]])


def first_an_answer(lines: Lines) -> Lines:
    index = SECOND_LINK(lines)
    answer = lines[places(lines, 0x1003)[0]]  # nobody answers it, so nothing else goes wrong
    return renumbered([*lines[:index], replace(answer, link=lines[index].link, time_ns=lines[index].time_ns), *lines[index:]])


def silent(lines: Lines) -> Lines:
    """No heartbeat while nothing else is sent."""
    return renumbered(without_beats(lines))


def without_beats(lines: Lines) -> Lines:
    gone = places(lines, 0x0002)[:-1]
    return [line for index, line in enumerate(lines) if index not in gone]


def never_again(lines: Lines) -> Lines:
    seen: set[tuple[str, bytes]] = set()
    out = []
    for line in lines:
        key = (line.link, line.data)
        if line.is_up and line.port == MAIN and line.what == BYTES and line.data[1:3] == b"\x02\x00" and key in seen:
            continue
        seen.add(key)
        out.append(line)
    return renumbered(out)


def waits_long(lines: Lines) -> Lines:
    """The first sending again is not there; the second comes after three times the wait."""
    seen: set[tuple[str, bytes]] = set()
    for index in places(lines, 0x0200):
        key = (lines[index].link, lines[index].data)
        if key in seen:
            return [*lines[:index], *lines[index + 1 :]]
        seen.add(key)
    raise AssertionError("nothing was sent again")


def slow(lines: Lines) -> Lines:
    """Reports of the first ten seconds half as often."""
    begin = places(lines, 0x8106, is_up=False)[0]
    end = places(lines, 0x8103, is_up=False)[1]
    gone = [index for index in places(lines, 0x0200) if begin < index < end][1::2]
    return renumbered([line for index, line in enumerate(lines) if index not in gone])


def slow_following(lines: Lines) -> Lines:
    begin, end = places(lines, 0x8202, is_up=False)[0], places(lines, 0x8201, is_up=False)[0]
    gone = [index for index in places(lines, 0x0200) if begin < index < end][1::2]
    return renumbered([line for index, line in enumerate(lines) if index not in gone])


def goes_on_after_leaving(lines: Lines) -> Lines:
    """Just before the link breaks: too late for anybody to miss the answer."""
    last = max(index for index in places(lines, 0x0200) if lines[index].link == "m1")
    return added(True, 0x0003, {}, lambda _: last)(lines)


def shifted_clock(lines: Lines) -> Lines:
    """The clock of the recording says that all came eight hours later."""
    return [replace(line, time_ns=(line.time_ns or 0) + 8 * 3600 * NS_PER_S) for line in lines]


def part_renumbered(lines: Lines) -> Lines:
    """One part too many of a message that nothing else waits for."""
    index = BEAT(lines)
    stray = replace(lines[index], data=bytes(Frame(Header.of(0x0900, PHONE, 0, part=(3, 9)), b"\x00")))
    return renumbered([*lines[:index], stray, *lines[index:]])


def moved_stream(lines: Lines) -> Lines:
    """The last packets come seconds after the end was ordered."""
    found = [index for index, line in enumerate(lines) if line.port == MEDIA and line.what == BYTES]
    close = places(lines, 0x9102, is_up=False)[0]
    later = replace(lines[found[-1]], time_ns=(lines[close].time_ns or 0) + 6 * NS_PER_S)
    return [*(line for index, line in enumerate(lines) if index != found[-1]), later]


def media_gone(lines: Lines) -> Lines:
    return [line for line in lines if line.port != MEDIA]


BEAT = first_of(0x0002)
RECORDINGS = {"channel": 0, "start": "2026-11-21 00:00:00", "end": "2026-11-21 01:00:00", "alarm": 0, "media_type": 0, "stream": 0, "storage": 0}
FAULTS: dict[str, tuple[str, Change]] = {
    "bytes-outside": ("frame-marks", lambda lines: [*lines[: BEAT(lines)], replace(lines[BEAT(lines)], data=b"ping"), *lines[BEAT(lines) :]]),
    "bad-escape": ("frame-escape", raw(0x0002, escape_wrong)),
    "bad-checksum": ("frame-checksum", raw(0x0002, wrong_checksum)),
    "bad-length": ("frame-length", raw(0x0002, longer)),
    "encrypted": ("frame-clear", raw(0x0002, encrypted)),
    "reserved-bit": ("header-reserved", raw(0x0002, reserved)),
    "serial-gap": ("serial-rising", lambda lines: [line for index, line in enumerate(lines) if index != places(lines, 0x0200)[3]]),
    "other-phone": ("phone-constant", header(0x0002, phone="013800138001")),
    "part-9-of-3": ("parts-numbered", part_renumbered),
    "no-maker": ("registration-fields", edit(0x0100, setting("maker", ""))),
    "colour-77": ("registration-fields", edit(0x0100, setting("plate_color", 77))),
    "answer-first": ("session-begins", first_an_answer),
    "beat-early": ("session-waits", early_report),
    "other-token": ("token-echoed", edit(0x0102, setting("token", "guess"))),
    "registers-anew": ("token-kept", without_link_two),
    "silence": ("heartbeat-period", silent),
    "never-again": ("sent-again", never_again),
    "waits-long": ("sent-again", waits_long),
    "goes-on": ("deregistration", goes_on_after_leaving),
    "no-answer": ("answered", drop_answer(0x8202)),
    "stray-answer": ("answers-name", added(True, 0x0001, {"ack_serial": 999, "ack_id": "0x8300", "result": 0}, BEAT)),
    "result-9": ("answers-result", edit_answer(0x8300, setting("result", 9))),
    "knows-all": ("unknown-refused", edit_answer(0x8F0F, setting("result", 0))),
    "body-long": ("bodies-read", body(0x1003, lambda content: content + b"\x00")),
    "set-refused": ("parameters-set", edit_answer(0x8103, setting("result", 1))),
    "answer-general": ("parameters-told", dropped(0x0104)),
    "not-all": ("parameters-asked", edit(0x0104, lambda values: values["params"].pop("0x0003") and values.__setitem__("count", 3), 1)),
    "not-kept": ("parameters-kept", edit(0x0104, deep("params", "0x0003", "hex", value="00000009"), 1)),
    "text-refused": ("text-taken", edit_answer(0x8300, setting("result", 1))),
    "no-place": ("location-asked", dropped(0x0201)),
    "no-0805": ("picture-answered", dropped(0x0805)),
    "picture-8": ("picture-sent", edit(0x0805, setting("ids", [7, 8]))),
    "part-lost": ("parts-again", lambda lines: [line for index, line in enumerate(lines) if index != places(lines, 0x0801)[-1]]),
    "no-abilities": ("abilities-told", dropped(0x1003)),
    "no-recordings": ("recordings-told", added(False, 0x9205, RECORDINGS, BEAT)),
    "report-short": ("location-body", body(0x0200, lambda content: content[:20], 1)),
    "item-short": ("location-items", body(0x0200, lambda content: content[:28] + b"\x01\x03\x00\x00\x01", 4)),
    "item-cut": ("location-items", body(0x0200, lambda content: content + b"\x30\x05\x01", 4)),
    "time-hex": ("time-bcd", edit(0x0200, setting("time", "2026-13-21 19:31:39"), 4)),
    "utc": ("time-beijing", shifted_clock),
    "place-0-0": ("place", edit(0x0200, lambda values: values.update(lat=0, lon=0), 4)),
    "place-99": ("place", edit(0x0200, setting("lat", 99_000_000), 4)),
    "direction-400": ("motion", edit(0x0200, setting("direction", 400), 4)),
    "status-bit-30": ("bits-reserved", edit(0x0200, setting("status", 0x40040003), 4)),
    "place-encrypted": ("place-clear", edit(0x0200, setting("status", 0x40023), 4)),
    "half-as-often": ("location-interval", slow),
    "follows-badly": ("location-follow", slow_following),
    "no-batch": ("blind-zone", dropped(0x0704)),
    "batch-kind-0": ("blind-zone", edit(0x0704, setting("type", 0))),
    "alarm-of-another": ("alarm-ident", alarm_ident("terminal_id", "9999999")),
    "end-of-another": ("alarm-number", alarm("alarm_id", 5, 1)),
    "level-7": ("alarm-fields", alarm("level", 7)),
    "event-0x7f": ("alarm-events", alarm("event", 0x7F)),
    "files-refused": ("files-asked", edit_answer(0x9208, setting("result", 1))),
    "files-never": ("files-announced", lambda _: list(conforming(uploads=False).lines)),
    "files-of-another": ("files-announced", edit(0x1210, deep("ident", "seq", value=7), port=ATTACHMENTS)),
    "two-promised": ("files-count", edit(0x1210, deep("ident", "attach_count", value=2), port=ATTACHMENTS)),
    "piece-broken": ("files-stream", pieces(lambda count, piece: b"junk" + bytes(piece) if count == 0 else piece)),
    "size-other": ("files-same", edit(0x1211, setting("size", 1), port=ATTACHMENTS)),
    "piece-lost": ("files-whole", pieces(lambda count, piece: None if count == 1 else piece)),
    "piece-huge": ("files-pieces", pieces(lambda count, piece: replace(piece, payload=piece.payload + bytes(70000)) if count == 1 else piece)),
    "live-refused": ("live-taken", edit_answer(0x9102, setting("result", 2))),
    "no-stream": ("live-begins", media_gone),
    "never-ends": ("live-ends", moved_stream),
    "bytes-between": ("packet-stream", packets(lambda count, packet: bytes(packet) + b"\x00\x00" if count == 4 else packet)),
    "version-1": ("packet-head", packets(lambda count, packet: replace(packet, flags=0x80) if count == 4 else packet)),
    "sim-of-another": ("packet-sim", packets(lambda _, packet: replace(packet, sim="013800138009"))),
    "sim-of-10": ("packet-sim-width", packets(lambda _, packet: replace(packet, sim="0" * 8 + packet.sim))),
    "packet-gap": ("packet-serial", packets(lambda count, packet: replace(packet, serial=packet.serial + (count > 8)))),
    "packet-long": ("packet-length", packets(lambda count, packet: replace(packet, payload=bytes(951)) if count == 4 else packet)),
    "time-back": ("packet-times", packets(lambda count, packet: replace(packet, timestamp_ms=0, since_key_ms=0) if count == 5 else packet)),
    "interval-wrong": ("packet-since-key", packets(lambda count, packet: replace(packet, since_key_ms=9) if count == 4 else packet)),
    "part-after-none": ("packet-parts", packets(lambda count, packet: replace(packet, fragment=3) if count == 4 else packet)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_told_under_its_clause_and_under_no_other(name: str) -> None:
    check_id, change = FAULTS[name]
    lines = change(list(transcript(V2013).lines))
    broken = {each for each, word in words(lines).items() if word == BROKEN}
    assert broken == {check_id}


def test_a_check_of_every_clause_has_a_fault_in_this_table() -> None:
    elsewhere = {"phone-digits", "header-version", "files-named"}
    assert {check.id for check in CHECKS} - {check_id for check_id, _ in FAULTS.values()} == elsewhere


def test_a_phone_that_is_no_decimal_number_is_told_once() -> None:
    lines = [line if line.port != MAIN or not line.data else replace(line, data=other_phone(line.data)) for line in transcript(V2013).lines]
    verdict = next(each for each in verdicts_of(Transcript(tuple(lines))) if each.check.id == "phone-digits")
    assert (verdict.word, len(verdict.faults)) == (BROKEN, 1)


def other_phone(frame: bytes) -> bytes:
    read = Frame.parse(frame)
    return bytes(replace(read, header=replace(read.header, phone="01380013800f")))


def test_frames_of_two_versions_are_told() -> None:
    one, other = transcript(V2013).lines, transcript(V2019).lines
    assert words([*one, *other])["header-version"] == BROKEN


def test_a_file_name_of_another_form_is_told() -> None:
    lines = list(transcript(V2013).lines)
    for msg_id in (0x1211, 0x1212):
        lines = edit(msg_id, setting("name", "../x.jpg"), port=ATTACHMENTS, everywhere=True)(lines)
    lines = edit(0x1210, lambda values: values["files"][0].update(name="../x.jpg"), port=ATTACHMENTS)(lines)
    lines = pieces(lambda _, piece: replace(piece, name="../x.jpg"))(lines)
    assert {each for each, word in words(lines).items() if word == BROKEN} == {"files-named"}


def test_nothing_heard_is_nothing_judged_and_no_praise() -> None:
    verdicts = verdicts_of(Transcript(()))
    assert {verdict.word for verdict in verdicts} == {NOT_SEEN}
    assert not conforms(verdicts)


def test_what_is_only_unusual_breaks_no_standard() -> None:
    verdicts = verdicts_of(Transcript(tuple(FAULTS["status-bit-30"][1](list(transcript(V2013).lines)))))
    assert conforms(verdicts)
    assert [each.check.id for each in verdicts if each.check.severity == BREAKS and each.faults] == []


def test_a_recording_without_times_is_judged_where_no_time_is_needed() -> None:
    lines = [replace(line, time_ns=None) for line in transcript(V2013).lines]
    verdicts = verdicts_of(Transcript(tuple(lines)))
    assert [each.check.id for each in verdicts if each.word == BROKEN] == []
    assert {each.check.id for each in verdicts if each.word == NOT_SEEN} >= {"heartbeat-period", "location-interval", "sent-again", "time-beijing"}


def test_a_recording_is_read_again_as_it_was_written() -> None:
    lines = transcript(V2013).lines
    assert transcript_of("\n".join(map(as_text, lines)).encode()) == Transcript(lines)


def test_the_bytes_of_one_direction_are_a_recording() -> None:
    stream = b"".join(line.data for line in transcript(V2013).lines if line.is_up and line.port == MAIN and line.link == "m1")
    found = words(list(transcript_of(stream).lines))
    assert (found["frame-checksum"], found["registration-fields"], found["answered"]) == (HOLDS, HOLDS, NOT_SEEN)
    assert BROKEN not in found.values()


def test_lines_of_hex_say_their_way_or_it_is_seen_from_their_number() -> None:
    frames = [line for line in transcript(V2013).lines if line.port == MAIN and line.data][:6]
    plain = transcript_of("\n".join(line.data.hex() for line in frames).encode())
    told = transcript_of("\n".join(f"{'up' if line.is_up else 'down'} {line.data.hex(' ')}" for line in frames).encode())
    assert [line.is_up for line in plain.lines] == [line.is_up for line in told.lines] == [line.is_up for line in frames]
    assert transcript_of(b"nonsense\n{}\nup zz\n").unread_count == 3


LINES = st.builds(
    Line,
    st.booleans(),
    st.binary(max_size=60) | st.sampled_from([line.data for line in transcript(V2013).lines]),
    st.none() | st.integers(0, 1 << 61),
    st.sampled_from([MAIN, ATTACHMENTS, MEDIA]),
    st.sampled_from(["1", "2"]),
    st.sampled_from([BYTES, BYTES, "opened", "closed"]),
)


@settings(deadline=None, max_examples=examples(40))
@given(st.lists(LINES, max_size=40))
def test_any_lines_are_judged(lines: Lines) -> None:
    assert len(verdicts_of(Transcript(tuple(lines)))) == len(CHECKS)


@settings(deadline=None, max_examples=examples(60))
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode) | st.binary(max_size=120).map(lambda raw_bytes: b"~" + raw_bytes))
def test_any_bytes_are_a_transcript(content: bytes) -> None:
    assert len(verdicts_of(transcript_of(content))) == len(CHECKS)


@settings(deadline=None, max_examples=examples(25))
@given(st.data())
def test_a_conversation_with_bytes_changed_is_judged(data: st.DataObject) -> None:
    lines = list(transcript(V2013).lines)
    for index in data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=6)):
        content = bytearray(lines[index].data)
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        lines[index] = replace(lines[index], data=bytes(content))
    assert len(verdicts_of(Transcript(tuple(lines)))) == len(CHECKS)


def test_the_frames_of_others_are_judged_without_an_error(shared: Path) -> None:
    content = "\n".join(json.dumps({"hex": vector["hex"]}) for vector in vectors_of(shared) if vector["kind"] == "frame808")
    found = {each.check.id: each for each in verdicts_of(transcript_of(content.encode()))}
    assert found["frame-escape"].word == found["frame-checksum"].word == BROKEN
