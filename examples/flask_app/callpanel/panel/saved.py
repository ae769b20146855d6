"""Saving a search, opening a saved one, and forgetting it."""

from __future__ import annotations

from contextlib import suppress

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import saved, searches
from callpanel.auth import needs, record
from callpanel.forms import SaveSearch
from callpanel.panel.blueprint import panel
from callpanel.panel.calls import CALLS, find
from callpanel.roles import Permission
from twirec import AuditOutcome, InvalidQuery


@panel.post("/searches")
@needs(Permission.SEARCH)
def save_search() -> ResponseReturnValue:
    """Save the search that a page shows, by a name."""
    form = SaveSearch()
    asked = searches.asked(CALLS, form.q.data or "")
    if not form.validate() or not asked:
        flash(_("Give the search a name."), "error")
        return redirect(url_for("panel.calls", q=form.q.data or None))
    saved.save((form.name.data or "").strip(), asked, shared=form.shared.data == "all")
    flash(_("The search is saved."), "done")
    return redirect(url_for("panel.calls", q=form.q.data))


@panel.get("/searches/<search_id>")
@needs(Permission.SEARCH)
def open_search(search_id: str) -> ResponseReturnValue:
    """Search for what was saved; who looks for a number is on the audit log, as ever."""
    asked = saved.find(search_id).asked
    with suppress(InvalidQuery):  # which the page says
        find(asked, None, repeated=False)
    return redirect(url_for("panel.calls", q=searches.keep(CALLS, asked)))


@panel.post("/searches/<search_id>/forget")
@needs(Permission.SEARCH)
def forget_search(search_id: str) -> ResponseReturnValue:
    """Take a saved search away: one's own, and as an admin a shared one."""
    kept = saved.find(search_id)
    if not kept.can_go:
        record("refused", outcome=AuditOutcome.DENIED, asked="forget_search")
        abort(403)
    saved.forget(kept)
    flash(_("The search is not saved any more."), "done")
    return redirect(url_for("panel.calls"))
