"""The contract of the catalog about copies that stay at the vendor."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.contracts.test_catalog_operations import LATER, MINUTE, hold
from tests.factories import ACCOUNT, RETRIED, STARTED, recording_sid
from twirec.catalog import Catalog
from twirec.model.bucket import StoredObject
from twirec.model.hints import RECORDING, Hint
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import State

DAY = timedelta(days=1)
STORED = StoredObject("recordings/1.wav", generation=1, size=9, crc32c="AAAAAA==")


def claimed(catalog: Catalog, sid: str | None = None) -> Lease[Recording]:
    lease = catalog.due_work.claim(LATER, MINUTE, sid)
    assert lease is not None
    return lease


def archived(catalog: Catalog) -> Lease[Recording]:
    lease = catalog.due_work.name_object(claimed(catalog), STORED.name)
    return catalog.due_work.archived(lease, STORED, "0" * 64, 2)


def row(catalog: Catalog) -> Recording:
    return catalog.recordings.get(recording_sid())


def test_one_recording_can_be_claimed_by_its_sid_and_no_other_is(catalog: Catalog) -> None:
    hold(catalog, 1)
    hold(catalog, 2)
    assert claimed(catalog, recording_sid(2)).item.sid == recording_sid(2)
    assert catalog.due_work.claim(LATER, MINUTE, recording_sid(2)) is None
    assert catalog.due_work.claim(LATER, MINUTE, recording_sid(3)) is None
    assert claimed(catalog).item.sid == recording_sid(1)


def test_what_is_archived_and_kept_is_neither_due_nor_parked(catalog: Catalog) -> None:
    hold(catalog, 1)
    assert catalog.vendor_retention.keep(recording_sid())
    lease = archived(catalog)
    assert lease.item.keep_at_vendor
    catalog.due_work.stay(lease)
    known = row(catalog)
    assert (known.state, known.due_at, known.parked, known.kept) == (
        State.ARCHIVED,
        None,
        False,
        True,
    )
    assert catalog.recordings.parked() == []
    assert catalog.operations.stats(None).parked == 0
    assert catalog.operations.retry(LATER, None, RETRIED) == 0
    assert catalog.due_work.claim(LATER + DAY, MINUTE) is None


def test_what_is_archived_and_waits_to_be_deleted_is_kept_when_that_is_said(
    catalog: Catalog,
) -> None:
    hold(catalog, 1)
    catalog.due_work.postpone(archived(catalog), LATER, "VendorUnavailable")
    assert catalog.vendor_retention.keep(recording_sid())
    assert (row(catalog).due_at, row(catalog).kept) == (None, True)


def test_what_was_deleted_at_the_vendor_cannot_be_kept_there(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.due_work.finish(archived(catalog), State.RELEASED)
    assert not catalog.vendor_retention.keep(recording_sid())
    assert not catalog.vendor_retention.keep(recording_sid(2))
    assert not row(catalog).keep_at_vendor


def test_what_is_let_go_is_due_to_be_deleted(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.vendor_retention.keep(recording_sid())
    catalog.due_work.stay(archived(catalog))
    assert catalog.vendor_retention.let_go(recording_sid(), LATER)
    assert (row(catalog).due_at, row(catalog).keep_at_vendor) == (LATER, False)
    assert not catalog.vendor_retention.let_go(recording_sid(), LATER)
    assert claimed(catalog).item.attempts == 1


def test_what_is_let_go_while_it_is_worked_at_stays_due(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.vendor_retention.keep(recording_sid())
    lease = archived(catalog)
    catalog.vendor_retention.let_go(recording_sid(), LATER)
    catalog.due_work.stay(lease)
    assert row(catalog).due_at == LATER
    assert claimed(catalog).item.state is State.ARCHIVED


def test_what_is_not_archived_and_let_go_is_due_when_it_was(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.vendor_retention.keep(recording_sid())
    before = row(catalog).due_at
    catalog.vendor_retention.let_go(recording_sid(), LATER)
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
    catalog: Catalog,
    since: datetime,
    until: datetime,
    started_at: datetime | None,
    kept: bool,
) -> None:
    for _ in range(2):
        catalog.vendor_retention.begin(ACCOUNT, since, until)
    hold(catalog, 1, started_at=started_at)
    assert row(catalog).keep_at_vendor is kept


def test_a_span_is_one_of_its_account(catalog: Catalog) -> None:
    catalog.vendor_retention.begin("AC" + "b" * 32, STARTED - DAY, STARTED + DAY)
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
    catalog: Catalog, account: str, until: datetime, kept: bool
) -> None:
    catalog.vendor_retention.begin(ACCOUNT, STARTED - DAY, STARTED + DAY)
    catalog.vendor_retention.end(account, STARTED - DAY, until)
    hold(catalog, 1)
    assert row(catalog).keep_at_vendor is kept


# --- a trial ----------------------------------------------------------------------------------


def test_what_is_kept_for_a_trial_is_let_go_in_lots(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.due_work.stay(archived(catalog), for_trial=True)
    assert (row(catalog).kept, row(catalog).parked, row(catalog).due_at) == (True, False, None)
    stats = catalog.operations.stats(None)
    assert (stats.kept_for_trial, stats.kept_at_vendor, stats.waiting) == (1, 0, 0)
    assert catalog.vendor_retention.end_trial(LATER, 0) == 0
    hints: list[Hint] = []
    catalog.database.hinting = hints.extend
    assert catalog.vendor_retention.end_trial(LATER, 10) == 1
    assert hints == [Hint(RECORDING, recording_sid(), LATER)]
    assert (row(catalog).kept, row(catalog).due_at) == (False, LATER)
    assert catalog.vendor_retention.end_trial(LATER, 10) == 0


def test_what_is_kept_for_another_reason_too_outlives_the_trial(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.vendor_retention.keep(recording_sid())
    catalog.due_work.stay(archived(catalog), for_trial=True)
    assert catalog.vendor_retention.end_trial(LATER, 10) == 1
    assert (row(catalog).kept, row(catalog).due_at) == (True, None)
    catalog.vendor_retention.let_go(recording_sid(), LATER)
    assert row(catalog).due_at == LATER


def test_what_is_let_go_stays_while_the_trial_lasts(catalog: Catalog) -> None:
    hold(catalog, 1)
    catalog.vendor_retention.keep(recording_sid())
    catalog.due_work.stay(archived(catalog), for_trial=True)
    catalog.vendor_retention.let_go(recording_sid(), LATER)
    catalog.due_work.stay(claimed(catalog), for_trial=True)
    assert (row(catalog).kept, row(catalog).due_at) == (True, None)
