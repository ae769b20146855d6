"""What is decided of a call: its line, whether the party was told, what they said, how it ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from twirec.calls.address import read, sides
from twirec.calls.forms import CallEnd, VoiceRequest
from twirec.calls.wordings import shortest_notice, shortest_question
from twirec.model.agents import Leg
from twirec.model.announcements import Announcement
from twirec.model.errors import InvalidQuery
from twirec.model.policy import Policy
from twirec.model.records import Belonging, Call, Consent, is_queue
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import (
    NOTHING_CAME,
    ConsentMode,
    ConsentOutcome,
    Direction,
    Outcome,
    Reason,
    Role,
)

BY_ANNOUNCEMENT = "announcement"
"""The consent method: the announcement was played and they stayed."""

CUSTOMER_FIRST = (Role.CUSTOMER, Role.AGENT)
"""The channels where the parent leg is the customer's: it is always channel 1.
https://www.twilio.com/docs/voice/twiml/dial#record"""

AGENT_FIRST = (Role.AGENT, Role.CUSTOMER)
"""The channels where an agent dialled."""

BY_REST = "StartCallRecordingAPI"
"""The source of recordings that twirec starts by REST."""

TWO_CHANNELS = frozenset({"DialVerb", BY_REST})
"""The sources of recordings whose channel 1 is the leg that they are of."""

BY_KEY = "key"
"""The consent method: a key was asked for."""

UNANSWERED = frozenset({"busy", "no-answer", "failed", "canceled"})
"""The statuses of a call or dial that nobody answered.
https://www.twilio.com/docs/voice/api/call-resource#call-status-values"""

TAKEN = frozenset({"bridged", "redirected-from-bridged"})
"""How a wait in a queue ended when an agent took the call.
https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action"""

LONGEST_DETAIL = 255
"""Characters of a line's detail that the catalog has room for."""

MOST_QUESTIONS = 2
"""A silent or wrong key is asked again once where a key is needed."""

REASONS: Mapping[ConsentOutcome, Reason] = {
    ConsentOutcome.REFUSED: Reason.REFUSED,
    ConsentOutcome.NO_ANSWER: Reason.NO_ANSWER,
    ConsentOutcome.HUNG_UP: Reason.HUNG_UP,
    ConsentOutcome.ANNOUNCEMENT_FAILED: Reason.ANNOUNCEMENT_FAILED,
}
"""Why a call is not recorded after an answer that does not allow it."""


def open_line(
    request: VoiceRequest,
    *,
    dial: tuple[str, ...],
    country: str,
    now: datetime,
    sip_headers: Collection[str] = (),
) -> Call:
    """Return the line of a call whose own leg is the customer's, before anything is decided of it.

    It came in, or was placed over the API.

    Args:
        request: Twilio's request.
        dial: whom to connect: E.164, `client:NAME` or `sip:ADDRESS`.
        country: ISO 3166 code by which a number without prefix is read.
        now: UTC.
        sip_headers: those that are kept on the line.
    """
    line = line_of(request, request.call_sid, country, now)
    facts = request.facts_of(sip_headers)
    forwarded_from = forwarder_in(facts, country)
    leg = request.call_sid
    return replace(line, dial=dial, leg=leg, facts=facts, forwarded_from=forwarded_from)


def forwarder_in(facts: Sequence[str], country: str) -> str:
    """Return whose phone forwarded a call, by what Twilio says of who calls; else nothing.

    Args:
        facts: as they are on the line, each as `NAME=VALUE`.
        country: ISO 3166 code by which a number without prefix is read.
    """
    said = (fact.partition("=") for fact in facts)
    who = (read(value, country) for name, _, value in said if name == "ForwardedFrom")
    return next((each.key for each in who if each.identifies), "")


def line_of(
    said: VoiceRequest | VendorCall, call_sid: str, country: str, started_at: datetime
) -> Call:
    """Return the line of a call whose own leg is the customer's, by what Twilio says of it.

    It is the one place that reads which of its addresses is the customer's.

    Args:
        said: Twilio's request, or its call resource.
        call_sid: of the call.
        country: ISO 3166 code by which a number without prefix is read.
        started_at: UTC.
    """
    direction, customer, own = sides(said.direction, said.from_, said.to)
    return Call(
        account_sid=said.account_sid,
        call_sid=call_sid,
        direction=direction,
        **numbers_of(customer, own, country),
        started_at=started_at,
        channel_map=CUSTOMER_FIRST,
    )


