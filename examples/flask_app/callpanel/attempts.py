"""Which sign-ins are looked at: too few to guess a password, and no fewer because of others.

Whoever signed in once is known by their browser, and counted by it alone, so that nobody else's
failures lock them out (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
Others are counted by name and address together. Many failures of a name, or from an address, only
slow down those who come from where that name has not signed in before, with a browser that is not
known: there is always a next attempt within seconds.

An attempt that is not looked at costs a few look-ups: no hash, and nothing is written down.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import ColumnElement, DateTime, Index, String, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from callpanel.config import config
from callpanel.extensions import Base, db
from callpanel.names import folded

WINDOW = timedelta(minutes=15)
"""How long a failed sign-in counts."""

MOST_FAILURES = 5
"""Failures within the window of one name from one address, or of one browser that is known."""

SLOW_FROM = 50
"""Failures within the window of one name from anywhere, or from one site of any name, after which
those of unknown browsers are looked at slowly."""

FLOOD_FROM = 500
"""The same of all names from anywhere together: whoever has many addresses makes up a name for
each, and would have the app compare, and write down, without end."""

SLOWLY = timedelta(seconds=5)
"""Between two of these."""

CUSTOMER, SITE = 64, 48
"""Bits that the IPv6 addresses of one customer begin with: those of one that has few, and those of
one that has many (RFC 6177)."""

KNOWN_FOR = timedelta(days=180)
"""How long a browser, or a place, is known after a sign-in."""

MOST_CODES = 10
"""Wrong codes within the window of one account by all browsers that are not known. Whoever sends
one has its password, so nobody else can lock its owner out."""

AT_ONCE = 2
"""Passwords that a process compares at once: each takes a core and 32 MB for a while."""

PATIENCE = 5.0
"""Seconds that a comparison waits for its turn."""

_turns = threading.BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Too many passwords are being compared: try again in some seconds."""


class Failure(Base):
    """A sign-in that failed, or is looked at now.

    Attributes:
        name: an HMAC of the name that was typed, which may have been a password.
        address: from where: an IPv4 address, or an IPv6 network of 64 bits, which is one customer's
            (RFC 6177).
        site: the same, but of an IPv6 address the network of 48 bits: anybody can have one, with
            its 65,536 networks of 64.
        browser: by what a known browser is known; empty for another.
    """

    __tablename__ = "failures"
    __table_args__ = (
        Index("ix_failures_at", "at"),
        Index("ix_failures_name", "name"),
        Index("ix_failures_site", "site"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64))
    site: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(32), default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Place(Base):
    """From where a name has signed in.

    Attributes:
        name: an HMAC of it.
        address: as of a `Failure`.
        at: when, the last time.
    """

    __tablename__ = "places"
    __table_args__ = (Index("ix_places_at", "at"),)

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def begin(name: str, address: str, token: str = "", *, code: bool = False) -> int | None:
    """Count a sign-in as failed until it succeeds; None if it is not to be looked at.

    It counts before anything is compared, so that attempts at the same time count each other.

    Args:
        name: what was typed.
        address: whose request it is.
        token: what the browser keeps from an earlier sign-in (`remember`).
        code: whether it is a code of the second factor, after the right password.
    """
    attempt = Failure(
        name=_key(name, of="code" if code else ""),
        address=network(address),
        site=network(address, SITE),
        browser=_known(name, token),
        at=datetime.now(UTC),
    )
    may = _may_code if code else _may
    if not may(attempt):
        return None
    old = delete(Failure).where(Failure.at < attempt.at - WINDOW)
    db.session.execute(old.execution_options(synchronize_session=False))
    db.session.add(attempt)
    db.session.commit()
    if not may(attempt):  # somebody else's came in between
        forget(attempt.id)
        return None
    return attempt.id


