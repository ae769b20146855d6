"""Erasures: what is ordered, of which recordings and calls, and what became of each copy."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from twirec.catalog import advisory_locks
from twirec.catalog.audit import append
from twirec.catalog.blocks import block_recordings
from twirec.catalog.conditions import held, holding_its_call, holding_its_number, of_call
from twirec.catalog.database import Database, insert_into, to_model, to_models, to_row
from twirec.catalog.emptying import rows_of
from twirec.catalog.erasure_tables import erased_copies, erasure_items, erasures
from twirec.catalog.hints import hint, hint_recordings
from twirec.catalog.holds import keep_holds_out
from twirec.catalog.orders import ERASABLE, order_destruction
from twirec.catalog.tables import approvals, calls, holds, notes, recordings
from twirec.model.approvals import ApprovalKind
from twirec.model.audit import AuditDraft
from twirec.model.custody import Order, OrderKind
from twirec.model.erasure import (
    OPEN,
    Certificate,
    CertificateLine,
    Copy,
    CopyOutcome,
    Erasure,
    ErasureKind,
    ErasureScope,
)
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.hints import ERASURE
from twirec.model.plain_text import number_in
from twirec.model.records import Recording
from twirec.model.states import NOTHING_THERE, UNDONE, Custody, State

RECORDING, ORIGINAL, CALL = "recording", "original", "call"
"""What an item is, beside the name of a table."""

OF_SIDS = {RECORDING: Copy.RECORDING, ORIGINAL: Copy.RECORDING, CALL: Copy.LINE}
"""What is destroyed of an item that has a SID of its own."""

MOST_LINES = 1000
"""Lines of a certificate that are shown at once."""

LOT = 500
"""Recordings that are blocked, or notes that are read, by one statement."""

LONGEST_WHY = 64
"""Characters that an item says of itself."""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that nobody takes for another."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased.

    Attributes:
        scope: what it is.
        key: of a recording or a call its SID; else the number, as the catalog keys it, which is
            written down nowhere.
        prefix, digits: of a number its country's, and the others, by which it is found in what
            people wrote; empty of anything else.
        notes: the ids of notes that perhaps name it, as of `Erasures.looked_for`.
    """

    scope: ErasureScope
    key: str
    prefix: str = ""
    digits: str = ""
    notes: tuple[int, ...] = ()

    @property
    def sid(self) -> str:
        """Its SID; empty of a number."""
        return "" if self.scope is ErasureScope.NUMBER else self.key


class Erasures:
    """What was erased, or is to be.

    An erasure, its items, what it changes, and its entry of the audit log are all there, or none.

    Which calls and recordings it is of is found when it is asked for; the number is kept nowhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def looked_for(self, target: Target) -> Target:
        """Return what is to be erased, with the notes that perhaps name the number.

        They are all read for that, which takes its time, and so before anything is written: nobody
        waits for it.
        """
        if not target.digits:
            return target
        digits = f"%{'%'.join(target.digits)}%"
        perhaps = select(notes.c.id, notes.c.text).where(notes.c.text.like(digits))
        finds = number_in(target.prefix, target.digits)
        with self._database.read() as connection:
            rows = connection.execute(perhaps)
            return replace(target, notes=tuple(row.id for row in rows if finds.search(row.text)))

    def begin(self, erasure: Erasure, target: Target, audited: AuditDraft) -> Erasure:
        """Write down what is to be erased, and begin it, in one transaction.

        Raises:
            NotFound: there is no such recording or call, or no call of that number.
        """
        with self._database.write() as connection:
            keep_holds_out(connection)
            asked = write_erasure(connection, erasure, target)
            begun = begin_erasure(connection, asked, at=erasure.at)
            append(connection, _with_items(connection, audited, begun))
        return begun

    def get(self, key: str) -> Erasure:
        """Return an erasure.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _get(connection, key)

    def listed(self, *, after: str | None = None, limit: int = 100) -> Sequence[Erasure]:
        """Return erasures, newest first.

        Args:
            after: the id of the last one of the page before.
            limit: how many at the most.
        """
        statement = select(erasures).order_by(erasures.c.at.desc(), erasures.c.id).limit(limit)
        if after is not None:
            last = select(erasures.c.at).where(erasures.c.id == after).scalar_subquery()
            same = (erasures.c.at == last) & (erasures.c.id > after)
            statement = statement.where((erasures.c.at < last) | same)
        with self._database.read() as connection:
            return to_models(Erasure, connection.execute(statement))

    def of(self, sid: str) -> Sequence[Erasure]:
        """Return the erasures of a recording or a call, newest first."""
        its = select(erasure_items.c.erasure).where(erasure_items.c.sid == sid)
        statement = select(erasures).where(erasures.c.id.in_(its)).order_by(erasures.c.at.desc())
        with self._database.read() as connection:
            return to_models(Erasure, connection.execute(statement))

    def certificate(self, key: str, *, limit: int = MOST_LINES) -> Certificate:
        """Return what an erasure did, and what is still to come.

        Args:
            key: its id.
            limit: of how many recordings and calls the lines are there; the others are counted.

        Raises:
            NotFound: there is none.
        """
        with self._database.read(snapshot=True) as connection:
            return certificate_of(connection, _get(connection, key), limit)

    def objects(self, key: str, limit: int) -> Sequence[Recording]:
        """Return recordings of an erasure that have an object in the bucket, in order of SIDs."""
        its = select(erasure_items.c.sid).where(
            erasure_items.c.erasure == key, erasure_items.c.kind == RECORDING
        )
        stored = recordings.c.generation.is_not(None)
        statement = select(recordings).where(recordings.c.sid.in_(its), stored)
        with self._database.read() as connection:
            found = connection.execute(statement.order_by(recordings.c.sid).limit(limit))
            return to_models(Recording, found)