class Numbers(TypedDict):
    """The fields of a line that say who called whom."""

    customer_number: str
    own_number: str
    customer_address: str
    own_address: str


def numbers_of(customer: str, own: str, country: str) -> Numbers:
    """Return the fields of a line that say who called whom: who they are, and what was written.

    Args:
        customer, own: as Twilio wrote them.
        country: ISO 3166 code by which a number without prefix is read.
    """
    outside, inside = read(customer, country), read(own, country)
    return {
        "customer_number": outside.key,
        "own_number": inside.key,
        "customer_address": "" if outside.written == outside.key else outside.written,
        "own_address": "" if inside.written == inside.key else inside.written,
    }


def caller_id_of(call: Call) -> str:
    """Return the caller ID for a phone that rings; empty where the caller's own is right.

    Twilio takes that of who called by telephone. Of anybody else it needs one, or nobody rings: the
    number that was called, or another of the company's (https://www.twilio.com/docs/errors/13214).
    """
    if call.caller_id or call.direction is Direction.OUT:
        return call.caller_id
    if read(call.customer_address or call.customer_number).is_plain_number:
        return ""
    return read(call.own_number).number


def to_be_told(line: Call, announcement: Announcement, policy: Policy) -> Call:
    """Return the line of a call whose outside party is to hear an announcement."""
    return replace(
        line,
        announcement=announcement.hash,
        mode=policy.mode,
        legal_basis=policy.legal_basis,
    )


def not_recorded(line: Call, reason: Reason, detail: str = "") -> Call:
    """Return the line of a call that is not recorded."""
    said = detail[:LONGEST_DETAIL]
    return replace(line, outcome=Outcome.NOT_RECORDED, reason=reason, detail=said)


def why_late(end: CallEnd) -> Reason:
    """Return why a call is not recorded of which nothing was known before its end."""
    status = end.dial_status or end.call_status
    return Reason.NOBODY_ANSWERED if status in UNANSWERED else Reason.CATALOG_DOWN


def not_connected(line: Call, error: InvalidQuery) -> Call:
    """Return the line of a call for which the app names nobody that Twilio could connect."""
    return not_recorded(line, Reason.NOT_CONNECTED, str(error))


def why_not_connected(line: Call) -> str:
    """Return why the app could connect a call with nobody; empty if it could, or did not try."""
    return line.detail if line.reason is Reason.NOT_CONNECTED else ""


def judge(mode: ConsentMode, key: str, asked: int) -> ConsentOutcome | None:
    """Return what a key, or its absence, says; None when the question is to be put again.

    Args:
        mode: how the party is told or asked.
        key: what was pressed, empty for nothing.
        asked: how often the question was put; 0 after the notice.
    """
    if not mode.asks:  # no key was offered
        return ConsentOutcome.INFORMED
    if not asked:  # who knows the question may say no before it is put
        return ConsentOutcome.REFUSED if key == "2" and not mode.needs_yes else None
    if key == "2":
        return ConsentOutcome.REFUSED
    if not mode.needs_yes:
        return ConsentOutcome.INFORMED
    return ConsentOutcome.GRANTED if key == "1" else unanswered(asked)


def unanswered(asked: int) -> ConsentOutcome | None:
    """Return what comes of a question without an answer: None when it is to be put again."""
    return None if asked < MOST_QUESTIONS else ConsentOutcome.NO_ANSWER


def must_hang_up(call: Call, outcome: ConsentOutcome) -> bool:
    """Whether an answer ends the call. A notice that failed never does."""
    said_no = outcome in {ConsentOutcome.REFUSED, ConsentOutcome.NO_ANSWER}
    return said_no and call.mode is ConsentMode.OPT_IN_OR_HANG_UP


