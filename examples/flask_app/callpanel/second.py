"""The second step of signing in: a code, or setting up what makes codes."""

from __future__ import annotations

import secrets

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import accounts, attempts, factor
from callpanel.accounts import User
from callpanel.auth import (
    Proof,
    browser_token,
    halfway,
    record_sign_in,
    sign_in_page,
    welcome,
)
from callpanel.forms import Code
from callpanel.safe import path_of
from callpanel.typed import typed
from twirec import AuditOutcome

second = Blueprint("second", __name__, url_prefix="/sign-in")


def init_app(app: Flask) -> None:
    """Add the views."""
    app.register_blueprint(second)


@second.route("/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    """Ask for a code of somebody's phone, and sign them in with it."""
    user = halfway()
    if user is None or not factor.has_one(user):
        return _from_the_beginning()
    form = Code()
    if form.code.data is None or not form.validate_on_submit():  # it comes from the first step
        return _code_page(Code(formdata=None) if form.code.data is None else form)
    attempt = attempts.begin(user.name, request.remote_addr or "", browser_token(), code=True)
    if attempt is None:
        flash(_("Too many wrong codes. Wait a quarter of an hour, then try again."), "error")
        return _code_page(form), 429
    proved = factor.proves(user, form.code.data)
    if proved is None:
        record_sign_in(user, AuditOutcome.DENIED, by_means_of="code")
        why = _("This code is wrong, or was used already: wait for the next one that is shown.")
        flash(why, "error")
        return _code_page(form), 401
    record_sign_in(user, by_means_of=proved)
    attempts.forget(attempt)
    answer = welcome(user, Proof.SECOND_FACTOR)
    if proved == "recovery_code":
        left = factor.codes_left(user)
        flash(_("Recovery codes that are left: %(left)s.", left=left), "warn")
    return answer


@second.route("/set-up", methods=["GET", "POST"])
def set_up() -> ResponseReturnValue:
    """Let somebody whose role needs a second factor set one up before they are in."""
    user = halfway()
    if user is None or factor.has_one(user):
        return _from_the_beginning()
    form, secret = Code(), factor.offered(user, _nonce())
    if form.code.data is None or not form.validate_on_submit():
        return _set_up_page(user, Code(formdata=None) if form.code.data is None else form, secret)
    codes = factor.set_up(user, secret, form.code.data)
    if codes is None:
        flash(wrong_first_code(), "error")
        return _set_up_page(user, form, secret), 400
    record_sign_in(user, by_means_of="new second factor")
    accounts.keep()
    next_page = path_of(request.args.get("next")) or url_for("panel.home")
    sent = typed()
    answer = welcome(user, Proof.SECOND_FACTOR)
    page = render_template("second_codes.html", codes=codes, next_page=next_page, typed=sent)
    answer.status_code, answer.data = 200, page.encode()
    answer.headers.pop("Location", None)
    return answer


def wrong_first_code() -> str:
    """Return what is said when a code does not prove that a phone has the secret."""
    return str(_("This code is not of this secret. Look that the phone sets its clock by itself."))


def _nonce() -> str:
    """Return what makes the secret that is offered this one, as long as the step lasts."""
    return str(session.setdefault("offered", secrets.token_hex(16)))


def _from_the_beginning() -> ResponseReturnValue:
    """Lead who is in no second step, or was in it for too long, to the first one."""
    if typed():
        return sign_in_page(), 401
    return redirect(url_for("auth.sign_in", next=request.args.get("next")))


def _code_page(form: Code) -> str:
    return render_template("second_code.html", form=form, typed=typed())


def _set_up_page(user: User, form: Code, secret: str) -> str:
    return render_template(
        "second_set_up.html",
        form=form,
        typed=typed(),
        secret=secret,
        picture=factor.picture(user, secret),
    )
