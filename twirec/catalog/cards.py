"""Card numbers that were spoken: proposals to cut them out, decisions, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)

from twirec.catalog import sentences
from twirec.catalog.audit import append
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.conditions import allowed, held, of_recording_that
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.events import write_event
from twirec.catalog.hints import hint
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.leases import ENDED, Leases
from twirec.catalog.tables import derivatives, recordings, waveforms
from twirec.catalog.transcript_tables import transcript_parts, transcripts
from twirec.catalog.waveforms import waveform_row
from twirec.model.access import OURSELVES, Actor, Deed
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardCut, CardCutState, CardSpan, merged
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.events import EventType
from twirec.model.hints import CARD_CUT
from twirec.model.lease import Lease
from twirec.model.ownership import Adopt
from twirec.model.records import Recording
from twirec.model.transcript import Transcript
from twirec.model.waveform import Waveform

WAITS = card_cuts.c.state.in_((CardCutState.PROPOSED, CardCutState.FAILED))
"""For somebody's decision."""

PARKED = card_cuts.c.due_at.is_(None) & (card_cuts.c.state == CardCutState.APPROVED)
"""Given up; whoever approves it once more lets a worker try again."""

AGAIN = card_cuts.c.state.in_((CardCutState.REFUSED, CardCutState.CUT))
"""Decided, and can be approved all the same: with more silence, or as it is a card's after all."""

DONE = {**ENDED, "due_at": None, "last_error": "", "next_name": None, "next_transcript": None}
"""What ends a lease when nothing is left to do."""

_MAY_BE_MADE = allowed(OURSELVES, Deed.CUT) & recordings.c.destroyed_from.is_(None)