_OPEN = erasure_items.c.outcome.in_([CopyOutcome.ORDERED, CopyOutcome.WAITING])


def write_erasure(connection: Connection, erasure: Erasure, target: Target) -> Erasure:
    """Write an erasure and its items down, in a transaction that writes; nothing else is changed.

    Raises:
        NotFound: there is no such recording or call, or no call of that number.
    """
    asked = replace(erasure, id=_new_id(), due_at=None)
    connection.execute(insert(erasures), to_row(asked, erasures))
    for kind, found in _items(target):
        columns = (literal(asked.id), literal(kind), *found.selected_columns)
        made = found.with_only_columns(
            *columns, literal(asked.at, erasure_items.c.at.type), literal("ordered"), literal("")
        )
        names = ["erasure", "kind", "sid", "account_sid", "at", "outcome", "why"]
        connection.execute(insert(erasure_items).from_select(names, made))
    if target.scope is ErasureScope.NUMBER:
        _write_rows(connection, asked, target.key)
        _write_notes(connection, asked, target)
    items = select(erasure_items.c.sid).where(erasure_items.c.erasure == asked.id).limit(1)
    if connection.execute(items).first() is None:
        what = target.sid or "call of that number"
        raise NotFound(f"The catalog has no {what}.")
    return asked


def ask_erasure(connection: Connection, erasure: Erasure, target: Target) -> Erasure:
    """Write down what waits for a second person, unless all of it waits for one already.

    Raises:
        NotFound: as `write_erasure`.
        InvalidQuery: all that it is of is of one request that waits; the message names it.
    """
    # Of two who ask at once, the second one sees it.
    advisory_locks.take(connection, advisory_locks.ERASURES_ASKED)
    asked = write_erasure(connection, erasure, target)
    waiting = (
        approvals.c.outcome.is_(None)
        & (approvals.c.kind == ApprovalKind.ERASE_NOW)
        & (approvals.c.expires_at > asked.at)
    )
    its, theirs = erasure_items.alias("its"), erasure_items.alias("theirs")
    same = (
        (theirs.c.kind == its.c.kind)
        & (theirs.c.sid == its.c.sid)
        & (theirs.c.account_sid == its.c.account_sid)
    )
    for other in connection.execute(select(approvals).where(waiting).order_by(approvals.c.id)):
        of_other = exists().where(theirs.c.erasure == other.subject.get("erasure"), same)
        more = select(its.c.sid).where(its.c.erasure == asked.id, ~of_other.correlate(its))
        if connection.execute(more.limit(1)).first() is None:
            raise InvalidQuery(
                f"It is asked for already: request {other.id} of {other.asked_by} waits."
            )
    return asked


def _items(target: Target) -> list[tuple[str, Select[Any]]]:
    """Return which recordings and calls something is: SID and account of each."""
    of_recordings = select(recordings.c.sid, recordings.c.account_sid)
    of_calls = select(calls.c.call_sid, calls.c.account_sid)
    match target.scope:
        case ErasureScope.RECORDING:
            return [(RECORDING, of_recordings.where(recordings.c.sid == target.key))]
        case ErasureScope.ORIGINAL:
            return [(ORIGINAL, of_recordings.where(recordings.c.sid == target.key))]
        case ErasureScope.CALL:
            return [
                (RECORDING, of_recordings.where(recordings.c.call_sid == target.key)),
                (CALL, of_calls.where(calls.c.call_sid == target.key)),
            ]
    theirs = calls.c.customer_number == target.key
    joined = of_recordings.join(
        calls, of_call(calls, recordings.c.account_sid, recordings.c.call_sid)
    )
    return [(RECORDING, joined.where(theirs)), (CALL, of_calls.where(theirs))]


