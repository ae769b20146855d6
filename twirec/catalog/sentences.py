"""What was said, sentence by sentence, in an index of its words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from dataclasses import replace as with_changes
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    TextClause,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
)

from twirec.catalog.conditions import allowed, of_call
from twirec.catalog.database import Database
from twirec.catalog.search import Asking
from twirec.catalog.sentence_tables import sentences
from twirec.catalog.tables import calls, recordings
from twirec.model.access import Deed
from twirec.model.errors import CatalogUnavailable
from twirec.model.heard_words import heard_words, index_keys
from twirec.model.search import Query
from twirec.model.transcript import Sentence

MOST_FOLLOWING = 12
"""Words that a sentence is searched with of what the same side says next."""

LONGEST_SILENCE = 30.0
"""Seconds between two sentences of a side over which no phrase runs."""

FORGETS = (3, 42)
"""The version of SQLite from which on its index of words forgets at once what is deleted."""

TO_FORGET = "words to forget"
"""The mark that says that something was deleted: a trigger sets it."""

FORGETTING = "words being forgotten"
"""The mark that says that parts are being written anew: who is stopped meanwhile begins again."""

MERGED = 500
"""Pages of an index that are written anew in one transaction. Others write between two of them."""


def replace(
    connection: Connection, call_sid: str, recording_sid: str, said: Sequence[Sentence]
) -> None:
    """Let a search find what was said in a recording, and nothing of what it found before.

    Args:
        connection: of a transaction that writes.
        call_sid: of its call.
        recording_sid: of the recording.
        said: the sentences of both sides, in any order.
    """
    forget(connection, recording_sid)
    its = select(func.coalesce(recordings.c.call_started_at, recordings.c.started_at))
    started_at = connection.execute(its.where(recordings.c.sid == recording_sid)).scalar()
    rows = [*_rows(call_sid, recording_sid, started_at, said)]
    if rows:
        connection.execute(insert(sentences), rows)


def forget(connection: Connection, recording_sid: str) -> None:
    """Let a search find nothing that was said in a recording.

    Args:
        connection: of a transaction that writes.
        recording_sid: of the recording.
    """
    connection.execute(delete(sentences).where(sentences.c.recording_sid == recording_sid))


def _rows(
    call_sid: str, recording_sid: str, started_at: datetime | None, said: Iterable[Sentence]
) -> Iterator[dict[str, Any]]:
    in_order = sorted((each for each in said if each.text.strip()), key=lambda each: each.starts)
    by_side: dict[object, list[Sentence]] = {}
    for each in in_order:
        by_side.setdefault(each.side, []).append(each)
    place = dict.fromkeys(by_side, 0)
    of_all = [f"r{recording_sid.lower()}", *(() if started_at is None else day_keys(started_at))]
    for each in in_order:
        place[each.side] += 1
        following = _following(each, by_side[each.side][place[each.side] :])
        words = heard_words(f"{each.text} {following}")
        keys = {key for word in words for key in index_keys(word)}
        yield {
            "recording_sid": recording_sid,
            "call_sid": call_sid,
            "side": each.side,
            "starts": each.starts,
            "ends": each.ends,
            "text": each.text,
            "probability": each.probability,
            "words": " ".join(word.text for word in words),
            "own": len(heard_words(each.text)),
            "keys": " ".join(sorted({*keys, *of_all, side_key(each.side)})),
        }


def _following(sentence: Sentence, others: Iterable[Sentence]) -> str:
    """Return the first words of what a side says after a sentence, without a long silence."""
    words: list[str] = []
    ends = sentence.ends
    for other in others:
        if len(words) >= MOST_FOLLOWING or other.starts - ends > LONGEST_SILENCE:
            break
        words += other.text.split()
        ends = other.ends
    return " ".join(words[:MOST_FOLLOWING])


def side_key(side: object) -> str:
    """Return the key of the sentences of a side."""
    return f"s{side or 'unknown'}"


def day_keys(at: datetime) -> tuple[str, str]:
    """Return the keys of the sentences of a day, UTC, and of its month."""
    return at.strftime("d%Y%m%d"), at.strftime("m%Y%m")


FEW_CALLS = 300
"""Calls of which only what was said in them is looked through. If those that are asked for besides
are more, the words are looked up, and then each call that has them is looked at."""

MOST_FOUND = 4000
"""Sentences that an index gives: of words that are said more often, those that came last."""

DAYS_BACK = (7, 30, 90, 365, 5 * 365)
"""Days, the latest, that PostgreSQL looks through before all: it knows no order, and of words that
are said often it would give any sentences."""

MOST_DAYS, MOST_MONTHS = 45, 240
"""Days, and months, of which each is asked for by its key."""

NARROW = frozenset(field.name for field in fields(Query)) - {
    *("since", "until", "asker", "after", "before", "oldest_first", "limit", "said", "said_by"),
}
"""What is asked for besides words, side and time."""


class Sentences:
    """Finds what was said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def candidates(
        self,
        query: Query,
        keys: Sequence[Sequence[str]],
        limit: int,
        known: Collection[int] = (),
    ) -> tuple[list[Row[Any]], bool]:
        """Return sentences in which words may have been said, those that came last first.

        Each has the columns of the table but for the keys, and account and start of its call.
        Sentences of recordings that whoever asks may not read are as if they were not there.

        Args:
            query: what has to hold of their calls, whose they are, and who asks.
            keys: of words; one of each list has to be there.
            limit: how many at the most.
            known: the sentences that need not be read again.

        Returns:
            The sentences, and whether these are all.

        Raises:
            CatalogUnavailable: this SQLite cannot find words.
        """
        with self._database.read(by_index=True) as connection:
            # not a page of them: one more than are looked through says that they are more
            beside = with_changes(query, limit=FEW_CALLS + 1)
            asking = Asking(connection, beside, words=False)
            match, days_back = [*keys], list(DAYS_BACK)
            if any(getattr(query, name) is not None for name in NARROW):
                few = asking.few(FEW_CALLS)
                sids = [] if few is None else _recordings_of(connection, few)
                if few is not None and not sids:
                    return [], True
                if sids:
                    match, days_back = [*keys, [f"r{sid.lower()}" for sid in sids]], []
            besides, values = asking.besides()
            statement = _shown(connection, query, besides)
            rows: list[Row[Any]] = []
            count = 0
            lot = limit + len(known) + 1
            for ids in _found(connection, query, match, lot, days_back):
                count += len(ids)
                new = [each for each in ids if each not in known]
                given = {**values, "ids": _as_list(connection, new)}
                rows += connection.execute(statement, given).all() if new else []
                if len(rows) > limit:
                    break
        return rows[:limit], count <= MOST_FOUND and len(rows) <= limit

    def settle(self) -> None:
        """Let nothing stay in the index of SQLite of what was deleted from it.

        A newer SQLite forgets at once. In an older one the words of what was deleted stay, until
        the parts of the index are written anew: which is done here, in small steps.

        Source: https://www.sqlite.org/fts5.html#the_merge_command.
        """
        if self._database.engine.dialect.name != "sqlite":
            return
        with self._database.read() as connection:
            if not connection.execute(_IS_TO_FORGET).first():
                return
        with self._database.write() as connection:
            at_once = connection.execute(_FORGETS).scalar() == 1
            if not at_once and sqlite3.sqlite_version_info >= FORGETS:
                connection.execute(_FORGET_AT_ONCE)
            if not at_once:
                connection.execute(_BEGUN)
            connection.execute(_NOTED)  # what is deleted from now on says so again
        pages = -MERGED  # below nothing: whatever there is, also what would not be merged yet
        while not at_once:
            with self._database.write() as connection:
                before = connection.execute(_CHANGES).scalar_one()
                connection.execute(_MERGE, {"pages": pages})
                at_once = connection.execute(_CHANGES).scalar_one() - before < 2
            pages = MERGED
        with self._database.write() as connection:
            connection.execute(_FORGOTTEN)


