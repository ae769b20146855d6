"""Ending a recording that must not go on: somebody came who may not be recorded."""

from __future__ import annotations

from datetime import datetime

from twirec.calls.agents import NOT_INFORMED, OTHER_CALLER
from twirec.catalog import Catalog
from twirec.model.errors import NotFound, NotStopped
from twirec.model.ports import Vendor
from twirec.model.records import Recording
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import Uninformed

STOP = "stop "
"""What the mark of a leg is remembered under, before its SID, when nothing recorded of it until
then may go on, and Twilio did not end it."""

GOES_ON = frozenset({RecordingStatus.IN_PROGRESS, RecordingStatus.PAUSED})


def may_not_go_on(catalog: Catalog, recording: Recording, uninformed: Uninformed) -> bool:
    """Whether a recording that is in progress has somebody in it who may not be recorded.

    Args:
        catalog: has the line of its call, with the warning.
        recording: is in progress.
        uninformed: what is done about agents who are not in the register.
    """
    if recording.call_sid is None:
        return False
    ordered = catalog.marks.get(STOP + recording.recorded_leg)
    if ordered and (recording.started_at is None or recording.started_at <= ordered):
        return True
    try:
        call = catalog.ledger.call(recording.account_sid, recording.call_sid).call
    except NotFound:
        return False
    minded = uninformed is Uninformed.DO_NOT_RECORD and call.detail == NOT_INFORMED
    return minded or call.detail == OTHER_CALLER


def order_stop(catalog: Catalog, leg_sid: str, at: datetime) -> None:
    """Let the next sweep end what is recorded of a leg (`CA…`) and began before a moment, UTC."""
    catalog.marks.set(STOP + leg_sid, at)


def stop(vendor: Vendor, recording: Recording) -> None:
    """End a recording. What was recorded so far stays.

    Raises:
        NotStopped: Twilio says that it goes on.
        VendorError: Twilio refused, or did not answer.
    """
    told = vendor.set_recording(
        recording.account_sid, recording.recorded_leg, recording.sid, RecordingStatus.STOPPED
    )
    if told in GOES_ON:
        raise NotStopped(f"Twilio says of {recording.sid}: {told}.")
