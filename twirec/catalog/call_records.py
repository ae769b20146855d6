"""Calls with all that is theirs: consents, recordings, pauses, legs and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from twirec.catalog.conferences import legs_of
from twirec.catalog.mapping import to_model, to_models
from twirec.catalog.tables import calls, consents, notes, pauses, recordings
from twirec.model.agents import Leg
from twirec.model.records import Call, CallRecord, Consent, Note, Pause, Recording


def call_records(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[CallRecord]:
    """Return the calls for which the conditions hold, newest first, with all that is theirs."""
    statement = (
        select(calls)
        .where(*conditions)
        .order_by(calls.c.started_at.desc(), calls.c.call_sid)
        .limit(limit)
    )
    lines = to_models(Call, connection.execute(statement))
    if not lines:
        return []
    accounts, sids = {line.account_sid for line in lines}, {line.call_sid for line in lines}
    answers = _by_call(
        connection,
        select(consents).where(consents.c.account_sid.in_(accounts), consents.c.call_sid.in_(sids)),
    )
    files = _by_call(
        connection,
        select(recordings)
        .where(recordings.c.account_sid.in_(accounts), recordings.c.call_sid.in_(sids))
        .order_by(recordings.c.started_at, recordings.c.sid),
    )
    others = _by_call(connection, legs_of(list(sids)))
    written = _by_call(
        connection, select(notes).where(notes.c.call_sid.in_(sids)).order_by(notes.c.id)
    )
    silent = _pauses_of(connection, [row.sid for rows in files.values() for row in rows])
    return [
        CallRecord(
            call=line,
            consents=tuple(to_model(Consent, row) for row in answers.get(_key(line), [])),
            recordings=tuple(to_model(Recording, row) for row in files.get(_key(line), [])),
            pauses=tuple(
                pause for row in files.get(_key(line), []) for pause in silent.get(row.sid, [])
            ),
            legs=tuple(to_model(Leg, row) for row in others.get(_key(line), [])),
            notes=tuple(to_model(Note, row) for row in written.get(_key(line), [])),
        )
        for line in lines
    ]


def _pauses_of(connection: Connection, sids: Sequence[str]) -> dict[str, list[Pause]]:
    grouped: dict[str, list[Pause]] = {}
    if not sids:
        return grouped
    statement = select(pauses).where(pauses.c.recording_sid.in_(sids)).order_by(pauses.c.paused_at)
    for row in connection.execute(statement):
        grouped.setdefault(row.recording_sid, []).append(to_model(Pause, row))
    return grouped


def _by_call(connection: Connection, statement: Any) -> dict[tuple[str, str], list[Any]]:
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(statement):
        grouped.setdefault((row.account_sid, row.call_sid), []).append(row)
    return grouped


def _key(call: Call) -> tuple[str, str]:
    return call.account_sid, call.call_sid
