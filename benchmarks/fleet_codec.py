"""What decoding costs: messages a second on one core, from the bytes of a frame to its values, and back.

`python -m benchmarks.fleet_codec`. A plain 0x0200 is the position and the items that every terminal sends: mileage, radio, satellites.
"""

import time
from collections.abc import Callable

from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.message import Message

PHONE, SECONDS_S, ROUNDS_COUNT = "013800138000", 1.0, 5
POSITION = "000000000004000301d59c1c06a36599006e0258010e261121193139"
PLAIN = bytes.fromhex(POSITION + "01040000eb8830011d310119")
ALARM = "6429 00000001 01 01 01 32 0a 00 00 00 3c 006e 01d59c1c 06a36599 261121193139 0011 37363534333231 261121193139 01 02 00"


def frame(msg_id: int, body: bytes) -> bytes:
    return bytes(Frame(Header.of(msg_id, PHONE, 7), body))


def per_second(once: Callable[[], object]) -> float:
    """Best of some rounds: what else the machine does only ever takes away."""
    best = 0.0
    for _ in range(ROUNDS_COUNT):
        done, begin_s = 0, time.process_time()
        while (spent_s := time.process_time() - begin_s) < SECONDS_S:
            for _ in range(200):
                once()
            done += 200
        best = max(best, done / spent_s)
    return best


def main() -> None:
    alarm = bytes.fromhex(ALARM.replace("6429", "642f"))
    cases = {
        "0x0200, position alone": frame(0x0200, PLAIN[:28]),
        "0x0200, plain (wanted: at least 40,000)": frame(0x0200, PLAIN),
        "0x0200 with an alarm of driver assistance": frame(0x0200, PLAIN + alarm),
        "0x0002, heartbeat": frame(0x0002, b""),
        "0x0704, ten plain positions": frame(0x0704, b"\0\x0a\0" + (len(PLAIN).to_bytes(2) + PLAIN) * 10),
    }
    print("| messages a second, one core | decoded | encoded |\n|---|---|---|")
    for name, raw in cases.items():
        message = Message.parse(raw)
        assert bytes(message) == raw, name
        decoded, encoded = per_second(lambda raw=raw: Message.parse(raw)), per_second(lambda message=message: bytes(message))
        print(f"| {name} | {decoded:,.0f} | {encoded:,.0f} |")


if __name__ == "__main__":
    main()
