"""The accounts of staff: the tables, and what is done with them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from flask_babel import gettext as _
from flask_login import UserMixin
from sqlalchemy import DateTime, String, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from callpanel import attempts
from callpanel.config import archive
from callpanel.extensions import Base, db
from callpanel.lines import is_target
from callpanel.names import LONGEST_NAME, folded, is_name
from callpanel.roles import ALLOWED, Permission, Role

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
LONGEST_COUNTED = 64
"""Characters of a password that are looked at for what is easily guessed: it takes long."""

WEAKEST = 10**10
"""Guesses that a password has to take, as zxcvbn counts: names, dates, words and what leaked are
tried first (https://github.com/dwolfhub/zxcvbn-python)."""

EXAMPLE = "correcthorsebatterystaple"
"""The letters of the password that everybody gives as an example (https://xkcd.com/936/): zxcvbn
takes them for four words like any others."""

_NOBODY = f"scrypt:32768:8:1$nobody${0:0128}"
"""What is compared when there is no such account, so that both answers take as long.

It is of no password, and written down, since making one takes a tenth of a second of each start.
"""


class AccountError(ValueError):
    """An account cannot be made or changed like that."""


class User(UserMixin, Base):
    """Somebody of the staff.

    Attributes:
        id: random, so that nobody counts accounts.
        name: what they sign in with, and what the audit log says, as `folded` makes it.
        password: its hash; empty for who signs in elsewhere (`callpanel.provider`).
        role: what they are to the company.
        line: the number or `client:NAME` on which they take calls; empty for none.
        disabled: whether they may not sign in (any more).
        generation: changes with the password, the role and the state; sessions of an earlier one
            have ended.
    """

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(String(16))
    line: Mapped[str] = mapped_column(String(255), default="")
    disabled: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def is_active(self) -> bool:
        """Whether they may be signed in."""
        return not self.disabled

    def get_id(self) -> str:
        """Return what a session keeps of them."""
        return f"{self.id}.{self.generation}"

    def may(self, permission: Permission) -> bool:
        """Return whether they may do something."""
        return permission in ALLOWED[Role(self.role)]


# --- accounts -------------------------------------------------------------------------------


def find(name: str) -> User | None:
    """Return the account of a name, in small or capital letters."""
    return db.session.scalar(select(User).where(User.name == folded(name)))


def of_session(session_id: str) -> User | None:
    """Return the account that a session keeps; None if that session has ended."""
    user_id, _, generation = session_id.rpartition(".")
    user = db.session.get(User, user_id)
    return user if user and str(user.generation) == generation else None


def everybody() -> list[User]:
    """Return all accounts, by name."""
    return list(db.session.scalars(select(User).order_by(User.name)))


def keep() -> None:
    """Let what was added or changed stay. Do it once it is on the audit log."""
    db.session.commit()


def add(name: str, password: str | None, role: Role, line: str = "") -> User:
    """Make an account, which stays after `keep`.

    Args:
        name: what they sign in with.
        password: None for who signs in elsewhere.
        role: what they are to the company.
        line: where they take calls; empty for none.

    Raises:
        AccountError: the name is taken or of the wrong form, or the password or line is wrong.
    """
    name = folded(name)
    if not is_name(name):
        raise AccountError(
            _(
                "Name: give an e-mail address, or 2 to %(most)s letters, digits, dots and dashes.",
                most=LONGEST_NAME,
            )
        )
    user = User(
        id=secrets.token_hex(16),
        name=name,
        password="" if password is None else _hashed(password, name),
        role=role,
        line=_line(line),
        made_at=archive().now(),
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        taken = _("Name: %(name)s has an account already; choose another.", name=name)
        raise AccountError(taken) from error
    return user


def change(
    user: User,
    *,
    role: Role | None = None,
    line: str | None = None,
    disabled: bool | None = None,
    password: str | None = None,
) -> None:
    """Change an account, for good after `keep`; what is None stays.

    Its sessions end, unless only the line changed.

    Raises:
        AccountError: the password or line is wrong, or nobody would be left to make accounts.
    """
    hashed = _hashed(password, user.name) if password is not None else user.password
    line = user.line if line is None else _line(line)
    before = (user.role, user.disabled, user.password)
    user.role = user.role if role is None else role
    user.disabled = user.disabled if disabled is None else disabled
    user.line, user.password = line, hashed
    if (user.role, user.disabled, user.password) != before:
        user.generation += 1
    db.session.flush()  # from here on nobody else writes, so two admins do not remove each other
    if before[:2] == (Role.ADMIN, False) and not _admins():
        db.session.rollback()
        raise AccountError(_("This is the last admin; make another one first."))


def made_at(user: User) -> datetime:
    """Return when an account was made, UTC, by the archive's clock."""
    return user.made_at.replace(tzinfo=UTC) if user.made_at.tzinfo is None else user.made_at


def end_sessions(user: User) -> None:
    """End all sessions of an account, also such as were copied from a browser."""
    user.generation += 1
    db.session.commit()


def _admins() -> int:
    admins = select(func.count()).where(User.role == Role.ADMIN.value, User.disabled.is_(False))
    return db.session.scalar(admins) or 0


def _line(said: str) -> str:
    said = said.strip()
    if said and not is_target(said):
        raise AccountError(_("Line: write +34911222333, client:ana or sip:ana@example.com."))
    return said


def _hashed(password: str, *words: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(
            _(
                "Password: give %(least)s to %(most)s characters, such as four words.",
                least=SHORTEST_PASSWORD,
                most=LONGEST_PASSWORD,
            )
        )
    from zxcvbn import zxcvbn  # its lists take a while to load, and nobody else needs them

    known = [*words, *(part for word in words for part in re.split(r"\W+", word) if part)]
    example = EXAMPLE in "".join(filter(str.isalpha, password.lower()))
    guesses = zxcvbn(password[:LONGEST_COUNTED], user_inputs=[*known, "twirec"])["guesses"]
    if example or guesses < WEAKEST:
        raise AccountError(
            _("Password: this one is easily guessed, or is known; give four words, or more.")
        )
    return generate_password_hash(password)


# --- signing in -----------------------------------------------------------------------------


def check(name: str, password: str) -> User | None:
    """Return whose name and password these are, if they may sign in.

    Raises:
        Busy: too many passwords are being compared.
    """
    user = find(name)
    kept = (user and user.password) or _NOBODY
    with attempts.turn():
        right = check_password_hash(kept, password[:LONGEST_PASSWORD])
    return user if user and right and user.is_active else None
