"""Checks of what a terminal does when it is told something: answers, parameters, texts, pictures, sub-packages."""

from collections.abc import Collection

from catseye.fleet.conform.checks import ANSWER_S, BREAKS, JTT808, JTT1078, SHOULD, Check, Fault, Judgement, each_of, fault_of
from catseye.fleet.conform.hearing import DEDICATED, NO_ANSWER_IDS, Hearing, Said
from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.tables.messages import MESSAGES

_KNOWN_IDS = {*MESSAGES[V2013], *MESSAGES[V2019]}
_OWN_CHECK_IDS = frozenset((*DEDICATED, 0x8300, 0x8103, 0x9101, 0x9102, 0x9208))
_PICTURE_S = 60.0


def _orders(heard: Hearing, *msg_ids: int) -> list[Said]:
    return [said for said in heard.messages(*msg_ids) if not said.is_up]


def _no_answer(heard: Hearing, order: Said) -> str | None:
    """What is wrong with the answer to one order; None where it came, "" where nobody can say."""
    answer = heard.answer_to(order)
    if answer is not None:
        waited_s = answer.seconds_since(order)
        return f"answered after {waited_s:.1f} s" if waited_s is not None and waited_s > ANSWER_S else None
    open_s = heard.open_s_after(order)
    stayed = any(said.link == order.link and said.number > order.number for said in heard.up) if open_s is None else open_s > ANSWER_S
    return f"0x{order.msg_id:04X} was not answered" if stayed else ""


def _answers(heard: Hearing, orders: Collection[Said]) -> Judgement:
    judged = [(order, _no_answer(heard, order)) for order in orders]
    return sum(came != "" for _, came in judged), [fault_of(order, came) for order, came in judged if came]


def _answered(heard: Hearing) -> Judgement:
    wanted = [msg_id for msg_id in heard.by_id if msg_id in _KNOWN_IDS and msg_id not in NO_ANSWER_IDS and msg_id not in _OWN_CHECK_IDS]
    return _answers(heard, _orders(heard, *wanted))


def _stray(heard: Hearing) -> Judgement:
    """A general answer names a message that was sent, on its connection, before it."""
    if not any(not said.is_up for said in heard.said):
        return 0, []
    sent = {(said.link, serial, f"0x{said.msg_id:04X}") for said in heard.said if not said.is_up and said.msg_id for serial in said.serials}

    def came(said: Said) -> str | None:
        if said.body_fault is not None or said.layout is None:
            return str(said.body_fault)
        serial, order = said.values["ack_serial"], said.values["ack_id"]
        return None if (said.link, serial, order) in sent else f"an answer to {order} with serial {serial}, which was never sent"

    return each_of((said for said in heard.messages(0x0001) if said.is_up), came)


def _results(heard: Hearing) -> Judgement:
    read = [said for said in heard.messages(0x0001) if said.is_up and said.body_fault is None]
    return each_of(read, lambda said: None if said.values["result"] <= 3 and "rest" not in said.values else f"result {said.values['result']}")


def _unknown(heard: Hearing) -> Judgement:
    orders = [said for said in heard.said if not said.is_up and said.is_message and said.msg_id not in _KNOWN_IDS]
    seen_count, faults = _answers(heard, orders)
    for order in orders:
        answer = heard.answer_to(order)
        if answer is not None and answer.values["result"] != 3 and answer.values["result"] <= 3:
            faults.append(fault_of(answer, f"result {answer.values['result']} to 0x{order.msg_id:04X}, which no standard has"))
    return seen_count, faults


def done(heard: Hearing, *msg_ids: int) -> Judgement:
    """Answered, with result 0."""
    orders = _orders(heard, *msg_ids)
    seen_count, faults = _answers(heard, orders)
    for order in orders:
        answer = heard.answer_to(order)
        if answer is not None and 0 < answer.values.get("result", 0) <= 3:
            faults.append(fault_of(answer, f"result {answer.values['result']} to 0x{order.msg_id:04X}"))
    return seen_count, faults


def _read_back(heard: Hearing) -> Judgement:
    """A parameter that was set and acknowledged is told with that value the next time."""
    seen_count, faults = 0, []
    for order in _orders(heard, 0x8103):
        answer = heard.answer_to(order)
        told = next(iter(heard.after(order, 0x0104)), None)
        later = next((each.number for each in _orders(heard, 0x8103) if each.number > order.number), 1 << 62)
        if answer is None or answer.values.get("result") != 0 or told is None or told.number > later:
            continue
        for key, value in order.values.get("params", {}).items():
            wanted, came = value["hex"], told.values.get("params", {}).get(key, {}).get("hex")
            if came is None or set(wanted) == {"f"}:
                continue
            seen_count += 1
            if came != wanted:
                faults.append(fault_of(told, f"parameter {key} is {came}; {wanted} was set in line {order.number}"))
    return seen_count, faults


def _asked_parameters(heard: Hearing) -> Judgement:
    """All that 0x8106 asked for is in its answer."""
    pairs = [(order, heard.answer_to(order)) for order in _orders(heard, 0x8106)]
    read = [(order, answer) for order, answer in pairs if answer is not None and answer.msg_id == 0x0104]
    faults: list[Fault] = []
    for order, answer in read:
        missing = [f"0x{key:04X}" for key in order.values.get("ids", ()) if f"0x{key:04X}" not in answer.values.get("params", {})]
        faults += [fault_of(answer, f"without {', '.join(missing)}")] if missing else []
    return len(read), faults


