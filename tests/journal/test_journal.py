"""The journal: each day one object, written anew when it changed, and never over another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from tests.house import AT_VENDOR, House
from tests.journal.journalling import DAY, MEDIA, names, rows
from twirec.catalog import Catalog
from twirec.journal.journal import Journal
from twirec.journal.page import CHUNK, Page, read_page
from twirec.model.errors import JournalForeign
from twirec.model.journal import UNDATED
from twirec.model.states import State


def test_a_day_is_one_object_with_its_call_consent_and_recording(house: House) -> None:
    house.record(MEDIA)
    house.work()
    report = house.archive.journal.write()
    assert (report.days, report.written, report.problems) == (1, 1, {})
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]
    found = dict(rows(house.bucket))
    assert found["calls"]["customer_number"] == "+34600111222"
    assert found["consents"]["outcome"] == "informed"
    assert found["recordings"]["state"] == "released"
    assert "lease" not in found["recordings"]


def test_what_did_not_change_is_not_written_again(house: House) -> None:
    house.archive.journal.write()
    assert house.archive.journal.write().written == 0
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]


def test_what_changed_is_written_anew_and_the_older_one_is_deleted(house: House) -> None:
    house.archive.journal.write()
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    assert house.archive.journal.write().written == 1
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    assert len([row for table, row in rows(house.bucket) if table == "calls"]) == 2
    assert len(house.archive.catalog.journal.tokens(DAY)) == 1


def test_a_change_of_last_month_is_found(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    house.time += timedelta(days=40)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=house.time))
    house.archive.catalog.ledger.close_call(
        ACCOUNT, call_sid(), outcome=a_call().outcome, reason=None, ended_at=house.time
    )
    report = house.archive.journal.write()
    assert (report.days, report.written) == (2, 2)
    assert "journal/2026/11/23/000002.jsonl" in names(house.bucket)


def test_only_the_days_from_one_on_are_looked_at(house: House) -> None:
    house.archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(2), started_at=STARTED + timedelta(days=3))
    )
    assert house.archive.journal.write(since="2026-11-25").days == 1
    assert names(house.bucket) == ["journal/2026/11/26/000001.jsonl"]


def test_a_consent_is_filed_with_its_call_also_past_midnight(house: House) -> None:
    late = STARTED.replace(hour=23, minute=59)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=late))
    answered = a_consent(call_sid=call_sid(2), at=late + timedelta(minutes=2))
    house.archive.catalog.consents.record(answered, None)
    house.archive.journal.write()
    assert [table for table, _ in rows(house.bucket)].count("consents") == 2


def test_a_recording_without_a_start_has_a_page_of_its_own_until_it_has_one(house: House) -> None:
    house.archive.catalog.recordings.adopt(
        a_recording(started_at=None, state=State.RECORDING, due_at=None)
    )
    house.archive.journal.write()
    assert [table for table, _ in rows(house.bucket, UNDATED)] == ["recordings"]
    found = AT_VENDOR
    house.archive.catalog.recordings.refresh(recording_sid(), found, State.COMPLETED, house.time)
    house.archive.journal.write()
    assert rows(house.bucket, UNDATED) == []
    assert [table for table, _ in rows(house.bucket)].count("recordings") == 1


def test_a_days_many_rows_stream_through_in_chunks() -> None:
    many = (("calls", {"call_sid": call_sid(number), "x": "y" * 100}) for number in range(10_000))
    page = Page(DAY, many)
    chunks = list(page.chunks())
    assert len(chunks) > 4
    assert max(map(len, chunks)) < CHUNK + 1024
    assert page.rows == 10_000
    assert len(list(read_page(DAY, chunks))) == 10_000


@pytest.fixture
def other() -> Iterator[Catalog]:
    catalog = Catalog("sqlite://")
    catalog.set_up()
    catalog.ledger.open_call(a_call(call_sid=call_sid(9)))
    yield catalog
    catalog.close()


def test_an_empty_catalog_does_not_write_over_the_journal_of_the_lost_one(
    house: House, other: Catalog
) -> None:
    house.archive.journal.write()
    with pytest.raises(JournalForeign, match="twirec rebuild"):
        Journal(other, house.bucket, lambda: house.time).write_day(DAY)
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]


def test_an_old_copy_of_the_catalog_does_not_write_over_what_came_after_it(
    house: House, other: Catalog
) -> None:
    house.archive.journal.write()
    for token in house.archive.catalog.journal.tokens(DAY):
        other.journal.add_token(DAY, token)  # as if it had been copied now
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    house.archive.journal.write()
    with pytest.raises(JournalForeign):
        Journal(other, house.bucket, lambda: house.time).write_day(DAY)


def test_a_day_that_cannot_be_written_does_not_keep_the_others_from_it(
    house: House, other: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    house.archive.journal.write()
    other.ledger.open_call(a_call(call_sid=call_sid(3), started_at=STARTED + timedelta(days=1)))
    report = Journal(other, house.bucket, lambda: house.time).write()
    assert (report.days, report.written) == (2, 1)
    assert list(report.problems) == ["2026-11-23"]
    assert "600111222" not in caplog.text
