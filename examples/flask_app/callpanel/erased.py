"""What the panel itself keeps of a number goes when that number is erased.

Searches that were kept or saved may hold it. An erasure keeps no number; the audit log has the
keyed HMAC of what was erased, by which each number that a search holds is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import current_app
from sqlalchemy import delete, select

from callpanel.config import archive
from callpanel.extensions import db
from callpanel.saved import SavedSearch
from callpanel.searches import Search
from twirec import Actor, InvalidQuery, SettingsError

LOOKED_AT = 100
"""Erasures, the newest: one that waited longer than it takes to ask for so many has gone by."""

_US = Actor("callpanel", "admin")
_SEEN = "callpanel.erasure"
_NUMBER = re.compile(r"[+(]?[0-9][0-9\s().-]{3,}[0-9]|(?:sips?|client|tel|whatsapp):\S+")


def forget_erased() -> None:
    """Forget the searches that hold a number that was erased, if anything was since it looked.

    Without `TWIREC_AUDIT_KEY` nobody can say which: then all that hold a number go.
    """
    newest = archive().custody.certificates.list(limit=LOOKED_AT, by=_US)
    begun = [each.id for each in newest if each.begun_at]  # others wait for a second person
    if begun == current_app.extensions.get(_SEEN, []):
        return
    for table in (Search, SavedSearch):
        gone = [
            row.id
            for row in db.session.execute(select(table.id, table.asked))
            if any(map(_was_erased, _numbers(row.asked)))
        ]
        if gone:
            statement = delete(table).where(table.id.in_(gone))
            db.session.execute(statement.execution_options(synchronize_session=False))
            db.session.commit()
    current_app.extensions[_SEEN] = begun


def _numbers(asked: object) -> Iterator[str]:
    values = asked.values() if isinstance(asked, dict) else ()
    for value in values:
        yield from _NUMBER.findall(value) if isinstance(value, str) else ()


def _was_erased(number: str) -> bool:
    try:
        return bool(archive().audit.log(number=number, action="erase", limit=1))
    except SettingsError:
        return True
    except InvalidQuery:
        return False
