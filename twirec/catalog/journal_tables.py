"""What of the catalog is journalled, under which day, and how a row looks in JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    Enum,
    FromClause,
    Integer,
    String,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.sql import Select

from twirec.catalog import disclosure_tables, erasure_tables, tables
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.case_tables import case_calls, case_steps, cases
from twirec.catalog.column_types import TextsJson, TupleJson, UtcDateTime
from twirec.catalog.month_tables import month_statements
from twirec.catalog.request_tables import access_requests, access_steps
from twirec.catalog.retention_tables import retention_changes
from twirec.model.clock import read_moment
from twirec.model.errors import JournalUnreadable
from twirec.model.journal import UNDATED, Row
from twirec.model.plain_text import plain
from twirec.model.states import UNFINISHED, State

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class JournalTable:
    """A table that is journalled.

    Attributes:
        table: the table.
        day: the time that says under which day (UTC) a row is filed.
        rows: where the rows come from, if `day` is another table's column.
        left_out: columns that mean nothing to another catalog, or that it makes itself.
        derived: columns that are left out too, each with the text of which it is the plain one.
        only_added: whether rows of it are never changed, so that none takes another's place.
        gone: columns that earlier versions journalled, and that say nothing any more.
        settled: makes a row as it is journalled, without what changes while it only waits: a day is
            not written anew because something was tried in vain once more.
    """

    table: Table
    day: Column[datetime]
    rows: FromClause | None = None
    left_out: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    only_added: bool = False
    gone: tuple[str, ...] = ()
    settled: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict

    @property
    def name(self) -> str:
        """The table's name, by which the journal knows it."""
        return self.table.name

    @cached_property
    def columns(self) -> dict[str, Column[Any]]:
        """What is journalled of a row."""
        without = {*self.left_out, *self.derived}
        return {each.name: each for each in self.table.columns if each.name not in without}

    @cached_property
    def readers(self) -> dict[str, Callable[[Any], Any]]:
        """What makes a value of each column of what JSON has."""
        return {name: _reader(column) for name, column in self.columns.items()}

    def of_day(self, day: date) -> Select[Any]:
        """Return the query for a day's rows, in order of their keys."""
        return (
            select(*self.columns.values())
            .select_from(self.table if self.rows is None else self.rows)
            .where(self.within(day))
            .order_by(*self.table.primary_key)
        )

    def first_from(self, moment: datetime) -> Select[Any]:
        """Return the query for the first time, from a moment on, under which a row is filed."""
        return select(func.min(self.day)).where(self.day >= moment)

    def within(self, day: date) -> ColumnElement[bool]:
        """Return the condition of a day's rows."""
        begin = midnight(day)
        within = (self.day >= begin) & (self.day < begin + timedelta(days=1))
        return within | self.day.is_(None) if day == UNDATED else within


