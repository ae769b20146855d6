"""The Dial verb with Number: ring, connect, record, and tell how it went.

https://www.twilio.com/docs/voice/twiml/dial and https://www.twilio.com/docs/voice/twiml/number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from twirec.sandbox.audio import RATE, Talk
from twirec.sandbox.clock import HungUp
from twirec.sandbox.parties import Party, last_word, track
from twirec.sandbox.recorder import Recorder
from twirec.sandbox.stage import Next, Stage
from twirec.sandbox.state import Call
from twirec.sandbox.twiml import BAD_SCHEMA, TwimlError, Verb

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MOST_NUMBERS = 10
_BAD_NUMBER = 13223
_BAD_CALLER_ID = 13214


@dataclass(frozen=True, slots=True)
class _Leg:
    call: Call
    party: Party


def dial(stage: Stage, verb: Verb) -> Next | None:
    """Connect the caller to the first of the numbers that picks up."""
    return _Dialling(stage, verb).run()


class _Dialling:
    def __init__(self, stage: Stage, verb: Verb) -> None:
        self._stage = stage
        self._verb = verb
        self._numbers = [number.text for number in verb.children] or [verb.text]
        self._caller_id = verb.get("callerId", stage.call.from_)
        self._records = verb.get("record", "do-not-record")
        self._legs: list[_Leg] = []

    def run(self) -> Next | None:
        if len(self._numbers) > _MOST_NUMBERS or (self._verb.children and self._verb.text):
            raise TwimlError(BAD_SCHEMA, "Dial takes one number as text, or up to ten Number")
        if not self._verb.flag("answerOnBridge"):
            self._stage.answer()
        self._stage.log("Dial", " ".join(self._numbers))
        if problem := self._problem():
            self._stage.log("warning", *problem)
            return self._after("failed")
        return self._ring()

    def _problem(self) -> tuple[str, int] | None:
        if not all(_E164.fullmatch(number) for number in self._numbers):
            return "Dial: invalid phone number format", _BAD_NUMBER
        call, account = self._stage.call, self._stage.account
        if self._caller_id not in {call.from_, call.to, *account.numbers}:
            return "Dial: invalid callerId", _BAD_CALLER_ID
        return None

    def _ring(self) -> Next | None:
        clock = self._stage.clock
        begin, started = clock.second, clock.stamp()
        self._legs = [self._leg(number) for number in self._numbers]
        patience = self._verb.seconds("timeout", 30)
        takers = [leg for leg in self._legs if _takes(leg.party, patience)]
        winner = min(takers, key=lambda leg: leg.party.answers_after, default=None)
        try:
            clock.wait(winner.party.answers_after if winner else patience)
        except HungUp:
            self._stage.afterwards = self._after("canceled")
            raise
        if winner is None:
            return self._after("no-answer")
        return self._talk(winner, begin, started)

    def _leg(self, number: str) -> _Leg:
        stage = self._stage
        call = Call(
            self._caller_id,
            number,
            "outbound-dial",
            created=stage.clock.stamp(),
            parent_sid=stage.call.sid,
        )
        call.status = "ringing"
        stage.account.add(call)
        registered = stage.account.parties.get(number, Party())
        return _Leg(call, stage.call.callee or registered)

    def _talk(self, leg: _Leg, ringing: float, rang: datetime) -> Next | None:
        stage, answered = self._stage, self._stage.clock.second
        stage.bridge()
        leg.call.status, leg.call.started = "in-progress", stage.clock.stamp()
        for other in self._legs:
            if other is not leg:
                other.call.end("canceled", stage.clock.stamp(), 0)
        recorder = None
        if self._records != "do-not-record":
            from_ringing = "-from-ringing" in self._records
            begin, started = (ringing, rang) if from_ringing else (answered, stage.clock.stamp())
            recorder = Recorder(stage, self._verb, begin, started)
        try:
            stage.clock.wait(self._length(leg.party, answered))
        except HungUp:
            stage.afterwards = self._hang_up(leg, answered, recorder)
            raise
        return self._hang_up(leg, answered, recorder)

    def _length(self, callee: Party, answered: float) -> float:
        limit = float(self._verb.seconds("timeLimit", 4 * 3600))
        if callee.hangs_up_after is not None:
            return min(limit, callee.hangs_up_after)
        if self._stage.clock.leaves_at is not None:
            return limit
        stage = self._stage
        caller = (stage.caller_origin or 0.0) + last_word(stage.caller.spoken()) - answered
        return min(limit, max(caller, last_word(callee.spoken()), 0.0) + 1)

    def _hang_up(self, leg: _Leg, answered: float, recorder: Recorder | None) -> Next | None:
        clock = self._stage.clock
        leg.call.end("completed", clock.stamp(), clock.second - answered)
        if recorder:
            recorder.stop(self._conversation(leg.party, answered, recorder.begin))
        return self._after("completed", leg.call, recorder)

    def _conversation(self, callee: Party, answered: float, begin: float) -> Talk:
        stage = self._stage
        return Talk(
            track(stage.caller.spoken(), stage.caller_origin or 0.0, begin),
            track(callee.spoken(), answered, begin),
            round((stage.clock.second - begin) * RATE),
        )

    def _after(
        self, status: str, child: Call | None = None, recorder: Recorder | None = None
    ) -> Next | None:
        """Close what still rings, and return the request to the action, if there is one."""
        for leg in self._legs:
            if leg.call.ended is None:
                leg.call.end(status, self._stage.clock.stamp(), 0)
        self._stage.log("Dial", status)
        if "action" not in self._verb.attributes:
            return None
        params = {"DialCallStatus": status, "DialBridged": str(child is not None).lower()}
        if self._legs:
            params["DialCallSid"] = (child or self._legs[0].call).sid
        if child:
            params["DialCallDuration"] = str(child.duration)
        if recorder:
            params["RecordingSid"] = recorder.recording.sid
            params["RecordingUrl"] = self._stage.account.media_url(recorder.recording)
        return self._stage.step(self._verb, params)


def _takes(party: Party, patience: float) -> bool:
    return party.answers and party.answers_after <= patience
