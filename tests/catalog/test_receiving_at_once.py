"""What PostgreSQL does of a callback at once is what it does in a transaction that locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from psycopg import RawCursor
from sqlalchemy import select, text

from tests.conferences import join
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from twirec.calls import ledger
from twirec.catalog import Catalog, at_once, tables
from twirec.catalog import recordings as recordings_module
from twirec.catalog.database import Database
from twirec.model.agents import ConferenceEvent, Leg
from twirec.model.errors import CatalogUnavailable, RequestRefused
from twirec.model.records import Received
from twirec.model.states import State
from twirec.model.steady import spend_at_most
from twirec.model.vendor import STATE_OF, RecordingStatus

CONFERENCE = "CF" + "1" * 32
GOING = {"status": RecordingStatus.IN_PROGRESS, "duration": None}
ABSENT = {"status": RecordingStatus.ABSENT, "error_code": 16101}
EARLIER = {"started_at": STARTED - timedelta(hours=1)}
AGENTS, CUSTOMERS, BOTH, ODD = (call_sid(number) for number in (2, 3, 4, 5))
CALLBACKS: list[tuple[list[dict[str, Any]], str]] = [
    ([GOING, {}, {}], "yyn"),  # the last says nothing new
    ([{**GOING, "started_at": None}, EARLIER], "yy"),
    ([{}, GOING, ABSENT], "ynn"),
    ([GOING, ABSENT], "yn"),
    ([ABSENT], "n"),
    ([{"status": RecordingStatus.PAUSED}, {}], "yy"),
    ([{"source": "RecordVerb", "channels": 1}], "y"),
    ([{"source": None, **EARLIER}], "y"),
    ([{"call_sid": call_sid(9), **GOING}, {"call_sid": call_sid(9)}], "yn"),  # of no known line
    ([{"call_sid": AGENTS, **GOING}, {"call_sid": AGENTS}], "yy"),
    ([{"call_sid": CUSTOMERS, **GOING}, {"call_sid": CUSTOMERS}], "yy"),
    ([{"call_sid": BOTH}], "y"),
    ([{"call_sid": ODD}], "n"),
    ([{"call_sid": None, "conference_sid": CONFERENCE}], "y"),
    ([{"call_sid": None, "conference_sid": "CF" + "9" * 32}], "y"),
    ([{"call_sid": None}], "y"),
    ([{"account_sid": "AC" + "9" * 32}, {}], "y"),  # the second is refused
]
"""What Twilio sends of recordings, beside what it sends of most, and what of it is done at once."""


@pytest.fixture
def catalogs(new_postgres: Callable[[], str]) -> Iterator[tuple[Catalog, Catalog]]:
    """Two catalogs with the same calls: of the first, an agent took one in a conference."""
    with closing(Catalog(new_postgres())) as one, closing(Catalog(new_postgres())) as other:
        for catalog in (one, other):
            catalog.set_up()
            theirs = a_call(call_sid=BOTH, channel_map=ledger.AGENT_FIRST)
            odd = a_call(call_sid=ODD, channel_map=ledger.CUSTOMER_FIRST[:1])
            for call in (a_call(channel_map=ledger.CUSTOMER_FIRST), theirs, odd):
                catalog.ledger.open_call(call)
                catalog.consents.record(a_consent(call_sid=call.call_sid, leg=call.call_sid), None)
            for sid in (AGENTS, BOTH):
                catalog.agents.add_leg(Leg(ACCOUNT, sid, call_sid(), STARTED, agent="client:ana"))
            for number, sid in enumerate((call_sid(), AGENTS, CUSTOMERS), 1):
                join(catalog, ConferenceEvent(ACCOUNT, CONFERENCE, sid, number, STARTED))
        yield one, other


def receive(catalog: Catalog, number: int, **changes: Any) -> Received | str:
    callback = a_callback(recording_sid=recording_sid(number), **changes)
    channels = partial(ledger.channels_by, callback.source)
    state = STATE_OF[callback.status]
    try:
        return catalog.recordings.receive(callback, state=state, channel_map=channels, at=STARTED)
    except RequestRefused as error:
        return str(error)


def content(catalog: Catalog) -> list[Any]:
    """Return what callbacks change."""
    query = [
        select(tables.recordings).order_by("sid"),
        select(tables.calls.c.call_sid, tables.calls.c.outcome, tables.calls.c.reason).order_by(
            "call_sid"
        ),
        select(*tables.callbacks.c[1:]).order_by("id"),
    ]
    with catalog.database.read() as connection:
        return [connection.execute(each).all() for each in query]


def test_it_is_as_in_a_transaction_that_locks(
    catalogs: tuple[Catalog, Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = catalogs
    done = ""

    def attempt(database: Database, *of: Any) -> Received | None:
        nonlocal done
        if database is other.database:
            return None
        received = at_once.receive_at_once(database, *of)
        done += "n" if received is None else "y"
        return received

    monkeypatch.setattr(recordings_module, "receive_at_once", attempt)
    for number, (callbacks, expected) in enumerate(CALLBACKS, 1):
        done = ""
        for callback in callbacks:
            received = receive(one, number, **callback)
            assert received == receive(other, number, **callback), callbacks
            assert content(one) == content(other), callbacks
        assert done == expected, callbacks


@pytest.mark.parametrize("state", [State.ERASING, State.COMPLETED])
def test_what_changed_since_it_was_read_is_read_again(
    catalogs: tuple[Catalog, Catalog], monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    catalog, _ = catalogs
    receive(catalog, 1, **GOING)
    decide = at_once.changes

    def change_meanwhile(*of: Any, **told: bool) -> dict[str, Any]:
        with catalog.database.write() as connection:
            connection.execute(tables.recordings.update().values(state=state, attempts=7))
        return decide(*of, **told)

    monkeypatch.setattr(at_once, "changes", change_meanwhile)
    received = receive(catalog, 1)
    assert isinstance(received, Received)
    assert received.recording == catalog.recordings.get(recording_sid(1))
    assert (received.recording.state, received.recording.attempts) == (state, 7)
    kept = len(catalog.recordings.callbacks(recording_sid(1)))
    assert kept == (1 if state is State.ERASING else 2)  # nothing is kept of what is erased


@pytest.mark.parametrize("is_known", [False, True])
def test_it_waits_for_others_as_long_as_its_budget_lasts(
    catalogs: tuple[Catalog, Catalog], is_known: bool
) -> None:
    catalog, _ = catalogs
    if is_known:
        receive(catalog, 1, **GOING)
    with catalog.database.write() as connection:
        table = "recordings" if is_known else "calls"
        connection.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))  # noqa: S608 - one of two
        with spend_at_most(0.2), pytest.raises(CatalogUnavailable, match="lock timeout"):
            receive(catalog, 1)
    receive(catalog, 1)
    assert catalog.recordings.get(recording_sid(1)).state is State.COMPLETED


def test_what_a_lost_connection_may_have_done_is_done_once(
    catalogs: tuple[Catalog, Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says nothing any more once it has committed."""
    catalog, _ = catalogs
    receive(catalog, 1, **GOING)
    execute, lost = RawCursor.execute, []

    def lose(cursor: RawCursor[Any], *of: Any, **named: Any) -> Any:
        done = execute(cursor, *of, **named)
        if not lost:
            lost.append(cursor)
            cursor.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return done

    monkeypatch.setattr(RawCursor, "execute", lose)
    received = receive(catalog, 2)
    assert lost
    assert isinstance(received, Received)
    assert received.recording == catalog.recordings.get(recording_sid(2))
    assert len(catalog.recordings.callbacks(recording_sid(2))) == 2  # a repetition is kept too
