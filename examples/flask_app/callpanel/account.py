"""The page of one's own account: password, second factor, recovery codes."""

from __future__ import annotations

import secrets
from typing import TypeVar

from flask import (
    Blueprint,
    Flask,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from callpanel import accounts, attempts, factor
from callpanel.accounts import AccountError
from callpanel.auth import Proof, begin_session, browser_token, needs, record, user
from callpanel.config import config
from callpanel.forms import ChangePassword, Password, SetUpFactor
from callpanel.roles import Permission
from callpanel.second import wrong_first_code
from twirec import AuditOutcome

Form = TypeVar("Form", bound=FlaskForm)

account = Blueprint("account", __name__, url_prefix="/account")


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(account)


@account.get("")
@needs(Permission.OWN_ACCOUNT)
def own() -> ResponseReturnValue:
    """Show one's own account."""
    return _page()


@account.post("/password")
@needs(Permission.OWN_ACCOUNT)
def change_password() -> ResponseReturnValue:
    """Change one's own password; all other sessions end."""
    form = _of_passwords(ChangePassword())
    if not form.validate():
        return _page(change=form), 400
    if (refused := _refused("user_password", form.old.data or "")) is not None:
        return _page(change=form), refused
    try:
        accounts.change(user(), password=form.password.data)
    except AccountError as error:
        record("user_password", outcome=AuditOutcome.FAILED, user=user().name)
        flash(str(error), "error")
        return _page(change=form), 400
    _stays("user_password")
    flash(_("Your password is changed. Everywhere else you are signed out."), "done")
    return redirect(url_for("account.own"))


@account.route("/second-factor", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT)
def second_factor() -> ResponseReturnValue:
    """Set a second factor up, or another one in its place."""
    form = _of_passwords(SetUpFactor())
    secret = factor.offered(user(), str(session.setdefault("offered", secrets.token_hex(16))))
    if request.method == "GET":
        return _set_up_page(form, secret)
    if not form.validate():
        return _set_up_page(form, secret), 400
    if (refused := _refused("second_factor", form.password.data or "")) is not None:
        return _set_up_page(form, secret), refused
    codes = factor.set_up(user(), secret, form.code.data or "")
    if codes is None:
        flash(wrong_first_code(), "error")
        return _set_up_page(form, secret), 400
    _stays("second_factor", Proof.SECOND_FACTOR)
    return _codes_page(codes)


@account.post("/second-factor/off")
@needs(Permission.OWN_ACCOUNT)
def second_factor_off() -> ResponseReturnValue:
    """Take one's own second factor away, where one's role needs none."""
    form = _of_passwords(Password())
    if factor.required(user()):
        abort(403)
    if not form.validate():
        return _page(), 400
    if (refused := _refused("second_factor_reset", form.password.data or "")) is not None:
        return _page(), refused
    factor.take_away(user())
    _stays("second_factor_reset", Proof.PASSWORD)
    flash(_("From now on your password alone signs you in."), "done")
    return redirect(url_for("account.own"))


@account.post("/recovery-codes")
@needs(Permission.OWN_ACCOUNT)
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes; the old ones are void."""
    form = _of_passwords(Password())
    if not form.validate() or not factor.has_one(user()):
        return _page(), 400
    if (refused := _refused("recovery_codes", form.password.data or "")) is not None:
        return _page(), refused
    codes = factor.renew_codes(user())
    record("recovery_codes", user=user().name)
    accounts.keep()
    return _codes_page(codes)


def _of_passwords(form: Form) -> Form:
    """Return a form that is for those who have a password here; nobody else has this page."""
    if not user().password or not config().signing.passwords:
        abort(404)
    return form


def _refused(action: str, password: str) -> int | None:
    """Return the status of the refusal of a password that is not one's own; None if it is.

    Somebody else may sit at this browser: wrong ones are counted like those of signing in.
    """
    attempt = attempts.begin(user().name, request.remote_addr or "", browser_token())
    if attempt is None:
        flash(_("Too many attempts. Wait a little, then try again."), "error")
        return 429
    try:
        right = accounts.check(user().name, password) is not None
    except attempts.Busy:
        attempts.forget(attempt)
        flash(_("Many people sign in just now. Try again in a few seconds."), "error")
        return 503
    if not right:
        record(action, outcome=AuditOutcome.DENIED, user=user().name)
        flash(_("That is not your password. Nothing was changed."), "error")
        return 403
    attempts.forget(attempt)
    return None


def _stays(action: str, proof: Proof | None = None) -> None:
    """Write down what was changed and let it stay; of all sessions this one alone goes on."""
    who = user()._get_current_object()  # of the request, which the new session replaces
    record(action, user=who.name)
    accounts.keep()
    begin_session(who, proof or Proof(session.get("proof", Proof.PASSWORD)))


def _page(change: ChangePassword | None = None) -> str:
    return render_template(
        "account.html",
        change=change or ChangePassword(formdata=None),
        confirm=Password(formdata=None),
        has_password=bool(user().password) and config().signing.passwords,
        has_factor=factor.has_one(user()),
        factor_required=factor.required(user()),
        codes_left=factor.codes_left(user()),
    )


def _set_up_page(form: SetUpFactor, secret: str) -> str:
    return render_template(
        "second_set_up.html",
        form=form,
        secret=secret,
        picture=factor.picture(user(), secret),
        own=True,
    )


def _codes_page(codes: list[str]) -> str:
    return render_template("second_codes.html", codes=codes, next_page=url_for("account.own"))