def _write_rows(connection: Connection, erasure: Erasure, number: str) -> None:
    rows = [
        {
            "erasure": erasure.id,
            "kind": table,
            "sid": key,
            "account_sid": account,
            "at": erasure.at,
            "outcome": CopyOutcome.ORDERED if may else CopyOutcome.REFUSED,
            "why": "" if may else "open",
        }
        for table, key, account, may in rows_of(connection, number)
    ]
    if rows:
        connection.execute(insert(erasure_items), rows)


def _write_notes(connection: Connection, erasure: Erasure, target: Target) -> None:
    """Write down which notes of other calls name the number, and where: it is kept nowhere."""
    its_own = exists().where(
        erasure_items.c.erasure == erasure.id,
        erasure_items.c.kind == CALL,
        of_call(notes, erasure_items.c.account_sid, erasure_items.c.sid),
    )
    columns = (notes.c.id, notes.c.account_sid, notes.c.text)
    finds = number_in(target.prefix, target.digits)
    for start in range(0, len(target.notes), LOT):
        lot = target.notes[start : start + LOT]
        rows = [
            {
                "erasure": erasure.id,
                "kind": notes.name,
                "sid": str(note.id),
                "account_sid": note.account_sid,
                "at": erasure.at,
                "outcome": CopyOutcome.ORDERED,
                "why": _spans(spans),
            }
            for note in connection.execute(select(*columns).where(notes.c.id.in_(lot), ~its_own))
            if (spans := [found.span() for found in finds.finditer(note.text)])
        ]
        if rows:
            connection.execute(insert(erasure_items), rows)


def _spans(spans: Sequence[tuple[int, int]]) -> str:
    """Return where a number stands in a note; of many places one that has them all."""
    said = ",".join(f"{start}-{end}" for start, end in spans)
    return said if len(said) <= LONGEST_WHY else f"{spans[0][0]}-{spans[-1][1]}"


def begin_erasure(
    connection: Connection, erasure: Erasure, *, at: datetime, approved_by: str = ""
) -> Erasure:
    """Let an erasure begin, in a transaction that writes: what is held stays, and is refused.

    `keep_holds_out` comes before it. What goes on, or has nothing to destroy yet, is destroyed as
    soon as it is finished.

    Args:
        connection: of the transaction.
        erasure: what was written down.
        at: now, UTC.
        approved_by: the second person, if one was asked.
    """
    order = Order("", OrderKind.ERASE, at, erasure.by, erasure.reason)
    if erasure.kind is ErasureKind.BLOCK and erasure.until is not None:
        _block(connection, erasure, order)
    else:
        _destroy(connection, erasure.id, order)
    changes: dict[str, Any] = {"begun_at": at, "approved_by": approved_by, "due_at": at}
    begun = update(erasures).where(erasures.c.id == erasure.id).values(changes)
    row = connection.execute(begun.returning(erasures)).one()
    hint(connection, ERASURE, erasure.id, at)
    return to_model(Erasure, row)


def destroy_blocked(connection: Connection, erasure: Erasure, at: datetime) -> None:
    """Order that what an erasure blocked is destroyed, as its date came; see `begin_erasure`.

    What is held stays blocked, and is ordered when this is called again and nothing holds it.
    """
    its = (erasure_items.c.erasure == erasure.id) & (erasure_items.c.outcome == CopyOutcome.BLOCKED)
    connection.execute(update(erasure_items).where(its).values(outcome=CopyOutcome.ORDERED))
    order = Order("", OrderKind.ERASE, at, erasure.by, erasure.reason)
    _destroy(connection, erasure.id, order, held_is=CopyOutcome.BLOCKED)


