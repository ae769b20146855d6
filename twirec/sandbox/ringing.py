"""Dialling people: Number, Client and Sip ring together, and the first to answer has the call.

https://www.twilio.com/docs/voice/twiml/number, https://www.twilio.com/docs/voice/twiml/client and
https://www.twilio.com/docs/voice/twiml/sip
"""

from __future__ import annotations

import math
from datetime import datetime

from twirec.sandbox.addresses import BAD_NUMBER, PERSONAL, address, is_address
from twirec.sandbox.bridge import LONGEST, Bridge
from twirec.sandbox.clock import Interrupted, SideOver
from twirec.sandbox.leg import Leg
from twirec.sandbox.orders import dial_order, record
from twirec.sandbox.outcome import Outcome
from twirec.sandbox.recorder import Recorder
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import Verb
from twirec.sandbox.whisper import whisper

_BAD_CALLER_ID = 13214
_NO_REFER_URL = 13802


def ring(stage: Stage, verb: Verb, outcome: Outcome) -> None:
    """Ring everybody, and connect the caller to whoever answers first."""
    nouns = verb.children or (verb,)
    addresses = [address(noun) for noun in nouns]
    caller_id = verb.get("callerId", stage.call.from_)
    if problem := _problem(stage, addresses, caller_id):
        stage.log("warning", *problem)
        return
    people = list(zip(nouns, addresses, strict=True))
    # One after the other, each with the whole timeout, or all together.
    rounds = [[each] for each in people] if verb.flag("sequential") else [people]
    for rung in rounds:
        legs = [Leg(stage, noun, caller_id, to) for noun, to in rung]
        if _Ringing(stage, verb, outcome).run(legs):
            return


def _problem(stage: Stage, addresses: list[str], caller_id: str) -> tuple[str, int] | None:
    for to in addresses:
        if not is_address(to):
            return "Dial: invalid phone number format", BAD_NUMBER
    call, account = stage.call, stage.account
    known = {call.from_, *account.numbers}
    if not call.from_.startswith(PERSONAL):
        known.add(
            call.to
        )  # of a client's call that is whom they want to reach, not a number of ours
    to_phones = not all(to.startswith(PERSONAL) for to in addresses)
    if caller_id not in known or (to_phones and caller_id.startswith(PERSONAL)):
        return "Dial: invalid callerId", _BAD_CALLER_ID
    return None


class _Ringing:
    def __init__(self, stage: Stage, verb: Verb, outcome: Outcome) -> None:
        self._stage = stage
        self._verb = verb
        self._outcome = outcome
        self._since = stage.clock.second, stage.clock.stamp()

    def run(self, legs: list[Leg]) -> bool:
        """Ring, talk with whoever answers first, and return whether somebody did."""
        self._outcome.status, self._outcome.call = "canceled", legs[0].call
        ringing = list(legs)
        try:
            answered = self._first_to_answer(ringing)
            if answered is None:
                return False
            self._outcome.call = answered.call
            _end(ringing, "canceled")
            self._talk(answered)
            return True
        finally:
            _end(ringing, self._outcome.status)

    def _first_to_answer(self, ringing: list[Leg]) -> Leg | None:
        clock, begin = self._stage.clock, self._since[0]
        patience = float(self._verb.seconds("timeout", 30))
        while ringing:
            leg = min(ringing, key=lambda leg: leg.reacts_after)
            until = min(leg.reacts_after, patience)
            try:
                clock.wait(begin + until - clock.second, lambda: any(one.gone for one in ringing))
            except Interrupted:
                self._drop([one for one in ringing if one.gone], ringing, "canceled")
                continue
            if leg.reacts_after > patience:
                self._outcome.status = "no-answer"
                return None
            if not leg.party.refuses:
                ringing.remove(leg)
                return leg
            self._drop([leg], ringing, leg.party.refuses)
        return None

    def _drop(self, gone: list[Leg], ringing: list[Leg], status: str) -> None:
        self._outcome.status = status
        for leg in gone:
            ringing.remove(leg)
            leg.end(status)

    def _talk(self, leg: Leg) -> None:
        leg.pick_up()
        recorder = self._record(leg)
        try:
            if self._connected(leg):
                self._outcome.status, self._outcome.bridged = "completed", True
                self._converse(leg)
            else:
                self._outcome.status = "no-answer"
        finally:
            self._outcome.seconds = leg.seconds if self._outcome.bridged else None
            leg.leave()
            if recorder:
                recorder.stop()

    def _connected(self, leg: Leg) -> bool:
        try:
            leg.send_digits()
        except SideOver:
            return False
        # A leg may have been ended or sent elsewhere just as the whisper was over.
        return not leg.url or (whisper(leg.stage, leg.url, leg.method) and not leg.gone)

    def _converse(self, leg: Leg) -> None:
        bridge = Bridge(self._stage, leg.stage)
        seconds = bridge.length(float(self._verb.seconds("timeLimit", LONGEST)))
        refers_in = self._refers_in(leg)
        try:
            self._stage.clock.wait(min(seconds, refers_in), lambda: leg.gone)
            if refers_in < seconds and not self._refer(leg.party.refers_to):
                self._stage.clock.wait(seconds - refers_in, lambda: leg.gone)
        except Interrupted:
            self._stage.log("Dial", "the other leg was ended from outside")
        finally:
            bridge.close()

    def _refers_in(self, leg: Leg) -> float:
        """Return in how many seconds a SIP phone sends the caller elsewhere; endless for never."""
        if not leg.party.refers_to or not leg.call.to.startswith("sip"):
            return math.inf
        return max(0.0, leg.stage.zero + leg.party.refers_after - self._stage.clock.second)

    def _refer(self, target: str) -> bool:
        """Send the caller elsewhere if the app says how, and return whether it does."""
        # https://www.twilio.com/docs/voice/api/refer-to-twilio
        url = self._verb.get("referUrl", "")
        if not url:
            self._stage.log("warning", "Dial: no referUrl", _NO_REFER_URL)
            return False
        self._stage.log("Dial", f"referred to {target}")
        method = self._verb.get("referMethod", "POST")
        told = {"ReferTransferTarget": f"<{target}>"}
        self._outcome.referred = Next(self._stage.absolute(url), method, told)
        return True

    def _record(self, leg: Leg) -> Recorder | None:
        order = dial_order(self._stage, self._verb)
        if order is None:
            return None
        since: tuple[float, datetime] | None = None
        if "-from-ringing" in self._verb.get("record", ""):
            since = self._since
        # It begins when the callee answers, so before and during what their `url` says to them;
        # whether Twilio waits for the end of that is not documented.
        recorder = record(self._stage, order, sides=leg.sides, since=since)
        self._outcome.recording = recorder.recording
        return recorder


def _end(legs: list[Leg], status: str) -> None:
    while legs:
        legs.pop().end(status)
