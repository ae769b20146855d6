"""Runs the TwiML of a call, as https://www.twilio.com/docs/voice/twiml describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from twirec.sandbox.callbacks import call_form
from twirec.sandbox.clock import HungUp
from twirec.sandbox.courier import Reply
from twirec.sandbox.dial import dial
from twirec.sandbox.stage import Ended, Next, Stage
from twirec.sandbox.twiml import HTTP_FAILED, TwimlError, Verb, parse
from twirec.sandbox.verbs import gather, hangup, pause, play, redirect, say

MOST_DOCUMENTS = 100
"""How many documents a call runs before it is taken for one that goes round in circles."""

_VERBS: Mapping[str, Callable[[Stage, Verb], Next | None]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Redirect": redirect,
    "Hangup": hangup,
    "Dial": dial,
}


class _GivenUp(Exception):
    """An application error with no fallback left."""


def perform(stage: Stage, first: Next | bytes, fallback: str | None) -> None:
    """Run a call's TwiML until it ends, and write down how it ended.

    When a document cannot be fetched or understood, at the start or later, it goes on with the
    one at `fallback`, which is told `ErrorCode` and `ErrorUrl`
    (https://www.twilio.com/docs/usage/security/availability-reliability); without one, or when
    that fails too, the call ends.

    Args:
        stage: the call.
        first: where the first document is fetched, or the document itself.
        fallback: an absolute URL, or None.
    """
    failed = False
    try:
        _run(stage, first, fallback)
    except _GivenUp:
        failed = True
    except (Ended, HungUp):
        failed = False
    _end(stage, failed)
    if stage.afterwards:
        # The person is gone: the app is told how the Dial went, and what it answers is not run.
        _send(stage, stage.afterwards)


def _run(stage: Stage, first: Next | bytes, fallback: str | None) -> None:
    step: Next | bytes | None = first
    for _ in range(MOST_DOCUMENTS):
        if step is None:
            return
        try:
            step = _verbs(stage, _document(stage, step))
        except TwimlError as error:
            stage.log("error", str(error), error.code)
            step = _fallback(stage, error, fallback)
    stage.log("error", "the documents lead round in circles", HTTP_FAILED)
    raise _GivenUp


def _verbs(stage: Stage, verbs: tuple[Verb, ...]) -> Next | None:
    if not verbs:
        stage.answer()
    for verb in verbs:
        if step := _VERBS[verb.name](stage, verb):
            return step
    return None


def _document(stage: Stage, step: Next | bytes) -> tuple[Verb, ...]:
    if isinstance(step, bytes):
        return parse(step, "text/xml")
    stage.clock.wait(0)
    stage.url = step.url.partition("#")[0]
    reply = _send(stage, step)
    stage.clock.wait(0)
    if reply.failure:
        raise TwimlError(HTTP_FAILED, f"no document: {reply.failure} {reply.status}")
    return parse(reply.body, reply.content_type)


def _send(stage: Stage, step: Next) -> Reply:
    form = {**call_form(stage.account, stage.call), **step.params}
    reply = stage.courier.send(step.url, form, step.method)
    path = urlsplit(step.url).path
    stage.log("fetch", f"{step.method} {path} {reply.status} in {reply.attempts}")
    return reply


def _fallback(stage: Stage, error: TwimlError, fallback: str | None) -> Next:
    if fallback is None or stage.url == fallback.partition("#")[0]:
        raise _GivenUp
    params = {"ErrorCode": str(error.code), "ErrorUrl": stage.url}
    return Next(fallback, params=params)


def _end(stage: Stage, failed: bool) -> None:
    if stage.answered:
        status = "completed"
    elif failed:
        status = "failed"
    else:
        status = "canceled" if stage.clock.was_cut else "no-answer"
    stage.call.end(status, stage.clock.stamp(), stage.seconds_answered)
    stage.log("ended", status)
