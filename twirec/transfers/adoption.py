"""Taking over what others started: calls and recordings that the catalog does not know."""

from __future__ import annotations

from datetime import datetime

from twirec.calls.numbers import normalise
from twirec.calls.reception import CUSTOMER_FIRST
from twirec.model.catalog import Catalog
from twirec.model.errors import NotAtVendor, NotFound
from twirec.model.ports import Vendor
from twirec.model.records import Call, CallRecord, Recording
from twirec.model.states import State
from twirec.model.vendor import STATE_OF, VendorCall, VendorRecording
from twirec.model.words import Direction, Outcome, why_nothing


def line_of(
    catalog: Catalog, vendor: Vendor, recording: Recording, country: str
) -> CallRecord | None:
    """Return the call of a recording, made from what the vendor says where it has no line.

    None when the recording names no call, or one that the vendor does not know any more: a
    recording is kept all the same.
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
    catalog.open_call(_line(found, country, recording))
    return catalog.call(recording.account_sid, recording.call_sid)


def adopted(found: VendorRecording, now: datetime) -> Recording:
    """Return the catalog's row for a recording that the vendor listed.

    Args:
        found: what the vendor says.
        now: when it is due, if there is something to copy, UTC.
    """
    state = state_of(found)
    return Recording(
        sid=found.sid,
        account_sid=found.account_sid,
        call_sid=found.call_sid,
        state=state,
        source=found.source,
        started_at=found.started_at,
        duration=found.duration,
        channels=found.channels,
        error_code=found.error_code,
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
    inbound = found.direction in {"inbound", "trunking-originating"}
    customer, own = (found.from_, found.to) if inbound else (found.to, found.from_)
    nothing = recording.state in {State.ABSENT, State.FAILED}
    return Call(
        account_sid=found.account_sid,
        call_sid=found.sid,
        direction=Direction.IN if inbound else Direction.OUT,
        customer_number=normalise(customer, country),
        own_number=normalise(own, country),
        started_at=started_at,
        channel_map=CUSTOMER_FIRST,
        outcome=Outcome.NOT_RECORDED if nothing else Outcome.RECORDED,
        reason=why_nothing(recording.error_code) if nothing else None,
        ended_at=found.ended_at,
    )
