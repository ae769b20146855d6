"""The ledger: the line of every call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    FromClause,
    Insert,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)

from twirec.catalog.agents import knows_leg, legs_of, write_leg
from twirec.catalog.audit import append
from twirec.catalog.conditions import of_call, of_same_call
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.recorded_calls import tell_late_line
from twirec.catalog.tables import announcements, calls, consents, notes, pauses, recordings
from twirec.catalog.vendor_retention import keep_copy
from twirec.model.agents import Leg
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditDraft
from twirec.model.errors import NotFound
from twirec.model.records import (
    UNCOUNTED,
    Call,
    CallRecord,
    Consent,
    EndedCall,
    Ending,
    Note,
    Pause,
    Recording,
    began_late,
    is_queue,
)
from twirec.model.steady import Moment
from twirec.model.vocabulary import NOT_KNOWN, Outcome, Reason, Role

Again = Callable[[Call, Sequence[Consent]], Moment | Reason | None]
"""What is written of a call that has its line, by the line and what was answered: that its
announcement is played from the beginning, since when; or why it is not recorded; or nothing."""

OfCall = TypeVar("OfCall", Consent, Recording, Leg, Note)

LegOf = Callable[[Call], Leg | None]
"""What says of a call's line which leg was dialled."""

ACCOUNTS: BindParameter[Any] = bindparam("accounts", expanding=True)
SIDS: BindParameter[Any] = bindparam("sids", expanding=True)


def _theirs(table: FromClause) -> ColumnElement[bool]:
    # Two lists, and not one of pairs: a SID is of one account, and what else they let through,
    # nobody looks up.
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
    return records_of(connection, to_models(Call, connection.execute(statement)))


def records_of(connection: Connection, lines: Sequence[Call]) -> list[CallRecord]:
    """Return calls, in their order, with all that is theirs. See `call_records`."""
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


ITS: tuple[BindParameter[Any], BindParameter[Any]] = bindparam("its_account"), bindparam("its_call")
OF_CALL = of_call(calls, *ITS)
CONSENTS_OF_CALL = Prepared(select(consents).where(of_call(consents, *ITS)).order_by(consents.c.at))
ANSWERED = exists().where(of_call(consents, *ITS))

_LINE = select(calls).where(OF_CALL)
LINE = Prepared(_LINE)
LOCKED_LINE = Prepared(_LINE.with_for_update())
ENDED = Prepared(_LINE.add_columns(ANSWERED.label("answered")).with_for_update(of=calls))
IS_KEPT = Prepared(select(announcements).where(announcements.c.hash == bindparam("hash")))

_CHANGE = update(calls).where(OF_CALL)
CHANGE = Prepared(_CHANGE.returning(calls))
SEND_ON = Prepared(_CHANGE.values(sent_on=calls.c.sent_on + 1).returning(calls))

_SAME_LEG = calls.c.leg == bindparam("new_leg")
_ASKED: BindParameter[int] = bindparam("new_asked", type_=calls.c.asked.type)
_PLAY = _CHANGE.where(~ANSWERED).values(
    announced_at=bindparam("new_at", type_=calls.c.announced_at.type),
    announced_steady=bindparam("new_steady"),
    leg=bindparam("new_leg"),
)
PLAY_AGAIN = Prepared(_PLAY.values(asked=case((_SAME_LEG, calls.c.asked), else_=0)))
PLAY_QUESTION = Prepared(
    _PLAY.values(asked=case((_SAME_LEG & (calls.c.asked > _ASKED), calls.c.asked), else_=_ASKED))
)
PLAY_NOTICE = Prepared(_PLAY.values(asked=0))


def _opening(dialect: str, *, told: bool = False) -> Insert:
    """Return the insertion of a line unless it is there; of who is told, with what proves it."""
    statement = insert_into(calls, dialect)
    if told:
        names = COLUMNS_OF_CALL
        values = [bindparam(name, type_=calls.c[name].type) for name in names]
        kept = exists().where(announcements.c.hash == bindparam("announcement"))
        statement = statement.from_select(names, select(*values).where(kept))
    return statement.on_conflict_do_nothing().returning(calls.c.call_sid)


