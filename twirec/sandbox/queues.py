"""Queues: Enqueue waits in one, and a Dial with Queue takes whoever waits longest.

https://www.twilio.com/docs/voice/twiml/enqueue and https://www.twilio.com/docs/voice/twiml/queue
"""

from __future__ import annotations

from contextlib import suppress

from twirec.sandbox.bridge import LONGEST, Bridge
from twirec.sandbox.clock import HungUp, Interrupted, SideOver, Turned
from twirec.sandbox.documents import send
from twirec.sandbox.hold import Left, listen, tell
from twirec.sandbox.orders import dial_order, record
from twirec.sandbox.outcome import Outcome
from twirec.sandbox.recorder import Recorder
from twirec.sandbox.rooms import Queue
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Ended, Stage
from twirec.sandbox.twiml import BAD_DOCUMENT, TwimlError, Verb
from twirec.sandbox.waiting import Meeting, Waiting

_FOREVER = 1e6  # seconds
_NO_SUCH_QUEUE = 14210


def enqueue(stage: Stage, verb: Verb) -> Next | None:
    """Wait in a queue until somebody dials it, and talk with them.

    Whoever is told something first, and is left while they hear it, waits again, before all
    others; Twilio does not document what becomes of them. When they hang up while they hear it,
    the result is `hangup`, as they were not connected.
    """
    stage.answer()
    if not verb.text:
        raise TwimlError(BAD_DOCUMENT, "Enqueue has no name")
    stage.log("Enqueue", verb.text)
    queue = stage.house.rooms.make_queue(verb.text, stage.clock.stamp())
    place = Waiting(stage, stage.clock.second, stage.clock.stamp())
    try:
        _wait(stage, verb, queue, place)
    except Left:
        return _action(stage, verb, queue, place, "leave")
    except (HungUp, Ended):
        stage.afterwards = _action(stage, verb, queue, place)
        raise
    except Turned:
        # Taken out of the queue over REST: the action is told, and what it answers is not run.
        if action := _action(stage, verb, queue, place, "redirected"):
            send(stage, action)
        raise
    finally:
        _leave(queue, place)
    return _action(stage, verb, queue, place)


def dial_queue(stage: Stage, verb: Verb, outcome: Outcome) -> None:
    """Connect the caller, as channel 1, with whoever has waited longest in a queue.

    When those hang up while they are told something first, it is the next one's turn.
    """
    queue = stage.house.rooms.queue(verb.children[0].text)
    if queue is None:
        stage.log("warning", "Dial: there is no such queue", _NO_SUCH_QUEUE)
        return
    outcome.status = "canceled"  # in case the caller hangs up now
    until = stage.clock.second + verb.seconds("timeout", 30)
    while meeting := _take(stage, verb, queue, until):
        if _talk(stage, verb, meeting, outcome):
            return
    outcome.status = "no-answer"


