"""What people read when something is not as they wish."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException, InternalServerError

from callpanel.auth import actor, to_sign_in
from callpanel.config import archive
from callpanel.detail_words import failure
from callpanel.extensions import login
from callpanel.forms import AuditFilter, OwnSearch, Search
from callpanel.panel.audit import AUDIT
from callpanel.panel.own import OWN
from callpanel.panel.show import locale, wrong
from callpanel.panel.troubles import (
    NO_PURPOSE,
    OF_ROLE,
    SIGNED_OUT,
    Trouble,
    of_error,
    of_recording,
)
from callpanel.panel.turns import AGAIN_IN, TooBusy
from callpanel.searches import SearchGone
from callpanel.typed import typed
from twirec import CatalogError, CustodyRefused, InvalidQuery, NotFound, TwirecError

log = logging.getLogger("callpanel")

STATUSES = {
    NotFound: 404,
    CustodyRefused: 403,
    InvalidQuery: 400,
    CatalogError: 503,
    TwirecError: 502,
}
"""What the library's errors mean in HTTP; the first that fits counts."""

OF_SOUND = ("panel.audio", "panel.download")

OF_STATUSES = {401: SIGNED_OUT, 403: OF_ROLE, 409: NO_PURPOSE}
"""What the views of a recording answer before it is looked at."""


def init_app(app: Flask) -> None:
    """Show every error as a page."""
    app.register_error_handler(TwirecError, _of_library)
    app.register_error_handler(DatabaseError, _of_accounts)
    app.register_error_handler(CSRFError, _of_token)
    app.register_error_handler(SearchGone, _of_search)
    app.register_error_handler(TooBusy, _of_turns)
    app.register_error_handler(HTTPException, _of_http)


def _of_library(error: TwirecError) -> tuple[str, int]:
    if isinstance(error, InvalidQuery) and _leads_nowhere(error):
        error = NotFound(str(error))
    status = next(STATUSES[kind] for kind in STATUSES if isinstance(error, kind))
    if status >= 500:
        log.error("%s: %s", type(error).__name__, error)
        if sent := typed():
            why = _("It could not be done just now. Wait a little, and send it again.")
            return sent.page(why), status
    # what is hidden reads like what is not there, and how things are inside is for the log
    if request.endpoint in OF_SOUND and status != 400:
        return _of_sound(_trouble(error), status), status
    return _page(status, detail=_detail(error) if status in (400, 403) else ""), status


def _leads_nowhere(error: InvalidQuery) -> bool:
    """Whether what is no SID stands in the page's address: there is no such page then."""
    return "sid" in (request.view_args or {}) and str(error).startswith("sid: ")


def _detail(error: TwirecError) -> str:
    """Return what the library says, as exactly as the language of the page can."""
    if locale() == "en":
        return str(error)
    return wrong(error) or failure(type(error).__name__)


def _of_accounts(error: DatabaseError) -> tuple[str, int]:
    # not str(error): what a database says may hold what it was given
    log.error("the database of the accounts does not answer: %s", type(error).__name__)
    return _page(503), 503


def _of_token(_error: CSRFError) -> ResponseReturnValue:
    _know_who_asks()
    if sent := typed():
        if not current_user.is_authenticated:
            return to_sign_in()
        why = _("This page was open for too long. Look at what you typed, and send it again.")
        return sent.page(why), 400
    return _page(400, _("This page was open for too long. Load it anew and try again.")), 400


FORMS: Mapping[str, type[FlaskForm]] = {AUDIT: AuditFilter, OWN: OwnSearch}
"""Of what is searched for otherwise than among all calls."""


def _of_search(error: SearchGone) -> tuple[str, int]:
    form = FORMS.get(error.of, Search)(formdata=None)
    return render_template(f"{error.of}.html", form=form, asked={}, gone=True), 410


def _of_turns(error: TooBusy) -> tuple[str, int, dict[str, str]]:
    said = (
        _("You take several recordings at once already. Let one end, or try again in a moment.")
        if error.mine
        else _("Colleagues take recordings just now. Try again in ten seconds.")
    )
    return _page(503, said, title=_("Busy just now")), 503, {"Retry-After": str(AGAIN_IN)}


def _of_http(error: HTTPException) -> Response | HTTPException:
    status = error.code or InternalServerError.code
    if status < 400:  # a redirect that the router makes
        return error
    # with the headers that belong to it, such as Allow
    headers = [pair for pair in error.get_headers() if pair[0] != "Content-Type"]
    trouble = OF_STATUSES.get(status) if request.endpoint in OF_SOUND else None
    return Response(_of_sound(trouble, status) if trouble else _page(status), status, headers)


def _trouble(error: TwirecError) -> Trouble:
    """Return what is the matter with the recording that was asked for."""
    if not isinstance(error, CustodyRefused):
        return of_error(error)
    sid = (request.view_args or {})["sid"]
    return of_recording(archive().recordings.get(sid, by=actor())) or OF_ROLE


def _of_sound(trouble: Trouble, status: int) -> str:
    """Return the page that says why a recording is not to be had, which a player reads too."""
    call = url_for("panel.call", sid=(request.view_args or {})["sid"])
    _know_who_asks()
    back = {"path": call, "label": _("To the call")}
    if status == 404:  # nor is there a call of it, or none for them
        back = {}
    elif status == 401:
        back = {"path": url_for("auth.sign_in", next=call), "label": _("Sign in")}
    title = _("It cannot be heard") if request.method == "GET" else _("It cannot be downloaded")
    shown = {"title": title, "said": trouble.cause, "step": trouble.step, "back": back}
    return render_template("error.html", **shown)


def _page(status: int, said: str = "", detail: str = "", title: str = "") -> str:
    titles = {
        400: _("That was not understood"),
        401: _("Sign in first"),
        403: _("That is not for you"),
        404: _("There is no such page"),
        405: _("There is no such page"),
        409: _("Choose what you listen for."),
        413: _("That is too long"),
        503: _("The database does not answer"),
    }
    _know_who_asks()
    title = title or titles.get(status, _("Something went wrong"))
    return render_template("error.html", title=title, said=said, detail=detail)


def _know_who_asks() -> None:
    """Take who asks for nobody, if the accounts cannot be asked: the page has to be shown."""
    try:
        current_user.get_id()
    except DatabaseError:
        g._login_user = login.anonymous_user()
