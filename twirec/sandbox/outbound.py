"""Calls that are placed over REST: how they are answered, and by what.

https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource and
https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from twirec.sandbox.clock import HungUp
from twirec.sandbox.orders import record
from twirec.sandbox.parties import last_word
from twirec.sandbox.progress import Progress
from twirec.sandbox.recorder import Order
from twirec.sandbox.script import Next, Script
from twirec.sandbox.stage import Stage

DETECTION = 3.0
"""Call seconds that machine detection takes."""

_FOUND = {"human": "human", "machine": "machine_start", "fax": "fax", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Placing:
    """A call to be placed.

    Attributes:
        script: what is run once it is answered, and who is told.
        timeout: how many seconds it rings at most.
        order: how it is recorded from the answer on; None for not at all.
        detects: `Enable` or `DetectMessageEnd`: find out who or what answered, before the first
            document is asked for; empty for not.
        digits: keys that Twilio presses once it is answered.
    """

    script: Script
    timeout: float = 60.0
    order: Order | None = None
    detects: str = ""
    digits: str = ""


def picked_up(stage: Stage, placing: Placing, progress: Progress) -> bool:
    """Ring until the call is answered, and return whether it was and still is.

    Its clock is at minus the seconds for which it rings.
    """
    call = stage.call
    progress.tell("initiated")
    call.status = "ringing"
    progress.tell("ringing")
    if status := _rung_out(stage, placing):
        call.end(status, stage.clock.stamp(), 0)
        return False
    stage.answer()
    progress.tell("answered")
    if placing.order:
        record(stage, placing.order)
    if placing.digits:
        stage.log("SendDigits", placing.digits)
    return not placing.detects or _detected(stage, placing.detects)


def first_document(stage: Stage, script: Script) -> Next | bytes:
    """Return a call's first document, whose request is told what machine detection found."""
    if isinstance(script.first, Next) and stage.call.answered_by:
        return replace(script.first, params={"AnsweredBy": stage.call.answered_by})
    return script.first


def _rung_out(stage: Stage, placing: Placing) -> str:
    """Return how the call ended unanswered; empty if it was answered."""
    party = stage.caller
    try:
        stage.clock.wait(-stage.clock.second)
    except HungUp:
        return "canceled"
    if not (party.answers or party.refuses) or party.answers_after > placing.timeout:
        return "no-answer"
    return party.refuses


def _detected(stage: Stage, detects: str) -> bool:
    party = stage.caller
    waits_for_beep = party.kind == "machine" and detects == "DetectMessageEnd"
    seconds = max(DETECTION, last_word(party.spoken())) if waits_for_beep else DETECTION
    try:
        stage.clock.wait(seconds)
    except HungUp:
        stage.recorders.stop()
        stage.call.end("completed", stage.clock.stamp(), stage.seconds_answered)
        return False
    stage.call.answered_by = "machine_end_beep" if waits_for_beep else _FOUND[party.kind]
    stage.log("MachineDetection", stage.call.answered_by)
    return True