class Cards:
    """What is known of card numbers that were spoken in recordings: one row a recording.

    No digit is in it. What was cut out once stays so: a copy without card numbers that is there is
    what is heard, whatever is found or decided after it.

    Attributes:
        due: copies without card numbers that a worker has to make.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.due = Leases(
            database, card_cuts, lambda _, row: to_model(CardCut, row), turns=(_may_be_made,)
        )

    def get(self, recording_sid: str) -> CardCut | None:
        """Return what is known of card numbers in a recording; None where none was found."""
        statement = select(card_cuts).where(card_cuts.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        return None if row is None else to_model(CardCut, row)

    def waiting(self, actor: Actor, limit: int) -> list[CardCut]:
        """Return what waits for a decision, of recordings of which somebody may know, oldest first.

        Args:
            actor: who asks.
            limit: how many at the most.
        """
        statement = (
            select(card_cuts)
            .join(recordings, recordings.c.sid == card_cuts.c.recording_sid)
            .where(WAITS, allowed(actor, Deed.DETAILS))
            .order_by(card_cuts.c.found_at, card_cuts.c.recording_sid)
            .limit(limit)
        )
        with self._database.read() as connection:
            return to_models(CardCut, connection.execute(statement))

    def known(self, names: Sequence[str]) -> set[str]:
        """Return those of some names of objects that are copies without card numbers.

        Or that a worker is making: a copy that is not offered yet, and what was heard in it.
        """
        its = card_cuts.c
        coming = (its.next_name, its.next_transcript)
        next_ones = select(*coming).where(
            its.due_at.is_not(None), or_(*(each.in_(names) for each in coming))
        )
        known: set[str] = set()
        with self._database.read() as connection:
            # first what is coming: what is done between the two statements is found by the second
            for row in connection.execute(next_ones):
                known.update(filter(None, row))
            done = select(its.object_name).where(its.object_name.in_(names))
            known.update(filter(None, connection.scalars(done)))
        return known & set(names)

    def decide(
        self,
        recording_sid: str,
        state: CardCutState,
        *,
        guard: float | None = None,
        reason: str,
        audited: AuditDraft,
    ) -> CardCut:
        """Write down that what was found is to be cut out, or that it is not.

        Args:
            recording_sid: `RE…`.
            state: `approved` or `refused`.
            guard: seconds of silence around each span; None for those that are written down. Less
                than those once a copy was made is no less: what was silent stays so.
            reason: why.
            audited: the entry of who decides, and when.

        Raises:
            NotFound: no card number was found in it.
            InvalidQuery: it was decided already, and not so that it can be approved again.
            CustodyRefused: it is held, or may not leave any more.
        """
        its = card_cuts.c.recording_sid == recording_sid
        approved = state is CardCutState.APPROVED
        values: dict[str, Any] = {
            "state": state,
            "decided_at": audited.at,
            "decided_by": audited.by,
            "reason": reason,
            "problem": "",
            "last_error": "",
        }
        if approved:  # what is refused leaves it at the copy that may be made again just now
            values |= {**ENDED, "due_at": audited.at, "attempts": 0}
        if guard is not None:
            kept = card_cuts.c.object_name.is_not(None) & (card_cuts.c.guard > guard)
            values["guard"] = case((kept, card_cuts.c.guard), else_=guard)
        open_ = WAITS | PARKED | AGAIN if approved else WAITS | PARKED
        with self._database.write() as connection:
            keep_holds_out(connection)
            if approved:
                check_may_be_cut(connection, recording_sid)
            changed = update(card_cuts).where(its, open_).values(values)
            row = connection.execute(changed.returning(card_cuts)).first()
            if row is None:
                known = connection.scalar(select(card_cuts.c.state).where(its))
                if known is None:
                    raise NotFound(f"No card number was found in {recording_sid}.")
                raise InvalidQuery(f"What was found in {recording_sid} is {known} already.")
            append(connection, audited)
            if approved:
                hint(connection, CARD_CUT, recording_sid, audited.at)
        return to_model(CardCut, row)

    def take_over(self, cut: CardCut) -> None:
        """Write down a copy that is there, of a recording of which none is known."""
        row = to_row(cut, card_cuts)
        with self._database.write() as connection:
            inserting = insert_into(card_cuts, connection.dialect.name).on_conflict_do_nothing()
            connection.execute(inserting, row)
            hint(connection, CARD_CUT, cut.recording_sid, cut.due_at or cut.found_at)

    def again(self, recording_sid: str, object_name: str, now: datetime) -> None:
        """Let a worker make a copy anew that is not what was made, and was deleted.

        The very same, whatever was found, decided or refused since then, which stays as it is.
        Nothing is heard of the recording until it is there.

        Args:
            recording_sid: `RE…`.
            object_name: of what was deleted; if another copy is there, nothing is done.
            now: UTC.
        """
        its = card_cuts.c
        lost = (its.recording_sid == recording_sid) & (its.object_name == object_name)
        values = {"due_at": now, "attempts": 0, "last_error": ""}
        with self._database.write() as connection:
            changing = update(card_cuts).where(lost, its.due_at.is_(None)).values(values)
            if connection.execute(changing).rowcount:
                hint(connection, CARD_CUT, recording_sid, now)

    def made_again(self, lease: Lease[CardCut], stored: StoredObject, audited: AuditDraft) -> None:
        """Write down that the very same copy is there again, and end the lease.

        Raises `LeaseLost`.

        Args:
            lease: the right to make it.
            stored: what the bucket says of it.
            audited: the entry that says so.
        """
        facts = {"object_name": stored.name, "generation": stored.generation}
        with self.due.commit(lease, {**DONE, **facts}) as (connection, _):
            append(connection, audited)

    def begin(self, lease: Lease[CardCut], name: str, transcript: str | None) -> Lease[CardCut]:
        """Write down as which objects it is made, before they are there. Raises `LeaseLost`.

        Args:
            lease: the right to make it.
            name: of the copy.
            transcript: the name of what will be heard in it; None if that is known.
        """
        values = {"next_name": name, "next_transcript": transcript}
        with self.due.commit(lease, values) as (_, begun):
            return begun

    def failed(
        self, lease: Lease[CardCut], why: str, spans: Sequence[CardSpan], audited: AuditDraft
    ) -> None:
        """Write down that digits were heard in what was made, and end the lease.

        Raises `LeaseLost`.

        Args:
            lease: the right to make it.
            why: in one sentence.
            spans: when they were heard; it is proposed to cut out these too.
            audited: the entry that says so.
        """
        values = {**DONE, "state": CardCutState.FAILED}
        with self.due.commit(lease, {**values, "problem": why}) as (connection, failed):
            its = card_cuts.c.recording_sid == failed.item.recording_sid
            both = {"spans": merged(failed.item.spans, spans)}
            connection.execute(update(card_cuts).where(its).values(both))
            append(connection, audited)

    def found(self, lease: Lease[CardCut], spans: Sequence[CardSpan], at: datetime) -> None:
        """Propose to cut out more, and end the lease. Raises `LeaseLost`.

        Args:
            lease: the right to make a copy without what was found before.
            spans: when a card is spoken.
            at: UTC.
        """
        with self.due.commit(lease, DONE) as (connection, ended):
            propose(connection, ended.item.recording_sid, spans, at)

    def put_off(self, lease: Lease[CardCut], due_at: datetime) -> None:
        """End a lease as if it had never been claimed, until a time, UTC. Raises `LeaseLost`."""
        values = {**ENDED, "attempts": card_cuts.c.attempts - 1, "due_at": due_at}
        with self.due.commit(lease, values):
            pass

    def made(
        self,
        lease: Lease[CardCut],
        stored: StoredObject,
        transcript: Transcript,
        kept: StoredObject,
        recipe: str,
        waveform: Waveform,
        audited: AuditDraft,
    ) -> list[str]:
        """Write down that there is a copy without card numbers, and end the lease.

        From then on it is what is heard, and what was heard in it is what is read and searched.
        All that was made of the recording before is forgotten.

        Args:
            lease: the right to make it.
            stored: what the bucket says of the copy.
            transcript: what was heard in it.
            kept: what the bucket says of that.
            recipe: by which it was heard, as of `SpeechFacts`.
            waveform: what was measured of it.
            audited: the entry that says so.

        Returns:
            The names of the objects that have to go.

        Raises:
            LeaseLost: somebody else makes it.
            CustodyRefused: the recording may not leave any more, or is held.
        """
        sid, at = lease.item.recording_sid, audited.at
        facts = {
            "object_name": stored.name,
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "own_sha256": stored.labels.get("sha256"),
            "made_at": at,
            "made_cuts": lease.item.cuts,
        }
        by = {"model": transcript.model, "model_sha256": transcript.model_sha256}
        done = {**DONE, "state": CardCutState.CUT, "problem": ""}

        def look(connection: Connection) -> None:
            keep_holds_out(connection)
            check_may_be_cut(connection, sid)

        with self.due.commit(lease, {**done, **facts, **by}, None, look) as (connection, _):
            gone = _forget_made(connection, sid, kept.name)
            if lease.item.object_name not in {None, stored.name}:
                gone.append(lease.item.object_name or "")
            # whoever makes one just now, of what is no more heard, loses the lease to it
            text = {
                **ENDED,
                **by,
                "object_name": kept.name,
                "next_name": None,
                "made_at": at,
                "made_by": recipe,
                "generation": kept.generation,
                "size": kept.size,
                "crc32c": kept.crc32c,
                "own_sha256": kept.labels.get("sha256"),
                "language": transcript.language,
                "due_at": None,
                "last_error": "",
            }
            its = transcripts.c.recording_sid == sid
            if connection.execute(update(transcripts).where(its).values(text)).rowcount:
                of_call = select(recordings.c.call_sid).where(recordings.c.sid == sid)
                call_sid = connection.scalar(of_call) or ""
                sentences.replace(connection, call_sid, sid, transcript.sentences)
            else:
                gone.append(kept.name)
            connection.execute(delete(waveforms).where(waveforms.c.recording_sid == sid))
            connection.execute(insert(waveforms), waveform_row(sid, waveform))
            append(connection, audited)
        return gone


def propose(connection: Connection, sid: str, spans: Sequence[CardSpan], at: datetime) -> None:
    """Propose to cut out what was found in a transcript, in the transaction that keeps that.

    Nothing that was found before is dropped: it is proposed to cut out both. What somebody refused
    stays refused. What somebody approved has to be approved again if this is more, and who makes
    its copy loses the lease. What was cut is proposed anew, and the copy that is there is heard
    until then.

    Args:
        connection: of the transaction.
        sid: of the recording.
        spans: when a card is spoken.
        at: UTC.
    """
    row_of = select(recordings).where(recordings.c.sid == sid)
    recording = to_model(Recording, connection.execute(row_of).one())
    found = CardCut(sid, at, recording.sha256 or "", tuple(spans))
    row = to_row(found, card_cuts)
    inserting = insert_into(card_cuts, connection.dialect.name).on_conflict_do_nothing()
    if connection.execute(inserting.returning(card_cuts.c.recording_sid), row).first() is None:
        its = card_cuts.c.recording_sid == sid
        known = to_model(
            CardCut, connection.execute(select(card_cuts).where(its).with_for_update()).one()
        )
        both = merged(known.spans, spans)
        if both == known.spans and known.state is not CardCutState.CUT:
            return
        values: dict[str, Any] = {"spans": both}
        if known.state is not CardCutState.REFUSED:
            values |= {"state": CardCutState.PROPOSED, "problem": ""}
        if known.state is CardCutState.APPROVED:
            values |= {**ENDED, "due_at": None, "last_error": ""}
        connection.execute(update(card_cuts).where(its).values(values))
        if known.state in (CardCutState.REFUSED, CardCutState.PROPOSED):
            return
    write_event(connection, EventType.CARD_NUMBER, recording)


def check_may_be_cut(connection: Connection, sid: str) -> None:
    """Check that something may be cut out of what is heard of a recording, and stays so.

    Raises:
        CustodyRefused: it may not leave, or it is held.
    """
    its = recordings.c.sid == sid
    may = select(recordings.c.sid).where(its, _MAY_BE_MADE).with_for_update()
    if connection.scalar(may) is None:
        raise CustodyRefused(f"{sid} may not leave (any more).")
    if connection.scalar(select(recordings.c.sid).where(its, held())) is not None:
        raise CustodyRefused(
            f"{sid} is held: what is made of it stays as it is before that is lifted."
        )


def _forget_made(connection: Connection, sid: str, but: str) -> list[str]:
    """Forget all that was made of a recording, and return the names of the objects but one."""
    its = derivatives.c.recording_sid == sid
    removed = delete(derivatives).where(its).returning(derivatives.c.object_name)
    names = [*connection.scalars(removed)]
    of = transcripts.c.recording_sid == sid
    for column in (transcripts.c.object_name, transcripts.c.next_name):
        names += [name for name in connection.scalars(select(column).where(of)) if name]
    connection.execute(delete(transcript_parts).where(transcript_parts.c.recording_sid == sid))
    return [name for name in dict.fromkeys(names) if name != but]


def _may_be_made(rows: FromClause, _: Adopt) -> ColumnElement[bool]:
    """Return the condition of what may be made: of what is held only what was there before."""
    stays = rows.c.state != CardCutState.APPROVED
    return of_recording_that(rows, _MAY_BE_MADE & or_(stays, ~held()))


def may_be_cut(rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of what was found in recordings that may leave (still)."""
    return of_recording_that(rows, _MAY_BE_MADE)
