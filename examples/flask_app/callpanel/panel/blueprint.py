"""The blueprint that the pages are views of, and the first page."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from callpanel.auth import may
from callpanel.roles import Permission

panel = Blueprint("panel", __name__)


@panel.get("/")
def home() -> Response:
    """Lead everybody to the page that they use."""
    if may(Permission.SEARCH):
        return redirect(url_for("panel.calls"))
    if may(Permission.OWN_CALLS):
        return redirect(url_for("panel.desk"))
    return redirect(url_for("auth.sign_in"))
