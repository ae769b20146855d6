"""The contract of the catalog port: work at recordings, by lease."""

from __future__ import annotations

import threading

import pytest

from tests.contracts.catalog_scenes import BOTH, MINUTE, NOW, STORED, claimed, receive
from tests.factories import a_callback, a_recording, call_sid, recording_sid
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import CatalogError, LeaseLost
from twirec.model.states import State


def test_what_is_due_longest_is_claimed_first_and_each_once(catalog: Catalog) -> None:
    for number in (2, 1, 3):
        at = NOW + number * MINUTE
        callback = a_callback(recording_sid=recording_sid(number))
        catalog.recordings.receive(callback, state=State.COMPLETED, channel_map=BOTH, at=at)
    claims = [catalog.due_work.claim(NOW + 2 * MINUTE, MINUTE) for _ in range(3)]
    assert [lease.item.sid for lease in claims if lease] == [
        recording_sid(1),
        recording_sid(2),
    ]


def test_a_live_calls_recording_goes_before_those_that_a_backfill_adopted(
    catalog: Catalog,
) -> None:
    for number in (1, 2):
        catalog.recordings.adopt(
            a_recording(sid=recording_sid(number), due_at=NOW - MINUTE, backfilled=True)
        )
    receive(catalog, recording_sid=recording_sid(3))
    claims = [catalog.due_work.claim(NOW, MINUTE) for _ in range(4)]
    assert [lease.item.sid for lease in claims if lease] == [
        recording_sid(3),
        recording_sid(1),
        recording_sid(2),
    ]


def test_an_order_to_erase_waits_behind_nobodys_calls(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(sid=recording_sid(2), due_at=NOW, backfilled=True))
    receive(catalog, recording_sid=recording_sid(3))
    order = Order(recording_sid(2), OrderKind.ERASE, NOW - MINUTE, "a test", "asked to")
    order_erase(catalog, order)
    first = catalog.due_work.claim(NOW, MINUTE)
    assert first is not None
    assert first.item.state is State.ERASING


def test_many_threads_never_claim_the_same_recording(catalog: Catalog) -> None:
    for number in range(20):
        receive(catalog, recording_sid=recording_sid(number))
    taken: list[str] = []

    def take() -> None:
        while (lease := catalog.due_work.claim(NOW, MINUTE)) is not None:
            taken.append(lease.item.sid)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [recording_sid(number) for number in range(20)]


def test_a_lease_that_ran_out_is_claimed_by_another_and_the_first_commits_nothing(
    catalog: Catalog,
) -> None:
    lost = claimed(catalog)
    kept = catalog.due_work.claim(NOW + 2 * MINUTE, MINUTE)
    assert kept is not None
    for commit in (
        lambda: catalog.due_work.renew(lost, NOW + 9 * MINUTE),
        lambda: catalog.due_work.name_object(lost, "recordings/b.wav"),
        lambda: catalog.due_work.archived(lost, STORED, "0" * 64, 2),
        lambda: catalog.due_work.finish(lost, State.LOST),
        lambda: catalog.due_work.postpone(lost, None, "late"),
        lambda: catalog.due_work.give_back(lost),
    ):
        with pytest.raises(LeaseLost):
            commit()
    assert catalog.recordings.get(recording_sid(1)) == kept.item


def test_a_renewed_lease_is_not_claimed_by_another(catalog: Catalog) -> None:
    lease = catalog.due_work.renew(claimed(catalog), NOW + 3 * MINUTE)
    assert lease.until == NOW + 3 * MINUTE
    assert catalog.due_work.claim(NOW + 2 * MINUTE, MINUTE) is None


def test_an_object_is_named_once(catalog: Catalog) -> None:
    lease = catalog.due_work.name_object(claimed(catalog), "recordings/a.wav")
    lease = catalog.due_work.name_object(lease, "recordings/b.wav")
    assert lease.item.object_name == "recordings/a.wav"


def test_objects_are_named_page_by_page_in_the_order_of_buckets(catalog: Catalog) -> None:
    names = ["recordings/%/a", "recordings/A", "recordings/_", "recordings/a", "recordings/é"]
    for number, name in enumerate(reversed(names), 1):
        catalog.recordings.adopt(a_recording(sid=recording_sid(number), object_name=name))
    catalog.recordings.adopt(a_recording(sid=recording_sid(6), object_name="recordingsX"))
    found: list[str | None] = []
    while page := catalog.recordings.named(
        "recordings/", after=found[-1] if found else None, limit=2
    ):
        found += [row.object_name for row in page]
    assert found == names
    assert [row.object_name for row in catalog.recordings.named("recordings/%", limit=9)] == names[
        :1
    ]


