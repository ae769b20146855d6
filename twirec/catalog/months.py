"""What closing a month compares, page by page, and the statements that were made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, tuple_

from twirec.catalog.audit import append
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.ledger import records_of
from twirec.catalog.month_tables import month_statements
from twirec.catalog.tables import calls, differences, orders, recordings
from twirec.model.access import OURSELVES
from twirec.model.audit import AuditDraft
from twirec.model.custody import OrderKind
from twirec.model.errors import NotFound
from twirec.model.months import MonthStatement
from twirec.model.records import Call, CallRecord
from twirec.model.states import UNDONE

Place = tuple[datetime, str, str]
"""When a line began, its account and its call: where a page ended."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog knows of some calls.

    Attributes:
        records: the calls, by their SIDs.
        by_rule: the SIDs of their recordings that a rule of retention destroyed.
        differing: the SIDs of their recordings of which it is known that the bucket holds something
            else.
    """

    records: Mapping[str, CallRecord]
    by_rule: frozenset[str]
    differing: frozenset[str]


class Months:
    """The calls of a month, in pages, and the statements about months."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, account_sid: str, sids: Collection[str]) -> Known:
        """Return what is known of some calls, in a few statements.

        Args:
            account_sid: whose calls.
            sids: `CA…`, some hundreds at the most.
        """
        its_lines = select(calls).where(
            calls.c.account_sid == account_sid, calls.c.call_sid.in_(sids)
        )
        with self._database.read(snapshot=True) as connection:
            lines = to_models(Call, connection.execute(its_lines))
            records = records_of(connection, lines)
            theirs = [each for record in records for each in record.recordings]
            gone = [each.sid for each in theirs if each.state in UNDONE]
            ruled = select(orders.c.recording_sid).where(
                orders.c.recording_sid.in_(gone),
                orders.c.kind == OrderKind.ERASE,
                orders.c.by == OURSELVES.name,
            )
            differ = select(differences.c.object_name).where(
                differences.c.recording_sid.in_([each.sid for each in theirs])
            )
            by_rule = frozenset(connection.execute(ruled).scalars()) if gone else frozenset()
            names = frozenset(connection.execute(differ).scalars()) if theirs else frozenset()
        return Known(
            {record.call.call_sid: record for record in records},
            by_rule,
            frozenset(each.sid for each in theirs if each.object_name in names),
        )

    def lines(
        self, since: datetime, until: datetime, *, after: Place | None, limit: int
    ) -> list[Place]:
        """Return when the lines of a span began, each with its account and call, in this order.

        Args:
            since, until: UTC; `until` is exclusive.
            after: the last one of the page before.
            limit: how many at the most.
        """
        place = (calls.c.started_at, calls.c.account_sid, calls.c.call_sid)
        begin = since if after is None else after[0]
        statement = select(*place).where(calls.c.started_at >= begin, calls.c.started_at < until)
        if after is not None:
            statement = statement.where(tuple_(*place) > tuple_(*after))
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(*place).limit(limit))
            return [(row[0], row[1], row[2]) for row in rows]

    def recordings_known(self, sids: Collection[str]) -> set[str]:
        """Return those of some SIDs of recordings that the catalog knows."""
        statement = select(recordings.c.sid).where(recordings.c.sid.in_(sids))
        with self._database.read() as connection:
            return set(connection.execute(statement).scalars())

    def add(self, statement: MonthStatement, audited: AuditDraft) -> None:
        """Keep a statement, and its entry of the audit log."""
        with self._database.write() as connection:
            connection.execute(insert(month_statements), to_row(statement, month_statements))
            append(connection, audited)

    def get(self, key: str) -> MonthStatement:
        """Return a statement.

        Raises:
            NotFound: there is none of that id.
        """
        statement = select(month_statements).where(month_statements.c.id == key)
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(f"There is no statement {key!r}.")
        return to_model(MonthStatement, row)

    def list(self, month: str | None = None, *, limit: int) -> Sequence[MonthStatement]:
        """Return statements, newest first; with a month, those about it."""
        newest = (month_statements.c.at.desc(), month_statements.c.id)
        statement = select(month_statements).order_by(*newest).limit(limit)
        if month is not None:
            statement = statement.where(month_statements.c.month == month)
        with self._database.read() as connection:
            return to_models(MonthStatement, connection.execute(statement))
