"""Taking over what others started: calls and recordings that the catalog does not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from twirec.calls.agents import agent_of
from twirec.calls.numbers import WITHHELD, dialled, normalise
from twirec.calls.reception import AGENT_FIRST, CUSTOMER_FIRST, UNANSWERED, channels_of
from twirec.model.catalog import Catalog
from twirec.model.errors import NotAtVendor, NotFound, VendorError
from twirec.model.ports import Vendor
from twirec.model.records import Call, CallRecord, Recording
from twirec.model.states import State
from twirec.model.vendor import STATE_OF, VendorCall, VendorRecording
from twirec.model.words import Direction, Outcome, why_nothing

SOFTPHONES = ("client:", "sim:")
"""What the addresses of phones begin with that are the company's own.
https://www.twilio.com/docs/voice/api/call-resource#call-properties: `from`, `to`"""

SAME_DIGITS = 7
"""Two numbers that end in the same seven digits are one: a phone may have dialled a prefix."""

NEVER = datetime.max.replace(tzinfo=UTC)
"""Stands for the start of a leg that was never dialled."""


def line_of(
    catalog: Catalog, vendor: Vendor, recording: Recording, country: str
) -> CallRecord | None:
    """Return the call of a recording, made from what the vendor says where it has no line.

    None when the recording names no call, or one that the vendor does not know any more: a
    recording is kept all the same.

    Where the call's own leg is an agent's phone, the customer's number is on a leg that it
    dialled, and so are direction and channels (`_turned_round`).
    """
    if recording.call_sid is None:
        return None
    try:
        return catalog.call(recording.account_sid, recording.call_sid)
    except NotFound:
        pass
    try:
        found = vendor.call(recording.account_sid, recording.call_sid)
    except NotAtVendor:
        return None
    line = _line(found, country, recording)
    if may_be_an_agents(found.direction, line.customer_number):
        line = _turned_round(line, vendor.legs(found.account_sid, found.sid), country)
    catalog.open_call(line)
    return catalog.call(recording.account_sid, recording.call_sid)


def adopt(
    catalog: Catalog, vendor: Vendor, found: VendorRecording, country: str, now: datetime
) -> tuple[bool, VendorError | None]:
    """Take over a recording that the vendor listed, even if its call cannot be asked for.

    Returns:
        Whether it is new, and why its call could not be asked for: the transfer asks again.

    Raises:
        CatalogError: nothing was written down.
    """
    of = found.call_sid or found.conference_sid
    owner = catalog.owner(found.account_sid, of) if of else None
    recording = adopted(found, owner if owner != found.conference_sid else None, now)
    record, unasked = None, None
    try:
        record = line_of(catalog, vendor, recording, country)
    except VendorError as error:
        unasked = error
    if record:
        map_ = channels_of(found.source, found.call_sid, record)
        recording = replace(recording, channel_map=map_)
    return catalog.adopt(recording), unasked


def adopted(found: VendorRecording, call_sid: str | None, now: datetime) -> Recording:
    """Return the catalog's row for a recording that the vendor listed.

    Args:
        found: what the vendor says.
        call_sid: the call that it belongs to, if it is known.
        now: when it is due, if there is something to copy, UTC.
    """
    state = state_of(found)
    return Recording(
        sid=found.sid,
        account_sid=found.account_sid,
        call_sid=call_sid,
        leg=found.call_sid if found.call_sid != call_sid else None,
        state=state,
        source=found.source,
        started_at=found.started_at,
        duration=found.duration,
        channels=found.channels,
        error_code=found.error_code,
        encryption=found.encryption,
        due_at=now if state is State.COMPLETED else None,
    )


def state_of(found: VendorRecording) -> State:
    """Return the state that a vendor's recording is in; an unknown word counts as in progress."""
    if found.external:
        return State.EXTERNAL
    return STATE_OF.get(found.status, State.RECORDING)


def _line(found: VendorCall, country: str, recording: Recording) -> Call:
    """Return the line of a call that was not announced by us.

    The outside party called in, or was called
    (https://www.twilio.com/docs/voice/api/call-resource#call-properties: `direction`).
    """
    started_at = found.started_at or recording.started_at
    if started_at is None:
        raise NotAtVendor(f"Twilio gives no start for {found.sid}.")
    nothing = recording.state in {State.ABSENT, State.FAILED}
    return replace(
        _unannounced(found, started_at, country),
        outcome=Outcome.NOT_RECORDED if nothing else Outcome.RECORDED,
        reason=why_nothing(recording.error_code) if nothing else None,
    )


