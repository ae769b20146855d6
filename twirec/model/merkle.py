"""Merkle trees as in RFC 9162, section 2.1, with SHA-256: what was there, shown in a few hashes.

A leaf and a node are hashed with different bytes in front, so that neither can pass for the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

Span = tuple[int, int]
"""The leaves from which, and before which, a node is of; the first leaf is 0."""

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """A tree to which leaves are added. Of these nothing is kept but the hashes of its peaks.

    Peaks are the nodes of its largest full subtrees, from left to right: as many as its size has
    ones in binary. A tree goes on from them.

    Attributes:
        size: how many leaves it has.
        peaks: hashes.
        nodes: the hashes of the wanted nodes that came by.

    Args:
        size: of the tree that goes on.
        peaks: of that tree.
        wanted: nodes whose hashes are to be kept as they come by.

    Raises:
        ValueError: a tree of that size has another number of peaks.
    """

    def __init__(
        self, size: int = 0, peaks: Sequence[bytes] = (), wanted: Iterable[Span] = ()
    ) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")
        self.size = size
        self.peaks = list(peaks)
        self.nodes: dict[Span, bytes] = {}
        self._wanted = frozenset(wanted)

    def add(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        node, begin, end, width = leaf, self.size, self.size + 1, 1
        if self._wanted and (begin, end) in self._wanted:
            self.nodes[begin, end] = node
        while self.size & width:
            node = node_hash(self.peaks.pop(), node)
            begin -= width
            width *= 2
            if self._wanted and (begin, end) in self._wanted:
                self.nodes[begin, end] = node
        self.peaks.append(node)
        self.size = end

    def root(self) -> bytes:
        """Return the hash of the whole tree, as it is now."""
        if not self.peaks:
            return EMPTY
        *others, node = self.peaks
        end = self.size
        begin = end & (end - 1)  # without its lowest one: where the last peak begins
        for peak in reversed(others):
            node = node_hash(peak, node)
            begin &= begin - 1
            if (begin, end) in self._wanted:
                self.nodes[begin, end] = node
        return node


def split(width: int) -> int:
    """Return how many leaves the left half of a node of so many has; there are at least two."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the nodes that prove that a leaf is in a tree, from the leaf up (2.1.3.1)."""
    begin, end, spans = 0, size, []
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return spans[::-1]


def included_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a tree must have to hold a leaf there (2.1.3.2).

    Args:
        leaf: its hash.
        index: which leaf, from 0.
        size: leaves of the tree.
        path: the hashes of `inclusion_spans`.

    Raises:
        ValueError: there is no such leaf, or the path has another length.
    """
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    for (begin, _), node in zip(inclusion_spans(index, size), path, strict=True):
        leaf = node_hash(node, leaf) if begin < index else node_hash(leaf, node)
    return leaf


def consistency_spans(first: int, size: int) -> list[Span]:
    """Return the nodes that prove that a tree is the beginning of another (2.1.4.1)."""
    begin, end, spans = 0, size, []
    while first < end:
        middle = begin + split(end - begin)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return ([(begin, end)] if begin else []) + spans[::-1]


def consistent_roots(
    first: int, size: int, root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the roots that a tree, and the longer one that begins with it, must have (2.1.4.2).

    Args:
        first: leaves of the shorter tree.
        size: of the longer one.
        root: of the shorter one.
        path: the hashes of `consistency_spans`.

    Raises:
        ValueError: there are no such trees, or the path has another length.
    """
    if not 0 < first <= size:
        raise ValueError("there are no such trees")
    pairs = list(zip(consistency_spans(first, size), path, strict=True))
    if pairs and pairs[0][0][1] == first and pairs[0][0][0]:
        # the end of the shorter tree, which is no subtree of its own from the first leaf on
        root = pairs.pop(0)[1]
    old = new = root
    for (begin, _), node in pairs:
        if begin < first:
            old, new = node_hash(node, old), node_hash(node, new)
        else:
            new = node_hash(new, node)
    return old, new


def shared_spans(indexes: Iterable[int], size: int) -> set[Span]:
    """Return the nodes that prove together that some leaves are in a tree."""
    known = sorted(set(indexes))
    spans = {span for index in known for span in inclusion_spans(index, size)}
    return {span for span in spans if not _any_within(known, span)}


def shared_root(leaves: Mapping[int, bytes], size: int, nodes: Mapping[Span, bytes]) -> bytes:
    """Return the root that a tree must have to hold some leaves; each of them counts.

    Args:
        leaves: their hashes, by index.
        size: leaves of the tree.
        nodes: the hashes of `shared_spans`.

    Raises:
        ValueError: there is no such leaf.
        KeyError: a node is missing.
    """
    known = sorted(leaves)
    if not known or known[0] < 0 or known[-1] >= size:
        raise ValueError("there is no such leaf")

    def of(begin: int, end: int) -> bytes:
        if not _any_within(known, (begin, end)):
            return nodes[begin, end]
        if end - begin == 1:
            return leaves[begin]
        middle = begin + split(end - begin)
        return node_hash(of(begin, middle), of(middle, end))

    return of(0, size)


def _any_within(known: Sequence[int], span: Span) -> bool:
    return bisect_left(known, span[0]) < bisect_left(known, span[1])
