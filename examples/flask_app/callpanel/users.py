"""The accounts of staff, as an admin keeps them."""

from __future__ import annotations

from flask import Blueprint, Flask, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import accounts, factor
from callpanel.accounts import AccountError, User
from callpanel.auth import needs, record
from callpanel.config import config
from callpanel.extensions import db
from callpanel.forms import ChangeUser, NewUser
from callpanel.roles import Permission, Role
from twirec import AuditOutcome

users = Blueprint("users", __name__, url_prefix="/users")


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(users)


@users.get("")
@needs(Permission.USERS)
def everybody() -> ResponseReturnValue:
    """Show all accounts, and the form for a new one."""
    return _page(NewUser(formdata=None))


@users.post("")
@needs(Permission.USERS)
def add() -> ResponseReturnValue:
    """Make an account."""
    form = NewUser()
    if not form.validate():
        return _page(form), 400
    role = Role(form.role.data)
    try:
        password = form.password.data or (None if config().signing.provider else "")
        made = accounts.add(form.name.data or "", password, role, form.line.data or "")
    except AccountError as error:
        record("user_add", outcome=AuditOutcome.FAILED)
        flash(str(error), "error")
        return _page(form), 400
    record("user_add", user=made.name, role=made.role)
    accounts.keep()
    flash(_("%(name)s may sign in.", name=made.name), "done")
    return redirect(url_for("users.everybody"))


@users.get("/<user_id>")
@needs(Permission.USERS)
def one(user_id: str) -> ResponseReturnValue:
    """Show an account, and the form that changes it."""
    user = _user(user_id)
    access = "yes" if user.disabled else "no"
    form = ChangeUser(
        formdata=None, data={"role": user.role, "line": user.line, "disabled": access}
    )
    return _page_of(user, form)


@users.post("/<user_id>")
@needs(Permission.USERS)
def change(user_id: str) -> ResponseReturnValue:
    """Change an account."""
    user = _user(user_id)
    form = ChangeUser()
    if not form.validate():
        return _page_of(user, form), 400
    changed = {
        "user": user.name,
        "role": form.role.data,
        "access": form.disabled.data,
        "password": "new" if form.password.data else "as it was",
    }
    try:
        accounts.change(
            user,
            role=Role(form.role.data),
            line=form.line.data or "",
            disabled=form.disabled.data == "yes",
            password=form.password.data or None,
        )
    except AccountError as error:
        record("user_change", outcome=AuditOutcome.FAILED, **changed)
        flash(str(error), "error")
        return _page_of(user, form), 400
    record("user_change", **changed)
    accounts.keep()
    flash(_("Changed."), "done")
    return redirect(url_for("users.everybody"))


@users.post("/<user_id>/second-factor")
@needs(Permission.USERS)
def reset_factor(user_id: str) -> ResponseReturnValue:
    """Take somebody's second factor away, whose phone is gone; their sessions end."""
    user = _user(user_id)
    if factor.take_away(user):
        record("second_factor_reset", user=user.name)
        accounts.keep()
        flash(_("%(name)s signs in without a code, until they set one up.", name=user.name), "done")
    return redirect(url_for("users.one", user_id=user_id))


def _page_of(user: User, form: ChangeUser) -> str:
    shown = {"has_factor": factor.has_one(user), "signing": config().signing}
    return render_template("user.html", form=form, user=user, **shown)


def _page(form: NewUser) -> str:
    shown = {"users": accounts.everybody(), "signing": config().signing}
    return render_template("users.html", form=form, **shown)


def _user(user_id: str) -> User:
    return db.session.get(User, user_id) or abort(404)