_IS_TO_FORGET = text(f"SELECT 1 FROM marks WHERE name IN ('{TO_FORGET}', '{FORGETTING}')")  # noqa: S608 - our own
_BEGUN = text(
    f"INSERT INTO marks (name, at) VALUES ('{FORGETTING}', CURRENT_TIMESTAMP) "  # noqa: S608 - our own
    "ON CONFLICT DO NOTHING"
)
_NOTED = text(f"DELETE FROM marks WHERE name = '{TO_FORGET}'")  # noqa: S608 - our own
_FORGOTTEN = text(f"DELETE FROM marks WHERE name = '{FORGETTING}'")  # noqa: S608 - our own
_FORGETS = text("SELECT v FROM sentences_words_config WHERE k = 'secure-delete'")
_FORGET_AT_ONCE = text(
    "INSERT INTO sentences_words (sentences_words, rank) VALUES ('secure-delete', 1)"
)
_MERGE = text("INSERT INTO sentences_words (sentences_words, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes()")


def _shown(connection: Connection, query: Query, besides: Sequence[ColumnElement[bool]]) -> Any:
    """Return what reads those of some sentences that are asked for, and that may be read."""
    ids = "= ANY(CAST(:ids AS integer[]))"
    if connection.dialect.name == "sqlite":
        ids = "IN (SELECT value FROM json_each(:ids))"
    gate = [] if query.asker is None else [allowed(query.asker, Deed.READ, with_own=True)]
    # not by its key, which half of all sentences have: to read these takes longer
    side = [] if query.said_by is None else [sentences.c.side == query.said_by]
    return (
        select(*_SHOWN, calls.c.account_sid, calls.c.started_at)
        .select_from(sentences)
        .join(recordings, recordings.c.sid == sentences.c.recording_sid)
        .join(calls, of_call(calls, recordings.c.account_sid, sentences.c.call_sid))
        .where(text(f"sentences.id {ids}"), *side, *gate, *besides)
        .order_by(sentences.c.id.desc())
    )


