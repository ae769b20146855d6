"""Recordings as they were archived that are destroyed alone: a copy without card numbers stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, delete, exists, func, select, update

from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.conditions import held
from twirec.catalog.database import Database, to_model
from twirec.catalog.erasing import A_DAY
from twirec.catalog.erasure_tables import erased_copies, erasure_items, erasures
from twirec.catalog.erasures import ORIGINAL, say_of, write_lines
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.leases import ENDED, NOTHING, Leases
from twirec.catalog.tables import differences, recordings
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardCut
from twirec.model.erasure import (
    KEPT_BY_THE_BUCKET,
    OPEN,
    CertificateLine,
    Copy,
    CopyOutcome,
    Erasure,
)
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import STORED, State


class Replacements:
    """Originals that are destroyed alone, each step a transaction that may be done again.

    From `begin` to `replaced` nobody holds the recording, or has something else cut out of it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases = Leases(database, erasures, lambda _, row: to_model(Erasure, row))

    def of(self, key: str, at: datetime) -> Sequence[str]:
        """Return the recordings of which an erasure has still to destroy the original.

        Without those of which the bucket keeps something until later than `at`, UTC, or said less
        than a day before that it holds it.
        """
        copies = erased_copies.c
        kept = (copies.sid == erasure_items.c.sid) & (copies.outcome == CopyOutcome.WAITING)
        kept &= func.coalesce(copies.until > at, copies.at > at - A_DAY)
        items = select(erasure_items.c.sid).where(
            erasure_items.c.erasure == key,
            erasure_items.c.kind == ORIGINAL,
            erasure_items.c.outcome.in_(sorted(OPEN)),
            ~exists().where(kept),
        )
        with self._database.read() as connection:
            return list(connection.scalars(items))

    def get(self, sid: str) -> tuple[Recording, CardCut | None]:
        """Return a recording, and what is known of card numbers in it, of one moment."""
        with self._database.read(snapshot=True) as connection:
            return _rows(connection, sid)

    def begin(
        self,
        lease: Lease[Erasure],
        recording: Recording,
        cut: CardCut | None,
        at: datetime,
        *,
        gone: bool,
    ) -> bool:
        """Commit that the original goes now: a later hold comes too late.

        Args:
            lease: of the erasure.
            recording: as `get` returned it.
            cut: the copy that takes its place, which is none any more once it has.
            at: now, UTC.
            gone: whether the original is not in the bucket any more.

        Returns:
            Whether it goes; False if nothing is to be destroyed (yet), which the certificate says.

        Raises:
            LeaseLost: somebody else carries the erasure out.
        """
        sid = recording.sid
        its = recordings.c.sid == sid
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, _):
            row = select(recordings.c.destroyed_from).where(its).with_for_update()
            begun = gone and connection.scalar(row) is not None  # there is no way back
            now, its_cut = _rows(connection, sid)
            is_held = connection.scalar(select(recordings.c.sid).where(its, held())) is not None
            outcome, why = _verdict(now, its_cut, is_held=is_held, begun=begun)
            if outcome is CopyOutcome.ORDERED and _object(now, its_cut) != _object(recording, cut):
                outcome, why = CopyOutcome.WAITING, "goes_on"
            _say(connection, lease, sid, outcome, why)
            if outcome is not CopyOutcome.ORDERED:
                if not gone:
                    connection.execute(_sparing(sid))
                if outcome is CopyOutcome.REFUSED:
                    _refuse_copy(connection, recording, why)
                return False
            if cut is not None and cut.fingerprint is not None:
                marked = its & recordings.c.destroyed_from.is_(None)
                connection.execute(update(recordings).where(marked).values(destroyed_from=at))
                write_lines(connection, [_line(recording, CopyOutcome.ORDERED, at)], anew=True)
        return True

    def spare(self, lease: Lease[Erasure], sid: str) -> None:
        """Write down that the original does not go (yet): it may be held, or cut anew.

        Raises `LeaseLost`.
        """
        with self._leases.commit(lease, NOTHING) as (connection, _):
            connection.execute(_sparing(sid))

    def wait(
        self, lease: Lease[Erasure], recording: Recording, until: datetime | None, at: datetime
    ) -> None:
        """Write down that the bucket does not let the original go yet. Raises `LeaseLost`.

        Args:
            lease: of the erasure.
            recording: as `get` returned it.
            until: when it does, UTC; None where nobody knows.
            at: now, UTC.
        """
        line = _line(recording, CopyOutcome.WAITING, at)
        with self._leases.commit(lease, NOTHING) as (connection, _):
            connection.execute(_sparing(recording.sid))
            write_lines(connection, [replace(line, until=until, why=KEPT_BY_THE_BUCKET)], anew=True)

    def replaced(
        self,
        lease: Lease[Erasure],
        recording: Recording,
        cut: CardCut,
        stored: StoredObject,
        audited: AuditDraft,
    ) -> bool:
        """Commit that the copy is in the original's place, which is destroyed.

        From then on it is the recording, and there is no other copy of it.

        Args:
            lease: of the erasure.
            recording: as it was archived.
            cut: the copy without card numbers.
            stored: what the bucket says of the object in its place.
            audited: the entry that says so.

        Returns:
            Whether it is so: False, and nothing is changed, if all of it is erased meanwhile.

        Raises:
            LeaseLost: somebody else carries the erasure out.
        """
        facts = {
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "sha256": cut.own_sha256,
            "destroyed_from": None,
        }
        gone: dict[str, Any] = dict.fromkeys(
            ("object_name", "generation", "size", "crc32c", "own_sha256")
        )
        gone |= {**ENDED, "due_at": None}
        at = audited.at
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, _):
            its = (recordings.c.sid == recording.sid) & (recordings.c.state == State.RELEASED)
            changed = update(recordings).where(its).values(facts).returning(recordings.c.sid)
            if connection.execute(changed).first() is None:
                return False
            its_cut = card_cuts.c.recording_sid == recording.sid
            connection.execute(update(card_cuts).where(its_cut).values({**gone, "replaced_at": at}))
            differed = differences.c.object_name == recording.object_name
            connection.execute(delete(differences).where(differed))
            write_lines(connection, [_line(recording, CopyOutcome.DONE, at)], anew=True)
            append(connection, audited)
        return True

    def settle(self, lease: Lease[Erasure], sid: str, lines: Sequence[CertificateLine]) -> None:
        """Write down that nothing is left to do of a recording, unless the bucket keeps something.

        Raises `LeaseLost`.

        Args:
            lease: of the erasure.
            sid: of the recording, `RE…`.
            lines: what became of older generations of the original, and of what was made of it.
        """
        waits = any(line.outcome is CopyOutcome.WAITING for line in lines)
        of_bucket = (erased_copies.c.sid == sid) & (erased_copies.c.why == KEPT_BY_THE_BUCKET)
        waited = of_bucket & (erased_copies.c.outcome == CopyOutcome.WAITING)
        gone = {"outcome": CopyOutcome.DONE, "until": None, "why": ""}
        with self._leases.commit(lease, NOTHING) as (connection, _):
            connection.execute(update(erased_copies).where(waited).values(gone))
            write_lines(connection, lines, anew=True)
            _say(connection, lease, sid, CopyOutcome.WAITING if waits else CopyOutcome.DONE)


