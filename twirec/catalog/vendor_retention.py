"""Recordings of which the vendor keeps its copy, and spans of time in which all are such."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, exists, null, or_, select, update

from twirec.catalog.database import Database, to_models
from twirec.catalog.hints import hint, hint_recordings
from twirec.catalog.tables import recordings, vendor_retention
from twirec.model.hints import RECORDING
from twirec.model.records import Recording
from twirec.model.states import AT_VENDOR, State


class VendorRetention:
    """Which copies stay at the vendor although ours is archived.

    There are three reasons: somebody said so of one recording, a span of time is kept as a whole,
    or the company is still trying twirec out. What is archived and not kept, whoever has its lease
    deletes at the vendor: it is too late to keep it then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, sid: str) -> bool:
        """Let the vendor keep its copy of a recording. False if it is too late, or not there."""
        with self._database.write() as connection:
            return keep_copy(connection, sid)

    def let_go(self, sid: str, at: datetime) -> bool:
        """Take `keep_at_vendor` back: what is archived is due to be deleted at the vendor.

        False, and nothing done, if it was not kept.
        """
        archived = recordings.c.state == State.ARCHIVED
        due_at = case((archived, at), else_=recordings.c.due_at)
        changes = {"keep_at_vendor": False, "due_at": due_at}
        with self._database.write() as connection:
            hint(connection, RECORDING, sid, at)
            return _mark_kept(connection, sid, recordings.c.keep_at_vendor, changes)

    def end_trial(self, at: datetime, limit: int) -> int:
        """Let go of what is kept for a trial, oldest first, so many at the most; return how many.

        It is due to be deleted at the vendor, unless `keep_at_vendor` holds for it too.
        """
        still = select(recordings.c.sid).where(
            recordings.c.kept_for_trial, recordings.c.lease.is_(None)
        )
        # Looked for before anything is locked, and once more with the change: in between a worker
        # may have taken one.
        with self._database.read() as connection:
            lot = still.order_by(recordings.c.started_at, recordings.c.sid).limit(limit)
            sids = list(connection.scalars(lot))
        if not sids:
            return 0
        to_release = (recordings.c.state == State.ARCHIVED) & ~recordings.c.keep_at_vendor
        changes = {
            "kept_for_trial": False,
            "due_at": case((to_release, at), else_=recordings.c.due_at),
            "attempts": 0,
        }
        with self._database.write() as connection:
            these = still.where(recordings.c.sid.in_(sids))
            change = update(recordings).where(recordings.c.sid.in_(these)).values(changes)
            changed = connection.execute(change.returning(recordings)).all()
            hint_recordings(connection, to_models(Recording, changed))
        return len(sids)

    def begin(self, account_sid: str, since: datetime, until: datetime) -> None:
        """Let what is adopted from now on be kept at the vendor, if it began in that span."""
        span = {"account_sid": account_sid, "since": since, "until": until}
        with self._database.write() as connection:
            self._database.insert_once(connection, vendor_retention, span)

    def end(self, account_sid: str, since: datetime, until: datetime) -> None:
        """End that for every span that lies within this one. What was adopted stays as it is."""
        within = (vendor_retention.c.since >= since) & (vendor_retention.c.until <= until)
        with self._database.write() as connection:
            of_account = vendor_retention.c.account_sid == account_sid
            connection.execute(delete(vendor_retention).where(of_account, within))


def keep_copy(connection: Connection, sid: str) -> bool:
    """Let the vendor keep its copy of a recording. False if it is too late, or not there."""
    archived = recordings.c.state == State.ARCHIVED
    being_deleted = archived & recordings.c.lease.is_not(None) & ~recordings.c.keep_at_vendor
    not_gone = recordings.c.state.in_(sorted(AT_VENDOR)) & ~being_deleted
    due_at = case((archived & recordings.c.lease.is_(None), null()), else_=recordings.c.due_at)
    return _mark_kept(connection, sid, not_gone, {"keep_at_vendor": True, "due_at": due_at})


def _mark_kept(
    connection: Connection, sid: str, where: ColumnElement[bool], changes: dict[str, Any]
) -> bool:
    statement = update(recordings).where(recordings.c.sid == sid, where).values(changes)
    return connection.execute(statement).rowcount == 1


def apply_retention(connection: Connection, recording: Recording) -> None:
    """Let the vendor keep its copy of what was adopted just now, if its span says so.

    Of what has no start yet nobody knows whether it is in the span: it is kept.
    """
    since, until = vendor_retention.c.since, vendor_retention.c.until
    began_in_it = recordings.c.started_at.between(since, until)
    span = exists().where(
        vendor_retention.c.account_sid == recordings.c.account_sid,
        or_(began_in_it, recordings.c.started_at.is_(None)),
    )
    connection.execute(
        update(recordings)
        .where(recordings.c.sid == recording.sid, span)
        .values(keep_at_vendor=True)
    )
