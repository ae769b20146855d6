"""Closing a ledger line: told by Twilio, or found by the sweep."""

from __future__ import annotations

from datetime import datetime

from twirec.calls.announcement import longest_telling
from twirec.calls.forms import CallEnd
from twirec.calls.ledger import CUSTOMER_FIRST, consent_of, outcome_at_end
from twirec.catalog import Catalog
from twirec.model.agents import Leg
from twirec.model.announcements import Announcement
from twirec.model.records import Call, Consent
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason


def close_line(catalog: Catalog, end: CallEnd, now: datetime) -> None:
    """Write down how a call ended. The end of a leg that belongs to another call is not its end.

    Who was gone before the announcement ended gets a consent that says so.

    Raises:
        NotFound: the call has no line.
    """
    if catalog.agents.knows_leg(end.account_sid, end.call_sid):
        return
    record = catalog.ledger.call(end.account_sid, end.call_sid)
    if end.dialled_sid:
        catalog.agents.add_leg(_dialled(record.call, end.dialled_sid, now))
    outcome, reason = outcome_at_end(record, end)
    call = record.call
    told = call.announced_at if call.outcome is Outcome.OPEN else None
    if reason is Reason.HUNG_UP and call.announcement and told:
        announcement = catalog.announcements.get(call.announcement)
        if now - told > longest_telling(announcement):  # the end of their dial was not told
            reason = Reason.APP_FAILED
        elif _hung_up(catalog, call, announcement, now).outcome.allows_recording:
            outcome, reason = Outcome.OWED, None  # they were told just now
    catalog.ledger.close_call(
        end.account_sid, end.call_sid, outcome=outcome, reason=reason, ended_at=now
    )


def _hung_up(catalog: Catalog, call: Call, announcement: Announcement, now: datetime) -> Consent:
    consent = consent_of(call, announcement, ConsentOutcome.HUNG_UP, now)
    return catalog.ledger.record_consent(consent, Reason.HUNG_UP)


def _dialled(call: Call, leg_sid: str, now: datetime) -> Leg:
    """Return the leg that a dial connected; whose it is, is known when only one was dialled."""
    only = call.dial[0] if len(call.dial) == 1 else ""
    agent = only if call.channel_map == CUSTOMER_FIRST else ""
    return Leg(call.account_sid, leg_sid, call.call_sid, now, agent)
