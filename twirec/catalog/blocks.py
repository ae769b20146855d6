"""Blocks: recordings that are kept for judges and authorities only, until their date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.prepared import one_of
from twirec.catalog.tables import blocks, orders, recordings
from twirec.model.audit import AuditDraft
from twirec.model.custody import Block, Order, OrderKind
from twirec.model.errors import NotFound
from twirec.model.records import Recording
from twirec.model.states import UNDONE, Custody, State

BLOCKABLE = (recordings.c.custody != Custody.BLOCKED) & one_of(
    recordings.c.state, sorted(set(State) - UNDONE)
)
"""What is not blocked yet, and not destroyed or ordered to be."""


class Blocks:
    """Which recordings are blocked, since when, until which day, and why.

    A block, what it changes of the recording, the order and its entry of the audit log are all
    there, or none of them. The row stays for as long as the recording's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def block(self, order: Order, until: date, audited: AuditDraft) -> Recording:
        """Block a recording.

        Args:
            order: to block it.
            until: the day (UTC) from which it is destroyed.
            audited: its entry.

        Raises:
            NotFound: it is not there, or cannot be blocked (any more).
        """
        with self._database.write() as connection:
            blocked = block_recordings(
                connection, [order.recording_sid], order=order, until=until, audited=audited
            )
        if not blocked:
            raise NotFound(f"{order.recording_sid} is not there, or not so any more.")
        return blocked[0]

    def get(self, sid: str) -> Block | None:
        """Return a recording's block; None if it never was blocked."""
        with self._database.read() as connection:
            row = connection.execute(select(blocks).where(blocks.c.recording_sid == sid)).first()
        return None if row is None else to_model(Block, row)


def block_recordings(
    connection: Connection,
    sids: Sequence[str],
    *,
    order: Order,
    until: date,
    audited: AuditDraft | None = None,
) -> list[Recording]:
    """Block recordings, in a transaction that writes: with it all of it is done, or nothing.

    What is blocked already, destroyed, ordered to be, or not there, is left as it is. A hold keeps
    nothing from being blocked: it keeps it from being destroyed.

    Args:
        connection: of the transaction.
        sids: of the recordings, `RE…`.
        order: who blocks them, when and why; each has one of its own, with its SID.
        until: the day (UTC) from which they are destroyed.
        audited: the entry of the audit log, which each has with its SID; None if the caller writes
            what happened.

    Returns:
        Those that are blocked now and were not before, by SID.
    """
    these = (recordings.c.sid.in_(sids)) & BLOCKABLE
    # locked in the order in which all lock them; and as they were, which a block keeps
    before = select(recordings.c.sid, recordings.c.custody).where(these)
    was = connection.execute(before.order_by(recordings.c.sid).with_for_update()).all()
    if not was:
        return []
    changing = (
        update(recordings)
        .where(recordings.c.sid.in_([row.sid for row in was]))
        .values(custody=Custody.BLOCKED)
        .returning(recordings)
    )
    blocked = {each.sid: each for each in to_models(Recording, connection.execute(changing))}
    for sid, custody in was:
        block = Block(sid, order.at, order.by, order.why, until, custody)
        connection.execute(insert(blocks), to_row(block, blocks))
        its_own = replace(order, recording_sid=sid, kind=OrderKind.BLOCK)
        connection.execute(insert(orders), to_row(its_own, orders))
        if audited is not None:
            detail = {**audited.detail, "until": until.isoformat()}
            append(connection, replace(audited, sid=sid, detail=detail))
    return [blocked[row.sid] for row in was]
