"""Calls with all that is theirs: consents, recordings, pauses, legs and notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    FromClause,
    bindparam,
    select,
)

from twirec.catalog.conferences import legs_of
from twirec.catalog.database import to_models
from twirec.catalog.tables import calls, consents, notes, pauses, recordings
from twirec.model.agents import Leg
from twirec.model.records import Call, CallRecord, Consent, Note, Pause, Recording

OfCall = TypeVar("OfCall", Consent, Recording, Leg, Note)

ACCOUNTS: BindParameter[Any] = bindparam("accounts", expanding=True)
SIDS: BindParameter[Any] = bindparam("sids", expanding=True)


def _theirs(table: FromClause) -> ColumnElement[bool]:
    # Not by pairs of account and SID: SQLite takes no list of pairs.
    return table.c.account_sid.in_(ACCOUNTS) & table.c.call_sid.in_(SIDS)


# Made once: to make a statement takes longer than to execute it.
CONSENTS = select(consents).where(_theirs(consents))
RECORDINGS = (
    select(recordings)
    .where(_theirs(recordings))
    .order_by(recordings.c.started_at, recordings.c.sid)  # oldest first
)
LEGS = legs_of(SIDS)
NOTES = select(notes).where(_theirs(notes)).order_by(notes.c.id)
PAUSES = select(pauses).where(pauses.c.recording_sid.in_(SIDS)).order_by(pauses.c.paused_at)


def call_records(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[CallRecord]:
    """Return the calls for which the conditions hold, newest first, with all that is theirs.

    That takes a statement for each kind, however many calls there are.
    """
    statement = (
        select(calls)
        .where(*conditions)
        .order_by(calls.c.started_at.desc(), calls.c.call_sid)
        .limit(limit)
    )
    lines = to_models(Call, connection.execute(statement))
    if not lines:
        return []
    theirs = {
        "accounts": list({line.account_sid for line in lines}),
        "sids": list({line.call_sid for line in lines}),
    }
    its_consents = _by_call(Consent, connection.execute(CONSENTS, theirs))
    its_recordings = _by_call(Recording, connection.execute(RECORDINGS, theirs))
    its_legs = _by_call(Leg, connection.execute(LEGS, theirs))
    its_notes = _by_call(Note, connection.execute(NOTES, theirs))
    its_pauses = _pauses_of(
        connection, [each.sid for several in its_recordings.values() for each in several]
    )
    return [
        CallRecord(
            call=line,
            consents=tuple(its_consents[key]),
            recordings=tuple(its_recordings[key]),
            pauses=tuple(pause for each in its_recordings[key] for pause in its_pauses[each.sid]),
            legs=tuple(its_legs[key]),
            notes=tuple(its_notes[key]),
        )
        for line in lines
        for key in [(line.account_sid, line.call_sid)]
    ]


def _by_call(
    kind: type[OfCall], rows: CursorResult[Any]
) -> dict[tuple[str, str | None], list[OfCall]]:
    grouped: dict[tuple[str, str | None], list[OfCall]] = defaultdict(list)
    for each in to_models(kind, rows):
        grouped[each.account_sid, each.call_sid].append(each)
    return grouped


def _pauses_of(connection: Connection, sids: Sequence[str]) -> dict[str, list[Pause]]:
    grouped: dict[str, list[Pause]] = defaultdict(list)
    if sids:
        for pause in to_models(Pause, connection.execute(PAUSES, {"sids": sids})):
            grouped[pause.recording_sid].append(pause)
    return grouped