def _block(connection: Connection, erasure: Erasure, order: Order) -> None:
    assert erasure.until is not None  # noqa: S101 - the caller asked
    these = _recordings(erasure.id)
    sids = list(connection.scalars(these.order_by(erasure_items.c.sid)))
    for start in range(0, len(sids), LOT):
        block_recordings(connection, sids[start : start + LOT], order=order, until=erasure.until)
    blocked = select(recordings.c.sid).where(
        recordings.c.sid.in_(these), recordings.c.custody == Custody.BLOCKED
    )
    say_of(connection, erasure.id, RECORDING, CopyOutcome.BLOCKED, erasure_items.c.sid.in_(blocked))
    undone = select(recordings.c.sid).where(
        recordings.c.sid.in_(these), recordings.c.state.in_(sorted(UNDONE))
    )
    say_of(connection, erasure.id, RECORDING, CopyOutcome.ORDERED, erasure_items.c.sid.in_(undone))
    others = erasure_items.c.kind != RECORDING
    say_of(connection, erasure.id, None, CopyOutcome.BLOCKED, others, None)
    these_calls = select(erasure_items.c.account_sid, erasure_items.c.sid).where(
        erasure_items.c.erasure == erasure.id,
        erasure_items.c.kind == CALL,
        erasure_items.c.outcome == CopyOutcome.BLOCKED,
    )
    its = tuple_(calls.c.account_sid, calls.c.call_sid).in_(these_calls)
    connection.execute(update(calls).where(its).values(blocked=True))


def _destroy(
    connection: Connection, erasure: str, order: Order, held_is: CopyOutcome = CopyOutcome.REFUSED
) -> None:
    these = _recordings(erasure)
    locked = select(recordings.c.sid).where(recordings.c.sid.in_(these))
    connection.execute(locked.order_by(recordings.c.sid).with_for_update())
    kept = select(recordings.c.sid).where(recordings.c.sid.in_(these), held())
    stays = erasure_items.c.sid.in_(kept)
    say_of(connection, erasure, RECORDING, held_is, stays, "held")
    say_of(connection, erasure, CALL, held_is, _call_is_held(), "held")
    ordered = order_destruction(connection, recordings.c.sid.in_(these), order)
    hint_recordings(connection, ordered)
    rest = recordings.c.sid.in_(these) & recordings.c.state.not_in([*ERASABLE, *sorted(UNDONE)])
    connection.execute(update(recordings).where(rest).values(to_be_erased=True))
    for outcome, states in (
        (CopyOutcome.WAITING, [State.RECORDING]),
        (CopyOutcome.NOTHING, sorted({*NOTHING_THERE, State.EXTERNAL})),
    ):
        so = select(recordings.c.sid).where(
            recordings.c.sid.in_(these), recordings.c.state.in_(states)
        )
        why = "goes_on" if outcome is CopyOutcome.WAITING else ""
        say_of(connection, erasure, RECORDING, outcome, erasure_items.c.sid.in_(so), why)


def _recordings(erasure: str) -> Select[Any]:
    return select(erasure_items.c.sid).where(
        erasure_items.c.erasure == erasure, erasure_items.c.kind == RECORDING, _OPEN
    )


def _call_is_held() -> ColumnElement[bool]:
    """Return the condition of the items that are calls, and of which something is held."""
    its = of_call(recordings, erasure_items.c.account_sid, erasure_items.c.sid)
    line = calls.alias("line")
    of_line = of_call(line, erasure_items.c.account_sid, erasure_items.c.sid)
    return exists(select(recordings.c.sid).where(its, held())) | exists(
        select(holds.c.id).where(of_line, holding_its_call(line) | holding_its_number(line))
    )


def say_of(
    connection: Connection,
    erasure: str,
    kind: str | None,
    outcome: CopyOutcome,
    which: ColumnElement[bool],
    why: str | None = "",
) -> None:
    """Write down what becomes of items; with None, what they say of themselves stays."""
    its = (erasure_items.c.erasure == erasure) & _OPEN
    if kind is not None:
        its &= erasure_items.c.kind == kind
    values = {"outcome": outcome} if why is None else {"outcome": outcome, "why": why}
    connection.execute(update(erasure_items).where(its, which).values(values))


def write_lines(
    connection: Connection, lines: Iterable[CertificateLine], *, anew: bool = False
) -> None:
    """Write down what is known of copies, in a transaction that writes.

    Args:
        connection: of the transaction.
        lines: what is known.
        anew: whether it takes the place of what was written before.
    """
    statement = insert_into(erased_copies, connection.dialect.name)
    key = list(erased_copies.primary_key)
    if anew:
        new = {name: statement.excluded[name] for name in ("outcome", "at", "until", "why")}
        statement = statement.on_conflict_do_update(index_elements=key, set_=new)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    for line in lines:
        connection.execute(statement, to_row(line, erased_copies))


def settle_copies(connection: Connection, sid: str) -> None:
    """Write down that all copies of a recording are gone, as it becomes `erased`."""
    its = (erased_copies.c.sid == sid) & (erased_copies.c.copy != Copy.JOURNAL)
    left = its & erased_copies.c.outcome.in_(sorted(OPEN))
    connection.execute(update(erased_copies).where(left).values(outcome=CopyOutcome.DONE, why=""))