def late_line(catalog: Catalog, vendor: Vendor, found: VendorCall, country: str) -> Call | None:
    """Return the line, still open, of a call that began while none could be written.

    None for a call of other people's: neither a number nor a phone of ours had a part in it.

    Raises:
        NotAtVendor: Twilio gives no start for it.
    """
    if found.started_at is None:
        raise NotAtVendor(f"Twilio gives no start for {found.sid}.")
    line = _unannounced(found, found.started_at, country)
    if not may_be_an_agents(found.direction, line.customer_number):
        return line if catalog.owns(line.own_number) else None
    out = called_out(line, vendor.legs(found.account_sid, found.sid), country)
    ours = [each for each in (out, line) if catalog.owns(each.own_number)]
    if not ours and catalog.knows_agent(agent_of(line.customer_number, country)):
        return out
    return ours[0] if ours else None


def called_out(line: Call, legs: list[VendorCall], country: str) -> Call:
    """Return the line of a call that may be an agent's, as that of a call out.

    Args:
        line: read as a call in: from the agent's phone, to what they asked for.
        legs: what was dialled for them. Where that says nothing, what they asked for is whom they
            called, if it is a phone number, and which number was to be shown is not known.
        country: ISO 3166 code by which numbers are read.
    """
    turned = _turned_round(line, legs, country)
    customer = dialled(line.own_number, country)
    if turned is not line or line.direction is Direction.OUT or not customer.startswith("+"):
        return turned
    return replace(
        line,
        direction=Direction.OUT,
        customer_number=customer,
        own_number=WITHHELD,
        channel_map=AGENT_FIRST,
    )


def _unannounced(found: VendorCall, started_at: datetime, country: str) -> Call:
    inbound = found.direction in {"inbound", "trunking-originating"}
    customer, own = (found.from_, found.to) if inbound else (found.to, found.from_)
    return Call(
        account_sid=found.account_sid,
        call_sid=found.sid,
        direction=Direction.IN if inbound else Direction.OUT,
        customer_number=normalise(customer, country),
        own_number=normalise(own, country),
        started_at=started_at,
        channel_map=CUSTOMER_FIRST,
        ended_at=found.ended_at,
    )


def may_be_an_agents(direction: str, address: str) -> bool:
    """Whether the phone at the other end of a call's own leg may be an agent's.

    Args:
        direction: Twilio's word.
        address: of that phone.

    A SIP address that was called over the API is as likely a customer's: nobody dialled there.
    """
    if address.startswith(SOFTPHONES):
        return direction in {"inbound", "outbound-api"}
    return direction == "inbound" and "@" in address


def _turned_round(line: Call, legs: list[VendorCall], country: str) -> Call:
    """Return the line of a call with the number of the customer whom an agent dialled.

    Of several who were dialled it is the first who answered. The line stays as it is when the
    vendor names nobody (any more) of whom it is certain enough: see `_is_customer`.
    """
    customers = [leg for leg in legs if _is_customer(normalise(leg.to, country), line, country)]
    if not customers:
        return line
    leg = min(customers, key=lambda leg: (leg.status in UNANSWERED, leg.started_at or NEVER))
    return replace(
        line,
        direction=Direction.OUT,
        customer_number=normalise(leg.to, country),
        own_number=normalise(leg.from_, country),
        channel_map=AGENT_FIRST,
    )


def _is_customer(number: str, line: Call, country: str) -> bool:
    """Whether a number that was dialled is the customer's, and not a colleague's.

    It is a phone number, and either the one that the caller asked for, as a number or as a SIP
    address (`sip:600111222@...`); or the caller is a client and asked for no phone number, as its
    app need not pass on whom it dials. A caller who asked for another number reached one of ours,
    and was forwarded: a customer, who may have a SIP address, or call from a web page.
    """
    if not number.startswith("+"):
        return False
    if line.direction is Direction.OUT:  # the agent was called first, and asked for nobody
        return True
    user = line.own_number.partition("@")[0].rpartition(":")[2]
    asked_for = normalise(user, country)
    if asked_for[-SAME_DIGITS:] == number[-SAME_DIGITS:]:
        return True
    return line.customer_number.startswith(SOFTPHONES) and not asked_for.startswith("+")
