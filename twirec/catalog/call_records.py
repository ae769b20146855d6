"""Calls with all that is theirs: consents, recordings, pauses, legs and notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, select

from twirec.catalog.conferences import legs_of
from twirec.catalog.mapping import to_models
from twirec.catalog.tables import calls, consents, notes, pauses, recordings
from twirec.model.agents import Leg
from twirec.model.records import Call, CallRecord, Consent, Note, Pause, Recording

OfCall = TypeVar("OfCall", Consent, Recording, Leg, Note)


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
    sids = {line.call_sid for line in lines}

    def theirs(table: FromClause) -> ColumnElement[bool]:
        # Not by pairs of account and SID: SQLite takes no list of pairs.
        accounts = {line.account_sid for line in lines}
        return table.c.account_sid.in_(accounts) & table.c.call_sid.in_(sids)

    its_consents = _by_call(connection, Consent, select(consents).where(theirs(consents)))
    oldest_first = recordings.c.started_at, recordings.c.sid
    its_recordings = _by_call(
        connection,
        Recording,
        select(recordings).where(theirs(recordings)).order_by(*oldest_first),
    )
    its_legs = _by_call(connection, Leg, legs_of(list(sids)))
    its_notes = _by_call(connection, Note, select(notes).where(theirs(notes)).order_by(notes.c.id))
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
    connection: Connection, kind: type[OfCall], statement: Any
) -> dict[tuple[str, str | None], list[OfCall]]:
    grouped: dict[tuple[str, str | None], list[OfCall]] = defaultdict(list)
    for each in to_models(kind, connection.execute(statement)):
        grouped[each.account_sid, each.call_sid].append(each)
    return grouped


def _pauses_of(connection: Connection, sids: Sequence[str]) -> dict[str, list[Pause]]:
    grouped: dict[str, list[Pause]] = defaultdict(list)
    if sids:
        of_them = select(pauses).where(pauses.c.recording_sid.in_(sids))
        for pause in to_models(Pause, connection.execute(of_them.order_by(pauses.c.paused_at))):
            grouped[pause.recording_sid].append(pause)
    return grouped
