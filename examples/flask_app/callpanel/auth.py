"""Signing in and out, and what a view needs of who asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
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

from callpanel import accounts, attempts, factor
from callpanel.accounts import User
from callpanel.config import archive, config
from callpanel.extensions import login
from callpanel.forms import SignIn
from callpanel.roles import Permission, Role
from callpanel.safe import path_of
from callpanel.typed import Typed, typed
from twirec import Actor, AuditOutcome

P = ParamSpec("P")

IDLE = 30 * 60
"""Seconds without a request after which a session ends."""

AT_DESK = frozenset(
    {"panel.desk", "panel.desk_now", "panel.pause", "panel.resume", "panel.home", "language"}
)
"""What an agent's desk asks for. A session ends there by `LONGEST` alone: half an hour without a
click is nothing between two calls, and it would end just when a card number is said. To anything
else that session is over by `IDLE`."""

LONGEST = 12 * 60 * 60
"""Seconds after which a session ends, whatever is done in it."""

HALFWAY = 10 * 60
"""Seconds between the password and the code, or until a second factor is set up."""

auth = Blueprint("auth", __name__)


class Proof(StrEnum):
    """By what a session was begun."""

    PASSWORD = "password"  # noqa: S105 - a word
    SECOND_FACTOR = "second_factor"
    """By a password and a code."""
    PROVIDER = "provider"
    """By the company's own provider, which asks for what it finds right."""


def init_app(app: Flask) -> None:
    """Add the views, and end sessions that are too old."""
    login.user_loader(_of_session)
    login.session_protection = None  # an address may change; sessions end by time
    app.register_blueprint(auth)
    app.before_request(_end_old_session)
    app.context_processor(lambda: {"Permission": Permission, "may": may})


def _of_session(session_id: str) -> User | None:
    """Return whose a session is, if what it was begun by is still enough."""
    found, signing = accounts.of_session(session_id), config().signing
    if found is None:
        return None
    enough = {
        Proof.PASSWORD: signing.passwords and not factor.required(found),
        Proof.SECOND_FACTOR: signing.passwords,
        Proof.PROVIDER: signing.provider is not None,
    }
    return found if enough[Proof(session.get("proof", Proof.PASSWORD))] else None


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
    agent = user().line if user().role == Role.AGENT else ""
    return Actor(user().name, user().role, agent)


def record(
    action: str, *, outcome: AuditOutcome = AuditOutcome.DONE, sid: str = "", **detail: str
) -> None:
    """Write down on the audit log what who is signed in did, or tried to do."""
    archive().audit.record(action, by=actor(), sid=sid, outcome=outcome, detail=dict(detail))


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign somebody in, or ask them for their second factor."""
    form = SignIn()
    if current_user.is_authenticated:
        sent = typed()
        return sent.page(signed_in()) if sent else redirect(url_for("panel.home"))
    if not form.validate_on_submit():
        return sign_in_page(form)
    if not config().signing.passwords:
        return _again(form, _("Passwords are switched off here: sign in with the company."), 403)
    name, address = form.name.data or "", request.remote_addr or ""
    attempt = attempts.begin(name, address, browser_token())
    if attempt is None:  # not on the audit log: each of those that failed before is
        return _again(form, _("Too many attempts. Wait a little, then try again."), 429)
    try:
        user = accounts.check(name, form.password.data or "")
    except attempts.Busy:
        attempts.forget(attempt)
        return _again(form, _("Many people sign in just now. Try again in a few seconds."), 503)
    if user is None:
        record_sign_in(accounts.find(name), AuditOutcome.DENIED)
        return _again(form, _("Name or password is wrong."), 401)
    if factor.has_one(user) or factor.required(user):
        attempts.forget(attempt)
        session["halfway"] = [user.get_id(), int(time.time())]
        step = "second.code" if factor.has_one(user) else "second.set_up"
        # 307 takes along what was typed (RFC 9110, section 15.4.8)
        return redirect(url_for(step, next=request.args.get("next")), 307 if typed() else 302)
    record_sign_in(user)
    attempts.forget(attempt)
    return welcome(user, Proof.PASSWORD)


def sign_in_page(form: SignIn | None = None, sent: Typed | None = None) -> str:
    """Return the page where one signs in."""
    return render_template(
        "sign_in.html",
        form=form or SignIn(formdata=None),
        typed=sent or typed(),
        signing=config().signing,
    )


def signed_in() -> str:
    """Return what is said to who signed in after they typed something."""
    return str(_("You are signed in. Look at what you typed, and send it again."))


def record_sign_in(
    user: User | None, outcome: AuditOutcome = AuditOutcome.DONE, **detail: str
) -> None:
    """Write down that somebody signed in, or tried to; None is a name that is no account's.

    What was typed as a name is not written down: it may be a password.
    """
    done = user and outcome is AuditOutcome.DONE
    name = user.name if user else "somebody"
    archive().audit.record(
        "sign_in",
        by=Actor(name, user.role) if user and done else name,
        outcome=outcome,
        detail={"address": attempts.network(request.remote_addr or ""), **detail},
    )


def welcome(user: User, proof: Proof, next_page: str | None = None) -> Response:
    """Begin the session of somebody who proved who they are, and lead them to where they were."""
    token = attempts.remember(user.name, request.remote_addr or "", browser_token())
    begin_session(user, proof)
    wanted = path_of(next_page or request.args.get("next"))
    response: Response = redirect(wanted or url_for("panel.home"))
    if sent := typed():
        response = make_response(sent.page(signed_in()))
    know_again(response, token)
    return response


def halfway() -> User | None:
    """Return who gave the right password, a moment ago, of those who need more than it."""
    session_id, since = session.get("halfway", ("", 0))
    if time.time() - since > HALFWAY:
        return None
    found = accounts.of_session(session_id)
    return found if found and found.is_active and config().signing.passwords else None


def _again(form: SignIn, why: str, status: int) -> ResponseReturnValue:
    flash(why, "error")
    return sign_in_page(form), status


def browser_token() -> str:
    """Return by what the browser is known from an earlier sign-in; empty for another."""
    return request.cookies.get(_browser_cookie(), "")


def _browser_cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"


def know_again(response: Response, token: str) -> None:
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


def begin_session(user: User, proof: Proof) -> None:
    """Begin a session, with nothing in it of the one before but the language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session["began"] = session["seen"] = int(time.time())
    session["proof"] = str(proof)
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
    idle = now - session["seen"] > IDLE
    if now - session["began"] > LONGEST or (idle and not _is_at_desk()):
        _end_session()
    elif idle:
        return  # what is done at the desk does not open the other pages again
    elif request.headers.get("X-By-Itself") is None and now - session["seen"] > 60:
        session["seen"] = int(now)


def _is_at_desk() -> bool:
    """Whether this is of an agent's desk, which is not left alone while calls come in."""
    return request.endpoint in AT_DESK and may(Permission.OWN_CALLS)


def to_sign_in() -> ResponseReturnValue:
    """Lead who is not signed in to where one signs in, with what they typed."""
    if request.headers.get("X-By-Itself"):
        abort(401)
    if sent := typed():
        flash(_("Your session has ended. Sign in, and what you typed is there again."), "warn")
        return sign_in_page(sent=sent), 401
    if request.method != "GET":
        return redirect(url_for("auth.sign_in"))
    return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