def consent_of(
    call: Call, announcement: Announcement, outcome: ConsentOutcome, now: datetime, key: str = ""
) -> Consent:
    """Return the consent of the party that was told, with the given outcome."""
    return Consent(
        account_sid=call.account_sid,
        call_sid=call.call_sid,
        leg=call.leg,
        outcome=outcome,
        method=BY_KEY if announcement.question else BY_ANNOUNCEMENT,
        announcement=announcement.hash,
        language=announcement.language,
        at=now,
        key=key if announcement.question else "",
    )


def heard(
    call: Call, announcement: Announcement, *, key: str, waited: float, seconds: float
) -> bool:
    """Whether what was last sent to be played can have been heard to its end by now.

    Args:
        call: its `asked` says what was sent: the notice, or the question.
        announcement: what they are of.
        key: what was pressed: who answers a question need not hear it out. It is no answer where
            only 2 is one.
        waited: seconds for which Twilio waits for a key when nothing is pressed.
        seconds: since it was sent.
    """
    if not call.asked:
        return seconds - waited >= shortest_notice(announcement)
    answered = key == "2" or (bool(key) and call.mode is not None and call.mode.needs_yes)
    return answered or seconds - waited >= shortest_question(announcement)


def may_record(call: Call, consents: Sequence[Consent]) -> bool:
    """Whether a consent of the call allows recording, and nothing else was found against it."""
    consented = any(consent.outcome.allows_recording for consent in consents)
    return consented and not ruled_out(call)


def ruled_out(call: Call) -> bool:
    """Whether a call is not to be recorded; that nothing came of an earlier part does not count."""
    return call.outcome is Outcome.NOT_RECORDED and call.reason not in NOTHING_CAME


def outcome_at_end(
    call: Call, *, answered: bool, legs: Sequence[Leg], end: CallEnd
) -> tuple[Outcome, Reason | None]:
    """Return what the ledger is to say of a call that ended, as far as is known now.

    A call that was told and connected owes a recording until Twilio tells of one.

    Args:
        call: its line.
        answered: whether whoever was told had answered.
        legs: those that came to it, of a call that waited in a queue.
        end: how it ended.
    """
    if not answered and call.announced_at is not None:
        reason = Reason.APP_FAILED if _talked(call, end) else Reason.HUNG_UP
        return Outcome.NOT_RECORDED, reason
    if (end.dial_status or end.call_status) in UNANSWERED:
        return Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED
    taken = legs or end.queue_result in TAKEN
    if is_queue(call.dial) and not taken:
        return Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED
    if not answered:  # nothing was ever sent to be played
        connected = end.dial_status or end.queue_result
        if not connected and call.channel_map == AGENT_FIRST:
            return Outcome.NOT_RECORDED, Reason.NOBODY_ANSWERED
        reason = Reason.CATALOG_DOWN if connected else Reason.HUNG_UP
        return Outcome.NOT_RECORDED, reason
    return Outcome.OWED, None


def _talked(call: Call, end: CallEnd) -> bool:
    """Whether who was told, and whose answer never came, was connected with somebody."""
    if call.leg != call.call_sid:  # told on the leg that was dialled, before it is connected
        return end.bridged
    return end.dial_status is not None or end.queue_result is not None


def channels_of(
    source: str | None, leg: str | None, call: Call, legs: Sequence[Leg]
) -> tuple[Role, ...]:
    """Return who is on channel 1 and 2; empty where it is not known.

    Args:
        source: Twilio's word for what started the recording.
        leg: the leg that Twilio says it is of.
        call: the call it belongs to.
        legs: those of the call, where the recording is of one of them.
    """
    agents = {each.leg_sid for each in legs if each.agent}
    its_own = leg == call.call_sid
    return channels_by(source, Belonging(call.channel_map, its_own, leg in agents))


def channels_by(source: str | None, of: Belonging) -> tuple[Role, ...]:
    """Return who is on channel 1 and 2, as `channels_of` does.

    Args:
        source: Twilio's word for what started the recording.
        of: the call it belongs to.
    """
    if of.channel_map is None:
        return ()
    if not of.is_its_leg:
        return AGENT_FIRST if source in TWO_CHANNELS and of.is_agents_leg else ()
    if source == "RecordVerb":  # of the leg alone: https://www.twilio.com/docs/voice/twiml/record
        return of.channel_map[:1]
    return of.channel_map if source in TWO_CHANNELS else ()
