"""Taking a recording out of quarantine, on the page of its call."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import InvalidQuery


@panel.post("/recordings/<sid>/admit")
@needs(Permission.ADMIT)
def admit(sid: str) -> ResponseReturnValue:
    """Take a recording out of quarantine, on a legal ground, which is written down."""
    ground = request.form.get("ground", "").strip()
    try:
        archive().custody.admit(sid, ground=ground[:255], by=actor())
    except InvalidQuery:
        flash(_("It is not in quarantine any more, or no ground was given."), "error")
    else:
        flash(_("It is out of quarantine. The ground is written down."), "done")
    return redirect(url_for("panel.call", sid=sid))
