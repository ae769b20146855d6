"""The contract of the catalog port: what is remembered of anchors, and hashes of the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.factories import STARTED
from twirec.catalog import Catalog
from twirec.model.anchors import Anchor, KnownAnchor
from twirec.model.audit import AuditDraft

FIRST = Anchor(1, STARTED, 3, "ab" * 32, "cd" * 32, "0123456789abcdef")
SECOND = replace(FIRST, anchor=2, entries=5, previous=FIRST.digest)


def test_anchors_are_remembered_once(catalog: Catalog) -> None:
    assert (catalog.anchors.known(), catalog.anchors.newest()) == ([], None)
    for anchor in (SECOND, FIRST, replace(FIRST, entries=4)):
        catalog.anchors.keep(anchor)
    first_at = catalog.anchors.unstamped()
    assert first_at
    assert first_at.anchor == 1
    catalog.anchors.stamped(2, STARTED + timedelta(minutes=1))
    first = KnownAnchor(1, STARTED, 3, FIRST.digest)
    second = KnownAnchor(2, STARTED, 5, SECOND.digest, STARTED + timedelta(minutes=1))
    assert catalog.anchors.known() == [first, second]
    assert catalog.anchors.newest() == second
    assert catalog.anchors.unstamped() is None
    catalog.anchors.keep(replace(SECOND, anchor=3))
    third = catalog.anchors.unstamped()
    assert third
    assert third.anchor == 3


def test_hashes_of_a_part_of_the_log_are_given_in_order(catalog: Catalog) -> None:
    entries = [
        catalog.audit.append(AuditDraft(STARTED - timedelta(days=number), "ana", "", "listen"))
        for number in range(5)
    ]
    hashes = [(entry.seq, entry.hash) for entry in entries]
    assert catalog.audit.hashes(0, 9, 9) == hashes
    assert catalog.audit.hashes(1, 4, 2) == hashes[1:3]
    assert catalog.audit.hashes(5, 9, 9) == []
    assert catalog.audit.first_time(0, 2) == STARTED - timedelta(days=1)
    assert catalog.audit.first_time(5, 9) is None
