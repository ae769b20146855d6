"""The REST API under `/2010-04-01/Accounts/{sid}`: routes, access and faults.

https://www.twilio.com/docs/voice/api/call-resource and
https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.faults import Endpoint, Fault, Faults
from twirec.sandbox.mishaps import answer_with
from twirec.sandbox.recording import Recording
from twirec.sandbox.resources import API_VERSION
from twirec.sandbox.rest_account import DEFAULTS, DIALLING, SENDERS, AccountHandlers
from twirec.sandbox.rest_calls import CallHandlers
from twirec.sandbox.rest_conferences import ConferenceHandlers
from twirec.sandbox.rest_live import CURRENT, LiveHandlers
from twirec.sandbox.rest_recordings import RecordingHandlers
from twirec.sandbox.state import Account, Call
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
_CONFERENCE = "(CF[0-9a-f]{32})"


@dataclass(frozen=True, slots=True)
class _Route:
    """A route: the groups of the pattern are given to the handler.

    `ignored` answers in its stead, and does nothing, when the request is to be ignored.
    """

    method: str
    pattern: str
    handler: Callable[..., Answer]
    endpoint: Endpoint | None = None
    ignored: Callable[..., Answer] | None = None


class RestApi:
    """Answers REST requests."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._own = AccountHandlers(account)
        self._routes = (
            *_account_routes(self._own),
            *_call_routes(CallHandlers(account, exchange)),
            *_recording_routes(RecordingHandlers(account, exchange)),
            *_live_routes(LiveHandlers(account, exchange)),
            *_conference_routes(ConferenceHandlers(account, exchange)),
        )

    def answer(self, request: Request) -> Answer:
        """Answer a request; refuse in JSON, or in XML where the address has no `.json`."""
        try:
            if not (self._account.hazards.open_media and _is_media(request)):
                authorize(self._account, request)
            return self._route(request)
        except Refused as refused:
            is_json = request.path.endswith(".json") or request.path in {
                DEFAULTS,
                DIALLING,
                SENDERS,
            }
            return refused.json() if is_json else refused.xml()

    def _route(self, request: Request) -> Answer:
        if (request.method, request.path) == ("GET", DEFAULTS):
            return self._own.default_recording(request)
        if (request.method, request.path) == ("GET", SENDERS):
            return self._own.senders(request)
        if (request.method, request.path) == ("GET", DIALLING):
            return self._own.dialling(request)
        prefix = f"/{API_VERSION}/Accounts/{self._account.sid}"
        there = False
        for route in self._routes:
            match = re.fullmatch(re.escape(prefix) + route.pattern, request.path)
            there = there or match is not None
            if match and route.method == request.method:
                return self._handle(route, request, match.groups())
        if there:
            raise Refused(405, BAD_METHOD, f"{request.method} is not allowed here")
        raise not_found(request.path)

    def _handle(self, route: _Route, request: Request, sids: Sequence[str]) -> Answer:
        fault, faults = self._fault(route.endpoint, sids)
        handler = route.ignored if fault is Fault.IGNORED and route.ignored else route.handler
        return answer_with(fault, faults, request, lambda asked: handler(asked, *sids))

    def _fault(self, endpoint: Endpoint | None, sids: Sequence[str]) -> tuple[Fault | None, Faults]:
        holders: list[Account | Call | Recording | None] = [self._account]
        if endpoint is not Endpoint.LISTING:
            calls = [self._account.call(sid) for sid in sids]
            holders = [*calls, *(self._account.recording(sid) for sid in sids), self._account]
        for holder in holders if endpoint else []:
            if holder and endpoint and (fault := holder.plan.take(endpoint)):
                return fault, holder.faults or Faults()
        return None, Faults()


def _is_media(request: Request) -> bool:
    return re.search(rf"/Recordings/{_RECORDING}(?:\.wav|\.mp3)?$", request.path) is not None


def _account_routes(own: AccountHandlers) -> tuple[_Route, ...]:
    return (
        _Route("GET", r"\.json", own.fetch),
        _Route("GET", r"/IncomingPhoneNumbers\.json", own.numbers, Endpoint.LISTING),
        _Route("GET", r"/Applications\.json", own.applications, Endpoint.LISTING),
        _Route("GET", r"/SIP/Domains\.json", own.domains, Endpoint.LISTING),
    )


def _call_routes(calls: CallHandlers) -> tuple[_Route, ...]:
    one = rf"/Calls/{_CALL}\.json"
    return (
        _Route("GET", r"/Calls\.json", calls.list, Endpoint.LISTING),
        _Route("POST", r"/Calls\.json", calls.create, Endpoint.PLACE),
        _Route("GET", one, calls.fetch, Endpoint.CALL),
        _Route("POST", one, calls.update),
    )


def _recording_routes(recordings: RecordingHandlers) -> tuple[_Route, ...]:
    of_call, one = rf"/Calls/{_CALL}/Recordings\.json", rf"/Recordings/{_RECORDING}"
    return (
        _Route("GET", of_call, recordings.of_call, Endpoint.LISTING),
        _Route("GET", r"/Recordings\.json", recordings.list, Endpoint.LISTING),
        _Route("GET", rf"{one}\.json", recordings.fetch, Endpoint.RECORDING),
        _Route("DELETE", rf"{one}\.json", recordings.delete, Endpoint.DELETE),
        _Route("GET", rf"{one}(?:\.wav|\.mp3)?", recordings.media, Endpoint.MEDIA),
    )


def _live_routes(live: LiveHandlers) -> tuple[_Route, ...]:
    of_call = rf"/Calls/{_CALL}/Recordings"
    one = rf"{of_call}/(RE[0-9a-f]{{32}}|{re.escape(CURRENT)})\.json"
    return (
        _Route("POST", rf"{of_call}\.json", live.start, Endpoint.START),
        _Route("POST", one, live.update, Endpoint.UPDATE, live.ignore),
    )


def _conference_routes(conferences: ConferenceHandlers) -> tuple[_Route, ...]:
    return (
        _Route("GET", r"/Conferences\.json", conferences.list, Endpoint.LISTING),
        _Route("GET", rf"/Conferences/{_CONFERENCE}\.json", conferences.fetch),
        _Route(
            "GET",
            rf"/Conferences/{_CONFERENCE}/Participants\.json",
            conferences.participants,
            Endpoint.LISTING,
        ),
    )


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
