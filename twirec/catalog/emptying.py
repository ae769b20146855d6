"""What the catalog holds of a person, table by table, and how each is emptied.

Each table is on one of the lists here, or in `IMPERSONAL` with the reason; a test fails for one
that is on none. So whoever adds a table says what an erasure does to it, in a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    false,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)

from twirec.catalog import (
    card_tables,
    case_tables,
    disclosure_tables,
    request_tables,
    tables,
    transcript_tables,
)
from twirec.catalog.sentence_tables import sentences
from twirec.model.access import EMPTY_LINE
from twirec.model.custody import OrderKind
from twirec.model.vocabulary import ERASED

CallKey = tuple[str, str]
"""Account and SID of a call."""


@dataclass(frozen=True)
class Emptied:
    """How a table is emptied of what it holds of somebody.

    Attributes:
        table: the table.
        own: the columns that say whose a row is: a call's account and SID, a recording's SID, or
            somebody's number.
        values: what its columns become; None if the rows go.
        where: the condition of the rows that are emptied; None for all.
        filed: the time under which the journal files a row; None where it does not, or with the
            call or the recording.
    """

    table: Table
    own: tuple[ColumnElement[Any], ...]
    values: Mapping[str, Any] | None = None
    where: ColumnElement[bool] | None = field(default=None, compare=False)
    filed: Column[Any] | None = field(default=None, compare=False)

    def mine(self, keys: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition of the rows of some calls, recordings, or of a number."""
        its = tuple_(*self.own).in_(keys) if len(self.own) > 1 else self.own[0].in_(keys)
        return and_(its, true() if self.where is None else self.where)


def _call(table: Table) -> tuple[Column[Any], ...]:
    return (table.c.account_sid, table.c.call_sid)


_EMPTY_LINE: Mapping[str, Any] = {
    **EMPTY_LINE,
    "customer_number": ERASED,
    "tail": "",
    "plain_case": "",
    "blocked": False,
}

OF_CALLS: tuple[Emptied, ...] = (
    Emptied(tables.calls, _call(tables.calls), _EMPTY_LINE),
    Emptied(tables.legs, _call(tables.legs), {"agent": ""}, filed=tables.legs.c.at),
    Emptied(tables.consents, _call(tables.consents), {"key": ""}),  # filed with its call
    Emptied(tables.notes, _call(tables.notes), filed=tables.notes.c.at),
)
"""What is of a call, in the order in which PostgreSQL locks."""

OF_RECORDINGS: tuple[Emptied, ...] = (
    Emptied(
        tables.recordings,
        (tables.recordings.c.sid,),
        {"legal_ground": "", "accepted": None},
    ),
    Emptied(tables.callbacks, (tables.callbacks.c.recording_sid,)),
    Emptied(tables.waveforms, (tables.waveforms.c.recording_sid,)),
    Emptied(sentences, (sentences.c.recording_sid,)),
    Emptied(tables.derivatives, (tables.derivatives.c.recording_sid,)),
    Emptied(
        transcript_tables.transcripts, (transcript_tables.transcripts.c.recording_sid,)
    ),  # before its parts: who holds its lease adds none then
    Emptied(
        transcript_tables.transcript_parts,
        (transcript_tables.transcript_parts.c.recording_sid,),
    ),
    Emptied(
        card_tables.card_cuts,
        (card_tables.card_cuts.c.recording_sid,),
        filed=card_tables.card_cuts.c.found_at,
    ),
    Emptied(tables.differences, (tables.differences.c.recording_sid,)),
    Emptied(
        tables.holds,
        (tables.holds.c.recording_sid,),
        {"case_number": "", "reason": "", "lifted_reason": ""},
        where=tables.holds.c.lifted_at.is_not(None),
        filed=tables.holds.c.at,
    ),
    Emptied(tables.blocks, (tables.blocks.c.recording_sid,), {"why": ""}, filed=tables.blocks.c.at),
    Emptied(
        disclosure_tables.disclosure_consents,
        (disclosure_tables.disclosure_consents.c.recording_sid,),
        dict.fromkeys(
            ("participant", "name", "recipient", "purpose", "evidence", "withdrawn_why"), ""
        ),
        filed=disclosure_tables.disclosure_consents.c.at,
    ),
    Emptied(
        disclosure_tables.disclosures,
        (disclosure_tables.disclosures.c.recording_sid,),
        {
            **dict.fromkeys(("recipient", "purpose", "reference", "revoked_why"), ""),
            **dict.fromkeys(("link_hash", "code_hash", "salt", "ticket_hash")),
        },
        filed=disclosure_tables.disclosures.c.at,
    ),
    Emptied(
        tables.orders,
        (tables.orders.c.recording_sid,),
        {"why": ""},
        where=tables.orders.c.kind != OrderKind.ERASE,
        filed=tables.orders.c.at,
    ),
)
"""What is of a recording; it is emptied with the commit that says that it is erased."""

_REQUEST = request_tables.access_requests.c
_ANSWERED = _REQUEST.answered_at.is_not(None) | _REQUEST.refused_at.is_not(None)
"""What has still to be answered cannot be forgotten: an erasure says that it stays, and why."""

_CASE = case_tables.cases.c
_ITS_CASE = _CASE.id == case_tables.case_steps.c.case_id
_MAILED_CASE = _CASE.key == case_tables.case_mails.c.case_key
_TOLD = _CASE.closed_at.is_not(None)
"""While a case is open, its customer has to be told of the resolution: it stays, and says why."""

_ITS_REQUEST = _REQUEST.id == request_tables.access_steps.c.request_id