def _say(
    connection: Connection, lease: Lease[Erasure], sid: str, outcome: CopyOutcome, why: str = ""
) -> None:
    say_of(connection, lease.item.id, ORIGINAL, outcome, erasure_items.c.sid == sid, why)


def _rows(connection: Connection, sid: str) -> tuple[Recording, CardCut | None]:
    its, its_cut = recordings.c.sid == sid, card_cuts.c.recording_sid == sid
    recording = to_model(Recording, connection.execute(select(recordings).where(its)).one())
    cut = connection.execute(select(card_cuts).where(its_cut)).first()
    return recording, None if cut is None else to_model(CardCut, cut)


def _object(recording: Recording, cut: CardCut | None) -> tuple[int | None, int | None]:
    """Return which generations are the recording and its copy."""
    return recording.generation, cut.generation if cut else None


def _sparing(sid: str) -> Update:
    its = (recordings.c.sid == sid) & (recordings.c.state == State.RELEASED)
    return update(recordings).where(its).values(destroyed_from=None)


def _refuse_copy(connection: Connection, recording: Recording, why: str) -> None:
    """Say so of what an earlier try began to destroy, too."""
    copies = erased_copies.c
    its = (copies.sid == recording.sid) & (copies.copy == Copy.RECORDING)
    its &= (copies.generation == recording.generation) & copies.outcome.in_(sorted(OPEN))
    refused = {"outcome": CopyOutcome.REFUSED, "why": why, "until": None}
    connection.execute(update(erased_copies).where(its).values(refused))


def _verdict(
    recording: Recording, cut: CardCut | None, *, is_held: bool, begun: bool
) -> tuple[CopyOutcome, str]:
    """Return what becomes of the original now, and why."""
    if recording.state not in STORED:
        return CopyOutcome.NOTHING, ""
    if cut is not None and cut.fingerprint is None and cut.replaced_at is not None:
        return CopyOutcome.ORDERED, ""  # by an earlier try, which did not come to the end
    if is_held and not begun:
        return CopyOutcome.REFUSED, "held"
    is_due = cut is not None and cut.due_at is not None and not begun
    if recording.state is not State.RELEASED or is_due:
        return CopyOutcome.WAITING, "goes_on"
    if cut is None or cut.fingerprint is None:
        return CopyOutcome.REFUSED, "no_copy"
    return CopyOutcome.ORDERED, ""


def _line(recording: Recording, outcome: CopyOutcome, at: datetime) -> CertificateLine:
    name, generation = recording.object_name or "", recording.generation or 0
    return CertificateLine(recording.sid, Copy.RECORDING, outcome, at, name, generation)
