"""Checks of location reports: bodies, time, place, intervals, what was kept while the network was gone."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from statistics import median
from typing import Any

from catseye.core.time import NS_PER_S
from catseye.fleet.conform.checks import BREAKS, JTT808, SHOULD, UNUSUAL, Check, Fault, Judgement, body_at, each_of, fault_of
from catseye.fleet.conform.hearing import Hearing, Said, items_in
from catseye.fleet.conform.session import parameter_set
from catseye.fleet.conform.transcript import MAIN
from catseye.fleet.errors import WireError
from catseye.fleet.fix import Fix
from catseye.fleet.frame808 import V2019
from catseye.fleet.tables.location import ITEMS

_BEIJING = timezone(timedelta(hours=8))
_REPORT_IDS = (0x0200, 0x0201, 0x0704)
_ALARM_ITEM_IDS = frozenset((0x64, 0x65, 0x66, 0x67, 0x70))
_FIXED, _ENCRYPTED = 1 << 1, 1 << 5
_STATUS_RESERVED = {False: 0xFFC000C0, True: 0xFF8000C0}  # by whether it is 2019, which adds bit 22
_ALARM_RESERVED = {False: 0x00038000, True: 0x00000000}
_MOST_CLOCK_FAULT_S = 300.0
_HOUR_S = 3600.0
_CLOCK_KNOWN_NS = 1_577_836_800 * NS_PER_S  # 2020: a recording with times of its own begins at 0


def _positions(said: Said) -> list[dict[str, Any]]:
    """What a message says of places."""
    if said.body_fault is not None or said.layout is None:
        return []
    if said.msg_id == 0x0200:
        return [said.values]
    if said.msg_id == 0x0201:
        return [said.values["location"]]
    return [each for each in said.values.get("list", ()) if "lat" in each]


def _reports(heard: Hearing) -> Iterator[tuple[Said, dict[str, Any]]]:
    return ((said, values) for said in heard.messages(*_REPORT_IDS) if said.is_up for values in _positions(said))


def _judged(heard: Hearing, *wrong: tuple[int, Any]) -> Judgement:
    """Each position held against (offset in the body, what is wrong with it or None)."""
    seen_count, faults = 0, []
    for said, values in _reports(heard):
        seen_count += 1
        for offset_bytes, came in wrong:
            text = came(said, values)
            if text:
                faults.append(fault_of(said, text, body_at(said) + offset_bytes if said.msg_id == 0x0200 else None))
    return seen_count, faults


def _bodies(heard: Hearing) -> Judgement:
    return each_of((said for said in heard.messages(*_REPORT_IDS) if said.is_up), _body_fault)


def _body_fault(said: Said) -> str | None:
    if said.body_fault is not None:
        return str(said.body_fault)
    if "rest" in said.values:
        return f"{len(said.values['rest']) // 2} bytes after the end"
    if said.msg_id == 0x0704:
        bad = [each for each in said.values["list"] if "lat" not in each]
        return f"{len(bad)} entries that are no location report" if bad else None
    return None


def _items(heard: Hearing) -> Judgement:
    def came(_: Said, values: dict[str, Any]) -> str | None:
        if "truncated_item" in values or "items_rest" in values:
            return f"item {values.get('truncated_item', 'of one byte')} ends after the body does"
        wrong = [item for item in items_in(values) if item.layout is None and item.id in ITEMS.known and not item.id >= 0xF0]
        return f"item 0x{wrong[0].id:02X} of {wrong[0].length_bytes} bytes" if wrong else None

    return _judged(heard, (28, came))


def _when(values: dict[str, Any]) -> datetime | None:
    try:
        return datetime.strptime(values["time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    except ValueError:
        return None


def _times(heard: Hearing) -> Judgement:
    return _judged(heard, (22, lambda _, values: None if _when(values) is not None else f"time {values['time']}"))


def _clock(heard: Hearing) -> Judgement:
    """Beijing time: of reports that are sent as they are taken. Those that are sent again, or late, are left out."""
    fresh = [said for said in heard.messages(0x0200) if said.is_up and said.time_ns is not None and said.time_ns > _CLOCK_KNOWN_NS and _positions(said)]
    judged = [(said, when) for said in fresh if (when := _when(said.values)) is not None]
    faults: list[Fault] = []
    for said, when in judged:
        off_s = when.timestamp() - (said.time_ns or 0) / NS_PER_S
        if abs(off_s) > _MOST_CLOCK_FAULT_S:
            zone = ": the clock of another zone" if abs(off_s / _HOUR_S - round(off_s / _HOUR_S)) * _HOUR_S < _MOST_CLOCK_FAULT_S else ""
            faults.append(fault_of(said, f"time {said.values['time']}, {off_s / _HOUR_S:+.1f} h from when it came{zone}", body_at(said) + 22))
    return len(judged), faults


def _places(heard: Hearing) -> Judgement:
    def came(_: Said, values: dict[str, Any]) -> str | None:
        if not values["status"] & _FIXED or values["status"] & _ENCRYPTED or _when(values) is None:
            return None
        try:
            place = Fix.of(values).place
        except WireError as fault:
            return str(fault)
        return "0, 0, with a fix" if abs(place.lat_deg) < 1e-4 and abs(place.lon_deg) < 1e-4 else None

    return _judged(heard, (8, came))


def _motion(heard: Hearing) -> Judgement:
    return _judged(
        heard,
        (18, lambda _, values: f"speed {values['speed_0_1kmh'] / 10:.1f} km/h" if values["speed_0_1kmh"] > 2500 else None),
        (20, lambda _, values: f"direction {values['direction']} degrees" if values["direction"] > 359 else None),
    )


def _reserved(heard: Hearing) -> Judgement:
    def came(name: str, masks: dict[bool, int], said: Said, values: dict[str, Any]) -> str | None:
        bits = values[name] & masks[said.header is not None and said.header.version == V2019]
        return f"reserved bits of {name}: 0x{bits:08X}" if bits else None

    return _judged(heard, (0, lambda *of: came("alarm", _ALARM_RESERVED, *of)), (4, lambda *of: came("status", _STATUS_RESERVED, *of)))


def _clear(heard: Hearing) -> Judgement:
    return _judged(heard, (4, lambda _, values: "encrypted coordinates: no check can read them" if values["status"] & _ENCRYPTED else None))


def _plain(heard: Hearing) -> list[Said]:
    """Reports that only the clock sent: none with an alarm, none sent again."""
    found, bodies = [], set()
    for said in heard.messages(0x0200):
        is_alarm = said.values.get("alarm") or any(item.id in _ALARM_ITEM_IDS for item in items_in(said.values))
        if said.is_up and said.time_ns is not None and said.body_fault is None and not is_alarm and said.body not in bodies:
            found.append(said)
        bodies.add(said.body)
    return found


def _pace(reports: list[Said], wanted_s: int, what: str) -> tuple[int, list[Fault]]:
    if len(reports) < 4 or not wanted_s:
        return 0, []
    gap_s = median(other.seconds_since(one) or 0.0 for one, other in pairwise(reports))
    came = f"a report every {gap_s:.1f} s, where {what} says {wanted_s} s"
    return 1, [] if abs(gap_s - wanted_s) <= max(1.0, 0.25 * wanted_s) else [fault_of(reports[-1], came)]


def _follows(heard: Hearing) -> list[tuple[Said, float]]:
    """Every 0x8202 with how long it is good for."""
    return [(said, float(said.values.get("validity", 0))) for said in heard.messages(0x8202) if not said.is_up and said.values.get("interval")]


def _is_followed(heard: Hearing, said: Said) -> bool:
    return any((since_s := said.seconds_since(order)) is not None and -0.5 <= since_s <= for_s + 1.5 for order, for_s in _follows(heard))


def _interval(heard: Hearing) -> Judgement:
    seen_count = 0
    faults: list[Fault] = []
    for name in ("0x0029", "0x0027"):
        is_asleep = name == "0x0027"
        known = parameter_set(heard, name)
        for index, (begin, wanted_s) in enumerate(known):
            end = known[index + 1][0].number if index + 1 < len(known) else 1 << 62
            after = [said for said in _plain(heard) if begin.number < said.number < end and said.link == begin.link and not _is_followed(heard, said)]
            awake = [said for said in after if bool(said.values["status"] & 1) != is_asleep]
            seen, found = _pace(awake, wanted_s, f"parameter {name}")
            seen_count, faults = seen_count + seen, faults + found
    return seen_count, faults


def _following(heard: Hearing) -> Judgement:
    seen_count, faults = 0, []
    for order, for_s in _follows(heard):
        during = [said for said in _plain(heard) if said.number > order.number and 0 <= (said.seconds_since(order) or 0.0) <= for_s + 0.5]
        open_s = heard.open_s_after(order)
        if open_s is None or open_s < for_s or for_s < 4 * order.values["interval"]:
            continue
        answer = heard.answer_to(order)
        if answer is not None and answer.values.get("result") == 0:
            seen, found = _pace(during, order.values["interval"], "0x8202")
            seen_count += 1
            faults += found if seen else [fault_of(order, f"{len(during)} reports in {for_s:.0f} s")]
    return seen_count, faults


def _blind(heard: Hearing) -> Judgement:
    """After a connection that broke: what was taken meanwhile comes, in a batch of kind 1."""
    seen_count, faults = 0, []
    ends = {line.link: line.time_ns for line in heard.lines if line.port == MAIN and line.time_ns is not None}
    spoke = heard.links
    for before, after in pairwise(spoke):
        granted = next((said for said in heard.messages(0x8001) if said.link == after and said.values.get("ack_id") == "0x0102"), None)
        intervals = [value for said, value in parameter_set(heard, "0x0029") if said.link == before]
        if granted is None or not intervals or not heard.is_cut(before) or granted.time_ns is None or before not in ends:
            continue
        gap_s, open_s = (granted.time_ns - ends[before]) / NS_PER_S, heard.open_s_after(granted)
        if gap_s < 2 * intervals[-1] or open_s is None or open_s < 15.0:
            continue
        seen_count += 1
        batches = [said for said in heard.after(granted, 0x0704) if said.link == after]
        if not batches:
            faults.append(fault_of(granted, f"no 0x0704 after {gap_s:.0f} s without a connection"))
        elif all(said.values.get("type") != 1 for said in batches):
            faults.append(fault_of(batches[0], f"kind {batches[0].values.get('type')} of what was sent after a blind zone", body_at(batches[0]) + 2))
    return seen_count, faults


_LOCATION = "location report (0x0200)"
LOCATION = (
    Check("location-body", JTT808, _LOCATION, "28 bytes and items; in a batch the length of each", BREAKS, _bodies),
    Check("location-items", JTT808, f"{_LOCATION}, additional items", "items of the length their table says, the last one whole", BREAKS, _items),
    Check("time-bcd", JTT808, "4.2, " + _LOCATION, "a time in BCD, YYMMDDhhmmss", BREAKS, _times),
    Check("time-beijing", JTT808, "4.2, " + _LOCATION, "Beijing time (UTC+8), right within 5 minutes", BREAKS, _clock),
    Check("place", JTT808, _LOCATION, "a place on the map, none of 0, 0 with a fix", BREAKS, _places),
    Check("motion", JTT808, _LOCATION, "a direction of 0 to 359 degrees and a speed a vehicle can have", BREAKS, _motion),
    Check("bits-reserved", JTT808, f"{_LOCATION}, alarm and status", "reserved bits zero", UNUSUAL, _reserved),
    Check("place-clear", JTT808, f"{_LOCATION}, status bit 5", "coordinates in the clear", UNUSUAL, _clear),
    Check("location-interval", JTT808, "terminal parameters 0x0029, 0x0027", "a report every so many seconds", BREAKS, _interval),
    Check("location-follow", JTT808, "follow for a while (0x8202)", "reports at the interval that was asked for, while it is good", BREAKS, _following),
    Check("blind-zone", JTT808, "location batch (0x0704)", "what was taken without a connection, in a batch of kind 1", SHOULD, _blind),
)
