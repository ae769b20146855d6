"""The ways of a search: how each kind of it walks through the calls, in order of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    column,
    exists,
    false,
    func,
    literal_column,
    select,
    table,
    true,
    tuple_,
    union_all,
)

from twirec.catalog.conditions import allowed, note_seen, of_same_call, shut_by_recordings
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.tables import calls, consents, legs, notes, recordings
from twirec.model.access import OF_PEOPLE, RIGHTS, Actor, Deed
from twirec.model.states import Custody, State

FAR = datetime(9999, 12, 31, tzinfo=UTC)


LENGTH_EDGES = (10, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 7200)
"""Seconds between two classes of lengths, of which each is in order of time."""

LENGTH_CLASS = (
    "CASE "
    + " ".join(f"WHEN duration < {edge} THEN {number}" for number, edge in enumerate(LENGTH_EDGES))
    + f" ELSE {len(LENGTH_EDGES)} END"
)
"""The class of a recording's length, in the words of the index that has it, `ix_recordings_length`,
which only the migration knows; as it does `ix_calls_last_digits`, of `LAST_DIGITS`."""

HAS_LENGTH = "duration IS NOT NULL AND state <> 'erased'"
"""The recordings that are found by their length."""

LAST_DIGITS = "substr(tail, 1, 3)"
"""The last three digits of a customer's number, backwards."""


class Way(StrEnum):
    """What a search goes by: the condition for which an index is read."""

    NUMBER = "number"
    TAIL = "tail"
    DIGITS = "digits"
    """The last three digits, and of more only those that have them."""
    CASE = "case_number"
    REASON = "reason"
    STATE = "state"
    CONSENT = "consent"
    LENGTH = "length"
    OWN = "own_number"
    FORWARDED = "forwarded_from"
    OUTCOME = "outcome"
    DIRECTION = "direction"
    AGENT = "agent"
    """The calls to which a leg of an agent's belongs."""
    NOTE = "note"
    """The calls that have a note, each of which is read."""
    WORDS = "words"
    """The notes that an index of parts of words knows, in no order."""
    TIME = "time"


BY: Mapping[Way, tuple[Table, tuple[ColumnElement[Any], ...]]] = {
    Way.NUMBER: (calls, (calls.c.customer_number,)),
    Way.TAIL: (calls, (calls.c.tail,)),
    Way.DIGITS: (calls, (literal_column(LAST_DIGITS, String),)),
    Way.CASE: (calls, (calls.c.plain_case,)),
    Way.REASON: (calls, (calls.c.reason,)),
    Way.STATE: (recordings, (recordings.c.state, recordings.c.custody)),
    Way.CONSENT: (consents, (consents.c.outcome,)),
    Way.LENGTH: (
        recordings,
        (literal_column(f"({LENGTH_CLASS})", Integer), recordings.c.custody),
    ),
    Way.OWN: (calls, (calls.c.own_number,)),
    Way.FORWARDED: (calls, (calls.c.forwarded_from,)),
    Way.OUTCOME: (calls, (calls.c.outcome,)),
    Way.DIRECTION: (calls, (calls.c.direction,)),
    Way.AGENT: (legs, (legs.c.agent,)),
    Way.NOTE: (notes, ()),
    Way.WORDS: (notes, ()),
    Way.TIME: (calls, ()),
}
"""Whose index a way reads, and the columns with which it begins; after them is the call's time.

Custody is one of them: of what somebody may not see there may be millions among what they may."""

ONLY: Mapping[Way, str] = {
    Way.CASE: "case_number <> ''",
    Way.REASON: "reason IS NOT NULL",
    Way.FORWARDED: "forwarded_from <> ''",
    Way.LENGTH: HAS_LENGTH,
    Way.AGENT: "agent <> ''",
}
"""The rows that an index has, in its own words."""

Prefix = tuple[Any, ...]
"""The values of the columns with which an index begins."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a query: all of one form have the same statements, made once.

    Attributes:
        asked: for what, without the values.
        asker: somebody with the rights of who asks.
        owns: own numbers, where any of several is asked for.
        whole: whether the lengths that are asked for are whole classes of lengths.
        words: whether parts of notes are found by `notes_words`, as on SQLite.
        dialect: the database's: `sqlite` or `postgresql`.
        oldest_first: whether it begins with the oldest call: the same indexes, read backwards.
    """

    asked: frozenset[str]
    asker: Actor | None
    owns: int
    whole: bool
    words: bool
    dialect: str
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """A way with where it begins: several places in one index, whose rows are merged.

    Attributes:
        way: the way.
        prefixes: what the index is read for; empty where nothing can be found.
    """

    way: Way
    prefixes: Sequence[Prefix]

    @property
    def values(self) -> dict[str, Any]:
        """What is bound, by the names of the parameters."""
        return {
            f"{self.way}_{at}_{place}": value
            for at, prefix in enumerate(self.prefixes)
            for place, value in enumerate(prefix)
        }


