"""What a check is: a clause, what it wants, and a pure function that finds where a terminal does otherwise. A check nobody could judge never holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catseye.fleet.conform.hearing import Hearing, Said

JTT808, JTT1078, JSATL12, GDRTA002 = "JT/T 808-2013, -2019", "JT/T 1078-2016", "T/JSATL 12-2017", "T/GDRTA 002-2020"
BREAKS, SHOULD, UNUSUAL = "breaks", "should", "unusual"
HOLDS, BROKEN, NOT_SEEN = "holds", "broken", "not seen"
ANSWER_S = 10.0  # the platform's own patience: the standard leaves it to the platform
_MOST_SHOWN_BYTES = 48


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a terminal did otherwise. `number`: the line of the transcript, from 1; `offset_bytes`: in the frame after its mark, escapes undone."""

    number: int
    came: str
    data: bytes = b""
    offset_bytes: int | None = None

    def shown(self) -> str:
        """One line for people."""
        at = f", byte {self.offset_bytes}" if self.offset_bytes is not None else ""
        dots = "…" if len(self.data) > _MOST_SHOWN_BYTES else ""
        return f"line {self.number}{at}: {self.came}" + (f" [{self.data[:_MOST_SHOWN_BYTES].hex()}{dots}]" if self.data else "")


Judgement = tuple[int, list[Fault]]  # how often the clause could be judged, and where it was broken


@dataclass(frozen=True, slots=True)
class Check:
    """One clause. `severity`: `breaks` the standard, what a terminal `should` do, or only `unusual`."""

    id: str
    standard: str
    clause: str
    wanted: str
    severity: str
    judge: Callable[[Hearing], Judgement]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check. `seen_count`: how often it could be judged; 0 is `not seen`, which is no praise."""

    check: Check
    seen_count: int
    faults: tuple[Fault, ...]

    @property
    def word(self) -> str:
        """`holds`, `broken` or `not seen`."""
        return BROKEN if self.faults else HOLDS if self.seen_count else NOT_SEEN

    @property
    def breaks(self) -> bool:
        """Whether the terminal does not conform for this alone."""
        return bool(self.faults) and self.check.severity == BREAKS


def fault_of(said: Said, came: str, offset_bytes: int | None = None) -> Fault:
    """A fault of one frame."""
    return Fault(said.number, came, said.raw, offset_bytes)


def each_of(found: Iterable[Said], came: Callable[[Said], str | None]) -> Judgement:
    """Judge every one; `came` says what is wrong with it, or None."""
    judged = [(said, came(said)) for said in found]
    return len(judged), [fault_of(said, text) for said, text in judged if text]


def body_at(said: Said) -> int:
    """Where the body begins in the frame, after the mark."""
    return 0 if said.header is None else len(bytes(said.header))
