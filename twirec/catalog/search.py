"""Finding calls, and what people write about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, text, union_all

from twirec.catalog import ways
from twirec.catalog.conditions import allowed, of_same_call, own_of
from twirec.catalog.database import Database, to_models
from twirec.catalog.ledger import call_records, records_of
from twirec.catalog.prepared import Prepared
from twirec.catalog.tables import calls, recordings
from twirec.catalog.ways import FAR, LASTS, Form, Walk, Way
from twirec.model.access import Actor, Deed, may_be_own, seen
from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import NotFound
from twirec.model.plain_text import plain
from twirec.model.records import TAIL, Call, CallRecord
from twirec.model.search import MOST_COUNTED, Count, Query
from twirec.model.states import State

FEW = 2000
"""How many notes are looked up one by one. More are so frequent that the calls are read from the
newest on: one of theirs is found before long."""

WINDOW = 1000
"""Calls that are looked through, the newest first, where each has to be looked at to be counted."""

LOTS = (50, 200, *((WINDOW + 1) * 4**step for step in range(16)))
"""Rows of a way that are looked through for a page: the next lot where one was not enough. Of the
third and later ones it is known how many match, and nothing is counted again.

From the third on it is asked first how many notes the index of words knows of."""

DEEP = 100
"""Rows of a way of which the oldest says how rare they are."""

MOST_OWN_NUMBERS = 64
"""Own numbers that are gone by together. More of one ending are most of a company's calls."""

A_MOMENT = timedelta(microseconds=1)
"""Between a time and the one before: the finest that both databases have."""

DIGITS = 3
"""Last digits that have an index of their own."""

VALUED = (
    *(Way.NUMBER, Way.CASE, Way.REASON, Way.FORWARDED, Way.AGENT),
    *(Way.CONSENT, Way.OUTCOME, Way.DIRECTION),
)
"""The ways that begin with the value that is asked for, as it is."""

SHORTEST = 3
"""Characters of which an index knows parts of notes; a shorter part is looked for in all notes."""


class Search:
    """Finds calls, each with its consents, recordings, pauses, legs and notes.

    Every search walks through an index that has the call's time beside what is asked for, from the
    newest call on, or from the oldest, until the page is full (`ways.py`). Where several things are
    asked for, it walks by the rarest, and looks at each call for the others, a lot of them at a
    time. Only what has a part of a word is in no order of time: where an index knows of few, they
    are looked up one by one, and of many the notes are read in order of time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words = False

    def find(self, sid: str, asker: Actor | None = None) -> CallRecord:
        """Return the call of a SID, its own or that of one of its recordings, as somebody sees it.

        Args:
            sid: the SID.
            asker: who sees it; None for all of it.

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
            return _as_seen(connection, asker, records)[0]

    def of_keys(self, keys: Sequence[tuple[str, str]], asker: Actor) -> list[CallRecord]:
        """Return calls by account and SID, in that order, as somebody sees them."""
        if not keys:
            return []
        # By their SIDs alone: for pairs, or in an order, SQLite would look at all calls.
        these = calls.c.call_sid.in_({sid for _, sid in keys})
        with self._database.read() as connection:
            lines = to_models(Call, connection.execute(select(calls).where(these)))
            records = _as_seen(connection, asker, records_of(connection, lines))
        by_key = {(each.call.account_sid, each.call.call_sid): each for each in records}
        return [by_key[key] for key in keys if key in by_key]

    def call_sid(self, sid: str) -> str:
        """Return the SID of the call that `find` finds, and read nothing else of it.

        Raises:
            NotFound: the catalog knows no such call.
        """
        of_recording = select(calls.c.call_sid).join(
            recordings,
            (recordings.c.account_sid == calls.c.account_sid)
            & (recordings.c.call_sid == calls.c.call_sid),
        )
        its = select(calls.c.call_sid).where(calls.c.call_sid == sid)
        either = union_all(its, of_recording.where(recordings.c.sid == sid)).limit(1)
        with self._database.read() as connection:
            found: str | None = connection.execute(either).scalar()
        if found is None:
            raise NotFound(f"The catalog has no call or recording {sid}.")
        return found

    def going_on(self, since: datetime, limit: int) -> list[CallRecord]:
        """Return the calls that began after a time, UTC, and have not ended, newest first."""
        with self._database.read(by_index=True) as connection:
            goes_on = (calls.c.ended_at.is_(None), calls.c.started_at > since)
            return call_records(connection, goes_on, limit)

    def page(self, query: Query) -> list[CallRecord]:
        """Return the calls that match, newest first; those that start together by their SID.

        With `oldest_first` it is that order backwards; with `before`, what stands before a call.

        A recording that the query does not see is not in the answer, and nothing is found by it.
        One that was erased shows only that there was one, and is not found by its length.
        """
        with self._database.read(by_index=True) as connection:
            if query.before is not None:
                return self._page_before(connection, query)
            return self._asking(connection, query).page()

    def _page_before(self, connection: Connection, query: Query) -> list[CallRecord]:
        turned = replace(
            query, after=query.before, before=None, oldest_first=not query.oldest_first
        )
        return self._asking(connection, turned).page()[::-1]

    def count(self, query: Query) -> int:
        """Return how many calls match, whatever `after` and `limit` say: all of them are read."""
        with self._database.read(by_index=True) as connection:
            return self._asking(connection, query).count_all()

    def page_and_count(self, query: Query) -> tuple[list[CallRecord], Count]:
        """Return the calls of a page, and how many match as far as is counted, of one moment."""
        with self._database.read(by_index=True) as connection:
            asking = self._asking(connection, query)
            if query.before is not None:
                records = self._page_before(connection, query)
            else:
                records = asking.page()
                if query.after is None and len(records) < query.limit:  # then these are all
                    return records, Count(len(records))
            count = asking.count()
            return records, replace(count, calls=max(count.calls, len(records)))

    def _asking(self, connection: Connection, query: Query) -> Asking:
        sqlite = connection.dialect.name == "sqlite"
        if query.note is not None and sqlite and not self._words:
            self._words = connection.execute(_HAS_WORDS).first() is not None
        return Asking(connection, query, words=self._words)


