"""Checks of live media: JT/T 1078-2016, 5.5, table 19."""

from collections.abc import Callable

from catseye.fleet.conform.checks import BREAKS, JTT1078, SHOULD, Check, Fault, Judgement, fault_of
from catseye.fleet.conform.hearing import Hearing
from catseye.fleet.conform.orders import done
from catseye.fleet.conform.transcript import BYTES, MEDIA
from catseye.fleet.jt1078 import ATOMIC, FIRST, KEY, LAST, MAGIC, PASS_THROUGH, SIM_BYTES, SOUND, Packet, packets_in, sim_bytes_of

_MOST_PAYLOAD_BYTES, _STREAM_S, _CLOSE_S, _SPARE_MS = 950, 10.0, 5.0, 60
Found = tuple[int, Packet, int | None]  # line, packet, time in ns


def _packets(heard: Hearing) -> tuple[list[list[Found]], list[Fault]]:
    """Packets by connection, and bytes that are none."""
    streams: dict[str, list[tuple[int, bytes, int | None]]] = {}
    for number, line in enumerate(heard.lines, start=1):
        if line.port == MEDIA and line.what == BYTES and line.is_up and line.data:
            streams.setdefault(line.link, []).append((number, line.data, line.time_ns))
    found: list[list[Found]] = []
    faults: list[Fault] = []
    for pieces in streams.values():
        begin = b"".join(data for _, data, _ in pieces[:4])
        at = begin.find(MAGIC)
        sim_bytes, rest, packets = sim_bytes_of(begin[at:]) if at >= 0 else SIM_BYTES, b"", []
        for number, data, time_ns in pieces:
            here, rest, skipped_bytes = packets_in(rest + data, sim_bytes)
            packets += [(number, packet, time_ns) for packet in here]
            faults += [Fault(number, f"{skipped_bytes} bytes that are no packet", data)] if skipped_bytes else []
        found.append(packets)
    return found, faults


def _all(heard: Hearing) -> list[Found]:
    return [each for stream in _packets(heard)[0] for each in stream]


def _fault(found: Found, came: str) -> Fault:
    return Fault(found[0], came, bytes(found[1])[:34])


def _each(heard: Hearing, came: Callable[[Packet], str | None]) -> Judgement:
    packets = _all(heard)
    return len(packets), [_fault(each, text) for each in packets if (text := came(each[1]))]


def _stream(heard: Hearing) -> Judgement:
    packets, faults = _packets(heard)
    return sum(map(len, packets)) + len(faults), faults


def _begins(heard: Hearing) -> Judgement:
    """After an order that was acknowledged: packets of that channel."""
    seen_count, faults = 0, []
    packets = _all(heard)
    for order in (said for said in heard.messages(0x9101) if not said.is_up and said.body_fault is None):
        answer, open_s = heard.answer_to(order), heard.open_s_after(order)
        if answer is None or answer.values.get("result") != 0 or order.values["data_type"] not in (0, 1, 3):
            continue
        if any(number > order.number and packet.channel == order.values["channel"] for number, packet, _ in packets):
            seen_count += 1
        elif open_s is not None and open_s > _STREAM_S:
            seen_count += 1
            faults.append(fault_of(order, f"no packet of channel {order.values['channel']} within {_STREAM_S:.0f} s"))
    return seen_count, faults


def _ends(heard: Hearing) -> Judgement:
    seen_count, faults = 0, []
    for order in (said for said in heard.messages(0x9102) if not said.is_up and said.values.get("command") == 0 and said.time_ns is not None):
        again = next((said.number for said in heard.after(order, 0x9101)), 1 << 62)
        late = [each for each in _all(heard) if order.number < each[0] < again and each[2] is not None and each[1].channel == order.values["channel"]]
        late = [each for each in late if (each[2] or 0) - (order.time_ns or 0) > _CLOSE_S * 1e9]
        if _all(heard):
            seen_count += 1
            faults += [_fault(late[0], f"packets {_CLOSE_S:.0f} s after they were to end")] if late else []
    return seen_count, faults


def _head(packet: Packet) -> str | None:
    return None if packet.flags == 0x81 else f"byte 4 is 0x{packet.flags:02x}"


def _sims(heard: Hearing) -> Judgement:
    phones = {said.header.phone.lstrip("0") for said in heard.up if said.header is not None and said.fault is None}
    judged, faults = _each(heard, lambda packet: None if not phones or packet.sim.lstrip("0") in phones else f"SIM {packet.sim}")
    return (judged if phones else 0), faults[:1]


def _widths(heard: Hearing) -> Judgement:
    judged, faults = _each(heard, lambda packet: None if len(packet.sim) == 12 else f"a SIM of {len(packet.sim) // 2} bytes")
    return judged, faults[:1]


