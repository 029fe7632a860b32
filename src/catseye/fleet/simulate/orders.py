"""What a simulated terminal does with each message of the platform."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from catseye.core.time import NS_PER_S
from catseye.fleet.dialects import ident_of
from catseye.fleet.frame808 import Header
from catseye.fleet.message import Body
from catseye.fleet.simulate import reports
from catseye.fleet.simulate.errands import SendAttachments, SendLive, StopLive
from catseye.fleet.simulate.reports import Fact
from catseye.fleet.simulate.watch import Thresholds

if TYPE_CHECKING:
    from catseye.fleet.simulate.terminal import Terminal

_UNSUPPORTED, _FAILED = 3, 1
_URGENT_2013, _SPOKEN = 1 << 0, 1 << 3
_URGENT_2019 = 2  # of bits 0–1
_UNCHANGED = {0xFF, 0xFFFF}
_ABILITIES = {"audio_coding": 6, "audio_channels": 1, "sample_rate": 0, "sample_bits": 1, "frame_len": 320, "audio_out": 0, "video_coding": 98}

Values = Mapping[str, Any]
Obey = Callable[["Terminal", Header, Values, int], None]


def obey(terminal: "Terminal", header: Header, body: Body, now_ns: int) -> None:
    """Do it, and answer; what it does not know it says so."""
    terminal.tally.counts[f"heard_0x{header.msg_id:04X}"] += 1
    if header.msg_id in _ANSWERS:
        _ANSWERS[header.msg_id](terminal, header, body.values, now_ns)
    elif not terminal.is_online:
        return  # nothing is done for a platform that has not let us in
    elif header.msg_id in _ORDERS:
        _ORDERS[header.msg_id](terminal, header, body.values, now_ns)
    else:
        terminal.answer(header, now_ns, _UNSUPPORTED)


def _acknowledged(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del header
    msg_id = int(values["ack_id"], 16)
    if msg_id == 0x0801:
        return  # it has an answer of its own
    if values["result"] not in (0, 4):
        terminal.tally.counts["refused"] += 1
        if msg_id != 0x0102 and values["result"] == _FAILED:
            return  # it stays, and is sent again
    waiting = terminal.outbox.answered(values["ack_serial"], msg_id)
    terminal.settled(waiting, now_ns)
    if waiting is not None and msg_id == 0x0102:
        if values["result"] == 0:
            terminal.admitted(now_ns)
        else:
            terminal.token = ""
            terminal.say(reports.registration(terminal.kit), 0x0100, now_ns)


def _registered(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del header
    waiting = terminal.outbox.answered(values["ack_serial"], 0x0100)
    terminal.settled(waiting, now_ns)
    if waiting is None:
        return
    if values["result"] == 0:
        terminal.token = str(values["token"])
        terminal.tally.counts["registered"] += 1
        terminal.say(reports.authentication(terminal.kit, terminal.token), 0x0102, now_ns)
    else:
        terminal.tally.counts[f"registration_refused_{values['result']}"] += 1
        terminal.refused(now_ns)


def _parts_wanted(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del header, now_ns
    waiting = terminal.outbox.starting_at(values["orig_serial"])
    if waiting is not None:
        terminal.resend([waiting.frames[index - 1] for index in values["ids"] if 1 <= index <= len(waiting.frames)])


def _media_answered(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del header
    missing = values.get("ids", [])
    for waiting in terminal.outbox.of_kind(0x0801)[:1]:  # one at a time is on its way
        if missing:
            terminal.resend([waiting.frames[index - 1] for index in missing if 1 <= index <= len(waiting.frames)])
        else:
            terminal.outbox.drop(waiting)
            terminal.settled(waiting, now_ns)
            terminal.tally.counts["pictures"] += 1
            terminal.send_next_media(now_ns)


def _set(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    for name, value in values["params"].items():
        key = name.partition("#")[0]
        terminal.parameters[key] = {"hex": value["hex"]}
        _apply(terminal, int(key, 16), value, now_ns)
    terminal.answer(header, now_ns)


def _apply(terminal: "Terminal", key: int, value: Values, now_ns: int) -> None:
    number = value.get("int")
    if number is not None and key in _SETTINGS:
        setattr(terminal, _SETTINGS[key], float(number))
        if key == _INTERVAL:  # a shorter one counts from now, not from the next report
            terminal.report_within(now_ns, terminal.interval_s)
    elif key == 0xF364 and "values" in value:
        said, now = value["values"], terminal.thresholds
        terminal.thresholds = Thresholds(
            _kept(said["speed_gate"], 1.0, now.gate_kmh),
            _kept(said["headway_time"], 0.1, now.headway_s),
            _kept(said["collision_time"], 0.1, now.collision_s),
            _kept(said["headway_level_speed"], 1.0, now.level_kmh),
        )


_INTERVAL = 0x0029
_SETTINGS = {
    0x0001: "heartbeat_s",
    0x0002: "first_wait_s",
    0x0003: "most_resent_count",
    _INTERVAL: "interval_s",
    0x0055: "speed_limit_kmh",
    0x0056: "overspeed_s",
}


def _kept(said: int, unit_ratio: float, before: float) -> float:
    """0xFF leaves a threshold as it is."""
    return before if said in _UNCHANGED else said * unit_ratio


def _tell_parameters(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    asked = {f"0x{each:04X}" for each in values.get("ids", [])}
    numbers = {f"0x{key:04X}": {"hex": int(getattr(terminal, name)).to_bytes(4).hex()} for key, name in _SETTINGS.items()}
    held = {name: value for name, value in {**numbers, **terminal.parameters}.items() if not asked or name in asked}
    terminal.say(reports.parameters(terminal.kit, header.serial, held), 0x0104, now_ns, is_answer=True)


def _follow(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    terminal.follow_s = float(values["interval"])
    terminal.followed_until_ns = now_ns + values["validity"] * NS_PER_S if values["interval"] else 0
    if values["interval"]:
        terminal.report_within(now_ns, terminal.follow_s)
    terminal.answer(header, now_ns)


def _where(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del values
    location = reports.location_values(terminal.kit, Fact(now_ns, terminal.moment), has_attachments=False)
    terminal.say(Body.of(0x0201, terminal.kit.version, {"ack_serial": header.serial, "location": location}), 0x0201, now_ns, is_answer=True)


def _text(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    flags = values["flags"]
    is_urgent = flags & 3 == _URGENT_2019 if terminal.kit.edition == "2019" else bool(flags & _URGENT_2013)
    if is_urgent or flags & _SPOKEN:
        terminal.warned(now_ns)
    terminal.answer(header, now_ns)


def _snap(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    picture = terminal.conduct.picture
    wanted_count = values["command"]
    if not picture or wanted_count in (0, 0xFFFF):
        result: dict[str, Any] = {"ack_serial": header.serial, "result": 0 if wanted_count == 0 else _FAILED}
        terminal.say(Body.of(0x0805, terminal.kit.version, result), 0x0805, now_ns, is_answer=True)
        return
    ids = [terminal.next_media_id() for _ in range(min(wanted_count, 5))]
    done: dict[str, Any] = {"ack_serial": header.serial, "result": 0, "count": len(ids), "ids": ids}
    terminal.say(Body.of(0x0805, terminal.kit.version, done), 0x0805, now_ns, is_answer=True)
    for each in ids:
        media: dict[str, Any] = {"media_id": each, "media_type": 0, "media_format": 0, "event": 0, "channel": values["channel"], "data": picture.hex()}
        if terminal.kit.edition != "2011":
            media["location"] = reports.place_values(Fact(now_ns, terminal.moment))
        terminal.say_media(Body.of(0x0801, terminal.kit.version, media, label="2011" if terminal.kit.edition == "2011" else ""), now_ns)


def _attachments(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    out = bytearray()
    ident_of(terminal.kit.dialect).write(dict(values["ident"]), out)
    raised = terminal.alarms.get(bytes(out))
    if raised is None or not terminal.conduct.has_attachments:
        terminal.answer(header, now_ns, _FAILED)
        return
    terminal.answer(header, now_ns)
    terminal.errands.append(SendAttachments(terminal.kit, values["ip"], values["tcp"], raised, dict(values["ident"]), values["alarm_no"]))


def _live(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    terminal.answer(header, now_ns)
    terminal.errands.append(SendLive(terminal.kit, values["ip"], values["tcp"], values["channel"], values["data_type"]))


def _live_control(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    terminal.answer(header, now_ns)
    if values["command"] in (0, 4):
        terminal.errands.append(StopLive(terminal.kit, values["channel"]))


def _abilities(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del header, values
    terminal.say(Body.of(0x1003, terminal.kit.version, {**_ABILITIES, "max_audio_ch": 1, "max_video_ch": 2}), 0x1003, now_ns, is_answer=True)


def _recordings(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del values
    terminal.say(Body.of(0x1205, terminal.kit.version, {"ack_serial": header.serial, "list": []}), 0x1205, now_ns, is_answer=True)


def _yes(terminal: "Terminal", header: Header, values: Values, now_ns: int) -> None:
    del values
    terminal.answer(header, now_ns)


_ANSWERS: dict[int, Obey] = {0x8001: _acknowledged, 0x8100: _registered, 0x8003: _parts_wanted, 0x8800: _media_answered}
_ORDERS: dict[int, Obey] = {
    0x8103: _set,
    0x8104: _tell_parameters,
    0x8105: _yes,
    0x8106: _tell_parameters,
    0x8201: _where,
    0x8202: _follow,
    0x8203: _yes,
    0x8300: _text,
    0x8400: _yes,
    0x8801: _snap,
    0x9003: _abilities,
    0x9101: _live,
    0x9102: _live_control,
    0x9105: _yes,
    0x9205: _recordings,
    0x9208: _attachments,
}
