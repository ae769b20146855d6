"""Taking over what others started: calls and recordings that the catalog does not know."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from twirec.calls.from_vendor import (
    adopted,
    called_by_twilio,
    called_out,
    channel_maps,
    from_outside,
    may_be_an_agents,
    numbered,
    phone_of,
)
from twirec.calls.ledger import channels_of
from twirec.catalog import Catalog
from twirec.model.errors import NotAtVendor, NotFound, VendorError
from twirec.model.ownership import Claim
from twirec.model.ports import Vendor
from twirec.model.records import Call, CallRecord, Recording
from twirec.model.states import NOTHING_THERE, State
from twirec.model.vendor import VendorCall, VendorRecording
from twirec.model.vocabulary import NOT_KNOWN, Direction, Outcome, Reason, why_nothing

BY_API = "OutboundAPI"
"""The source of what is recorded of a call that was placed over the API, so of a call out.
https://www.twilio.com/docs/voice/api/recording#recording-properties: `source`"""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of taking over a recording.

    Attributes:
        new: whether the catalog did not know it.
        line: its call; None where there is none (yet).
        unasked: why its call could not be asked for: the transfer, or the next sweep, asks again.
    """

    new: bool
    line: Call | None = None
    unasked: VendorError | None = None


def line_of(
    catalog: Catalog,
    vendor: Vendor,
    recording: Recording,
    country: str,
    *,
    created_at: datetime | None = None,
) -> CallRecord | None:
    """Return the call of a recording, made from what the vendor says where it has no line.

    Where the call's own leg is an agent's phone, the customer's number is on a leg that it
    dialled, and so are direction and channels (`_turned_round`).

    A recording that names no call, or one that the vendor does not know, gets a line without
    numbers, and the vendor keeps its copy until somebody says otherwise. Twilio forgets calls after
    13 months (https://www.twilio.com/docs/voice/api/archived-calls).

    Args:
        catalog, vendor: where a line is looked for, and what it is made from.
        recording: a row of the catalog, or one that is to become one.
        country: ISO 3166 code by which numbers are read.
        created_at: UTC, when the vendor made the recording: what its start is where none is known.

    Returns:
        None while nothing can be said: it goes on, and its call may come yet; or it has no time.

    Raises:
        VendorError: the call could not be asked for.
    """
    if recording.call_sid is not None:
        with suppress(NotFound):
            return catalog.ledger.call(recording.account_sid, recording.call_sid)
        with suppress(NotAtVendor):
            found = vendor.call(recording.account_sid, recording.call_sid)
            began_at = found.started_at or recording.started_at or created_at
            if began_at is None:
                return None
            legs = partial(vendor.legs, found.account_sid, found.sid)
            line = called_by_twilio(found, began_at, country, legs, catalog.agents.is_agent)
            catalog.ledger.open_call(_with_outcome(line, recording))
            return catalog.ledger.call(line.account_sid, line.call_sid)
    return _line_without_numbers(catalog, recording, recording.started_at or created_at)


def _line_without_numbers(
    catalog: Catalog, recording: Recording, began_at: datetime | None
) -> CallRecord | None:
    if recording.state is State.RECORDING or began_at is None:
        return None
    line = Call(
        account_sid=recording.account_sid,
        call_sid=recording.call_sid or recording.sid,
        direction=Direction.OUT if recording.source == BY_API else None,
        customer_number=NOT_KNOWN,
        own_number=NOT_KNOWN,
        started_at=began_at,
        late=True,
    )
    catalog.ledger.open_line_without_numbers(_with_outcome(line, recording), recording.sid)
    return catalog.ledger.call(line.account_sid, line.call_sid)


def adopt(
    catalog: Catalog,
    vendor: Vendor,
    found: VendorRecording,
    country: str,
    now: datetime,
    claim: Claim,
    *,
    backfilled: bool = False,
) -> Adopted:
    """Take over a recording that the vendor listed, even if its call cannot be asked for.

    Args:
        catalog, vendor: where it goes, and where it is.
        found: what the vendor says of it.
        country: ISO 3166 code by which numbers are read.
        now: when it is due, if there is something to copy, UTC.
        claim: by what it is the installation's own.
        backfilled: whether live calls' recordings go before it.

    Raises:
        CatalogError: nothing was written down.
    """
    of = found.call_sid or found.conference_sid
    owner = catalog.conferences.owner(found.account_sid, of) if of else None
    call_sid = owner if owner != found.conference_sid else None
    recording = replace(adopted(found, call_sid, now), claim=claim, backfilled=backfilled)
    record, unasked = None, None
    try:
        record = line_of(catalog, vendor, recording, country, created_at=found.created_at)
    except VendorError as error:
        unasked = error
    if record:
        recording = replace(
            recording,
            call_sid=record.call.call_sid,
            channel_map=channels_of(found.source, found.call_sid, record.call, record.legs),
            keep_at_vendor=not record.call.number_known and recording.state is State.COMPLETED,
        )
    return Adopted(catalog.recordings.adopt(recording), record.call if record else None, unasked)


def note(catalog: Catalog, found: VendorRecording, now: datetime) -> bool:
    """Write the line of a recording of whose call the vendor knows nothing: it may be anybody's.

    Every call has a line, and nothing that is not proven to be ours is moved: the vendor keeps it.

    Args:
        catalog: where it goes.
        found: what the vendor says of it.
        now: when it is due, if it is taken over later, UTC.

    Returns:
        False if it is there already, or goes on, or has no time.
    """
    of = found.call_sid
    owner = catalog.conferences.owner(found.account_sid, of) if of else None
    recording = replace(adopted(found, owner, now), claim=Claim.UNPROVEN, keep_at_vendor=True)
    record = _line_without_numbers(catalog, recording, found.started_at or found.created_at)
    if record is None:
        return False
    return catalog.recordings.adopt(replace(recording, call_sid=record.call.call_sid))


def _with_outcome(line: Call, recording: Recording) -> Call:
    if recording.state not in NOTHING_THERE:
        return replace(line, outcome=Outcome.RECORDED)
    lost = recording.state is State.LOST
    why = Reason.LOST if lost else why_nothing(recording.error_code)
    return replace(line, outcome=Outcome.NOT_RECORDED, reason=why)


def with_numbers(catalog: Catalog, vendor: Vendor, found: VendorCall, country: str) -> bool:
    """Give a line its numbers, direction and channels that the vendor did not tell before.

    False, and nothing done, where they are known by now.
    """
    record = catalog.ledger.call(found.account_sid, found.sid)
    legs = partial(vendor.legs, found.account_sid, found.sid)
    is_agent = catalog.agents.is_agent
    told = called_by_twilio(found, record.call.started_at, country, legs, is_agent)
    return catalog.ledger.add_numbers(
        record.call, numbered(record.call, told), channel_maps(record, told)
    )


def late_line(
    catalog: Catalog,
    vendor: Vendor,
    found: VendorCall,
    country: str,
    points_here: Callable[[], bool],
) -> Call | None:
    """Return the line, still open, of a call that is over, for which none could be written.

    None for a call of other people's: neither a number nor a phone of ours had a part in it.

    Args:
        catalog: knows which numbers and phones are ours from the calls that they had.
        vendor: says what was dialled.
        found: the call, as the vendor listed it.
        country: ISO 3166 code by which numbers are read.
        points_here: whether a number that is in no line yet is set up to point at this app; asked
            of customers' calls, since by what an agent's phone points at others may be served too.

    Raises:
        NotAtVendor: Twilio gives no time for it.
    """
    if found.began_at is None:
        raise NotAtVendor(f"Twilio gives no time for {found.sid}.")
    line = from_outside(found, found.began_at, country)
    line = replace(line, ended_at=line.ended_at or found.began_at)  # as of one that was busy
    phone = phone_of(found, country)
    is_agent = catalog.agents.is_agent
    if not may_be_an_agents(found.direction, phone, is_agent):
        return line if catalog.ledger.owns(line.own_number) or points_here() else None
    out = called_out(line, vendor.legs(found.account_sid, found.sid), country, is_agent)
    ours = [each for each in (out, line) if catalog.ledger.owns(each.own_number)]
    if not ours and catalog.agents.knows(phone.key):
        return out
    return ours[0] if ours else None
