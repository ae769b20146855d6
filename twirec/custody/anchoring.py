"""Anchoring the audit log: each day its head and root go into the bucket, and prove its entries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from twirec.catalog import Catalog
from twirec.journal.anchors import AnchorStore, Listed
from twirec.journal.journal import Journal
from twirec.model.anchors import (
    Anchor,
    AuditProof,
    ConsistencyProof,
    KnownAnchor,
    SharedProof,
    covering,
    leaf_of,
)
from twirec.model.audit import FIRST, AuditEntry, AuditHead
from twirec.model.errors import (
    AuditBroken,
    BucketUnavailable,
    InvalidQuery,
    JournalError,
    ObjectExists,
)
from twirec.model.merkle import (
    MerkleTree,
    Span,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    shared_spans,
)

log = logging.getLogger("twirec.custody.anchoring")

TRIES = 3
"""So often it is begun again when another process was first."""

PAGE = 10_000
"""Hashes that are read at once."""

Stamp = Callable[[bytes], tuple[bytes, datetime]]
"""Asks an authority for the time stamp of some bytes: the token, DER, and the time in it, UTC."""


class Anchoring:
    """Anchors the log of one catalog, and proves its entries.

    Args:
        catalog: whose log it is.
        store: where the anchors are.
        pages: the journal, which has every entry that is anchored: a catalog that is made anew from
            the bucket is never behind an anchor.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: AnchorStore,
        pages: Callable[[], Journal],
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._pages = pages
        self._now = now
        self.store = store

    def anchor(self, *, daily: bool = False) -> Anchor | None:
        """Anchor what the log is now; None while it is empty.

        What is anchored already, as nothing came since, is not anchored twice on a day.

        Args:
            daily: only if nothing was anchored today.

        Raises:
            AuditBroken: the log does not begin with what was anchored before.
            JournalError: the journal could not be written, which has to have the entries first.
            BucketError: the bucket is away, or not this catalog's.
        """
        for _ in range(TRIES):
            try:
                return self._anchor(daily=daily)
            except ObjectExists:
                log.info("another process was first to anchor the audit log")
        raise BucketUnavailable("Other processes keep anchoring the audit log.")

    def is_due(self) -> bool:
        """Whether nothing was anchored today (UTC), as far as the catalog remembers."""
        return _is_due(self._catalog.anchors.newest(), self._now())

    def _anchor(self, *, daily: bool) -> Anchor | None:
        known = self._catalog.anchors.newest()  # first, so that it is in the listing
        listed = self.store.listed()
        last, head, now = listed.newest(), self._catalog.audit.head(), self._now()
        if known is not None and known.anchor not in listed.objects:  # none takes its number
            raise AuditBroken(
                f"Anchor {known.anchor} of the audit log was taken out of the bucket. It is not "
                "anchored: see `twirec audit --verify`."
            )
        if last is not None:
            self._check_follows(last, head)
            self._remember(listed)
        if head is None:
            return None
        if last is not None and not _is_due(last, now) and (daily or last.entries == head.seq):
            return last
        tree = self._tree_until(listed, last, head)
        self._journal(last.entries if last else 0, head.seq)
        anchor = Anchor(
            anchor=last.anchor + 1 if last else 1,
            at=now.astimezone(UTC),
            entries=head.seq,
            head=head.hash,
            root=tree.root().hex(),
            installation=self._catalog.identity(),
            previous=last.digest if last else FIRST,
        )
        self.store.put(anchor, tree)
        self._catalog.anchors.keep(anchor)
        log.info("anchor %d: the audit log has %d entries", anchor.anchor, anchor.entries)
        return anchor

    def _check_follows(self, last: Anchor, head: AuditHead | None) -> None:
        there = self._catalog.audit.hashes(last.entries - 1, last.entries, 1)
        if there != [(last.entries, last.head)]:
            cut = f"it has {head.seq if head else 0} entries"
            other = f"its entry {last.entries} is another one"
            raise AuditBroken(
                f"The audit log is not that of anchor {last.anchor} of {last.day}, which knows "
                f"{last.entries} entries: {other if there else cut}. It is not anchored: see "
                "`twirec audit --verify`."
            )

    def _tree_until(self, listed: Listed, last: Anchor | None, head: AuditHead) -> MerkleTree:
        """Return the tree of all entries; it goes on from the last anchor's, if it can."""
        tree = listed.tree(last) if last else None
        if last is not None and tree is None:
            log.warning("anchor %d lacks its peaks: the whole log is read", last.anchor)
            tree = self._grown(MerkleTree(), last.entries)
            if tree.root().hex() != last.root:
                raise AuditBroken(f"The audit log has not the root of anchor {last.anchor}.")
        return self._grown(tree or MerkleTree(), head.seq)

    def _grown(self, tree: MerkleTree, until: int) -> MerkleTree:
        for hash_ in self._hashes(tree.size, until):
            tree.add(leaf_hash(hash_))
        return tree

    def _hashes(self, after: int, until: int) -> Iterator[bytes]:
        while after < until:
            page = self._catalog.audit.hashes(after, until, PAGE)
            for seq, hash_ in page:
                after += 1
                try:
                    if seq != after:
                        raise ValueError
                    yield bytes.fromhex(hash_)
                except ValueError:
                    raise AuditBroken(
                        f"Entry {after} of the audit log is missing, or has no hash: see `twirec "
                        "audit --verify`."
                    ) from None
            if not page:
                raise AuditBroken(f"The audit log ends before its entry {until}.")

    def _journal(self, after: int, until: int) -> None:
        first = self._catalog.audit.first_time(after, until)
        if first is None:
            return
        for day, why in self._pages().write(first.astimezone(UTC).date()).problems.items():
            raise JournalError(
                f"The audit log is not anchored, as the journal of {day} could not be written: "
                f"{why}"
            )

    def _remember(self, listed: Listed) -> list[KnownAnchor]:
        """Return all anchors; of those in the bucket, what the catalog does not know is kept."""
        known = {each.anchor: each for each in self._catalog.anchors.known()}
        news = [number for number in sorted(listed.objects) if number not in known]
        for number in news:
            self._catalog.anchors.keep(listed.one(number))
        stamped = {
            number: stored.custom_time
            for number, stored in listed.stamps.items()
            if number in listed.objects
            and stored.custom_time
            and not (number in known and known[number].stamped_at)
        }
        for number, at in stamped.items():
            self._catalog.anchors.stamped(number, at)
        return self._catalog.anchors.known() if news or stamped else list(known.values())

    # --- time stamps ----------------------------------------------------------------------------

    def stamp(self, ask: Stamp) -> bool:
        """Let an authority say when the newest anchor was there. Whether it did so now.

        Of the older ones it says so too: each names the hash of the one before.

        Raises:
            TimeStampUnavailable: it does not answer, or not as it has to.
            BucketError: the bucket is away, or not this catalog's.
        """
        known = self._catalog.anchors.newest()
        if known is None or known.stamped_at:
            return False
        listed = self.store.listed()
        self._remember(listed)
        newest = listed.newest()
        if newest is None or newest.anchor in listed.stamps:
            return False
        token, at = ask(newest.content)
        self.store.put_stamp(newest, token, at)
        self._catalog.anchors.stamped(newest.anchor, at)
        return True

    # --- proofs ---------------------------------------------------------------------------------

    def prove(self, entry: AuditEntry) -> AuditProof:
        """Prove that an entry is on the log, without showing any other.

        Raises:
            InvalidQuery: it is not anchored yet.
            AuditBroken: the log is not what was anchored.
            BucketError: the bucket is away, or not this catalog's.
        """
        listed, anchor = self._anchor_of(entry.seq)
        spans = inclusion_spans(entry.seq - 1, anchor.entries)
        nodes = self._nodes(anchor, {*spans, (entry.seq - 1, entry.seq)})
        if nodes[entry.seq - 1, entry.seq] != leaf_of(entry):
            raise AuditBroken(f"Entry {entry.seq} of the audit log was changed.")
        path = tuple(nodes[span] for span in spans)
        return AuditProof(entry, anchor, path, listed.stamp(anchor.anchor))

    def prove_together(self, numbers: Iterable[int]) -> SharedProof | None:
        """Prove that the hashes of some entries are on the log; None if none is anchored yet.

        Raises as `prove` does. Entries that came after the anchor are left out.
        """
        listed = self.store.listed()
        known = self._remember(listed)
        there = sorted({seq for seq in numbers if known and seq <= known[-1].entries})
        if not there:
            return None
        chosen = covering(known, there[-1])
        if chosen is None:
            return None
        anchor = listed.one(chosen.anchor)
        spans = shared_spans((seq - 1 for seq in there), anchor.entries)
        nodes = self._nodes(anchor, spans)
        shown = tuple(there)
        return SharedProof(
            anchor, shown, {span: nodes[span] for span in spans}, listed.stamp(anchor.anchor)
        )

    def prove_consistent(self, first: int, second: int) -> ConsistencyProof:
        """Prove that the log of an anchor goes on, unchanged, in that of a later one.

        Raises as `prove` does; InvalidQuery too if there are no such two.
        """
        listed = self.store.listed()
        for field, number in (("first", first), ("second", second)):
            if number not in listed.objects:
                raise InvalidQuery(
                    f"{field}: there is no anchor {number}; `twirec audit --anchors` lists them."
                )
        old, new = listed.one(first), listed.one(second)
        if old.entries > new.entries:
            raise InvalidQuery("first: it has to be the older one; swap them.")
        spans = consistency_spans(old.entries, new.entries)
        nodes = self._nodes(new, set(spans))
        path = tuple(nodes[span] for span in spans)
        return ConsistencyProof(old, new, path, listed.stamp(second))

    def _anchor_of(self, seq: int) -> tuple[Listed, Anchor]:
        listed = self.store.listed()
        chosen = covering(self._remember(listed), seq)
        if chosen is None:
            raise InvalidQuery(
                f"entry: {seq} is not anchored yet: workers do so each day, and `twirec audit "
                "--anchor` at once."
            )
        return listed, listed.one(chosen.anchor)

    def _nodes(self, anchor: Anchor, wanted: set[Span]) -> dict[Span, bytes]:
        tree = MerkleTree(wanted=wanted)
        if self._grown(tree, anchor.entries).root().hex() != anchor.root:
            raise AuditBroken(
                f"The audit log is not that of anchor {anchor.anchor} of {anchor.day}: see `twirec "
                "audit --verify`."
            )
        return tree.nodes


def _is_due(last: Anchor | KnownAnchor | None, now: datetime) -> bool:
    return last is None or last.at.astimezone(UTC).date() != now.astimezone(UTC).date()
