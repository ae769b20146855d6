"""Searches that somebody keeps by a name, for themselves or for all, until they are forgotten."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Index, String, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from callpanel.auth import may, user
from callpanel.extensions import Base, db
from callpanel.roles import Permission
from callpanel.searches import Search, SearchGone

MOST_SAVED = 100
"""Of one person; the hundred and first takes the place of the oldest."""

_NUMBER = re.compile(r"[+\d][\d\s().-]*")
_FEWEST = 3
"""Digits by which somebody can be looked for."""


class SavedSearch(Base):
    """A search that stays.

    Attributes:
        id: random.
        user_id: who saved it.
        name: by which people know it.
        shared: whether it is for everybody who may search.
        asked: the fields that were filled in.
    """

    __tablename__ = "saved_searches"
    __table_args__ = (Index("ix_saved_searches_user_id", "user_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    shared: Mapped[bool] = mapped_column(default=False)
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def mine(self) -> bool:
        """Whether who asks saved it."""
        return self.user_id == user().id

    @property
    def can_go(self) -> bool:
        """Whether who asks may forget it: who saved it, and of shared ones an admin."""
        return self.mine or (self.shared and may(Permission.USERS))


def save(name: str, asked: Mapping[str, Any], *, shared: bool) -> SavedSearch:
    """Save a search; one of the same name that was mine is replaced."""
    mine = SavedSearch.user_id == user().id
    older = select(SavedSearch.id).where(mine).order_by(SavedSearch.at.desc())
    beyond = db.session.scalars(older.offset(MOST_SAVED - 1)).all()
    gone = delete(SavedSearch).where(mine & ((SavedSearch.name == name) | _among(beyond)))
    db.session.execute(gone.execution_options(synchronize_session=False))
    kept = SavedSearch(
        id=secrets.token_hex(16),
        user_id=user().id,
        name=name,
        shared=shared,
        asked=dict(asked),
        at=datetime.now(UTC),
    )
    db.session.add(kept)
    db.session.commit()
    return kept


def _among(ids: Sequence[str]) -> Any:
    return SavedSearch.id.in_(list(ids))


def of_mine() -> list[SavedSearch]:
    """Return what who asks has saved, and what colleagues share, by name."""
    theirs = or_(SavedSearch.user_id == user().id, SavedSearch.shared.is_(True))
    return list(db.session.scalars(select(SavedSearch).where(theirs).order_by(SavedSearch.name)))


def find(name: str) -> SavedSearch:
    """Return a saved search by its id.

    Raises:
        SearchGone: there is none, or it is a colleague's own.
    """
    kept = db.session.get(SavedSearch, name)
    if kept is None or not (kept.mine or kept.shared):
        raise SearchGone("calls")
    return kept


def forget(kept: SavedSearch) -> None:
    """Take a saved search away."""
    db.session.delete(kept)
    db.session.commit()


def forget_number(number: str) -> int:
    """Take away every search that holds a number, saved or not, and return how many there were.

    It is for the erasure of a person's data. Of one who is looked for by last digits, these are
    enough.

    Args:
        number: E.164, such as `+34600111222`.
    """
    gone = 0
    for table in (Search, SavedSearch):
        rows = db.session.execute(select(table.id, table.asked))
        ids = [row.id for row in rows if holds(row.asked.values(), number)]
        for start in range(0, len(ids), 500):
            some = delete(table).where(table.id.in_(ids[start : start + 500]))
            db.session.execute(some.execution_options(synchronize_session=False))
        gone += len(ids)
    db.session.commit()
    return gone


def holds(said: Iterable[object], number: str) -> bool:
    """Whether what was typed holds a number, or its last digits.

    Args:
        said: what was typed into each field.
        number: E.164.
    """
    digits = re.sub(r"\D", "", number)
    runs = (re.sub(r"\D", "", run) for each in said for run in _NUMBER.findall(str(each)))
    return any(
        digits.endswith(run.lstrip("0")) or run.endswith(digits)
        for run in runs
        if len(run.lstrip("0")) >= _FEWEST
    )
