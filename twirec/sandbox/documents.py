"""Fetching the documents of a call."""

from __future__ import annotations

from urllib.parse import urlsplit

from twirec.sandbox.callbacks import call_form
from twirec.sandbox.courier import Reply
from twirec.sandbox.script import Document, Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import HTTP_FAILED, TwimlError, Verb, parse

_HANGUP = Verb("Hangup", {}, "", ())
_AUDIO = frozenset(
    f"audio/{kind}"
    for kind in (
        *("mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff"),
        *("x-gsm", "gsm", "ulaw"),
    )
)

MOST_DOCUMENTS = 100
"""How many documents a call runs before it is taken for one that goes round in circles."""


def document(stage: Stage, step: Document) -> tuple[Verb, ...]:
    """Return the verbs of a document, fetched if need be.

    Raises:
        TwimlError: it cannot be fetched or understood.
        HungUp, Turned, SideOver: the call is over, or goes on elsewhere.
    """
    if isinstance(step, bytes):
        return parse(step, "text/xml")
    stage.clock.wait(0)
    stage.url = step.url.partition("#")[0]
    reply = send(stage, step)
    stage.clock.wait(0)
    if reply.failure:
        raise TwimlError(HTTP_FAILED, f"no document: {reply.failure} {reply.status}")
    stage.url = reply.url
    # https://www.twilio.com/docs/voice/twiml#responding-to-twilio
    if reply.content_type == "text/plain":
        return Verb("Say", {}, reply.body.decode(errors="replace").strip(), ()), _HANGUP
    if reply.content_type in _AUDIO:
        return Verb("Play", {}, reply.url, (), reply.body), _HANGUP
    return parse(reply.body, reply.content_type)


def send(stage: Stage, step: Next) -> Reply:
    """Make a request about a call."""
    form = {**call_form(stage.account, stage.call), **step.params}
    cookies = stage.account.cookies(stage.call)
    reply = stage.house.courier.send(step.url, form, step.method, cookies)
    path = urlsplit(step.url).path
    stage.log("fetch", f"{step.method} {path} {reply.status} in {reply.attempts}")
    return reply
