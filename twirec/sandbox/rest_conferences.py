"""Conferences over REST, to read (https://www.twilio.com/docs/voice/api/conference-resource)."""

from __future__ import annotations

from functools import partial

from twirec.sandbox.conference import Conference, Member
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.state import Account
from twirec.sandbox.web import Answer, Request, json_answer, known_params, not_found


class ConferenceHandlers:
    """Answers requests about conferences."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._rooms = exchange.rooms

    def list(self, request: Request) -> Answer:
        """List conferences, the newest first."""
        params = request.params
        known_params(params, {"FriendlyName", "Status", *KEYS})

        def matches(one: Conference) -> bool:
            return (
                params.get("FriendlyName", one.name) == one.name
                and params.get("Status", one.status) == one.status
            )

        return json_answer(
            page(request, "conferences", self._rooms.conferences(), matches, self._json)
        )

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a conference."""
        return json_answer(self._json(self._conference(request, sid)))

    def participants(self, request: Request, sid: str) -> Answer:
        """List who is in a conference now; nobody once it has ended.

        https://www.twilio.com/docs/voice/api/conference-participant-resource
        """
        known_params(request.params, KEYS)
        conference = self._conference(request, sid)
        with self._rooms.lock:
            here = conference.here
        to_json = partial(self._participant, conference)
        return json_answer(page(request, "participants", here, lambda member: True, to_json))

    def _conference(self, request: Request, sid: str) -> Conference:
        for conference in self._rooms.conferences():
            if conference.sid == sid:
                return conference
        raise not_found(request.path)

    def _participant(self, conference: Conference, member: Member) -> Json:
        path = f"/{API_VERSION}/Accounts/{self._account.sid}/Conferences/{conference.sid}"
        return {
            "account_sid": self._account.sid,
            "call_sid": member.sid,
            "call_sid_to_coach": None,
            "coaching": False,
            "conference_sid": conference.sid,
            "date_created": rfc2822(member.created),
            "date_updated": rfc2822(member.created),
            "end_conference_on_exit": member.ends,
            "hold": False,
            "label": None,
            "muted": member.muted,
            "start_conference_on_enter": member.starts,
            "status": "connected",
            "uri": f"{path}/Participants/{member.sid}.json",
        }

    def _json(self, conference: Conference) -> Json:
        path = f"/{API_VERSION}/Accounts/{self._account.sid}/Conferences/{conference.sid}"
        return {
            "account_sid": self._account.sid,
            "api_version": API_VERSION,
            "date_created": rfc2822(conference.created),
            "date_updated": rfc2822(conference.updated),
            "friendly_name": conference.name,
            "region": "us1",
            "sid": conference.sid,
            "status": conference.status,
            "uri": f"{path}.json",
        }
