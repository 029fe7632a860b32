"""The tree of RFC 6962: its known heads, its proofs, and every proof that must fail."""

from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.vault.merkle import (
    EMPTY_ROOT,
    consistency_path,
    grown,
    holds_leaf,
    inclusion_path,
    is_continued,
    leaf_hash,
    node_hash,
    peaks_of,
    root_of,
)

# Entries and heads by size as in the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test).
ENTRIES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
HEADS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@dataclass
class Tree:
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    peaks: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, entry: bytes) -> None:
        for level, index, found in grown(self.peaks, self.size, leaf_hash(entry)):
            self.nodes[level, index] = found
        self.size += 1

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


def tree_of(entries: list[bytes]) -> Tree:
    tree = Tree()
    for entry in entries:
        tree.add(entry)
    return tree


def head_by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(head_by_definition(leaves[:k]), head_by_definition(leaves[k:]))


TREE = tree_of([bytes([number % 256, number // 256]) for number in range(300)])
SIZES = st.integers(0, TREE.size)


@pytest.mark.parametrize("size", range(9))
def test_heads_are_those_of_the_reference_implementation(size: int) -> None:
    tree = tree_of(ENTRIES[:size])
    assert root_of(size, tree.node).hex() == HEADS[size]
    assert tree.peaks == peaks_of(size, tree.node)


def test_the_paths_of_the_rfc_s_example_with_seven_leaves() -> None:
    """Section 2.1.3: with leaves d0 to d6 the path of d0 is [b, h, l], of d3 [c, g, l], of d4 [f, j, k], of d6 [i, k]."""
    tree = tree_of(ENTRIES[:7])
    b, c, f = (leaf_hash(ENTRIES[index]) for index in (1, 2, 5))
    g, h, i, j = tree.node(1, 0), tree.node(1, 1), tree.node(1, 2), leaf_hash(ENTRIES[6])
    k = tree.node(2, 0)
    right = node_hash(i, j)
    assert inclusion_path(0, 7, tree.node) == [b, h, right]
    assert inclusion_path(3, 7, tree.node) == [c, g, right]
    assert inclusion_path(4, 7, tree.node) == [f, j, k]
    assert inclusion_path(6, 7, tree.node) == [i, k]
    d = leaf_hash(ENTRIES[3])
    assert consistency_path(3, 7, tree.node) == [c, d, g, right]
    assert consistency_path(4, 7, tree.node) == [right]
    assert consistency_path(6, 7, tree.node) == [i, j, k]


@given(SIZES)
def test_the_head_is_the_rfc_s_definition(size: int) -> None:
    assert root_of(size, TREE.node) == head_by_definition([TREE.node(0, index) for index in range(size)])


@given(st.data(), st.integers(1, TREE.size))
def test_every_leaf_is_shown_to_be_there_and_no_other(data: st.DataObject, size: int) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    path, root = inclusion_path(index, size, TREE.node), root_of(size, TREE.node)
    assert holds_leaf(TREE.node(0, index), index, size, path, root)
    assert holds_leaf(TREE.node(0, other), index, size, path, root) is (other == index)
    assert not holds_leaf(TREE.node(0, index), index, size, [*path, root], root)
    assert not holds_leaf(TREE.node(0, index), index, size, path, EMPTY_ROOT)
    assert not holds_leaf(TREE.node(0, index), size, size, path, root)


@given(st.data(), SIZES)
def test_a_longer_log_is_shown_to_begin_with_the_shorter(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    path, old_root, new_root = consistency_path(old, new, TREE.node), root_of(old, TREE.node), root_of(new, TREE.node)
    assert is_continued(old, new, old_root, new_root, path)
    if 0 < old < new:
        forged = sha256(old_root).digest()
        assert not is_continued(old, new, forged, new_root, path)
        assert not is_continued(old, new, old_root, forged, path)
        assert not is_continued(old, new, old_root, new_root, path[:-1])
        assert not is_continued(old, new, old_root, new_root, [*path, forged])


@given(st.data(), st.integers(2, TREE.size))
def test_a_forked_log_is_no_continuation(data: st.DataObject, size: int) -> None:
    """A log whose past was changed has no proof at all: not even its own tree makes one that fits the head a witness kept."""
    changed = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(changed + 1, size))
    fork = tree_of([bytes([n % 256, n // 256]) if n != changed else b"changed" for n in range(size)])
    path = consistency_path(old, size, fork.node)
    assert not is_continued(old, size, root_of(old, TREE.node), root_of(size, fork.node), path)


@given(st.integers(-3, 400), st.integers(-3, 400), st.lists(st.binary(min_size=32, max_size=32), max_size=12), st.binary(min_size=32, max_size=32))
def test_no_made_up_proof_raises_or_is_believed(one: int, other: int, path: list[bytes], root: bytes) -> None:
    assert not holds_leaf(leaf_hash(b"x"), one, other, path, root)
    assert not is_continued(one, other, root_of(3, TREE.node), root, path)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"leaf {index} of a tree of {size}"):
        inclusion_path(index, size, TREE.node)


def test_an_older_tree_comes_first() -> None:
    with pytest.raises(ValueError, match="from 4 to 3 leaves; wanted an older tree first"):
        consistency_path(4, 3, TREE.node)