def _recording(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of a recording; what waits is due at once, and was never tried, in a rebuild.

    What waits for somebody's decision, or was given up, is as it is.
    """
    kept = row["keep_at_vendor"] or row["kept_for_trial"]
    kept = kept and row["state"] == State.ARCHIVED
    if row["state"] not in UNFINISHED or row["standstill"] or kept:
        return row
    return {**row, "due_at": row["started_at"] or LONG_AGO, "attempts": 0, "last_error": ""}


def _event(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of an event or an erasure; what waits is due at once in a rebuild."""
    if row["due_at"] is None:
        return row
    return {**row, "due_at": row["at"], "attempts": 0, "last_error": ""}


def _card_cut(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of a copy without card numbers; what waits is due at once in a rebuild."""
    if row["due_at"] is None:
        return row
    return {**row, "due_at": row["decided_at"] or LONG_AGO, "attempts": 0, "last_error": ""}


JOURNAL_TABLES = (
    JournalTable(tables.calls, tables.calls.c.started_at, derived={"plain_case": "case_number"}),
    JournalTable(
        tables.consents,
        tables.calls.c.started_at,
        rows=tables.consents.join(tables.calls),
        left_out=("call_started_at",),
    ),  # with their calls, without which they cannot be written
    JournalTable(
        tables.recordings,
        tables.recordings.c.started_at,
        left_out=("lease", "lease_until", "call_started_at", "destroyed_from", "checked_at"),
        settled=_recording,
    ),  # whoever held a lease is not there to end it
    JournalTable(tables.pauses, tables.pauses.c.paused_at),
    JournalTable(
        tables.legs, tables.legs.c.at, left_out=("call_started_at",), gone=("conference",)
    ),
    JournalTable(tables.participants, tables.participants.c.at),
    JournalTable(tables.stop_orders, tables.stop_orders.c.at),
    JournalTable(
        tables.notes,
        tables.notes.c.at,
        left_out=("call_started_at",),
        derived={"plain_text": "text"},
    ),
    JournalTable(tables.orders, tables.orders.c.at),
    JournalTable(tables.holds, tables.holds.c.at),
    JournalTable(tables.blocks, tables.blocks.c.at),
    JournalTable(tables.approvals, tables.approvals.c.asked_at),
    JournalTable(tables.releases, tables.releases.c.at),
    JournalTable(disclosure_tables.disclosure_consents, disclosure_tables.disclosure_consents.c.at),
    JournalTable(
        disclosure_tables.disclosures,
        disclosure_tables.disclosures.c.at,
        left_out=("link_hash", "code_hash", "salt", "ticket_hash", "ticket_until"),
    ),  # that it was given stays known; what is made anew opens no link
    JournalTable(
        erasure_tables.erasures,
        erasure_tables.erasures.c.at,
        left_out=("lease", "lease_until"),
        settled=_event,
    ),
    JournalTable(erasure_tables.erasure_items, erasure_tables.erasure_items.c.at),
    JournalTable(erasure_tables.erased_copies, erasure_tables.erased_copies.c.at),
    JournalTable(tables.policy_changes, tables.policy_changes.c.at, only_added=True),
    JournalTable(tables.policy_defaults, tables.policy_defaults.c.at, only_added=True),
    JournalTable(retention_changes, retention_changes.c.at, only_added=True),
    JournalTable(tables.agents, tables.agents.c.at, only_added=True),
    JournalTable(
        tables.events, tables.events.c.at, left_out=("lease", "lease_until"), settled=_event
    ),
    JournalTable(tables.vendor_retention, tables.vendor_retention.c.since),
    JournalTable(
        card_cuts,
        card_cuts.c.found_at,
        left_out=("lease", "lease_until", "next_name", "next_transcript"),
        settled=_card_cut,
    ),
    JournalTable(month_statements, month_statements.c.at, only_added=True),
    JournalTable(access_requests, access_requests.c.opened_at),
    JournalTable(access_steps, access_steps.c.at),
    JournalTable(cases, cases.c.opened_at),
    JournalTable(case_calls, case_calls.c.at),
    JournalTable(case_steps, case_steps.c.at),
    JournalTable(tables.audit, tables.audit.c.at, only_added=True),
)
"""In the order in which rows can be written. Another table is one line more."""

NOT_JOURNALLED: Mapping[str, str] = {
    "anchors": "objects of their own in the bucket, in which they are found again",
    "callbacks": "what Twilio sent, kept to find mistakes; what it said is on the recording's row",
    "announcements": "objects of their own in the bucket",
    "audio": "objects of their own in the bucket",
    "identity": "in the bucket's mark, from which a rebuild takes it over",
    "marks": "where a sweep stopped: after a rebuild it looks again",
    "foreign_recordings": "what is not ours, as the last sweeps saw it: the next one sees it again",
    "listenings": "what somebody hears just now: that they do is on the audit log",
    "audit_check": "how far the log was looked at: of another catalog all is looked at",
    "waveforms": "measured again when one is asked for",
    "retention_looks": "what the rules of retention say is asked anew of all that is written",
    "retention_stale": "as `retention_looks`",
    "derivatives": "made again when they are asked for",
    "sentences": "made anew of the transcripts, which are objects of their own in the bucket",
    "transcripts": "objects in the bucket: a sweep finds them, and a worker takes them over",
    "transcript_parts": "what is heard of one that is being made, which begins anew",
    "figures": "counted by the database itself, as rows are written",
    "differences": "found again when somebody hears it; that it was found is on the audit log",
    "case_clocks": "when it is told of a case's term: made anew of the cases in a rebuild",
    "case_mails": "what they say is a secret of their links, which are dead in a rebuild; that a "
    "receipt was made, and whether it was delivered, is a step of its case",
    "pause_limits": "when the policy ends a pause: a call is over before a catalog is rebuilt",
    "journal": "which objects of the journal are this catalog's",
}
"""Why each other table is left out."""

BY_NAME = {journal_table.name: journal_table for journal_table in JOURNAL_TABLES}


def midnight(day: date) -> datetime:
    """Return the beginning of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row in what JSON has."""
    return {name: _plain(value) for name, value in row.items()}


def of_json(row: Row) -> tuple[Table, dict[str, Any]]:
    """Return the table and the columns of a row of the journal.

    Raises:
        JournalUnreadable: the table, a column or a value is not known.
    """
    name, values = row
    journal_table = BY_NAME.get(name)
    if journal_table is None:
        raise JournalUnreadable(f"It has rows of a table {name!r}, which this version has not.")
    values = {column: value for column, value in values.items() if column not in journal_table.gone}
    strange = sorted(values.keys() - journal_table.columns.keys())
    if strange:
        raise JournalUnreadable(f"Its {name} have {strange}, which this version does not know.")
    lacking = [key.name for key in journal_table.table.primary_key if values.get(key.name) is None]
    if lacking:
        raise JournalUnreadable(f"A row of {name} has no {lacking}.")
    columns = dict(_values(journal_table, values))
    for derived, of in journal_table.derived.items():
        if columns.get(of) is not None:
            columns[derived] = plain(columns[of])
    return journal_table.table, columns


def _values(journal_table: JournalTable, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        try:
            yield name, None if value is None else journal_table.readers[name](value)
        except (TypeError, ValueError) as error:
            where = f"{journal_table.name}.{name}"
            raise JournalUnreadable(f"A value of {where} cannot be read.") from error


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    type_ = column.type
    if isinstance(type_, TextsJson):
        kind = type_.kind
        return lambda value: kind(**value)
    if isinstance(type_, TupleJson):
        item, listed = type_.item or (lambda each: each), _of(list)
        return lambda value: tuple(map(item, listed(value)))
    if isinstance(type_, Enum) and type_.enum_class is not None:
        return type_.enum_class
    fitting = (read for kind, read in _READERS if isinstance(column.type, kind))
    return next(fitting, lambda value: value)


def _of(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"not {kind.__name__}")
        return value

    return check


_READERS: tuple[tuple[type[Any], Callable[[Any], Any]], ...] = (
    (UtcDateTime, read_moment),
    (Date, date.fromisoformat),
    (Boolean, _of(bool)),
    (Integer, _of(int)),
    (Text, _of(str)),
    (String, _of(str)),
)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
