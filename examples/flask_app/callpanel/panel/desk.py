"""An agent's own calls: pause while a card number is said, and go on."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs, record, user
from callpanel.config import archive
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import AuditOutcome, CallRecord, State, TwirecError

log = logging.getLogger("callpanel")

LONGEST_CALL = timedelta(hours=24)
"""How long a call can go on."""


@panel.get("/desk")
@needs(Permission.OWN_CALLS)
def desk() -> ResponseReturnValue:
    """Show the agent's calls that are being recorded."""
    return render_template("desk.html", calls=_own_calls())


@panel.get("/desk/now")
@needs(Permission.OWN_CALLS)
def desk_now() -> ResponseReturnValue:
    """Return the calls alone, for the page that is open."""
    return render_template("_desk.html", calls=_own_calls())


@panel.post("/desk/<sid>/pause")
@needs(Permission.OWN_CALLS)
def pause(sid: str) -> ResponseReturnValue:
    """Pause what is recorded of one of the agent's calls."""
    try:
        archive().recordings.pause(_own(sid, "pause"), by=actor())
        flash(_("Paused: what is said now is not recorded."), "done")
    except TwirecError as error:
        log.error("pause: %s: %s", type(error).__name__, error)
        flash(_("It is not sure that this is paused: suppose that it is recorded."), "error")
    return redirect(url_for("panel.desk"))


@panel.post("/desk/<sid>/resume")
@needs(Permission.OWN_CALLS)
def resume(sid: str) -> ResponseReturnValue:
    """Let what is recorded of one of the agent's calls go on."""
    try:
        archive().recordings.resume(_own(sid, "resume"), by=actor())
        flash(_("Recording goes on."), "done")
    except TwirecError as error:
        log.error("resume: %s: %s", type(error).__name__, error)
        flash(_("It is not sure that recording goes on: suppose that it does not."), "error")
    return redirect(url_for("panel.desk"))


def _own(sid: str, asked: str) -> str:
    if sid not in {each.call.call_sid for each in _own_calls()}:
        record("refused", outcome=AuditOutcome.DENIED, sid=sid, asked=asked)
        abort(404)
    return sid


def _own_calls() -> list[CallRecord]:
    line = user().line
    since = (archive().now() - LONGEST_CALL).isoformat(timespec="seconds")
    # Also what is in quarantine: nothing of it is shown but that it goes on, and can be paused.
    going_on = (
        archive().calls.search(state=State.RECORDING, since=since, limit=1000, by=actor()).calls
    )
    return [each for each in going_on if line and line in _lines(each)]


def _lines(each: CallRecord) -> set[str]:
    """Return where a call's agents are."""
    return {*each.call.dial, *(leg.agent for leg in each.legs)}
