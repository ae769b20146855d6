"""The REST API under `/2010-04-01/Accounts/{sid}`: routes, access and faults.

https://www.twilio.com/docs/voice/api/call-resource and
https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.faults import Endpoint, Fault, Faults
from twirec.sandbox.limits import STATUS
from twirec.sandbox.mishaps import answer_with
from twirec.sandbox.recording import Recording
from twirec.sandbox.resources import API_VERSION
from twirec.sandbox.rest_account import DEFAULTS, DIALLING, SENDERS, AccountHandlers
from twirec.sandbox.rest_calls import CallHandlers
from twirec.sandbox.rest_conferences import ConferenceHandlers
from twirec.sandbox.rest_live import LiveHandlers
from twirec.sandbox.rest_numbers import NumberHandlers
from twirec.sandbox.rest_participants import ParticipantHandlers
from twirec.sandbox.rest_queues import QueueHandlers
from twirec.sandbox.rest_recordings import RecordingHandlers
from twirec.sandbox.state import Account, Call
from twirec.sandbox.web import (
    UNAUTHORIZED,
    Answer,
    Refused,
    Request,
    not_done,
    not_found,
)

_ACCOUNT = f"/{API_VERSION}/Accounts/{{AccountSid}}"
_FORMS = (".wav", ".mp3", "")  # of media, the last one being what `RecordingUrl` says


@dataclass(frozen=True, slots=True)
class _Route:
    """A route, by its address as https://github.com/twilio/twilio-oai writes it.

    What stands for the braces is given to the handler. `ignored` answers in its stead, and does
    nothing, when the request is to be ignored.
    """

    method: str
    template: str
    handler: Callable[..., Answer]
    endpoint: Endpoint | None = None
    ignored: Callable[..., Answer] | None = None
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\{\w+\\}", "([^/]+?)", re.escape(self.template))
        object.__setattr__(self, "pattern", re.compile(pattern))


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
            *_number_routes(NumberHandlers(account)),
            *_conference_routes(ConferenceHandlers(account, exchange)),
            *_participant_routes(ParticipantHandlers(account, exchange)),
            *_queue_routes(QueueHandlers(account, exchange)),
        )

    def answer(self, request: Request) -> Answer:
        """Answer a request; refuse in JSON, or in XML where the address has no `.json`."""
        try:
            if not (self._account.hazards.open_media and _is_media(request)):
                authorize(self._account, request)
            return self._route(request)
        except Refused as refused:
            if refused.status == STATUS:
                self._account.limits.note(str(refused))
            is_media = request.path.startswith(f"/{API_VERSION}/") and request.path[-5:] != ".json"
            return refused.xml() if is_media else refused.json()

    @property
    def served(self) -> list[tuple[str, str]]:
        """What is served: method and address, as Twilio's description of its API writes it."""
        return [(route.method, route.template) for route in self._routes]

    def _route(self, request: Request) -> Answer:
        for route in self._routes:
            match = route.pattern.fullmatch(request.path)
            if match is None or route.method != request.method:
                continue
            groups = match.groups()
            if groups and groups[0] != self._account.sid:
                raise not_found(request.path)
            return self._handle(route, request, groups[1:])
        raise not_done(f"{request.method} {request.path}")

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
    return re.search(r"/Recordings/RE\w+(?:\.wav|\.mp3)?$", request.path) is not None


def _account_routes(own: AccountHandlers) -> tuple[_Route, ...]:
    return (
        _Route("GET", f"{_ACCOUNT}.json", own.fetch),
        _Route("GET", f"{_ACCOUNT}/Applications.json", own.applications, Endpoint.LISTING),
        _Route("GET", f"{_ACCOUNT}/SIP/Domains.json", own.domains, Endpoint.LISTING),
        _Route("GET", DEFAULTS, own.default_recording),
        _Route("GET", SENDERS, own.senders),
        _Route("GET", DIALLING, own.dialling),
    )


