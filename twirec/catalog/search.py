"""Finding calls, and what people write about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
    tuple_,
)

from twirec.catalog.conditions import allowed, of_same_call
from twirec.catalog.database import Database, to_models
from twirec.catalog.ledger import call_records, records_of
from twirec.catalog.tables import calls, consents, notes, recordings
from twirec.model.access import Actor, Deed, seen
from twirec.model.errors import NotFound
from twirec.model.plain_text import plain
from twirec.model.records import TAIL, Call, CallRecord
from twirec.model.search import MOST_COUNTED, Count, Query
from twirec.model.states import State

FEW = 4000
"""How many notes, consents or recordings are looked up one by one. More are so frequent that the
calls are read from the newest on: one of theirs is found before long."""

WINDOW = 2000
"""Calls that are looked through, the newest first, where each has to be looked at to be counted."""

SHORTEST = 3
"""Characters of which an index knows parts of notes; a shorter part is looked for in all notes."""


class Way(StrEnum):
    """What a search goes by: the condition for which an index is read. The best come first."""

    NUMBER = "number"
    CASE = "case_number"
    TAIL = "tail"
    NOTE = "note"
    CONSENT = "consent"
    STATE = "state"
    LENGTH = "length"
    REASON = "reason"
    OUTCOME = "outcome"
    OWN = "own_number"
    DIRECTION = "direction"
    TIME = "time"


ONE_BY_ONE = (Way.NOTE, Way.CONSENT, Way.STATE, Way.LENGTH)
"""The ways that are gone only where there are few: their indexes know nothing of a call's time."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a query: all of one form have the same statements, made once.

    Attributes:
        asked: for what, without the values.
        asker: somebody with the rights of who asks.
        words: whether parts of notes are found by `notes_words`, as on SQLite.
        like: whether they are by `LIKE`, as on PostgreSQL.
    """

    asked: frozenset[str]
    asker: Actor | None
    words: bool
    like: bool


class Search:
    """Finds calls, each with its consents, recordings, pauses, legs and notes.

    Every search goes by an index: none reads a table from end to end, but for parts of notes that
    have less than three characters. Most indexes have the time beside what is asked for, and are
    read from the newest call on. Those of notes, consents and recordings do not: what they find is
    counted first, up to `FEW`; few are looked up one by one, and of many the calls are read from
    the newest on.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words = False

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
            return self._asking(connection, query).page()

    def count(self, query: Query) -> int:
        """Return how many calls match, whatever `after` and `limit` say: all of them are read."""
        with self._database.read() as connection:
            return self._asking(connection, query).count_all()

    def page_and_count(self, query: Query) -> tuple[list[CallRecord], Count]:
        """Return the calls of a page, and how many match as far as is counted, of one moment."""
        with self._database.read() as connection:
            asking = self._asking(connection, query)
            records = asking.page()
            if query.after is None and len(records) < query.limit:  # then these are all
                return records, Count(len(records))
            count = asking.count()
            return records, replace(count, calls=max(count.calls, len(records)))

    def _asking(self, connection: Connection, query: Query) -> Asking:
        like = connection.dialect.name != "sqlite"
        if query.note is not None and not like and not self._words:
            self._words = connection.execute(_HAS_WORDS).first() is not None
        return Asking(connection, query, words=self._words, like=like)


_HAS_WORDS = text("SELECT 1 FROM sqlite_master WHERE name = 'notes_words'")


