"""The REST API under `/2010-04-01/Accounts/{sid}`: routes, access and faults.

https://www.twilio.com/docs/voice/api/call-resource and
https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.faults import Endpoint, Fault, Faults
from twirec.sandbox.mishaps import answer_with
from twirec.sandbox.resources import API_VERSION
from twirec.sandbox.rest_calls import CallHandlers
from twirec.sandbox.rest_recordings import RecordingHandlers
from twirec.sandbox.state import Account, Call, Recording
from twirec.sandbox.web import (
    BAD_METHOD,
    UNAUTHORIZED,
    Answer,
    Refused,
    Request,
    not_found,
)

_CALL = "(CA[0-9a-f]{32})"
_RECORDING = "(RE[0-9a-f]{32})"


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    pattern: str
    handler: Callable[[Request, str], Answer]
    endpoint: Endpoint | None = None


class RestApi:
    """Answers REST requests."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        calls, recordings = CallHandlers(account, exchange), RecordingHandlers(account, exchange)
        self._routes = (
            _Route("GET", r"/Calls\.json()", calls.list, Endpoint.LISTING),
            _Route("POST", r"/Calls\.json()", calls.create),
            _Route("GET", rf"/Calls/{_CALL}\.json", calls.fetch, Endpoint.CALL),
            _Route("POST", rf"/Calls/{_CALL}\.json", calls.update),
            _Route(
                "GET", rf"/Calls/{_CALL}/Recordings\.json", recordings.of_call, Endpoint.LISTING
            ),
            _Route("GET", r"/Recordings\.json()", recordings.list, Endpoint.LISTING),
            _Route("GET", rf"/Recordings/{_RECORDING}\.json", recordings.fetch, Endpoint.RECORDING),
            _Route(
                "DELETE", rf"/Recordings/{_RECORDING}\.json", recordings.delete, Endpoint.DELETE
            ),
            _Route(
                "GET",
                rf"/Recordings/{_RECORDING}(?:\.wav|\.mp3)?",
                recordings.media,
                Endpoint.MEDIA,
            ),
        )

    def answer(self, request: Request) -> Answer:
        """Answer a request; refuse in JSON, or in XML where the address has no `.json`."""
        try:
            authorize(self._account, request)
            return self._route(request)
        except Refused as refused:
            return refused.json() if request.path.endswith(".json") else refused.xml()

    def _route(self, request: Request) -> Answer:
        prefix = f"/{API_VERSION}/Accounts/{self._account.sid}"
        there = False
        for route in self._routes:
            match = re.fullmatch(re.escape(prefix) + route.pattern, request.path)
            there = there or match is not None
            if match and route.method == request.method:
                return self._handle(route, request, match[1])
        if there:
            raise Refused(405, BAD_METHOD, f"{request.method} is not allowed here")
        raise not_found(request.path)

    def _handle(self, route: _Route, request: Request, sid: str) -> Answer:
        fault, faults = self._fault(route.endpoint, sid)
        return answer_with(fault, faults, request, lambda asked: route.handler(asked, sid))

    def _fault(self, endpoint: Endpoint | None, sid: str) -> tuple[Fault | None, Faults]:
        holders: list[Account | Call | Recording | None] = [self._account]
        if endpoint is not Endpoint.LISTING:
            holders = [self._account.call(sid), self._account.recording(sid), self._account]
        for holder in holders if endpoint else []:
            if holder and endpoint and (fault := holder.plan.take(endpoint)):
                return fault, holder.faults or Faults()
        return None, Faults()


def authorize(account: Account, request: Request) -> None:
    """Check HTTP Basic: the account's SID and token, or an API key and its secret.

    Raises:
        Refused: 401 with Twilio's error 20003.
    """
    user, password = request.credentials
    secrets = {account.sid: account.token, account.key: account.secret}
    if not hmac.compare_digest(secrets.get(user, "").encode(), password.encode()) or not password:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
        raise Refused(401, UNAUTHORIZED, "Authenticate", headers)