_HAS_WORDS = text("SELECT 1 FROM sqlite_master WHERE name = 'notes_words'")


class Asking:
    """A query that is asked in a transaction.

    Args:
        connection: of the transaction.
        query: what is asked.
        words: see `Form`.
    """

    def __init__(self, connection: Connection, query: Query, *, words: bool) -> None:
        self._connection = connection
        named = None if query.sid is None else _named(connection, query)
        query = named or query
        self._query = query
        self._values = _values(query)
        owns = [] if query.own_number is None else _own_numbers(connection, query.own_number)
        anybody = query.asker and replace(query.asker, name="")
        self._known_words = len(self._values.get("note", "")) >= SHORTEST
        self._form = Form(
            asked=_asked(self._values, query),
            asker=anybody,
            owns=len(owns),
            whole=ways.are_whole(query.min_seconds, query.max_seconds),
            words=words and self._known_words,
            dialect=connection.dialect.name,
            oldest_first=query.oldest_first,
        )
        walks = [*self._walks(owns)] or [Walk(Way.TIME, [()])]
        is_there = query.sid is None or named is not None
        self._nothing = not (is_there and all(walk.prefixes for walk in walks))
        for walk in walks:
            self._values |= walk.values
        if len(owns) > MOST_OWN_NUMBERS:
            walks = [walk for walk in walks if walk.way is not Way.OWN]
        self._walk = walks[0] if self._nothing else self._rarest(walks)
        self._count: Count | None = None

    def _walks(self, owns: list[str]) -> Iterator[Walk]:
        """Yield the ways that there are to what is asked for."""
        query, asker = self._query, self._query.asker
        for way in VALUED:
            if way in self._values:
                yield Walk(way, [(self._values[way],)])
        if "tail" in self._values:
            yield from _by_tail(self._values["tail"])
        if query.own_number is not None:
            yield Walk(Way.OWN, [(number,) for number in owns])
        if asker is None or not may_be_own(asker):  # what is one's own no index has
            yield from self._by_recording()
        if query.note is not None:
            yield Walk(Way.NOTE, [()])

    def _by_recording(self) -> Iterator[Walk]:
        """Yield the ways that there are by what is asked of recordings."""
        query, asker = self._query, self._query.asker
        seen_states = ways.of_state(asker, query.state)
        if query.state is not None:
            yield Walk(Way.STATE, seen_states)
        if LASTS & self._form.asked:
            if len({state for state, _ in seen_states}) == len(State):
                its = ways.of_length(asker, query.min_seconds, query.max_seconds)
                yield Walk(Way.LENGTH, its)
            elif query.state is None:  # of few states is all that they may see
                yield Walk(Way.STATE, seen_states)

    def _rarest(self, walks: list[Walk]) -> Walk:
        """Return the way whose first rows go the furthest."""
        if len(walks) < 2:
            return walks[0] if walks else Walk(Way.TIME, [()])
        reached: dict[datetime, Walk] = {}
        for walk in walks:
            its = self._first(ways.depth(self._form, walk.way, len(walk.prefixes), DEEP))
            if its.rows < DEEP:
                return walk
            reached.setdefault(its.reached, walk)
        return reached[max(reached) if self._query.oldest_first else min(reached)]

    def page(self) -> list[CallRecord]:
        """Return the calls of the page."""
        records = [] if self._nothing else records_of(self._connection, self._lines())
        return _as_seen(self._connection, self._query.asker, records)

    def _lines(self) -> list[Call]:
        walk, limit = self._walk, self._query.limit
        for lot in LOTS if ways.finds_all(self._form, walk.way) else LOTS[1:]:
            if lot < limit:
                continue
            if lot > LOTS[1] and walk.way is Way.NOTE and self._words_are_few():
                break
            rows = self._all(ways.page(self._form, walk.way, len(walk.prefixes), lot))
            lines = to_models(Call, (row for row in rows if row.call_sid is not None))
            self._count_in(rows[0], lot)
            is_full = len(lines) >= limit and lines[-1].started_at != rows[0].reached
            if is_full or rows[0].looked < lot:
                return lines
        # all that is known of it
        rows = self._all(ways.page(self._form, self._walk.way, len(self._walk.prefixes), None))
        self._count_in(rows[0], None)
        return to_models(Call, (row for row in rows if row.call_sid is not None))

    def _count_in(self, row: Any, lot: int | None) -> None:
        """Keep what the lot of a page says of how many match, where it is as much as is counted."""
        is_all = lot is None or row.looked < lot
        if self._query.after is None and (is_all or row.looked > WINDOW):
            exact = is_all and row.found <= MOST_COUNTED
            self._count = Count(min(row.found, MOST_COUNTED), exact)

    def _words_are_few(self) -> bool:
        """Whether the index of parts of words knows of few notes, by which the way goes then."""
        if not self._known_words:
            return False
        self._let_words_be_read()
        if self._first(ways.words(self._form, FEW + 1)).rows > FEW:
            self._known_words = False  # it is not asked again
            return False
        self._walk = Walk(Way.WORDS, [()])
        return True

    def _let_words_be_read(self) -> None:
        if self._form.dialect == "postgresql":  # whose index of words gives nothing but bitmaps
            self._connection.exec_driver_sql("SET LOCAL enable_bitmapscan = on")

    def count(self) -> Count:
        """Return how many calls match, as far as is counted; after the page was read."""
        if self._nothing:
            return Count(0)
        if self._count is not None:
            return self._count
        walk, places = self._walk, len(self._walk.prefixes)
        self._values |= _span(self._query)  # of all pages
        if ways.finds_all(self._form, walk.way):
            lot = MOST_COUNTED + MOST_COUNTED // 8 + 1  # of some calls there may be several rows
            row = self._first(ways.count_starts(self._form, walk.way, places, lot))
            if row.looked == lot or ways.is_of_calls(walk.way):
                most = row.found > MOST_COUNTED or row.looked == lot
                return Count(min(row.found, MOST_COUNTED), exact=not most)
        every = walk.way is Way.WORDS
        row = self._first(ways.count(self._form, walk.way, places, None if every else WINDOW + 1))
        exact = (every or row.looked <= WINDOW) and row.found <= MOST_COUNTED
        return Count(min(row.found, MOST_COUNTED), exact)

    def count_all(self) -> int:
        """Return how many calls match."""
        if self._nothing:
            return 0
        walk = self._walk
        self._values |= _span(self._query)
        if walk.way is Way.NOTE and self._known_words:
            self._let_words_be_read()
            walk = Walk(Way.WORDS, [()])
        its = ways.count(self._form, walk.way, len(walk.prefixes), None)
        return int(self._first(its).found)

    def few(self, most: int) -> list[Call] | None:
        """Return the lines of the calls that match, newest first; None if they are more."""
        lines = [] if self._nothing else self._lines()
        return lines if len(lines) <= most else None

    def besides(self) -> tuple[list[ColumnElement[bool]], Mapping[str, Any]]:
        """Return what has to hold of the row of a call that matches, and what is bound to it."""
        # not by the index of the time, by which PostgreSQL would read all calls for each sentence
        began = func.coalesce(calls.c.started_at, calls.c.started_at)
        within = began.between(bindparam("since"), bindparam("last"))
        return [within, *ways.besides(self._form)], self._values

    def _all(self, statement: Prepared) -> list[Any]:
        return statement.all(self._connection, self._values)

    def _first(self, statement: Prepared) -> Any:
        return statement.all(self._connection, self._values)[0]