OF_NUMBERS: tuple[Emptied, ...] = (
    Emptied(
        tables.calls,
        (tables.calls.c.forwarded_from,),
        {"forwarded_from": "", "facts": ()},
        filed=tables.calls.c.started_at,
    ),  # of somebody else's call, which their phone forwarded
    Emptied(
        request_tables.access_steps,
        (select(_REQUEST.number).where(_ITS_REQUEST).scalar_subquery(),),
        {"text": "", "how": ""},
        where=exists().where(_ITS_REQUEST, _ANSWERED),
        filed=request_tables.access_steps.c.at,
    ),  # before its request, by whose number it is found
    Emptied(
        request_tables.access_requests,
        (_REQUEST.number,),
        {"number": "", "name": ""},
        where=_ANSWERED,
        filed=_REQUEST.opened_at,
    ),
    Emptied(
        case_tables.case_steps,
        (select(_CASE.number).where(_ITS_CASE).scalar_subquery(),),
        {"text": "", "how": ""},
        where=exists().where(_ITS_CASE, _TOLD),
        filed=case_tables.case_steps.c.at,
    ),  # before its case, by whose number it is found
    Emptied(
        case_tables.case_mails,
        (select(_CASE.number).where(_MAILED_CASE).scalar_subquery(),),
        where=exists().where(_MAILED_CASE, _TOLD),
    ),
    Emptied(
        case_tables.cases,
        (_CASE.number,),
        {"number": "", "content": "", "how": "", "resolution": ""},
        where=_TOLD,
        filed=_CASE.opened_at,
    ),  # its key, kind and times stay, for the audit (Ley 10/2025, art. 21.2)
)
"""What is of a number beside its calls. Its rows are found when an erasure is asked for, which
keeps no number."""

IMPERSONAL: Mapping[str, str] = {
    "anchors": "counts and hashes of the audit log, which never held a number",
    "agents": "the company's people, in a register whose entries the audit log holds the hashes of",
    "announcements": "what the company says",
    "approvals": "who decided what about SIDs; numbers in what they wrote are left out",
    "audio": "what the company says",
    "audit": "SIDs and keyed HMACs: it never held a number",
    "audit_check": "how far the log was looked at",
    "case_calls": "SIDs and times, and whether somebody consented",
    "case_clocks": "keys of cases, and times",
    "erased_copies": "SIDs, names of objects, and dates: the certificate",
    "erasure_items": "SIDs: the certificate",
    "erasures": "who erased what, and why, without numbers: the certificate",
    "events": "SIDs, states, and names of errors; what is told is read when it is told",
    "figures": "counts, by state, day and the company's own numbers",
    "foreign_recordings": "SIDs of what is not ours",
    "identity": "the catalog's own",
    "journal": "names of the journal's objects",
    "listenings": "who of the company hears what just now",
    "marks": "the catalog's own",
    "month_statements": "which months were closed: counts, and the hashes of statements",
    "participants": "SIDs and times",
    "pause_limits": "SIDs and times",
    "pauses": "who of the company paused it, and when",
    "policy_changes": "of the company's own numbers, in a history whose rows the audit log holds "
    "the hashes of",
    "policy_defaults": "the company's own",
    "releases": "who of the company took out what",
    "retention_changes": "the company's rules, in a history whose rows the audit log holds the "
    "hashes of",
    "retention_looks": "SIDs, and when they are looked at",
    "retention_stale": "SIDs of what changed",
    "stop_orders": "SIDs and times",
    "vendor_retention": "spans of time",
}
"""Why each other table holds nothing of a customer."""


def empty(connection: Connection, emptied: Sequence[Emptied], keys: Sequence[Any]) -> None:
    """Empty tables of what is of some calls, or of some recordings, in a transaction that writes.

    Args:
        connection: of the transaction.
        emptied: the tables.
        keys: account and SID of each call, or the SID of each recording.
    """
    for each in emptied:
        if each.values is None:
            connection.execute(delete(each.table).where(each.mine(keys)))
        else:
            connection.execute(update(each.table).where(each.mine(keys)).values(each.values))


def days_of(
    connection: Connection, emptied: Sequence[Emptied], keys: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Return under which times the journal files what is of them, each behind its key."""
    found: list[tuple[Any, ...]] = []
    for each in emptied:
        if each.filed is not None:
            statement = select(*each.own, each.filed).where(each.mine(keys)).distinct()
            found += [tuple(row) for row in connection.execute(statement)]
    return found


def rows_of(connection: Connection, number: str) -> list[tuple[str, str, str, bool]]:
    """Return the rows of a number in the tables of `OF_NUMBERS`.

    Of each its table, its key, its account or nothing, and whether it may be emptied now.

    Args:
        connection: of a transaction.
        number: as the catalog keys it.
    """
    found = []
    for each in OF_NUMBERS:
        *account, key = each.table.primary_key
        may = literal(True) if each.where is None else each.where
        statement = select(key, may.label("may"), *account).where(each.own[0] == number)
        found += [
            (each.table.name, str(row[0]), str(row[2]) if account else "", bool(row[1]))
            for row in connection.execute(statement)
        ]
    return found


def of_rows(emptied: Emptied, rows: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Return the condition of rows that `rows_of` found in a table.

    Args:
        emptied: the table.
        rows: key, and account or nothing, of each.
    """
    *account, key = emptied.table.primary_key
    read = key.type.python_type
    return or_(
        false(),
        *(and_(key == read(sid), *(column == of for column in account)) for sid, of in rows),
    )
