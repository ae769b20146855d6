"""An agent's own calls: how each stands, and pausing it while a card number is said."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import LONGEST, actor, needs, record, user
from callpanel.config import archive, config
from callpanel.panel.blueprint import panel
from callpanel.panel.show import stands
from callpanel.roles import Permission
from twirec import AuditOutcome, CallRecord, CallState, InvalidQuery, NotFound, TwirecError

log = logging.getLogger("callpanel")

SHOWN = frozenset(
    {CallState.GOING_ON, CallState.RECORDING, CallState.PAUSED, CallState.NOT_RECORDED}
)
"""How calls stand that go on. Of one whose recording is whole nobody said yet that it ended."""

MOST_CALLS = 1000
"""Calls that go on at once of the company, of which the agent's own are shown."""

SAID_FOR = timedelta(minutes=1)
"""How long the page says that a pause was ended by the policy."""

SOON = 20 * 60
"""Seconds before the end of a session from when on the page says when that is."""


@dataclass(frozen=True, slots=True)
class OwnCall:
    """One of the agent's calls, as the desk shows it.

    Attributes:
        record: the call.
        state: how it stands.
        paused_at: since when it is paused, UTC; None if it is not.
        goes_on_at: when the policy ends the pause, UTC; None for never.
        ended_by_policy: whether that has just happened.
    """

    record: CallRecord
    state: CallState
    paused_at: datetime | None = None
    goes_on_at: datetime | None = None
    ended_by_policy: bool = False


@panel.get("/desk")
@needs(Permission.OWN_CALLS)
def desk() -> ResponseReturnValue:
    """Show the agent's calls that go on."""
    return render_template("desk.html", **_shown())


@panel.get("/desk/now")
@needs(Permission.OWN_CALLS)
def desk_now() -> ResponseReturnValue:
    """Return the calls alone, for the page that is open."""
    return render_template("_desk.html", **_shown())


@panel.post("/desk/<sid>/pause")
@needs(Permission.OWN_CALLS)
def pause(sid: str) -> ResponseReturnValue:
    """Pause what is recorded of one of the agent's calls."""
    if _is_over(sid, "pause"):
        return _back()
    try:
        archive().recordings.pause(sid, by=actor())
        flash(_("Paused: what is said now is not recorded."), "done")
    except NotFound:
        flash(_("Nothing is being recorded of this call now."), "warn")
    except TwirecError as error:
        log.error("pause: %s: %s", type(error).__name__, error)
        flash(_("It is not sure that this is paused: suppose that it is recorded."), "error")
    return _back()


@panel.post("/desk/<sid>/resume")
@needs(Permission.OWN_CALLS)
def resume(sid: str) -> ResponseReturnValue:
    """Let what is recorded of one of the agent's calls go on."""
    if _is_over(sid, "resume"):
        return _back()
    try:
        archive().recordings.resume(sid, by=actor())
        flash(_("Recording goes on."), "done")
    except NotFound:
        flash(_("Nothing is being recorded of this call now."), "warn")
    except TwirecError as error:
        log.error("resume: %s: %s", type(error).__name__, error)
        flash(_("It is not sure that recording goes on: suppose that it does not."), "error")
    return _back()


def _back() -> ResponseReturnValue:
    """Return the calls to a page that stays where it is, and lead any other to them."""
    if request.headers.get("X-In-Place"):
        return render_template("_desk.html", **_shown())
    return redirect(url_for("panel.desk"))


def _is_over(sid: str, asked: str) -> bool:
    """Let through who was connected to a call; return whether it is over, which is no refusal."""
    try:
        known = archive().calls.get(sid, by=actor(), repeated=True)
    except (NotFound, InvalidQuery):
        known = None
    if known is None or known.call.call_sid != sid or not is_own(known):
        record("refused", outcome=AuditOutcome.DENIED, sid=sid, asked=asked)
        abort(404)
    if known.call.ended_at is not None:
        flash(_("The call is over."), "warn")
        return True
    return False


def _shown() -> dict[str, object]:
    until = session.get("began", 0) + LONGEST
    return {
        "calls": _own_calls(),
        "now": archive().now(),
        "ends_at": datetime.fromtimestamp(until, archive().settings.timezone)
        if until - time.time() < SOON
        else None,
        "hears_own": archive().settings.agents_hear_their_own and bool(user().line),
        "reminder": config().pause_reminder,
    }


def _own_calls() -> list[OwnCall]:
    if not user().line:
        return []
    # Also what is in quarantine: nothing of it is shown but that it goes on, and can be paused.
    going_on = archive().calls.going_on(limit=MOST_CALLS, by=actor())
    own = [_of_desk(each) for each in going_on if is_own(each)]
    return [each for each in own if each.state in SHOWN]


def is_own(each: CallRecord) -> bool:
    """Whether a call was connected to the line of who is signed in."""
    line = user().line
    return bool(line) and line in {*each.call.dial, *(leg.agent for leg in each.legs)}


def _of_desk(each: CallRecord) -> OwnCall:
    state, longest = stands(each), archive().settings.longest_pause
    if state is CallState.PAUSED:
        since = max(one.paused_at for one in each.pauses if one.resumed_at is None)
        return OwnCall(each, state, since, since + longest if longest else None)
    ended = [
        one
        for one in each.pauses
        if longest and one.resumed_at and one.resumed_at - one.paused_at >= longest
    ]
    newest = max((one.resumed_at for one in ended if one.resumed_at), default=None)
    just = newest is not None and archive().now() - newest < SAID_FOR
    return OwnCall(each, state, ended_by_policy=just and state is CallState.RECORDING)
