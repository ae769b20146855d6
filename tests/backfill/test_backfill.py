"""Taking over what an account has gathered: what is copied, and the figures."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.backfill.gathering import (
    DAY,
    GROUND,
    OTHER_ACCOUNT,
    SOUND,
    CountingBucket,
    backfill,
    gather,
    run,
)
from tests.factories import STARTED, a_call, a_consent, call_sid, recording_sid
from tests.house import House
from twirec.jobs.worker import LEASE
from twirec.model.backfill import FREE_MINUTES, BackfillReport
from twirec.model.errors import InvalidQuery
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import ConsentOutcome


def test_what_is_at_the_vendor_is_copied_quarantined_and_deleted_there(house: House) -> None:
    gather(house, *range(10, 40))
    gather(house, *range(50, 55), account=OTHER_ACCOUNT)
    report = run(house)
    assert (report.seen, report.copied, report.here, report.waiting) == (35, 35, 0, 0)
    assert (report.size, report.minutes) == (35 * len(SOUND), 35)
    assert (report.failed, report.nothing, report.stopped) == ({}, {}, "")
    assert len(house.stored()) == 35
    assert house.at_vendor() == []
    known = house.archive.catalog.recordings.get(recording_sid(12))
    assert (known.state, known.custody) == (State.RELEASED, Custody.QUARANTINED)
    labels = house.bucket.stat(known.object_name or "").labels
    assert labels["consent"] == ConsentOutcome.NOT_ANNOUNCED
    assert labels["customer_number"] == "+34600111222"


def test_what_is_outside_the_span_is_left_alone(house: House) -> None:
    gather(house, 10, 11, 12)
    report = run(house, since="2026-11-12", until="2026-11-12")
    assert (report.seen, report.copied) == (1, 1)
    assert house.stored() == [
        "recordings/2026/11/12/20261112T101500Z_" + recording_sid(11) + ".wav"
    ]


def test_until_is_now_if_nobody_says_otherwise(house: House) -> None:
    gather(house, 10)
    later = house.archive.now() + DAY
    gather(house, 11, created_at=later, started_at=later)
    assert run(house, until=None).copied == 1


def test_a_second_run_copies_nothing_twice(house: House, bucket: CountingBucket) -> None:
    gather(house, *range(10, 30))
    run(house, keep_at_vendor=True)
    report = run(house, keep_at_vendor=True)
    assert (report.seen, report.here, report.copied, report.size) == (20, 20, 0, 0)
    assert len(bucket.puts) == len(set(bucket.puts)) == 20


def test_what_somebody_who_died_has_in_hand_is_taken_over_when_the_lease_ends(
    house: House,
) -> None:
    gather(house, 10, 11)
    house.archive.operations.sweep(full=True)
    assert house.archive.catalog.due_work.claim(house.archive.now(), LEASE, recording_sid(10))
    report = run(house)
    assert (report.copied, report.waiting) == (2, 0)


def test_two_runs_at_once_copy_nothing_twice(house: House, bucket: CountingBucket) -> None:
    gather(house, *range(10, 40))
    begun, now = time.monotonic(), house.archive.now()
    # So slow that a lease lasts six seconds: on a busy machine it would run out, and be taken over.
    house.archive.now = lambda: now + timedelta(seconds=50 * (time.monotonic() - begun))
    reports: list[BackfillReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(run(house, keep_at_vendor=True)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.copied for report in reports) == 30
    # The one that begins later may go on from where the other is by then.
    assert max(report.copied + report.here for report in reports) == 30
    assert len(bucket.puts) == len(set(bucket.puts)) == 30


def test_what_has_no_audio_is_counted_by_its_state(house: House) -> None:
    gather(house, 10, 11, status=RecordingStatus.ABSENT)
    gather(house, 12, status=RecordingStatus.IN_PROGRESS)
    gather(house, 13, external=True)
    gather(house, 14)
    report = run(house)
    assert report.nothing == {State.ABSENT: 2, State.RECORDING: 1, State.EXTERNAL: 1}
    assert (report.seen, report.copied, report.waiting) == (5, 1, 0)
    assert report.minutes == 2  # the vendor keeps nothing of what is absent or in progress


def test_what_was_in_progress_is_copied_by_the_next_run(house: House) -> None:
    gather(house, 10, status=RecordingStatus.IN_PROGRESS)
    run(house)
    gather(house, 10)
    assert run(house).copied == 1


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({"since": "yesterdy"}, "since"),
        ({"until": "2026-13-01"}, "until"),
        ({"since": "2026-11-30", "until": "2026-11-01"}, "until: it is before since; swap them."),
        ({"since": "2030-01-01", "until": None}, "since: has to be before until"),
        ({"legal_ground": "  "}, "^legal_ground: "),
        ({"legal_ground": "x" * 256}, "^legal_ground: write at most 255"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    house: House, order: dict[str, Any], named: str
) -> None:
    gather(house, 10)
    with pytest.raises(InvalidQuery, match=named):
        backfill(house, **order)


def test_the_price_is_of_the_minutes_that_are_not_free() -> None:
    report = BackfillReport(STARTED, STARTED, minutes=FREE_MINUTES + 200_000)
    assert report.price == pytest.approx(100.0)
    assert BackfillReport(STARTED, STARTED, minutes=FREE_MINUTES - 1).price == 0


def test_a_legal_ground_admits_what_others_started(house: House) -> None:
    gather(house, 10, 11)
    gather(house, 12, call_sid=None)
    run(house, legal_ground=f" {GROUND} ")
    for number in (10, 11, 12):
        known = house.archive.catalog.recordings.get(recording_sid(number))
        assert (known.custody, known.legal_ground) == (Custody.ACTIVE, GROUND)
        labels = house.bucket.stat(known.object_name or "").labels
        assert (labels["custody"], labels["legal_ground"]) == ("active", GROUND)
        (order,) = house.archive.catalog.orders.of(known.sid)
        assert (order.by, order.why) == ("ana", GROUND)


def test_a_legal_ground_admits_what_an_earlier_run_took_over(house: House) -> None:
    gather(house, 10, 11)
    run(house, keep_at_vendor=True)
    run(house, keep_at_vendor=True, legal_ground=GROUND)
    for number in (10, 11):
        known = house.archive.catalog.recordings.get(recording_sid(number))
        assert known.custody is Custody.ACTIVE
        assert len(house.archive.catalog.orders.of(known.sid)) == 1


def test_no_ground_for_all_admits_the_recording_of_a_caller_who_refused(house: House) -> None:
    gather(house, 10)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(10)))
    refused = a_consent(
        call_sid=call_sid(10), leg=call_sid(10), outcome=ConsentOutcome.REFUSED, at=STARTED
    )
    house.archive.catalog.consents.record(refused, None)
    report = run(house, legal_ground=GROUND)
    known = house.archive.catalog.recordings.get(recording_sid(10))
    assert (report.copied, known.custody) == (1, Custody.QUARANTINED)
    assert house.archive.catalog.orders.of(known.sid) == []