def _as_list(connection: Connection, ids: Sequence[int]) -> Any:
    return json.dumps(ids) if connection.dialect.name == "sqlite" else [*ids]


def _recordings_of(connection: Connection, lines: Sequence[Any]) -> list[str]:
    keys = [(line.account_sid, line.call_sid) for line in lines]
    its = tuple_(recordings.c.account_sid, recordings.c.call_sid).in_(keys)
    return [*connection.scalars(select(recordings.c.sid).where(its))] if keys else []


def _span(connection: Connection, query: Query) -> tuple[datetime, datetime] | None:
    """Return from when to when there are calls that are asked for; None if there are none at all.

    A day more on both sides: keys are of the day in which a recording's call was known to begin.
    """
    first, last = connection.execute(_FIRST_AND_LAST).one()
    if first is None:
        return None
    since, until = max(query.since or first, first), min(query.until or last, last)
    return since - A_DAY, until + A_DAY


def _within(since: datetime, until: datetime) -> list[list[str]]:
    """Return the keys of the days, or months, of a span of time; nothing where it is too long."""
    days = max((until - since).days + 2, 0)
    if days <= MOST_DAYS:
        return [[day_keys(since + A_DAY * each)[0] for each in range(days)] or ["d"]]
    months = _months(since, until)
    return [months] if len(months) <= MOST_MONTHS else []


def _months(since: datetime, until: datetime) -> list[str]:
    first, last = (each.year * 12 + each.month - 1 for each in (since, until))
    return [f"m{month // 12:04}{month % 12 + 1:02}" for month in range(first, last + 1)]


