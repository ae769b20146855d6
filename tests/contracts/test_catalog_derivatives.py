"""The contract of the catalog's part that knows derivatives."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy import Connection, insert

from tests.contracts.test_catalog_operations import archive, hold
from tests.factories import STARTED, enter, recording_sid
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.model.audio import ConversionSpec
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardCut, CardCutState
from twirec.model.custody import Order, OrderKind
from twirec.model.derivatives import Derivative, derivative_name, derivatives_of
from twirec.model.errors import CustodyRefused, LeaseLost
from twirec.model.states import State

OPUS = ConversionSpec("opus")
DAY = timedelta(days=1)
STORED = StoredObject("derivatives/x", generation=7, size=70, crc32c="AAAAAA==")


def archived(catalog: Catalog, number: int = 1) -> str:
    """Let the catalog know a recording that is archived and may leave."""
    sid = archive(catalog, number, 1000)
    enter(catalog.orders.admit, Order(sid, OrderKind.ADMIT, STARTED, "the tests", "a test"))
    return sid


def one(sid: str = recording_sid(), **changes: object) -> Derivative:
    begun = Derivative(
        object_name=f"derivatives/2026/{sid}_1.mp3",
        recording_sid=sid,
        sha256="0" * 64,
        format="mp3",
        conversion=ConversionSpec().words,
        begun_at=STARTED,
        expires_at=STARTED + DAY,
    )
    return replace(begun, **changes)  # type: ignore[arg-type]


def test_what_is_begun_is_known_and_made_once_it_is(catalog: Catalog) -> None:
    sid = archived(catalog)
    begun = catalog.derivatives.begin(one())
    assert begun == one()
    made = catalog.derivatives.made(begun.object_name, STORED, STARTED)
    assert made == one(made_at=STARTED, generation=7, size=70, crc32c="AAAAAA==", own_sha256=None)
    assert catalog.derivatives.of(sid) == [made]
    assert catalog.derivatives.of(recording_sid(2)) == []
    assert catalog.derivatives.known([made.object_name, "other"]) == {made.object_name}
    assert catalog.derivatives.known([]) == set()


def test_what_is_begun_again_stays_and_expires_at_the_later_time(catalog: Catalog) -> None:
    archived(catalog)
    catalog.derivatives.begin(one())
    catalog.derivatives.made(one().object_name, STORED, STARTED)
    for expires_at, then in (
        (STARTED, STARTED + DAY),
        (STARTED + 2 * DAY, STARTED + 2 * DAY),
        (None, None),
        (STARTED + 3 * DAY, None),
    ):
        again = catalog.derivatives.begin(one(expires_at=expires_at, begun_at=STARTED + DAY))
        assert (again.expires_at, again.made_at, again.begun_at) == (then, STARTED, STARTED)


def test_nothing_is_begun_of_what_may_not_leave(catalog: Catalog) -> None:
    hold(catalog, 1)
    archive(catalog, 2, 1000)  # in quarantine: nobody consented
    archived(catalog, 3)
    order_erase(catalog, Order(recording_sid(3), OrderKind.ERASE, STARTED, "admin", "asked"))
    for number in (1, 2, 3, 4):
        with pytest.raises(CustodyRefused, match=recording_sid(number)):
            catalog.derivatives.begin(one(recording_sid(number)))
        assert catalog.derivatives.of(recording_sid(number)) == []


def test_nothing_is_made_of_what_is_to_be_erased(catalog: Catalog) -> None:
    sid = archived(catalog)
    catalog.derivatives.begin(one())
    order_erase(catalog, Order(sid, OrderKind.ERASE, STARTED, "admin", "asked"))
    assert catalog.derivatives.made(one().object_name, STORED, STARTED) is None
    assert catalog.derivatives.made("derivatives/unknown", STORED, STARTED) is None


def test_nothing_is_begun_or_made_of_what_is_not_heard_any_more(catalog: Catalog) -> None:
    sid, other = archived(catalog), archived(catalog, 2)
    catalog.derivatives.begin(one())
    cut = CardCut(sid, STARTED, "", (), CardCutState.CUT, object_name="derivatives/c.wav")
    cut = replace(cut, own_sha256="1" * 64)
    waits = CardCut(other, STARTED, "", ())
    with catalog.database.write() as connection:
        connection.execute(insert(card_cuts), [to_row(each, card_cuts) for each in (cut, waits)])
    with pytest.raises(LeaseLost):
        catalog.derivatives.begin(one(object_name="derivatives/late"))
    assert catalog.derivatives.made(one().object_name, STORED, STARTED) is None
    new = catalog.derivatives.begin(one(object_name="derivatives/new", sha256="1" * 64))
    assert catalog.derivatives.made(new.object_name, STORED, STARTED) is not None
    catalog.derivatives.begin(one(other, object_name="derivatives/other"))
    assert catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9) == 2
    due = {each.recording_sid: each for each in due_of(catalog, sid, other)}
    assert due[sid].sha256 == "1" * 64
    assert due[other].sha256 == catalog.recordings.get(other).sha256
    assert due[sid].object_name.rpartition("_")[2] != due[other].object_name.rpartition("_")[2]


def due_of(catalog: Catalog, *sids: str) -> list[Derivative]:
    """Return the listening copies of recordings that a worker has to make."""
    return [each for sid in sids for each in catalog.derivatives.of(sid) if each.due_at]


def test_a_copy_whose_row_is_gone_is_begun_by_no_worker(catalog: Catalog) -> None:
    archived(catalog)
    catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9)
    lease = catalog.derivatives.listening_copies.claim(STARTED, DAY)
    assert lease is not None
    assert catalog.derivatives.begin(lease.item, lease) == lease.item
    catalog.derivatives.listening_copies.remove(lease)
    with pytest.raises(LeaseLost):
        catalog.derivatives.begin(lease.item, lease)
    assert catalog.derivatives.of(lease.item.recording_sid) == []


def test_what_expired_is_taken_once(catalog: Catalog) -> None:
    archived(catalog)
    catalog.derivatives.begin(one())
    catalog.derivatives.begin(one(object_name="derivatives/stays", expires_at=None))
    assert catalog.derivatives.take_expired(STARTED, 9) == []
    assert catalog.derivatives.take_expired(STARTED + DAY, 9) == [one()]
    assert catalog.derivatives.take_expired(STARTED + 99 * DAY, 9) == []
    assert len(catalog.derivatives.of(recording_sid())) == 1


def test_a_copy_is_due_of_each_recording_that_may_leave_and_lacks_it(catalog: Catalog) -> None:
    for number in (1, 2, 3):
        archived(catalog, number)
    archive(catalog, 4, 1000)
    hold(catalog, 5)
    enrol = catalog.derivatives.enrol_listening_copies
    assert enrol(OPUS, "opus", STARTED, "recordings/3", 9) == 1
    assert enrol(OPUS, "opus", STARTED, "", 1) == 1
    assert enrol(OPUS, "opus", STARTED, "", 9) == 1
    assert enrol(OPUS, "opus", STARTED, "", 9) == 0
    (due,) = catalog.derivatives.of(recording_sid(3))
    original = catalog.recordings.get(recording_sid(3))
    assert due.object_name == derivative_name(original, OPUS, "opus", original.sha256 or "")
    assert due.object_name.startswith(derivatives_of(original))
    assert (due.sha256, due.expires_at, due.due_at) == (original.sha256, None, STARTED)


def test_who_finds_no_copy_lacking_writes_nothing(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> NoReturn:
        raise AssertionError("Others wait while somebody writes.")

    archived(catalog)
    enrol = catalog.derivatives.enrol_listening_copies
    assert enrol(OPUS, "opus", STARTED, "", 9) == 1
    monkeypatch.setattr(catalog.database, "write", write)
    assert enrol(OPUS, "opus", STARTED, "", 9) == 0


def test_no_copy_is_due_of_what_was_to_be_erased_between_look_and_entry(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erased_before() -> AbstractContextManager[Connection]:
        monkeypatch.undo()
        order_erase(catalog, Order(sid, OrderKind.ERASE, STARTED, "admin", "asked"))
        return catalog.database.write()

    sid, other = archived(catalog, 1), archived(catalog, 2)
    monkeypatch.setattr(catalog.database, "write", erased_before)
    assert catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9) == 2
    assert catalog.derivatives.of(sid) == []
    assert len(catalog.derivatives.of(other)) == 1


def test_a_copy_is_claimed_by_one_until_it_is_made_or_postponed(catalog: Catalog) -> None:
    archived(catalog)
    catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9)
    queue = catalog.derivatives.listening_copies
    due = queue.claim(STARTED, DAY)
    assert due is not None
    assert due.item.attempts == 1
    assert queue.claim(STARTED, DAY) is None
    queue.postpone(due, STARTED + 2 * DAY, "no ffmpeg")
    assert queue.claim(STARTED + DAY, DAY) is None
    again = queue.claim(STARTED + 2 * DAY, DAY)
    assert again is not None
    assert (again.item.attempts, again.item.last_error) == (2, "no ffmpeg")
    catalog.derivatives.made(due.item.object_name, STORED, STARTED, again)
    assert queue.claim(STARTED + 9 * DAY, DAY) is None


def test_who_lost_the_lease_of_a_copy_commits_nothing(catalog: Catalog) -> None:
    sid = archived(catalog)
    catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9)
    queue = catalog.derivatives.listening_copies
    late, now = queue.claim(STARTED, DAY), queue.claim(STARTED + DAY, DAY)
    assert late is not None
    assert now is not None
    name = now.item.object_name
    for commit in (
        lambda: catalog.derivatives.made(name, STORED, STARTED, late),
        lambda: queue.renew(late, STARTED + 9 * DAY),
        lambda: queue.postpone(late, None, "late"),
        lambda: queue.give_back(late),
    ):
        with pytest.raises(LeaseLost):
            commit()
    assert catalog.derivatives.of(sid) == [now.item]
    assert catalog.derivatives.made(name, STORED, STARTED + DAY, now) is not None


def test_a_copy_that_somebody_asked_for_meanwhile_is_no_workers_any_more(catalog: Catalog) -> None:
    archived(catalog)
    catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9)
    queue = catalog.derivatives.listening_copies
    lease = queue.claim(STARTED, DAY)
    assert lease is not None
    name = lease.item.object_name
    assert catalog.derivatives.made(name, STORED, STARTED) is not None
    with pytest.raises(LeaseLost):
        catalog.derivatives.made(name, STORED, STARTED + DAY, lease)
    assert queue.claim(STARTED + 9 * DAY, DAY) is None


def test_no_copy_is_due_of_what_may_not_leave_any_more(catalog: Catalog) -> None:
    sid = archived(catalog)
    catalog.derivatives.enrol_listening_copies(OPUS, "opus", STARTED, "", 9)
    order_erase(catalog, Order(sid, OrderKind.ERASE, STARTED, "admin", "asked"))
    assert catalog.derivatives.listening_copies.claim(STARTED + DAY, DAY) is None


def test_what_was_made_is_forgotten_with_its_original(catalog: Catalog) -> None:
    sid = archived(catalog)
    catalog.derivatives.begin(one())
    order_erase(catalog, Order(sid, OrderKind.ERASE, STARTED, "admin", "asked"))
    lease = catalog.due_work.claim(STARTED, DAY)
    assert lease is not None
    catalog.due_work.finish(lease, State.ERASED)
    assert catalog.derivatives.of(sid) == []
