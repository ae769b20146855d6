"""What somebody hears who waits in a queue, and when they are taken out of it.

https://www.twilio.com/docs/voice/twiml/enqueue#waiturl and
https://www.twilio.com/docs/voice/twiml/queue#url
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twirec.sandbox.clock import SideClock
from twirec.sandbox.documents import MOST_DOCUMENTS, document
from twirec.sandbox.rooms import Queue
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import BAD_SCHEMA, HTTP_FAILED, TwimlError, Verb
from twirec.sandbox.verbs import gather, hangup, pause, play, redirect, say
from twirec.sandbox.waiting import Meeting, Waiting

_Verbs = Mapping[str, Callable[[Stage, Verb], Next | None]]


class Left(Exception):
    """The document that somebody hears while they wait lets them go, as Leave does."""


def leave(stage: Stage, verb: Verb) -> None:
    """Leave the queue; https://www.twilio.com/docs/voice/twiml/leave."""
    stage.log("Leave")
    raise Left


_TOLD: _Verbs = {"Say": say, "Play": play, "Pause": pause, "Redirect": redirect}
_WAITING: _Verbs = {**_TOLD, "Gather": gather, "Hangup": hangup, "Leave": leave}


def listen(stage: Stage, verb: Verb, queue: Queue, place: Waiting) -> None:
    """Run the document at `waitUrl` again and again, until it fails.

    Raises:
        SideOver: somebody took the caller out of the queue.
        HungUp, Turned: the call is over, or goes on elsewhere.
        Ended, Left: the document hangs up, or lets them leave.
    """
    clock = SideClock(stage.clock, lambda: place.meeting is not None)
    side = stage.beside(clock)
    url, method = stage.absolute(verb.attributes["waitUrl"]), verb.get("waitUrlMethod", "POST")
    step: Next | None = None
    try:
        while True:
            begin = clock.second
            step = _verbs(side, _WAITING, step or Next(url, method, _params(queue, place)))
            if clock.second == begin:
                clock.wait(1)  # a document that takes no time must not be asked for all the time
    except TwimlError as error:
        stage.log("error", str(error), error.code)


def tell(stage: Stage, meeting: Meeting) -> None:
    """Run the document that a caller hears before they are connected, to its end.

    What Twilio does when there is no document, or one with a verb that is not allowed, is not
    documented: here that is only logged, and the two are connected though the caller has not
    heard it, as that is the worse of the possible answers for whoever relies on it.

    Raises:
        SideOver: whoever took the caller out of the queue is gone.
        HungUp, Turned: the caller's call is over, or goes on elsewhere.
    """
    side = stage.beside(SideClock(stage.clock, lambda: meeting.parted_at is not None))
    step = meeting.first
    try:
        for _ in range(MOST_DOCUMENTS):
            if step is None:
                return
            step = _verbs(side, _TOLD, step)
        raise TwimlError(HTTP_FAILED, "the documents lead round in circles")
    except TwimlError as error:
        stage.log("error", str(error), error.code)


def _verbs(stage: Stage, verbs: _Verbs, step: Next) -> Next | None:
    for verb in document(stage, step):
        if verb.name not in verbs:
            raise TwimlError(BAD_SCHEMA, f"{verb.name} is not allowed while waiting here")
        stage.call.verbs.append(verb)
        if following := verbs[verb.name](stage, verb):
            return following
    return None


def _params(queue: Queue, place: Waiting) -> Mapping[str, str]:
    return {
        "QueueSid": queue.sid,
        "QueueTime": str(place.queue_time),
        "QueuePosition": str(queue.waiting.index(place) + 1 if place in queue.waiting else 1),
    }
