"""Waiting for answers as JT/T 808 says."""

from catseye.core.time import NS_PER_S
from catseye.fleet.simulate.outbox import Outbox, Patience


def sent_at_s(patience: Patience, until_s: int) -> tuple[list[int], int | None]:
    box = Outbox(patience)
    box.add(0x0200, range(5, 6), [b"frame"], 0)
    sent = []
    for second in range(until_s):
        frames, is_dead = box.due(second * NS_PER_S)
        sent += [second] if frames else []
        if is_dead:
            return sent, second
    return sent, None


def test_each_wait_is_the_one_before_times_the_number_of_sendings() -> None:
    assert sent_at_s(Patience(10, 3), 1000) == ([10, 30, 90], 330)


def test_a_message_that_was_answered_is_never_sent_again() -> None:
    box = Outbox(Patience(1, 3))
    box.add(0x0200, range(5, 6), [b"frame"], 0)
    assert box.answered(5, 0x0704) is None
    assert box.answered(5, 0x0200) is not None
    assert box.due(100 * NS_PER_S) == ([], False)
    assert len(box) == 0


def test_of_several_frames_the_answer_to_the_last_is_the_answer() -> None:
    box = Outbox()
    box.add(0x0704, range(0xFFFE, 0x10001), [b"a", b"b", b"c"], 0)
    assert len(box) == 1
    assert box.answered(0xFFFE, 0x0704) is None
    assert box.starting_at(0xFFFE) is not None
    assert box.starting_at(0xFFFF) is None
    assert box.answered(0, 0x0704) is not None


def test_after_a_new_link_critical_messages_go_first() -> None:
    box = Outbox()
    box.add(0x0200, range(1, 2), [b"place"], 0)
    box.add(0x0200, range(2, 3), [b"alarm"], 1, is_critical=True)
    assert box.renew(9) == [b"alarm", b"place"]
