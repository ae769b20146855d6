"""The journal: each day one object, written anew when it changed, and never over another's."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

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
from tests.sounds import wav
from tests.transfers.house import A_CALL, AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.model.bucket import StoredObject
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    JournalForeign,
    JournalUnreadable,
    ObjectExists,
    VerificationFailed,
)
from twirec.model.journal import UNDATED
from twirec.model.states import State
from twirec.transfers.journal import Journal
from twirec.transfers.journal_page import CHUNK, Page, read_page

DAY = STARTED.date()
MEDIA = wav(seconds=4, channels=2)


def names(bucket: MemoryBucket) -> list[str]:
    return [stored.name for stored in bucket.list("journal/")]


def text(bucket: MemoryBucket) -> str:
    return "".join(b"".join(bucket.open_range(name)).decode() for name in names(bucket))


def rows(bucket: MemoryBucket, day: date = DAY) -> list[tuple[str, Any]]:
    (name,) = [name for name in names(bucket) if f"{day:%Y/%m/%d}" in name]
    return list(read_page(day, bucket.open_range(name)))


def test_a_day_is_one_object_with_its_call_consent_and_recording(house: House) -> None:
    house.record(MEDIA)
    house.work()
    report = house.archive.journal()
    assert (report.days, report.written, report.problems) == (1, 1, {})
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]
    found = dict(rows(house.bucket))
    assert found["calls"]["customer_number"] == "+34600111222"
    assert found["consents"]["outcome"] == "informed"
    assert found["recordings"]["state"] == "released"
    assert "lease" not in found["recordings"]


def test_what_did_not_change_is_not_written_again(house: House) -> None:
    house.archive.journal()
    assert house.archive.journal().written == 0
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]


def test_what_changed_is_written_anew_and_the_older_one_is_deleted(house: House) -> None:
    house.archive.journal()
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
    assert house.archive.journal().written == 1
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    assert len([row for table, row in rows(house.bucket) if table == "calls"]) == 2
    assert len(house.archive.catalog.journal_tokens(DAY)) == 1


def test_a_change_of_last_month_is_found(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    house.time += timedelta(days=40)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2), started_at=house.time))
    house.archive.catalog.close_call(
        ACCOUNT, call_sid(), outcome=a_call().outcome, reason=None, ended_at=house.time
    )
    report = house.archive.journal()
    assert (report.days, report.written) == (2, 2)
    assert "journal/2026/11/23/000002.jsonl" in names(house.bucket)


def test_only_the_days_from_one_on_are_looked_at(house: House) -> None:
    house.archive.catalog.open_call(
        a_call(call_sid=call_sid(2), started_at=STARTED + timedelta(days=3))
    )
    assert house.archive.journal(since="2026-11-25").days == 1
    assert names(house.bucket) == ["journal/2026/11/26/000001.jsonl"]


def test_a_consent_is_filed_with_its_call_also_past_midnight(house: House) -> None:
    late = STARTED.replace(hour=23, minute=59)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2), started_at=late))
    answered = a_consent(call_sid=call_sid(2), at=late + timedelta(minutes=2))
    house.archive.catalog.record_consent(answered, None)
    house.archive.journal()
    assert [table for table, _ in rows(house.bucket)].count("consents") == 2


def test_a_recording_without_a_start_has_a_page_of_its_own_until_it_has_one(house: House) -> None:
    house.archive.catalog.adopt(a_recording(started_at=None, state=State.RECORDING, due_at=None))
    house.archive.journal()
    assert [table for table, _ in rows(house.bucket, UNDATED)] == ["recordings"]
    found = AT_VENDOR
    house.archive.catalog.refresh(recording_sid(), found, State.COMPLETED, house.time)
    house.archive.journal()
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


# --- another's journal ------------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[SqlCatalog]:
    catalog = SqlCatalog("sqlite://")
    catalog.set_up()
    catalog.open_call(a_call(call_sid=call_sid(9)))
    yield catalog
    catalog.close()


def test_an_empty_catalog_does_not_write_over_the_journal_of_the_lost_one(
    house: House, other: SqlCatalog
) -> None:
    house.archive.journal()
    with pytest.raises(JournalForeign, match="twirec rebuild"):
        Journal(other, house.bucket, lambda: house.time).write_day(DAY)
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]


def test_an_old_copy_of_the_catalog_does_not_write_over_what_came_after_it(
    house: House, other: SqlCatalog
) -> None:
    house.archive.journal()
    for token in house.archive.catalog.journal_tokens(DAY):
        other.add_journal_token(DAY, token)  # as if it had been copied now
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
    house.archive.journal()
    with pytest.raises(JournalForeign):
        Journal(other, house.bucket, lambda: house.time).write_day(DAY)


def test_a_day_that_cannot_be_written_does_not_keep_the_others_from_it(
    house: House, other: SqlCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    house.archive.journal()
    other.open_call(a_call(call_sid=call_sid(3), started_at=STARTED + timedelta(days=1)))
    report = Journal(other, house.bucket, lambda: house.time).write()
    assert (report.days, report.written) == (2, 1)
    assert list(report.problems) == ["2026-11-23"]
    assert "600111222" not in caplog.text


# --- crashes and others at the same time -------------------------------------------------------


class Interrupted(MemoryBucket):
    """A bucket in which something happens just before or after an object is written."""

    before: Callable[[], object] | None = None
    after: Callable[[StoredObject], object] | None = None

    def put(self, name: str, chunks: Any, **more: Any) -> StoredObject:
        before, self.before = self.before, None
        if before:
            before()
        stored = super().put(name, chunks, **more)
        after, self.after = self.after, None
        if after:
            after(stored)
        return stored


@pytest.fixture
def interrupted(house: House) -> tuple[House, Interrupted, Journal]:
    bucket = Interrupted()
    house.bucket = bucket
    return house, bucket, Journal(house.archive.catalog, bucket, lambda: house.time)


def die(_: object = None) -> None:
    raise KeyboardInterrupt


def test_who_was_killed_after_writing_goes_on_where_it_was(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
    bucket.after = die
    with pytest.raises(KeyboardInterrupt):
        journal.write()
    assert len(names(bucket)) == 2
    assert journal.write().problems == {}
    assert names(bucket) == ["journal/2026/11/23/000002.jsonl"]
    assert len(rows(bucket)) == 3


def test_who_was_second_reads_the_day_again(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    second = Journal(house.archive.catalog, bucket, lambda: house.time)

    def write_first() -> None:
        second.write_day(DAY)
        house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))

    # the catalog in memory has one connection, so that the first may write only between two reads
    bucket.before = None
    original = bucket.list

    def list_once(prefix: str = "") -> Any:
        found = list(original(prefix))
        bucket.list = original  # type: ignore[method-assign]
        write_first()
        return iter(found)

    bucket.list = list_once  # type: ignore[method-assign]
    assert journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000002.jsonl"]
    assert len([row for table, row in rows(bucket) if table == "calls"]) == 2


def test_who_was_much_slower_takes_what_is_out_of_date_away_again(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    other = Journal(house.archive.catalog, bucket, lambda: house.time)
    original = bucket.list

    def list_once(prefix: str = "") -> Any:
        found = list(original(prefix))
        bucket.list = original  # type: ignore[method-assign]
        for number in (2, 3):  # two more are written, and the first two deleted, meanwhile
            house.archive.catalog.open_call(a_call(call_sid=call_sid(number)))
            other.write_day(DAY)
        house.archive.catalog.add_journal_token(DAY, found[0].labels["token"])
        return iter(found)

    bucket.list = list_once  # type: ignore[method-assign]
    journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000003.jsonl"]


def test_whose_object_was_replaced_meanwhile_does_not_take_it_for_anothers(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    other = Journal(house.archive.catalog, bucket, lambda: house.time)
    original = bucket.list

    def list_once(prefix: str = "") -> Any:
        found = list(original(prefix))
        bucket.list = original  # type: ignore[method-assign]
        house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
        other.write_day(DAY)
        return iter(found)

    bucket.list = list_once  # type: ignore[method-assign]
    assert not journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000002.jsonl"]


def test_many_that_write_at_once_leave_one_object_that_holds_all(
    tmp_path: Path, house: House
) -> None:
    catalog = SqlCatalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()

    def one(first: int) -> None:
        journal = Journal(catalog, house.bucket, lambda: house.time)
        for number in range(first, first + 5):
            catalog.open_call(a_call(call_sid=call_sid(number)))
            with suppress(BucketUnavailable):  # the others keep writing
                journal.write_day(DAY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, (10, 20, 30, 40)))
    assert Journal(catalog, house.bucket, lambda: house.time).write().problems == {}
    assert len([row for table, row in rows(house.bucket) if table == "calls"]) == 20
    catalog.close()


def test_the_older_one_stays_until_the_bucket_proves_the_newer(
    interrupted: tuple[House, Interrupted, Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
    put = bucket.put

    def wrong(*args: Any, **more: Any) -> StoredObject:
        return dataclasses.replace(put(*args, **more), crc32c="AAAAAA==")

    monkeypatch.setattr(bucket, "put", wrong)
    with pytest.raises(VerificationFailed):
        journal.write_day(DAY)
    assert "journal/2026/11/23/000001.jsonl" in names(bucket)


# --- erasing ----------------------------------------------------------------------------------


def test_what_is_erased_is_gone_from_the_journal_before_it_is_called_erased(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    sha256 = house.recording().sha256 or "none"
    assert sha256 in text(house.bucket)
    house.archive.erase(recording_sid(), why="request 7", by="ana")
    assert house.work().state is State.ERASED
    assert sha256 not in text(house.bucket)
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]


def test_while_the_journal_cannot_be_written_nothing_is_called_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    house.archive.erase(recording_sid(), why="request 7", by="ana")

    def refuse(name: str, generation: int) -> None:
        raise BucketRefused("held")

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "delete", refuse)
        waiting = house.work()
    assert (waiting.state, waiting.last_error) == (State.ERASING, "BucketRefused: held")
    assert waiting.sha256 is None
    assert house.work_on().state is State.ERASED
    assert len(names(house.bucket)) == 1


def test_what_is_erased_together_is_forgotten_in_one_writing(house: House) -> None:
    sids = [recording_sid(number) for number in range(1, 6)]
    for sid in sids:
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=sid), MEDIA)
    house.archive.sweep()
    house.work()
    house.archive.journal()
    for sid in sids:
        house.archive.erase(sid, why="retention", by="ana")
    house.archive.worker(threads=3).run_once()
    assert {house.archive.catalog.recording(sid).state for sid in sids} == {State.ERASED}
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    again = Journal(house.archive.catalog, house.bucket, lambda: house.time)
    again.write_day(DAY)
    assert names(house.bucket) == ["journal/2026/11/23/000003.jsonl"]


# --- damage -----------------------------------------------------------------------------------

WHOLE = b"".join(Page(DAY, [("calls", {"a": 1}), ("calls", {"a": 2})]).chunks())


def test_a_torn_page_is_recognised_wherever_it_is_torn() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(JournalUnreadable):
            list(read_page(DAY, [WHOLE[:length]]))


def test_a_whole_page_is_read_in_any_pieces() -> None:
    pieces = [WHOLE[at : at + 1] for at in range(len(WHOLE))]
    assert list(read_page(DAY, pieces)) == [("calls", {"a": 1}), ("calls", {"a": 2})]


@pytest.mark.parametrize(
    "damaged",
    [
        WHOLE.replace(b'"a":1', b'"a":3'),
        WHOLE + b'{"table":"calls","row":{}}\n',
        WHOLE.replace(b'"journal":1', b'"journal":2'),
        WHOLE.replace(b"2026-11-23", b"2026-11-24"),
        b"[1]\n" + WHOLE,
        b"\xff\xfe\n" + WHOLE,
        b"x" * 5_000_000,
    ],
)
def test_a_damaged_page_is_recognised(damaged: bytes) -> None:
    with pytest.raises(JournalUnreadable):
        list(read_page(DAY, [damaged]))


def test_the_lines_are_json_that_anybody_can_read(house: House) -> None:
    house.archive.journal()
    lines = [json.loads(line) for line in text(house.bucket).splitlines()]
    assert lines[0] == {"journal": 1, "day": "2026-11-23"}
    assert lines[-1]["end"] == 2


def test_a_worker_writes_the_journal_in_turn_and_the_days_of_all_once_a_day(house: House) -> None:
    (_, in_turn, _) = house.archive.worker(threads=1)._beside
    in_turn()
    assert len(names(house.bucket)) == 1
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
    in_turn()
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]  # not its turn yet
    house.time += timedelta(hours=1)
    in_turn()
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    house.time += timedelta(days=9)
    old = a_call(call_sid=call_sid(3), started_at=STARTED - timedelta(days=30))
    house.archive.catalog.open_call(old)
    in_turn()
    assert "journal/2026/10/24/000001.jsonl" in names(house.bucket)


def test_no_number_is_in_a_name_a_label_or_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house.archive.journal()
    for stored in house.bucket.list("journal/"):
        assert "600111222" not in stored.name + str(stored.labels)
    assert "600111222" not in caplog.text


def test_the_sweep_reports_no_object_of_the_journal(house: House) -> None:
    house.vendor.add_call(A_CALL)
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    assert house.archive.sweep(full=True).problems == {}


def test_a_day_is_of_one_moment_though_others_write(tmp_path: Path, house: House) -> None:
    catalog = SqlCatalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()
    catalog.open_call(a_call())
    with catalog.journal_rows(DAY) as found:
        assert next(found)[0] == "calls"
        late = a_call(call_sid=call_sid(2))
        catalog.open_call(late)
        catalog.record_consent(a_consent(call_sid=call_sid(2)), None)
        assert list(found) == []
    catalog.close()


def test_days_are_those_of_utc(house: House) -> None:
    late = datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=UTC)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2), started_at=late))
    assert house.archive.catalog.journal_days() == [DAY, date(2026, 11, 24)]


def test_writers_that_never_agree_give_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*args: object, **more: object) -> StoredObject:
        raise ObjectExists("there")

    monkeypatch.setattr(house.bucket, "put", taken)
    report = Journal(house.archive.catalog, house.bucket, lambda: house.time).write()
    assert "keep writing" in report.problems["2026-11-23"]
    assert house.archive.catalog.journal_tokens(DAY) == set()


def test_days_far_apart_are_found_without_looking_at_those_between(house: House) -> None:
    long_ago = datetime(1999, 12, 31, 12, tzinfo=UTC)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2), started_at=long_ago))
    assert house.archive.catalog.journal_days() == [date(1999, 12, 31), DAY]
