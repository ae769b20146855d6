"""Card numbers that are spoken in a recording: cut out, or said to be none, on its call's page."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.forms import CutOut
from callpanel.panel.blueprint import panel
from callpanel.panel.custody import tell
from callpanel.panel.show import wrong
from callpanel.roles import Permission
from twirec import CustodyRefused, InvalidQuery


@panel.post("/recordings/<sid>/card-number")
@needs(Permission.CUT)
def decide_card(sid: str) -> ResponseReturnValue:
    """Have a card number cut out of what is heard of a recording, or say that it is none."""
    form = CutOut()
    back = redirect(url_for("panel.call", sid=sid, _anchor=f"card-{sid}"))
    if not form.validate():
        tell(form)
        return back
    reason = form.reason.data or ""
    try:
        if form.decision.data == "approve":
            guard = float(form.guard.data)
            archive().cards.approve(sid, reason=reason, guard=guard, by=actor())
            flash(_("A worker cuts it out, and listens to what is left."), "done")
        else:
            archive().cards.refuse(sid, reason=reason, by=actor())
            flash(_("Nothing is cut out."), "done")
    except InvalidQuery as error:
        flash(wrong(error) or _("A colleague has decided it meanwhile."), "error")
    except CustodyRefused:
        flash(_("It is held, or may not leave: nothing is cut out of it."), "error")
    return back
