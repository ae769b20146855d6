"""The Refer verb: a SIP phone is told to call somebody else, and takes its call away with it.

https://www.twilio.com/docs/voice/twiml/refer
"""

from __future__ import annotations

from twirec.sandbox.clock import HungUp
from twirec.sandbox.parties import Party
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Ended, Stage
from twirec.sandbox.twiml import BAD_SCHEMA, TwimlError, Verb

PATIENCE = 30.0
"""Call seconds after which a SIP phone gives up whom it was told to call."""

_NOT_SIP = 13801
_SIP = ("sip:", "sips:")
_CODES = {"in-progress": "200", "busy": "486", "failed": "603", "no-answer": "487"}


def refer(stage: Stage, verb: Verb) -> Next | None:
    """Send the phone to somebody else.

    When they answer, the phone is gone: the action is told, and what it answers is not run. When
    not, the call goes on with the action's document, or with the next verb.
    """
    stage.answer()
    if len(verb.children) != 1:
        raise TwimlError(BAD_SCHEMA, "Refer takes one Sip")
    person = stage.call.from_ if stage.call.direction == "inbound" else stage.call.to
    if not person.startswith(_SIP):
        raise TwimlError(_NOT_SIP, "Refer is for the legs of SIP phones alone")
    target = verb.children[0].text
    stage.log("Refer", target)
    if stage.caller.refuses_refer:
        return _action(stage, verb, {"ReferCallStatus": "failed", "ReferSipResponseCode": "405"})
    status, seconds = _rung(stage.account.parties.get(target.partition("?")[0], Party()))
    try:
        stage.clock.wait(seconds)
    except HungUp:
        stage.afterwards = _action(stage, verb, _told("canceled", "180"))
        raise
    after = _action(stage, verb, _told(status, _CODES[status]))
    stage.log("Refer", status)
    if status != "in-progress":
        return after
    stage.afterwards = after
    raise Ended


def _rung(callee: Party) -> tuple[str, float]:
    """Return how a call to somebody goes, and after how many seconds that is known."""
    if not (callee.answers or callee.refuses) or callee.answers_after > PATIENCE:
        return "no-answer", PATIENCE
    return callee.refuses or "in-progress", callee.answers_after


def _told(status: str, code: str) -> dict[str, str]:
    return {
        "ReferCallStatus": status,
        "ReferSipResponseCode": "202",
        "NotifySipResponseCode": code,
    }


def _action(stage: Stage, verb: Verb, params: dict[str, str]) -> Next | None:
    return stage.step(verb, params) if "action" in verb.attributes else None