def _as_seen(
    connection: Connection, asker: Actor | None, records: list[CallRecord]
) -> list[CallRecord]:
    if asker is None:
        return records
    sids = [each.sid for record in records for each in record.recordings]
    theirs = own_of(connection, asker, sids)
    return [seen(asker, record, theirs) for record in records]


def _named(connection: Connection, query: Query) -> Query | None:
    """Return a query for the moment at which the call of its SID began; None if there is none.

    So it goes by the time, through the calls of that moment: no index has SIDs and times together.
    """
    row = OF_CALL.first(connection, {"sid": query.sid})
    if row is None:
        seen_by = None if query.asker is None else replace(query.asker, name="")
        row = _of_recording(seen_by).first(connection, {"sid": query.sid})
    if row is None:
        return None
    return replace(
        query,
        sid=row.call_sid,
        since=max(row.started_at, query.since or row.started_at),
        until=min(row.started_at + A_MOMENT, query.until or FAR),
    )


OF_CALL = Prepared(
    select(calls.c.call_sid, calls.c.started_at).where(calls.c.call_sid == bindparam("sid"))
)


@lru_cache(64)
def _of_recording(asker: Actor | None) -> Prepared:
    """Return what gives the call of a recording that somebody sees."""
    its = select(calls.c.call_sid, calls.c.started_at).join(
        recordings, of_same_call(recordings, calls)
    )
    sees = [] if asker is None else [allowed(asker, Deed.SEE, with_own=True)]
    return Prepared(its.where(recordings.c.sid == bindparam("sid"), *sees))


