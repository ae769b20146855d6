"""Until when something is kept: by which rule, from its facts."""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twirec.model.errors import InvalidQuery
from twirec.model.plain_text import plain
from twirec.model.retention import (
    ANY_CASE,
    Facts,
    Fate,
    RetentionChange,
    RetentionRule,
    Term,
    standing,
)

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ONE_DAY = timedelta(days=1)


def matches(rule: RetentionRule, facts: Facts) -> bool:
    """Return whether a rule is for what has these facts."""
    return (
        rule.number in (None, facts.number)
        and rule.direction in (None, facts.direction)
        and (rule.consent is None or rule.consent in facts.consents)
        and (rule.case is None or facts.case != "")
        and (rule.case in (None, ANY_CASE) or plain(rule.case or "") == facts.case)
    )


def fate(rules: Sequence[RetentionRule], facts: Facts, zone: tzinfo) -> Fate:
    """Return what rules say of something.

    Args:
        rules: of one kind, `in_order`.
        facts: of it.
        zone: the company's.
    """
    rule = next((each for each in rules if matches(each, facts)), None)
    if rule is None or facts.started_at is None:
        return Fate(rule)
    until = last_day(facts.started_at.astimezone(zone).date(), rule.term)
    return Fate(rule, until, begin_of(until + ONE_DAY, zone))


def last_day(begun: date, term: Term) -> date:
    """Return the last day of a term.

    Months and years are counted from date to date; where the month has no such day, its last one
    is the end. The day on which it begins is not counted, and the last one is kept to its end
    (Código Civil, art. 5.1; Regulation 1182/71, art. 3 says the same of EU law).

    Args:
        begun: the day of the call.
        term: how long.
    """
    if term.unit == "days":
        return begun + timedelta(days=term.number)
    months = term.number * (12 if term.unit == "years" else 1)
    years, month = divmod(begun.month - 1 + months, 12)
    year = begun.year + years
    return date(year, month + 1, min(begun.day, calendar.monthrange(year, month + 1)[1]))


def begin_of(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a zone, UTC, also where midnight is skipped or comes twice."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def over_before(now: datetime, term: Term, zone: tzinfo) -> datetime:
    """Return the moment, UTC, before which all that began is not kept any more.

    It says the same as `fate` does of each of them.

    Args:
        now: UTC.
        term: how long.
        zone: the company's.
    """
    today = now.astimezone(zone).date()
    # No term is shorter than so many days less than its average; from there the first day is looked
    # for that is still kept.
    day = max(date(1, 1, 2), today - timedelta(days=int(min(term.days, today.toordinal() - 8)) + 5))
    while last_day(day, term) < today:
        day += ONE_DAY
    return begin_of(day, zone)


def confirmation(history: Sequence[RetentionChange]) -> str:
    """Return what stands for the rules as they stand, and for no others: eight characters."""
    last = history[-1].id if history else 0
    said = repr((last, sorted(standing(history).items())))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def check_name(name: str) -> str:
    """Return the name of a rule.

    Raises:
        InvalidQuery: it is none.
    """
    if not NAME.fullmatch(name):
        raise InvalidQuery(
            "name: write at most 32 small letters, digits, dashes or underscores, such as "
            "contracts; numbers of phones have a field of their own."
        )
    return name
