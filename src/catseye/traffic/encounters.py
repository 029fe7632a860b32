"""What kind of encounter two road users are in, and how hard one would have to brake."""

from enum import StrEnum

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints
from catseye.traffic.bodies import Motion
from catseye.traffic.footprints import Meeting, contact_place, left_of

SAME_WAY_DEG = 45.0
HEAD_ON_DEG = 150.0
LEAVES_DEG = 5.0
SURE_SIGMAS = 2.0


class EncounterType(StrEnum):
    """The conflict points of a junction, by how the courses lie to each other where they meet."""

    CROSSING = "crossing"
    REAR_END = "rear-end"
    HEAD_ON = "head-on"
    MERGING = "merging"
    DIVERGING = "diverging"


ENCOUNTER_TYPES: tuple[EncounterType, ...] = tuple(EncounterType)
CROSSING, REAR_END, HEAD_ON, MERGING, DIVERGING = range(5)
_TOUCHING_M = 1e-9
_WALKING_MS = 1.0  # slower, a course is what it was
_AHEAD = np.array([[1.0], [-1.0]])  # from one to other it is forward, from other to one back


def angle_deg(vector: Doubles, to: Doubles) -> Doubles:
    """From the one to the other (n,), -180 to 180, left positive."""
    cross = vector[:, 0] * to[:, 1] - vector[:, 1] * to[:, 0]
    return np.asarray(np.degrees(np.arctan2(cross, (vector * to).sum(1))), np.float64)


def described(one: Motion, other: Motion, ttc_s: Doubles, axis: Ints, angle_sigma_deg: Doubles) -> tuple[Codes, Bools, Doubles]:
    """Of pairs (n,) that meet in `ttc_s` along an `axis`: codes of the types, whether the one runs into the other, and the place of the contact (n, 2).

    `angle_sigma_deg` (n,): doubt of the angle between them.
    """
    first = strikes_first(one, other, axis)
    there = one.after(ttc_s), other.after(ttc_s)
    striker = np.where(first[:, None], there[0].heading, there[1].heading)
    struck = np.where(first[:, None], there[1].heading, there[0].heading)
    offset = np.where(first[:, None], 1.0, -1.0) * (other.footprints.place - one.footprints.place)
    rates = one.turn_rads, other.turn_rads
    turns = np.where(first, *rates), np.where(first, *rates[::-1])
    return encounter_types(striker, struck, offset, axis % 2 == 1, turns, np.maximum(LEAVES_DEG, SURE_SIGMAS * angle_sigma_deg)), first, contact_place(*there)


def angle_sigma_deg(one: Motion, other: Motion, velocity_sigma_ms: Doubles) -> Doubles:
    """One sigma (n,) of the angle between two courses; `velocity_sigma_ms` (2, n) on each axis."""
    speeds = np.maximum(np.abs(np.stack([one.along_ms(), other.along_ms()])), _WALKING_MS)
    return np.asarray(np.degrees(np.hypot(*(velocity_sigma_ms / speeds))), np.float64)


def strikes_first(one: Motion, other: Motion, axis: Ints) -> Bools:
    """Which of each pair runs into the other: True (n,) where it is the one. `axis` (n,): the edge direction they meet along, as in `Meeting`.

    It is who comes faster towards the other across the edge they meet at: the follower, not the leader; the front, not the side.
    """
    edges = np.where((axis < 2)[:, None], one.footprints.heading, other.footprints.heading)
    across = np.where((axis % 2 == 0)[:, None], edges, left_of(edges))
    across *= np.where(((other.footprints.place - one.footprints.place) * across).sum(1) >= 0, 1.0, -1.0)[:, None]
    return np.asarray((one.velocity * across).sum(1) >= -(other.velocity * across).sum(1), np.bool_)


def encounter_types(
    striker: Doubles, struck: Doubles, offset: Doubles, touches_side: Bools, turn_rates: tuple[Doubles, Doubles], least_deg: Doubles | float = LEAVES_DEG
) -> Codes:
    """Codes (n,) of pairs.

    `striker`, `struck` (n, 2): unit courses at the contact; `offset` (n, 2) from the striker's centre to the other's now; `touches_side` (n,): they meet
    side against side; `turn_rates` (n,) of the striker and the struck. Of those that go the same way the struck is leaving where it points away from the
    striker's course by at least `least_deg` (n,), coming in where it points so towards it; who follows through the same turn is behind it. Who turns across
    another's way does not drive at it.
    """
    angle, aside = angle_deg(striker, struck), (left_of(striker) * offset).sum(1)
    types = np.full(len(angle), REAR_END, np.uint8)
    slants = (np.abs(angle) > least_deg) & (turn_rates[0] * angle <= 0)
    types[slants & (angle * aside >= 0)] = DIVERGING
    types[(slants & (angle * aside < 0)) | touches_side] = MERGING
    types[np.abs(angle) > SAME_WAY_DEG] = CROSSING
    types[(np.abs(angle) >= HEAD_ON_DEG) & (turn_rates[0] == 0) & (turn_rates[1] == 0)] = HEAD_ON
    return types


def drac_ms2(meeting: Meeting, along_ms: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Deceleration rate to avoid the crash (n,), Cooper & Ferguson 1976: the least constant braking of one of the two, the other going on as it does.

    Who brakes must not reach the other before it is out of the way: it either comes to the other's speed short of it, or lets it pass. Whoever needs less
    counts. `along_ms` (2, n): speeds of each along its own heading. inf where braking helps nobody, and where they only meet because one turns.
    Also the gap (n,) and the closing speed (n,) it follows from.
    """
    offset, speed, gap, clear_s = meeting.offset_m[0::2], meeting.speed_ms[0::2], meeting.gap_m[0::2], meeting.end_s[1::2]
    closing = np.where(offset >= 0, -speed, speed)
    helps = (_AHEAD * offset * along_ms > 0) & (gap > 0) & (closing * clear_s > gap)
    stops = closing * closing / (2 * np.maximum(gap, _TOUCHING_M))
    lets_pass = 2 * (closing * clear_s - gap) / np.maximum(clear_s * clear_s, _TOUCHING_M)
    braking = np.where(helps, np.where(2 * gap <= closing * clear_s, stops, lets_pass), np.inf)
    who, row = braking.argmin(0), np.arange(braking.shape[1])
    return braking[who, row], gap[who, row], closing[who, row]
