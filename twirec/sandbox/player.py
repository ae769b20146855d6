"""Runs the TwiML of a call, as https://www.twilio.com/docs/voice/twiml describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twirec.sandbox.clock import HungUp, Turned
from twirec.sandbox.dial import dial
from twirec.sandbox.documents import MOST_DOCUMENTS, document, send
from twirec.sandbox.limits import Unsupported
from twirec.sandbox.queues import enqueue
from twirec.sandbox.recording_verbs import record_verb, start, stop
from twirec.sandbox.refer import refer
from twirec.sandbox.script import Document, Next
from twirec.sandbox.stage import Ended, Stage
from twirec.sandbox.twiml import BAD_SCHEMA, HTTP_FAILED, TwimlError, Verb
from twirec.sandbox.verbs import Rejected, gather, hangup, pause, play, redirect, reject, say

_VERBS: Mapping[str, Callable[[Stage, Verb], Next | None]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Redirect": redirect,
    "Hangup": hangup,
    "Reject": reject,
    "Dial": dial,
    "Enqueue": enqueue,
    "Record": record_verb,
    "Refer": refer,
    "Start": start,
    "Stop": stop,
}


class _GivenUp(Exception):
    """An application error with no fallback left."""


def perform(stage: Stage, first: Document, fallback: str | None) -> None:
    """Run a call's TwiML until it ends, and write down how it ended.

    When a document cannot be fetched or understood, at the start or later, it goes on with the
    one at `fallback`, which is told `ErrorCode` and `ErrorUrl`
    (https://www.twilio.com/docs/usage/security/availability-reliability); without one, or when
    that fails too, the call ends.

    Args:
        stage: the call.
        first: the first document.
        fallback: an absolute URL, or None.
    """
    unanswered = "no-answer"
    try:
        _run(stage, first, fallback)
    except _GivenUp:
        unanswered = "failed"
    except Unsupported as limit:
        # Nothing of Twilio's is played instead, no fallback and no error: the call just ends.
        stage.limit(str(limit))
        unanswered = "failed"
    except Rejected as rejected:
        unanswered = rejected.status
    except (Ended, HungUp):
        unanswered = "canceled" if stage.clock.was_cut else "no-answer"
    _end(stage, unanswered)
    if stage.afterwards:
        # The person is gone: the app is told how it went, and what it answers is not run.
        send(stage, stage.afterwards)


def _run(stage: Stage, first: Document, fallback: str | None) -> None:
    step: Document | None = first
    for _ in range(MOST_DOCUMENTS):
        if step is None:
            return
        try:
            step = _verbs(stage, document(stage, step))
        except Turned:
            step = stage.turn_to
        except TwimlError as error:
            stage.log("error", str(error), error.code)
            step = _fallback(stage, error, fallback)
    stage.log("error", "the documents lead round in circles", HTTP_FAILED)
    raise _GivenUp


def _verbs(stage: Stage, verbs: tuple[Verb, ...]) -> Next | None:
    if not verbs:
        stage.answer()
    for verb in verbs:
        if verb.name == "Leave":
            raise TwimlError(BAD_SCHEMA, "Leave is for who waits in a queue")
        stage.call.verbs.append(verb)
        if step := _VERBS[verb.name](stage, verb):
            return step
    return None


def _fallback(stage: Stage, error: TwimlError, fallback: str | None) -> Next:
    if fallback is None or stage.url == fallback.partition("#")[0]:
        raise _GivenUp
    params = {"ErrorCode": str(error.code), "ErrorUrl": stage.url}
    return Next(fallback, params=params)


def _end(stage: Stage, unanswered: str) -> None:
    stage.recorders.stop()
    status = "completed" if stage.answered else unanswered
    stage.call.end(status, stage.clock.stamp(), stage.seconds_answered)
    stage.log("ended", status)
