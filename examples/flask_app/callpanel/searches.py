"""What was searched for, kept here under a random id that stands in the address.

So Back, tabs and reloading show what they showed, while no number gets into an address, a log or a
cookie.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request
from sqlalchemy import JSON, DateTime, Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from callpanel.auth import user
from callpanel.extensions import Base, db

KEPT_FOR = timedelta(days=7)

MOST_OF_ONE = 200
"""Searches of one person that are kept, the newest: whoever posts them in a loop fills no disk."""


class SearchGone(Exception):
    """The search that an address names is not kept any more, or is somebody else's.

    Attributes:
        of: what was searched: `calls` or `audit`.
    """

    def __init__(self, of: str) -> None:
        super().__init__("the search is not kept any more")
        self.of = of


class Search(Base):
    """What somebody searched for.

    Attributes:
        id: random.
        user_id: whose it is; nobody else may open it.
        of: what was searched: `calls` or `audit`.
        asked: the fields that were filled in.
    """

    __tablename__ = "searches"
    __table_args__ = (Index("ix_searches_at", "at"), Index("ix_searches_user_id", "user_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32))
    of: Mapped[str] = mapped_column(String(16))
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def keep(of: str, asked: dict[str, Any]) -> str | None:
    """Keep what is searched for; return what names it in an address, None if nothing is."""
    if not asked:
        return None
    now = datetime.now(UTC)
    kept = Search(id=secrets.token_hex(16), user_id=user().id, of=of, asked=asked, at=now)
    mine = select(Search.id).where(Search.user_id == kept.user_id)
    beyond = mine.order_by(Search.at.desc()).offset(MOST_OF_ONE - 1)
    old = delete(Search).where((Search.at < now - KEPT_FOR) | Search.id.in_(beyond))
    db.session.execute(old.execution_options(synchronize_session=False))
    db.session.add(kept)
    db.session.commit()
    return kept.id


def asked(of: str, name: str | None = None) -> dict[str, Any]:
    """Return what the address of this request says is searched for; empty if nothing is.

    Args:
        of: what is searched.
        name: what names the search, where that is not the address.

    Raises:
        SearchGone: it is not kept any more, or somebody else's.
    """
    name = request.args.get("q", "") if name is None else name
    if not name:
        return {}
    kept = db.session.get(Search, name)
    if kept is None or kept.user_id != user().id or kept.of != of:
        raise SearchGone(of)
    return dict(kept.asked)


def recent(of: str, most: int) -> list[str]:
    """Return what who asks has typed to search for lately, the newest first, each once."""
    mine = select(Search.asked).where(Search.user_id == user().id, Search.of == of)
    newest = db.session.scalars(mine.order_by(Search.at.desc()).limit(4 * most))
    texts = dict.fromkeys(each["text"] for each in newest if each.get("text"))
    return list(texts)[:most]
