"""Signing in with the company's own provider, over OpenID Connect, by Authlib.

The code flow with PKCE, state and nonce (https://openid.net/specs/openid-connect-core-1_0.html,
RFC 7636). Whatever is not as it should be signs nobody in.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from flask import Blueprint, Flask, abort, current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import DateTime, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from callpanel import accounts
from callpanel.accounts import AccountError, User
from callpanel.auth import Proof, record_sign_in, sign_in_page, welcome
from callpanel.config import archive, config
from callpanel.extensions import Base, db
from callpanel.names import folded
from callpanel.roles import Role
from callpanel.safe import path_of
from callpanel.signing import EMAIL, Accounts, Provider
from twirec import AuditOutcome

log = logging.getLogger("callpanel")

COMPANY = "company"
"""What Authlib calls it; state and nonce are in the session by that name."""

ALGORITHMS = [f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)]
"""What an ID token may be signed with: keys that only the provider has."""

PATIENCE = 5.0
"""Seconds that the provider has for each answer."""

MOST_BEGUN = 3
"""Sign-ins that a browser may have begun at once: a cookie holds four thousand characters."""

BY = "provider"
"""Who the audit log says changed an account when what the provider says of them changed."""

provider = Blueprint("provider", __name__, url_prefix="/sign-in/company")


class NotSignedIn(Exception):
    """What the provider says signs nobody in; the message is for who tried."""

    def __init__(self, said: str, why: str, *, user: User | None = None, status: int = 403) -> None:
        super().__init__(said)
        self.why, self.user, self.status = why, user, status


class Identity(Base):
    """Who somebody is to a provider.

    Attributes:
        issuer: the provider.
        subject: what it calls them, for ever; an address may become somebody else's.
        user_id: whose account it is.
        at: when it became theirs.
    """

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def init_app(app: Flask) -> None:
    """Add the views."""
    app.register_blueprint(provider)


@provider.get("")
def begin() -> ResponseReturnValue:
    """Lead somebody to the provider."""
    of = _settings()
    if current_user.is_authenticated:
        return redirect(url_for("panel.home"))
    _forget_older()
    session["next"] = path_of(request.args.get("next"))
    try:
        back = url_for("provider.back", _external=True)
        return redirect(_client(of).authorize_redirect(back).location)
    except _failures() as error:
        return _refused(_does_not_answer(error))


@provider.get("/back")
def back() -> ResponseReturnValue:
    """Sign in whom the provider sends back."""
    of = _settings()
    if current_user.is_authenticated:
        return redirect(url_for("panel.home"))
    try:
        user = _whose(of, _claims(of))
    except NotSignedIn as refused:
        db.session.rollback()
        return _refused(refused)
    record_sign_in(user, by_means_of=BY)
    try:
        accounts.keep()
    except IntegrityError:  # the same person, in two tabs at once
        db.session.rollback()
        again = _("Sign in once more, please.")
        return _refused(NotSignedIn(again, "twice at once", status=409))
    return welcome(user, Proof.PROVIDER, session.get("next"))


def _refused(refused: NotSignedIn) -> tuple[str, int]:
    """Return the page that says why somebody is not in. The log names only who has an account."""
    log.warning("sign-in by the provider refused: %s", refused.why)
    if refused.user:
        detail = {"by_means_of": BY, "why": refused.why}
        record_sign_in(refused.user, AuditOutcome.DENIED, **detail)
    flash(str(refused), "error")
    return sign_in_page(), refused.status


# --- what the provider says -----------------------------------------------------------------


def _claims(of: Provider) -> Mapping[str, Any]:
    """Return what the provider says of who comes back from it.

    Raises:
        NotSignedIn: it says nothing that can be believed.
    """
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.base_client.errors import MismatchingStateError

    wanted = {
        "iss": {"essential": True, "value": of.issuer},
        "aud": {"essential": True, "value": of.client_id},
        "sub": {"essential": True},
    }
    try:
        token = _client(of).authorize_access_token(claims_options=wanted, leeway=60)
        said = token.get("userinfo") or {}
        if said and not _says_enough(of, said):
            more = _client(of).userinfo(token=token)
            if more.get("sub") != said["sub"]:  # OpenID Connect Core, section 5.3.2
                raise ValueError("the user info is of somebody else")
            said = {**more, **said}
    except MismatchingStateError as error:
        late = _("That took too long, or was begun in another browser: sign in once more.")
        raise NotSignedIn(late, "no such state", status=400) from error
    except OAuthError as error:
        raise NotSignedIn(_("The company's sign-in let nobody in."), _code_of(error)) from error
    except _failures() as error:
        raise _does_not_answer(error) from error
    if not said.get("sub"):
        raise _does_not_answer(ValueError("no ID token"))
    return dict(said)


def _code_of(error: Any) -> str:
    """Return the code of an error, as far as it is one: anybody can write it into the address."""
    code = str(error.error)[:64]
    return code if code.isascii() and code.isidentifier() else "an unknown error"


def _says_enough(of: Provider, said: Mapping[str, Any]) -> bool:
    needed = {of.name, *((EMAIL, "email_verified") if of.name == EMAIL else ())}
    return needed | ({of.claim} if of.roles else set()) <= set(said)


def _does_not_answer(error: Exception) -> NotSignedIn:
    said = _("The company's sign-in does not answer as it should. Try again in a few minutes.")
    return NotSignedIn(said, f"{type(error).__name__}: {error}", status=502)


def _failures() -> tuple[type[Exception], ...]:
    """Return what goes wrong with a provider that is away, or answers with anything else."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    wrong = (ValueError, TypeError, KeyError, AttributeError, RuntimeError)
    return (AuthlibBaseError, JoseError, RequestException, *wrong)


