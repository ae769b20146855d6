"""What is erased leaves the journal, and what is damaged is not taken for it."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.erasing import destroy
from tests.factories import STARTED, a_call, a_consent, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.journal.journalling import DAY, MEDIA, names, text
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.journal.journal import Journal
from twirec.journal.page import Page, read_page
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import BucketRefused, JournalUnreadable, ObjectExists
from twirec.model.states import State


def test_what_is_erased_is_gone_from_the_journal_before_it_is_called_erased(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    sha256 = house.recording().sha256 or "none"
    assert sha256 in text(house.bucket)
    destroy(house.archive, recording_sid(), "request 7")
    assert house.work().state is State.ERASED
    assert sha256 not in text(house.bucket)
    assert len(names(house.bucket)) == 1


def test_while_the_journal_cannot_be_written_nothing_is_called_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    destroy(house.archive, recording_sid(), "request 7")

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
    house.archive.operations.sweep()
    house.work()
    house.archive.journal.write()
    for sid in sids:
        order = Order(sid, OrderKind.ERASE, house.time, "twirec", "retention")
        order_erase(house.archive.catalog, order)
    house.archive.operations.worker(threads=3).run_once()
    assert {house.archive.catalog.recordings.get(sid).state for sid in sids} == {State.ERASED}
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    again = Journal(house.archive.catalog, house.bucket, lambda: house.time)
    again.write_day(DAY)
    assert names(house.bucket) == ["journal/2026/11/23/000003.jsonl"]


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
    house.archive.journal.write()
    lines = [json.loads(line) for line in text(house.bucket).splitlines()]
    assert lines[0] == {"journal": 1, "day": "2026-11-23"}
    assert lines[-1]["end"] == 2


def test_a_worker_writes_the_journal_in_turn_and_the_days_of_all_once_a_day(house: House) -> None:
    _, in_turn, *_ = house.archive.operations.worker(threads=1)._periodic
    in_turn()
    assert len(names(house.bucket)) == 1
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    in_turn()
    assert names(house.bucket) == ["journal/2026/11/23/000001.jsonl"]  # not its turn yet
    house.time += timedelta(hours=1)
    in_turn()
    assert names(house.bucket) == ["journal/2026/11/23/000002.jsonl"]
    house.time += timedelta(days=9)
    old = a_call(call_sid=call_sid(3), started_at=STARTED - timedelta(days=30))
    house.archive.catalog.ledger.open_call(old)
    in_turn()
    assert "journal/2026/10/24/000001.jsonl" in names(house.bucket)


def test_no_number_is_in_a_name_a_label_or_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house.archive.journal.write()
    for stored in house.bucket.list("journal/"):
        assert "600111222" not in stored.name + str(stored.labels)
    assert "600111222" not in caplog.text


def test_the_sweep_reports_no_object_of_the_journal(house: House) -> None:
    house.vendor.add_call(A_CALL)
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    assert house.archive.operations.sweep(full=True).problems == {}


def test_a_day_is_of_one_moment_though_others_write(tmp_path: Path, house: House) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()
    catalog.ledger.open_call(a_call())
    with catalog.journal.rows(DAY) as found:
        assert next(found)[0] == "calls"
        late = a_call(call_sid=call_sid(2))
        catalog.ledger.open_call(late)
        catalog.consents.record(a_consent(call_sid=call_sid(2)), None)
        assert list(found) == []
    catalog.close()


def test_days_are_those_of_utc(house: House) -> None:
    late = datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=UTC)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=late))
    assert house.archive.catalog.journal.days() == [DAY, date(2026, 11, 24)]


def test_writers_that_never_agree_give_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*args: object, **more: object) -> StoredObject:
        raise ObjectExists("there")

    monkeypatch.setattr(house.bucket, "put", taken)
    report = Journal(house.archive.catalog, house.bucket, lambda: house.time).write()
    assert "keep writing" in report.problems["2026-11-23"]
    assert house.archive.catalog.journal.tokens(DAY) == set()


def test_days_far_apart_are_found_without_looking_at_those_between(house: House) -> None:
    long_ago = datetime(1999, 12, 31, 12, tzinfo=UTC)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=long_ago))
    assert house.archive.catalog.journal.days() == [date(1999, 12, 31), DAY]
