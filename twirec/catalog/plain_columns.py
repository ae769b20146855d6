"""Text as it is compared, in rows that another version wrote."""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, select, update

from twirec.catalog.database import Database
from twirec.catalog.tables import calls, notes
from twirec.model.plain_text import plain

LOT = 500
"""Rows that are written at a time: others write in between."""

_NOTES = select(notes.c.id, notes.c.text).where(notes.c.plain_text.is_(None)).limit(LOT)
_NOTE = update(notes).where(notes.c.id == bindparam("key")).values(plain_text=bindparam("plain"))
_KEY = (calls.c.account_sid, calls.c.call_sid)
_CALLS = (
    select(*_KEY, calls.c.case_number)
    .where(calls.c.case_number != literal_column("''"), calls.c.plain_case.is_(None))
    .limit(LOT)
)
_CALL = (
    update(calls)
    .where(calls.c.account_sid == bindparam("account"), calls.c.call_sid == bindparam("call"))
    # set by somebody else meanwhile: theirs stands
    .where(calls.c.case_number == bindparam("case"))
    .values(plain_case=bindparam("plain"))
)


def fill_plain(database: Database) -> None:
    """Fill in what is compared where rows have none yet, a lot at a time.

    Those are rows that an older version of the library wrote. Where there are none, it reads an
    index that is empty.
    """
    while True:
        with database.read() as connection:
            some_notes = connection.execute(_NOTES).all()
            some_calls = connection.execute(_CALLS).all()
        if not some_notes and not some_calls:
            return
        with database.write() as connection:
            if some_notes:
                connection.execute(
                    _NOTE, [{"key": row.id, "plain": plain(row.text)} for row in some_notes]
                )
            for row in some_calls:
                given = {"account": row.account_sid, "call": row.call_sid}
                given |= {"case": row.case_number, "plain": plain(row.case_number)}
                connection.execute(_CALL, given)
