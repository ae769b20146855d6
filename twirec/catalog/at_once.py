"""A callback on PostgreSQL, where the way to the server and back is most of what it costs.

What is known is asked by the statement that inserts the recording if it is not there; what is said
of one that is there, by a second, which changes it only if it still is as it was read. Each is a
transaction of its own: there is nothing to begin and to commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from itertools import permutations, product
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal_column,
    null,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError

from twirec.catalog.agents import owner
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, insert_into
from twirec.catalog.hints import hint_recordings
from twirec.catalog.prepared import Prepared
from twirec.catalog.reports import (
    BY_SID,
    Channels,
    Report,
    asked,
    asked_of,
    callback_row,
    changes,
    custody,
    custody_follows,
    its_call,
    latest_proof,
    new_recording,
    refuse_others,
    report_query,
    stands,
    to_report,
)
from twirec.catalog.tables import callbacks, calls, legs, participants, recordings
from twirec.catalog.waiting import PATIENCE_GIVEN, lock_patience, milliseconds
from twirec.model.errors import CatalogUnavailable
from twirec.model.records import Belonging, Received, Recording
from twirec.model.states import NOTHING_THERE, UNDONE, State
from twirec.model.vendor import RecordingCallback
from twirec.model.vocabulary import Outcome, Role

SAID = ("source", "started_at", "duration", "channels", "error_code", "encryption")
"""What a callback says of a new recording, as it says it."""

VERSION = cast(literal_column("recordings.xmin"), Text)
"""Which version of a recording's row it is: each change makes another
(https://www.postgresql.org/docs/current/ddl-system-columns.html)."""


def receive_at_once(
    database: Database,
    callback: RecordingCallback,
    state: State | None,
    channel_map: Channels,
    at: datetime,
) -> Received | None:
    """Do what `Recordings.receive` does, if that can be done so.

    Returns:
        None where it is to be done in a transaction that locks what it reads: on SQLite; where
        nothing came of a recording, or nothing new is said of it; or since somebody else wrote in
        this moment. Nothing is done then, or, the connection being lost, nobody knows whether it
        is: to do it again is a repetition.

    Raises:
        RequestRefused: the recording is another account's; nothing is kept.
    """
    if state is None or state in NOTHING_THERE or not database.has_at_once:
        return None
    try:
        with database.at_once() as connection:
            return _receive(connection, callback, state, channel_map, at)
    except CatalogUnavailable as error:
        cause = error.__cause__
        if isinstance(cause, DBAPIError) and cause.connection_invalidated:
            return None
        raise


def _receive(
    connection: Connection,
    callback: RecordingCallback,
    state: State,
    channel_map: Channels,
    at: datetime,
) -> Received | None:
    its = asked_of(callback, callback.recording_sid) | _kept(callback, at)
    for name in SAID:
        its[f"said_{name}"] = getattr(callback, name)
    its["said_call_sid"], its["said_state"] = callback.call_sid, state
    its["due_from"] = at if state is State.COMPLETED else None
    its["channels_by"] = _channels_by(channel_map)
    its["proof_latest"] = latest_proof(callback.started_at)
    its[PATIENCE_GIVEN] = milliseconds()
    of_itself, of_all = FIRST[state is State.RECORDING]
    rows = of_itself.all(connection, its)
    if rows[0].owner is None:
        rows = of_all.all(connection, its)
    report = to_report(rows, callback)
    refuse_others(report, callback)
    if report.known is not None:
        return _change(connection, report, report.known, callback, state, rows[0].version, at)
    if rows[0].new_custody is None:  # another callback was first, just now
        return None
    recording = new_recording(callback, report, state, channel_map, at)
    recording = replace(recording, custody=rows[0].new_custody)
    hint_recordings(connection, [recording])
    return report.received(recording)


def _change(
    connection: Connection,
    report: Report,
    known: Recording,
    callback: RecordingCallback,
    state: State,
    version: str,
    at: datetime,
) -> Received | None:
    if known.state in UNDONE:
        return report.received(known)
    changed = changes(known, report, state, at, told=True)
    result, moved = replace(known, **changed), "state" in changed
    if not changed or (moved and not stands(report, result)):
        return None
    of_custody = custody_follows(known)
    its = _kept(callback, at) | {f"new_{name}": value for name, value in changed.items()}
    its |= {"known_sid": known.sid, "version": version, PATIENCE_GIVEN: milliseconds()}
    if of_custody:
        its["proof_account"], its["proof_call"] = result.account_sid, result.call_sid or ""
        its["proof_latest"] = latest_proof(result.started_at)
    row = _change_of(tuple(changed), of_custody=of_custody).first(connection, its)
    if row is None:  # somebody else changed it, just now
        return None
    result = replace(result, custody=row.custody)
    if moved:
        hint_recordings(connection, [result])
    return report.received(result)


# No parameter is named as a column: SQLAlchemy would take it for what is written into that.


def _kept(callback: RecordingCallback, at: datetime) -> dict[str, Any]:
    return {f"kept_{name}": value for name, value in callback_row(callback, at).items()}


# --- what is known, and what is new ------------------------------------------------------------


def _first_query(its: Select[Any], *, orders: bool) -> Select[Any]:
    """Return what asks what is known of a recording, and inserts it where nothing is.

    With it its callback is kept, and its line says that it is recorded. All of it sees the catalog
    as of one moment; what waits for another transaction that inserts the same recording inserts
    nothing.
    """
    known = BY_SID.add_columns(VERSION.label("version")).cte("known")
    call = its.cte("its").prefix_with("MATERIALIZED")
    new = _insertion(known, call).cte("new")
    told = update(calls).where(of_call(calls, new.c.account_sid, new.c.call_sid))
    told = told.values(outcome=Outcome.RECORDED, reason=None)
    query = report_query(known, call, orders=orders)
    inserted = select(new.c.custody).scalar_subquery().label("new_custody")
    kept = _keeping(select(new.c.sid)).cte("kept")
    return query.add_columns(inserted).add_cte(kept, told.cte("told"))


def _itself() -> Select[Any]:
    """Return `its_call` of what is a call of its own, or of none: of others `owner` is NULL.

    It is of most, and half as long to execute as what finds out whose a leg is that somebody else
    talked to, or a conference.
    """
    account_sid, of = asked()
    waits = select(lock_patience()).cte("waits").prefix_with("MATERIALIZED")
    line, leg = calls.alias("line"), legs.alias("leg")
    stays = [
        exists().where(participants.c.account_sid == account_sid, column == of)
        for column in (participants.c.leg_sid, participants.c.conference_sid)
    ]
    is_itself = line.c.call_sid.is_not(None) | (leg.c.leg_sid.is_(None) & ~stays[0] & ~stays[1])
    its_leg = (leg.c.account_sid == account_sid) & (leg.c.leg_sid == of)
    source = waits.outerjoin(line, of_call(line, account_sid, of)).outerjoin(leg, its_leg)
    return (
        select(
            case((is_itself, cast(of, String)), else_=null()).label("owner"),
            line.c.channel_map.label("line_channels"),
            line.c.outcome.label("line_outcome"),
            line.c.reason.label("line_reason"),
            leg.c.agent,
        )
        .where(waits.c.patience.is_not(None))
        .select_from(source)
    )


def _insertion(known: CTE, its: CTE) -> Insert:
    """Return the insertion of a recording that is not known, as `new_recording` makes it."""
    (_, of), whose = asked(), its.c.owner
    account_sid: BindParameter[Any] = bindparam("said_account", type_=String)
    said_call_sid: BindParameter[Any] = bindparam("said_call_sid", type_=String)
    call_sid = case((whose == of, said_call_sid), else_=whose)
    columns = recordings.c
    values: dict[str, ColumnElement[Any]] = {
        "sid": bindparam("known_sid", type_=String),
        "account_sid": account_sid,
        "call_sid": call_sid,
        "leg": case((whose == of, null()), else_=said_call_sid),
        "state": bindparam("said_state", type_=columns.state.type),
        "custody": custody(account_sid, call_sid, _proof_latest()),
        "channel_map": _channels(its, said_call_sid),
        "due_at": bindparam("due_from", type_=columns.due_at.type),
        "attempts": literal_column("0", Integer),
        "last_error": literal_column("''", Text),
        **{name: bindparam(f"said_{name}", type_=columns[name].type) for name in SAID},
    }
    new = (
        select(*values.values())
        .select_from(its)
        .where(
            ~exists(select(known.c.sid)),
            its.c.owner.is_not(None),
            values["channel_map"].is_not(None),
        )
    )
    insertion = insert_into(recordings, "postgresql").from_select(
        list(values), new, include_defaults=False
    )
    insertion = insertion.on_conflict_do_nothing(index_elements=["sid"])
    return insertion.returning(columns.sid, columns.account_sid, columns.call_sid, columns.custody)


def _keeping(of: Select[Any]) -> Insert:
    """Return the insertion of a callback of the recording that a query gives, if it gives one."""
    said = [bindparam(f"kept_{name}", type_=callbacks.c[name].type) for name in KEPT[1:]]
    return insert(callbacks).from_select(KEPT, of.add_columns(*said), include_defaults=False)


KEPT = ("recording_sid", "status", "received_at", "raw")


def _proof_latest() -> BindParameter[Any]:
    return bindparam("proof_latest", type_=recordings.c.started_at.type)


# Who is on which channel is decided in Python (`calls/ledger.py`), of three things that only the
# statement finds out: so it is given what would be decided of each way they can be.

MAPS = (None, (), *permutations((Role.CUSTOMER, Role.AGENT)))
"""Who is on which channel by a call's line; None where it has none."""


@lru_cache(maxsize=64)
def _channels_by(channel_map: Channels) -> str:
    """Return who would be on which channel, by what the call that it belongs to says."""
    decided: dict[str, Any] = {}
    for its_map, is_its_leg, is_agents in product(MAPS, (False, True), (False, True)):
        belonging = Belonging(its_map, is_its_leg, is_agents)
        key = f"{'' if its_map is None else json.dumps(its_map)} {is_its_leg} {is_agents}"
        decided[key] = channel_map(belonging) if callable(channel_map) else channel_map
    return json.dumps(decided)


def _channels(its: CTE, said_call_sid: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return who is on which channel; NULL where a line has what none should have."""
    is_its_leg = said_call_sid.is_not_distinct_from(func.nullif(its.c.owner, ""))
    is_agents = func.coalesce(its.c.agent, "") != ""
    key = func.concat(
        func.coalesce(cast(its.c.line_channels, Text), ""),
        case((is_its_leg, " True"), else_=" False"),
        case((is_agents, " True"), else_=" False"),
    )
    decided = cast(bindparam("channels_by", type_=Text), JSON)
    return type_coerce(decided.op("->")(key), recordings.c.channel_map.type)


def _any() -> Select[Any]:
    return its_call(owner(*asked()), lock_patience())


def _first(its: Callable[[], Select[Any]], *, orders: bool) -> Prepared:
    return Prepared(lambda _: _first_query(its(), orders=orders))


FIRST = {
    orders: (_first(_itself, orders=orders), _first(_any, orders=orders))
    for orders in (False, True)
}
"""By whether orders are asked too: of what is itself a call, and of all."""


# --- what is said of what is known -------------------------------------------------------------


@cache
def _change_of(names: tuple[str, ...], *, of_custody: bool) -> Prepared:
    """Return the change of some columns of a recording that still is as it was read.

    Who changes it at the same moment is waited for; it is another version then.
    """
    waits = select(lock_patience()).cte("waits").prefix_with("MATERIALIZED")
    change = update(recordings).where(
        recordings.c.sid == bindparam("known_sid", type_=String),
        bindparam("version", type_=Text) == VERSION,
        exists(select(waits.c.patience)),
    )
    values: dict[str, ColumnElement[Any]] = {
        name: bindparam(f"new_{name}", type_=recordings.c[name].type) for name in names
    }
    if of_custody:
        account_sid, call_sid = (
            bindparam(f"proof_{name}", type_=String) for name in ("account", "call")
        )
        values["custody"] = custody(account_sid, call_sid, _proof_latest())
    changed = change.values(values).returning(recordings.c.sid, recordings.c.custody).cte("changed")
    kept = _keeping(select(changed.c.sid)).cte("kept")
    return Prepared(select(changed.c.custody).add_cte(kept))
