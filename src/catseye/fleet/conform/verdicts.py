"""All checks over one transcript. The same for every terminal; who made it is not asked."""

from collections.abc import Sequence

from catseye.fleet.conform.alarms import ALARMS
from catseye.fleet.conform.checks import BREAKS, BROKEN, HOLDS, NOT_SEEN, Check, Verdict
from catseye.fleet.conform.framing import FRAMING
from catseye.fleet.conform.hearing import hearing_of
from catseye.fleet.conform.location import LOCATION
from catseye.fleet.conform.orders import ORDERS
from catseye.fleet.conform.session import SESSION
from catseye.fleet.conform.transcript import Transcript
from catseye.fleet.conform.video import VIDEO

CHECKS: tuple[Check, ...] = (*FRAMING, *SESSION, *ORDERS, *LOCATION, *ALARMS, *VIDEO)


def verdicts_of(transcript: Transcript) -> tuple[Verdict, ...]:
    """One verdict a check, in the order of the standards."""
    heard = hearing_of(transcript)
    return tuple(Verdict(check, seen_count, tuple(faults)) for check in CHECKS for seen_count, faults in (check.judge(heard),))


def conforms(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing that was judged breaks a standard, and anything was judged at all."""
    return not any(verdict.breaks for verdict in verdicts) and any(verdict.seen_count for verdict in verdicts)


def counts_of(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many checks hold, are broken, were not seen; and how many of the broken ones break the standard."""
    words = [verdict.word for verdict in verdicts]
    return {word: words.count(word) for word in (HOLDS, BROKEN, NOT_SEEN)} | {BREAKS: sum(verdict.breaks for verdict in verdicts)}
