"""What a request to place a call asks for.

https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource
"""

from __future__ import annotations

import re

from twirec.sandbox.addresses import is_address
from twirec.sandbox.outbound import Placing
from twirec.sandbox.progress import EVENTS
from twirec.sandbox.rest_orders import method, one_of, rest_order
from twirec.sandbox.script import Document, Next, Script, Subscription
from twirec.sandbox.state import Account
from twirec.sandbox.web import BAD_REQUEST, Refused, Request, known_params

_KNOWN = {
    *("From", "To", "Url", "Method", "FallbackUrl", "Twiml", "Timeout", "SendDigits"),
    *("StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod"),
    *("Record", "RecordingChannels", "RecordingTrack", "Trim", "MachineDetection"),
    *("RecordingStatusCallback", "RecordingStatusCallbackEvent", "RecordingStatusCallbackMethod"),
}
_NO_TO, _NO_FROM, _NO_URL = 21201, 21213, 21205
_BAD_TO, _FOREIGN_FROM = 21211, 21210
_LONGEST_TWIML = 4000
_DEFAULT_TIMEOUT = 60


def placing(account: Account, request: Request, document: bytes | None = None) -> Placing:
    """Read a request; `document` is what is run, where it does not say so itself.

    Raises:
        Refused: 400, with Twilio's number for what is wrong.
    """
    form = request.form
    if document is None:
        known_params(form, _KNOWN)
    _check_people(account, form)
    timeout = form.get("Timeout", str(_DEFAULT_TIMEOUT))
    if not timeout.isdecimal():
        raise Refused(400, BAD_REQUEST, "Timeout must be a number of seconds")
    digits = form.get("SendDigits", "")
    if not re.fullmatch(r"[0-9wW#*]*", digits):
        raise Refused(400, BAD_REQUEST, "SendDigits are digits, #, * and w")
    records = one_of(form, "Record", "false", "true") == "true"
    return Placing(
        Script(document or _document(form), form.get("FallbackUrl"), _told(request)),
        float(timeout),
        rest_order(request, "OutboundAPI", "trim-silence") if records else None,
        one_of(form, "MachineDetection", "", "Enable", "DetectMessageEnd"),
        digits,
    )


def _check_people(account: Account, form: dict[str, str]) -> None:
    for name, code in (("To", _NO_TO), ("From", _NO_FROM)):
        if not form.get(name):
            raise Refused(400, code, f"No '{name}' number is specified")
    if form["From"] not in account.numbers:
        raise Refused(400, _FOREIGN_FROM, "The source number is not one of the account's")
    if not is_address(form["To"]):
        raise Refused(400, _BAD_TO, "The phone number you are attempting to call is not valid")


def _document(form: dict[str, str]) -> Document:
    url, twiml = form.get("Url"), form.get("Twiml")
    if not url and not twiml:
        raise Refused(400, _NO_URL, "Url parameter is required")
    if len(twiml or "") > _LONGEST_TWIML:
        raise Refused(400, BAD_REQUEST, f"Twiml is longer than {_LONGEST_TWIML} characters")
    return Next(url, method(form, "Method")) if url else (twiml or "").encode()


def _told(request: Request) -> Subscription | None:
    url = request.form.get("StatusCallback")
    told = method(request.form, "StatusCallbackMethod")
    events = frozenset(request.words("StatusCallbackEvent") or {"completed"})
    if not events <= EVENTS:
        raise Refused(400, BAD_REQUEST, f"StatusCallbackEvent is one of {', '.join(EVENTS)}")
    return Subscription(url, told, events) if url else None
