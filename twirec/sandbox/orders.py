"""What TwiML and REST ask to be recorded, and how it is begun on a leg.

https://www.twilio.com/docs/voice/twiml/dial#record, https://www.twilio.com/docs/voice/twiml/record,
https://www.twilio.com/docs/voice/twiml/recording, https://www.twilio.com/docs/voice/twiml/conference
and https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import re
from datetime import datetime

from twirec.sandbox.recorder import Order, Recorder, Sides
from twirec.sandbox.recording import Recording
from twirec.sandbox.script import Subscription
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import Verb

EVENTS = re.compile(r"(in-progress|completed|absent)( +(in-progress|completed|absent))*")
"""The events of a recording that can be subscribed to."""

_BAD_EVENTS = 13229


def dial_order(stage: Stage, verb: Verb) -> Order | None:
    """Return what a Dial asks for, if anything. It trims only when told to."""
    record = verb.get("record", "do-not-record")
    if record == "do-not-record":
        return None
    channels = 2 if record.endswith("-dual") else 1
    return order(
        stage, verb, "DialVerb", channels, verb.get("recordingTrack", "both"), "do-not-trim"
    )


def order(
    stage: Stage, verb: Verb, source: str, channels: int, track: str, trim: str, dual: bool = True
) -> Order:
    """Return what a verb asks for; `trim` is what it does when it does not say."""
    if track != "both":  # one side alone is always a file of one channel
        channels, dual = 1, False
    trims = verb.get("trim", trim) == "trim-silence"
    return Order(source, channels, trims, track, dual, _subscription(stage, verb))


def record(
    stage: Stage,
    order: Order,
    name: str = "",
    sides: Sides | None = None,
    since: tuple[float, datetime] | None = None,
) -> Recorder:
    """Begin a recording on a leg.

    Args:
        stage: the leg.
        order: how.
        name: what TwiML may call it.
        sides: what is on which channel; by default what the person says and what they hear.
        since: the call second and the stamp at which it began; by default now.
    """
    begin, started = since or (stage.clock.second, stage.clock.stamp())
    recording = Recording(
        stage.call.sid,
        started=started,
        source=order.source,
        channels=order.channels,
        dual=order.dual,
        track=order.track,
        faults=stage.call.faults,
    )
    recorder = Recorder(
        stage.account,
        recording,
        order,
        clock=stage.clock,
        begin=begin,
        sides=sides or stage.sides,
        callbacks=stage.callbacks,
        pause=stage.house.pause,
    )
    stage.recorders.add(recorder, name)
    return recorder


def _subscription(stage: Stage, verb: Verb) -> Subscription | None:
    url = verb.get("recordingStatusCallback", "")
    events = verb.get("recordingStatusCallbackEvent", "completed")
    if not url:
        return None
    if not EVENTS.fullmatch(events):
        # Such as the "['completed', 'absent']" that the official library makes of a list.
        text = f"{verb.name}: invalid recordingStatusCallbackEvent {events}"
        stage.log("warning", text, _BAD_EVENTS)
        return None
    method = verb.get("recordingStatusCallbackMethod", "POST")
    return Subscription(stage.absolute(url), method, frozenset(events.split()))
