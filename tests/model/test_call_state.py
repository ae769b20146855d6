"""How a call stands, in one word: a table of lines and recordings, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import a_call, a_recording, recording_sid
from twirec import CallRecord, CallState, Outcome, Pause, Reason, Standstill, State, call_state
from twirec.model.records import Recording

CALL = a_call()
START = CALL.started_at
NOW = START + timedelta(minutes=3)
ENDED = {"ended_at": START + timedelta(minutes=2)}


def one(state: State, number: int = 1, **changes: object) -> Recording:
    return replace(a_recording(sid=recording_sid(number)), state=state, due_at=NOW, **changes)


LIVE, LIVE_TOO = one(State.RECORDING), one(State.RECORDING, 2)
WAITS, KEPT = one(State.COMPLETED), one(State.RELEASED, 2)
PARKED = replace(WAITS, due_at=None, last_error="VendorError: no")
GIVEN_UP = replace(PARKED, standstill=Standstill.GIVEN_UP)
UNDECIDED = replace(PARKED, standstill=Standstill.UNDECIDED)
STOPPED = Pause(recording_sid(1), START, "alex")
WENT_ON = replace(STOPPED, resumed_at=NOW)

TABLE = {
    "it rings": ({}, (), (), CallState.GOING_ON),
    "it is recorded": ({}, (LIVE,), (), CallState.RECORDING),
    "it is paused": ({}, (LIVE,), (STOPPED,), CallState.PAUSED),
    "one of two is paused": ({}, (LIVE, LIVE_TOO), (STOPPED,), CallState.RECORDING),
    "it goes on": ({}, (LIVE,), (WENT_ON,), CallState.RECORDING),
    "a second recording runs": ({}, (LIVE, KEPT), (), CallState.RECORDING),
    "refused, and still connected": (
        {"outcome": Outcome.NOT_RECORDED, "reason": Reason.REFUSED},
        (),
        (),
        CallState.NOT_RECORDED,
    ),
    "it ended, nobody told of the file": (ENDED, (LIVE,), (), CallState.ON_ITS_WAY),
    "it ended while it was paused": (ENDED, (LIVE,), (STOPPED,), CallState.ON_ITS_WAY),
    "it never said that it ended": (
        {"started_at": NOW - timedelta(hours=25)},
        (LIVE,),
        (),
        CallState.ON_ITS_WAY,
    ),
    "its file is owed": ({**ENDED, "outcome": Outcome.OWED}, (), (), CallState.ON_ITS_WAY),
    "its file waits": (ENDED, (WAITS,), (), CallState.ON_ITS_WAY),
    "of two files one waits": (ENDED, (WAITS, KEPT), (), CallState.ON_ITS_WAY),
    "copying failed too often": (ENDED, (PARKED, KEPT), (), CallState.STUCK),
    "time does not mend it": (ENDED, (UNDECIDED,), (), CallState.STUCK),
    "it was given up": (ENDED, (GIVEN_UP, KEPT), (), CallState.GIVEN_UP),
    "it was given up, says the line": (
        {**ENDED, "outcome": Outcome.NOT_RECORDED, "reason": Reason.GIVEN_UP},
        (),
        (),
        CallState.GIVEN_UP,
    ),
    "it is in the bucket": (ENDED, (KEPT,), (), CallState.ARCHIVED),
    "Twilio's copy is still there": (ENDED, (one(State.ARCHIVED),), (), CallState.ARCHIVED),
    "Twilio's copy cannot be deleted": (
        ENDED,
        (replace(PARKED, state=State.ARCHIVED),),
        (),
        CallState.ARCHIVED,
    ),
    "one of two was lost": (ENDED, (one(State.LOST), KEPT), (), CallState.ARCHIVED),
    "it is in the company's S3": (ENDED, (one(State.EXTERNAL),), (), CallState.ELSEWHERE),
    "it is being destroyed": (ENDED, (one(State.ERASING),), (), CallState.ERASING),
    "destroying it fails": (
        ENDED,
        (replace(PARKED, state=State.ERASING),),
        (),
        CallState.ERASING,
    ),
    "it was destroyed": (ENDED, (one(State.ERASED),), (), CallState.ERASED),
    "one of two was destroyed": (ENDED, (one(State.ERASED), KEPT), (), CallState.ARCHIVED),
    "it was lost": (
        {**ENDED, "outcome": Outcome.NOT_RECORDED, "reason": Reason.LOST},
        (one(State.LOST),),
        (),
        CallState.NOT_RECORDED,
    ),
    "what is kept of it is hidden": (
        {**ENDED, "outcome": Outcome.RECORDED},
        (),
        (),
        CallState.RECORDED,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_call_stands_as_the_table_says(case: str) -> None:
    changes, recordings, pauses, state = TABLE[case]
    record = CallRecord(replace(CALL, **changes), recordings=recordings, pauses=pauses)
    assert call_state(record, NOW) is state


def test_every_word_is_said_of_some_call() -> None:
    assert {state for *_, state in TABLE.values()} == set(CallState)
