"""What was typed into a form that came too late: it comes back.

A session ended, somebody signed out on another machine, the database is away. Nothing of the form
is kept on the server. It goes back to the browser that sent it, through the page where one signs
in, and whoever signed in sends it again by a button.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, g, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from wtforms import SelectChoice

from callpanel.forms import AuditFilter, Decide, SaveSearch, Search, SetCase, Switch, WriteNote

FORMS: dict[str, type[FlaskForm]] = {
    "panel.write_note": WriteNote,
    "panel.set_case": SetCase,
    "panel.decide": Decide,
    "panel.search": Search,
    "panel.save_search": SaveSearch,
    "panel.filter_audit": AuditFilter,
    "panel.change_policy": Switch,
}
"""The forms that come back, by the endpoint that takes them: none that has a password."""

PATH = "typed-path"
FIELD = "typed-"
"""What the names begin with of the fields that the page where one signs in carries along."""


@dataclass(frozen=True)
class Typed:
    """A form that was filled in, and not taken.

    Attributes:
        path: to where it is sent.
        fields: what was in it, by its names.
        form: to show it.
    """

    path: str
    fields: dict[str, str]
    form: FlaskForm

    def page(self, why: str) -> str:
        """Return the page on which it can be sent again.

        Args:
            why: why it was not taken.
        """
        g.pop("csrf_token", None)  # Flask-WTF's, of the session before: who signs in has a new one
        return render_template("typed.html", typed=self, why=why)


def typed() -> Typed | None:
    """Return what this request sends, itself or along with a sign-in; None if nothing comes back.

    Nobody else can put words into somebody's mouth: it has to come from a page of ours.
    """
    if request.method != "POST" or not _came_from_us():
        return None
    path, sent = request.path, request.form.to_dict()
    if PATH in sent:
        path = sent[PATH]
        sent = {name[len(FIELD) :]: sent[name] for name in sent if name.startswith(FIELD)}
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return None
    if endpoint not in FORMS:
        return None
    form = FORMS[endpoint](MultiDict(sent), meta={"csrf": False})
    if isinstance(form, Switch):  # which numbers there are is not for who is signed out
        number = form.number.data or ""
        form.number.choices = [SelectChoice(number, number or _("all numbers"))]
    fields = {field.name: sent[field.name] for field in form if field.name in sent}
    return Typed(url_for(endpoint, **values), fields, form) if fields else None


def _came_from_us() -> bool:
    """Whether a page of ours sent this request: no page can make a browser say so of another."""
    return (request.referrer or "").startswith(request.host_url)
