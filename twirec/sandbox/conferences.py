"""Dial with Conference: the caller joins a room, and leaves it.

https://www.twilio.com/docs/voice/twiml/conference
"""

from __future__ import annotations

from collections.abc import Callable

from twirec.sandbox.bridge import LONGEST
from twirec.sandbox.clock import HungUp, Interrupted
from twirec.sandbox.conference import Conference, Member
from twirec.sandbox.orders import dial_order, order, record
from twirec.sandbox.outcome import Outcome
from twirec.sandbox.script import Subscription
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import BAD_DOCUMENT, TwimlError, Verb

ALONE = 600.0
"""Call seconds after which somebody hangs up who is alone, unless they know better when."""


def dial_conference(stage: Stage, verb: Verb, outcome: Outcome) -> None:
    """Let the caller into a conference until they leave or it ends."""
    noun = verb.children[0]
    if not noun.text:
        raise TwimlError(BAD_DOCUMENT, "Conference has no name")
    stage.answer()
    # What the page of Dial says is sent after a conference; there is no other leg to tell of.
    outcome.status, outcome.bridged = "answered", None
    wanted = dial_order(stage, verb)
    conference, member = _join(stage, noun)
    recorder = record(stage, wanted) if wanted else None
    outcome.recording = recorder.recording if recorder else None
    end = False
    try:
        end = _stay(conference, member, float(verb.seconds("timeLimit", LONGEST)))
    finally:
        with stage.house.rooms.lock:
            conference.leave(member, end=end)
            if conference.over:
                stage.callbacks.run(conference.callbacks.join)
        if recorder:
            recorder.stop()


def _join(stage: Stage, noun: Verb) -> tuple[Conference, Member]:
    rooms = stage.house.rooms
    with rooms.lock:
        conference = rooms.conference(noun.text, lambda: Conference(noun.text, stage))
        conference.to = conference.to or _told(stage, noun)
        if conference.order is None and noun.get("record", "") == "record-from-start":
            # Two channels are kept, but a download has one unless it asks for both.
            conference.order = order(stage, noun, "Conference", 1, "both", "trim-silence")
        joined = conference.clock.second
        member = Member(
            stage,
            joined,
            joined - stage.clock.second,
            conference.clock.stamp(),
            starts=noun.get("startConferenceOnEnter", "true") == "true",
            ends=noun.flag("endConferenceOnExit"),
            muted=noun.flag("muted"),
            label=noun.attributes.get("participantLabel"),
        )
        conference.enter(member)
    return conference, member


def _stay(conference: Conference, member: Member, longest: float) -> bool:
    """Wait, and return whether the conference ends because all have said everything."""
    clock = member.stage.clock
    limit = clock.second + longest
    while not (conference.over or member.kicked):
        with member.stage.house.rooms.lock:
            seen, patience = conference.changes, conference.patience(member)
            gives_up = conference.is_alone(member) and clock.leaves_at is None
        until = min(limit, clock.second + (ALONE if gives_up else patience))
        try:
            clock.wait(max(0.0, until - clock.second), _changed(conference, seen))
        except Interrupted:
            continue
        if gives_up and until < limit:
            raise HungUp
        return until < limit
    if conference.over_at is not None:
        # Everybody leaves at the second at which it ended, however fast each thread is.
        clock.wait(max(0.0, conference.over_at - member.offset - clock.second))
    return False


def _changed(conference: Conference, seen: int) -> Callable[[], bool]:
    return lambda: conference.changes != seen


def _told(stage: Stage, noun: Verb) -> Subscription | None:
    url = noun.attributes.get("statusCallback")
    if not url:
        return None
    events = frozenset(noun.get("statusCallbackEvent", "").split())
    return Subscription(stage.absolute(url), noun.get("statusCallbackMethod", "POST"), events)
