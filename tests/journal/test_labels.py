"""A catalog made anew from the labels alone; what is erased does not come back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.erasing import destroy
from tests.factories import STARTED, recording_sid
from tests.house import House
from tests.journal.rebuilding import MEDIA, everything, replace_object, report
from tests.orders import erase as order_erase
from twirec.archive import Archive
from twirec.model.custody import Order, OrderKind
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentOutcome, LegalBasis, Outcome


def test_labels_alone_bring_back_call_consent_and_recording(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    before = house.work()
    assert list(house.bucket.list("journal/")) == []
    new = rebuilt()
    (record,) = everything(new.catalog)
    assert record.consents == everything(house.archive.catalog)[0].consents
    assert (record.call.customer_number, record.call.outcome) == ("+34600111222", Outcome.RECORDED)
    assert record.call.legal_basis is LegalBasis.CONTRACT
    (recording,) = record.recordings
    assert recording == dataclasses.replace(
        before, state=State.ARCHIVED, due_at=house.time, attempts=0
    )
    assert report(new).from_labels == 1
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(recording_sid()).state is State.RELEASED


def test_what_was_archived_after_the_journal_is_known_as_archived(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.archive.journal.write()
    before = house.work()
    new = rebuilt()
    (record,) = everything(new.catalog)
    assert record.call.outcome is Outcome.RECORDED
    assert record.recordings == (
        dataclasses.replace(before, state=State.ARCHIVED, due_at=house.time, attempts=0),
    )


def test_what_is_kept_at_the_vendor_stays_there(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.archive.catalog.vendor_retention.keep(recording_sid())
    assert house.work().keep_at_vendor
    new = rebuilt()
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(recording_sid()).state is State.ARCHIVED
    assert house.at_vendor() == [recording_sid()]


def labelled(house: House, **labels: str) -> None:
    (name,) = house.stored()
    house.bucket.label(name, house.bucket.stat(name).generation, labels)


@pytest.mark.parametrize(
    "labels",
    [
        {"consent": ConsentOutcome.REFUSED.value},
        {"consent_at": (STARTED + timedelta(seconds=5)).isoformat()},
        {"consent_leg": ""},
        {"customer_number": ""},
    ],
)
def test_labels_that_prove_no_notice_are_quarantined(
    house: House, rebuilt: Callable[[], Archive], labels: dict[str, str]
) -> None:
    house.record(MEDIA)
    house.work()
    labelled(house, **labels)
    new = rebuilt()
    assert new.catalog.recordings.get(recording_sid()).custody is Custody.QUARANTINED
    assert report(new).quarantined == 1


@pytest.mark.parametrize(
    "labels",
    [
        {"crc32c": "AAAAAA=="},
        {"size": "1"},
        {"sha256": ""},
        {"schema": "2"},
        {"custody": "loose"},
        {"recording_sid": recording_sid(2)},
        {"started_at": "2026-11-23T10:15:00"},
        {"channel_map": "{"},
        {"duration_seconds": "None"},
    ],
)
def test_labels_that_do_not_prove_what_the_object_is_are_named(
    house: House, rebuilt: Callable[[], Archive], labels: dict[str, str]
) -> None:
    house.record(MEDIA)
    house.work()
    labelled(house, **labels)
    new = rebuilt()
    assert list(report(new).problems) == house.stored()
    assert everything(new.catalog) == []


def test_a_copy_of_the_bucket_has_other_generations(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    (name,) = house.stored()
    replace_object(house.bucket, name, MEDIA)
    found = rebuilt().catalog.recordings.get(recording_sid())
    assert found == dataclasses.replace(
        house.recording(), generation=house.bucket.stat(name).generation
    )


def test_what_was_admitted_after_the_journal_stays_admitted(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA, sid=recording_sid())
    recording = house.work()
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET custody = 'quarantined'")
    house.archive.journal.write()
    house.archive.custody.admit(recording.sid, ground="art. 6.1.f", by="ana")
    found = rebuilt().catalog.recordings.get(recording_sid())
    assert (found.custody, found.legal_ground) == (Custody.ACTIVE, "art. 6.1.f")


def test_what_was_blocked_after_the_journal_stays_blocked(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    labelled(house, custody=Custody.BLOCKED.value)
    assert rebuilt().catalog.recordings.get(recording_sid()).custody is Custody.BLOCKED


def test_what_is_erased_stays_erased(house: House, rebuilt: Callable[[], Archive]) -> None:
    house.record(MEDIA)
    house.work()
    destroy(house.archive, recording_sid(), "request 7")
    house.work()
    house.archive.journal.write()
    new = rebuilt()
    assert everything(new.catalog) == everything(house.archive.catalog)
    assert new.catalog.recordings.get(recording_sid()).state is State.ERASED


def test_what_was_erased_since_the_last_journal_is_erased_again(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    order = Order(recording_sid(), OrderKind.ERASE, house.time, "ana", "request 7")
    order_erase(house.archive.catalog, order)
    house.work()
    new = rebuilt()
    assert new.catalog.recordings.get(recording_sid()).state is State.ERASING
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(recording_sid()).state is State.ERASED


@pytest.mark.parametrize("journalled", [True, False])
def test_what_was_only_ordered_to_be_erased_is_erased(
    house: House, rebuilt: Callable[[], Archive], *, journalled: bool
) -> None:
    house.record(MEDIA)
    house.work()
    if journalled:
        house.archive.journal.write()
    destroy(house.archive, recording_sid(), "request 7")
    new = rebuilt()
    assert report(new).erasing == 1
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(recording_sid()).state is State.ERASED
    assert house.stored() == []


def test_an_object_that_came_back_is_erased_again(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    recording = house.work()
    name = recording.object_name or ""
    labels = dict(house.bucket.stat(name).labels)
    destroy(house.archive, recording_sid(), "request 7")
    house.work()
    house.archive.journal.write()
    house.bucket.put(
        name, [MEDIA], content_type="x", labels=labels, custom_time=STARTED, finish=dict
    )
    new = rebuilt()
    new.operations.worker(threads=1).run_once()
    assert new.catalog.recordings.get(recording_sid()).state is State.ERASED
    assert house.stored() == []
