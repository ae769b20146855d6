"""Whether the TwiML Bins that stand in for the app connect callers, and record nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

from twirec.adapters.own_app import fetch_bin
from twirec.calls.signature import sign
from twirec.doctor.numbers import MAKE_FALLBACK, is_ours
from twirec.doctor.results import failed, guarded, ok, warning
from twirec.model.inspection import AppAnswer, Check, CheckResult, OwnAddress
from twirec.settings import Settings
from twirec.settings.addresses import is_here

BINS = "handler.twilio.com"
"""Where TwiML Bins are. Nothing else is tried: another address might do something."""

RECORDS = {"record", "recordingStatusCallback"}
"""Attributes of verbs that record, or that only have a meaning where something is recorded."""


def fallback_results(settings: Settings, called: Sequence[OwnAddress]) -> Iterator[CheckResult]:
    """Look at each TwiML Bin that is the fallback of what points at this app.

    Args:
        settings: whose token signs.
        called: what can be called of the accounts.
    """
    ours = [one.fallback_url for one in called if is_ours(one, settings.public_url)]
    for url in dict.fromkeys(each for each in ours if _is_bin(each)):
        yield from guarded(Check.FALLBACK, partial(_look, settings, url))


def _is_bin(url: str) -> bool:
    place = urlsplit(url)
    known = place.netloc == BINS or is_here(url)
    return known and bool(re.fullmatch("/twiml/EH[0-9a-fA-F]{32}", place.path))


def _look(settings: Settings, url: str) -> Iterator[CheckResult]:
    account = settings.account_sid
    whole = f"{url.partition('?')[0]}?{urlencode({'AccountSid': account})}"
    signature = sign(whole, (), settings.auth_tokens[account][0])
    yield check_bin(urlsplit(url).path.rpartition("/")[2], fetch_bin(whole, signature))


def check_bin(sid: str, answer: AppAnswer) -> CheckResult:
    """Judge what a TwiML Bin answered.

    Args:
        sid: its SID, `EH…`.
        answer: what it answered.
    """
    if answer.status != 200:
        return failed(
            Check.FALLBACK,
            f"The TwiML Bin {sid} answered {answer.status}: calls fail while the app is down.",
            MAKE_FALLBACK,
        )
    root = _parsed(answer.text)
    if root is None or root.tag != "Response":
        return failed(Check.FALLBACK, f"What is in the TwiML Bin {sid} is no TwiML.", MAKE_FALLBACK)
    verbs = list(root.iter())
    if any(verb.tag in {"Record", "Recording"} or RECORDS & set(verb.attrib) for verb in verbs):
        return failed(
            Check.FALLBACK,
            f"The TwiML Bin {sid} records callers, who were told nothing.",
            "Take the recording out of it: what `twirec fallback` prints has none.",
        )
    if not any(verb.tag in {"Dial", "Enqueue", "Redirect"} for verb in verbs):
        return warning(
            Check.FALLBACK,
            f"The TwiML Bin {sid} connects nobody while the app is down.",
            MAKE_FALLBACK,
        )
    return ok(Check.FALLBACK, f"The TwiML Bin {sid} connects calls, unrecorded, without the app.")


def _parsed(text: str) -> Element | None:
    if "<!" in text.replace("<!--", ""):  # a document type, and what it may define
        return None
    try:
        return fromstring(text)  # noqa: S314 - the company's own, without a document type
    except ParseError:
        return None
