"""A backfill that is stopped goes on where it was; what is kept at the vendor stays there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.backfill.gathering import (
    DAY,
    SOUND,
    CountingBucket,
    backfill,
    gather,
    run,
    stopped_after,
)
from tests.erasing import destroy
from tests.factories import ACCOUNT, recording_sid
from tests.house import House
from twirec.backfill.tally import Tally
from twirec.model.access import Actor
from twirec.model.backfill import BackfillReport
from twirec.model.errors import BucketUnavailable, CatalogUnavailable, CustodyRefused
from twirec.model.states import State


def test_a_run_that_is_stopped_goes_on_where_it_stopped(
    house: House, bucket: CountingBucket
) -> None:
    gather(house, *range(100, 140))
    first = stopped_after(house, 8, keep_at_vendor=True)
    assert first.stopped == "It was interrupted."
    assert 8 <= first.copied < 40
    assert house.archive.operations.stats().waiting == 0  # nothing is only begun
    second = run(house, keep_at_vendor=True)
    assert second.gone_on_at[ACCOUNT] > second.since
    assert second.seen < 40
    assert first.copied + second.copied == 40
    assert len(bucket.puts) == len(set(bucket.puts)) == 40


ORDER = {"since": "2026-11-01T00:00+01:00", "until": "2026-12-01T00:00+01:00"}
FLAGS = {"keep_at_vendor": False, "release_unknown": True, "legal_ground": False}


def test_each_run_is_entered_before_and_as_it_ended(house: House) -> None:
    gather(house, 3, 4)
    taking = backfill(house, release_unknown=True)
    taking.stop()
    taking.run()
    assert run(house, release_unknown=True).copied == 2
    tried, stopped, again, done = house.archive.audit.log(action="backfill")[::-1]
    assert [each.outcome for each in (tried, stopped, again, done)] == [
        *("tried", "failed"),
        *("tried", "done"),
    ]
    assert tried.detail == again.detail == {**ORDER, **FLAGS}
    ended = {**tried.detail, "tried": tried.seq, "error": "Stopped"}
    assert stopped.detail == {**ended, "seen": 0, "copied": 0, "failed": 0}
    figures = {"seen": 2, "copied": 2, "failed": 0}
    assert done.detail == {**again.detail, "tried": again.seq, **figures}


def test_who_may_not_decide_takes_nothing_over(house: House) -> None:
    gather(house, 3)
    for role in ("agent", "supervisor", "auditor"):
        with pytest.raises(CustodyRefused):
            backfill(house, by=Actor("mallory", role), release_unknown=True)
    assert [each.outcome for each in house.archive.audit.log()] == ["denied"] * 3
    assert (len(house.at_vendor()), house.stored()) == (1, [])


def test_a_run_whose_end_cannot_be_entered_stays_tried_and_reports(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, 3)
    taking = backfill(house)

    def shown(report: BackfillReport) -> None:
        if report.copied:
            monkeypatch.setattr("twirec.catalog.audit.append", away)

    def away(*_: object) -> None:
        raise CatalogUnavailable("It is locked.")

    assert taking.run(shown).copied == 1
    assert [each.outcome for each in house.archive.audit.log()] == ["tried"]


def test_a_run_of_another_kind_looks_at_everything(house: House) -> None:
    gather(house, *range(100, 140))
    first = stopped_after(house, 8, keep_at_vendor=True)
    second = run(house)
    assert second.gone_on_at == {}
    assert (second.seen, second.here) == (40, first.copied)


def test_a_run_that_came_to_its_end_is_not_gone_on_with(house: House) -> None:
    gather(house, *range(10, 20))
    run(house, keep_at_vendor=True)
    assert run(house, keep_at_vendor=True).seen == 10


def test_the_second_stop_gives_back_what_is_in_hand(house: House) -> None:
    gather(house, 10)
    taking = backfill(house)
    read = threading.Event()
    chunks = house.vendor._chunks

    def slow(content: bytes) -> Iterator[bytes]:
        for chunk in chunks(content):
            read.set()
            time.sleep(0.3)
            yield chunk
            yield from iter(lambda: b"\0" * 8, b"")

    house.vendor._chunks = slow  # type: ignore[method-assign]
    stopper = threading.Thread(target=lambda: (read.wait(120), taking.stop(), taking.stop()))
    stopper.start()
    report = taking.run()
    stopper.join()
    assert (report.copied, report.waiting) == (0, 1)
    known = house.archive.catalog.recordings.get(recording_sid(10))
    assert (known.state, known.attempts) == (State.COMPLETED, 0)
    assert house.stored() == []


def test_who_watches_sees_it_grow_to_the_total(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, *range(100, 130))
    seen: list[BackfillReport] = []
    expect = Tally.expect

    def slowly(tally: Tally, found: Any) -> None:
        time.sleep(0.01)  # meanwhile some of it is copied, and gone from the vendor
        expect(tally, found)

    monkeypatch.setattr(Tally, "expect", slowly)
    backfill(house).run(seen.append)
    assert (seen[-1].total, seen[-1].settled) == (30, 30)
    assert {each.total for each in seen} <= {None, 30}
    assert [each.settled for each in seen] == sorted(each.settled for each in seen)


def test_what_is_kept_at_the_vendor_stays_there_whoever_works_beside(house: House) -> None:
    gather(house, *range(10, 30))
    report = run(house, keep_at_vendor=True)
    assert (report.copied, report.waiting) == (20, 0)
    for _ in range(2):
        house.archive.operations.sweep(full=True)
        house.archive.operations.worker(threads=2).run_once()
    assert len(house.at_vendor()) == len(house.stored()) == 20
    stats = house.archive.operations.stats()
    assert (stats.recordings, stats.parked, stats.waiting) == ({State.ARCHIVED: 20}, 0, 0)


def test_what_a_run_could_not_copy_waits_behind_live_calls(
    house: House, bucket: CountingBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, 10)
    taking, old, live = backfill(house, threads=1), recording_sid(10), recording_sid()

    def stop(*_: Any, **__: Any) -> None:
        taking.stop()
        raise BucketUnavailable("The bucket does not answer.")

    with monkeypatch.context() as down:
        down.setattr(bucket, "put", stop)
        taking.run()
    later = house.time = house.archive.now() + DAY
    house.archive.now = lambda: later
    house.record(SOUND)
    recordings = house.archive.catalog.recordings
    assert (recordings.get(old).backfilled, recordings.get(live).backfilled) == (True, False)
    assert recordings.get(old).due_at < recordings.get(live).due_at == later
    house.archive.operations.worker(threads=1).run_once()
    assert [name.rpartition("_")[-1] for name in bucket.puts] == [f"{live}.wav", f"{old}.wav"]


def test_what_is_kept_is_let_go_by_a_run_that_keeps_nothing(
    house: House, bucket: CountingBucket
) -> None:
    gather(house, *range(10, 30))
    run(house, keep_at_vendor=True)
    report = run(house)
    assert (report.here, report.copied, report.waiting) == (20, 0, 0)
    assert house.at_vendor() == []
    assert len(bucket.puts) == 20


def test_what_is_kept_is_destroyed_at_the_vendor_too_when_that_is_ordered(house: House) -> None:
    gather(house, 10)
    run(house, keep_at_vendor=True)
    known = house.archive.catalog.recordings.get(recording_sid(10))
    assert house.bucket.stat(known.object_name or "").labels["keep_at_vendor"] == "yes"
    destroy(house.archive, known.sid, "asked for")
    house.archive.operations.worker(threads=1).run_once()
    assert (house.at_vendor(), house.stored()) == ([], [])


def test_what_a_sweep_finds_before_the_run_comes_to_it_is_kept_too(house: House) -> None:
    gather(house, *range(10, 30))
    stopped_after(house, 0, keep_at_vendor=True)
    house.archive.operations.sweep(full=True)
    house.archive.operations.worker(threads=2).run_once()
    assert len(house.at_vendor()) == len(house.stored()) == 20
    report = run(house, keep_at_vendor=True)
    assert report.stopped == ""
    gather(house, 30)
    house.archive.operations.sweep(full=True)
    house.archive.operations.worker(threads=2).run_once()
    assert recording_sid(30) not in house.at_vendor()  # it came after the run, which is at its end


def test_what_waits_for_a_worker_is_kept_when_the_run_comes_to_it(house: House) -> None:
    gather(house, *range(10, 30))
    house.archive.operations.sweep(full=True)
    report = run(house, keep_at_vendor=True)
    assert (report.copied, len(house.at_vendor())) == (20, 20)
