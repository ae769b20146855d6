"""What a call's line says of its recordings: that there is one, or why there is none."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update

from twirec.catalog.conditions import of_call
from twirec.catalog.events import write_event
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.tables import calls, recordings
from twirec.model.events import EventType
from twirec.model.records import Recording
from twirec.model.states import NOTHING_THERE, Standstill, State
from twirec.model.vocabulary import NOTHING_CAME, Outcome, Reason, why_nothing

GIVEN_UP = recordings.c.standstill.is_not_distinct_from(Standstill.GIVEN_UP)
NO_OTHER_REASON = tuple(NOTHING_CAME)
MAY_BE_RECORDED = (Outcome.OPEN, Outcome.OWED, Outcome.RECORDED)


def line_of(account_sid: str, call_sid: str | None) -> dict[str, Any]:
    """Return what names a call's line in statements that lock it, or say something on it."""
    return {"line_account": account_sid, "line_call": call_sid or ""}


ITS_LINE = of_call(calls, bindparam("line_account"), bindparam("line_call"))
LOCKING = select(calls.c.call_sid).where(ITS_LINE).with_for_update(key_share=True)
"""What locks a call's line, so that what others said of it just now is seen by the next statement.

On SQLite, which has one writer at a time, that is so from the begin. Beside what is written of a
recording it locks after that: whoever waits for the line may have the recording, never the other
way round.
"""

LOCK = LOCKING.scalar_subquery().label("locked")


def lock_line(connection: Connection, account_sid: str, call_sid: str | None) -> None:
    """Let nobody else change a call's line before the transaction ends; see `LOCKING`."""
    if connection.dialect.name == "postgresql":
        LOCK_LINE.all(connection, line_of(account_sid, call_sid))


def tell_ledger(connection: Connection, recording: Recording, *, is_locked: bool = False) -> None:
    """Say on the call's line whether it was recorded, and in an event that it is lost.

    `is_locked` is whether the line was locked with what was written of the recording.
    """
    if recording.state is State.LOST:
        write_event(connection, EventType.LOST, recording)
    its = line_of(recording.account_sid, recording.call_sid)
    why = why_none(recording)
    if why is None:
        SAY_RECORDED.all(connection, its)
        return
    if not is_locked:
        lock_line(connection, recording.account_sid, recording.call_sid)
    SAY_NOTHING.all(connection, its | {"why": why})


def _line_statements() -> tuple[Prepared, Prepared, Prepared]:
    """Return what says on a line that it is recorded, that it is not, and that it is if it is."""
    other = exists().where(
        of_call(recordings, bindparam("line_account"), bindparam("line_call")),
        ~one_of(recordings.c.state, NOTHING_THERE),
        ~GIVEN_UP,
    )
    may_say = one_of(calls.c.outcome, MAY_BE_RECORDED) | one_of(calls.c.reason, NO_OTHER_REASON)
    recorded = update(calls).where(ITS_LINE).values(outcome=Outcome.RECORDED, reason=None)
    nothing = update(calls).where(ITS_LINE, may_say, ~other)
    why = bindparam("why", type_=calls.c.reason.type)
    nothing = nothing.values(outcome=Outcome.NOT_RECORDED, reason=why)
    return Prepared(recorded), Prepared(nothing), Prepared(recorded.where(other))


LOCK_LINE = Prepared(LOCKING)
SAY_RECORDED, SAY_NOTHING, SAY_RECORDED_ALREADY = _line_statements()


def tell_late_line(connection: Connection, account_sid: str, call_sid: str) -> None:
    """Say on a line that was written late that its call was recorded, if it was all the same."""
    SAY_RECORDED_ALREADY.all(connection, line_of(account_sid, call_sid))


def why_none(recording: Recording) -> Reason | None:
    """Return why a recording is none for its call; None if it is one."""
    if recording.given_up:
        return Reason.GIVEN_UP
    if recording.state not in NOTHING_THERE:
        return None
    return Reason.LOST if recording.state is State.LOST else why_nothing(recording.error_code)
