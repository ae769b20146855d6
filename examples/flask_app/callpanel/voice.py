"""What Twilio calls: the voice URL of the company's numbers, and that of its softphones."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Flask, Response, request

from callpanel.config import archive, config
from callpanel.extensions import csrf
from twirec import Archive, InvalidQuery
from twirec.flask import Twirec

recordings = Twirec()
voice = Blueprint("voice", __name__)


def init_app(app: Flask, its_archive: Archive) -> None:
    """Add the views, and twirec's routes; Twilio signs its requests, and sends no CSRF token."""
    recordings.init_app(app, its_archive)
    csrf.exempt(voice)
    app.register_blueprint(voice)


@voice.post("/voice")
@recordings.signed
def answer() -> Response:
    """Answer a call to one of the company's numbers, and connect whom its line says."""
    lines = config().lines
    called = ""
    with suppress(InvalidQuery):  # by telephone, SIP, WhatsApp or a trunk: one number
        called = archive().policy.own_number(request.form.get("To", ""))
    return recordings.answer(dial=lines.get(called) or next(iter(lines.values())))


@voice.post("/softphone")
@recordings.signed
def dial_out() -> Response:
    """Dial for an agent, who calls from a softphone or SIP phone, from the first own number."""
    return _dial(fallback=False)


@voice.post("/softphone/fallback")
@recordings.signed
def dial_out_after_a_failure() -> Response:
    """Dial for an agent all the same, unrecorded, when another of our answers failed."""
    return _dial(fallback=True)


def _dial(*, fallback: bool) -> Response:
    lines = config().lines
    return recordings.dial_out(
        request.form.get("To", ""),
        own_number=next(iter(lines)),
        own_numbers=lines,
        # besides who is in the register of agents
        allow=lambda agent: any(agent in targets for targets in lines.values()),
        fallback=fallback,
    )
