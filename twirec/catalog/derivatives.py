"""Derivatives: what is made of recordings, written down before it is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, delete, exists, func, select, update

from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.conditions import allowed, holds_to_the_end, of_recording_that
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.hints import hint
from twirec.catalog.leases import ENDED, Leases
from twirec.catalog.tables import derivatives, recordings
from twirec.model.access import OURSELVES, Deed
from twirec.model.audio import ConversionSpec
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.derivatives import Derivative, derivative_name
from twirec.model.errors import CustodyRefused, LeaseLost
from twirec.model.hints import LISTENING_COPY
from twirec.model.lease import Lease
from twirec.model.ownership import Adopt
from twirec.model.records import Recording
from twirec.model.states import STORED

ARCHIVED = recordings.c.state.in_(STORED)
"""Whose bytes the bucket holds."""

MAY_LEAVE = allowed(OURSELVES, Deed.CONVERT)
"""Of which recordings something may be made."""


class Derivatives:
    """What was made of recordings, or is to be: conversions, cuts and listening copies.

    A derivative is written down before its object is there, so that no object is unknown. None
    outlives its original, and none is begun of what may not leave.

    Attributes:
        listening_copies: those that a worker has to make.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.listening_copies = Leases(
            database, derivatives, lambda _, row: to_model(Derivative, row), turns=(_may_leave,)
        )

    def begin(self, derivative: Derivative, lease: Lease[Derivative] | None = None) -> Derivative:
        """Write down that an object will be made, and return what is known of it.

        If it is known already, it expires at the later of the two times, and what is known stays.

        Args:
            derivative: what will be made, and of what.
            lease: the right to make it; None of who makes it because somebody asked for it.

        Raises:
            CustodyRefused: the recording is not archived, or may not leave.
            LeaseLost: another worker makes it, or it is made of what is not heard any more.
        """
        sid, its_own = derivative.recording_sid, derivatives.c.object_name == derivative.object_name
        with self._database.write() as connection:
            if not holds_to_the_end(connection, sid, MAY_LEAVE):
                raise CustodyRefused(f"{sid} may not leave (any more).")
            if not _is_heard(connection, sid, derivative.sha256):
                raise LeaseLost(f"Something else is heard of {sid} by now.")
            if lease is not None:
                leased = select(derivatives).where(its_own, derivatives.c.lease == lease.token)
                row = connection.execute(leased).first()
                if row is None:
                    raise LeaseLost(f"The listening copy of {sid} is somebody else's now.")
                return to_model(Derivative, row)
            values = to_row(derivative, derivatives)
            if not self._database.insert_once(connection, derivatives, values):
                expires_at = connection.scalar(select(derivatives.c.expires_at).where(its_own))
                later = _later(expires_at, derivative.expires_at)
                connection.execute(update(derivatives).where(its_own).values(expires_at=later))
            known = connection.execute(select(derivatives).where(its_own)).one()
            return to_model(Derivative, known)

    def made(
        self,
        object_name: str,
        stored: StoredObject,
        at: datetime,
        lease: Lease[Derivative] | None = None,
        audited: AuditDraft | None = None,
    ) -> Derivative | None:
        """Write down that the bucket holds it, with the entry of who asked, if anybody did.

        No worker has to make it any more.

        None, and nothing is written down, if it was forgotten, the recording is not archived any
        more, or it was made of what is not heard any more: then the object must go.

        Args:
            object_name: which one.
            stored: what the bucket says of it.
            at: since when, UTC.
            lease: the right to make it; None of who makes it because somebody asked for it.

        Raises:
            LeaseLost: another worker makes it, or made it; the object is theirs too.
        """
        facts = {
            **ENDED,
            "made_at": at,
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "own_sha256": stored.labels.get("sha256"),
            "due_at": None,
            "last_error": "",
        }
        with self._database.write() as connection:
            its_own = derivatives.c.object_name == object_name
            of = (derivatives.c.recording_sid, derivatives.c.sha256)
            known = connection.execute(select(*of).where(its_own)).first()
            if known is None or not holds_to_the_end(
                connection, sid := known.recording_sid, ARCHIVED
            ):
                return None
            if not _is_heard(connection, sid, known.sha256):
                return None
            made = update(derivatives).where(its_own)
            if lease is not None:
                made = made.where(derivatives.c.lease == lease.token)
            row = connection.execute(made.values(facts).returning(derivatives)).first()
            if row is None:
                raise LeaseLost(f"The listening copy of {sid} is somebody else's now.")
            if audited:
                append(connection, audited)
        return to_model(Derivative, row)

    def of(self, recording_sid: str) -> list[Derivative]:
        """Return what was made, or begun, of a recording, in order of the names."""
        return self._where(derivatives.c.recording_sid == recording_sid)

    def known(self, names: Sequence[str]) -> set[str]:
        """Return those of some names of objects that are names of derivatives."""
        known = select(derivatives.c.object_name).where(derivatives.c.object_name.in_(names))
        with self._database.read() as connection:
            return set(connection.scalars(known))

    def _where(self, condition: ColumnElement[bool]) -> list[Derivative]:
        statement = select(derivatives).where(condition).order_by(derivatives.c.object_name)
        with self._database.read() as connection:
            return to_models(Derivative, connection.execute(statement))

    def take_expired(self, now: datetime, limit: int) -> list[Derivative]:
        """Forget those that expired, and return them: their objects must go."""
        expired = (
            select(derivatives.c.object_name)
            .where(derivatives.c.expires_at <= now)
            .order_by(derivatives.c.expires_at)
            .limit(limit)
        )
        statement = delete(derivatives).where(derivatives.c.object_name.in_(expired))
        with self._database.write() as connection:
            rows = connection.execute(statement.returning(derivatives)).all()
        return to_models(Derivative, rows)

    def enrol_listening_copies(
        self, spec: ConversionSpec, extension: str, now: datetime, since: str, limit: int
    ) -> int:
        """Make a listening copy due of each recording that lacks it, and return how many lacked it.

        Only of those that may leave, and whose object's name is `since` or later. They are looked
        for in a transaction that only reads, since that may take long.
        """
        there = exists().where(
            derivatives.c.recording_sid == recordings.c.sid, derivatives.c.conversion == spec.words
        )
        lacking = (
            select(recordings)
            .where(MAY_LEAVE, recordings.c.object_name >= since, ~there)
            .order_by(recordings.c.object_name.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            without = to_models(Recording, connection.execute(lacking))
        if not without:
            return 0
        # of what may leave still, and does until this is committed; see `holds_to_the_end`
        still = (
            select(recordings.c.sid)
            .where(recordings.c.sid.in_([recording.sid for recording in without]), MAY_LEAVE)
            .order_by(recordings.c.sid)
            .with_for_update()
        )
        with self._database.write() as connection:
            may_leave = set(connection.scalars(still))
            heard = _heard(connection, may_leave)
            for recording in without:
                if recording.sid not in may_leave:
                    continue
                sha256 = heard[recording.sid]
                copy = Derivative(
                    object_name=derivative_name(recording, spec, extension, sha256),
                    recording_sid=recording.sid,
                    sha256=sha256,
                    format=spec.format,
                    conversion=spec.words,
                    begun_at=now,
                    due_at=now,
                )
                self._database.insert_once(connection, derivatives, to_row(copy, derivatives))
                hint(connection, LISTENING_COPY, copy.object_name, now)
        return len(without)


def _may_leave(rows: FromClause, _: Adopt) -> ColumnElement[bool]:
    """Return the condition of derivatives whose recording may leave (still)."""
    return of_recording_that(rows, MAY_LEAVE)


def _is_heard(connection: Connection, sid: str, sha256: str) -> bool:
    """Whether an object is heard of a recording still, whose row this transaction holds.

    It is not once there is a copy without card numbers, or another one, or that is the recording.
    """
    return _heard(connection, [sid]).get(sid) == sha256


def _heard(connection: Connection, sids: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of what is heard of recordings: they, or copies without card numbers."""
    cut, its = card_cuts.c, recordings.c
    has_copy = (cut.recording_sid == its.sid) & cut.object_name.is_not(None)
    sha256 = func.coalesce(cut.own_sha256, its.sha256, "")
    heard = select(its.sid, sha256).outerjoin(card_cuts, has_copy).where(its.sid.in_(sids))
    return dict(connection.execute(heard).all())


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
