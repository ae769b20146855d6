"""Transcripts: of which recordings one is made, what was heard so far, and what the bucket has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)

from twirec.catalog import sentences
from twirec.catalog.audit import append
from twirec.catalog.cards import propose
from twirec.catalog.conditions import (
    allowed,
    held,
    holds_to_the_end,
    of_recording_that,
    of_same_call,
)
from twirec.catalog.database import Database, insert_into, to_model, to_row
from twirec.catalog.hints import hint
from twirec.catalog.leases import ENDED, Leases
from twirec.catalog.tables import calls, recordings
from twirec.catalog.transcript_tables import transcript_parts, transcripts
from twirec.model.access import OURSELVES, Deed
from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardSpan
from twirec.model.errors import CustodyRefused
from twirec.model.hints import TRANSCRIPT
from twirec.model.lease import Lease
from twirec.model.ownership import Adopt
from twirec.model.transcript import (
    Heard,
    KeptTranscript,
    Transcript,
    TranscriptPart,
    TranscriptRule,
    Word,
)

MAY_BE_MADE = allowed(OURSELVES, Deed.TRANSCRIBE)
"""Of which recordings one may be made."""

LOT = 500
"""So many are made due in one transaction."""

_MADE = transcripts.c.object_name.is_not(None)
_IS_THERE = exists().where(transcripts.c.recording_sid == recordings.c.sid)


class Transcripts:
    """The transcripts that there are, or are to be: one a recording.

    The name of an object is written down before the object is there. An older transcript stays
    until the new one is written down; of what is held it stays whatever comes.

    Attributes:
        due: those that a worker has to make. What somebody asked for goes first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.due = Leases(
            database,
            transcripts,
            lambda _, row: to_model(KeptTranscript, row),
            turns=(_asked_for, _by_rule),
        )

    def get(self, recording_sid: str) -> KeptTranscript | None:
        """Return what is known of a recording's transcript; None where none is wanted."""
        statement = select(transcripts).where(transcripts.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        return None if row is None else to_model(KeptTranscript, row)

    def known(self, names: Sequence[str]) -> set[str]:
        """Return those of some names of objects that are names of transcripts."""
        columns = (transcripts.c.object_name, transcripts.c.next_name)
        with self._database.read() as connection:
            return {
                name
                for column in columns
                for name in connection.scalars(select(column).where(column.in_(names)))
            }

    def request(
        self, recording_sid: str, by: str, now: datetime, audited: AuditDraft | None = None
    ) -> KeptTranscript:
        """Make a transcript due of a recording that has none, or of which it was given up.

        Args:
            recording_sid: `RE…`.
            by: who asks for it; empty for nobody.
            now: UTC.
            audited: the entry that says so.

        Raises:
            CustodyRefused: it is not archived, or may not leave.
        """
        row = to_row(KeptTranscript(recording_sid, now, by, due_at=now), transcripts)
        its_own = transcripts.c.recording_sid == recording_sid
        # What is being made, or is there, is left as it is.
        again = transcripts.c.due_at.is_(None) & or_(~_MADE, transcripts.c.last_error != "")
        with self._database.write() as connection:
            if not holds_to_the_end(connection, recording_sid, MAY_BE_MADE):
                raise CustodyRefused(f"{recording_sid} may not leave (any more).")
            if not self._database.insert_once(connection, transcripts, row):
                values = {"due_at": now, "attempts": 0, "last_error": "", "by": by}
                connection.execute(update(transcripts).where(its_own, again).values(values))
            if audited:
                append(connection, audited)
            kept = to_model(
                KeptTranscript, connection.execute(select(transcripts).where(its_own)).one()
            )
            if kept.due_at is not None:
                hint(connection, TRANSCRIPT, recording_sid, now)
        return kept

    def request_between(
        self, since: datetime, until: datetime, by: str, now: datetime, audited: AuditDraft
    ) -> int:
        """Make one due of each recording of a span of time that has none; return how many.

        Lot by lot, each in a transaction of its own: others write in between. Whoever dies in the
        midst of it has made some due, and the entry is there.

        Args:
            since, until: when a recording began, UTC; `until` exclusive.
            by: who asks for them.
            now: UTC.
            audited: the entry that says so.
        """
        count = 0
        entry: AuditDraft | None = audited  # with the first lot, so that none is there without it
        for sids in self._lacking(since, until):
            count += self._make_due(sids, now, by, entry)
            entry = None
        if entry:
            self._make_due([], now, by, entry)
        return count

    def _lacking(self, since: datetime, until: datetime) -> Iterator[list[str]]:
        """Yield the recordings of a span that have none, in lots: nobody waits for them."""
        its, after = recordings.c, ("", since)
        place = (its.started_at, its.sid)
        while True:
            sid, begin = after
            lacking = (
                select(*place)
                .where(its.started_at >= begin, its.started_at < until)
                .where((its.started_at > begin) | (its.sid > sid), MAY_BE_MADE, ~_IS_THERE)
                .order_by(*place)
                .limit(LOT)
            )
            with self._database.read() as connection:
                rows = connection.execute(lacking).all()
            if not rows:
                return
            yield [row.sid for row in rows]
            after = (rows[-1].sid, rows[-1].started_at)

    def _make_due(
        self, sids: Sequence[str], now: datetime, by: str = "", audited: AuditDraft | None = None
    ) -> int:
        """Make one due of each recording that has none still, and return of how many."""
        still = (
            select(recordings.c.sid)
            .where(recordings.c.sid.in_(sids), MAY_BE_MADE, ~_IS_THERE)
            .order_by(recordings.c.sid)
            .with_for_update()  # so that no erasure comes in between
        )
        with self._database.write() as connection:
            lacking = set(connection.scalars(still)) if sids else set()
            rows = [
                to_row(KeptTranscript(sid, now, by, due_at=now), transcripts)
                for sid in sids
                if sid in lacking
            ]
            if rows:
                inserting = insert_into(transcripts, connection.dialect.name)
                key = list(transcripts.primary_key)
                connection.execute(inserting.on_conflict_do_nothing(index_elements=key), rows)
            for row in rows:
                hint(connection, TRANSCRIPT, row["recording_sid"], now)
            if audited:
                append(connection, audited)
        return len(rows)

    def enrol(self, rule: TranscriptRule, now: datetime, since: str, limit: int) -> int:
        """Make one due of each recording that lacks it, and return how many lacked it.

        Only of those that may leave, of calls of the rule, whose object's name is `since` or later,
        the newest first. They are looked for in a transaction that only reads.
        """
        lacking = (
            select(recordings.c.sid)
            .where(MAY_BE_MADE, recordings.c.object_name >= since, ~_IS_THERE, _covered(rule))
            .order_by(recordings.c.object_name.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            sids = list(connection.scalars(lacking))
        if sids:
            self._make_due(sids, now)
        return len(sids)

    def renew(self, recipe: str, before: datetime, now: datetime, limit: int) -> int:
        """Make those due anew that were made by another recipe, and return how many.

        Not what is held, nor what may not leave.

        Args:
            recipe: the one that holds.
            before: only those that were made before, UTC.
            now: UTC.
            limit: how many at the most.
        """
        others = or_(transcripts.c.made_by < recipe, transcripts.c.made_by > recipe)
        older = (
            select(transcripts.c.recording_sid)
            .join(recordings, recordings.c.sid == transcripts.c.recording_sid)
            .where(_MADE, others, transcripts.c.made_at < before, transcripts.c.due_at.is_(None))
            .where(MAY_BE_MADE, ~held())
            .limit(limit)
        )
        with self._database.read() as connection:
            sids = list(connection.scalars(older))
        if not sids:
            return 0
        its = transcripts.c.recording_sid.in_(sids) & transcripts.c.due_at.is_(None)
        values = {"due_at": now, "attempts": 0, "last_error": "", "by": ""}
        with self._database.write() as connection:
            connection.execute(update(transcripts).where(its).values(values))
            for sid in sids:
                hint(connection, TRANSCRIPT, sid, now)
        return len(sids)

    def begin(self, lease: Lease[KeptTranscript], recipe: str, name: str) -> Lease[KeptTranscript]:
        """Write down by which recipe it is made, and as which object. Raises `LeaseLost`.

        What was heard by another recipe is forgotten.
        """
        anew = lease.item.recipe != recipe
        with self.due.commit(lease, {"recipe": recipe, "next_name": name}) as (connection, begun):
            if anew:
                _forget_parts(connection, begun.item.recording_sid)
        return begun

    def parts(self, recording_sid: str) -> list[TranscriptPart]:
        """Return what was heard so far, channel by channel, in order."""
        its = transcript_parts.c
        statement = (
            select(transcript_parts)
            .where(its.recording_sid == recording_sid)
            .order_by(its.channel, its.starts)
        )
        with self._database.read() as connection:
            return [
                TranscriptPart(row.recording_sid, row.channel, row.starts, _heard(row.heard))
                for row in connection.execute(statement)
            ]

    def keep_part(
        self, lease: Lease[KeptTranscript], part: TranscriptPart, until: datetime
    ) -> Lease[KeptTranscript]:
        """Keep what was heard of a part, and extend the lease. Raises `LeaseLost`."""
        row = {
            "recording_sid": part.recording_sid,
            "channel": part.channel,
            "starts": part.starts,
            "heard": _as_json(part.heard),
        }
        with self.due.commit(lease, {"lease_until": until}) as (connection, kept):
            self._database.insert_once(connection, transcript_parts, row)
        return Lease(kept.token, kept.item, until)

    def made(
        self,
        lease: Lease[KeptTranscript],
        transcript: Transcript,
        stored: StoredObject,
        at: datetime,
        cards: Sequence[CardSpan] = (),
    ) -> KeptTranscript | None:
        """Write down that the bucket holds it, and end the lease. Raises `LeaseLost`.

        From then on a search finds what is said in it. None, and it is forgotten, if the recording
        may not leave any more: then the object must go, unless it is the one that was known before.

        Args:
            lease: the right to make it.
            transcript: what is in the object.
            stored: what the bucket says of it.
            at: UTC.
            cards: when a card number is spoken: it is proposed to cut these out.
        """
        sid, recipe = lease.item.recording_sid, lease.item.recipe
        values: dict[str, Any] = {
            **ENDED,
            "object_name": stored.name,
            "next_name": None,
            "made_at": at,
            "made_by": recipe,
            "generation": stored.generation,
            "size": stored.size,
            "crc32c": stored.crc32c,
            "own_sha256": stored.labels.get("sha256"),
            "model": transcript.model,
            "model_sha256": transcript.model_sha256,
            "language": transcript.language,
            # asked for by another recipe meanwhile: then once more
            "due_at": case((transcripts.c.recipe == recipe, null()), else_=at),
            "last_error": "",
        }
        allowed_still = False

        def look(connection: Connection) -> None:
            nonlocal allowed_still
            allowed_still = holds_to_the_end(connection, sid, MAY_BE_MADE)

        with self.due.commit(lease, values, None, look) as (connection, made):
            _forget_parts(connection, sid)
            if allowed_still:
                of_call = select(recordings.c.call_sid).where(recordings.c.sid == sid)
                call_sid = connection.scalar(of_call) or ""
                sentences.replace(connection, call_sid, sid, transcript.sentences)
                if cards:
                    propose(connection, sid, cards, at)
                return made.item
            _as_before(connection, lease.item, stored)
        return None

    def models(self) -> dict[str, int]:
        """Return by which models the transcripts were made, as the SHA-256 of each, and how many.

        Those of any recordings.
        """
        its = transcripts.c.model_sha256
        statement = select(its, func.count()).where(_MADE).group_by(its)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}


PARKED = transcripts.c.due_at.is_(None) & (transcripts.c.last_error != literal_column("''"))
"""In plain words, as its index has them: see `twirec.catalog.tables.partial_index`."""
WAITS = transcripts.c.due_at.is_not(None)


def forget_objects(connection: Connection, names: Sequence[str], now: datetime) -> None:
    """Make those due anew whose objects are not what was made, and were deleted."""
    its = transcripts.c.object_name.in_(names)
    gone = ("object_name", "made_at", "generation", "size", "crc32c", "own_sha256")
    values = {**dict.fromkeys(gone), "made_by": "", "due_at": now, "attempts": 0}
    changing = update(transcripts).where(its).values(values)
    for sid in connection.scalars(changing.returning(transcripts.c.recording_sid)).all():
        sentences.forget(connection, sid)
        hint(connection, TRANSCRIPT, sid, now)


def _asked_for(rows: FromClause, _: Adopt) -> ColumnElement[bool]:
    return (rows.c.by != "") & of_recording_that(rows, MAY_BE_MADE)


def _by_rule(rows: FromClause, _: Adopt) -> ColumnElement[bool]:
    return (rows.c.by == "") & of_recording_that(rows, MAY_BE_MADE)


def _covered(rule: TranscriptRule) -> ColumnElement[bool]:
    """Return the condition of the recordings of calls that a rule names."""
    if rule.everything:
        return true()
    named = [
        and_(calls.c.own_number == number, calls.c.direction.in_(sorted(directions)))
        for number, directions in rule.numbers.items()
    ]
    directed = calls.c.direction.in_(sorted(rule.directions)) if rule.directions else false()
    return exists().where(of_same_call(recordings, calls), or_(directed, *named))


def _as_before(connection: Connection, before: KeptTranscript, stored: StoredObject) -> None:
    """Let what is known be what was, of a recording of which none may be made (any more).

    Nothing, where what was made took the place of the object that was known.
    """
    its = transcripts.c.recording_sid == before.recording_sid
    replaced = before.object_name == stored.name and not before.is_of(stored)
    if before.object_name is None or replaced:
        connection.execute(delete(transcripts).where(its))
        sentences.forget(connection, before.recording_sid)
        return
    values = {**to_row(before, transcripts), **ENDED, "next_name": None, "due_at": None}
    connection.execute(update(transcripts).where(its).values(values))


def _forget_parts(connection: Connection, sid: str) -> None:
    connection.execute(delete(transcript_parts).where(transcript_parts.c.recording_sid == sid))


def _as_json(heard: Heard) -> str:
    words = [[each.text, each.starts, each.ends, each.probability] for each in heard.words]
    return json.dumps([heard.language, words], ensure_ascii=False, separators=(",", ":"))


def _heard(text: str) -> Heard:
    language, words = json.loads(text)
    return Heard(language, tuple(Word(*each) for each in words))
