"""Calls over REST (https://www.twilio.com/docs/voice/api/call-resource)."""

from __future__ import annotations

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, days, page
from twirec.sandbox.placing import placing
from twirec.sandbox.resources import begun, call_json
from twirec.sandbox.script import Document, Next
from twirec.sandbox.state import FINAL, Account, Call
from twirec.sandbox.web import (
    BAD_REQUEST,
    CONFLICT,
    NOT_IN_PROGRESS,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

_DATES = tuple(f"{name}Time{sign}" for name in ("Start", "End") for sign in ("", "<", ">"))
_FILTERS = {"From", "To", "Status", "ParentCallSid", *_DATES, *KEYS}
_UPDATE = {"Status", "Url", "Method", "Twiml"}
_RINGS = frozenset({"queued", "ringing"})


class CallHandlers:
    """Answers requests about calls."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def list(self, request: Request) -> Answer:
        """List calls, the newest first."""
        params = request.params
        known_params(params, _FILTERS)
        in_days, ends_in_days = days(params, "StartTime"), days(params, "EndTime")

        def matches(call: Call) -> bool:
            return (
                params.get("From", call.from_) == call.from_
                and params.get("To", call.to) == call.to
                and params.get("Status", call.status) == call.status
                and params.get("ParentCallSid", call.parent_sid) == call.parent_sid
                and in_days(begun(call))
                and ends_in_days(call.ended)
            )

        calls = self._account.calls()
        return json_answer(
            page(request, "calls", calls, matches, lambda call: call_json(self._account, call))
        )

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a call."""
        return json_answer(call_json(self._account, self._find(request, sid)))

    def create(self, request: Request) -> Answer:
        """Call somebody, and run TwiML once they have picked up."""
        wanted = placing(self._account, request)
        call = self._exchange.call_out(request.form["From"], request.form["To"], wanted)
        return json_answer({**call_json(self._account, call), "status": "queued"}, 201)

    def update(self, request: Request, sid: str) -> Answer:
        """Hang up (`Status=completed`, or `canceled` while it rings), or run another document."""
        call, form = self._find(request, sid), request.form
        known_params(form, _UPDATE)
        status = form.get("Status")
        if status not in {None, "completed", "canceled"} or not form:
            raise Refused(400, BAD_REQUEST, "Status, Url or Twiml must be given, and be valid")
        if call.status in FINAL or call.remote is None:
            raise Refused(400, NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.")
        if status is None:
            self._turn(call, form)
        elif status == "completed" or call.status in _RINGS:
            call.hang_up()
        return json_answer(call_json(self._account, call))

    def delete(self, request: Request, sid: str) -> Answer:
        """Forget a call that has ended, and the legs that it dialled; their recordings stay."""
        known_params(request.params, ())
        call = self._find(request, sid)
        if call.status not in FINAL:
            raise Refused(409, CONFLICT, "Only calls that have ended can be deleted")
        self._account.forget_call(sid)
        return Answer(204)

    def _turn(self, call: Call, form: dict[str, str]) -> None:
        url, twiml = form.get("Url"), form.get("Twiml")
        if call.status != "in-progress" or call.remote is None:
            raise Refused(400, NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.")
        if not url and not twiml:
            raise Refused(400, BAD_REQUEST, "Url or Twiml must be given")
        step: Document = Next(url, form.get("Method", "POST")) if url else (twiml or "").encode()
        call.remote.turn(step)

    def _find(self, request: Request, sid: str) -> Call:
        call = self._account.call(sid)
        if call is None:
            raise not_found(request.path)
        return call