COLUMNS_OF_CALL = [each.name for each in calls.columns if each.name in vars(Call)]
OPEN, OPEN_TOLD = Prepared(_opening), Prepared(partial(_opening, told=True))

NUMBERS = ("customer_number", "own_number", "direction")
WRITTEN = ("customer_address", "own_address")
"""The columns that the vendor may know later only."""

STILL_OPEN = (Outcome.OPEN, Outcome.OWED)
"""The outcomes of lines of which nothing has come yet."""


def _closing() -> Prepared:
    """Return what says what came of a call, unless that is said for good, and when it ended."""
    still_open = one_of(calls.c.outcome, STILL_OPEN)
    outcome, reason, ended_at = (calls.c[name] for name in ("outcome", "reason", "ended_at"))
    closing = _CHANGE.values(
        outcome=case((still_open, bindparam("new_outcome", type_=outcome.type)), else_=outcome),
        reason=case((still_open, bindparam("new_reason", type_=reason.type)), else_=reason),
        ended_at=func.coalesce(ended_at, bindparam("new_end", type_=ended_at.type)),
    )
    return Prepared(closing)


CLOSE = _closing()


def call_with_consents(connection: Connection, recording: Recording) -> CallRecord | None:
    """Return the call of a recording with its consents, and nothing else; None without a line."""
    its = {"its_account": recording.account_sid, "its_call": recording.call_sid}
    line = None if recording.call_sid is None else LINE.first(connection, its)
    if line is None:
        return None
    given = to_models(Consent, CONSENTS_OF_CALL.all(connection, its))
    return CallRecord(to_model(Call, line), consents=tuple(given))


