"""Lines and recordings made of what the vendor says of them, where nobody told us in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from twirec.calls.address import WITHHELD, Address, Kind, key_of, read, sides
from twirec.calls.ledger import AGENT_FIRST, UNANSWERED, channels_of, line_of, numbers_of
from twirec.model.records import Call, CallRecord, Recording
from twirec.model.states import State
from twirec.model.vendor import STATE_OF, RecordingStatus, VendorCall, VendorRecording
from twirec.model.vocabulary import Direction, Role

SAME_DIGITS = 7
"""Two numbers that end in the same seven digits are one: a phone may have dialled a prefix."""

ENDED = frozenset({RecordingStatus.STOPPED, RecordingStatus.PROCESSING})
"""The statuses of a recording that was ended, and is not finished yet."""

NEVER = datetime.max.replace(tzinfo=UTC)
"""Stands for the start of a leg that was never dialled."""


def state_of(recording: VendorRecording) -> State:
    """Return the state that a vendor's recording is in; an unknown word counts as in progress."""
    if recording.external:
        return State.EXTERNAL
    return STATE_OF.get(recording.status, State.RECORDING)


def goes_on(recording: VendorRecording) -> bool:
    """Whether the vendor still records; what it ended, and has not finished yet, does not go on."""
    return state_of(recording) is State.RECORDING and recording.status not in ENDED


def adopted(recording: VendorRecording, call_sid: str | None, now: datetime) -> Recording:
    """Return the catalog's row for a recording that the vendor listed.

    Args:
        recording: what the vendor says.
        call_sid: the call that it belongs to, if it is known.
        now: when it is due, if there is something to copy, UTC.
    """
    state = state_of(recording)
    return Recording(
        sid=recording.sid,
        account_sid=recording.account_sid,
        call_sid=call_sid,
        leg=recording.call_sid if recording.call_sid != call_sid else None,
        state=state,
        source=recording.source,
        started_at=recording.started_at,
        duration=recording.duration,
        channels=recording.channels,
        error_code=recording.error_code,
        encryption=recording.encryption,
        due_at=now if state is State.COMPLETED else None,
    )


IsAgent = Callable[[str], bool]
"""Whether somebody is known as an agent, by their `Address.key`: in the register, or by a call."""


def nobody(key: str) -> bool:
    """Return that somebody is not known as an agent, where nobody can be asked."""
    return False


def called_by_twilio(
    call: VendorCall,
    started_at: datetime,
    country: str,
    legs: Callable[[], list[VendorCall]],
    is_agent: IsAgent = nobody,
) -> Call:
    """Return the line of a call that was not announced by us, as Twilio tells of it.

    Args:
        call: the call.
        started_at: when it began, UTC.
        country: ISO 3166 code by which numbers are read.
        legs: returns what it dialled; asked only where its own leg may be an agent's phone.
        is_agent: whether somebody is known as an agent, by their `Address.key`.
    """
    line = from_outside(call, started_at, country)
    if not may_be_an_agents(call.direction, phone_of(call, country), is_agent):
        return line
    return _turned_round(line, legs(), country, is_agent)


def called_out(
    line: Call, legs: list[VendorCall], country: str, is_agent: IsAgent = nobody
) -> Call:
    """Return the line of a call that may be an agent's, as that of a call out.

    Args:
        line: read as a call in: from the agent's phone, to what they asked for.
        legs: what was dialled for them. Where that says nothing, what they asked for is whom they
            called, if it is a phone number, and which number was to be shown is not known.
        country: ISO 3166 code by which numbers are read.
        is_agent: as of `called_by_twilio`.
    """
    turned = _turned_round(line, legs, country, is_agent)
    customer = line.own_number
    if turned is not line or line.direction is Direction.OUT or not customer.startswith("+"):
        return turned
    return replace(
        line,
        direction=Direction.OUT,
        customer_number=customer,
        customer_address=line.own_address,
        own_number=WITHHELD,
        own_address="",
        channel_map=AGENT_FIRST,
    )


def phone_of(call: VendorCall, country: str) -> Address:
    """Return the address of the phone at the other end of a call's own leg."""
    _, address, _ = sides(call.direction, call.from_, call.to)
    return read(address, country)


def may_be_an_agents(direction: str, address: Address, is_agent: IsAgent = nobody) -> bool:
    """Whether the phone at the other end of a call's own leg may be an agent's.

    Args:
        direction: Twilio's word.
        address: of that phone.
        is_agent: as of `called_by_twilio`.

    A SIP address or a number that was called over the API is as likely a customer's, as nobody
    dialled there: an agent's, whose phone was called first, is known as one.
    """
    if address.is_softphone:
        return direction in {"inbound", "outbound-api"}
    if direction == "outbound-api":
        return address.identifies and is_agent(address.key)
    return direction == "inbound" and address.kind is Kind.SIP


def numbered(line: Call, known: Call) -> Call:
    """Return a line with what is told of its numbers, direction and channels."""
    return replace(
        line,
        direction=known.direction,
        customer_number=known.customer_number,
        own_number=known.own_number,
        customer_address=known.customer_address,
        own_address=known.own_address,
        channel_map=known.channel_map,
    )


def channel_maps(record: CallRecord, line: Call) -> Mapping[str, tuple[Role, ...]]:
    """Return who is on which channel of each recording of a call of which that was not known.

    Args:
        record: the call as it was.
        line: the call as it is now.
    """
    return {
        each.sid: roles
        for each in record.recordings
        if not each.channel_map
        and (roles := channels_of(each.source, each.recorded_leg or None, line, record.legs))
    }


def from_outside(call: VendorCall, started_at: datetime, country: str) -> Call:
    """Return the line of a call of which the outside party called in, or was called.

    Args:
        call: the call.
        started_at: when it began, UTC.
        country: ISO 3166 code by which numbers are read.
    """
    line = line_of(call, call.sid, country, started_at)
    return replace(line, ended_at=call.ended_at, late=True)


def _turned_round(line: Call, legs: list[VendorCall], country: str, is_agent: IsAgent) -> Call:
    """Return the line of a call with the number of the customer whom an agent dialled.

    Of several who were dialled it is the first who answered. The line stays as it is when the
    vendor names nobody (any more) of whom it is certain enough: see `_is_customer`.
    """
    customers = [leg for leg in legs if _is_customer(key_of(leg.to, country), line, is_agent)]
    if not customers:
        return line
    leg = min(customers, key=lambda leg: (leg.status in UNANSWERED, leg.started_at or NEVER))
    return replace(
        line,
        direction=Direction.OUT,
        **numbers_of(leg.to, leg.from_, country),
        channel_map=AGENT_FIRST,
    )


def _is_customer(number: str, line: Call, is_agent: IsAgent) -> bool:
    """Whether a number that was dialled is the customer's, and not a colleague's.

    It is a phone number, and either the one that the caller asked for, as a number or as a SIP
    address (`sip:600111222@...`); or the caller is a client and asked for no phone number, as its
    app need not pass on whom it dials. A caller who asked for another number reached one of ours,
    and was forwarded: a customer, who may have a SIP address, or call from a web page.
    """
    if not number.startswith("+"):
        return False
    if line.direction is Direction.OUT:  # the agent was called first, and asked for nobody
        return not is_agent(number)
    asked_for = line.own_number
    if asked_for.partition("@")[0][-SAME_DIGITS:] == number[-SAME_DIGITS:]:
        return True
    return read(line.customer_number).is_softphone and not asked_for.startswith("+")
