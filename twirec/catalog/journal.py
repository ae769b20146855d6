"""The journal's side of the catalog: a day's rows given out, and written again."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    Integer,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.conditions import held
from twirec.catalog.database import Database, insert_into, to_models, to_row
from twirec.catalog.journal_tables import (
    BY_NAME,
    JOURNAL_TABLES,
    JournalTable,
    as_json,
    midnight,
    of_json,
)
from twirec.catalog.ledger import fill_line
from twirec.catalog.recorded_calls import tell_ledger
from twirec.catalog.tables import blocks, calls, consents, holds, journal, marks, recordings
from twirec.catalog.vendor_retention import apply_retention
from twirec.model.access import OURSELVES
from twirec.model.audit import AuditDraft
from twirec.model.clock import BEFORE_ALL
from twirec.model.custody import LONGEST_CASE_NUMBER, Block, Hold
from twirec.model.errors import CatalogNotEmpty, JournalUnreadable
from twirec.model.journal import UNDATED, LabelledObject, Row
from twirec.model.records import Recording
from twirec.model.states import FORGOTTEN, Custody, State

PAGE = 500
"""Rows that are read or written at a time."""

REBUILDING = "rebuild begun"
"""The mark of a catalog that is being filled."""


class Journal:
    """The journal's side of the catalog: a day's rows given out, and written into a new catalog.

    Each object of the journal carries a token that only the catalog that wrote it knows, so that
    another catalog, or an older copy of it, does not write over it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def days(self, since: date | None = None) -> list[date]:
        """Return the days (UTC) that have rows, or had, in order; `UNDATED` first."""
        with self._database.read() as connection:
            known = connection.execute(select(journal.c.day).distinct()).scalars()
            days = {date.fromisoformat(day) for day in known}
            days.update(_days(connection, midnight(since) if since else BEFORE_ALL))
            if connection.execute(select(recordings.c.sid).where(_UNDATED).limit(1)).first():
                days.add(UNDATED)
        return sorted(day for day in days if since is None or day >= since)

    @contextmanager
    def rows(self, day: date) -> Iterator[Iterator[Row]]:
        """Open the rows of a day: always in the same order, all of one moment, and in pages."""
        with (
            self._database.read(snapshot=True) as connection,
            closing(_rows(connection, day)) as rows,
        ):
            yield rows

    def tokens(self, day: date) -> Collection[str]:
        """Return the tokens of the objects that this catalog wrote, or was made from."""
        statement = select(journal.c.token).where(journal.c.day == day.isoformat())
        with self._database.read() as connection:
            return set(connection.execute(statement).scalars())

    def add_token(self, day: date, token: str) -> None:
        """Write a token down. Doing it again changes nothing."""
        with self._database.write() as connection:
            self._database.insert_once(connection, journal, _token(day, token))

    def drop_token(self, day: date, token: str) -> None:
        """Forget a token. If it is not there, that is done already."""
        this = (journal.c.day == day.isoformat()) & (journal.c.token == token)
        with self._database.write() as connection:
            connection.execute(delete(journal).where(this))

    def forget_erasing(self, day: date) -> None:
        """Forget of a day's recordings that are `erasing` what is not kept of `erased` ones."""
        erasing = (recordings.c.state == State.ERASING) & ~held()
        of_day = BY_NAME["recordings"].within(day)
        with self._database.write() as connection:
            connection.execute(
                update(recordings).where(erasing, of_day).values(dict.fromkeys(FORGOTTEN))
            )

    def is_empty(self) -> bool:
        """Return whether there is nothing in the catalog that a journal would hold."""
        with self._database.read() as connection:
            return not _holds(connection)

    def begin_rebuild(self, at: datetime) -> None:
        """Begin to fill a new catalog, at `at` (UTC).

        Raises:
            CatalogNotEmpty: there are rows in it.
        """
        with self._database.write() as connection:
            begun = connection.scalar(select(marks.c.at).where(marks.c.name == REBUILDING))
            if begun is not None:
                raise CatalogNotEmpty(
                    f"A rebuild that began at {begun:%Y-%m-%d %H:%M} UTC did not end in this "
                    "catalog: delete its database and begin again, or name another with --into."
                )
            if held := _holds(connection):
                raise CatalogNotEmpty(
                    f"The catalog is not empty, it has {held}: a rebuild fills a new one only; "
                    "name another with --into."
                )
            connection.execute(insert(marks).values(name=REBUILDING, at=at))

    def restore(self, day: date, rows: Iterable[Row], tokens: Iterable[str]) -> int:
        """Write the rows of a day and the tokens of its objects, all or nothing; count the rows.

        A row that is there already is replaced: of two days that hold it, the one that was written
        last is restored last. If `rows` raises, nothing was written.

        Raises:
            JournalUnreadable: a table, a column or a value is not known, or missing.
        """
        count = 0
        with self._database.write() as connection:
            each = map(of_json, rows)
            while page := list(islice(each, PAGE)):
                count += len(page)
                for (name, _), group in groupby(page, lambda row: (row[0].name, tuple(row[1]))):
                    self._write(connection, BY_NAME[name], [columns for _, columns in group])
            for token in tokens:
                self._database.insert_once(connection, journal, _token(day, token))
        return count

    def recordings_of(self, sids: Sequence[str]) -> Mapping[str, Recording]:
        """Return those of some recordings that are there, by SID."""
        with self._database.read() as connection:
            rows = connection.execute(select(recordings).where(recordings.c.sid.in_(sids)))
            return {each.sid: each for each in to_models(Recording, rows)}

    def restore_objects(self, objects: Sequence[LabelledObject]) -> None:
        """Write what labels say: recordings replaced, calls and consents where there are none.

        A call that is there without a number gets the numbers that they tell.

        Raises:
            JournalUnreadable: something of it does not fit into the tables; nothing was written.
        """
        with self._database.write() as connection, _fitting("its labels do not fit."):
            for each in objects:
                if each.call and not self._database.insert_once(
                    connection, calls, to_row(each.call, calls)
                ):
                    fill_line(connection, each.call)
                if each.consent:
                    self._database.insert_once(connection, consents, to_row(each.consent, consents))
                row = to_row(each.recording, recordings)
                connection.execute(self._writing(BY_NAME["recordings"]), [row])
                _keep(connection, each)
                if each.cut:
                    self._database.insert_once(connection, card_cuts, to_row(each.cut, card_cuts))
                apply_retention(connection, each.recording)
                tell_ledger(connection, each.recording)

    def end_rebuild(self, audited: AuditDraft) -> None:
        """Write down that the new catalog is whole, with the next entry of its audit log."""
        with self._database.write() as connection:
            if self._database.engine.dialect.name == "postgresql":
                _count_on(connection)
            connection.execute(delete(marks).where(marks.c.name == REBUILDING))
            append(connection, audited)

    def _write(
        self, connection: Connection, journal_table: JournalTable, rows: list[dict[str, Any]]
    ) -> None:
        with _fitting(f"Rows of {journal_table.name} lack what they need, or do not fit."):
            connection.execute(self._writing(journal_table), rows)

    def _writing(self, journal_table: JournalTable) -> Insert:
        """Return what inserts a row, or takes the place of the one of its key."""
        statement = insert_into(journal_table.table, self._database.engine.dialect.name)
        key = list(journal_table.table.primary_key)
        written = (*journal_table.columns, *journal_table.derived)
        others = [name for name in written if name not in _names(key)]
        new = {name: statement.excluded[name] for name in others}
        if journal_table.only_added or not new:
            return statement.on_conflict_do_nothing(index_elements=key)
        return statement.on_conflict_do_update(index_elements=key, set_=new)