def refuse(connection: Connection, sid: str) -> None:
    """Say of a recording that was to be destroyed when finished that it is held now."""
    its = (erasure_items.c.kind == RECORDING) & (erasure_items.c.sid == sid) & _OPEN
    refused = update(erasure_items).where(its)
    connection.execute(refused.values(outcome=CopyOutcome.REFUSED, why="held"))


def certificate_of(connection: Connection, erasure: Erasure, limit: int) -> Certificate:
    """Return the certificate of an erasure; see `Erasures.certificate`."""
    its = erasure_items.c.erasure == erasure.id
    counted = select(erasure_items.c.kind, func.count()).where(its).group_by(erasure_items.c.kind)
    counts = {row[0]: row[1] for row in connection.execute(counted)}
    items = connection.execute(
        select(erasure_items, recordings.c.state)
        .outerjoin(
            recordings,
            (recordings.c.sid == erasure_items.c.sid) & (erasure_items.c.kind == RECORDING),
        )
        .where(its)
        .order_by(erasure_items.c.sid, erasure_items.c.kind)
        .limit(limit)
    ).all()
    copies = select(erased_copies).where(erased_copies.c.sid.in_([item.sid for item in items]))
    found = to_models(
        CertificateLine, connection.execute(copies.order_by(*erased_copies.primary_key))
    )
    by_sid: dict[str, list[CertificateLine]] = {}
    for line in found:
        by_sid.setdefault(line.sid, []).append(line)
    lines: list[CertificateLine] = []
    for item in items:
        its_own = [line for line in by_sid.get(item.sid, []) if _is_of(line, item.kind)]
        by_sid[item.sid] = [line for line in by_sid.get(item.sid, []) if line not in its_own]
        lines += _lines_of(item, its_own, erasure)
    return Certificate(
        erasure,
        tuple(lines),
        recordings=counts.get(RECORDING, 0) + counts.get(ORIGINAL, 0),
        calls=counts.get(CALL, 0),
        more=max(sum(counts.values()) - len(items), 0),
        approval=0 if erasure.begun_at else _approval(connection, erasure),
    )


def _is_of(line: CertificateLine, kind: str) -> bool:
    """Whether a copy is of an item: rows of several tables may have one key."""
    if kind in OF_SIDS:
        return True
    return line.copy is Copy.JOURNAL or (line.copy is Copy.ROWS and line.name == kind)


def _approval(connection: Connection, erasure: Erasure) -> int:
    """Return the number of the request that an erasure waits for; 0 for none."""
    waiting = approvals.c.outcome.is_(None) & (approvals.c.kind == ApprovalKind.ERASE_NOW)
    statement = select(approvals.c.id, approvals.c.subject).where(waiting)
    return next(
        (
            row.id
            for row in connection.execute(statement)
            if row.subject.get("erasure") == erasure.id
        ),
        0,
    )


def _lines_of(
    item: Any, copies: Sequence[CertificateLine], erasure: Erasure
) -> Iterable[CertificateLine]:
    """Return the lines of an item: those of its copies, or one for itself where there is none."""
    if any(line.copy is not Copy.JOURNAL for line in copies):
        return copies
    copy = OF_SIDS.get(item.kind, Copy.ROWS)
    until = None
    if item.outcome is CopyOutcome.BLOCKED and erasure.until is not None:
        until = datetime.combine(erasure.until, time(), UTC)
    name = "" if item.kind in OF_SIDS else item.kind
    why = "" if item.kind == notes.name else item.why  # where in the note it is
    return [CertificateLine(item.sid, copy, item.outcome, item.at, name, 0, until, why), *copies]


def _with_items(connection: Connection, audited: AuditDraft, erasure: Erasure) -> AuditDraft:
    """Return the entry with what it is of: its id, and how many recordings and calls."""
    counted = (
        select(erasure_items.c.kind, func.count())
        .where(erasure_items.c.erasure == erasure.id)
        .group_by(erasure_items.c.kind)
    )
    counts = {row[0]: row[1] for row in connection.execute(counted)}
    detail = {
        **audited.detail,
        "erasure": erasure.id,
        "kind": erasure.kind.value,
        "recordings": counts.get(RECORDING, 0) + counts.get(ORIGINAL, 0),
        "calls": counts.get(CALL, 0),
    }
    if erasure.until is not None:
        detail["until"] = erasure.until.isoformat()
    return replace(audited, detail=detail)


def _get(connection: Connection, key: str) -> Erasure:
    row = connection.execute(select(erasures).where(erasures.c.id == key)).first()
    if row is None:
        raise NotFound(f"There is no erasure {key!r}.")
    return to_model(Erasure, row)


def _new_id() -> str:
    return "E-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
