"""An agent's own calls of before, to find and to hear, where the company allows it.

Whether a recording is proven to be theirs, the archive says each time.
"""

from __future__ import annotations

from contextlib import suppress

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import purposes, searches
from callpanel.auth import actor, needs, record, user
from callpanel.config import archive
from callpanel.forms import OwnSearch, filled
from callpanel.panel.audio import play
from callpanel.panel.blueprint import panel
from callpanel.panel.sound import own_sound
from callpanel.panel.transcript import shown
from callpanel.roles import Permission
from twirec import AuditOutcome, CallRecord, InvalidQuery, NotFound, Page

ON_A_PAGE = 25
OWN = "own"


@panel.get("/own")
@needs(Permission.OWN_CALLS)
def own_calls() -> ResponseReturnValue:
    """Show the agent's own calls that were asked for, newest first."""
    _line()
    asked = searches.asked(OWN)
    form = OwnSearch(formdata=None, data=asked)
    try:
        page = _find(str(asked.get("text", "")), request.args.get("after"), repeated=bool(asked))
    except InvalidQuery as error:
        shown = render_template("own.html", form=form, page=None, error=error)
        return shown, 400 if "after" in request.args else 200
    return render_template("own.html", form=form, page=page, error=None)


@panel.post("/own")
@needs(Permission.OWN_CALLS)
def own_search() -> ResponseReturnValue:
    """Keep what is asked for, and show what it finds."""
    _line()
    form = OwnSearch()
    if not form.validate():
        return render_template("own.html", form=form, page=None, error=None), 400
    asked = filled(form)
    with suppress(InvalidQuery):  # which the page says
        _find(str(asked.get("text", "")), None, repeated=False)
    return redirect(url_for("panel.own_calls", q=searches.keep(OWN, asked)))


@panel.get("/own/<sid>")
@needs(Permission.OWN_CALLS)
def own_call(sid: str) -> ResponseReturnValue:
    """Show one of the agent's own calls, with a player."""
    _own(sid)
    found = archive().calls.get(sid, by=actor())  # which is on the audit log
    return render_template(
        "own_call.html",
        record=found,
        call=found.call,
        sounds=[own_sound(each) for each in found.recordings],
        purpose=purposes.purpose_of(found.call),
        purposes=purposes.choices(),
        start_at="",
    )


@panel.post("/own/<sid>/purpose")
@needs(Permission.OWN_CALLS)
def own_purpose(sid: str) -> ResponseReturnValue:
    """Remember what the agent listens to one of their calls for."""
    call = _own(sid).call
    purpose = archive().settings.purposes.find(request.form.get("purpose"))
    if purpose:
        purposes.remember(call, purpose)
    else:
        flash(_("Choose what you listen for."), "error")
    return redirect(url_for("panel.own_call", sid=call.call_sid, _anchor="purpose"))


@panel.get("/own/recordings/<sid>/audio")
@needs(Permission.OWN_CALLS)
def own_audio(sid: str) -> ResponseReturnValue:
    """Stream a recording of the agent's own, as `audio` does."""
    _line()
    return play(sid)


@panel.get("/own/recordings/<sid>/transcript")
@needs(Permission.OWN_CALLS)
def own_transcript(sid: str) -> ResponseReturnValue:
    """Show what was said in a recording of the agent's own, without colleagues' notes."""
    _line()
    return shown(sid, "panel.own_call", notes=False)


def _line() -> str:
    """Return as whom the agent was on calls; where they may hear none, there is no such page."""
    if not (archive().settings.agents_hear_their_own and user().line):
        abort(404)
    return user().line


def _own(sid: str) -> CallRecord:
    """Return a call that rang for the agent, or that they placed; another is not there for them."""
    line = _line()
    with suppress(InvalidQuery):
        found = archive().calls.search(sid=sid, agent=line, limit=1, by=actor(), repeated=True)
        for each in found.calls:
            return each
    record("refused", outcome=AuditOutcome.DENIED, sid=sid, asked="show")
    raise NotFound(f"There is no call {sid} of theirs.")


def _find(text: str, after: str | None, *, repeated: bool) -> Page:
    return archive().calls.search(
        text or None,
        agent=_line(),
        limit=ON_A_PAGE,
        after=after or None,
        by=actor(),
        repeated=repeated,
    )
