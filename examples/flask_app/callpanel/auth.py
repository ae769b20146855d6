"""Signing in and out, and what a view needs of who asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from callpanel import accounts, attempts
from callpanel.accounts import User
from callpanel.config import archive
from callpanel.extensions import login
from callpanel.forms import SignIn
from callpanel.roles import Permission
from callpanel.safe import path_of
from callpanel.typed import typed
from twirec import Actor, AuditOutcome

P = ParamSpec("P")

IDLE = 30 * 60
"""Seconds without a request after which a session ends."""

LONGEST = 12 * 60 * 60
"""Seconds after which a session ends, whatever is done in it."""

auth = Blueprint("auth", __name__)


def init_app(app: Flask) -> None:
    """Add the views, and end sessions that are too old."""
    login.user_loader(accounts.of_session)
    login.session_protection = None  # an address may change; sessions end by time
    app.register_blueprint(auth)
    app.before_request(_end_old_session)
    app.context_processor(lambda: {"Permission": Permission, "may": may})


def user() -> User:
    """Return who is signed in."""
    return cast(User, current_user)


def may(permission: Permission) -> bool:
    """Return whether who asks may do something."""
    return bool(current_user.is_authenticated) and user().may(permission)


def needs(
    permission: Permission,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Let only those in who may do something; the refusal of anybody else is on the audit log."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return to_sign_in()
            if not user().may(permission):
                record("refused", outcome=AuditOutcome.DENIED, asked=str(permission))
                abort(403)
            return view(*args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate


def actor() -> Actor:
    """Return who is signed in, as the archive's gate and audit log know them."""
    return Actor(user().name, user().role)


def record(
    action: str, *, outcome: AuditOutcome = AuditOutcome.DONE, sid: str = "", **detail: str
) -> None:
    """Write down on the audit log what who is signed in did, or tried to do."""
    archive().audit.record(action, by=actor(), sid=sid, outcome=outcome, detail=dict(detail))


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign somebody in."""
    form = SignIn()
    if current_user.is_authenticated:
        return redirect(url_for("panel.home"))
    if not form.validate_on_submit():
        return render_template("sign_in.html", form=form, typed=typed())
    name, browser = form.name.data or "", request.cookies.get(_browser_cookie(), "")
    attempt = attempts.begin(name, request.remote_addr or "", browser)
    if attempt is None:  # not on the audit log: each of those that failed before is
        return _again(form, _("Too many attempts. Wait a little, then try again."), 429)
    try:
        user = accounts.check(name, form.password.data or "")
    except attempts.Busy:
        attempts.forget(attempt)
        return _again(form, _("Many people sign in just now. Try again in a few seconds."), 503)
    where = {"address": attempts.network(request.remote_addr or "")}
    if user is None:
        known = accounts.find(name)
        by = known.name if known else "somebody"  # what was typed may be a password
        archive().audit.record("sign_in", by=by, outcome="denied", detail=where)
        return _again(form, _("Name or password is wrong."), 401)
    archive().audit.record("sign_in", by=Actor(user.name, user.role), detail=where)
    attempts.forget(attempt)
    _begin_session(user)
    response: Response = redirect(path_of(request.args.get("next")) or url_for("panel.home"))
    if sent := typed():
        why = _("You are signed in. Look at what you typed, and send it again.")
        response = make_response(sent.page(why))
    _know_again(response, attempts.remember(user.name, browser))
    return response


def _again(form: SignIn, why: str, status: int) -> ResponseReturnValue:
    flash(why, "error")
    return render_template("sign_in.html", form=form, typed=typed()), status


def _browser_cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"


def _know_again(response: Response, token: str) -> None:
    """Let a browser keep by what it is known: not who they are, nor anything that lets them in."""
    response.set_cookie(
        _browser_cookie(),
        token,
        max_age=attempts.KNOWN_FOR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


@auth.post("/sign-out")
def sign_out() -> Response:
    """Sign somebody out, everywhere: a cookie that was copied before is worth nothing after."""
    if current_user.is_authenticated:
        record("sign_out")
        accounts.end_sessions(user())
    _end_session()
    return redirect(url_for("auth.sign_in"))


def _begin_session(user: User) -> None:
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session["began"] = session["seen"] = int(time.time())
    login_user(user)


def _end_session() -> None:
    language = session.get("language")
    logout_user()
    session.clear()
    if language:
        session["language"] = language


def _end_old_session() -> None:
    """End a session that is too old. What a page asks by itself does not keep one alive."""
    if request.endpoint == "static" or "began" not in session:
        return
    now = time.time()
    if now - session["began"] > LONGEST or now - session["seen"] > IDLE:
        _end_session()
    elif request.headers.get("X-By-Itself") is None and now - session["seen"] > 60:
        session["seen"] = int(now)


def to_sign_in() -> ResponseReturnValue:
    """Lead who is not signed in to where one signs in, with what they typed."""
    if request.headers.get("X-By-Itself"):
        abort(401)
    if sent := typed():
        flash(_("Your session has ended. Sign in, and what you typed is there again."), "warn")
        return render_template("sign_in.html", form=SignIn(formdata=None), typed=sent), 401
    if request.method != "GET":
        return redirect(url_for("auth.sign_in"))
    return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
