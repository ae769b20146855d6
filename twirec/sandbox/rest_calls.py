"""Calls over REST (https://www.twilio.com/docs/voice/api/call-resource)."""

from __future__ import annotations

from twirec.sandbox.exchange import Exchange, Script
from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import call_json
from twirec.sandbox.stage import Next
from twirec.sandbox.state import FINAL, Account, Call
from twirec.sandbox.web import (
    BAD_REQUEST,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

_FILTERS = {"From", "To", "Status", "ParentCallSid", *KEYS}
_CREATE = {"From", "To", "Url", "Method", "FallbackUrl", "Twiml", "StatusCallback", "Timeout"}
_NO_TO, _NO_FROM, _NO_URL = 21201, 21213, 21205
_FOREIGN_FROM = 21210
_NOT_IN_PROGRESS = 21220
_LONGEST_TWIML = 4000
_DEFAULT_TIMEOUT = 60


class CallHandlers:
    """Answers requests about calls."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def list(self, request: Request, sid: str) -> Answer:
        """List calls, the newest first."""
        params = request.params
        known_params(params, _FILTERS)

        def matches(call: Call) -> bool:
            return (
                params.get("From", call.from_) == call.from_
                and params.get("To", call.to) == call.to
                and params.get("Status", call.status) == call.status
                and params.get("ParentCallSid", call.parent_sid) == call.parent_sid
            )

        calls = self._account.calls()
        return json_answer(
            page(request, "calls", calls, matches, lambda call: call_json(self._account, call))
        )

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a call."""
        return json_answer(call_json(self._account, self._find(request, sid)))

    def create(self, request: Request, sid: str) -> Answer:
        """Call somebody, and run TwiML once they have picked up."""
        form = request.form
        known_params(form, _CREATE)
        for name, code in (("To", _NO_TO), ("From", _NO_FROM)):
            if not form.get(name):
                raise Refused(400, code, f"No '{name}' number is specified")
        if form["From"] not in self._account.numbers:
            raise Refused(400, _FOREIGN_FROM, "The source number is not one of the account's")
        timeout = form.get("Timeout", str(_DEFAULT_TIMEOUT))
        if not timeout.isdecimal():
            raise Refused(400, BAD_REQUEST, "Timeout must be a number of seconds")
        call = self._exchange.call_out(form["From"], form["To"], _script(form), int(timeout))
        return json_answer(call_json(self._account, call), 201)

    def update(self, request: Request, sid: str) -> Answer:
        """Hang up: `Status=completed`, or `canceled` while it rings."""
        call = self._find(request, sid)
        known_params(request.form, {"Status"})
        if request.form.get("Status") not in {"completed", "canceled"} or call.parent_sid:
            raise Refused(400, BAD_REQUEST, "The sandbox can only end calls, by their first leg")
        if call.status in FINAL:
            raise Refused(400, _NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.")
        call.hang_up()
        return json_answer(call_json(self._account, call))

    def _find(self, request: Request, sid: str) -> Call:
        call = self._account.call(sid)
        if call is None:
            raise not_found(request.path)
        return call


def _script(form: dict[str, str]) -> Script:
    url, twiml = form.get("Url"), form.get("Twiml")
    if not url and not twiml:
        raise Refused(400, _NO_URL, "Url parameter is required")
    if len(twiml or "") > _LONGEST_TWIML:
        raise Refused(400, BAD_REQUEST, f"Twiml is longer than {_LONGEST_TWIML} characters")
    first = Next(url, form.get("Method", "POST")) if url else (twiml or "").encode()
    return Script(first, form.get("FallbackUrl"), form.get("StatusCallback"))
