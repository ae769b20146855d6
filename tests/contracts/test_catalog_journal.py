"""The contract of the catalog's part for the journal, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta

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
from twirec.catalog import Catalog
from twirec.model.agents import Leg
from twirec.model.audit import AuditDraft
from twirec.model.errors import CatalogNotEmpty, JournalUnreadable, NotFound
from twirec.model.journal import UNDATED, LabelledObject, Row
from twirec.model.states import State
from twirec.model.vocabulary import Outcome

DAY = STARTED.date()


def rows(catalog: Catalog, day: date = DAY) -> list[Row]:
    with catalog.journal.rows(day) as found:
        return list(found)


def test_days_that_have_rows_or_had_come_in_order(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(started_at=STARTED + timedelta(days=2)))
    catalog.recordings.adopt(a_recording())
    catalog.recordings.adopt(a_recording(sid=recording_sid(2), started_at=None))
    catalog.journal.add_token(DAY + timedelta(days=1), "t")
    days = [UNDATED, DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    assert catalog.journal.days() == days
    assert catalog.journal.days(DAY + timedelta(days=1)) == days[2:]


def test_rows_of_a_day_come_always_in_the_same_order(catalog: Catalog) -> None:
    for number in (3, 1, 2):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
        catalog.recordings.adopt(a_recording(sid=recording_sid(number), call_sid=call_sid(number)))
    found = rows(catalog)
    sids = [row["call_sid"] for table, row in found if table == "calls"]
    assert sids == [call_sid(1), call_sid(2), call_sid(3)]
    assert found == rows(catalog)


def test_tokens_are_those_of_their_day_and_may_be_said_twice(catalog: Catalog) -> None:
    for _ in range(2):
        catalog.journal.add_token(DAY, "one")
    catalog.journal.add_token(UNDATED, "other")
    assert set(catalog.journal.tokens(DAY)) == {"one"}
    for _ in range(2):
        catalog.journal.drop_token(DAY, "one")
    assert set(catalog.journal.tokens(DAY)) == set()
    assert set(catalog.journal.tokens(UNDATED)) == {"other"}


def test_what_is_to_be_erased_is_forgotten_and_nothing_else(catalog: Catalog) -> None:
    facts = {"sha256": "a" * 64, "size": 1, "generation": 1, "crc32c": "AAAAAA=="}
    for number, state in enumerate((State.ERASING, State.RELEASED), 1):
        sid = recording_sid(number)
        catalog.recordings.adopt(a_recording(sid=sid, state=state, **facts))
    catalog.journal.forget_erasing(DAY)
    forgotten, kept = (catalog.recordings.get(recording_sid(number)) for number in (1, 2))
    assert (forgotten.sha256, forgotten.size, forgotten.crc32c) == (None, None, None)
    assert (forgotten.state, forgotten.generation) == (State.ERASING, None)
    assert kept.sha256 == "a" * 64


def test_only_a_new_catalog_is_filled(catalog: Catalog) -> None:
    catalog.marks.set("turn to sweep", STARTED)
    catalog.journal.begin_rebuild(STARTED)
    with pytest.raises(CatalogNotEmpty, match="begin again"):
        catalog.journal.begin_rebuild(STARTED)
    assert catalog.journal.is_empty()
    catalog.journal.end_rebuild(AuditDraft(STARTED, "ana", "admin", "rebuild"))
    assert not catalog.journal.is_empty()
    with pytest.raises(CatalogNotEmpty, match="it has audit"):
        catalog.journal.begin_rebuild(STARTED)
    catalog.ledger.open_call(a_call())
    with pytest.raises(CatalogNotEmpty, match="it has calls"):
        catalog.journal.begin_rebuild(STARTED)


def test_rows_are_written_with_their_tokens_or_not_at_all(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    found = rows(catalog)

    def torn() -> Iterator[Row]:
        for table, row in found:
            yield table, {**row, "call_sid": call_sid(2)}
        raise JournalUnreadable("torn")

    with pytest.raises(JournalUnreadable):
        catalog.journal.restore(DAY, torn(), ["token"])
    with pytest.raises(NotFound):
        catalog.ledger.call(ACCOUNT, call_sid(2))
    assert set(catalog.journal.tokens(DAY)) == set()
    assert catalog.journal.restore(DAY, found, ["token"]) == 1
    assert set(catalog.journal.tokens(DAY)) == {"token"}


def test_a_row_that_is_there_is_replaced(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording())
    ((table, row),) = rows(catalog)
    catalog.journal.restore(DAY, [(table, {**row, "state": "released", "due_at": None})], [])
    assert catalog.recordings.get(recording_sid()).state is State.RELEASED


@pytest.mark.parametrize(
    "row",
    [
        ("novel", {"x": 1}),
        ("calls", {"account_sid": ACCOUNT, "call_sid": call_sid(), "novel": 1}),
        ("calls", {"account_sid": ACCOUNT}),
        ("calls", {"account_sid": ACCOUNT, "call_sid": call_sid()}),
        ("pauses", {"recording_sid": recording_sid(), "paused_at": None}),
        ("calls", {"account_sid": ACCOUNT, "call_sid": 7}),
        ("pauses", {"recording_sid": recording_sid(), "paused_at": "2026-11-23T10:15:00"}),
        ("recordings", {"sid": recording_sid(), "encryption": {"novel": "x"}}),
    ],
)
def test_a_row_that_is_not_known_or_not_whole_is_refused(catalog: Catalog, row: Row) -> None:
    with pytest.raises(JournalUnreadable):
        catalog.journal.restore(DAY, [row], [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("state", "novel"), ("state", 7), ("claim", "novel")),
        *(("channel_map", ["novel"]), ("channel_map", "customer")),
    ],
)
def test_a_word_that_is_not_in_its_vocabulary_is_refused(
    catalog: Catalog, column: str, value: object
) -> None:
    catalog.recordings.adopt(a_recording())
    ((table, row),) = rows(catalog)

    with pytest.raises(JournalUnreadable, match=f"recordings.{column}"):
        catalog.journal.restore(DAY, [(table, {**row, column: value})], [])


def test_a_column_that_is_gone_keeps_no_journal_from_being_read(catalog: Catalog) -> None:
    leg = Leg(ACCOUNT, call_sid(7), call_sid(), STARTED, "client:ana")
    row = {**asdict(leg), "at": STARTED.isoformat(), "conference": "CF" + "c" * 32}
    catalog.journal.restore(DAY, [("legs", row)], [])
    assert catalog.agents.add_leg(leg) == leg


def test_recordings_are_found_by_their_sids(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording())
    found = catalog.journal.recordings_of([recording_sid(), recording_sid(2)])
    assert list(found) == [recording_sid()]


def test_labels_add_calls_and_consents_and_replace_recordings(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(customer_number="+34600999888"))
    archived = a_recording(state=State.ARCHIVED)
    new = a_recording(sid=recording_sid(2), call_sid=call_sid(2), state=State.ARCHIVED)
    catalog.recordings.adopt(a_recording())
    catalog.journal.restore_objects(
        [
            LabelledObject(archived, a_call(), a_consent()),
            LabelledObject(new, a_call(call_sid=call_sid(2))),
        ]
    )
    first, second = (catalog.ledger.call(ACCOUNT, call_sid(number)) for number in (1, 2))
    assert first.call.customer_number == "+34600999888"
    assert first.consents == (a_consent(),)
    assert first.recordings == (archived,)
    assert (second.call.outcome, second.recordings) == (Outcome.RECORDED, (new,))
