"""How long the lines of calls name anybody, and how long notes are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, tuple_

from twirec.catalog.audit import append
from twirec.catalog.conditions import (
    held,
    holding_its_call,
    holding_its_number,
    of_same_call,
    open_case,
)
from twirec.catalog.emptying import OF_CALLS, CallKey, empty
from twirec.catalog.tables import calls, consents, notes, recordings
from twirec.model.access import OURSELVES
from twirec.model.audit import Action, AuditDraft
from twirec.model.plain_text import plain
from twirec.model.retention import Facts, Fate, Kept
from twirec.model.states import NOTHING_THERE, State
from twirec.model.vocabulary import ERASED, ConsentOutcome

EVERY_DAY = timedelta(days=1)
"""After which what is over and may not go yet, such as what is held, is looked at again."""

NOT_ANNOUNCED = frozenset({ConsentOutcome.NOT_ANNOUNCED})

NOTHING_OF_IT = (State.ERASED, State.EXTERNAL, *sorted(NOTHING_THERE))
"""The states in which nothing of a recording is left that the line of its call is needed for."""

Decide = Callable[[Kept, Facts], Fate]
Answers = Mapping[CallKey, Iterable[ConsentOutcome]]


@dataclass
class LookedAtCalls:
    """What came of a look at calls.

    Attributes:
        next_looks: when each is looked at next, UTC; None for one that no rule matches. One that is
            not there is done.
        numbers: how many lines were emptied.
        notes: how many notes are gone.
    """

    next_looks: dict[CallKey, datetime | None] = field(default_factory=dict)
    numbers: int = 0
    notes: int = 0


def answers_of(connection: Connection, keys: Collection[CallKey]) -> Answers:
    """Return what was answered in calls, by account and SID."""
    answers: dict[CallKey, set[ConsentOutcome]] = defaultdict(set)
    its = tuple_(consents.c.account_sid, consents.c.call_sid).in_(sorted(keys))
    columns = (consents.c.account_sid, consents.c.call_sid, consents.c.outcome)
    for account_sid, call_sid, outcome in connection.execute(select(*columns).where(its)):
        answers[account_sid, call_sid].add(outcome)
    return answers


def facts_of(row: Any, started_at: datetime | None, answers: Answers, key: CallKey) -> Facts:
    """Return what rules ask, of a row that has what they ask of a call."""
    return Facts(
        started_at=started_at,
        number=row.own_number or "",
        direction=row.direction,
        consents=frozenset(answers.get(key, ())) or NOT_ANNOUNCED,
        case=plain(row.case_number or ""),
    )


def keeps_its_call() -> ColumnElement[bool]:
    """Return the condition of the calls whose line and notes stay, whatever a rule says.

    There is still something of a recording, or a hold, or a case that is open.
    """
    its = of_same_call(recordings, calls)
    there = exists().where(its, recordings.c.state.not_in(NOTHING_OF_IT)).correlate(calls)
    kept = exists().where(its, or_(held(recordings), open_case(recordings))).correlate(calls)
    of_call = exists().where(holding_its_call(calls)).correlate(calls)
    of_number = exists().where(holding_its_number(calls)).correlate(calls)
    return or_(there, kept, of_call, of_number)


def look_at_calls(
    connection: Connection, keys: Sequence[CallKey], now: datetime, decide: Decide
) -> LookedAtCalls:
    """Empty lines of calls, and take notes away, whose time is over.

    Args:
        connection: of a transaction that writes.
        keys: account and SID of each call.
        now: UTC.
        decide: what the rules in force say of something.
    """
    looked = LookedAtCalls()
    its = tuple_(calls.c.account_sid, calls.c.call_sid).in_(keys)
    columns = (
        *(calls.c.account_sid, calls.c.call_sid, calls.c.started_at, calls.c.customer_number),
        *(calls.c.own_number, calls.c.direction, calls.c.case_number),
    )
    known = select(*columns, keeps_its_call().label("stays")).where(its)
    rows = connection.execute(known.order_by(calls.c.account_sid, calls.c.call_sid)).all()
    answers = answers_of(connection, keys)
    written = _notes(connection, keys)
    for row in rows:
        key = (row.account_sid, row.call_sid)
        line = Fate()
        if row.customer_number != ERASED:
            line = decide(Kept.CALLS, facts_of(row, row.started_at, answers, key))
        of_notes = [
            (id_, decide(Kept.NOTES, facts_of(row, at, answers, key)))
            for id_, at in written.get(key, ())
        ]
        over = [(id_, fate) for id_, fate in of_notes if _is_over(fate, now)]
        times = [fate.over_at for fate in (line, *(fate for _, fate in of_notes)) if fate.over_at]
        looked.next_looks[key] = min((at for at in times if at > now), default=None)
        if not over and not _is_over(line, now):
            continue
        if row.stays:
            looked.next_looks[key] = now + EVERY_DAY
        elif _is_over(line, now):
            empty(connection, OF_CALLS, [key])
            looked.numbers += 1
            looked.notes += len(of_notes)  # which go with it
            looked.next_looks[key] = None
            _enter(connection, row.call_sid, now, line)
        else:
            connection.execute(delete(notes).where(notes.c.id.in_([id_ for id_, _ in over])))
            looked.notes += len(over)
            _enter(connection, row.call_sid, now, over[0][1])
    return looked


def _is_over(fate: Fate, now: datetime) -> bool:
    return fate.over_at is not None and fate.over_at <= now


def _notes(
    connection: Connection, keys: Sequence[CallKey]
) -> Mapping[CallKey, list[tuple[int, datetime]]]:
    """Return number and time of the notes of calls."""
    its = tuple_(notes.c.account_sid, notes.c.call_sid).in_(keys)
    columns = (notes.c.account_sid, notes.c.call_sid, notes.c.id, notes.c.at)
    found: dict[CallKey, list[tuple[int, datetime]]] = defaultdict(list)
    for account_sid, call_sid, id_, at in connection.execute(select(*columns).where(its)):
        found[account_sid, call_sid].append((id_, at))
    return found


def _enter(connection: Connection, call_sid: str, now: datetime, fate: Fate) -> None:
    rule = fate.rule
    why = f"retention: {rule.name}, {rule.term}" if rule else ""
    detail = {"rule": why, "of": rule.kept.value if rule else ""}
    append(connection, AuditDraft(now, OURSELVES.name, "", Action.ERASE, call_sid, detail=detail))