def _wait(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> None:
    _come(queue, place)
    meeting = _taken(stage, verb, queue, place)
    while (bridge := _connected(stage, meeting)) is None:
        _come(queue, place, first=True)
        stage.log("Enqueue", "waits again")
        meeting = _taken(stage, verb, queue, place)
    over = bridge.second_began + bridge.length_for_second(meeting.longest)
    _stay(stage, meeting, over, meeting.ahead)


def _come(queue: Queue, place: Waiting, first: bool = False) -> None:
    with place.stage.house.rooms.lock:
        place.meeting = None
        queue.waiting.insert(0 if first else len(queue.waiting), place)
        for clock in queue.takers:
            clock.wake()


def _leave(queue: Queue, place: Waiting) -> None:
    with place.stage.house.rooms.lock:
        if place in queue.waiting:
            queue.waiting.remove(place)
        if meeting := place.meeting:
            meeting.part(meeting.second)


def _taken(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> Meeting:
    while place.meeting is None:
        try:
            if "waitUrl" in verb.attributes:
                listen(stage, verb, queue, place)
            stage.clock.wait(_FOREVER, lambda: place.meeting is not None)
        except (Interrupted, SideOver):
            stage.log("Enqueue", "dequeued")
    return place.meeting


def _connected(stage: Stage, meeting: Meeting) -> Bridge | None:
    """Return what connects a caller, once they were told what there was to tell them."""
    if meeting.first:
        meeting.begin()
        try:
            tell(stage, meeting)
        except SideOver:
            return None
        meeting.connect(meeting.second)
    return meeting.bridge


def _stay(stage: Stage, meeting: Meeting, over: float, offset: float) -> None:
    """Wait until a second of the leg, or until the other side leaves; `offset` makes it theirs."""
    clock = stage.clock
    try:
        clock.wait(max(0.0, over - clock.second), lambda: meeting.parted_at is not None)
    except Interrupted:
        # The other thread was a moment faster: both end at the same second nevertheless.
        parted = over if meeting.parted_at is None else meeting.parted_at - offset
        clock.wait(max(0.0, parted - clock.second))


def _action(
    stage: Stage, verb: Verb, queue: Queue, place: Waiting, result: str = ""
) -> Next | None:
    if "action" not in verb.attributes:
        return None
    bridged = place.meeting is not None and place.meeting.bridge is not None
    params = {
        "QueueResult": "bridged" if bridged else result or "hangup",
        "QueueSid": queue.sid,
        "QueueTime": str(place.queue_time),
    }
    return stage.step(verb, params)


def _take(stage: Stage, verb: Verb, queue: Queue, until: float) -> Meeting | None:
    clock, lock = stage.clock, stage.house.rooms.lock
    with lock:
        queue.takers.append(clock)
    try:
        while True:
            with lock:
                if queue.waiting:
                    return _meet(stage, verb, queue, queue.waiting.pop(0))
            try:
                clock.wait(max(0.0, until - clock.second), lambda: bool(queue.waiting))
            except Interrupted:
                continue
            return None
    finally:
        with lock:
            queue.takers.remove(clock)


def _meet(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> Meeting:
    """Take somebody out of the queue, and connect them if there is nothing to tell them."""
    longest, waited = float(verb.seconds("timeLimit", LONGEST)), place.queue_time
    first = _first(stage, verb.children[0], queue, waited)
    meeting = Meeting(stage, place.stage, waited, longest, first)
    if first is None:
        meeting.connect(stage.clock.second)
    place.meeting = meeting  # seen by the caller's thread at once, so only when it is whole
    place.stage.clock.wake()
    return meeting


def _first(stage: Stage, noun: Verb, queue: Queue, waited: int) -> Next | None:
    if "url" not in noun.attributes:
        return None
    params = {
        "QueueSid": queue.sid,
        "QueueTime": str(waited),
        "DequeingCallSid": stage.call.sid,  # Twilio's spelling
    }
    return Next(stage.absolute(noun.attributes["url"]), noun.get("method", "POST"), params)


def _talk(stage: Stage, verb: Verb, meeting: Meeting, outcome: Outcome) -> bool:
    """Wait until the other side was told, talk with them, and return whether that was so."""
    recorder = _record(stage, verb, meeting, outcome)
    try:
        _await(stage, meeting)
        if bridge := meeting.bridge:
            _stay(stage, meeting, bridge.begin + bridge.length(meeting.longest), 0.0)
    finally:
        meeting.part(stage.clock.second)
        if recorder:
            recorder.stop()
        if bridge := meeting.bridge:
            bridge.close()
            outcome.status, outcome.bridged, outcome.call = "completed", True, meeting.caller.call
            outcome.seconds = stage.clock.second - bridge.begin
    return meeting.bridge is not None


def _await(stage: Stage, meeting: Meeting) -> None:
    if meeting.settled:
        return
    with suppress(Interrupted):
        # In the caller's time, so that the length of what they are told is exact on both legs.
        stage.clock.wait(_FOREVER, lambda: meeting.settled, lambda: meeting.second)


def _record(stage: Stage, verb: Verb, meeting: Meeting, outcome: Outcome) -> Recorder | None:
    order = dial_order(stage, verb)
    if order is None:
        return None
    # It begins when the caller is taken, so before and during what the `url` says to them;
    # whether Twilio waits for the end of that is not documented.
    recorder = record(stage, order, sides=meeting.sides)
    outcome.recording = recorder.recording
    return recorder
