"""The Dial verb: connect the caller to somebody, and tell how it went.

https://www.twilio.com/docs/voice/twiml/dial
"""

from __future__ import annotations

from collections.abc import Callable

from twirec.sandbox.callbacks import call_form
from twirec.sandbox.clock import HungUp, Turned
from twirec.sandbox.conferences import dial_conference
from twirec.sandbox.outcome import Outcome
from twirec.sandbox.queues import dial_queue
from twirec.sandbox.ringing import ring
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import BAD_SCHEMA, TwimlError, Verb

_MOST_NOUNS = 10
_ALONE = {"Queue": dial_queue, "Conference": dial_conference}


def dial(stage: Stage, verb: Verb) -> Next | None:
    """Connect the caller; return the request to the action, if there is one."""
    connect = _connect(verb)
    if not verb.flag("answerOnBridge"):
        stage.answer()
    stage.log("Dial", " ".join(noun.text for noun in verb.children) or verb.text)
    outcome = Outcome()
    try:
        connect(stage, verb, outcome)
    except HungUp:
        stage.afterwards = _action(stage, verb, outcome)
        raise
    except Turned:
        _tell(stage, _action(stage, verb, outcome))
        raise
    return outcome.referred or _action(stage, verb, outcome)


def _tell(stage: Stage, step: Next | None) -> None:
    """Ask the action of a call that was given another document; what it answers is not run.

    That happens beside the other document: which of the two is asked first is not documented.
    """
    if step is None:
        return
    form = {**call_form(stage.account, stage.call), **step.params}
    courier, url, how = stage.house.courier, step.url, step.method
    stage.callbacks.run(lambda: stage.log("told", str(courier.send(url, form, how).status)))


def _connect(verb: Verb) -> Callable[[Stage, Verb, Outcome], None]:
    nouns = {noun.name for noun in verb.children}
    alone = nouns & set(_ALONE)
    if verb.children and verb.text:
        raise TwimlError(BAD_SCHEMA, "Dial takes a number as text, or nouns")
    if len(verb.children) > (1 if alone else _MOST_NOUNS):
        raise TwimlError(BAD_SCHEMA, "Dial takes one Queue, one Conference, or up to ten others")
    return _ALONE[alone.pop()] if alone else ring


def _action(stage: Stage, verb: Verb, outcome: Outcome) -> Next | None:
    stage.log("Dial", outcome.status)
    if "action" not in verb.attributes:
        return None
    params = {"DialCallStatus": outcome.status}
    if outcome.bridged is not None:
        params["DialBridged"] = str(outcome.bridged).lower()
    if outcome.call:
        params["DialCallSid"] = outcome.call.sid
    if outcome.seconds is not None:
        params["DialCallDuration"] = str(int(outcome.seconds + 1e-6))
    if outcome.recording:
        params["RecordingSid"] = outcome.recording.sid
        params["RecordingUrl"] = stage.account.media_url(outcome.recording)
    return stage.step(verb, params)
