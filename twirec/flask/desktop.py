"""For an agent's desktop: pause what is recorded of a call, and let it go on.

These routes are called by the company's own pages, not by Twilio: who may do it is the app's to
say (`may_pause`), and its CSRF protection covers them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from flask import Blueprint, Response, jsonify

from twirec.archive import Archive
from twirec.flask.checks import LONGEST_ANSWER, extension_state
from twirec.model.access import Actor
from twirec.model.errors import CustodyRefused, NotFound, TwirecError
from twirec.model.steady import spend_at_most

Step = Callable[[Archive, Actor | str, Sequence[str]], list[str]]


def desktop() -> Blueprint:
    """Return the routes `/pause/SID` and `/resume/SID`. They answer with JSON.

    The SID is that of the call, of a leg of it, which an agent's phone knows, or of a recording.
    200 with the SIDs of the `recordings` that are paused, or go on; 403 when
    `may_pause` names nobody; 404 when nothing of that call is being recorded; 502 when Twilio did
    not confirm it in three seconds: suppose then that it records.
    """
    routes = Blueprint("twirec_desktop", __name__)
    routes.add_url_rule("/pause/<sid>", "pause", _pause, methods=["POST"])
    routes.add_url_rule("/resume/<sid>", "resume", _resume, methods=["POST"])
    return routes


def _pause(sid: str) -> Response:
    def step(archive: Archive, who: Actor | str, calls: Sequence[str]) -> list[str]:
        return [one.recording_sid for one in archive.recordings.pause(sid, by=who, calls=calls)]

    return _do(sid, step)


def _resume(sid: str) -> Response:
    return _do(sid, lambda archive, who, calls: archive.recordings.resume(sid, by=who, calls=calls))


def _do(sid: str, step: Step) -> Response:
    app = extension_state()
    if not re.fullmatch("(CA|RE)[0-9a-fA-F]{32}", sid):
        return _said(404, error="There is no such call or recording.")
    try:
        with spend_at_most(LONGEST_ANSWER):  # it shares its threads with Twilio's routes
            calls = app.archive.webhooks.pausing.calls_of(sid)
            shown = [app.archive.calls.get(each) for each in calls]
            who = [app.may_pause(record) or "" if app.may_pause else "" for record in shown]
            if not all(map(str, who)):
                return _said(403, error="You may not pause this call.")
            return _said(200, recordings=step(app.archive, who[0], calls))
    except CustodyRefused as error:
        return _said(403, error=str(error))
    except NotFound as error:
        return _said(404, error=str(error))
    except TwirecError as error:
        return _said(502, error=str(error))


def _said(status: int, **fields: object) -> Response:
    answer = jsonify(fields)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
