"""`catseye fleet policy …`: whether a policy says something that can be meant, and what it would have done."""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from catseye.core.errors import SourceError
from catseye.core.event import Event
from catseye.core.terminal import Accepted, Order, OrderState, Told, identity_of
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.fleet.correction.bodies import Server
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy import WARN, Policy
from catseye.fleet.correction.policy_file import default_policy, read_policy
from catseye.fleet.decode import MOST_LINE_CHARS_COUNT
from catseye.fleet.errors import WireError
from catseye.fleet.fix import Fix
from catseye.fleet.frame808 import Frame
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body
from catseye.fleet.subpackages import Joining
from catseye.station.outcome import RunOutcome

_MOST_FILE_BYTES = 1 << 20
_NOWHERE = Server("192.0.2.1", 7613)  # RFC 5737: an address of documentation; nothing is sent
_STEP_NS = NS_PER_S


def policy_of(path: Path | None) -> Policy:
    """The policy of a file, or the house's."""
    if path is None:
        return default_policy()
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_FILE_BYTES + 1)
        if len(raw) > _MOST_FILE_BYTES:
            raise SourceError(str(path), f"more than {_MOST_FILE_BYTES} bytes", "a correction policy")
        return read_policy(raw.decode("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as fault:
        raise SourceError(str(path), str(fault).partition("\n")[0], "a correction policy, UTF-8") from fault


def check_policy(path: Path) -> RunOutcome:
    """What it says, in a line a row."""
    policy = policy_of(path)
    lines = [f"{row.name}: {', '.join(row.alarms)} → {', '.join(row.actions)}" for row in policy.row]
    languages = sorted(policy.texts)
    lines.append(f"{len(policy.row)} rows; texts in {', '.join(languages) or 'no language'}")
    said = {text for row in policy.row if WARN in row.actions for text in row.texts}
    silent = sorted(f"{text} ({language})" for text in said for language in languages if not policy.texts[language].get(text))
    lines += [f"not in every language, so said in {policy.language}: {', '.join(silent)}"] if silent else []
    return RunOutcome(0, {"rows": [row.name for row in policy.row], "languages": languages, "said_in_the_policys_language": silent}, lines)


def try_policy(path: Path | None, language: str, source: BinaryIO | None = None) -> RunOutcome:
    """Replay frames: each is received when its terminal says it was written, every order is acknowledged 0.2 s later, and two minutes follow the last one."""
    means = Means(policy_of(path), lambda text: hashlib.sha256(text.encode()).hexdigest()[:32], language, _NOWHERE, _NOWHERE, keeps_pictures=True)
    trial, refused = _Trial(Corrections(means)), list[str]()
    messages: list[Heard] = []
    for number, heard in _heard(source or sys.stdin.buffer):
        if isinstance(heard, WireError):
            refused.append(f"line {number}: {heard}")
        else:
            messages.append(heard)
    for each in sorted(messages, key=lambda each: each.accepted.received.utc_ns):
        trial.message(each)
    trial.until(trial.now_ns + 120 * NS_PER_S)
    happened = [{"time_utc": when.iso(), "terminal": terminal, "what": what, "detail": detail} for when, terminal, what, detail in trial.happened]
    lines = [f"{each['time_utc']}  {each['terminal']}  {each['what']}  {each['detail']}" for each in happened]
    lines += [f"refused: {each}" for each in refused] + [f"{len(messages)} messages, {len(refused)} lines refused"]
    return RunOutcome(1 if refused else 0, {"happened": happened, "messages_count": len(messages), "refused": refused}, lines)


class _Trial:
    """One policy against a recording."""

    def __init__(self, fold: Corrections) -> None:
        self.fold, self.now_ns = fold, 0
        self.waiting: list[Told] = []
        self.happened: list[tuple[Stamp, str, str, str]] = []

    def message(self, heard: Heard) -> None:
        self.until(heard.accepted.received.utc_ns)
        self._judge([heard], [])

    def until(self, now_ns: int) -> None:
        """Let time go by in seconds as far as anything waits for it; a pause of days costs nothing."""
        if self.now_ns:
            for moment_ns in range(self.now_ns, min(now_ns, self.now_ns + 3600 * NS_PER_S), _STEP_NS):
                self.now_ns = moment_ns
                due = [each for each in self.waiting if each.when.utc_ns <= moment_ns]
                self.waiting = [each for each in self.waiting if each not in due]
                self._judge([], due)
        self.now_ns = max(self.now_ns, now_ns)

    def _judge(self, messages: list[Heard], told: list[Told]) -> None:
        verdict = self.fold.judge(messages, told, Stamp(self.now_ns))
        self.fold.settle(verdict)
        for event in verdict.events:
            self._tell_event(event)
        for order in verdict.orders:
            self._tell_order(order)

    def _tell_event(self, event: Event) -> None:
        ended = f" (until {Stamp(event.end_time_ns).iso()})" if event.end_time_ns > event.time_ns else ""
        self.happened.append((event.when or Stamp(event.time_ns), event.subjects[0], event.kind, f"{event.details['detail']}{ended}"))

    def _tell_order(self, order: Order) -> None:
        version = watch.version if (watch := self.fold.watch(order.identity)) else "2011/2013"
        said = Body.parse(order.msg_id, version, order.body).values
        detail = f"0x{order.msg_id:04X} " + (repr(said["text"]) if "text" in said else order.body.hex())
        self.happened.append((order.created, order.identity, f"order: {order.purpose}", detail))
        for state, later_ms in ((OrderState.SENT, 50), (OrderState.ACKNOWLEDGED, 200)):
            self.waiting.append(Told(order.id, order.identity, state, order.created.plus_ns(later_ms * NS_PER_MS), 0))


def _heard(source: BinaryIO) -> Iterator[tuple[int, Heard | WireError]]:
    parts: dict[tuple[str, int], Joining] = {}
    for number, raw in enumerate(iter(lambda: source.readline(MOST_LINE_CHARS_COUNT + 2), b""), 1):
        text = raw.decode("utf-8", "replace").strip()
        if not text:
            continue
        try:
            frame = Frame.parse(bytes.fromhex(str(json.loads(text)["hex"]) if text.startswith("{") else text))
            if frame.header.is_subpackage:
                place = (frame.header.phone, frame.header.msg_id)
                joining = parts.pop(place, None)
                joining = joining.add(frame) if joining and joining.takes(frame.header) else Joining.begin(frame)
                if not joining.is_whole:
                    parts[place] = joining
                    continue
                frame = Frame(frame.header, joining.body())
            heard = _message(frame)
        except WireError as fault:
            yield number, fault
        except (ValueError, KeyError, TypeError, RecursionError):
            yield number, WireError("line", f"'{text[:40]}'", "a frame of JT/T 808 in hex, or an object with its hex")
        else:
            if heard is not None:
                yield number, heard


def _message(frame: Frame) -> Heard | None:
    """A location report with the moment it was written at; other messages lead to nothing."""
    header = frame.header
    body = Body.parse(header.msg_id, header.version, frame.body)
    values = body.values
    reports = {0x0200: [values], 0x0201: [values.get("location", {})], 0x0704: values.get("list", [])}.get(header.msg_id, [])
    times = [Fix.of(each).when.utc_ns for each in reports if "time" in each]
    if not times:
        return None
    received = Stamp(max(times) + NS_PER_S)
    return Heard(Accepted(identity_of(header.phone), header.phone, header.version, header.msg_id, header.serial, received, frame.body), body)