def visible(asker: Actor | None) -> frozenset[tuple[State, Custody]]:
    """Return the states and custodies of the recordings that somebody sees; None sees all.

    What is seen as one's own is not among them: no index has it.
    """
    if asker is None:
        return frozenset((state, custody) for state in State for custody in Custody)
    return frozenset(
        (state, custody)
        for right in RIGHTS[Deed.SEE]
        if right.is_for(asker, own=False)
        for state in right.states
        for custody in right.custodies
    )


def of_state(asker: Actor | None, state: State | None) -> list[Prefix]:
    """Return where to look for recordings of a state, or of any, that somebody sees."""
    return sorted(pair for pair in visible(asker) if state in (None, pair[0]))


def are_whole(least: int | None, most: int | None) -> bool:
    """Whether all recordings of the classes that `of_length` gives are of a length."""
    return least in (None, 0, *LENGTH_EDGES) and (most is None or most + 1 in LENGTH_EDGES)


def of_length(asker: Actor | None, least: int | None, most: int | None) -> list[Prefix]:
    """Return where to look for recordings of a length, in seconds, that somebody sees."""
    first = 0 if least is None else bisect_right(LENGTH_EDGES, least)
    last = len(LENGTH_EDGES) if most is None else bisect_right(LENGTH_EDGES, most)
    custodies = sorted({custody for _, custody in visible(asker)})
    return [(each, custody) for each in range(first, last + 1) for custody in custodies]


@lru_cache(4096)
def page(form: Form, way: Way, places: int, lot: int | None) -> Prepared:
    """Return what looks through a lot of the first of a way, for the calls of a page.

    Each row has in `looked` how many there were, and in `reached` when the last of them began, with
    which others may have begun that are not among them, and in `found` how many calls fit. Without
    a call, none fits.
    """
    rows = _lot(form, way, places, lot, after="after" in form.asked)
    limit = bindparam("limit", type_=Integer)
    fitting = _fitting(form, way, rows).cte("fitting").prefix_with("MATERIALIZED")
    first = select(fitting).order_by(*_order(form, fitting.c)).limit(limit)
    these = select(calls).where(_are_its(first)).subquery()
    reached = _last(form, rows.c.started_at).label("reached")
    looked = select(func.count().label("looked"), reached).select_from(rows).subquery()
    found = select(func.count()).select_from(fitting).scalar_subquery().label("found")
    return Prepared(
        select(looked.c.looked, looked.c.reached, found, *these.c)
        .select_from(looked.outerjoin(these, true()))
        .order_by(*_order(form, these.c))
    )


@lru_cache(4096)
def count(form: Form, way: Way, places: int, lot: int | None) -> Prepared:
    """Return what counts the calls in a lot of the first of a way, `found` of `looked`."""
    rows = _lot(form, way, places, lot, after=False)
    fitting = _fitting(form, way, rows).subquery()
    return Prepared(
        select(
            select(func.count()).select_from(rows).scalar_subquery().label("looked"),
            select(func.count()).select_from(fitting).scalar_subquery().label("found"),
        )
    )


@lru_cache(4096)
def count_starts(form: Form, way: Way, places: int, lot: int) -> Prepared:
    """Return what counts as `count` does, where a way finds all, by what the index itself has.

    Of a table that may have several rows of a call, it counts when calls began: they are as many,
    or more.
    """
    its = _start(way).label("started_at")
    rows = _merged(form, way, places, [its], literal_column(str(lot)), after=False).subquery()
    found = func.count() if BY[way][0] is calls else func.count(rows.c.started_at.distinct())
    return Prepared(select(func.count().label("looked"), found.label("found")).select_from(rows))


@lru_cache(1024)
def depth(form: Form, way: Way, places: int, rows: int) -> Prepared:
    """Return what says how many rows a way has, up to a number, and when the last began."""
    its, after = _start(way).label("started_at"), "after" in form.asked
    some = _merged(form, way, places, [its], literal_column(str(rows)), after=after).subquery()
    reached = _last(form, some.c.started_at).label("reached")
    return Prepared(select(func.count().label("rows"), reached))