def _serials(heard: Hearing) -> Judgement:
    """One more with each packet of a channel and kind; counters of a channel, of a kind or of a connection are all met in the field."""
    seen_count, faults = 0, []
    for stream in _packets(heard)[0]:
        last: dict[tuple[int, bool], int] = {}
        newest: int | None = None
        for each in stream:
            packet = each[1]
            key = (packet.channel, packet.data_type >= SOUND)
            wanted = {last[key] + 1 & 0xFFFF, *([] if newest is None else [newest + 1 & 0xFFFF])} if key in last else {packet.serial}
            seen_count += key in last
            if packet.serial not in wanted:
                faults.append(_fault(each, f"serial {packet.serial} after {last[key]}"))
            last[key] = newest = packet.serial
    return seen_count, faults


def _times(heard: Hearing) -> Judgement:
    seen_count, faults = 0, []
    for stream in _packets(heard)[0]:
        last: dict[tuple[int, bool], int] = {}
        for each in stream:
            packet = each[1]
            if packet.timestamp_ms is None:
                continue
            key = (packet.channel, packet.data_type >= SOUND)
            seen_count += key in last
            if packet.timestamp_ms < last.get(key, 0):
                faults.append(_fault(each, f"timestamp {packet.timestamp_ms} ms after {last[key]} ms"))
            last[key] = packet.timestamp_ms
    return seen_count, faults


def _since_key(heard: Hearing) -> Judgement:
    """In frames that are no key frame the first interval is the time since the last key frame."""
    seen_count, faults = 0, []
    for stream in _packets(heard)[0]:
        keys: dict[int, int] = {}
        for each in stream:
            packet = each[1]
            if packet.timestamp_ms is None or packet.since_key_ms is None:
                continue
            if packet.data_type == KEY:
                keys[packet.channel] = packet.timestamp_ms
            elif packet.channel in keys:
                seen_count += 1
                since_ms = packet.timestamp_ms - keys[packet.channel]
                if since_ms <= 0xFFFF and since_ms >= 0 and abs(packet.since_key_ms - since_ms) > _SPARE_MS:
                    faults.append(_fault(each, f"last-I interval {packet.since_key_ms} ms, {since_ms} ms by the timestamps"))
    return seen_count, faults


def _fragments(heard: Hearing) -> Judgement:
    """First, any number in between, last; nothing else of that kind inside."""
    seen_count, faults = 0, []
    for stream in _packets(heard)[0]:
        is_open: dict[tuple[int, bool], bool] = {}
        for each in stream:
            packet = each[1]
            if packet.data_type == PASS_THROUGH:
                continue
            key = (packet.channel, packet.data_type >= SOUND)
            seen_count += 1
            begins = packet.fragment in (ATOMIC, FIRST)
            if key in is_open and begins == is_open[key]:
                faults.append(_fault(each, f"part {packet.fragment} {'inside' if begins else 'outside of'} a frame"))
            is_open[key] = packet.fragment == FIRST or (not begins and packet.fragment != LAST)
    return seen_count, faults


VIDEO = (
    Check("live-taken", JTT1078, "5.5.1, 5.5.2", "0x9101 and 0x9102 answered with result 0", BREAKS, lambda heard: done(heard, 0x9101, 0x9102)),
    Check("live-begins", JTT1078, "5.5.1", "packets of the channel that was asked for", BREAKS, _begins),
    Check("live-ends", JTT1078, "5.5.2", "no packets after 0x9102 closed the channel", BREAKS, _ends),
    Check("packet-stream", JTT1078, "5.5.3, table 19", "packets side by side, each as long as it says", BREAKS, _stream),
    Check("packet-head", JTT1078, "5.5.3, table 19", "V 2, P 0, X 0, CC 1: byte 4 is 0x81", BREAKS, lambda heard: _each(heard, _head)),
    Check("packet-sim", JTT1078, "5.5.3, table 19", "the terminal's own number", BREAKS, _sims),
    Check("packet-sim-width", JTT1078, "5.5.3, table 19", "a SIM of 6 bytes", SHOULD, _widths),
    Check("packet-serial", JTT1078, "5.5.3, table 19", "serials one after the other", BREAKS, _serials),
    Check("packet-length", JTT1078, "5.5.3, table 19", f"at most {_MOST_PAYLOAD_BYTES} bytes in a packet", SHOULD,
          lambda heard: _each(heard, lambda packet: f"{len(packet.payload)} bytes" if len(packet.payload) > _MOST_PAYLOAD_BYTES else None)),
    Check("packet-times", JTT1078, "5.5.3, table 19", "timestamps that never fall", BREAKS, _times),
    Check("packet-since-key", JTT1078, "5.5.3, table 19", "the interval since the last key frame, as the timestamps have it", BREAKS, _since_key),
    Check("packet-parts", JTT1078, "5.5.3, table 19", "a frame in parts: first, between, last", BREAKS, _fragments),
)  # fmt: skip