def _found(
    connection: Connection,
    query: Query,
    match: Sequence[Sequence[str]],
    lot: int,
    days_back: Sequence[int],
) -> Iterator[Sequence[int]]:
    """Yield the sentences that an index knows, those that came last first, and one too many.

    They come in lots, of which the first is no larger than it says. What is not asked for is not
    looked up.
    """
    if connection.dialect.name != "sqlite":
        yield from _in_lots(_by_postgresql(connection, query, match, days_back), lot)
        return
    if connection.execute(_HAS_WORDS).first() is None:
        raise CatalogUnavailable(
            "This SQLite finds no words: it was built without FTS5; use another, or PostgreSQL."
        )
    span = None if _is_of_all_time(query) else _span(connection, query)
    match = [*match, *(_within(*span) if span else [])]
    said = " AND ".join("(" + " OR ".join(map('"{}"'.format, each)) + ")" for each in match)
    given: dict[str, Any] = {"match": said, "before": LAST}
    left = MOST_FOUND + 1
    while left > 0:
        asked = min(lot, left)
        # in one row: to fetch each by itself takes as long as to find it
        ids = json.loads(connection.scalar(_MATCHING, {**given, "most": asked}))
        yield ids
        if len(ids) < asked:
            return
        given["before"] = ids[-1]
        left, lot = left - asked, 2 * lot


def _is_of_all_time(query: Query) -> bool:
    return query.since is None and query.until is None


def _in_lots(parts: Iterable[Sequence[int]], lot: int) -> Iterator[Sequence[int]]:
    left: list[int] = []
    for ids in parts:
        left += ids
        while len(left) >= lot:
            yield left[:lot]
            left, lot = left[lot:], 2 * lot
    yield left


def _by_postgresql(
    connection: Connection,
    query: Query,
    match: Sequence[Sequence[str]],
    days_back: Sequence[int],
) -> Iterator[Sequence[int]]:
    """Yield the sentences of the latest days, then those of more, and one too many.

    As soon as those of the latest say that they are few in all, all of them come.
    """
    # whose index of words gives nothing but bitmaps, in no order
    connection.exec_driver_sql("SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off")
    span = _span(connection, query)
    if span is None:
        return
    since, until = span
    all_days = (until - since).days + 1
    every: list[int] | None = None
    of_all = [*match, *([] if _is_of_all_time(query) else _within(since, until))]
    seen: set[int] = set()
    for days in days_back:
        if days >= all_days:
            break
        latest = _within(until - days * A_DAY, until)
        ids = {*_of_postgresql(connection, [*match, *latest])} - seen
        yield sorted(ids, reverse=True)
        seen |= ids
        if len(seen) > MOST_FOUND:
            return
        if every is None and len(seen) * all_days <= MOST_FOUND * days:
            every = _of_postgresql(connection, of_all)
            if len(every) <= MOST_FOUND:
                break
    if every is None:
        every = _of_postgresql(connection, of_all)
    yield sorted({*every} - seen, reverse=True)


def _of_postgresql(connection: Connection, match: Sequence[Sequence[str]]) -> list[int]:
    said = {f"match_{at}": " | ".join(map("'{}'".format, each)) for at, each in enumerate(match)}
    statement = _matching_of_postgresql(len(said))
    return [*connection.scalars(statement, {**said, "most": MOST_FOUND + 1})]


@lru_cache
def _matching_of_postgresql(count: int) -> TextClause:
    """Return what finds sentences by so many lists of keys.

    Each is a condition of its own, and the index goes on from one sentence that all of them have to
    the next. Of one condition with `&` it looks at every key anew for each sentence that one of the
    rarest has: that took six times as long.
    """
    has = " AND ".join(
        f"CAST(keys AS tsvector) @@ CAST(:match_{at} AS tsquery)" for at in range(count)
    )
    return text(f"SELECT id FROM sentences WHERE {has} LIMIT :most")  # noqa: S608 - our own


_SHOWN = [each for each in sentences.columns if each.name != "keys"]
A_DAY = timedelta(days=1)

_FIRST_AND_LAST = select(
    select(func.min(calls.c.started_at)).scalar_subquery(),
    select(func.max(calls.c.started_at)).scalar_subquery(),
)
_HAS_WORDS = text("SELECT 1 FROM sqlite_master WHERE name = 'sentences_words'")
_MATCHING = text(
    "SELECT json_group_array(rowid) FROM (SELECT rowid FROM sentences_words "
    "WHERE sentences_words MATCH :match AND rowid < :before ORDER BY rowid DESC LIMIT :most)"
)
LAST = 2**62
"""No sentence comes after that."""
