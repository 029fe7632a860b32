"""What judging costs: from a decoded location report to its verdict, and a second in which nothing happens to 10,000 terminals.

`python -m benchmarks.fleet_alarms`. Seconds of the process: what else the machine does counts little.
"""

import hashlib
import time
from collections.abc import Callable

from benchmarks.fleet_codec import ALARM, PLAIN
from catseye.core.terminal import Accepted, OrderState, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.alarms import alarms_of, event_of
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy_file import default_policy
from catseye.fleet.frame808 import V2013
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body

RECEIVED = Stamp(1_795_260_700_000_000_000)  # 2026-11-21 11:31:40 UTC, a second after PLAIN
TERMINALS_COUNT, ROUNDS_COUNT = 10_000, 5


def heard(raw: bytes, identity: str, received: Stamp = RECEIVED) -> Heard:
    return Heard(Accepted(identity, identity, V2013, 0x0200, 1, received, raw), Body.parse(0x0200, V2013, raw))


def fold() -> Corrections:
    return Corrections(Means(default_policy(), lambda text: hashlib.sha256(text.encode()).hexdigest()[:32]))


def best_us(work: Callable[[], object], count: int) -> float:
    spent = []
    for _ in range(ROUNDS_COUNT):
        begin_s = time.process_time()
        work()
        spent.append((time.process_time() - begin_s) / count * 1e6)
    return min(spent)


def main() -> None:
    alarm = PLAIN + bytes.fromhex(ALARM.replace("6429", "642f").replace("01 01 01 32", "01 03 01 32"))
    names = [f"{number:012}" for number in range(TERMINALS_COUNT)]
    plain, alarms = [heard(PLAIN, name) for name in names], [heard(alarm, name) for name in names]
    antenna = [heard(bytes([0, 0, 0, 1 << 5]) + PLAIN[4:], name) for name in names]
    held, warned = fold(), fold()
    held.settle(held.judge(antenna, [], RECEIVED))
    verdict = warned.judge(alarms, [], RECEIVED)
    warned.settle(verdict)
    acknowledged = [Told(order.id, order.identity, OrderState.ACKNOWLEDGED, RECEIVED, 0) for order in verdict.orders]
    warned.settle(warned.judge([], acknowledged, RECEIVED))
    quiet = fold()
    assert len(verdict.orders) == TERMINALS_COUNT and not quiet.judge(plain, [], RECEIVED).events
    rows = {
        "plain report, alarms read": best_us(lambda: [alarms_of(each.accepted, each.body) for each in plain], TERMINALS_COUNT),
        "plain report, judged": best_us(lambda: quiet.judge(plain, [], RECEIVED), TERMINALS_COUNT),
        "report with a bit that has been set for long, judged": best_us(lambda: held.judge(antenna, [], RECEIVED), TERMINALS_COUNT),
        "alarm read": best_us(lambda: [alarms_of(each.accepted, each.body) for each in alarms], TERMINALS_COUNT),
        "alarm to event with its id": best_us(lambda: [event_of(alarms_of(each.accepted, each.body)[0]).id for each in alarms], TERMINALS_COUNT),
        "alarm judged: event, warning": best_us(lambda: quiet.judge(alarms, [], RECEIVED), TERMINALS_COUNT),
        "acknowledgement judged": best_us(lambda: warned.judge([], acknowledged, RECEIVED), TERMINALS_COUNT),
        "a second of 10,000 warned terminals, a terminal": best_us(lambda: warned.judge([], [], RECEIVED.plus_ns(NS_PER_S)), TERMINALS_COUNT),
    }
    print("| | µs, one core |\n|---|---|")
    for name, spent_us in rows.items():
        print(f"| {name} | {spent_us:.2f} |")


if __name__ == "__main__":
    main()
