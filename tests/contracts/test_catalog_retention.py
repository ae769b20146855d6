"""The contract of the catalog about copies that stay at the vendor."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.contracts.test_catalog_operations import LATER, MINUTE, hold
from tests.factories import ACCOUNT, RETRIED, STARTED, recording_sid
from twirec.catalog.catalog import SqlCatalog
from twirec.model.bucket import StoredObject
from twirec.model.records import Lease, Recording
from twirec.model.states import State

DAY = timedelta(days=1)
STORED = StoredObject("recordings/1.wav", generation=1, size=9, crc32c="AAAAAA==")


def claimed(catalog: SqlCatalog, sid: str | None = None) -> Lease:
    lease = catalog.claim(LATER, MINUTE, sid)
    assert lease is not None
    return lease


def archived(catalog: SqlCatalog) -> Lease:
    lease = catalog.name_object(claimed(catalog), STORED.name)
    return catalog.archived(lease, STORED, "0" * 64, 2)


def row(catalog: SqlCatalog) -> Recording:
    return catalog.recording(recording_sid())


def test_one_recording_can_be_claimed_by_its_sid_and_no_other_is(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    hold(catalog, 2)
    assert claimed(catalog, recording_sid(2)).recording.sid == recording_sid(2)
    assert catalog.claim(LATER, MINUTE, recording_sid(2)) is None
    assert catalog.claim(LATER, MINUTE, recording_sid(3)) is None
    assert claimed(catalog).recording.sid == recording_sid(1)


def test_what_is_archived_and_kept_is_neither_due_nor_parked(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    assert catalog.keep_at_vendor(recording_sid())
    lease = archived(catalog)
    assert lease.recording.keep_at_vendor
    catalog.stay(lease)
    known = row(catalog)
    assert (known.state, known.due_at, known.parked, known.kept) == (
        State.ARCHIVED,
        None,
        False,
        True,
    )
    assert catalog.parked() == []
    assert catalog.stats(None).parked == 0
    assert catalog.retry(LATER, None, RETRIED) == 0
    assert catalog.claim(LATER + DAY, MINUTE) is None


def test_what_is_archived_and_waits_to_be_deleted_is_kept_when_that_is_said(
    catalog: SqlCatalog,
) -> None:
    hold(catalog, 1)
    catalog.postpone(archived(catalog), LATER, "VendorUnavailable")
    assert catalog.keep_at_vendor(recording_sid())
    assert (row(catalog).due_at, row(catalog).kept) == (None, True)


def test_what_was_deleted_at_the_vendor_cannot_be_kept_there(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.finish(archived(catalog), State.RELEASED)
    assert not catalog.keep_at_vendor(recording_sid())
    assert not catalog.keep_at_vendor(recording_sid(2))
    assert not row(catalog).keep_at_vendor


def test_what_is_let_go_is_due_to_be_deleted(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.keep_at_vendor(recording_sid())
    catalog.stay(archived(catalog))
    assert catalog.let_go(recording_sid(), LATER)
    assert (row(catalog).due_at, row(catalog).keep_at_vendor) == (LATER, False)
    assert not catalog.let_go(recording_sid(), LATER)
    assert claimed(catalog).recording.attempts == 1


def test_what_is_let_go_while_it_is_worked_at_stays_due(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.keep_at_vendor(recording_sid())
    lease = archived(catalog)
    catalog.let_go(recording_sid(), LATER)
    catalog.stay(lease)
    assert row(catalog).due_at == LATER
    assert claimed(catalog).recording.state is State.ARCHIVED


def test_what_is_not_archived_and_let_go_is_due_when_it_was(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.keep_at_vendor(recording_sid())
    before = row(catalog).due_at
    catalog.let_go(recording_sid(), LATER)
    assert (row(catalog).due_at, row(catalog).state) == (before, State.COMPLETED)


@pytest.mark.parametrize(
    ("since", "until", "started_at", "kept"),
    [
        (STARTED - DAY, STARTED + DAY, STARTED, True),
        (STARTED - DAY, STARTED + DAY, None, True),
        (STARTED + DAY, STARTED + 2 * DAY, STARTED, False),
        (STARTED - 2 * DAY, STARTED - DAY, STARTED, False),
    ],
    ids=["in the span", "nobody knows when", "before it", "after it"],
)
def test_what_is_adopted_in_a_span_is_kept(
    catalog: SqlCatalog,
    since: datetime,
    until: datetime,
    started_at: datetime | None,
    kept: bool,
) -> None:
    for _ in range(2):
        catalog.begin_keeping(ACCOUNT, since, until)
    hold(catalog, 1, started_at=started_at)
    assert row(catalog).keep_at_vendor is kept


def test_a_span_is_one_of_its_account(catalog: SqlCatalog) -> None:
    catalog.begin_keeping("AC" + "b" * 32, STARTED - DAY, STARTED + DAY)
    hold(catalog, 1)
    assert not row(catalog).keep_at_vendor


@pytest.mark.parametrize(
    ("account", "until", "kept"),
    [
        (ACCOUNT, STARTED + DAY, False),
        (ACCOUNT, STARTED + 2 * DAY, False),
        (ACCOUNT, STARTED, True),
        ("AC" + "b" * 32, STARTED + DAY, True),
    ],
    ids=["the same", "a wider one", "a part of it", "another account's"],
)
def test_a_span_ends_with_every_span_that_holds_it(
    catalog: SqlCatalog, account: str, until: datetime, kept: bool
) -> None:
    catalog.begin_keeping(ACCOUNT, STARTED - DAY, STARTED + DAY)
    catalog.end_keeping(account, STARTED - DAY, until)
    hold(catalog, 1)
    assert row(catalog).keep_at_vendor is kept


# --- a trial ----------------------------------------------------------------------------------


def test_what_is_kept_for_a_trial_is_let_go_in_lots(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.stay(archived(catalog), for_trial=True)
    assert (row(catalog).kept, row(catalog).parked, row(catalog).due_at) == (True, False, None)
    stats = catalog.stats(None)
    assert (stats.kept_for_trial, stats.kept_at_vendor, stats.waiting) == (1, 0, 0)
    assert catalog.end_trial(LATER, 0) == 0
    assert catalog.end_trial(LATER, 10) == 1
    assert (row(catalog).kept, row(catalog).due_at) == (False, LATER)
    assert catalog.end_trial(LATER, 10) == 0


def test_what_is_kept_for_another_reason_too_outlives_the_trial(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.keep_at_vendor(recording_sid())
    catalog.stay(archived(catalog), for_trial=True)
    assert catalog.end_trial(LATER, 10) == 1
    assert (row(catalog).kept, row(catalog).due_at) == (True, None)
    catalog.let_go(recording_sid(), LATER)
    assert row(catalog).due_at == LATER


def test_what_is_let_go_stays_while_the_trial_lasts(catalog: SqlCatalog) -> None:
    hold(catalog, 1)
    catalog.keep_at_vendor(recording_sid())
    catalog.stay(archived(catalog), for_trial=True)
    catalog.let_go(recording_sid(), LATER)
    catalog.stay(claimed(catalog), for_trial=True)
    assert (row(catalog).kept, row(catalog).due_at) == (True, None)