def test_archived_then_released(catalog: Catalog) -> None:
    lease = catalog.due_work.archived(claimed(catalog), STORED, "ab" * 32, 2)
    recording = lease.item
    assert recording.state is State.ARCHIVED
    assert (recording.generation, recording.size) == (STORED.generation, STORED.size)
    assert (recording.crc32c, recording.sha256) == (STORED.crc32c, "ab" * 32)
    catalog.due_work.finish(lease, State.RELEASED)
    recording = catalog.recordings.get(recording_sid(1))
    assert (recording.state, recording.due_at) == (State.RELEASED, None)
    assert catalog.due_work.claim(NOW + 9 * MINUTE, MINUTE) is None


def test_a_step_that_the_table_of_states_does_not_have_is_not_taken(catalog: Catalog) -> None:
    lease = claimed(catalog)
    with pytest.raises(LeaseLost):
        catalog.due_work.finish(lease, State.RELEASED)
    assert catalog.recordings.get(recording_sid(1)).state is State.COMPLETED


def test_a_postponed_recording_comes_back_when_it_is_due(catalog: Catalog) -> None:
    catalog.due_work.postpone(claimed(catalog), NOW + MINUTE, "VendorUnavailable: down")
    assert catalog.due_work.claim(NOW, MINUTE) is None
    again = catalog.due_work.claim(NOW + MINUTE, MINUTE)
    assert again is not None
    assert (again.item.attempts, again.item.last_error) == (2, "VendorUnavailable: down")


def test_a_parked_recording_waits_for_somebody(catalog: Catalog) -> None:
    catalog.due_work.postpone(claimed(catalog), None, "NotAudio: an error page")
    assert catalog.recordings.get(recording_sid(1)).parked
    assert catalog.due_work.claim(NOW + 99 * MINUTE, MINUTE) is None
    catalog.recordings.make_due(recording_sid(1), NOW)
    again = catalog.due_work.claim(NOW, MINUTE)
    assert again is not None
    assert again.item.attempts == 2


def test_what_waits_until_somebody_decides_is_not_made_due(catalog: Catalog) -> None:
    catalog.due_work.postpone(claimed(catalog), None, "NotAudio: it is an MP3", undecided=True)
    known = catalog.recordings.get(recording_sid(1))
    assert (known.parked, known.undecided, known.given_up) == (True, True, False)
    catalog.recordings.make_due(recording_sid(1), NOW)
    assert catalog.recordings.get(recording_sid(1)) == known


def test_what_is_not_parked_is_not_made_due_otherwise(catalog: Catalog) -> None:
    catalog.due_work.postpone(claimed(catalog), NOW + MINUTE, "VendorUnavailable: down")
    catalog.recordings.make_due(recording_sid(1), NOW)
    assert catalog.recordings.get(recording_sid(1)).due_at == NOW + MINUTE


def test_what_is_parked_and_what_is_in_progress_is_listed(catalog: Catalog) -> None:
    catalog.due_work.postpone(claimed(catalog), None, "NotAudio: an error page")
    receive(catalog, State.RECORDING, recording_sid=recording_sid(2))
    assert [recording.sid for recording in catalog.recordings.parked()] == [recording_sid(1)]
    before = a_callback().started_at
    assert before is not None
    assert catalog.recordings.in_progress(before) == []
    for found in (
        catalog.recordings.in_progress(before + MINUTE),
        catalog.recordings.in_progress(before, also=[call_sid()]),
    ):
        assert [recording.sid for recording in found] == [recording_sid(2)]
    assert catalog.recordings.in_progress(before, also=[call_sid(9)]) == []


def test_a_recording_given_back_is_as_if_never_claimed(catalog: Catalog) -> None:
    lease = claimed(catalog)
    catalog.due_work.give_back(lease)
    again = catalog.due_work.claim(NOW, MINUTE)
    assert again is not None
    assert again.item == lease.item


def test_what_a_newer_version_wrote_holds_up_nothing(catalog: Catalog) -> None:
    for number in (1, 2):
        receive(catalog, recording_sid=recording_sid(number))
    with catalog.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE recordings SET custody = 'later' WHERE sid = '{recording_sid(1)}'"  # noqa: S608
        )
    with pytest.raises(CatalogError, match="A row of recordings cannot be read"):
        catalog.due_work.claim(NOW, MINUTE)
    lease = catalog.due_work.claim(NOW, MINUTE)
    assert lease is not None
    assert lease.item.sid == recording_sid(2)
    with pytest.raises(CatalogError):  # and it is due again when that lease ends
        catalog.due_work.claim(NOW + 2 * MINUTE, MINUTE)