def _by_tail(tail: str) -> Iterator[Walk]:
    """Yield the way to the last digits of a number, which stand backwards."""
    if len(tail) >= TAIL:
        yield Walk(Way.TAIL, [(tail,)])
    elif len(tail) > DIGITS + 1:
        yield Walk(Way.TAIL, [(tail + more,) for more in ("", *"0123456789")])
    elif len(tail) >= DIGITS:
        yield Walk(Way.DIGITS, [(tail[:DIGITS],)])


APART = (
    *("asker", "own_number", "sid", "since", "until", "after", "before", "oldest_first"),
    *("said", "said_by"),
)
"""What is asked for otherwise than by a value of its name."""


def _values(query: Query) -> dict[str, Any]:
    """Return what is asked for, by the names of the parameters."""
    values = {
        field.name: getattr(query, field.name)
        for field in fields(query)
        if field.name not in APART and getattr(query, field.name) is not None
    }
    values = {**_span(query), **values}
    number = values.get("number", "")
    if number.isdigit():  # the last digits come first, so that an index has them together
        backwards = values.pop("number")[::-1]
        values |= {"tail": backwards, "tail_end": backwards + "9" * TAIL}
    if query.sid is not None:
        values["call_sid"] = query.sid
    if "case_number" in values:
        values["case_number"] = plain(values["case_number"])
    if "note" in values:
        part = values["note"] = plain(values["note"])
        escaped = part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        values |= {"like": f"%{escaped}%", "match": '"' + part.replace('"', '""') + '"'}
    if query.after is not None:
        values["after"], values["after_sid"] = query.after
        if query.oldest_first:
            values["since"] = max(values["since"], query.after[0])
        else:
            values["last"] = min(values["last"], query.after[0])
    return values


def _span(query: Query) -> dict[str, Any]:
    """Return between which times a search looks, both included."""
    return {"since": query.since or BEFORE_ALL, "last": (query.until or FAR) - A_MOMENT}


def _asked(values: Mapping[str, Any], query: Query) -> frozenset[str]:
    """Return what is asked for, without the values."""
    asked = {*values} - {"since", "last", "limit", "like", "match"}
    if query.own_number is not None:
        asked.add("own_number")
    if len(values.get("tail", "")) == DIGITS:
        asked.add("three")
    return frozenset(asked)


# One after the other, each by the index: there are few own numbers, and many calls.
_OWN_NUMBERS = text(
    "WITH RECURSIVE own (number) AS (SELECT min(own_number) FROM calls UNION ALL "
    "SELECT (SELECT min(own_number) FROM calls WHERE own_number > own.number) FROM own "
    "WHERE own.number IS NOT NULL) SELECT number FROM own WHERE number LIKE :ending"
)


def _own_numbers(connection: Connection, number: str) -> list[str]:
    """Return the own numbers that are asked for: one, or those with these last digits."""
    if not number.isdigit():
        return [number]
    return [*connection.execute(_OWN_NUMBERS, {"ending": f"%{number}"}).scalars()]
