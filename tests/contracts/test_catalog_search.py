"""What every catalog does when it is searched, annotated, and audited."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import (
    ACCOUNT,
    ADMIN,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    audited,
    call_sid,
    enter,
    recording_sid,
)
from twirec.catalog import Catalog
from twirec.model.access import NOBODY
from twirec.model.audit import FIRST, AuditDraft, AuditHead, AuditQuery, hash_of, stand_in
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import NotFound
from twirec.model.policy import PolicyChange
from twirec.model.records import Note, Pause, Recording
from twirec.model.search import Query
from twirec.model.states import State

SOMETHING = AuditDraft(STARTED, "ana", "admin", "sign_in", detail={"n": 1, "ñ": None, "t": True})
NOTE = Note(ACCOUNT, call_sid(), "ana", STARTED, "disputed")


def numbers(catalog: Catalog, query: Query) -> list[int]:
    return [int(record.call.call_sid[2:], 16) for record in catalog.search.page(query)]


def test_calls_that_start_together_come_by_their_sid_on_all_pages(catalog: Catalog) -> None:
    for number in (3, 1, 2):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    assert numbers(catalog, Query()) == [1, 2, 3]
    assert numbers(catalog, Query(after=(STARTED, call_sid(1)), limit=1)) == [2]
    assert numbers(catalog, Query(after=(STARTED, call_sid(3)))) == []


def test_a_count_knows_of_no_pages(catalog: Catalog) -> None:
    for number in (1, 2, 3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    assert catalog.search.count(Query(after=(STARTED, call_sid(2)), limit=1)) == 3


@pytest.mark.parametrize(
    "query", [Query(), Query(limit=3), Query(limit=2), Query(after=(STARTED, call_sid(2)), limit=9)]
)
def test_a_page_comes_with_how_many_match_on_all_pages(catalog: Catalog, query: Query) -> None:
    for number in (1, 2, 3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))

    expected = catalog.search.page(query), catalog.search.count(query)

    assert catalog.search.page_and_count(query) == expected
    assert expected[1] == 3


def test_what_a_query_does_not_see_is_not_there_and_nothing_is_found_by_it(
    catalog: Catalog,
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording(duration=60, state=State.RELEASED))
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    hidden = a_recording(
        sid=recording_sid(2), call_sid=call_sid(2), duration=60, state=State.RELEASED
    )
    catalog.recordings.adopt(hidden)
    enter(catalog.pauses.begin, Pause(hidden.sid, STARTED, "ana"))
    active = Query(asker=NOBODY)
    seen = {record.call.call_sid: record for record in catalog.search.page(active)}
    assert len(seen[call_sid(1)].recordings) == 1
    assert (seen[call_sid(2)].recordings, seen[call_sid(2)].pauses) == ((), ())
    for query in (
        replace(active, state=State.RELEASED),
        replace(active, min_seconds=60),
        replace(active, max_seconds=60),
    ):
        assert (numbers(catalog, query), catalog.search.count(query)) == ([1], 1)
        assert numbers(catalog, replace(query, asker=None)) == [1, 2]


def test_state_and_length_are_those_of_one_recording(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording(duration=60, state=State.RELEASED))
    catalog.recordings.adopt(a_recording(sid=recording_sid(2), duration=5, state=State.COMPLETED))
    assert numbers(catalog, Query(state=State.RELEASED, min_seconds=60)) == [1]
    assert numbers(catalog, Query(state=State.COMPLETED, min_seconds=60)) == []


def test_the_call_of_an_erased_recording_shows_only_that_there_was_one(
    catalog: Catalog,
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(
        a_recording(state=State.RELEASED, object_name="a", size=8, sha256="f" * 64)
    )
    enter(catalog.orders.erase, Order(recording_sid(), OrderKind.ERASE, STARTED, "ana", "asked to"))
    lease = catalog.due_work.claim(STARTED, timedelta(minutes=1))
    assert lease
    catalog.due_work.finish(lease, State.ERASED)
    (recording,) = catalog.search.page(Query(state=State.ERASED, asker=ADMIN))[0].recordings
    assert recording == Recording(
        recording_sid(), ACCOUNT, call_sid(), State.ERASED, started_at=STARTED
    )
    assert catalog.search.page(Query(min_seconds=1)) == []


def test_a_note_needs_a_call_of_that_account(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    with pytest.raises(NotFound):
        enter(catalog.notes.add, replace(NOTE, account_sid="AC" + "b" * 32))
    assert catalog.audit.head() is None
    enter(catalog.notes.add, NOTE)
    assert catalog.search.find(call_sid()).notes == (NOTE,)


# --- the audit log ----------------------------------------------------------------------------


def test_an_empty_log_has_no_head(catalog: Catalog) -> None:
    assert (catalog.audit.head(), catalog.audit.log(AuditQuery())) == (None, [])


def test_each_entry_follows_the_one_before(catalog: Catalog) -> None:
    first, second = catalog.audit.append(SOMETHING), catalog.audit.append(SOMETHING)
    assert (first.seq, first.previous, first.hash) == (1, FIRST, hash_of(first))
    assert (second.seq, second.previous, second.hash) == (2, first.hash, hash_of(second))
    assert catalog.audit.head() == AuditHead(2, second.hash)
    assert catalog.audit.log(AuditQuery()) == [second, first]
    assert catalog.audit.entries(0, 1) == [first]
    assert catalog.audit.entries(1, 9) == [second]


def test_what_people_change_is_on_the_log_at_once(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording())
    own = "+34911000111"
    change = PolicyChange(at=STARTED, by="ana", why="why", number=own, on=False)
    of = stand_in(own, "k" * 32)
    catalog.policy.change(
        change, replace(audited(change), number=of, detail={"of": "a number", "on": False})
    )
    enter(catalog.pauses.begin, Pause(recording_sid(), STARTED, "bea"))
    enter(catalog.orders.admit, Order(recording_sid(), OrderKind.ADMIT, STARTED, "ana", "contract"))
    enter(catalog.orders.erase, Order(recording_sid(), OrderKind.ERASE, STARTED, "eva", "asked to"))
    enter(catalog.notes.add, NOTE)
    log = [(entry.action, entry.by, entry.sid) for entry in catalog.audit.entries(0, 9)]
    assert log == [
        ("policy", "ana", ""),
        ("pause", "bea", recording_sid()),
        ("admit", "ana", recording_sid()),
        ("erase", "eva", recording_sid()),
        ("annotate", "ana", call_sid()),
    ]
    (policy,) = catalog.audit.log(AuditQuery(number=of))
    assert policy.detail.pop("content")  # the hash of the row
    assert policy.detail == {"change": 1, "of": "a number", "on": False}