class Ledger:
    """The line that every call has, recorded or not, with the reason.

    What was written first stands: Twilio's repeated request writes no second line, and what once
    came of a call stays.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_call(
        self,
        call: Call,
        *,
        is_told: bool = False,
        audited: AuditDraft | None = None,
        leg: Leg | None = None,
        again: Again | None = None,
        goes_on: bool = False,
    ) -> Call:
        """Write a call's line, unless it has one, and return the line that stands.

        If it is new, that is the very object that was given. Of a line that stands only `dial` is
        written anew, as a caller may be sent on to somebody else, and that it is not `late` once
        the app was asked about the call.

        Args:
            call: the line.
            is_told: whether its announcement is played from now on.
            audited: who placed it; None where it rang, or was dialled on a phone.
            leg: an agent's, which is written down with it, and its call where that was not known.
            again: says what is written of a line that stands.
            goes_on: whether a line that stands is of a call that is sent on to somebody else.

        Raises:
            NotFound: the catalog has no such announcement, of who is told: nothing would prove it.
        """
        row = to_row(call, calls)
        with self._database.write() as connection:
            is_new = (OPEN_TOLD if is_told else OPEN).first(connection, row) is not None
            stands = call if is_new else _come_again(connection, call, again, goes_on=goes_on)
            if is_new and call.late and call.outcome is Outcome.NOT_RECORDED:
                tell_late_line(connection, call.account_sid, call.call_sid)
            if leg:
                write_leg(connection, leg)
            if audited:
                append(connection, audited)
            return stands

    def go_on(
        self, line: Call, leg: LegOf, sent_on: int
    ) -> tuple[Call | None, tuple[Consent, ...]]:
        """Let a call go on to somebody else: return its line with what was answered.

        Args:
            line: what is written where it has none; its `dial` stands in any case. Of an agent's
                leg, also of one who dialled out by it, nothing is written: it is returned as it is.
            leg: says of the line as it was which leg was dialled before, which is written with it;
                None for none.
            sent_on: how often it was sent on when that was dialled, or `UNCOUNTED`. If it was once
                more since, to somebody else, only the leg is written, and the line is None.
        """
        its = {"its_account": line.account_sid, "its_call": line.call_sid}
        with self._database.write() as connection:
            before = LOCKED_LINE.first(connection, its)
            if before is None:
                if not knows_leg(connection, line.account_sid, line.call_sid):
                    OPEN.first(connection, to_row(line, calls))
                return line, ()
            call = to_model(Call, before)
            if call.channel_map[:1] == (Role.AGENT,):  # what was answered is of whom they dialled
                return line, ()
            if dialled := leg(call):
                write_leg(connection, dialled)
            stands: Any = before
            if sent_on in (before.sent_on, UNCOUNTED):
                (stands,) = SEND_ON.all(connection, its | {"dial": line.dial})
            elif before.sent_on != sent_on + 1 or call.dial != line.dial:
                return None, ()  # and else the request came twice
            given = CONSENTS_OF_CALL.all(connection, its)
            return to_model(Call, stands), tuple(to_models(Consent, given))

    def open_line_without_numbers(self, line: Call, recording_sid: str) -> None:
        """Write the line of a recording whose call nobody knows (any more), unless it has one.

        A recording that is there becomes one of that call if it is of none, and the vendor keeps
        its copy of it, if it has one still.
        """
        recording = recordings.c.sid == recording_sid
        of_none = recording & recordings.c.call_sid.is_(None)
        with self._database.write() as connection:
            connection.execute(update(recordings).where(of_none).values(call_sid=line.call_sid))
            keep_copy(connection, recording_sid)
            self._database.insert_once(connection, calls, to_row(line, calls))

    def line(self, account_sid: str, call_sid: str) -> Call | None:
        """Return a call's line without what belongs to it; None if it has none."""
        with self._database.read() as connection:
            its = {"its_account": account_sid, "its_call": call_sid}
            row = LINE.first(connection, its)
        return None if row is None else to_model(Call, row)

    def lines(self, sids: Sequence[str]) -> Mapping[str, Call]:
        """Return the lines of calls by their SIDs, or by those of their recordings, where known."""
        by_recording = (
            select(calls, recordings.c.sid)
            .join(recordings, of_same_call(recordings, calls))
            .where(recordings.c.sid.in_(sids))
        )
        with self._database.read() as connection:
            own = connection.execute(select(calls).where(calls.c.call_sid.in_(sids)))
            lines = {row.call_sid: to_model(Call, row) for row in own}
            of_recordings = connection.execute(by_recording)
            return {row.sid: to_model(Call, row) for row in of_recordings} | lines

    def add_numbers(
        self,
        before: Call,
        after: Call,
        channel_maps: Mapping[str, tuple[Role, ...]],
        audited: AuditDraft | None = None,
    ) -> bool:
        """Let a line have the numbers, the direction and the channels of `after`.

        False, and nothing done, if its numbers and direction are not those of `before` any more.
        The change and its entry of the audit log are both there, or neither.

        Args:
            before: the line as it was read.
            after: as it is to be.
            channel_maps: who is on which channel, by the SID of a recording of the call.
            audited: what is to be written down of it; None where only the vendor says so.
        """
        was, row = to_row(before, calls), to_row(after, calls)
        same = [calls.c[name].is_not_distinct_from(was[name]) for name in NUMBERS]
        changes = {name: row[name] for name in (*NUMBERS, *WRITTEN, "tail", "channel_map")}
        with self._database.write() as connection:
            line = of_call(calls, before.account_sid, before.call_sid)
            theirs = select(recordings.c.sid).where(recordings.c.sid.in_(channel_maps))
            connection.execute(theirs.order_by(recordings.c.sid).with_for_update())
            if not connection.execute(update(calls).where(line, *same).values(changes)).rowcount:
                return False
            for sid, roles in channel_maps.items():
                this = update(recordings).where(recordings.c.sid == sid)
                connection.execute(this.values(channel_map=roles))
            if audited:
                append(connection, audited)
            return True

    def announce(
        self,
        account_sid: str,
        call_sid: str,
        *,
        leg: str,
        at: datetime,
        steady: str = "",
        asked: int | None = None,
    ) -> None:
        """Set when the announcement was last sent, by both clocks, and to which leg.

        Nothing changes once a consent is written.

        Args:
            account_sid, call_sid: the call.
            leg: who hears it, `CA…`.
            at: when, UTC.
            steady: what the steady clock showed then.
            asked: which question is put: the first is 1; one that was put later stands. 0 for the
                notice from the beginning: nothing was asked yet. None where what was put to the
                same leg stands; to a new one nothing was.
        """
        new = {"new_at": at, "new_steady": steady, "new_leg": leg}
        if asked is None:
            statement = PLAY_AGAIN
        elif asked:
            statement, new = PLAY_QUESTION, new | {"new_asked": asked}
        else:
            statement = PLAY_NOTICE
        with self._database.write() as connection:
            its = {"its_account": account_sid, "its_call": call_sid}
            statement.all(connection, its | new)

    def call(self, account_sid: str, call_sid: str) -> CallRecord:
        """Return a call with its consents and recordings.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        with self._database.read() as connection:
            records = call_records(connection, [of_call(calls, account_sid, call_sid)], limit=1)
        if not records:
            raise NotFound(f"The catalog has no call {call_sid}.")
        return records[0]

    def close_call(
        self,
        account_sid: str,
        call_sid: str,
        *,
        outcome: Outcome,
        reason: Reason | None,
        ended_at: datetime | None,
    ) -> None:
        """Say what came of a call, and when it ended, if it did.

        A line that is `recorded` or `not_recorded` keeps outcome and reason; a line without an end
        gets `ended_at`. A call that is not there stays so.
        """
        said = {"new_outcome": outcome, "new_reason": reason, "new_end": ended_at}
        with self._database.write() as connection:
            its = {"its_account": account_sid, "its_call": call_sid}
            CLOSE.all(connection, its | said)

    def end_call(
        self,
        account_sid: str,
        call_sid: str,
        decide: Callable[[EndedCall], Ending],
        at: datetime | None,
    ) -> None:
        """Write down how a call ended, by what is known of it; nothing of a leg of another call.

        As in `close_call`, what its line says for good stays. All of it is there, or nothing.

        Args:
            account_sid, call_sid: the call, or the leg.
            decide: says what is written; it is asked while nobody else changes the line.
            at: when it ended, UTC; None while it may go on, of which only a dial ended.

        Raises:
            NotFound: the call has no line.
        """
        its = {"its_account": account_sid, "its_call": call_sid}
        with self._database.write() as connection:
            row = ENDED.first(connection, its)
            if row is None:
                if knows_leg(connection, account_sid, call_sid):
                    return
                raise NotFound(f"The catalog has no call {call_sid}.")
            call = to_model(Call, row)
            ending = decide(_ended(connection, call, answered=row.answered))
            if ending.leg:
                write_leg(connection, ending.leg)
            changes: dict[str, Any] = {}
            if call.ended_at is None:
                changes["ended_at"] = at
            if call.outcome in STILL_OPEN:
                may_be = ending.consent and self._was_told(connection, ending.consent)
                says = (Outcome.OWED, None) if may_be else (ending.outcome, ending.reason)
                changes |= dict(zip(("outcome", "reason"), says, strict=True))
            if changes:
                CHANGE.all(connection, its | changes)

    def _was_told(self, connection: Connection, gone: Consent) -> bool:
        """Write that who was told is gone, unless they answered just now, and may be recorded."""
        if self._database.insert_once(connection, consents, to_row(gone, consents)):
            return False
        first = of_call(consents, gone.account_sid, gone.call_sid) & (consents.c.leg == gone.leg)
        stands = connection.execute(select(consents).where(first)).one()
        return to_model(Consent, stands).outcome.allows_recording

    def unfinished_calls(
        self, before: datetime, *, after: Call | None = None, limit: int = 1000
    ) -> list[Call]:
        """Return calls that started before `before` and are still `open` or `owed`.

        Oldest first, a page at a time: `after` is the last one of the page before.
        """
        statement = (
            select(calls)
            .where(calls.c.outcome.in_(STILL_OPEN), calls.c.started_at < before)
            .order_by(calls.c.started_at, calls.c.call_sid)
            .limit(limit)
        )
        if after is not None:
            later = calls.c.started_at > after.started_at
            same = (calls.c.started_at == after.started_at) & (calls.c.call_sid > after.call_sid)
            statement = statement.where(later | same)
        with self._database.read() as connection:
            return to_models(Call, connection.execute(statement))

    def owns(self, number: str) -> bool:
        """Whether there are lines of calls to or from this number as an own number.

        Those that were written only after the call do not count.
        """
        with self._database.read() as connection:
            return owns(connection, number)


def owns(connection: Connection, number: str) -> bool:
    """Whether a number is an own number. See `Ledger.owns`."""
    return OWNED.first(connection, {"owned": number}) is not None


OWNED = Prepared(
    select(calls.c.call_sid).where(calls.c.own_number == bindparam("owned"), ~calls.c.late).limit(1)
)


def _come_again(connection: Connection, call: Call, again: Again | None, *, goes_on: bool) -> Call:
    """Write of a line that stands what is written of one about which Twilio asks once more."""
    its = {"its_account": call.account_sid, "its_call": call.call_sid}
    changes: dict[str, Any] = {"dial": call.dial} if call.dial else {}
    changes |= {"caller_id": call.caller_id} if call.caller_id else {}
    changes |= {} if call.late else {"late": False}
    statement = SEND_ON if goes_on else CHANGE if changes else LINE
    row = statement.first(connection, its | changes)
    if row is None:  # it was not written for want of what proves that somebody is told
        raise NotFound(f"The catalog has no announcement {call.announcement}.")
    stands = to_model(Call, row)
    if began_late(stands, call):  # the app was there: they were gone before it could answer
        (row,) = CHANGE.all(connection, its | {"reason": Reason.HUNG_UP})
        stands = to_model(Call, row)
    if again:
        says = again(stands, to_models(Consent, CONSENTS_OF_CALL.all(connection, its)))
        if isinstance(says, Moment):
            new = {"new_at": says.at, "new_steady": says.steady, "new_leg": stands.call_sid}
            PLAY_NOTICE.all(connection, its | new)
        elif says:
            new = {"new_outcome": Outcome.NOT_RECORDED, "new_reason": says, "new_end": None}
            CLOSE.all(connection, its | new)
    return stands


def _ended(connection: Connection, call: Call, *, answered: bool) -> EndedCall:
    """Return what has to be known of a call that ends."""
    legs: list[Leg] = []
    if is_queue(call.dial):
        legs = to_models(Leg, connection.execute(LEGS, {"sids": [call.call_sid]}))
    announcement = None
    if call.outcome is Outcome.OPEN and call.announcement and call.announced_at and not answered:
        kept = IS_KEPT.first(connection, {"hash": call.announcement})
        announcement = to_model(Announcement, kept) if kept else None
    return EndedCall(call, answered, tuple(legs), announcement)


def fill_line(connection: Connection, line: Call) -> None:
    """Let a line that has no number have those of `line`, and its direction and channels."""
    row = to_row(line, calls)
    changes = {name: row[name] for name in (*NUMBERS, *WRITTEN, "tail", "channel_map")}
    without = calls.c.customer_number == NOT_KNOWN
    its_own = of_call(calls, line.account_sid, line.call_sid)
    connection.execute(update(calls).where(its_own, without).values(changes))
