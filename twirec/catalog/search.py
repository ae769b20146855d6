"""Finding calls, and what people write about them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, exists, func, select, true

from twirec.catalog.conditions import allowed, of_same_call
from twirec.catalog.database import Database
from twirec.catalog.ledger import call_records
from twirec.catalog.tables import calls, consents, notes, recordings
from twirec.model.access import Deed, seen
from twirec.model.errors import NotFound
from twirec.model.records import TAIL, CallRecord
from twirec.model.search import Query
from twirec.model.states import State


class Search:
    """Finds calls, each with its consents, recordings, pauses, legs and notes.

    Every search goes by an index: none reads a table from end to end.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, sid: str) -> CallRecord:
        """Return the call of a SID, its own or that of one of its recordings.

        Raises:
            NotFound: the catalog knows no such call.
        """
        of_recording = select(recordings.c.account_sid, recordings.c.call_sid).where(
            recordings.c.sid == sid
        )
        with self._database.read() as connection:
            recording = connection.execute(of_recording).first()
            line = calls.c.call_sid == (recording.call_sid if recording else sid)
            if recording:
                line &= calls.c.account_sid == recording.account_sid
            records = call_records(connection, [line], limit=1)
        if not records:
            raise NotFound(f"The catalog has no call or recording {sid}.")
        return records[0]

    def page(self, query: Query) -> list[CallRecord]:
        """Return the calls that match, newest first; those that start together by their SID.

        A recording that the query does not see is not in the answer, and nothing is found by it.
        One that was erased shows only that there was one, and is not found by its length.
        """
        with self._database.read() as connection:
            return _page(connection, query)

    def count(self, query: Query) -> int:
        """Return how many calls match, whatever `after` and `limit` say."""
        with self._database.read() as connection:
            return _count(connection, query)

    def page_and_count(self, query: Query) -> tuple[list[CallRecord], int]:
        """Return both, in one transaction."""
        with self._database.read() as connection:
            records = _page(connection, query)
            if query.after is None and len(records) < query.limit:  # then these are all
                return records, len(records)
            return records, _count(connection, query)


def _page(connection: Connection, query: Query) -> list[CallRecord]:
    conditions = _conditions(query)
    if query.after is not None:
        started_at, call_sid = query.after
        same = (calls.c.started_at == started_at) & (calls.c.call_sid > call_sid)
        conditions += [
            calls.c.started_at <= started_at,  # by the index, which does not see into the "or"
            (calls.c.started_at < started_at) | same,
        ]
    records = call_records(connection, conditions, limit=query.limit)
    return [seen(query.asker, record) for record in records] if query.asker else records


def _count(connection: Connection, query: Query) -> int:
    statement = select(func.count()).select_from(calls).where(*_conditions(query))
    return connection.execute(statement).scalar_one()


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.number is not None:
        conditions.append(_is_customer(query.number))
    if query.own_number is not None:
        conditions.append(_is_own(query.own_number))
    if query.since is not None:
        conditions.append(calls.c.started_at >= query.since)
    if query.until is not None:
        conditions.append(calls.c.started_at < query.until)
    if query.direction is not None:
        conditions.append(calls.c.direction == query.direction)
    if query.outcome is not None:
        conditions.append(calls.c.outcome == query.outcome)
    if query.reason is not None:
        conditions.append(calls.c.reason == query.reason)
    if query.case_number is not None:
        conditions.append(func.lower(calls.c.case_number) == query.case_number.lower())
    return conditions + _of_others(query)


def _of_others(query: Query) -> list[ColumnElement[bool]]:
    """Return what must hold of a call's consents, notes, and one of its recordings."""
    conditions: list[ColumnElement[bool]] = []
    if query.consent is not None:
        conditions.append(
            exists().where(
                of_same_call(consents, calls),
                consents.c.outcome == query.consent,
            )
        )
    if query.note is not None:
        conditions.append(
            exists().where(
                of_same_call(notes, calls),
                notes.c.text.icontains(query.note, autoescape=True),
            )
        )
    recording = _of_a_recording(query)
    if recording:
        conditions.append(
            exists().where(
                of_same_call(recordings, calls),
                true() if query.asker is None else allowed(query.asker, Deed.SEE),
                *recording,
            )
        )
    return conditions


def _of_a_recording(query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.state is not None:
        conditions.append(recordings.c.state == query.state)
    if query.min_seconds is not None or query.max_seconds is not None:
        conditions.append(recordings.c.state != State.ERASED)
    if query.min_seconds is not None:
        conditions.append(recordings.c.duration >= query.min_seconds)
    if query.max_seconds is not None:
        conditions.append(recordings.c.duration <= query.max_seconds)
    return conditions


def _is_customer(number: str) -> ColumnElement[bool]:
    if not number.isdigit():
        return calls.c.customer_number == number
    backwards = number[::-1]  # the last digits come first, so that an index has them together
    return calls.c.tail.between(backwards, backwards + "9" * TAIL)


def _is_own(number: str) -> ColumnElement[bool]:
    own = calls.c.own_number
    return own.endswith(number) if number.isdigit() else own == number
