"""What is being recorded of a call at this moment, told by Twilio or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from twirec.calls.ledger import channels_of
from twirec.catalog import Catalog
from twirec.model.ports import Vendor
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.transfers.adoption import adopted, state_of


def known(record: CallRecord) -> list[Recording]:
    """Return the recordings of a call that are in progress, as far as Twilio told of them."""
    return [each for each in record.recordings if each.state is State.RECORDING]


def untold(
    catalog: Catalog, vendor: Vendor, record: CallRecord, now: datetime
) -> Iterator[Recording]:
    """Adopt what Twilio records of a call and has not told of (yet): a callback may be lost.

    Somebody on the phone waits for this: Twilio is asked once.

    Raises:
        VendorError: Twilio could not be asked.
    """
    call = record.call
    told = {recording.sid for recording in record.recordings}
    legs = dict.fromkeys([call.call_sid, *(each.leg_sid for each in record.legs if each.agent)])
    for leg in legs:
        if (
            catalog.conferences.owner(call.account_sid, leg) != call.call_sid
        ):  # it is another call's
            continue
        for found in vendor.recordings(call.account_sid, call_sid=leg, hurry=True):
            if found.sid in told or state_of(found) is not State.RECORDING:
                continue
            told.add(found.sid)
            channel_map = channels_of(found.source, leg, record)
            recording = replace(adopted(found, call.call_sid, now), channel_map=channel_map)
            catalog.recordings.adopt(recording)
            yield recording
