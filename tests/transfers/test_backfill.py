"""Taking over what an account has gathered: figures, failures, and going on after a stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, a_consent, call_sid, recording_sid
from tests.sounds import wav
from tests.transfers.house import AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.backfill import FREE_MINUTES, BackfillReport
from twirec.model.errors import (
    BucketUnavailable,
    CatalogUnavailable,
    InvalidQuery,
    LookedAtNothing,
    MediaNotReady,
    VendorBusy,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus, VendorCall
from twirec.model.words import ConsentOutcome
from twirec.settings import Settings
from twirec.transfers.backfill import MOST_IN_A_ROW, Backfill
from twirec.transfers.backfill_tally import Tally
from twirec.transfers.lease import LEASE
from twirec.transfers.worker import MOST_ATTEMPTS

DAY = timedelta(days=1)
OTHER_ACCOUNT = "AC" + "b" * 32
SOUND = wav(seconds=4, channels=2)
SPAN = {"since": "2026-11-01", "until": "2026-11-30"}
GROUND = "art. 6.1.f, assessment of 3 November"


class CountingBucket(MemoryBucket):
    """Counts what is written, and is down when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[str] = []
        self.down = False

    def put(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self.puts.append(name)
        if self.down:
            raise BucketUnavailable("The bucket does not answer.")
        return super().put(name, *args, **kwargs)


@pytest.fixture
def bucket() -> CountingBucket:
    return CountingBucket()


@pytest.fixture
def house(twirec_settings: Settings, bucket: CountingBucket) -> Iterator[House]:
    """A house whose clock runs two thousand times faster than life."""
    house = House(twirec_settings, bucket)
    begun = time.monotonic()
    now = STARTED + DAY
    house.archive.now = lambda: now + timedelta(seconds=2000 * (time.monotonic() - begun))
    yield house
    house.archive.close()


def gather(house: House, *numbers: int, account: str = ACCOUNT, **facts: Any) -> None:
    """Let the vendor have recordings, each of a call and a day of its own."""
    for number in numbers:
        at = STARTED - (number % 20) * DAY
        call = VendorCall(
            sid=call_sid(number),
            account_sid=account,
            from_="+34600111222",
            to="+34911000111",
            direction="inbound",
            status="completed",
            started_at=at,
        )
        found = replace(
            AT_VENDOR,
            sid=recording_sid(number),
            account_sid=account,
            call_sid=call.sid,
            created_at=at,
            started_at=at,
        )
        house.vendor.add_call(call)
        house.vendor.add_recording(replace(found, **facts), SOUND)


def backfill(house: House, **order: Any) -> Backfill:
    return house.archive.backfill(**{**SPAN, "by": "ana", "threads": 4, **order})


def run(house: House, **order: Any) -> BackfillReport:
    return backfill(house, **order).run()


def test_what_is_at_the_vendor_is_copied_quarantined_and_deleted_there(house: House) -> None:
    gather(house, *range(10, 40))
    gather(house, *range(50, 55), account=OTHER_ACCOUNT)
    report = run(house)
    assert (report.seen, report.copied, report.here, report.waiting) == (35, 35, 0, 0)
    assert (report.size, report.minutes) == (35 * len(SOUND), 35)
    assert (report.failed, report.nothing, report.stopped) == ({}, {}, "")
    assert len(house.stored()) == 35
    assert house.at_vendor() == []
    known = house.archive.catalog.recording(recording_sid(12))
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
    house.archive.sweep(full=True)
    assert house.archive.catalog.claim(house.archive.now(), LEASE, recording_sid(10))
    report = run(house)
    assert (report.copied, report.waiting) == (2, 0)


def test_two_runs_at_once_copy_nothing_twice(house: House, bucket: CountingBucket) -> None:
    gather(house, *range(10, 40))
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


# --- failures ---------------------------------------------------------------------------------


def test_what_fails_for_a_while_is_copied_all_the_same(house: House) -> None:
    gather(house, *range(10, 20))
    house.vendor.fail_next("recordings", VendorUnavailable("It is away."))
    for operation in ("media", "call", "delete", "read"):
        for _ in range(3):
            house.vendor.fail_next(operation, VendorUnavailable("It is away."))
    report = run(house)
    assert (report.copied, report.failed, report.stopped) == (10, {}, "")


def test_what_is_given_up_is_named_and_holds_up_nothing(house: House) -> None:
    gather(house, *range(10, 20))
    for _ in range(MOST_ATTEMPTS):
        house.vendor.fail_next("media", MediaNotReady("It is not there."))
    gather(house, 20)
    house.vendor.add_recording(
        replace(AT_VENDOR, sid=recording_sid(20), call_sid=call_sid(20), duration=90), SOUND
    )
    report = run(house)
    assert report.copied == 10
    assert list(report.failed) == [recording_sid(20)]
    assert "MediaMismatch" in report.failed[recording_sid(20)]
    assert house.at_vendor() == [recording_sid(20)]
    assert list(run(house).failed) == [recording_sid(20)]  # it is told of again, and not tried


def test_a_busy_vendor_is_asked_less_and_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(
        "twirec.transfers.throttle.Throttle.busy", lambda _, wait: waits.append(wait)
    )
    gather(house, *range(10, 20))
    for _ in range(5):
        house.vendor.fail_next("media", VendorBusy("Slow down.", status=429, code=20429))
    house.vendor.fail_next("call", VendorBusy("Slow down.", retry_after=30.0))
    house.vendor.fail_next("recordings", VendorBusy("Slow down.", retry_after=0.1))
    report = run(house)
    assert (report.copied, report.failed) == (10, {})
    assert sorted(waits) == [0, 0, 0, 0, 0, 0.1, 30.0]


def test_an_account_that_cannot_be_listed_does_not_hold_up_the_others(house: House) -> None:
    gather(house, 50, account=OTHER_ACCOUNT)
    gather(house, 10)
    house.vendor.fail_next("recordings", VendorRefused("The token is wrong.", status=401))
    report = run(house)
    assert report.copied == 1
    assert report.stopped.startswith(f"{OTHER_ACCOUNT} cannot be listed: The token is wrong.")
    assert run(house).copied == 1


def test_an_outage_ends_the_run_before_everything_is_given_up(
    house: House, bucket: CountingBucket
) -> None:
    gather(house, *range(100, 170))
    bucket.down = True
    report = run(house)
    assert "in a row failed, the last one so: The bucket does not answer." in report.stopped
    assert len(bucket.puts) < MOST_IN_A_ROW + 8
    assert report.failed == {}
    bucket.down = False
    assert run(house).copied == 70


def test_a_catalog_that_is_away_for_a_moment_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, *range(10, 30))
    claim, calls = house.archive.catalog.claim, iter(range(10**6))

    def away(*args: Any, **kwargs: Any) -> Any:
        if next(calls) % 3 == 0:
            raise CatalogUnavailable("It is locked.")
        return claim(*args, **kwargs)

    monkeypatch.setattr(house.archive.catalog, "claim", away)
    report = run(house)
    assert (report.copied, report.failed) == (20, {})