@lru_cache(16)
def words(form: Form, rows: int) -> Prepared:
    """Return what counts the notes that an index of parts of words knows, up to a number."""
    found = _words() if form.words else select(notes.c.id).where(_has_part(form))
    some = found.limit(literal_column(str(rows))).subquery()
    return Prepared(select(func.count().label("rows")).select_from(some))


@lru_cache(1024)
def finds_all(form: Form, way: Way) -> bool:
    """Whether a way finds nothing but what is asked for."""
    asked = [*_of_line(form, way), *_elsewhere(form, way, calls), *_of_row(form, way)]
    return not asked and way is not Way.WORDS


@lru_cache(1024)
def besides(form: Form) -> list[ColumnElement[bool]]:
    """Return what must hold of calls that are found otherwise, but for when they began."""
    return [*_of_line(form, Way.TIME), *_elsewhere(form, Way.TIME, calls)]


def is_of_calls(way: Way) -> bool:
    """Whether a way finds each call once, and the call itself."""
    return BY[way][0] is calls


def _start(way: Way) -> ColumnElement[Any]:
    of = BY[way][0]
    return of.c.started_at if of is calls else of.c.call_started_at


def _order(form: Form, of: Any) -> tuple[ColumnElement[Any], ...]:
    """Return the order of the calls, which is the other one backwards where the oldest is first."""
    if form.oldest_first:
        return of["started_at"], of["call_sid"].desc()
    return of["started_at"].desc(), of["call_sid"]


def _ordered(form: Form, value: ColumnElement[Any]) -> ColumnElement[Any]:
    return value.asc() if form.oldest_first else value.desc()


