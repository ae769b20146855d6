"""What rules of retention would do: counted by the database, by conditions made of the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from twirec.catalog.conditions import held, of_same_call, open_case
from twirec.catalog.database import Database
from twirec.catalog.foreign_recordings import left_alone
from twirec.catalog.retention_calls import keeps_its_call
from twirec.catalog.tables import calls, consents, notes, recordings
from twirec.model.ownership import Adopt
from twirec.model.plain_text import plain
from twirec.model.retention import ANY_CASE, Kept, RetentionRule
from twirec.model.states import MAY_BECOME, Custody, State
from twirec.model.vocabulary import ERASED, ConsentOutcome

ERASABLE = frozenset(state for state, after in MAY_BECOME.items() if State.ERASING in after)
"""The states in which there is something to destroy."""

EXAMPLES = 3
"""SIDs that are named of each rule."""

NO_RULE = -1

Rules = Sequence[tuple[RetentionRule, datetime]]
"""In the order in which they are asked, each with the moment before which what began is over."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What a rule decides of.

    Attributes:
        matched, over, held: as in `RulePreview`.
        without_start: how many nobody knows the start of.
        oldest: the earliest start, UTC; None if there is none.
        examples: the oldest that would go.
    """

    matched: int = 0
    over: int = 0
    held: int = 0
    without_start: int = 0
    oldest: datetime | None = None
    examples: tuple[str, ...] = ()


def count(database: Database, kept: Kept, rules: Rules) -> tuple[list[RuleCount], int]:
    """Return what each rule decides of, and of how many no rule does. See `Retention.count`."""
    rows = _DECIDED[kept](rules, database.adopt)
    over = _over(rules, rows)
    stays = or_(held(rows), open_case(rows)) if kept is Kept.RECORDINGS else rows.c.stays
    counting = select(
        rows.c.number,
        func.count().label("matched"),
        func.sum(case((over, 1), else_=0)).label("over"),
        func.sum(case((~over, 0), (stays, 1), else_=0)).label("held"),
        func.sum(case((rows.c.start.is_(None), 1), else_=0)).label("without_start"),
        func.min(rows.c.start).label("oldest"),
    ).group_by(rows.c.number)
    with database.read() as connection:
        counted = {row.number: row for row in connection.execute(counting)}
        found = [
            RuleCount(
                row.matched,
                row.over,
                row.held,
                row.without_start,
                row.oldest,
                _examples(connection, rows, number, over & ~stays) if row.over else (),
            )
            if (row := counted.get(number))
            else RuleCount()
            for number in range(len(rules))
        ]
    without = counted.get(NO_RULE)
    return found, without.matched if without else 0


def _number(rules: Rules, rows: FromClause) -> ColumnElement[int]:
    """Return the number of the rule that decides of a row."""
    whens = [(matching(rule, rows), number) for number, (rule, _) in enumerate(rules)]
    number = case(*whens, else_=NO_RULE) if whens else literal(NO_RULE)
    return number.label("number")


def _recordings(rules: Rules, adopt: Adopt) -> Subquery:
    return (
        select(
            recordings.c.sid,
            recordings.c.account_sid,
            recordings.c.call_sid,
            func.coalesce(recordings.c.started_at, recordings.c.call_started_at).label("start"),
            _number(rules, recordings),
        )
        .outerjoin(calls, of_same_call(calls, recordings))
        .where(
            recordings.c.state.in_(sorted(ERASABLE)),
            recordings.c.custody != Custody.BLOCKED,
            ~left_alone(adopt),
        )
        .subquery("decided")
    )


def _calls(rules: Rules, _: Adopt) -> Subquery:
    return (
        select(
            calls.c.call_sid.label("sid"),
            calls.c.started_at.label("start"),
            _number(rules, calls),
            keeps_its_call().label("stays"),
        )
        .where(calls.c.customer_number != ERASED)
        .subquery("decided")
    )


def _notes(rules: Rules, _: Adopt) -> Subquery:
    return (
        select(
            calls.c.call_sid.label("sid"),
            notes.c.at.label("start"),
            _number(rules, calls),
            keeps_its_call().label("stays"),
        )
        .join(notes, of_same_call(notes, calls))
        .subquery("decided")
    )


_DECIDED: Mapping[Kept, Callable[[Rules, Adopt], Subquery]] = {
    Kept.RECORDINGS: _recordings,
    Kept.CALLS: _calls,
    Kept.NOTES: _notes,
}
"""What rules are asked of, each with the number of the one that decides, by what they are about."""


def _over(rules: Rules, rows: Subquery) -> ColumnElement[bool]:
    begun_before = [
        (rows.c.number == number) & (rows.c.start < moment)
        for number, (_, moment) in enumerate(rules)
    ]
    return func.coalesce(or_(false(), *begun_before), false())


def _examples(
    connection: Connection, rows: Subquery, number: int, going: ColumnElement[bool]
) -> tuple[str, ...]:
    oldest = select(rows.c.sid).where(rows.c.number == number, going)
    return tuple(connection.scalars(oldest.order_by(rows.c.start, rows.c.sid).limit(EXAMPLES)))


def matching(rule: RetentionRule, rows: FromClause) -> ColumnElement[bool]:
    """Return the condition of what a rule is for: what `matches` says of it in Python.

    Args:
        rule: the rule.
        rows: the recordings, joined with `calls`; or `calls` itself.
    """
    asked: list[Any] = []
    if rule.number is not None:
        asked.append(calls.c.own_number == rule.number)
    if rule.direction is not None:
        asked.append(calls.c.direction == rule.direction)
    if rule.case is not None:
        asked.append(func.coalesce(calls.c.plain_case, "") != "")
    if rule.case not in (None, ANY_CASE):
        asked.append(calls.c.plain_case == plain(rule.case or ""))
    if rule.consent is not None:
        answered = exists().where(of_same_call(consents, rows))
        answer = answered.where(consents.c.outcome == rule.consent).correlate(rows)
        nothing = ~answered.correlate(rows)
        asked.append(or_(answer, nothing) if rule.consent is NOTHING else answer)
    return and_(true(), *asked)


NOTHING = ConsentOutcome.NOT_ANNOUNCED
"""Also what is said of calls in which nothing was answered."""
