"""Merkle trees: the vectors of RFC 6962's reference, and every proof of small trees."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from twirec.model.merkle import (
    EMPTY,
    MerkleTree,
    consistency_spans,
    consistent_roots,
    included_root,
    inclusion_spans,
    leaf_hash,
    node_hash,
    shared_root,
    shared_spans,
    split,
)

# The eight leaves and roots with which Certificate Transparency tests itself (merkletree of
# google/certificate-transparency, whose tree is that of RFC 6962 and RFC 9162).
LEAVES = [
    bytes.fromhex(each)
    for each in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {  # of leaf 0 and of leaf 5, in the tree of eight
    0: [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    5: [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The definition of section 2.1.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


def test_the_roots_are_those_of_the_reference() -> None:
    tree = MerkleTree()
    assert tree.root() == EMPTY
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.add(leaf_hash(leaf))
        assert tree.root().hex() == root
        tree = MerkleTree(tree.size, tree.peaks)  # as the next day goes on
    with pytest.raises(ValueError, match="1 peaks"):
        MerkleTree(8, tree.peaks * 2)


def test_the_proofs_are_those_of_the_reference() -> None:
    leaves = list(map(leaf_hash, LEAVES))
    for index, path in PATHS.items():
        spans = inclusion_spans(index, 8)
        assert [root_of(leaves[begin:end]).hex() for begin, end in spans] == path


def test_each_proof_of_each_small_tree_holds_and_no_other_does() -> None:
    leaves = [leaf_hash(bytes([each])) for each in range(20)]
    for size in range(1, len(leaves) + 1):
        there = leaves[:size]
        root = root_of(there)
        spans = {span for index in range(size) for span in inclusion_spans(index, size)}
        spans |= {span for first in range(1, size) for span in consistency_spans(first, size)}
        tree = MerkleTree(wanted=spans)
        for leaf in there:
            tree.add(leaf)
        assert tree.root() == root
        assert tree.nodes == {span: root_of(leaves[slice(*span)]) for span in spans}
        for index in range(size):
            path = [tree.nodes[span] for span in inclusion_spans(index, size)]
            assert included_root(there[index], index, size, path) == root
            assert included_root(leaf_hash(b"other"), index, size, path) != root
            if path:
                assert included_root(there[index], index, size, [EMPTY, *path[1:]]) != root
                with pytest.raises(ValueError, match="shorter"):
                    included_root(there[index], index, size, path[1:])
                # a node is no leaf: what is hashed has another byte in front
                pair = there[index ^ 1] + there[index] if index & 1 else None
                if pair:
                    assert leaf_hash(pair) != node_hash(pair[:32], pair[32:])
        for first in range(1, size + 1):
            path = [tree.nodes[span] for span in consistency_spans(first, size)]
            old = root_of(leaves[:first])
            assert consistent_roots(first, size, old, path) == (old, root)
            if path:
                forged = consistent_roots(first, size, EMPTY, [EMPTY, *path[1:]])
                assert forged != (EMPTY, root)
        for shown in ({0}, {size - 1}, set(range(0, size, 3)), set(range(size))):
            nodes = {span: tree.nodes[span] for span in shared_spans(shown, size)}
            assert shared_root({each: there[each] for each in shown}, size, nodes) == root
            for each in shown:
                forged_leaves = {at: there[at] for at in shown} | {each: leaf_hash(b"x")}
                assert shared_root(forged_leaves, size, nodes) != root


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        included_root(EMPTY, index, size, [])
    with pytest.raises(ValueError, match="no such leaf"):
        shared_root({index: EMPTY}, size, {})
