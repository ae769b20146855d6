"""The line of a call while it goes on and when it ends: looked for, given up, closed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from twirec.calls import ledger, twiml
from twirec.calls.address import key_of
from twirec.calls.forms import CallEnd
from twirec.calls.wordings import longest_telling
from twirec.catalog import Catalog
from twirec.model.agents import Leg
from twirec.model.errors import CatalogError, NotFound
from twirec.model.records import UNCOUNTED, Call, EndedCall, Ending
from twirec.model.vendor import FINAL
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason
from twirec.webhooks.context import Context, log

LOOKS, BETWEEN_LOOKS = 20, 0.1
"""How often, and how many seconds apart, the line of a call that was placed is looked for."""


def placed_line(catalog: Catalog, account_sid: str, call_sid: str) -> Call:
    """Return the line of a call that was placed.

    It is written once Twilio has taken the call, and somebody may answer, or not, before that
    is done.

    Raises:
        NotFound: it was not written in two seconds.
    """
    for look in range(LOOKS + 1):
        if look:
            time.sleep(BETWEEN_LOOKS)
        if line := catalog.ledger.line(account_sid, call_sid):
            return line
    raise NotFound(f"The catalog has no call {call_sid}.")


def give_up(catalog: Catalog, account_sid: str, call_sid: str, reason: Reason) -> None:
    """Say on a call's line why it is not recorded. It may go on for long."""
    catalog.ledger.close_call(
        account_sid, call_sid, outcome=Outcome.NOT_RECORDED, reason=reason, ended_at=None
    )


def after_failure(
    context: Context, failed_url: str | None, call: Call, connect: Callable[[], str]
) -> str:
    """Twilio could not use one of our answers: let the call go on, unrecorded.

    After the end of their dial nobody is dialled again. Of who may have said themselves what
    failed, that is known by the call's line: the other side told us what they consented to.

    Args:
        context: has the catalog.
        failed_url: which URL failed; None where nobody says so whom we believe.
        call: its line, as it is written where it has none.
        connect: returns the TwiML that connects it, unrecorded.
    """
    catalog = context.catalog
    failed = re.split("[?#]", failed_url or "")[0]  # it may be no URL at all
    over = failed.endswith(urlsplit(context.urls.ended).path)
    try:
        # of a call without a line, nothing was played
        catalog.ledger.open_call(ledger.not_recorded(call, Reason.CATALOG_DOWN))
        if over or (failed_url is None and _was_connected(catalog, call)):
            return twiml.nothing()
        give_up(catalog, call.account_sid, call.call_sid, Reason.APP_FAILED)
    except CatalogError as error:
        log.error("%s: unrecorded: %s", call.call_sid, error)
    return twiml.nothing() if over else connect()


def _was_connected(catalog: Catalog, call: Call) -> bool:
    line, consents = catalog.consents.of(call.account_sid, call.call_sid)
    told_there = line.leg not in ("", call.call_sid)  # on the leg that was dialled
    return told_there and bool(consents)


def close_line(catalog: Catalog, end: CallEnd, now: datetime, country: str) -> None:
    """Write down how a call ended. The end of a leg that belongs to another call is not its end.

    Who was gone before the announcement ended gets a consent that says so.

    Args:
        catalog: where the line is.
        end: how it ended.
        now: UTC.
        country: ISO 3166 code by which numbers are read.

    Raises:
        NotFound: the call has no line.
    """
    over = end.call_status in FINAL or end.dial_status is None
    at = now if over else None  # who dialled may be sent on to somebody else
    ending = partial(_ending, end, now, country)
    catalog.ledger.end_call(end.account_sid, end.call_sid, ending, at)


def _ending(end: CallEnd, now: datetime, country: str, ended: EndedCall) -> Ending:
    """Return what is written down of how a call ended."""
    call, told = ended.call, ended.call.announced_at
    leg = dialled_leg(call, end, now, country)
    if _is_elsewhere(call, end):
        return Ending(call.outcome, call.reason, leg=leg)
    legs = (*ended.legs, leg) if leg else ended.legs
    outcome, reason = ledger.outcome_at_end(call, answered=ended.answered, legs=legs, end=end)
    if reason is not Reason.HUNG_UP or ended.announcement is None or told is None:
        return Ending(outcome, reason, leg=leg)
    if now - told > longest_telling(ended.announcement):  # the end of their dial was not told
        return Ending(outcome, Reason.APP_FAILED, leg=leg)
    gone = ledger.consent_of(call, ended.announcement, ConsentOutcome.HUNG_UP, now)
    return Ending(outcome, reason, consent=gone, leg=leg)


def _is_elsewhere(call: Call, end: CallEnd) -> bool:
    """Whether only an earlier dial ended, of a call that was sent on to somebody else since.

    Twilio tells of the end of a dial that the call was moved away from, too.
    """
    verb_ended = end.dial_status is not None or end.queue_result is not None
    is_earlier = end.sent_on not in (call.sent_on, UNCOUNTED)
    return verb_ended and end.call_status not in FINAL and is_earlier


def dialled_leg(call: Call, end: CallEnd, now: datetime, country: str) -> Leg | None:
    """Return the leg that a dial rang; whose it is, is known when only one was dialled.

    It came to the call when it was answered, as far as Twilio says for how long it was on it.
    """
    if end.dialled_sid is None:
        return None
    known = len(call.dial) == 1 and call.sent_on == end.sent_on
    only = key_of(call.dial[0], country) if known else ""
    agent = only if call.channel_map == ledger.CUSTOMER_FIRST else ""
    at = max(call.started_at, now - end.talked)
    return Leg(call.account_sid, end.dialled_sid, call.call_sid, at, agent)
