"""Conferences over REST (https://www.twilio.com/docs/voice/api/conference-resource)."""

from __future__ import annotations

from twirec.sandbox.conference import Conference
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, days, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.rooms import Rooms
from twirec.sandbox.state import Account
from twirec.sandbox.web import (
    BAD_REQUEST,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

_FILTERS = {"FriendlyName", "Status", "DateCreated", "DateCreated<", "DateCreated>", *KEYS}


class ConferenceHandlers:
    """Answers requests about conferences."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._rooms = exchange.rooms

    def list(self, request: Request) -> Answer:
        """List conferences, the newest first: those that go on, unless another status is asked for.

        https://www.twilio.com/en-us/changelog/conference-list-endpoint-july-2026
        """
        params = request.params
        known_params(params, _FILTERS)
        in_days = days(params, "DateCreated")

        def matches(one: Conference) -> bool:
            return (
                params.get("FriendlyName", one.name) == one.name
                and params.get("Status", "in-progress") == one.status
                and in_days(one.created)
            )

        return json_answer(
            page(request, "conferences", self._rooms.conferences(), matches, self._json)
        )

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a conference."""
        return json_answer(self._json(conference(self._rooms, request, sid)))

    def update(self, request: Request, sid: str) -> Answer:
        """End a conference: everybody's own document goes on."""
        known_params(request.form, {"Status"})
        one = conference(self._rooms, request, sid)
        if request.form.get("Status") != "completed":
            raise Refused(400, BAD_REQUEST, "Status must be completed")
        with self._rooms.lock:
            one.finish()
        return json_answer(self._json(one))

    def _json(self, one: Conference) -> Json:
        path = f"/{API_VERSION}/Accounts/{self._account.sid}/Conferences/{one.sid}"
        return {
            "account_sid": self._account.sid,
            "api_version": API_VERSION,
            "call_sid_ending_conference": one.ended_by,
            "date_created": rfc2822(one.created),
            "date_updated": rfc2822(one.updated),
            "friendly_name": one.name,
            "reason_conference_ended": one.reason,
            "region": "us1",
            "sid": one.sid,
            "status": one.status,
            "subresource_uris": {
                "participants": f"{path}/Participants.json",
                "recordings": f"{path}/Recordings.json",
            },
            "uri": f"{path}.json",
        }


def conference(rooms: Rooms, request: Request, sid: str) -> Conference:
    """Return a conference by its SID.

    Raises:
        Refused: 404, there is none.
    """
    for one in rooms.conferences():
        if one.sid == sid:
            return one
    raise not_found(request.path)