def _last(form: Form, start: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.max(start) if form.oldest_first else func.min(start)


def _merged(
    form: Form,
    way: Way,
    places: int,
    columns: Sequence[ColumnElement[Any]],
    limit: ColumnElement[Any],
    *,
    after: bool,
) -> Select[Any]:
    """Return the first rows of a way, of all its places in the index together."""
    each = [_of_place(form, way, at, columns, limit, after=after) for at in range(places)]
    if len(each) == 1:
        return each[0]
    merged = union_all(*(select(one.subquery()) for one in each)).subquery()
    return select(merged).order_by(_ordered(form, merged.c.started_at)).limit(limit)


def _of_place(
    form: Form,
    way: Way,
    at: int,
    columns: Sequence[ColumnElement[Any]],
    limit: ColumnElement[Any],
    *,
    after: bool,
) -> Select[Any]:
    """Return the first rows of one place in an index, as many as `limit` says.

    SQLite takes the index whose first columns are compared. PostgreSQL may take another, such as
    that of the time alone, in the belief that what is looked for is not far. So it reads on from a
    place in an order that no other index has, and `limit` alone says where it ends: what it meets
    of other places is left out of what it read
    (https://www.postgresql.org/docs/current/functions-comparisons.html#ROW-WISE-COMPARISON).
    """
    prefix, start = BY[way][1], _start(way)
    last, since = _moment("last"), _moment("since")
    values = _places_values(way, at)
    only = _only(way)
    here = [each == value for each, value in zip(prefix, values, strict=True)]
    gone_by = [~and_(*here, *_gone_by(form, way))] if after else []
    if not prefix or form.dialect != "postgresql":
        within = [*here, start <= last, start >= since, *only, *gone_by]
        return select(*columns).where(*within).order_by(_ordered(form, start)).limit(limit)
    labels = [each.label(f"place_{number}") for number, each in enumerate(prefix)]
    place = tuple_(*prefix, start)
    here_on = (
        place >= tuple_(*values, since) if form.oldest_first else place <= tuple_(*values, last)
    )
    rows = (
        select(*columns, *labels)
        .where(here_on, *only, *gone_by)
        .order_by(*(_ordered(form, each) for each in (*prefix, start)))
        .limit(limit)
        .subquery()
    )
    its = (rows.c[label.name] == value for label, value in zip(labels, values, strict=True))
    named = [rows.c[str(each.key)] for each in columns]
    its_start = rows.c.started_at
    end = its_start <= last if form.oldest_first else its_start >= since
    return select(*named).where(*its, end)


def _only(way: Way) -> list[ColumnElement[bool]]:
    # Of no type: SQLite would be asked whether it is 1, and not know the index by that.
    return [literal_column(ONLY[way])] if way in ONLY else []


def _moment(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=calls.c.started_at.type)


def _places_values(way: Way, at: int) -> list[BindParameter[Any]]:
    """Return the parameters of a place in an index. See `Walk.values`."""
    prefix = enumerate(BY[way][1])
    return [bindparam(f"{way}_{at}_{place}", type_=each.type) for place, each in prefix]


def _gone_by(form: Form, way: Way) -> list[ColumnElement[bool]]:
    """Return the conditions of what starts with the last call of the page before, and was on it."""
    return [_start(way) == _moment("after"), _is_on_it(form, BY[way][0].c.call_sid)]


def _is_on_it(form: Form, sid: ColumnElement[Any]) -> ColumnElement[bool]:
    last = bindparam("after_sid", type_=calls.c.call_sid.type)
    return sid >= last if form.oldest_first else sid <= last


def _all_of_place(form: Form, way: Way, at: int) -> list[ColumnElement[bool]]:
    """Return the conditions of all rows of one place in an index."""
    (_, prefix), start = BY[way], _start(way)
    values = _places_values(way, at)
    conditions = [each == value for each, value in zip(prefix, values, strict=True)]
    within = [start >= _moment("since"), start <= _moment("last")]
    if way is Way.WORDS:  # not by the index of the time
        return [_has_part(form), func.coalesce(and_(*within, *_is_note_seen(form)), false())]
    only = _only(way)
    return [*conditions, *within, *only]


def _lot(form: Form, way: Way, places: int, lot: int | None, *, after: bool) -> CTE:
    """Return the calls of the first rows of a way, and whether each row fits; all without `lot`.

    It is made once: what is asked besides is asked of these rows, and of no others.
    """
    of = BY[way][0]
    columns: list[ColumnElement[Any]] = [of.c.account_sid, of.c.call_sid]
    columns.append(_start(way).label("started_at"))
    fits = _of_line(form, way) if is_of_calls(way) else _of_row(form, way)
    if fits:
        # CASE, as SQLite asks the rest of an AND that is a value, even where the first is not so
        columns.append(case((and_(*fits), true()), else_=false()).label("fits"))
    if lot is not None:
        rows = _merged(form, way, places, columns, literal_column(str(lot)), after=after)
    else:
        each = [select(*columns).where(*_all_of_place(form, way, at)) for at in range(places)]
        rows = each[0] if len(each) == 1 else select(union_all(*each).subquery())
        if after:
            every = rows.subquery()
            same = every.c.started_at == _moment("after")
            rows = select(every).where(~(same & _is_on_it(form, every.c.call_sid)))
    return rows.cte("lot").prefix_with("MATERIALIZED")


def _fitting(form: Form, way: Way, rows: CTE) -> Select[Any]:
    """Return those calls of a lot that fit, each once: their keys, and when they began."""
    keys = select(rows.c.account_sid, rows.c.call_sid, rows.c.started_at)
    if "fits" in rows.c:
        keys = keys.where(rows.c.fits)
    if is_of_calls(way):  # whose rows have been asked what is asked of a line
        return keys.where(*_elsewhere(form, way, rows))
    keys, asked = keys.distinct(), _of_line(form, way)  # of a call there may be several
    asked += _elsewhere(form, way, calls)
    if not asked:
        return keys
    its = select(calls.c.account_sid, calls.c.call_sid, calls.c.started_at)
    return its.where(_are_its(keys), *asked)


def _are_its(keys: Select[Any]) -> ColumnElement[bool]:
    """Return the condition of calls that they are some whose keys are given.

    It is no join, for which SQLite may read all calls first, to make a filter of them
    (https://www.sqlite.org/optoverview.html#automatic_query_time_indexes).
    """
    its = keys.subquery()
    these = tuple_(calls.c.account_sid, calls.c.call_sid)
    return these.in_(select(its.c.account_sid, its.c.call_sid))


def _of_row(form: Form, way: Way) -> list[ColumnElement[bool]]:
    """Return what must hold of a row of a way itself, beside what the index says."""
    if way is Way.NOTE:
        return [_has_part(replace(form, words=False)), *_is_note_seen(form)]
    if way in (Way.STATE, Way.LENGTH):
        if way is Way.STATE:
            return _lasts(form)
        state = _is_of_state(form)
        return state if form.whole else [*_lasts(form), *state]
    return []


def _of_line(form: Form, way: Way) -> list[ColumnElement[bool]]:
    """Return what must hold besides of the lines of the calls that a way finds."""
    asked = form.asked
    conditions: list[ColumnElement[bool]] = [
        _beside(calls.c[_column(name)]) == _given(name, calls.c[_column(name)])
        for name in (
            *("number", "direction", "outcome", "reason", "case_number", "forwarded_from"),
            "call_sid",
        )
        if name in asked and name != way
    ]
    if "tail" in asked and way is not Way.TAIL and not (way is Way.DIGITS and "three" in asked):
        within = _beside(calls.c.tail).between(bindparam("tail"), bindparam("tail_end"))
        conditions.append(within)
    if "own_number" in asked and way is not Way.OWN:
        owns: list[BindParameter[Any]] = [bindparam(f"{Way.OWN}_{at}_0") for at in range(form.owns)]
        conditions.append(one_of(_beside(calls.c.own_number), owns))
    if asked & OF_PEOPLE and form.asker is not None:
        conditions.append(~calls.c.blocked)
    return conditions


def _elsewhere(form: Form, way: Way, of: FromClause) -> list[ColumnElement[bool]]:
    """Return what must hold besides of what else there is of the calls that a way finds.

    Args:
        form: of the query.
        way: the way.
        of: what has the SIDs and accounts of the calls.
    """
    asked = form.asked
    conditions: list[ColumnElement[bool]] = []
    if "note" in asked and way not in (Way.NOTE, Way.WORDS):
        # read as it is: a database would ask its index of words anew for each call
        part = _has_part(replace(form, words=False))
        conditions.append(exists().where(of_same_call(notes, of), part, *_is_note_seen(form)))
    if "agent" in asked and way is not Way.AGENT:
        theirs = _beside(legs.c.agent) == _given("agent", legs.c.agent)
        conditions.append(exists().where(of_same_call(legs, of), theirs))
    if "consent" in asked and way is not Way.CONSENT:
        outcome = _beside(consents.c.outcome) == _given("consent", consents.c.outcome)
        conditions.append(exists().where(of_same_call(consents, of), outcome))
    if asked & (LASTS | {"state"}) and way not in (Way.STATE, Way.LENGTH):
        its = [*_is_of_state(form), *_lasts(form), *_is_seen(form)]
        conditions.append(exists().where(of_same_call(recordings, of), *its))
    if asked & OF_PEOPLE and form.asker is not None:
        conditions.append(~shut_by_recordings(of))
    return conditions


LASTS = frozenset({"min_seconds", "max_seconds"})


def _column(name: str) -> str:
    return {"number": "customer_number", "case_number": "plain_case"}.get(name, name)


def _given(name: str, of: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=of.type)


def _beside(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column such that no index of it is gone by: it is looked at in rows that are few."""
    return func.coalesce(value, value)


def _has_part(form: Form) -> ColumnElement[bool]:
    if form.words:
        return notes.c.id.in_(_words())
    if form.dialect == "postgresql":
        return notes.c.plain_text.like(bindparam("like"))
    return func.instr(notes.c.plain_text, bindparam("note")) > 0


def _words() -> Select[Any]:
    known = table("notes_words", column("rowid"), column("notes_words"))
    return select(known.c.rowid).where(known.c.notes_words.op("MATCH")(bindparam("match")))


def _is_of_state(form: Form) -> list[ColumnElement[bool]]:
    if "state" not in form.asked:
        return []
    return [_beside(recordings.c.state) == _given("state", recordings.c.state)]


def _is_seen(form: Form) -> list[ColumnElement[bool]]:
    return [] if form.asker is None else [allowed(form.asker, Deed.SEE, with_own=True)]


def _is_note_seen(form: Form) -> list[ColumnElement[bool]]:
    return [] if form.asker is None else [note_seen(form.asker)]


def _lasts(form: Form) -> list[ColumnElement[bool]]:
    """Return what must hold of a recording's length; of what was erased none is known."""
    if not form.asked & LASTS:
        return []
    duration = recordings.c.duration
    conditions = {
        "min_seconds": duration >= bindparam("min_seconds", type_=Integer),
        "max_seconds": duration <= bindparam("max_seconds", type_=Integer),
    }
    asked = [condition for name, condition in conditions.items() if name in form.asked]
    return [*asked, _beside(recordings.c.state) != State.ERASED]
