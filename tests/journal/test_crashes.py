"""The journal, when somebody is killed or another writes at the same time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.factories import a_call, call_sid
from tests.house import House
from tests.journal.journalling import DAY, names, rows
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog import Catalog
from twirec.journal.journal import Journal
from twirec.model.bucket import StoredObject
from twirec.model.errors import BucketUnavailable, VerificationFailed


class Interrupted(MemoryBucket):
    """A bucket in which something happens once: around a writing, or after a listing."""

    before: Callable[[], object] | None = None
    after: Callable[[StoredObject], object] | None = None
    listed: Callable[[Sequence[StoredObject]], object] | None = None

    def put(self, name: str, chunks: Any, **more: Any) -> StoredObject:
        before, self.before = self.before, None
        if before:
            before()
        stored = super().put(name, chunks, **more)
        after, self.after = self.after, None
        if after:
            after(stored)
        return stored

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        found = tuple(super().list(prefix))
        listed, self.listed = self.listed, None
        if listed:
            listed(found)
        return iter(found)


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
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
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
        house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))

    # the catalog in memory has one connection, so that the first may write only between two reads
    bucket.listed = lambda found: write_first()
    assert journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000002.jsonl"]
    assert len([row for table, row in rows(bucket) if table == "calls"]) == 2


def test_who_was_much_slower_takes_what_is_out_of_date_away_again(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    other = Journal(house.archive.catalog, bucket, lambda: house.time)

    def write_two(found: Sequence[StoredObject]) -> None:
        for number in (2, 3):  # and the first two are deleted meanwhile
            house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
            other.write_day(DAY)
        house.archive.catalog.journal.add_token(DAY, found[0].labels["token"])

    bucket.listed = write_two
    journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000003.jsonl"]


def test_whose_object_was_replaced_meanwhile_does_not_take_it_for_anothers(
    interrupted: tuple[House, Interrupted, Journal],
) -> None:
    house, bucket, journal = interrupted
    journal.write()
    other = Journal(house.archive.catalog, bucket, lambda: house.time)

    def replace(found: Sequence[StoredObject]) -> None:
        house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
        other.write_day(DAY)

    bucket.listed = replace
    assert not journal.write_day(DAY)
    assert names(bucket) == ["journal/2026/11/23/000002.jsonl"]


def test_many_that_write_at_once_leave_one_object_that_holds_all(
    tmp_path: Path, house: House
) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()

    def one(first: int) -> None:
        journal = Journal(catalog, house.bucket, lambda: house.time)
        for number in range(first, first + 5):
            catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
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
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    put = bucket.put

    def wrong(*args: Any, **more: Any) -> StoredObject:
        return dataclasses.replace(put(*args, **more), crc32c="AAAAAA==")

    monkeypatch.setattr(bucket, "put", wrong)
    with pytest.raises(VerificationFailed):
        journal.write_day(DAY)
    assert "journal/2026/11/23/000001.jsonl" in names(bucket)