def _settings() -> Provider:
    return config().signing.provider or abort(404)


def _client(of: Provider) -> Any:
    """Return Authlib's client; it asks the provider for its addresses once in each process.

    Raises:
        Exception: one of `_failures`.
    """
    from authlib.integrations.flask_client import OAuth

    kept = current_app.extensions.get("callpanel.provider")
    if kept is None:
        kept = OAuth(cast(Any, current_app)._get_current_object()).register(
            COMPANY,
            client_id=of.client_id,
            client_secret=of.client_secret,
            server_metadata_url=f"{of.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": of.scopes,
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )
        metadata = kept.load_server_metadata()
        if metadata.get("issuer") != of.issuer:  # OpenID Connect Discovery, section 4.3
            raise ValueError(f"the provider says that it is {metadata.get('issuer')!r}")
        metadata["id_token_signing_alg_values_supported"] = ALGORITHMS
        current_app.extensions["callpanel.provider"] = kept
    return kept


def _forget_older() -> None:
    begun = [name for name in session if name.startswith(f"_state_{COMPANY}_")]
    for name in sorted(begun, key=lambda name: session[name]["exp"])[: -(MOST_BEGUN - 1)]:
        del session[name]


# --- whose account it is --------------------------------------------------------------------


def _whose(of: Provider, claims: Mapping[str, Any]) -> User:
    """Return the account of who the provider says it is, with the role that it says.

    What is changed or made stays after `accounts.keep`.

    Raises:
        NotSignedIn: they have none, or may not sign in.
    """
    role = _role_of(of, claims)
    user = _known(of, str(claims["sub"])) or _matched(of, claims)
    if of.roles and role is None:
        raise NotSignedIn(
            _("Your account of the company gives you no part in this. Ask who looks after it."),
            "no role",
            user=user,
        )
    user = user or _made(of, claims, role)
    if not user.is_active:
        raise NotSignedIn(_("Your account may not sign in. Ask an admin."), "disabled", user=user)
    if role and role != user.role:
        try:
            accounts.change(user, role=role)
        except AccountError as error:
            raise NotSignedIn(str(error), "the last admin", user=None) from error
        detail = {"user": user.name, "role": str(role)}
        archive().audit.record("user_change", by=BY, detail=detail)
    return user


def _role_of(of: Provider, claims: Mapping[str, Any]) -> Role | None:
    """Return the role for what a claim says, the first of the settings that fits; None for none."""
    said = claims.get(of.claim)
    values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return next((role for value, role in of.roles.items() if value in values), None)


def _known(of: Provider, subject: str) -> User | None:
    identity = db.session.get(Identity, (of.issuer, subject))
    return db.session.get(User, identity.user_id) if identity else None


def _matched(of: Provider, claims: Mapping[str, Any]) -> User | None:
    """Return the account of somebody's name, which is theirs from now on; None if there is none."""
    user = accounts.find(_name_of(of, claims))
    if user is None:
        return None
    taken = (Identity.issuer == of.issuer) & (Identity.user_id == user.id)
    if db.session.scalar(select(Identity).where(taken)):
        raise NotSignedIn(
            _("This name is the account of somebody else here. Ask an admin."),
            "the name belongs to another subject",
            user=user,
        )
    return _theirs(of, claims, user)


def _made(of: Provider, claims: Mapping[str, Any], role: Role | None) -> User:
    name = _name_of(of, claims)
    if of.accounts is not Accounts.CREATE or role is None:
        said = _("You have no account here: an admin makes one of the name %(name)s.", name=name)
        raise NotSignedIn(said, "no account")
    try:
        user = accounts.add(name, None, role)
    except AccountError as error:
        raise NotSignedIn(str(error), "no name of an account") from error
    archive().audit.record("user_add", by=BY, detail={"user": user.name, "role": str(role)})
    return _theirs(of, claims, user)


def _theirs(of: Provider, claims: Mapping[str, Any], user: User) -> User:
    subject = str(claims["sub"])
    now = datetime.now(UTC)
    db.session.add(Identity(issuer=of.issuer, subject=subject, user_id=user.id, at=now))
    return user


def _name_of(of: Provider, claims: Mapping[str, Any]) -> str:
    """Return the name of the account of who the provider says it is.

    Raises:
        NotSignedIn: it gives none, or an address that it has not verified.
    """
    name = claims.get(of.name)
    if not isinstance(name, str) or not name.strip():
        missing = _("The company's sign-in does not say your name. Ask who looks after it.")
        raise NotSignedIn(missing, f"no claim {of.name}")
    if of.name == EMAIL and claims.get("email_verified") is not True:
        said = _("The company's sign-in has not verified your e-mail address.")
        raise NotSignedIn(said, "the address is not verified")
    return folded(name)
