"""What was measured of recordings' sound."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Insert, Row, select

from twirec.catalog.conditions import of_call, of_same_call
from twirec.catalog.database import Database, insert_into
from twirec.catalog.prepared import Prepared
from twirec.catalog.tables import calls, recordings, waveforms
from twirec.model.records import Recording
from twirec.model.states import STORED
from twirec.model.vocabulary import Direction, Role
from twirec.model.waveform import LOUDEST, Side, Span, Waveform


def _insertion(dialect: str) -> Insert:
    unless_there = insert_into(waveforms, dialect).on_conflict_do_nothing()
    return unless_there.returning(waveforms.c.recording_sid)


INSERT = Prepared(_insertion)
"""Keeps what was measured of a recording, unless something is kept; one row if it does."""


class Waveforms:
    """What was measured of recordings' sound.

    All of it can be measured again from the bucket, so that none has to be there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, recording_sid: str, waveform: Waveform) -> bool:
        """Keep what was measured of a recording, without who is on which channel.

        False, and nothing done, if there is one already, or if the recording is not archived (any
        more). It goes when the recording is erased.
        """
        archived = (
            select(recordings.c.sid)
            .where(
                recordings.c.sid == recording_sid,
                recordings.c.state.in_(STORED),
            )
            .with_for_update()  # so that no erasure comes in between
        )
        row = waveform_row(recording_sid, waveform)
        with self._database.write() as connection:
            if connection.execute(archived).first() is None:
                return False
            return INSERT.first(connection, row) is not None

    def get(self, recording_sid: str) -> Waveform | None:
        """Return what was measured of a recording, without roles and warnings, if it is kept."""
        statement = select(waveforms).where(waveforms.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _to_waveform(row)

    def first_speakers(self, recording: Recording, limit: int) -> list[Role]:
        """Return who spoke first in the latest recordings like that one, the latest first.

        Like a recording of a call in are those of calls in to the same own number, which were
        started in the same way; none is like one of a call out. Those in which nobody was first,
        or nobody knows who that is, are left out.
        """
        own = (
            select(calls.c.own_number)
            .where(
                of_call(calls, recording.account_sid, recording.call_sid or ""),
                calls.c.direction == Direction.IN,
            )
            .scalar_subquery()
        )
        statement = (
            select(waveforms.c.first, recordings.c.channel_map)
            .join(recordings, recordings.c.sid == waveforms.c.recording_sid)
            .join(calls, of_same_call(recordings, calls))
            .where(
                calls.c.own_number == own,
                calls.c.direction == Direction.IN,
                recordings.c.source == recording.source,
                waveforms.c.first.is_not(None),
            )
            .order_by(recordings.c.started_at.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [row.channel_map[row.first - 1] for row in rows if len(row.channel_map) >= row.first]


def waveform_row(recording_sid: str, waveform: Waveform) -> dict[str, Any]:
    """Return the row of what was measured of a recording."""
    return {
        "recording_sid": recording_sid,
        "seconds": waveform.seconds,
        "sample_rate": waveform.sample_rate,
        "bits": waveform.bits,
        "first": waveform.first,
        "clipped": [side.clipped for side in waveform.sides],
        "spans": [[[span.start, span.end] for span in side.spans] for side in waveform.sides],
        "peaks": b"".join(bytes(map(_level, side.peaks)) for side in waveform.sides),
    }


@cache  # there are 128 of them, and each recording has thousands
def _level(peak: float) -> int:
    return round(peak * LOUDEST)


def _to_waveform(row: Row[Any]) -> Waveform:
    points = len(row.peaks) // len(row.spans)
    sides = tuple(
        Side(
            peaks=tuple(
                level / LOUDEST for level in row.peaks[points * place : points * (place + 1)]
            ),
            spans=tuple(Span(*span) for span in spans),
            clipped=clipped,
        )
        for place, (spans, clipped) in enumerate(zip(row.spans, row.clipped, strict=True))
    )
    return Waveform(row.seconds, row.sample_rate, row.bits, sides)