class Asking:
    """A query that is asked in a transaction.

    Args:
        connection: of the transaction.
        query: what is asked.
        words, like: see `Form`.
    """

    def __init__(self, connection: Connection, query: Query, *, words: bool, like: bool) -> None:
        self._connection = connection
        self._query = query
        self._values: dict[str, Any] = _values(query)
        if query.own_number is not None and query.own_number.isdigit():
            self._values["own_number"] = _own_numbers(connection, query.own_number)
        long_enough = len(self._values.get("note", "")) >= SHORTEST
        asked = frozenset(self._values) - {"limit"}
        anybody = query.asker and replace(query.asker, name="")
        self._form = Form(asked - {"like", "match"}, anybody, words and long_enough, like)
        self._way = self._best_way()

    def _best_way(self) -> Way:
        asked = self._form.asked
        for way in Way:
            if way is Way.TIME or (way in asked and way not in ONE_BY_ONE):
                return way
            if way is Way.LENGTH and not asked & {"min_seconds", "max_seconds"}:
                continue
            if way in ONE_BY_ONE and (way in asked or way is Way.LENGTH):
                probe = _probe(self._form, way)
                if self._connection.execute(probe, self._values).scalar_one() <= FEW:
                    return way
        raise AssertionError("the last way is always there")

    def page(self) -> list[CallRecord]:
        """Return the calls of the page."""
        statement = _page(self._form, self._way)
        found = [to_models(Call, self._execute(statement, one)) for one in self._each()]
        lines = found[0] if len(found) == 1 else [*merge(*found, key=_newest_first)]
        records = records_of(self._connection, [*islice(lines, self._query.limit)])
        asker = self._query.asker
        return [seen(asker, record) for record in records] if asker else records

    def count(self) -> Count:
        """Return how many calls match, as far as is counted."""
        looked, found = 0, 0
        for one in self._each():
            row = self._execute(counting(self._form, self._way), one).one()
            looked, found = max(looked, row.looked), found + row.found
        least = min(found, MOST_COUNTED)
        return Count(least, exact=found <= MOST_COUNTED and looked <= WINDOW)

    def count_all(self) -> int:
        """Return how many calls match."""
        statement = _count_all(self._form, self._way)
        return sum(int(self._execute(statement, one).scalar_one()) for one in self._each())

    def _each(self) -> list[dict[str, Any]]:
        """Return the values, once for each own number if the search goes by them.

        An index has the newest calls first of one number, and not of several.
        """
        if self._way is not Way.OWN:
            return [self._values]
        return [{**self._values, "own_number": [number]} for number in self._values["own_number"]]

    def _execute(self, statement: Select[Any], values: dict[str, Any]) -> Any:
        return self._connection.execute(statement, values)


def _newest_first(line: Call) -> tuple[float, str]:
    return -line.started_at.timestamp(), line.call_sid


def _values(query: Query) -> dict[str, Any]:
    """Return what is asked for, by the names of the parameters."""
    values = {
        field.name: getattr(query, field.name)
        for field in fields(query)
        if field.name != "asker" and getattr(query, field.name) is not None
    }
    number = values.get("number", "")
    if number.isdigit():  # the last digits come first, so that an index has them together
        backwards = values.pop("number")[::-1]
        values |= {"tail": backwards, "tail_end": backwards + "9" * TAIL}
    if "own_number" in values:
        values["own_number"] = [values["own_number"]]
    if "case_number" in values:
        values["case_number"] = plain(values["case_number"])
    if "note" in values:
        part = values["note"] = plain(values["note"])
        escaped = part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        values |= {"like": f"%{escaped}%", "match": '"' + part.replace('"', '""') + '"'}
    if query.after is not None:
        values["after"], values["after_sid"] = query.after
    return values


# One after the other, each by the index: there are few own numbers, and many calls.
_OWN_NUMBERS = text(
    "WITH RECURSIVE own (number) AS (SELECT min(own_number) FROM calls UNION ALL "
    "SELECT (SELECT min(own_number) FROM calls WHERE own_number > own.number) FROM own "
    "WHERE own.number IS NOT NULL) SELECT number FROM own WHERE number LIKE :ending"
)


def _own_numbers(connection: Connection, digits: str) -> list[str]:
    return [*connection.execute(_OWN_NUMBERS, {"ending": f"%{digits}"}).scalars()]


def _given(name: str, of: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=of.type)


