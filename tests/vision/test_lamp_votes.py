"""From looks to states over time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN, LAMPS
from catseye.vision.lamp_votes import LampVotes

MS = 1_000_000
LETTERS = {".": LAMP_UNKNOWN, "r": LAMP_RED, "a": LAMP_AMBER, "g": LAMP_GREEN}


def told(looks: str, every_ms: int = 125, votes: LampVotes | None = None) -> list[tuple[int, str]]:
    """Changes as (ms, state) from a letter a look."""
    votes = votes or LampVotes()
    changes = [change for index, letter in enumerate(looks) for change in votes.hear(index * every_ms * MS, LETTERS[letter])]
    return [(time_ns // MS, LAMPS[state].value) for time_ns, state in changes]


def test_a_state_is_told_when_it_has_held_and_began_when_first_seen() -> None:
    assert told("..rr") == []
    assert told("..rrr") == [(250, "red")]


def test_a_single_look_changes_nothing() -> None:
    assert told("gggggrggggg") == [(0, "green")]


def test_dark_looks_of_a_flickering_lamp_are_bridged() -> None:
    assert told("r.rr..r.r.r..rr") == [(0, "red")]


def test_what_nobody_sees_any_more_is_unknown_from_its_last_sight() -> None:
    assert told("ggggg" + 6 * ".") == [(0, "green"), (500, "unknown")]


def test_a_red_does_not_reach_into_the_green_behind_it() -> None:
    assert told("rrrrggg") == [(0, "red"), (375, "unknown"), (500, "green")]
    assert told("ggggrrr") == [(0, "green"), (500, "red")]


def test_after_a_pause_nothing_is_known() -> None:
    votes = LampVotes()
    assert told("rrrr", votes=votes) == [(0, "red")]
    assert votes.hear(2_000 * MS, LAMP_RED) == [(375 * MS + 1, LAMP_UNKNOWN)]


def test_the_end_of_the_stream_ends_the_state() -> None:
    votes = LampVotes()
    told("ggg", votes=votes)
    assert votes.close() == [(250 * MS + 1, LAMP_UNKNOWN)]
    assert votes.close() == []


def test_a_slow_camera_needs_two_looks() -> None:
    assert told("rr", every_ms=330) == [(0, "red")]


def test_time_that_runs_backwards_is_refused() -> None:
    votes = LampVotes()
    votes.hear(5, LAMP_RED)
    with pytest.raises(ValueError, match="ascending"):
        votes.hear(4, LAMP_RED)


@given(st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(sorted(LETTERS.values()))), max_size=60))
def test_changes_come_in_order_differ_and_never_lie_before_what_was_known(looks: list[tuple[int, int]]) -> None:
    votes, now_ns, known_ns = LampVotes(), 0, 0
    changes: list[tuple[int, int]] = []
    for step_ms, state in looks:
        now_ns += step_ms * MS
        new = votes.hear(now_ns, state)
        assert all(known_ns <= time_ns <= now_ns for time_ns, _ in new)
        changes += new
        assert votes.known_until_ns >= known_ns
        known_ns = votes.known_until_ns
    changes += votes.close()
    assert [time_ns for time_ns, _ in changes] == sorted(time_ns for time_ns, _ in changes)
    assert all(before[1] != after[1] for before, after in itertools.pairwise(changes))
