"""What people write about calls."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import of_call
from twirec.catalog.database import Database, to_row
from twirec.catalog.tables import calls, notes
from twirec.model.audit import AuditDraft
from twirec.model.errors import CaseChanged, NotFound
from twirec.model.plain_text import plain
from twirec.model.records import Note


class Notes:
    """What people write about calls: notes and case numbers.

    Notes are only ever added to, each together with its entry of the audit log.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        note: Note,
        audited: AuditDraft,
        *,
        case_seen: str | None = None,
        notes_seen: int | None = None,
    ) -> None:
        """Add a note to a call, and its entry; with a case number, that is the call's from now on.

        Args:
            note: what is written.
            audited: its entry.
            case_seen: the case number that the writer has seen; None if that makes no difference.
            notes_seen: how many notes the writer has seen. If they wrote the same after these, this
                is that note, sent once more: nothing is added.

        Raises:
            NotFound: the catalog has no such call of that account.
            CaseChanged: another case number is there by now. Nothing was written.
        """
        line = of_call(calls, note.account_sid, note.call_sid)
        with self._database.write() as connection:
            # locked, so that who writes about the same call at the same time comes after
            case = connection.execute(select(calls.c.case_number).where(line).with_for_update())
            there = case.first()
            if there is None:
                raise NotFound(f"The catalog has no call {note.call_sid}.")
            if notes_seen is not None and _is_there(connection, note, notes_seen):
                return
            if case_seen is not None and there.case_number != case_seen:
                raise CaseChanged("case: it was changed meanwhile; look at the call once more.")
            connection.execute(insert(notes), to_row(note, notes))
            if note.case_number is not None:
                number = note.case_number
                values = {"case_number": number, "plain_case": plain(number)}
                connection.execute(update(calls).where(line).values(values))
            append(connection, audited)


def _is_there(connection: Connection, note: Note, notes_seen: int) -> bool:
    """Whether a note is among those of its call that were added after so many."""
    written = (
        select(
            *(notes.c.by, notes.c.text, notes.c.case_number),
            *(notes.c.recording_sid, notes.c.second),
        )
        .where(of_call(notes, note.account_sid, note.call_sid))
        .order_by(notes.c.id)
        .offset(notes_seen)
    )
    its = (note.by, note.text, note.case_number, note.recording_sid, note.second)
    return its in map(tuple, connection.execute(written))
