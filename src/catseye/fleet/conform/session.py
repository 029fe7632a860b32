"""Checks of registration, authentication, heartbeat, sending again and deregistration."""

from itertools import pairwise

from catseye.fleet.conform.checks import BREAKS, JTT808, SHOULD, Check, Fault, Judgement, each_of, fault_of
from catseye.fleet.conform.hearing import ANSWER_IDS, Hearing, Said

_COLOURS = {*range(10), *range(91, 95)}
_VIN_CHARS_COUNT = 17
_BEFORE_IDS = frozenset((0x0100, 0x0102))
_SPARE_S = 2.0


def _registration(heard: Hearing) -> Judgement:
    return each_of((said for said in heard.messages(0x0100) if said.is_up), _registration_fault)


def _registration_fault(said: Said) -> str | None:
    values = said.values
    if said.body_fault is not None:
        return str(said.body_fault)
    empty = [name for name in ("maker", "model", "terminal_id") if not values[name].strip()]
    if empty:
        return f"no {', no '.join(empty)}"
    if values["plate_color"] not in _COLOURS:
        return f"plate colour {values['plate_color']}"
    if values["plate_color"] == 0 and len(values["plate"]) != _VIN_CHARS_COUNT:
        return f"colour 0 (no plate) with {values['plate']!r}, which is no VIN"
    return None if values["plate"] else "no plate"


def _first_words(heard: Hearing) -> Judgement:
    first = [next(said for said in heard.up if said.link == link) for link in heard.links] if _begins(heard) else []
    return each_of(first, lambda said: None if not said.msg_id or said.msg_id in _BEFORE_IDS else f"0x{said.msg_id:04X} first")


def _begins(heard: Hearing) -> bool:
    """A recording from the middle of a connection says nothing of how it began."""
    return bool(heard.opened) or bool(heard.messages(0x0100, 0x0102))


def _authenticated(heard: Hearing) -> Judgement:
    """Nothing but registration and authentication before the platform said yes."""
    seen_count, faults = 0, []
    for link in heard.links:
        granted = next((said.number for said in heard.messages(0x8001) if said.link == link and _is_yes(said)), None)
        asked = [said for said in heard.up if said.link == link and said.msg_id in _BEFORE_IDS]
        if not asked:
            continue
        seen_count += 1
        spoken = [said for said in heard.up if said.link == link]
        early = [said for said in spoken[1:] if said.msg_id and said.msg_id not in _BEFORE_IDS and granted and said.number < granted]
        faults += [fault_of(said, f"0x{said.msg_id:04X} before the answer to 0x0102") for said in early][:1]
    return seen_count, faults


def _is_yes(said: Said) -> bool:
    return said.values.get("ack_id") == "0x0102" and said.values.get("result") == 0


def _tokens(heard: Hearing) -> Judgement:
    given = [said for said in heard.messages(0x8100) if said.values.get("result") == 0 and "token" in said.values]
    seen_count, faults = 0, []
    for said in heard.messages(0x0102):
        before = [each for each in given if each.number < said.number]
        if before and said.body_fault is None:
            seen_count += 1
            if said.values.get("token") != before[-1].values["token"]:
                faults.append(fault_of(said, f"token {said.values.get('token')!r}, not the one of line {before[-1].number}"))
    return seen_count, faults


def _again(heard: Hearing) -> Judgement:
    """A new connection of a registered terminal authenticates; it does not register anew."""
    links = [link for link in heard.links if any(said.link == link for said in heard.messages(0x0100, 0x0102))]
    later = [next(said for said in heard.messages(0x0100, 0x0102) if said.link == link) for link in links[1:]]
    known = [said for said in later if any(each.number < said.number and _is_yes(each) for each in heard.messages(0x8001))]
    return each_of(known, lambda said: "0x0100 again" if said.msg_id == 0x0100 else None)


def parameter_set(heard: Hearing, key: str) -> list[tuple[Said, int]]:
    """Each time a parameter was known to have a value: set and acknowledged, or told by the terminal."""
    told = [said for said in heard.messages(0x0104) if said.is_up]
    done = [said for said in heard.messages(0x8103) if (answer := heard.answer_to(said)) is not None and answer.values.get("result") == 0]
    found = [(said, said.values.get("params", {}).get(key, {}).get("int")) for said in sorted([*told, *done], key=lambda each: each.number)]
    return [(said, value) for said, value in found if isinstance(value, int)]


def _heartbeat(heard: Hearing) -> Judgement:
    """No silence longer than the period, from when it was known to the end of its link."""
    seen_count, faults = 0, []
    known = parameter_set(heard, "0x0001")
    for index, (begin, period_s) in enumerate(known):
        end = known[index + 1][0].number if index + 1 < len(known) else 1 << 62
        spoken = [said for said in heard.up if said.link == begin.link and begin.number <= said.number < end and said.time_ns is not None]
        for one, other in pairwise(spoken):
            silence_s = other.seconds_since(one) or 0.0
            seen_count += other.msg_id == 0x0002
            if period_s and silence_s > 1.25 * period_s + _SPARE_S:
                faults.append(fault_of(other, f"{silence_s:.1f} s of silence where the heartbeat's period is {period_s} s"))
        left_s = heard.open_s_after(spoken[-1]) if spoken and end == 1 << 62 else None
        if period_s and left_s is not None and left_s > 1.25 * period_s + _SPARE_S:
            faults.append(fault_of(spoken[-1], f"{left_s:.1f} s of silence after it where the heartbeat's period is {period_s} s"))
    return seen_count, faults