def test_an_error_of_ours_is_one_recordings_and_ends_no_thread(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, *range(10, 20))
    know = "twirec.transfers.backfill_item.state_of"

    def wrong(found: Any) -> State:
        raise KeyError(found.sid)

    house.archive.sweep(full=True)
    monkeypatch.setattr(know, wrong)
    report = run(house)
    assert set(report.failed.values()) == {"KeyError in the library; the log has more."}
    assert (report.seen, len(report.failed), report.waiting) == (10, 10, 0)


def test_without_any_account_nothing_is_said_to_be_done(house: House) -> None:
    with pytest.raises(LookedAtNothing):
        run(house)


# --- stopping and going on --------------------------------------------------------------------


def stopped_after(house: House, count: int, **order: Any) -> BackfillReport:
    """Run, and stop, once, when so many are settled."""
    taking = backfill(house, threads=2, **order)
    stops = iter([taking.stop])

    def show(report: BackfillReport) -> None:
        if report.settled >= count:
            next(stops, lambda: None)()

    return taking.run(show)


def test_a_run_that_is_stopped_goes_on_where_it_stopped(
    house: House, bucket: CountingBucket
) -> None:
    gather(house, *range(100, 200))
    first = stopped_after(house, 20, keep_at_vendor=True)
    assert first.stopped == "It was interrupted."
    assert 20 <= first.copied < 100
    assert house.archive.stats().waiting == 0  # nothing is only begun
    second = run(house, keep_at_vendor=True)
    assert second.gone_on_at[ACCOUNT] > second.since
    assert second.seen < 100
    assert first.copied + second.copied == 100
    assert len(bucket.puts) == len(set(bucket.puts)) == 100


def test_a_run_of_another_kind_looks_at_everything(house: House) -> None:
    gather(house, *range(100, 200))
    first = stopped_after(house, 20, keep_at_vendor=True)
    second = run(house)
    assert second.gone_on_at == {}
    assert (second.seen, second.here) == (100, first.copied)


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
    stopper = threading.Thread(target=lambda: (read.wait(5), taking.stop(), taking.stop()))
    stopper.start()
    report = taking.run()
    stopper.join()
    assert (report.copied, report.waiting) == (0, 1)
    known = house.archive.catalog.recording(recording_sid(10))
    assert (known.state, known.attempts) == (State.COMPLETED, 0)
    assert house.stored() == []


