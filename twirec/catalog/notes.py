"""What people write about calls."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, to_row
from twirec.catalog.tables import calls, notes
from twirec.model.audit import AuditDraft
from twirec.model.errors import NotFound
from twirec.model.plain_text import plain
from twirec.model.records import Note


class Notes:
    """What people write about calls: notes and case numbers.

    Notes are only ever added to, each together with its entry of the audit log.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, note: Note, audited: AuditDraft) -> None:
        """Add a note to a call, and its entry; with a case number, that is the call's from now on.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        line = of_call(calls, note.account_sid, note.call_sid)
        with self._database.write() as connection:
            if connection.execute(select(calls.c.call_sid).where(line)).first() is None:
                raise NotFound(f"The catalog has no call {note.call_sid}.")
            connection.execute(insert(notes), to_row(note, notes))
            if note.case_number is not None:
                number = note.case_number
                case = {"case_number": number, "plain_case": plain(number)}
                connection.execute(update(calls).where(line).values(case))
            append(connection, audited)