def _holds(connection: Connection) -> str:
    """Return what a catalog has, by the name of the journal's table; empty if it has nothing."""
    for each in JOURNAL_TABLES:
        if connection.execute(select(each.table).limit(1)).first() is not None:
            return each.name
    return ""


def _keep(connection: Connection, labelled: LabelledObject) -> None:
    """Write down a hold and a block that only the object knew of."""
    recording, at = labelled.recording, labelled.at
    if at is None:
        return
    if labelled.held and not connection.execute(HOLDS_ON, {"known_sid": recording.sid}).first():
        case = labelled.held[:LONGEST_CASE_NUMBER]
        hold = Hold(case, FROM_OBJECT, OURSELVES.name, at, recording_sid=recording.sid)
        # numbered here: where others were restored with their numbers, PostgreSQL counts later
        number = select(func.coalesce(func.max(holds.c.id), 0) + 1).scalar_subquery()
        connection.execute(insert(holds).values({**to_row(hold, holds), "id": number}))
    if labelled.blocked_until and recording.custody is Custody.BLOCKED:
        its_own = select(blocks.c.recording_sid).where(blocks.c.recording_sid == recording.sid)
        if connection.execute(its_own).first() is None:
            until, was = labelled.blocked_until, Custody.QUARANTINED
            block = Block(recording.sid, at, OURSELVES.name, FROM_OBJECT, until, was)
            connection.execute(insert(blocks), to_row(block, blocks))


FROM_OBJECT = "Its object said so when the catalog was made anew."
HOLDS_ON = select(recordings.c.sid).where(
    recordings.c.sid == bindparam("known_sid"),
    held() | exists().where(holds.c.recording_sid == recordings.c.sid).correlate(recordings),
)

_UNDATED = recordings.c.started_at.is_(None)


def _days(connection: Connection, moment: datetime) -> Iterator[date]:
    """Yield each day that has rows, by looking for the first one after the day before."""
    while True:
        firsts = [connection.scalar(each.first_from(moment)) for each in JOURNAL_TABLES]
        first = min(filter(None, firsts), default=None)
        if first is None:
            return
        yield first.date()
        moment = midnight(first.date()) + timedelta(days=1)


def _rows(connection: Connection, day: date) -> Generator[Row]:
    for journal_table in JOURNAL_TABLES:
        statement = journal_table.of_day(day).execution_options(yield_per=PAGE)
        with connection.execute(statement) as result:
            for row in result.mappings():
                yield journal_table.name, as_json(journal_table.settled(dict(row)))


def _names(columns: Iterable[Column[Any]]) -> set[str]:
    return {column.name for column in columns}


def _token(day: date, token: str) -> dict[str, Any]:
    return {"day": day.isoformat(), "token": token}


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows behind those that were restored with their numbers."""
    for journal_table in JOURNAL_TABLES:
        (key, *more) = journal_table.table.primary_key
        if not more and isinstance(key.type, Integer) and key.autoincrement:
            last = select(func.coalesce(func.max(key), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(journal_table.name, key.name)
            connection.execute(select(func.setval(sequence, last, False)))


@contextmanager
def _fitting(why: str) -> Iterator[None]:
    """Let what does not fit into the tables be an error of what was read, not of the database."""
    try:
        yield
    except (IntegrityError, DataError, OverflowError, ValueError) as error:
        raise JournalUnreadable(why) from error  # never str(error): it carries numbers
    except StatementError as error:
        if isinstance(error, DBAPIError):
            raise
        raise JournalUnreadable(why) from error
