"""What fails while much is taken over holds up nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.backfill.gathering import OTHER_ACCOUNT, SOUND, CountingBucket, gather, run
from tests.factories import call_sid, recording_sid
from tests.house import AT_VENDOR, House
from twirec.backfill.backfill import MOST_IN_A_ROW
from twirec.jobs.retrying import TRANSFERS
from twirec.model.errors import (
    CatalogUnavailable,
    LookedAtNothing,
    MediaNotReady,
    VendorBusy,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.states import State


def test_what_fails_for_a_while_is_copied_all_the_same(house: House) -> None:
    gather(house, *range(10, 20))
    house.vendor.faults.add("recordings", VendorUnavailable("It is away."))
    for operation in ("media", "call", "delete", "read"):
        for _ in range(3):
            house.vendor.faults.add(operation, VendorUnavailable("It is away."))
    report = run(house)
    assert (report.copied, report.failed, report.stopped) == (10, {}, "")


def test_what_is_given_up_is_named_and_holds_up_nothing(house: House) -> None:
    gather(house, *range(10, 20))
    for _ in range(TRANSFERS.tries):
        house.vendor.faults.add("media", MediaNotReady("It is not there."))
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
        "twirec.backfill.throttle.Throttle.busy", lambda _, wait: waits.append(wait)
    )
    gather(house, *range(10, 20))
    for _ in range(5):
        house.vendor.faults.add("media", VendorBusy("Slow down.", status=429, code=20429))
    house.vendor.faults.add("call", VendorBusy("Slow down.", retry_after=30.0))
    house.vendor.faults.add("recordings", VendorBusy("Slow down.", retry_after=0.1))
    report = run(house)
    assert (report.copied, report.failed) == (10, {})
    assert sorted(waits) == [0, 0, 0, 0, 0, 0.1, 30.0]


def test_an_account_that_cannot_be_listed_does_not_hold_up_the_others(house: House) -> None:
    gather(house, 50, account=OTHER_ACCOUNT)
    gather(house, 10)
    house.vendor.faults.add("recordings", VendorRefused("The token is wrong.", status=401))
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
    claim, calls = house.archive.catalog.due_work.claim, iter(range(10**6))

    def away(*args: Any, **kwargs: Any) -> Any:
        if next(calls) % 3 == 0:
            raise CatalogUnavailable("It is locked.")
        return claim(*args, **kwargs)

    monkeypatch.setattr(house.archive.catalog.due_work, "claim", away)
    report = run(house)
    assert (report.copied, report.failed) == (20, {})


def test_an_error_of_ours_is_one_recordings_and_ends_no_thread(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(house, *range(10, 20))
    know = "twirec.backfill.adoption.state_of"

    def wrong(found: Any) -> State:
        raise KeyError(found.sid)

    house.archive.operations.sweep(full=True)
    monkeypatch.setattr(know, wrong)
    report = run(house)
    assert set(report.failed.values()) == {"KeyError in the library; the log has more."}
    assert (report.seen, len(report.failed), report.waiting) == (10, 10, 0)


def test_without_any_account_nothing_is_said_to_be_done(house: House) -> None:
    with pytest.raises(LookedAtNothing):
        run(house)
