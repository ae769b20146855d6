"""Recordings as they were archived that are destroyed alone: a copy without card numbers stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.conditions import held
from twirec.catalog.database import Database, to_model
from twirec.catalog.erasure_tables import erasure_items, erasures
from twirec.catalog.erasures import ORIGINAL, say_of, write_lines
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.leases import Leases
from twirec.catalog.tables import recordings
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardCut
from twirec.model.erasure import OPEN, CertificateLine, Copy, CopyOutcome, Erasure
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import STORED, State

NOTHING = {"last_error": ""}
"""What a step changes of the erasure itself, besides what else it does."""


class Replacements:
    """Originals that are destroyed alone, each step a transaction that may be done again.

    From `begin` to `replaced` nobody holds the recording, or has something else cut out of it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases = Leases(database, erasures, lambda _, row: to_model(Erasure, row))

    def of(self, key: str) -> Sequence[str]:
        """Return the recordings of which an erasure has still to destroy the original."""
        items = select(erasure_items.c.sid).where(
            erasure_items.c.erasure == key,
            erasure_items.c.kind == ORIGINAL,
            erasure_items.c.outcome.in_(sorted(OPEN)),
        )
        with self._database.read() as connection:
            return list(connection.scalars(items))

    def begin(
        self, lease: Lease[Erasure], sid: str, at: datetime
    ) -> tuple[Recording, CardCut] | None:
        """Commit that the original goes now: a later hold comes too late.

        Args:
            lease: of the erasure.
            sid: of the recording, `RE…`.
            at: now, UTC.

        Returns:
            The recording, and the copy that takes its place, which is none any more once it has;
            None if nothing is to be destroyed (yet), which the certificate then says.

        Raises:
            LeaseLost: somebody else carries the erasure out.
        """
        its = recordings.c.sid == sid
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, _):
            row = connection.execute(select(recordings).where(its).with_for_update()).one()
            recording = to_model(Recording, row)
            cut_row = connection.execute(
                select(card_cuts).where(card_cuts.c.recording_sid == sid)
            ).first()
            cut = None if cut_row is None else to_model(CardCut, cut_row)
            is_held = connection.scalar(select(recordings.c.sid).where(its, held())) is not None
            outcome, why = _verdict(recording, cut, is_held=is_held)
            _say(connection, lease, sid, outcome, why)
            if cut is None or outcome is not CopyOutcome.ORDERED:
                return None
            if cut.fingerprint is not None:
                connection.execute(
                    update(recordings)
                    .where(its, recordings.c.destroyed_from.is_(None))
                    .values(destroyed_from=at)
                )
                write_lines(connection, [_line(recording, CopyOutcome.ORDERED, at)], anew=True)
        return recording, cut

    def wait(
        self, lease: Lease[Erasure], recording: Recording, until: datetime | None, at: datetime
    ) -> None:
        """Write down that the bucket does not let the original go yet. Raises `LeaseLost`.

        Args:
            lease: of the erasure.
            recording: as `begin` returned it.
            until: when it does, UTC; None where nobody knows.
            at: now, UTC.
        """
        line = _line(recording, CopyOutcome.WAITING, at)
        with self._leases.commit(lease, NOTHING) as (connection, _):
            its = recordings.c.sid == recording.sid
            connection.execute(update(recordings).where(its).values(destroyed_from=None))
            write_lines(
                connection, [replace(line, until=until, why="kept_by_the_bucket")], anew=True
            )

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
        at = audited.at
        with self._leases.commit(lease, NOTHING, None, keep_holds_out) as (connection, _):
            its = (recordings.c.sid == recording.sid) & (recordings.c.state == State.RELEASED)
            changed = update(recordings).where(its).values(facts).returning(recordings.c.sid)
            if connection.execute(changed).first() is None:
                return False
            its_cut = card_cuts.c.recording_sid == recording.sid
            connection.execute(update(card_cuts).where(its_cut).values({**gone, "replaced_at": at}))
            write_lines(connection, [_line(recording, CopyOutcome.DONE, at)], anew=True)
            append(connection, audited)
        return True

    def settle(self, lease: Lease[Erasure], sid: str, lines: Sequence[CertificateLine]) -> None:
        """Write down that nothing is left to do of a recording. Raises `LeaseLost`.

        Args:
            lease: of the erasure.
            sid: of the recording, `RE…`.
            lines: what became of older generations of the original.
        """
        with self._leases.commit(lease, NOTHING) as (connection, _):
            write_lines(connection, lines, anew=True)
            _say(connection, lease, sid, CopyOutcome.DONE)


def _say(
    connection: Connection, lease: Lease[Erasure], sid: str, outcome: CopyOutcome, why: str = ""
) -> None:
    say_of(connection, lease.item.id, ORIGINAL, outcome, erasure_items.c.sid == sid, why)


def _verdict(
    recording: Recording, cut: CardCut | None, *, is_held: bool
) -> tuple[CopyOutcome, str]:
    """Return what becomes of the original now, and why."""
    if recording.state not in STORED:
        return CopyOutcome.NOTHING, ""
    if is_held:
        return CopyOutcome.REFUSED, "held"
    if recording.state is not State.RELEASED or (cut is not None and cut.due_at is not None):
        return CopyOutcome.WAITING, "goes_on"
    if cut is None or (cut.fingerprint is None and cut.replaced_at is None):
        return CopyOutcome.REFUSED, "no_copy"
    return CopyOutcome.ORDERED, ""


def _line(recording: Recording, outcome: CopyOutcome, at: datetime) -> CertificateLine:
    name, generation = recording.object_name or "", recording.generation or 0
    return CertificateLine(recording.sid, Copy.RECORDING, outcome, at, name, generation)
