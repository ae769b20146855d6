"""How a call stands, in one word: what lists, pages, an agent's desk and commands say of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from twirec.model.records import CallRecord, Recording
from twirec.model.states import STORED, State
from twirec.model.vocabulary import Outcome, Reason

LONGEST_CALL = timedelta(hours=24)
"""After which Twilio ends a call: whatever is older and not said to have ended goes on no more.

Source: https://www.twilio.com/docs/voice/api/call-resource, `TimeLimit`.
"""


class CallState(StrEnum):
    """How a call stands at a moment."""

    GOING_ON = "going_on"
    """It goes on, and nothing of it is recorded so far: it rings, or the announcement is played."""
    RECORDING = "recording"
    """It goes on and is being recorded."""
    PAUSED = "paused"
    """It goes on, and all that is recorded of it is paused: what is said now is silence."""
    ON_ITS_WAY = "on_its_way"
    """It ended, and its recording is still to come or to be copied."""
    STUCK = "stuck"
    """Copying its recording failed too often: it stays at Twilio until that is tried again."""
    GIVEN_UP = "given_up"
    """Its recording is at Twilio, and somebody decided that it stays there."""
    ARCHIVED = "archived"
    """Its recording is in the bucket, compared with what Twilio said of it."""
    ELSEWHERE = "elsewhere"
    """Twilio put its recording into the company's own S3."""
    RECORDED = "recorded"
    """It was recorded; what became of it is not for who asks."""
    NOT_RECORDED = "not_recorded"
    """It was not recorded, or nothing came of it; the line says why."""
    ERASING = "erasing"
    """Its recording is being destroyed."""
    ERASED = "erased"
    """Its recording was destroyed."""


BY_LEDGER = {
    Outcome.OPEN: CallState.ON_ITS_WAY,
    Outcome.OWED: CallState.ON_ITS_WAY,
    Outcome.RECORDED: CallState.RECORDED,
    Outcome.NOT_RECORDED: CallState.NOT_RECORDED,
}
"""What the ledger says of a call that is over and of which no recording tells more."""


def call_state(record: CallRecord, now: datetime) -> CallState:
    """Return how a call stands, by its line and by what is recorded of it.

    Of several recordings the one says it that stands worst: what is recorded now, before what
    stands still, before what is to come, before what is done.

    Args:
        record: the call, with the recordings that who asks may know of.
        now: UTC.
    """
    if _goes_on(record, now):
        live = {each.sid for each in record.recordings if each.state is State.RECORDING}
        if live:
            paused = {each.recording_sid for each in record.pauses if each.resumed_at is None}
            return CallState.PAUSED if live <= paused else CallState.RECORDING
        if record.call.outcome is not Outcome.NOT_RECORDED and not record.recordings:
            return CallState.GOING_ON
    stand = {_of(each) for each in record.recordings}
    worst = next((state for state in FROM_RECORDINGS if state in stand), None)
    if worst is not None:
        return worst
    if record.call.reason is Reason.GIVEN_UP:
        return CallState.GIVEN_UP
    return BY_LEDGER[record.call.outcome]


FROM_RECORDINGS = (
    CallState.STUCK,
    CallState.GIVEN_UP,
    CallState.ON_ITS_WAY,
    CallState.ARCHIVED,
    CallState.ELSEWHERE,
    CallState.ERASING,
    CallState.ERASED,
)
"""What a recording can say of its call once it is not recorded any more, the worst first."""


def _of(recording: Recording) -> CallState | None:
    """Return how a call stands by one of its recordings; None if that says nothing of it."""
    if recording.state in STORED:
        return CallState.ARCHIVED
    if recording.state is State.COMPLETED and recording.given_up:
        return CallState.GIVEN_UP
    if recording.state is State.COMPLETED and recording.parked:
        return CallState.STUCK
    return {
        State.RECORDING: CallState.ON_ITS_WAY,
        State.COMPLETED: CallState.ON_ITS_WAY,
        State.EXTERNAL: CallState.ELSEWHERE,
        State.ERASING: CallState.ERASING,
        State.ERASED: CallState.ERASED,
    }.get(recording.state)


def _goes_on(record: CallRecord, now: datetime) -> bool:
    return record.call.ended_at is None and now - record.call.started_at < LONGEST_CALL
