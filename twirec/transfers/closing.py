"""Closing a ledger line: told by Twilio, or found by the sweep."""

from __future__ import annotations

from datetime import datetime

from twirec.calls.forms import CallEnd
from twirec.calls.reception import consent_of, outcome_at_end
from twirec.model.catalog import Catalog
from twirec.model.words import ConsentOutcome, Outcome, Reason


def close_line(catalog: Catalog, end: CallEnd, now: datetime) -> None:
    """Write down how a call ended.

    Who was gone before the announcement ended gets a consent that says so.

    Raises:
        NotFound: the call has no line.
    """
    record = catalog.call(end.account_sid, end.call_sid)
    outcome, reason = outcome_at_end(record, end)
    call = record.call
    told = call.leg and call.outcome is Outcome.OPEN
    if reason is Reason.HUNG_UP and call.announcement and told:
        announcement = catalog.announcement(call.announcement)
        consent = consent_of(call, announcement, ConsentOutcome.HUNG_UP, now)
        if catalog.record_consent(consent, reason).outcome.allows_recording:
            outcome, reason = Outcome.OWED, None  # they were told just now
    catalog.close_call(end.account_sid, end.call_sid, outcome=outcome, reason=reason, ended_at=now)
