"""Queues: Enqueue waits in one, and a Dial with Queue takes whoever waits longest.

https://www.twilio.com/docs/voice/twiml/enqueue and https://www.twilio.com/docs/voice/twiml/queue
"""

from __future__ import annotations

from twirec.sandbox.bridge import LONGEST, Bridge
from twirec.sandbox.clock import HungUp, Interrupted, SideOver
from twirec.sandbox.hold import listen
from twirec.sandbox.orders import dial_order, record
from twirec.sandbox.outcome import Outcome
from twirec.sandbox.rooms import Queue
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import BAD_DOCUMENT, TwimlError, Verb
from twirec.sandbox.waiting import Waiting

_FOREVER = 1e6  # seconds
_NO_SUCH_QUEUE = 14210


def enqueue(stage: Stage, verb: Verb) -> Next | None:
    """Wait in a queue until somebody dials it, and talk with them."""
    stage.answer()
    if not verb.text:
        raise TwimlError(BAD_DOCUMENT, "Enqueue has no name")
    stage.log("Enqueue", verb.text)
    queue = stage.house.rooms.make_queue(verb.text)
    place = _come(stage, queue)
    try:
        _wait(stage, verb, queue, place)
    except HungUp:
        stage.afterwards = _action(stage, verb, queue, place)
        raise
    finally:
        with stage.house.rooms.lock:
            if place in queue.waiting:
                queue.waiting.remove(place)
            place.part()
    return _action(stage, verb, queue, place)


def dial_queue(stage: Stage, verb: Verb, outcome: Outcome) -> None:
    """Connect the caller, as channel 1, with whoever has waited longest in a queue."""
    queue = stage.house.rooms.queue(verb.children[0].text)
    if queue is None:
        stage.log("warning", "Dial: there is no such queue", _NO_SUCH_QUEUE)
        return
    outcome.status = "canceled"  # in case the caller hangs up now
    place = _take(stage, verb, queue)
    if place is None or place.bridge is None:
        outcome.status = "no-answer"
        return
    outcome.status, outcome.bridged, outcome.call = "completed", True, place.stage.call
    _converse(stage, verb, place, place.bridge, outcome)


def _come(stage: Stage, queue: Queue) -> Waiting:
    place = Waiting(stage, stage.clock.second)
    with stage.house.rooms.lock:
        queue.waiting.append(place)
        for clock in queue.takers:
            clock.wake()
    return place


def _wait(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> None:
    clock = stage.clock
    try:
        if "waitUrl" in verb.attributes:
            listen(stage, verb, queue, place)
        clock.wait(_FOREVER, lambda: place.bridge is not None)
    except (Interrupted, SideOver):
        stage.log("Enqueue", "dequeued")
    if place.bridge is None:
        return
    bridge, offset = place.bridge, place.bridge.begin - place.bridge.second_began
    over = bridge.second_began + bridge.length_for_second(place.longest)
    _stay(stage, place, over, offset)


def _stay(stage: Stage, place: Waiting, over: float, offset: float) -> None:
    """Wait until a second of the leg, or until the other side leaves; `offset` makes it theirs."""
    clock = stage.clock
    try:
        clock.wait(max(0.0, over - clock.second), lambda: place.parted_at is not None)
    except Interrupted:
        # The other thread was a moment faster: both end at the same second nevertheless.
        parted = over if place.parted_at is None else place.parted_at - offset
        clock.wait(max(0.0, parted - clock.second))


def _action(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> Next | None:
    if "action" not in verb.attributes:
        return None
    params = {
        "QueueResult": "bridged" if place.bridge else "hangup",
        "QueueSid": queue.sid,
        "QueueTime": str(int(place.queue_time)),
    }
    return stage.step(verb, params)


def _take(stage: Stage, verb: Verb, queue: Queue) -> Waiting | None:
    clock, lock = stage.clock, stage.house.rooms.lock
    until = clock.second + verb.seconds("timeout", 30)
    with lock:
        queue.takers.append(clock)
    try:
        while True:
            with lock:
                if queue.waiting:
                    place = queue.waiting.pop(0)
                    place.take(stage, float(verb.seconds("timeLimit", LONGEST)))
                    return place
            try:
                clock.wait(max(0.0, until - clock.second), lambda: bool(queue.waiting))
            except Interrupted:
                continue
            return None
    finally:
        with lock:
            queue.takers.remove(clock)


def _converse(stage: Stage, verb: Verb, place: Waiting, bridge: Bridge, outcome: Outcome) -> None:
    order = dial_order(stage, verb)
    recorder = record(stage, order, sides=bridge.sides) if order else None
    outcome.recording = recorder.recording if recorder else None
    try:
        _stay(stage, place, bridge.begin + bridge.length(place.longest), 0.0)
    finally:
        bridge.close()
        outcome.seconds = stage.clock.second - bridge.begin
        if recorder:
            recorder.stop()
        place.part_from_taker()
