"""Several frames, one plate: what most of them say at each place, and how sure they are together. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from catseye.vision.plates.sockets import Character


def voted(readings: Sequence[tuple[Character, ...]]) -> tuple[tuple[Character, ...], int]:
    """The characters, and how many readings had that many of them; the others have no vote, since nobody knows which place they left out.

    A character's confidence is what the readings that chose it were sure of, shared among all that voted: who disagrees, doubts.

    >>> sure, unsure = Character("A", 1.0), Character("B", 0.5)
    >>> voted([(sure,), (sure,), (unsure,), (sure, sure)])
    ((Character(symbol='A', confidence_ratio=0.6666666666666666),), 3)
    """
    by_length = Counter(len(reading) for reading in readings if reading)
    if not by_length:
        return (), 0
    sureness = {length: sum(character.confidence_ratio for reading in readings if len(reading) == length for character in reading) for length in by_length}
    length = max(by_length, key=lambda each: (by_length[each], sureness[each]))
    voters = [reading for reading in readings if len(reading) == length]
    return tuple(_chosen([reading[place] for reading in voters]) for place in range(length)), len(voters)


def _chosen(votes: Sequence[Character]) -> Character:
    support: dict[str, float] = defaultdict(float)
    for vote in votes:
        support[vote.symbol] += vote.confidence_ratio
    best = max(support, key=lambda symbol: (support[symbol], symbol))
    return Character(best, support[best] / len(votes))