def _dedicated(heard: Hearing, *msg_ids: int) -> Judgement:
    """Answered with the message the standard has for it."""
    orders = _orders(heard, *msg_ids)
    seen_count, faults = _answers(heard, orders)
    for order in orders:
        answer = heard.answer_to(order)
        if answer is not None and answer.msg_id == 0x0001 and not any(True for each in heard.after(order, DEDICATED[order.msg_id])):
            faults.append(fault_of(answer, f"0x0001 to 0x{order.msg_id:04X}; its answer is 0x{DEDICATED[order.msg_id]:04X}"))
    return seen_count, faults


def _pictures(heard: Hearing) -> Judgement:
    """As many as were taken come, each as 0x0801 with its number; "kept" ones need not."""
    seen_count, faults = 0, []
    for order in _orders(heard, 0x8801):
        answer = next((each for each in heard.after(order, 0x0805) if each.values.get("ack_serial") in order.serials), None)
        open_s = heard.open_s_after(order)
        if answer is None or answer.values.get("result") != 0 or order.values.get("save") or open_s is None or open_s < _PICTURE_S / 2:
            continue
        sent = {each.values.get("media_id") for each in heard.after(order, 0x0801)}
        missing = [number for number in answer.values.get("ids", ()) if number not in sent]
        seen_count += 1
        faults += [fault_of(answer, f"no 0x0801 of {', '.join(map(str, missing))}")] if missing else []
    return seen_count, faults


def _parts_again(heard: Hearing) -> Judgement:
    """Every sub-package that was asked for comes again."""
    seen_count, faults = 0, []
    for order in _orders(heard, 0x8003, 0x8800):
        open_s = heard.open_s_after(order)
        ids = order.values.get("ids", ())
        if not ids or open_s is None or open_s < ANSWER_S:
            continue
        first = order.values.get("orig_serial")
        again = {
            said.header.index
            for said in heard.up
            if said.link == order.link and said.number > order.number and said.header is not None and said.header.is_subpackage and not said.is_whole
            if (said.header.msg_id == 0x0801 if first is None else True)
        }
        seen_count += 1
        missing = [index for index in ids if index not in again]
        faults += [fault_of(order, f"sub-package {', '.join(map(str, missing))} did not come again")] if missing else []
    return seen_count, faults


def _bodies(heard: Hearing) -> Judgement:
    """Messages that no other check reads: each as its table says."""
    others = {0x0100, 0x0001, 0x0200, 0x0201, 0x0704}
    known = [said for said in heard.said if said.is_up and said.is_message and said.msg_id in _KNOWN_IDS and said.msg_id not in others]
    return each_of(
        known, lambda said: str(said.body_fault) if said.body_fault else f"{len(said.values['rest']) // 2} bytes too many" if "rest" in said.values else None
    )


ORDERS = (
    Check("answered", JTT808, "6.1.1, terminal general answer (0x0001)", f"an answer to every message, within {ANSWER_S:.0f} s", BREAKS, _answered),
    Check("answers-name", JTT808, "terminal general answer (0x0001)", "the serial and the id of the message that is answered", BREAKS, _stray),
    Check("answers-result", JTT808, "terminal general answer (0x0001)", "a result of 0, 1, 2 or 3", BREAKS, _results),
    Check("unknown-refused", JTT808, "terminal general answer (0x0001)", "result 3 (not supported) to a message that no standard has", BREAKS, _unknown),
    Check("bodies-read", JTT808, "chapter 8, data formats", "bodies as the table of their message says", BREAKS, _bodies),
    Check("parameters-set", JTT808, "set terminal parameters (0x8103)", "result 0", BREAKS, lambda heard: done(heard, 0x8103)),
    Check(
        "parameters-told", JTT808, "query terminal parameters (0x8104, 0x8106)", "answered with 0x0104", BREAKS, lambda heard: _dedicated(heard, 0x8104, 0x8106)
    ),
    Check("parameters-asked", JTT808, "query specific terminal parameters (0x8106)", "all that were asked for", BREAKS, _asked_parameters),
    Check("parameters-kept", JTT808, "set terminal parameters (0x8103)", "a parameter that was set has that value when it is asked for", BREAKS, _read_back),
    Check("text-taken", JTT808, "text message (0x8300)", "result 0 to a text to the driver", BREAKS, lambda heard: done(heard, 0x8300)),
    Check("location-asked", JTT808, "location query (0x8201)", "answered with 0x0201", BREAKS, lambda heard: _dedicated(heard, 0x8201)),
    Check("picture-answered", JTT808, "camera shooting at once (0x8801)", "answered with 0x0805", BREAKS, lambda heard: _dedicated(heard, 0x8801)),
    Check("picture-sent", JTT808, "multimedia data upload (0x0801)", "every picture that 0x0805 names, as 0x0801", BREAKS, _pictures),
    Check(
        "parts-again",
        JTT808,
        "request to send sub-packages again (0x8003), answer to media (0x8800)",
        "every sub-package that was asked for",
        BREAKS,
        _parts_again,
    ),
    Check("abilities-told", JTT1078, "5.3.2, 5.3.3", "0x9003 answered with 0x1003", SHOULD, lambda heard: _dedicated(heard, 0x9003)),
    Check("recordings-told", JTT1078, "5.6.1, 5.6.2", "0x9205 answered with 0x1205", SHOULD, lambda heard: _dedicated(heard, 0x9205)),
)
