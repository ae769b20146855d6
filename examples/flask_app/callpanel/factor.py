"""The second factor: codes of a phone, which change every half minute, and recovery codes.

RFC 6238 (https://www.rfc-editor.org/rfc/rfc6238) by pyotp: a code is good for its half minute and
those beside it, once. Its secret is kept encrypted, and of recovery codes only hashes are, both by
`CALLPANEL_SECRET_KEY`: who has the database alone can sign in as nobody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import secrets
from datetime import UTC, datetime
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken
from markupsafe import Markup
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Delete,
    String,
    Update,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from callpanel.accounts import User
from callpanel.config import archive, config
from callpanel.extensions import Base, db
from callpanel.roles import Role

SKEW = 1
"""How many half minutes a phone's clock may be off, to either side (RFC 6238, section 5.2)."""

RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is taken for another when it is copied from paper: ten of them are 49 bits."""


class Factor(Base):
    """The second factor of an account.

    Attributes:
        user_id: whose.
        secret: encrypted.
        last_step: of the last code that was taken: no older one is, nor the same again.
    """

    __tablename__ = "factors"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret: Mapped[str] = mapped_column(String(255))
    last_step: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RecoveryCode(Base):
    """A code that stands once for those of the phone.

    Attributes:
        hash: a keyed hash of it, with whose it is.
        user_id: whose.
    """

    __tablename__ = "recovery_codes"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), index=True)


def has_one(user: User) -> bool:
    """Return whether somebody has a second factor."""
    return db.session.get(Factor, user.id) is not None


def required(user: User) -> bool:
    """Return whether their role needs one (`CALLPANEL_SECOND_FACTOR`)."""
    return Role(user.role) in config().signing.second_factor


def codes_left(user: User) -> int:
    """Return how many recovery codes somebody has not used yet."""
    mine = select(func.count()).where(RecoveryCode.user_id == user.id)
    return db.session.scalar(mine) or 0


# --- setting it up --------------------------------------------------------------------------


def offered(user: User, nonce: str) -> str:
    """Return the secret that is offered to somebody who sets one up: the same for one nonce.

    So nothing is kept of it before it is proved that their phone has it, here or in a cookie.
    """
    digest = hmac.new(_key(b"offered"), f"{user.id} {nonce}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()  # RFC 4226, section 4: 160 bits


def picture(user: User, secret: str) -> Markup:
    """Return a secret as the QR code that phones read, an SVG of its own lines alone."""
    import pyotp
    import segno

    company = archive().settings.company or "callpanel"
    address = pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=company)
    drawn, plain = io.BytesIO(), {"xmldecl": False, "svgns": False, "lineclass": None}
    code = segno.make(address, error="m")
    code.save(drawn, kind="svg", omitsize=True, light="#fff", **plain)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - made by segno, of modules alone


def set_up(user: User, secret: str, code: str) -> list[str] | None:
    """Give somebody a second factor, once a code proves that their phone has it; it ends sessions.

    Returns:
        The recovery codes, to be shown this once; None if the code is wrong.
    """
    step = _step_of(secret, code)
    if step is None:
        return None
    _forget(user)
    kept = Factor(user_id=user.id, secret=_seal(secret), last_step=step, at=datetime.now(UTC))
    db.session.add(kept)
    user.generation += 1
    return renew_codes(user)


def renew_codes(user: User) -> list[str]:
    """Give somebody new recovery codes, for good after `accounts.keep`; the old ones are void."""
    db.session.execute(_of(RecoveryCode, user))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(hash=_hashed(user, each), user_id=user.id) for each in codes)
    db.session.flush()
    return [f"{each[:5]}-{each[5:]}" for each in codes]


def take_away(user: User) -> bool:
    """Take somebody's second factor away, for good after `accounts.keep`; return if they had one.

    Their sessions end.
    """
    had = has_one(user)
    _forget(user)
    user.generation += 1
    db.session.flush()
    return had


def _forget(user: User) -> None:
    for table in (Factor, RecoveryCode):
        db.session.execute(_of(table, user))
    db.session.expire_all()


# --- proving it -----------------------------------------------------------------------------


def proves(user: User, code: str) -> str | None:
    """Return what a code is, `code` or `recovery_code`, if it is right; it is used by that.

    Codes of the phone are six digits; spaces and dashes do not matter.
    """
    said = "".join(filter(str.isalnum, code)).lower()
    if said.isascii() and said.isdigit() and len(said) == 6:
        return "code" if _uses_code(user, said) else None
    mine = (RecoveryCode.hash == _hashed(user, said)) & (RecoveryCode.user_id == user.id)
    return "recovery_code" if _changes_one(delete(RecoveryCode).where(mine)) else None


def _uses_code(user: User, code: str) -> bool:
    kept = db.session.get(Factor, user.id)
    step = _step_of(_open(kept.secret), code) if kept else None
    if step is None:
        return False
    older = (Factor.user_id == user.id) & (Factor.last_step < step)
    return _changes_one(update(Factor).where(older).values(last_step=step))


def _changes_one(statement: Update | Delete) -> bool:
    """Whether a statement changed a row: of two requests at once with one code only one does."""
    statement = statement.execution_options(synchronize_session=False)
    changed = cast(CursorResult[Any], db.session.execute(statement)).rowcount
    db.session.commit()
    return changed == 1


def _step_of(secret: str, code: str) -> int | None:
    """Return which half minute a code is of; None if it is of none near now."""
    import pyotp
    from pyotp.exceptions import OTPVerificationError

    said = "".join(filter(str.isalnum, code))
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(said, valid_window=SKEW)
    except OTPVerificationError:
        return None


def _hashed(user: User, code: str) -> str:
    return hmac.new(_key(b"recovery"), f"{user.id} {code}".encode(), hashlib.sha256).hexdigest()


def _seal(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def _open(sealed: str) -> str:
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:  # of another CALLPANEL_SECRET_KEY: no code is right, an admin resets it
        return base64.b32encode(secrets.token_bytes(20)).decode()


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(b"factor")))


def _key(purpose: bytes) -> bytes:
    return hmac.new(config().secret_key.encode(), b"callpanel " + purpose, hashlib.sha256).digest()


def _of(table: type[Factor] | type[RecoveryCode], user: User) -> Delete:
    return (
        delete(table).where(table.user_id == user.id).execution_options(synchronize_session=False)
    )