def _call_routes(calls: CallHandlers) -> tuple[_Route, ...]:
    every, one = f"{_ACCOUNT}/Calls.json", f"{_ACCOUNT}/Calls/{{Sid}}.json"
    return (
        _Route("GET", every, calls.list, Endpoint.LISTING),
        _Route("POST", every, calls.create, Endpoint.PLACE),
        _Route("GET", one, calls.fetch, Endpoint.CALL),
        _Route("POST", one, calls.update),
        _Route("DELETE", one, calls.delete),
    )


def _recording_routes(recordings: RecordingHandlers) -> tuple[_Route, ...]:
    of_call, of_room = f"{_ACCOUNT}/Calls/{{CallSid}}", f"{_ACCOUNT}/Conferences/{{ConferenceSid}}"
    one = f"{_ACCOUNT}/Recordings/{{Sid}}"
    return (
        _Route("GET", f"{of_call}/Recordings.json", recordings.of_call, Endpoint.LISTING),
        *_recordings_of(recordings, f"{of_call}/Recordings/{{Sid}}.json"),
        _Route("GET", f"{of_room}/Recordings.json", recordings.of_room, Endpoint.LISTING),
        *_recordings_of(recordings, f"{of_room}/Recordings/{{Sid}}.json"),
        _Route("GET", f"{_ACCOUNT}/Recordings.json", recordings.list, Endpoint.LISTING),
        _Route("GET", f"{one}.json", recordings.fetch, Endpoint.RECORDING),
        _Route("DELETE", f"{one}.json", recordings.delete, Endpoint.DELETE),
        *(_Route("GET", one + form, recordings.media, Endpoint.MEDIA) for form in _FORMS),
    )


def _recordings_of(recordings: RecordingHandlers, one: str) -> tuple[_Route, ...]:
    return (
        _Route("GET", one, recordings.fetch_of, Endpoint.RECORDING),
        _Route("DELETE", one, recordings.delete_of, Endpoint.DELETE),
    )


def _live_routes(live: LiveHandlers) -> tuple[_Route, ...]:
    every = f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings.json"
    one = f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings/{{Sid}}.json"
    return (
        _Route("POST", every, live.start, Endpoint.START),
        _Route("POST", one, live.update, Endpoint.UPDATE, live.ignore),
    )


def _number_routes(numbers: NumberHandlers) -> tuple[_Route, ...]:
    one = f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json"
    return (
        _Route("GET", f"{_ACCOUNT}/IncomingPhoneNumbers.json", numbers.list, Endpoint.LISTING),
        _Route("GET", one, numbers.fetch),
        _Route("POST", one, numbers.update),
    )


def _conference_routes(conferences: ConferenceHandlers) -> tuple[_Route, ...]:
    one = f"{_ACCOUNT}/Conferences/{{Sid}}.json"
    return (
        _Route("GET", f"{_ACCOUNT}/Conferences.json", conferences.list, Endpoint.LISTING),
        _Route("GET", one, conferences.fetch),
        _Route("POST", one, conferences.update),
    )


def _participant_routes(participants: ParticipantHandlers) -> tuple[_Route, ...]:
    every = f"{_ACCOUNT}/Conferences/{{ConferenceSid}}/Participants.json"
    one = f"{_ACCOUNT}/Conferences/{{ConferenceSid}}/Participants/{{CallSid}}.json"
    return (
        _Route("GET", every, participants.list, Endpoint.LISTING),
        _Route("POST", every, participants.create, Endpoint.PLACE),
        _Route("GET", one, participants.fetch),
        _Route("POST", one, participants.update),
        _Route("DELETE", one, participants.remove),
    )


def _queue_routes(queues: QueueHandlers) -> tuple[_Route, ...]:
    every, one = f"{_ACCOUNT}/Queues.json", f"{_ACCOUNT}/Queues/{{Sid}}.json"
    inside = f"{_ACCOUNT}/Queues/{{QueueSid}}/Members"
    return (
        _Route("GET", every, queues.list, Endpoint.LISTING),
        _Route("POST", every, queues.create),
        _Route("GET", one, queues.fetch),
        _Route("GET", f"{inside}.json", queues.members, Endpoint.LISTING),
        _Route("GET", f"{inside}/{{CallSid}}.json", queues.member),
        _Route("POST", f"{inside}/{{CallSid}}.json", queues.dequeue),
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
