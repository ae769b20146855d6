"""Holding and blocking a recording, on the page of its call."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.forms import Because, Hold
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import CustodyRefused, InvalidQuery

OF_OPEN_CASE = _l("It is held for a case that is open: close the case, and the hold ends.")


@panel.post("/recordings/<sid>/hold")
@needs(Permission.HOLD)
def hold(sid: str) -> ResponseReturnValue:
    """Hold a recording for a case: nothing destroys it."""
    form = Hold()
    if form.validate():
        case, reason = form.case.data or "", form.reason.data or ""
        archive().custody.hold(sid, case=case, reason=reason, by=actor())
        flash(_("It is held: nothing destroys it."), "done")
    else:
        tell(form)
    return redirect(url_for("panel.call", sid=sid))


@panel.post("/recordings/<sid>/unhold")
@needs(Permission.UNHOLD)
def unhold(sid: str) -> ResponseReturnValue:
    """Ask that the holds on a recording for a case are lifted."""
    form = Hold()
    if not form.validate():
        tell(form)
        return redirect(url_for("panel.call", sid=sid))
    case, reason = form.case.data or "", form.reason.data or ""
    try:
        archive().custody.unhold(sid, case=case, reason=reason, by=actor())
    except InvalidQuery:
        flash(_("It is asked for already."), "error")
    except CustodyRefused:
        flash(OF_OPEN_CASE, "error")
    else:
        flash(_("It waits for a second person."), "done")
    return redirect(url_for("panel.approvals"))


@panel.post("/recordings/<sid>/block")
@needs(Permission.BLOCK)
def block(sid: str) -> ResponseReturnValue:
    """Block a recording: from now on nobody here sees it."""
    form = Because()
    if not form.validate():
        tell(form)
        return redirect(url_for("panel.call", sid=sid))
    call = archive().calls.get(sid, by=actor(), repeated=True).call
    archive().custody.block(sid, reason=form.reason.data or "", by=actor())
    flash(_("It is blocked: %(sid)s", sid=sid), "done")
    return redirect(url_for("panel.call", sid=call.call_sid))


def tell(form: FlaskForm) -> None:
    """Say what is wrong with a form."""
    first = next((field for field in form if field.errors), None)
    if first is not None:
        flash(f"{first.label.text}: {first.errors[0]}", "error")
