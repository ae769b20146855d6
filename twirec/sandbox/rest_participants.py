"""Who is in a conference, over REST: hold, mute, send out, call in.

https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from functools import partial
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from twirec.sandbox.conference import Conference, Member
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.placing import placing
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.rest_conferences import conference
from twirec.sandbox.rest_orders import one_of
from twirec.sandbox.state import Account
from twirec.sandbox.web import Answer, Request, json_answer, known_params, not_done, not_found

_CALL_IN = {"From", "To", "Timeout", "StatusCallback", "StatusCallbackEvent"} | {
    "StatusCallbackMethod"
}
_IN_THE_ROOM = {
    "StartConferenceOnEnter": "startConferenceOnEnter",
    "EndConferenceOnExit": "endConferenceOnExit",
    "Muted": "muted",
    "Beep": "beep",
    "Label": "participantLabel",
}


class ParticipantHandlers:
    """Answers requests about the participants of conferences."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange
        self._rooms = exchange.rooms

    def list(self, request: Request, sid: str) -> Answer:
        """List who is in a conference now; nobody once it has ended."""
        params = request.params
        known_params(params, {*KEYS, "Muted", "Hold"})
        room = conference(self._rooms, request, sid)
        with self._rooms.lock:
            here = room.here

        def matches(member: Member) -> bool:
            return params.get("Muted", _word(member.muted)) == _word(member.muted) and (
                params.get("Hold", _word(member.held)) == _word(member.held)
            )

        return json_answer(page(request, "participants", here, matches, partial(self._json, room)))

    def fetch(self, request: Request, sid: str, call_sid: str) -> Answer:
        """Return somebody, by the SID of their leg or by their label."""
        room = conference(self._rooms, request, sid)
        return json_answer(self._json(room, self._member(request, room, call_sid)))

    def create(self, request: Request, sid: str) -> Answer:
        """Call somebody into a conference in which somebody is, by its SID or its name."""
        known_params(request.form, _CALL_IN | set(_IN_THE_ROOM))
        room = self._room(sid)
        words = {
            name: request.form[one] for one, name in _IN_THE_ROOM.items() if one in request.form
        }
        attributes = "".join(f" {name}={quoteattr(word)}" for name, word in words.items())
        noun = f"<Conference{attributes}>{escape(room.name)}</Conference>"
        document = f"<Response><Dial>{noun}</Dial></Response>"
        wanted = placing(self._account, request, document.encode())
        call = self._exchange.call_out(request.form["From"], request.form["To"], wanted)
        # They are in the conference once they have picked up; until then this is all there is.
        shown = {
            "call_sid": call.sid,
            "date_created": rfc2822(call.created),
            "date_updated": rfc2822(call.created),
            "end_conference_on_exit": words.get("endConferenceOnExit") == "true",
            "label": words.get("participantLabel"),
            "muted": words.get("muted") == "true",
            "start_conference_on_enter": words.get("startConferenceOnEnter") != "false",
            "status": "queued",
        }
        return json_answer(self._resource(room, call.sid, shown), 201)

    def update(self, request: Request, sid: str, call_sid: str) -> Answer:
        """Mute or hold somebody, or no more. Music on hold is heard by nobody here."""
        form = request.form
        known_params(form, {"Muted", "Hold", "HoldUrl", "HoldMethod", "EndConferenceOnExit"})
        room = conference(self._rooms, request, sid)
        with self._rooms.lock:
            member = self._member(request, room, call_sid)
            muted, held, ends = (
                one_of(
                    {name: form[name].lower() for name in form}, name, _word(now), "true", "false"
                )
                for name, now in (
                    ("Muted", member.muted),
                    ("Hold", member.held),
                    ("EndConferenceOnExit", member.ends),
                )
            )
            member.ends = ends == "true"
            room.change(member, muted=muted == "true", held=held == "true")
            return json_answer(self._json(room, member))

    def remove(self, request: Request, sid: str, call_sid: str) -> Answer:
        """Send somebody out: their own document goes on after its Dial."""
        room = conference(self._rooms, request, sid)
        with self._rooms.lock:
            room.kick(self._member(request, room, call_sid))
        return Answer(204)

    def _room(self, sid: str) -> Conference:
        for room in self._rooms.conferences():
            if not room.over and unquote(sid) in {room.sid, room.name}:
                return room
        raise not_done("calling somebody into a conference in which nobody is")

    def _member(self, request: Request, room: Conference, sid: str) -> Member:
        for member in room.here:
            if unquote(sid) in {member.sid, member.label}:
                return member
        raise not_found(request.path)

    def _json(self, room: Conference, member: Member) -> Json:
        shown = {
            "date_created": rfc2822(member.created),
            "date_updated": rfc2822(member.updated),
            "end_conference_on_exit": member.ends,
            "hold": member.held,
            "label": member.label,
            "muted": member.muted,
            "start_conference_on_enter": member.starts,
        }
        return self._resource(room, member.sid, shown)

    def _resource(self, room: Conference, call_sid: str, shown: Json) -> Json:
        path = f"/{API_VERSION}/Accounts/{self._account.sid}/Conferences/{room.sid}"
        return {
            "account_sid": self._account.sid,
            "call_sid": call_sid,
            "call_sid_to_coach": None,
            "coaching": False,
            "conference_sid": room.sid,
            "hold": False,
            "queue_time": None,
            "status": "connected",
            "uri": f"{path}/Participants/{call_sid}.json",
            **shown,
        }


def _word(flag: bool) -> str:
    return "true" if flag else "false"
