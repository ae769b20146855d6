"""What comes when nobody answered: the steps that are left, read, chosen, and carried in a URL.

Between two requests nothing is remembered by the process, and nothing is asked of the catalog: what
is left of a call's steps stands in the path of the URL that Twilio asks next, encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twilio.twiml import TwiML

from twirec.calls.forms import CallEnd
from twirec.calls.ledger import UNANSWERED
from twirec.calls.signed_targets import read_segment, sign_segment
from twirec.calls.targets import check_targets, usable_targets
from twirec.model.dial_steps import DialStep
from twirec.model.errors import InvalidQuery, MalformedRequest
from twirec.model.records import VOICEMAIL
from twirec.model.vendor import FINAL

WORD_FOR_VOICEMAIL = "voicemail"
"""What stands in a step for that the caller leaves a message."""

LONGEST_TIMEOUT = 600
"""Seconds (https://www.twilio.com/docs/voice/twiml/dial#timeout)."""

NOT_TAKEN = frozenset({"queue-full", "leave", "error", "system-error"})
"""How a wait in a queue ended that goes on with something else.
https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action"""

ON = UNANSWERED | NOT_TAKEN
"""After what a step may come."""

LONGEST_SEGMENT = 2000
"""Characters of a path; web servers take some 4,000 for the whole line of a request."""

MOST_FAILURES = 2
"""How often what comes after a dial may fail, and the call begins again with whom the app names."""

PURPOSE = b"what comes when nobody answered"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a call goes on from now.

    Attributes:
        timeout: seconds for which who is dialled next rings; None for Twilio's 30.
        steps: what comes when nobody answers.
        sent_on: how often the call was sent on before it was connected so: of an earlier dial,
            which Twilio tells of when the call is elsewhere, nothing follows.
        failures: how often what comes after a dial failed in this call, so that the app was asked
            again whom to connect.
    """

    timeout: int | None = None
    steps: tuple[DialStep, ...] = ()
    sent_on: int = 0
    failures: int = 0


def checked_timeout(timeout: int | None) -> int | None:
    """Return for how many seconds somebody rings.

    Raises:
        InvalidQuery: Twilio takes no such number.
    """
    is_whole = isinstance(timeout, int) and not isinstance(timeout, bool)
    if timeout is not None and not (is_whole and 1 <= timeout <= LONGEST_TIMEOUT):
        raise InvalidQuery(f"timeout: give seconds, 1 to {LONGEST_TIMEOUT}.")
    return timeout


def checked_step(given: DialStep, country: str) -> tuple[DialStep, str]:
    """Return a step as Twilio can dial it, and what is wrong with what was left out of it.

    Args:
        given: a step.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: nothing of it can be dialled; the message says why.
    """
    timeout, statuses = checked_timeout(given.timeout), given.statuses
    if unknown := set(statuses) - ON:
        raise InvalidQuery(f"on: {', '.join(sorted(unknown))} is none of {', '.join(sorted(ON))}.")
    if given.function:
        return DialStep((), timeout, statuses, given.function), ""
    if given.targets in {(WORD_FOR_VOICEMAIL,), (VOICEMAIL,)}:
        return DialStep((VOICEMAIL,), None, statuses), ""
    problem = ""
    try:
        targets = check_targets("otherwise", given.targets, country)
    except InvalidQuery as error:
        targets, problem = usable_targets(given.targets, country), str(error)
        if not targets:
            raise
    if not targets:
        raise InvalidQuery("otherwise: a step names nobody.")
    return DialStep(targets, timeout, statuses), problem


def steps_of(given: object) -> tuple[DialStep, ...]:
    """Return steps: one, or several in a list, each as a `DialStep` or whom to connect.

    Raises:
        InvalidQuery: it is none of these.
    """
    if isinstance(given, str | DialStep):
        return (_step(given),)
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return tuple(_step(each) for each in given)
    raise InvalidQuery("otherwise: give whom to connect, a DialStep, or several in a list.")


def _step(given: object) -> DialStep:
    if isinstance(given, DialStep):
        return given
    if isinstance(given, str):
        return DialStep(given)
    if isinstance(given, Sequence) and all(isinstance(each, str) for each in given):
        return DialStep(tuple(given))  # they ring together
    raise InvalidQuery("otherwise: a step is whom to connect, or a DialStep.")


def said_by(answer: object) -> str | tuple[DialStep, ...] | None:
    """Return what a function of the app's says comes next: TwiML, steps, or None for the end.

    Raises:
        InvalidQuery: it is none of these, or another function.
    """
    if answer is None:
        return None
    if isinstance(answer, TwiML) or (isinstance(answer, str) and answer.lstrip().startswith("<")):
        return str(answer)
    steps = steps_of(answer)
    if any(step.function for step in steps):
        raise InvalidQuery("otherwise: a function says whom to connect, and names no other.")
    return steps


def unanswered(end: CallEnd) -> str:
    """Return Twilio's word for that nobody answered; empty if somebody did, or the caller is gone.

    Whom somebody was not let through to, by a key that was asked for on their own leg, did not
    answer (`DialBridged`).
    """
    if end.call_status in FINAL:
        return ""
    if end.queue_result in NOT_TAKEN:
        return end.queue_result or ""
    if end.dial_status in UNANSWERED:
        return end.dial_status or ""
    return "no-answer" if end.dial_status == "completed" and end.apart else ""


def following(
    steps: Sequence[DialStep], status: str
) -> tuple[DialStep | None, tuple[DialStep, ...]]:
    """Return the next step after a status of Twilio's, and those after it; None if there is none.

    A step that does not come after this status is left out for good.
    """
    for number, step in enumerate(steps):
        if not step.statuses or status in step.statuses:
            return step, tuple(steps[number + 1 :])
    return None, ()


def fitting(plan: Plan, call_sid: str, tokens: Sequence[str]) -> Plan:
    """Return a plan without the last steps, if a path has no room for them.

    Args:
        plan, call_sid, tokens: as in `sign_plan`.
    """
    while plan.steps and len(sign_plan(plan, call_sid, tokens)) > LONGEST_SEGMENT:
        plan = replace(plan, steps=plan.steps[:-1])
    return plan


def sign_plan(plan: Plan, call_sid: str, tokens: Sequence[str]) -> str:
    """Return a plan as a segment of a path; empty for one that says nothing.

    Args:
        plan: what comes.
        call_sid: of whose call; it is of no use in another.
        tokens: the account's auth tokens, the current one first.
    """
    if plan == Plan():
        return ""
    steps = [[each.targets, each.timeout, each.statuses, each.function] for each in plan.steps]
    carried = [call_sid, plan.timeout, plan.sent_on, plan.failures, steps]
    return sign_segment(json.dumps(carried, separators=(",", ":")), tokens, PURPOSE)


def read_plan(segment: str, call_sid: str, tokens: Sequence[str]) -> Plan:
    """Return a plan, as `sign_plan` wrote it.

    Args:
        segment: of the path; empty for a plan that says nothing.
        call_sid: of the call that Twilio asks about.
        tokens: the account's auth tokens.

    Raises:
        MalformedRequest: it did not write it, or with another token, or for another call.
    """
    if not segment:
        return Plan()
    whose, timeout, sent_on, failures, steps = json.loads(read_segment(segment, tokens, PURPOSE))
    if whose != call_sid:
        raise MalformedRequest("The path says what comes in another call.")
    return Plan(
        timeout,
        tuple(DialStep(tuple(dial), rings, tuple(on), name) for dial, rings, on, name in steps),
        sent_on,
        failures,
    )