def _resent(heard: Hearing) -> Judgement:
    """What was not answered is sent again after T, then after T × 2, as often as parameter 0x0003 says, where the link stays open."""
    answers: dict[tuple[str, object], list[Said]] = {}
    for said in heard.messages(0x8001, 0x8100, 0x8800):
        answers.setdefault((said.link, said.values.get("ack_serial")), []).append(said)
    seen_count = 0
    faults: list[Fault] = []
    done: set[tuple[str, int, bytes]] = set()
    waits = [(said.number, value) for said, value in parameter_set(heard, "0x0002")]
    for said in heard.up if answers else ():
        if not said.is_message or said.is_whole or said.msg_id in ANSWER_IDS or (said.link, said.serials[0], said.raw) in done:
            continue
        done.add((said.link, said.serials[0], said.raw))
        wait_s = next((value for number, value in reversed(waits) if number < said.number), 0)
        if not wait_s:
            continue
        answer = next((each for each in answers.get((said.link, said.serials[0]), ()) if each.number >= said.number), None)
        open_s = heard.open_s_after(said) if answer is None else answer.seconds_since(said)
        if open_s is not None and open_s >= 1.5 * wait_s + _SPARE_S:
            seen_count += 1
            came = _resent_fault(heard, said, wait_s, answer.number if answer is not None else 1 << 62, open_s)
            faults += [fault_of(said, came)] if came else []
    return seen_count, faults


def _resent_fault(heard: Hearing, said: Said, wait_s: int, answered: int, open_s: float) -> str:
    """What is wrong with how one message was sent again before its answer in line `answered`; "" where nothing is."""
    again = [each for each in heard.up if each.link == said.link and said.number < each.number <= answered and _is_same(each, said)]
    if not again:
        return f"0x{said.msg_id:04X} was not answered and not sent again within {open_s:.0f} s"
    first_s = again[0].seconds_since(said) or 0.0
    if not 0.5 * wait_s <= first_s <= 1.5 * wait_s + _SPARE_S:
        return f"sent again after {first_s:.1f} s, where parameter 0x0002 says {wait_s} s"
    counts = [value for each, value in parameter_set(heard, "0x0003") if each.number < said.number]
    if counts and len(again) > counts[-1]:
        return f"sent again {len(again)} times, where parameter 0x0003 says {counts[-1]}"
    if len(again) > 1 and (again[1].seconds_since(again[0]) or 0.0) < 1.3 * first_s:
        return "sent again at a steady pace; each wait shall be longer than the one before"
    return ""


def _is_same(one: Said, other: Said) -> bool:
    """The same message once more; heartbeats look alike, so of those the serial tells."""
    return (one.msg_id, one.body) == (other.msg_id, other.body) and (one.msg_id != 0x0002 or one.serials == other.serials)


def _deregistered(heard: Hearing) -> Judgement:
    gone = [said for said in heard.messages(0x0003) if said.is_up]
    faults: list[Fault] = []
    for said in gone:
        later = next((each for each in heard.up if each.number > said.number and each.msg_id), None)
        if later is not None and later.msg_id not in {0x0100, 0x0003}:
            faults.append(fault_of(later, f"0x{later.msg_id:04X} after the deregistration of line {said.number}"))
    return len(gone), faults


_REGISTRATION, _AUTHENTICATION = "terminal registration (0x0100)", "terminal authentication (0x0102)"
SESSION = (
    Check("registration-fields", JTT808, _REGISTRATION, "maker, model, id, plate and colour, each where its version has it", BREAKS, _registration),
    Check("session-begins", JTT808, "5.1", "registration or authentication first on every connection", BREAKS, _first_words),
    Check("session-waits", JTT808, _AUTHENTICATION, "nothing else before authentication was answered", BREAKS, _authenticated),
    Check("token-echoed", JTT808, _AUTHENTICATION, "the token of the answer 0x8100, byte for byte", BREAKS, _tokens),
    Check("token-kept", JTT808, "5.1", "a registered terminal authenticates on a new connection and does not register again", SHOULD, _again),
    Check("heartbeat-period", JTT808, "5.2, terminal heartbeat (0x0002)", "no silence longer than parameter 0x0001", BREAKS, _heartbeat),
    Check("sent-again", JTT808, "6.1.2", "an unanswered message again after T, then T × 2, …, as parameters 0x0002 and 0x0003 say", BREAKS, _resent),
    Check("deregistration", JTT808, "terminal deregistration (0x0003)", "nothing after it but a new registration", BREAKS, _deregistered),
)
