"""Pauses, and the queue of those that the policy ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import STARTED, audited, recording_sid
from twirec.catalog import Catalog
from twirec.model.errors import LeaseLost
from twirec.model.records import Pause, PauseLimit

SID = recording_sid()
PAUSE = Pause(SID, STARTED, "ana")
UNTIL = STARTED + timedelta(minutes=2)
MINUTE = timedelta(minutes=1)


def test_a_pause_is_due_when_it_may_last_no_longer_and_is_claimed_once(catalog: Catalog) -> None:
    limits = catalog.pauses.limits
    assert catalog.pauses.begin(PAUSE, audited(PAUSE), until=UNTIL) == PAUSE
    again = replace(PAUSE, paused_at=UNTIL)
    assert catalog.pauses.begin(again, audited(again), until=UNTIL + MINUTE) == PAUSE
    assert limits.claim(UNTIL - timedelta(seconds=1), MINUTE) is None
    lease = limits.claim(UNTIL, MINUTE)
    assert lease is not None
    assert lease.item == PauseLimit(SID, attempts=1)
    assert limits.claim(UNTIL, MINUTE) is None


def test_what_was_ended_is_due_no_more_and_its_lease_is_lost(catalog: Catalog) -> None:
    catalog.pauses.begin(PAUSE, audited(PAUSE), until=UNTIL)
    lease = catalog.pauses.limits.claim(UNTIL, MINUTE)
    assert lease is not None
    catalog.pauses.end(SID, UNTIL, audited(PAUSE))
    another = replace(PAUSE, paused_at=UNTIL)
    catalog.pauses.begin(another, audited(another), until=UNTIL + MINUTE)
    with pytest.raises(LeaseLost):
        catalog.pauses.limits.renew(lease, UNTIL + MINUTE)
    assert catalog.pauses.limits.due_at(SID) == UNTIL + MINUTE
    with pytest.raises(LeaseLost):
        catalog.pauses.limits.remove(lease)
    assert catalog.pauses.limits.due_at(SID) == UNTIL + MINUTE
    theirs = catalog.pauses.limits.claim(UNTIL + MINUTE, MINUTE)
    assert theirs is not None
    catalog.pauses.limits.remove(theirs)
    assert catalog.pauses.limits.due_at(SID) is None
    assert [each.paused_at for each in catalog.pauses.open()] == [UNTIL]


def test_without_a_limit_it_is_never_due(catalog: Catalog) -> None:
    catalog.pauses.begin(PAUSE, audited(PAUSE))
    assert catalog.pauses.limits.due_at(SID) is None