def forget(attempt: int) -> None:
    """Count an attempt no more."""
    db.session.execute(delete(Failure).where(Failure.id == attempt))
    db.session.commit()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the turns at comparing passwords.

    Raises:
        Busy: none was free in time.
    """
    if not _turns.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        _turns.release()


def remember(name: str, address: str, token: str = "") -> str:
    """Return what a browser is to keep, so that it is known when this name signs in again.

    From where it signed in is known then, too.

    Args:
        name: of the account that just signed in.
        address: whose request it is.
        token: what the browser keeps already, which may know it as another's.
    """
    now = datetime.now(UTC)
    old = delete(Place).where(Place.at < now - KNOWN_FOR)
    db.session.execute(old.execution_options(synchronize_session=False))
    db.session.merge(Place(name=_key(name), address=network(address), at=now))
    try:
        db.session.commit()
    except IntegrityError:  # two browsers at once, of the same name, from the same place
        db.session.rollback()
    browser = _known(name, token) or secrets.token_hex(16)
    return _serializer().dumps([_key(name), browser])


def network(address: str, bits: int = CUSTOMER) -> str:
    """Return what stands for where a request came from.

    Args:
        address: as it came.
        bits: how many of an IPv6 address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "nowhere"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        rest = ip.max_prefixlen - bits
        return f"{IPv6Address(int(ip) >> rest << rest)}/{bits}"
    return str(ip)


def _may(attempt: Failure) -> bool:
    """Whether few enough failed before, this one not counted."""
    mine = Failure.browser == attempt.browser
    if attempt.browser:
        return _count(mine, attempt) < MOST_FAILURES
    name, address = Failure.name == attempt.name, Failure.address == attempt.address
    if _count(mine & name & address, attempt) >= MOST_FAILURES:
        return False
    return _is_known_place(attempt) or (
        _may_slowly(mine & name, attempt)
        and _may_slowly(mine & (Failure.site == attempt.site), attempt)
        and _may_slowly(mine, attempt, FLOOD_FROM)
    )


def _may_code(attempt: Failure) -> bool:
    """The same of a code: of a million three are right at any time, so few may be wrong."""
    mine = (Failure.browser == attempt.browser) & (Failure.name == attempt.name)
    return _count(mine, attempt) < (MOST_FAILURES if attempt.browser else MOST_CODES)


def _is_known_place(attempt: Failure) -> bool:
    """Whether that name has signed in from there: whatever others do elsewhere does not count."""
    place = db.session.get(Place, (attempt.name, attempt.address))
    return place is not None and _utc(place.at) > _utc(attempt.at) - KNOWN_FOR


def _utc(at: datetime) -> datetime:
    """Return a time of the database, which of SQLite comes without its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _may_slowly(which: ColumnElement[bool], attempt: Failure, slow_from: int = SLOW_FROM) -> bool:
    if _count(which, attempt) < slow_from:
        return True
    return _count(which & (Failure.at > attempt.at - SLOWLY), attempt) == 0


def _count(which: ColumnElement[bool], attempt: Failure) -> int:
    others = which & (Failure.at > attempt.at - WINDOW)
    if attempt.id is not None:
        others &= Failure.id != attempt.id
    return db.session.scalar(select(func.count()).select_from(Failure).where(others)) or 0


def _known(name: str, token: str) -> str:
    """Return by what a browser is known to be of somebody of that name; empty if it is not."""
    try:
        key, browser = _serializer().loads(token, max_age=int(KNOWN_FOR.total_seconds()))
    except (BadData, ValueError, TypeError):
        return ""
    return str(browser) if hmac.compare_digest(str(key), _key(name)) else ""


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config().secret_key, salt="callpanel browser")


def _key(name: str, of: str = "") -> str:
    """Return what stands for a name that was typed.

    Args:
        name: what was typed.
        of: the step it is of, after a sign that nobody can type: a name that is typed to sign in
            never stands for somebody's codes.
    """
    typed, secret = folded(name), config().secret_key.encode()
    typed = f"{typed}\0{of}" if of else typed
    return hmac.new(secret, typed.encode(), hashlib.sha256).hexdigest()[:32]
