"""A Merkle tree as in RFC 6962, section 2: what was logged cannot be changed, left out or put in later without every later tree head showing it.

Nothing here stores anything. Whoever does gives `node(level, index)`: the hash over the 2^level leaves from index · 2^level on, all of them there.
Proofs are checked by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

Node: TypeAlias = Callable[[int, int], bytes]

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry. The first byte keeps leaves and nodes apart, or a node could be passed off as an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def grown(peaks: list[bytes], size_count: int, leaf: bytes) -> list[tuple[int, int, bytes]]:
    """Add one leaf to a tree of `size_count`; the complete subtrees that came to be, leaf first, as (level, index, hash).

    `peaks` are the roots of the complete subtrees a tree of this size consists of, largest first; they are brought up to date in place.
    """
    level, index, found = 0, size_count, leaf
    made = [(level, index, found)]
    while index & 1:
        found = node_hash(peaks.pop(), found)
        level, index = level + 1, index >> 1
        made.append((level, index, found))
    peaks.append(found)
    return made


def peaks_of(size_count: int, node: Node) -> list[bytes]:
    """The roots of the complete subtrees a tree of this size consists of, largest first."""
    begin, peaks = 0, []
    for level in reversed(range(size_count.bit_length())):
        if size_count >> level & 1:
            peaks.append(node(level, begin >> level))
            begin += 1 << level
    return peaks


def root_of(size_count: int, node: Node) -> bytes:
    """The tree head over the first `size_count` leaves."""
    peaks = peaks_of(size_count, node)
    if not peaks:
        return EMPTY_ROOT
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def inclusion_path(index: int, size_count: int, node: Node) -> list[bytes]:
    """What must be hashed with leaf `index` to reach the head of the tree of `size_count` (PATH of RFC 6962). ValueError when it is not in there."""
    if not 0 <= index < size_count:
        raise ValueError(f"leaf {index} of a tree of {size_count}; wanted 0 to {size_count - 1}")
    return _path(index, 0, size_count, node)


def consistency_path(old_count: int, new_count: int, node: Node) -> list[bytes]:
    """What shows that the tree of `new_count` begins with the tree of `old_count` (PROOF of RFC 6962). ValueError unless 0 <= old <= new."""
    if not 0 <= old_count <= new_count:
        raise ValueError(f"from {old_count} to {new_count} leaves; wanted an older tree first")
    return _subproof(old_count, 0, new_count, node, is_whole=True) if old_count else []


def holds_leaf(leaf: bytes, index: int, size_count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from this leaf hash, at this place, to this head."""
    if not 0 <= index < size_count:
        return False
    at, last, found = index, size_count - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_continued(old_count: int, new_count: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the newer tree begins with the older one, whole and unchanged."""
    if not 0 <= old_count <= new_count:
        return False
    if old_count in (0, new_count):
        return not path and (old_root == new_root if old_count == new_count else old_root == EMPTY_ROOT)
    steps = list(path)
    if old_count & (old_count - 1) == 0:  # the whole old tree is one subtree of the new one: its root is known
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old_count - 1, new_count - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, new_found = node_hash(step, old_found), node_hash(step, new_found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _half(count: int) -> int:
    """The largest power of two below `count`: the leaves of the left subtree."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(begin: int, count: int, node: Node) -> bytes:
    """Hash over `count` leaves from `begin`, which is a multiple of the power of two at or above `count`."""
    if count & (count - 1) == 0:
        return node(count.bit_length() - 1, begin // count)
    left = _half(count)
    return node_hash(_range_root(begin, left, node), _range_root(begin + left, count - left, node))


def _path(index: int, begin: int, count: int, node: Node) -> list[bytes]:
    if count == 1:
        return []
    left = _half(count)
    if index < left:
        return [*_path(index, begin, left, node), _range_root(begin + left, count - left, node)]
    return [*_path(index - left, begin + left, count - left, node), _range_root(begin, left, node)]


def _subproof(old: int, begin: int, count: int, node: Node, *, is_whole: bool) -> list[bytes]:
    if old == count:
        return [] if is_whole else [_range_root(begin, count, node)]
    left = _half(count)
    if old <= left:
        return [*_subproof(old, begin, left, node, is_whole=is_whole), _range_root(begin + left, count - left, node)]
    return [*_subproof(old - left, begin + left, count - left, node, is_whole=False), _range_root(begin, left, node)]