def _beside(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column such that no index of it is gone by: the way is chosen already.

    Databases choose by statistics, which SQLite has none of, and which know little of what goes
    together: a search for the newest few is then read through years of calls.
    """
    return func.coalesce(value, value)


@lru_cache(1024)
def _probe(form: Form, way: Way) -> Select[Any]:
    """Return what counts the notes, consents or recordings of a way, up to one more than `FEW`."""
    match way:
        case Way.NOTE:
            some = select(notes.c.id).where(_has_part(form))
        case Way.CONSENT:
            some = select(consents.c.call_sid).where(_has_outcome())
        case Way.STATE:
            state = recordings.c.state == _given("state", recordings.c.state)
            some = select(recordings.c.sid).where(state)
        case _:
            some = select(recordings.c.sid).where(*_lasts(form, recordings.c.duration))
    return select(func.count()).select_from(some.limit(FEW + 1).subquery())


@lru_cache(1024)
def _page(form: Form, way: Way) -> Select[Any]:
    conditions = [*_on_the_way(form, way), *_besides(form, way, calls)]
    start, sid = _start(way), calls.c.call_sid
    if "after" in form.asked:
        after = _given("after", calls.c.started_at)
        same = (start == after) & (sid > bindparam("after_sid"))
        # by the index, which does not see into the "or"
        conditions += [start <= after, (start < after) | same]
    limit = bindparam("limit", type_=Integer)
    if way is Way.TAIL and form.asked <= {"tail", "tail_end", "since", "until"}:
        conditions.append(start >= _start_of_last(conditions, limit))
    if way not in ONE_BY_ONE:
        return select(calls).where(*conditions).order_by(start.desc(), sid).limit(limit)
    # Sorted without what only the page's calls need.
    keys = select(calls.c.account_sid, sid, calls.c.started_at).where(*conditions)
    keys_of_page = keys.order_by(start.desc(), sid).limit(limit).subquery()
    newest = (keys_of_page.c.started_at.desc(), keys_of_page.c.call_sid)
    return (
        select(calls)
        .join_from(keys_of_page, calls, of_same_call(calls, keys_of_page))
        .order_by(*newest)
    )


def _start_of_last(
    conditions: Sequence[ColumnElement[bool]], limit: BindParameter[int]
) -> ColumnElement[Any]:
    """Return when the last call of a page starts, which the index knows without the calls.

    By the last digits many are found, in no order of time: only those of the page are read.
    """
    last = select(calls.c.started_at).where(*conditions).order_by(calls.c.started_at.desc())
    first_of_all = select(func.min(calls.c.started_at)).scalar_subquery()
    return func.coalesce(last.limit(1).offset(limit - 1).scalar_subquery(), first_of_all)


@lru_cache(1024)
def _count_all(form: Form, way: Way) -> Select[Any]:
    conditions = [*_on_the_way(form, way), *_besides(form, way, calls)]
    return select(func.count()).select_from(calls).where(*conditions)


@lru_cache(1024)
def counting(form: Form, way: Way) -> Any:
    """Return what counts up to one more than `MOST_COUNTED`, of how many that were looked at."""
    besides = _besides(form, way, calls)
    on_the_way = select(calls.c.started_at)  # which the index has: no call is read
    if besides and way not in ONE_BY_ONE:  # each has to be looked at: the newest, so that it ends
        asked = (_column(other) for other in Way if other in form.asked and other not in ONE_BY_ONE)
        columns = {"account_sid", "call_sid", *asked, "case_number"}
        newest = (
            select(*(calls.c[name] for name in sorted(columns)))
            .where(*_on_the_way(form, way))
            .order_by(_start(way).desc())
            .limit(WINDOW + 1)
            .subquery()
        )
        matching = func.count().filter(*_besides(form, way, newest))
        return select(func.count().label("looked"), matching.label("found")).select_from(newest)
    on_the_way = on_the_way.where(*_on_the_way(form, way))
    if way is Way.TIME:
        on_the_way = on_the_way.order_by(calls.c.started_at.desc())
    some = on_the_way.where(*besides).limit(MOST_COUNTED + 1).subquery()
    none = literal_column("0", Integer).label("looked")
    return select(none, func.count().label("found")).select_from(some)


def _start(way: Way) -> ColumnElement[Any]:
    """Return the call's time; where the index of a way has it not beside, as a mere value."""
    mere = way in ONE_BY_ONE or way is Way.TAIL
    return _beside(calls.c.started_at) if mere else calls.c.started_at


def _on_the_way(form: Form, way: Way) -> list[ColumnElement[bool]]:
    """Return the conditions for which an index is read: the way's own, and the time."""
    start = _start(way)
    times = {
        "since": start >= _given("since", calls.c.started_at),
        "until": start < _given("until", calls.c.started_at),
    }
    conditions = [condition for name, condition in times.items() if name in form.asked]
    if way in ONE_BY_ONE:
        their = _ONE_BY_ONE[way]
        keys = select(their.c.account_sid, their.c.call_sid).where(*_of_one(form, way))
        conditions.append(tuple_(calls.c.account_sid, calls.c.call_sid).in_(keys))
    elif way is not Way.TIME:
        conditions += _of_line(calls, way, beside=False)
    return conditions


_ONE_BY_ONE: dict[Way, Table] = {
    Way.NOTE: notes,
    Way.CONSENT: consents,
    Way.STATE: recordings,
    Way.LENGTH: recordings,
}


def _besides(form: Form, way: Way, rows: FromClause) -> list[ColumnElement[bool]]:
    """Return what must hold besides of the calls that a way finds.

    Args:
        form: of the query.
        way: which is gone.
        rows: the calls.
    """
    conditions = []
    for other in Way:
        if other in form.asked and other not in ONE_BY_ONE and other is not way:
            conditions += _of_line(rows, other, beside=rows is calls)
    if Way.NOTE in form.asked and way is not Way.NOTE:
        # read as it is: a database would ask its index of words anew for each call
        read = replace(form, words=False)
        conditions.append(exists().where(of_same_call(notes, rows), _has_part(read)))
    if Way.CONSENT in form.asked and way is not Way.CONSENT:
        conditions.append(exists().where(of_same_call(consents, rows), _has_outcome()))
    of_a_recording = _of_recording(form)
    if of_a_recording and way not in (Way.STATE, Way.LENGTH):
        conditions.append(exists().where(of_same_call(recordings, rows), *of_a_recording))
    return conditions


def _column(way: Way) -> str:
    return {Way.NUMBER: "customer_number", Way.CASE: "plain_case"}.get(way, way.value)


def _of_line(rows: FromClause, way: Way, *, beside: bool) -> list[ColumnElement[bool]]:
    """Return what must hold of a column of the calls."""
    name = _column(way)
    its = _beside(rows.c[name]) if beside else rows.c[name]
    if way is Way.TAIL:
        return [its.between(bindparam("tail"), bindparam("tail_end"))]
    if way is Way.OWN:
        return [its.in_(bindparam("own_number", expanding=True))]
    condition = its == _given(way.value, rows.c[name])
    # in the words of the index, which has no other rows
    return (
        [condition, rows.c.case_number != literal_column("''")] if way is Way.CASE else [condition]
    )


def _of_one(form: Form, way: Way) -> list[ColumnElement[bool]]:
    """Return what must hold of the notes, consents or recordings that a way looks up."""
    match way:
        case Way.NOTE:
            return [_has_part(form)]
        case Way.CONSENT:
            return [_has_outcome()]
        case _:
            return _of_recording(form, way)


def _has_part(form: Form) -> ColumnElement[bool]:
    if form.words:
        words = table("notes_words", column("rowid"), column("notes_words"))
        matches = words.c.notes_words.op("MATCH")(bindparam("match"))
        return notes.c.id.in_(select(words.c.rowid).where(matches))
    if form.like:
        return notes.c.plain_text.like(bindparam("like"))
    return func.instr(notes.c.plain_text, bindparam("note")) > 0


def _has_outcome() -> ColumnElement[bool]:
    return consents.c.outcome == _given("consent", consents.c.outcome)


def _of_recording(form: Form, way: Way | None = None) -> list[ColumnElement[bool]]:
    """Return what must hold of one recording; by one column alone if that is the way."""
    conditions: list[ColumnElement[bool]] = []
    if Way.STATE in form.asked:
        state = recordings.c.state if way is not Way.LENGTH else _beside(recordings.c.state)
        conditions.append(state == _given("state", recordings.c.state))
    lasts = _lasts(form, recordings.c.duration if way is not Way.STATE else None)
    if lasts:
        conditions += [*lasts, _beside(recordings.c.state) != State.ERASED]
    if conditions and form.asker is not None:
        conditions.append(allowed(form.asker, Deed.SEE))
    return conditions


def _lasts(form: Form, duration: ColumnElement[Any] | None = None) -> list[ColumnElement[bool]]:
    lasting = _beside(recordings.c.duration) if duration is None else duration
    conditions = {
        "min_seconds": lasting >= bindparam("min_seconds", type_=Integer),
        "max_seconds": lasting <= bindparam("max_seconds", type_=Integer),
    }
    return [condition for name, condition in conditions.items() if name in form.asked]