def test_who_watches_sees_it_grow_to_the_total(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, *range(100, 150))
    seen: list[BackfillReport] = []
    expect = Tally.expect

    def slowly(tally: Tally, found: Any) -> None:
        time.sleep(0.01)  # meanwhile some of it is copied, and gone from the vendor
        expect(tally, found)

    monkeypatch.setattr(Tally, "expect", slowly)
    backfill(house).run(seen.append)
    assert (seen[-1].total, seen[-1].settled) == (50, 50)
    assert {each.total for each in seen} <= {None, 50}
    assert [each.settled for each in seen] == sorted(each.settled for each in seen)


# --- what stays at the vendor -----------------------------------------------------------------


def test_what_is_kept_at_the_vendor_stays_there_whoever_works_beside(house: House) -> None:
    gather(house, *range(10, 30))
    report = run(house, keep_at_vendor=True)
    assert (report.copied, report.waiting) == (20, 0)
    for _ in range(2):
        house.archive.sweep(full=True)
        house.archive.worker(threads=2).run_once()
    assert len(house.at_vendor()) == len(house.stored()) == 20
    stats = house.archive.stats()
    assert (stats.recordings, stats.parked, stats.waiting) == ({State.ARCHIVED: 20}, 0, 0)


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
    known = house.archive.catalog.recording(recording_sid(10))
    assert house.bucket.stat(known.object_name or "").labels["keep_at_vendor"] == "yes"
    house.archive.erase(known.sid, why="asked for", by="ana")
    house.archive.worker(threads=1).run_once()
    assert (house.at_vendor(), house.stored()) == ([], [])


def test_what_a_sweep_finds_before_the_run_comes_to_it_is_kept_too(house: House) -> None:
    gather(house, *range(10, 30))
    stopped_after(house, 0, keep_at_vendor=True)
    house.archive.sweep(full=True)
    house.archive.worker(threads=2).run_once()
    assert len(house.at_vendor()) == len(house.stored()) == 20
    report = run(house, keep_at_vendor=True)
    assert report.stopped == ""
    gather(house, 30)
    house.archive.sweep(full=True)
    house.archive.worker(threads=2).run_once()
    assert recording_sid(30) not in house.at_vendor()  # it came after the run, which is at its end


def test_what_waits_for_a_worker_is_kept_when_the_run_comes_to_it(house: House) -> None:
    gather(house, *range(10, 30))
    house.archive.sweep(full=True)
    report = run(house, keep_at_vendor=True)
    assert (report.copied, len(house.at_vendor())) == (20, 20)


# --- who may have it --------------------------------------------------------------------------


def test_a_legal_ground_admits_what_others_started(house: House) -> None:
    gather(house, 10, 11)
    gather(house, 12, call_sid=None)
    run(house, legal_ground=f" {GROUND} ")
    for number in (10, 11, 12):
        known = house.archive.catalog.recording(recording_sid(number))
        assert (known.custody, known.legal_ground) == (Custody.ACTIVE, GROUND)
        labels = house.bucket.stat(known.object_name or "").labels
        assert (labels["custody"], labels["legal_ground"]) == ("active", GROUND)
        (order,) = house.archive.catalog.orders(known.sid)
        assert (order.by, order.why) == ("ana", GROUND)


def test_a_legal_ground_admits_what_an_earlier_run_took_over(house: House) -> None:
    gather(house, 10, 11)
    run(house, keep_at_vendor=True)
    run(house, keep_at_vendor=True, legal_ground=GROUND)
    for number in (10, 11):
        known = house.archive.catalog.recording(recording_sid(number))
        assert known.custody is Custody.ACTIVE
        assert len(house.archive.catalog.orders(known.sid)) == 1


def test_no_ground_for_all_admits_the_recording_of_a_caller_who_refused(house: House) -> None:
    gather(house, 10)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(10)))
    refused = a_consent(
        call_sid=call_sid(10), leg=call_sid(10), outcome=ConsentOutcome.REFUSED, at=STARTED
    )
    house.archive.catalog.record_consent(refused, None)
    report = run(house, legal_ground=GROUND)
    known = house.archive.catalog.recording(recording_sid(10))
    assert (report.copied, known.custody) == (1, Custody.QUARANTINED)
    assert house.archive.catalog.orders(known.sid) == []


# --- what is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-13-01"}, "until"),
        ({"since": "2026-11-30", "until": "2026-11-01"}, "since: has to be before until"),
        ({"since": "2030-01-01", "until": None}, "since: has to be before until"),
        ({"legal_ground": "  "}, "ground"),
        ({"legal_ground": "x" * 256}, "ground: write at most 255"),
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
