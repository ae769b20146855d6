"""How long recordings, lines of calls and notes are kept: rules, and what they look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import ConsentOutcome, Direction

ANY_CASE = "*"
"""Stands for every case in a rule: calls that have a case number, whichever it is."""


class Kept(StrEnum):
    """What a rule is about."""

    RECORDINGS = "recordings"
    CALLS = "calls"
    """Whom the line of a call names (the number, addresses, agents, the case number), and its
    notes; the line itself stays."""
    NOTES = "notes"
    """Notes alone, each from when it was written."""


class AtEnd(StrEnum):
    """What becomes of a recording when its term is over."""

    BLOCK = "block"
    """Kept apart for judges and authorities, and destroyed later (LOPDGDD art. 32)."""
    DESTROY = "destroy"


class RetentionStep(StrEnum):
    """What an entry of the history of rules does."""

    SET = "set"
    REMOVE = "remove"
    APPLY = "apply"
    """The rules as they stand are in force from then on."""


_TERM = re.compile(r"(\d{1,5})\s*([^\W\d]+)")
_UNITS = {
    **dict.fromkeys(("d", "day", "days", "día", "días", "dia", "dias"), "days"),
    **dict.fromkeys(("m", "month", "months", "mes", "meses"), "months"),
    **dict.fromkeys(("y", "year", "years", "año", "años"), "years"),
}
_MOST = {"days": 36_525, "months": 1_200, "years": 100}
MONTH = 30.436875
"""Days of a month of the Gregorian calendar, on average: by it terms are compared."""


@dataclass(frozen=True, slots=True)
class Term:
    """For how long something is kept.

    Attributes:
        number: how many.
        unit: `days`, `months` or `years`.
    """

    number: int
    unit: str

    @classmethod
    def parse(cls, given: str) -> Term:
        """Return the term that a text says: `30 days`, `6 meses`, `5 years`, or `30d`, `6m`, `5y`.

        Raises:
            InvalidQuery: it says none, or none between a day and a hundred years.
        """
        match = _TERM.fullmatch(given.strip().lower())
        unit = _UNITS.get(match[2]) if match else None
        if match is None or unit is None or not 0 < int(match[1]) <= _MOST[unit]:
            raise InvalidQuery(
                "term: write how long, such as 30 days, 6 months or 5 years; a day at the least, "
                "a hundred years at the most."
            )
        return cls(int(match[1]), unit)

    @property
    def days(self) -> float:
        """About how many days it is, to compare terms by."""
        return self.number * {"days": 1, "months": MONTH, "years": 12 * MONTH}[self.unit]

    def __str__(self) -> str:
        """Return it as people write it: `30 days`, `1 year`."""
        return f"{self.number} {self.unit if self.number > 1 else self.unit[:-1]}"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long something is kept. What is None may be anything.

    Attributes:
        name: by which it is known, such as `contracts`.
        term: for how long; of a recording and a call from its start, of a note from its writing.
        kept: what it is about.
        at_end: what becomes of a recording then.
        number: the own number of the call, E.164.
        direction: of the call.
        consent: an answer that was given in the call.
        case: the case number that the call has; `*` for any.
    """

    name: str
    term: Term
    kept: Kept = Kept.RECORDINGS
    at_end: AtEnd = AtEnd.BLOCK
    number: str | None = None
    direction: Direction | None = None
    consent: ConsentOutcome | None = None
    case: str | None = None

    @property
    def specificity(self) -> int:
        """How much it asks: a point for each condition, and two for one case of all."""
        asked = [self.number, self.direction, self.consent, self.case]
        one_case = self.case not in (None, ANY_CASE)
        return sum(each is not None for each in asked) + one_case


@dataclass(frozen=True, slots=True)
class RetentionChange:
    """An entry of the history of rules, which is only ever added to.

    Attributes:
        at: UTC.
        by: who made it.
        why: the reason given.
        step: what it does.
        name: of the rule that it sets or removes; empty for one that applies.
        kept, term, at_end, number, direction, consent, case: of the rule that it sets.
        id: its number in the history; 0 before it is written down.
    """

    at: datetime
    by: str
    why: str
    step: RetentionStep
    name: str = ""
    kept: Kept | None = None
    term: str | None = None
    at_end: AtEnd | None = None
    number: str | None = None
    direction: Direction | None = None
    consent: ConsentOutcome | None = None
    case: str | None = None
    id: int = 0


def in_order(rules: Iterable[RetentionRule]) -> list[RetentionRule]:
    """Return rules in the order in which they are asked: the first one that matches decides.

    The most specific comes first; of equals the longest; of these the one that blocks, which keeps
    longer than the one that destroys; and in the end by name, so that it never depends on luck.
    """
    return sorted(
        rules,
        key=lambda rule: (
            -rule.specificity,
            -rule.term.days,
            rule.at_end is not AtEnd.BLOCK,
            rule.name,
        ),
    )


def rule_of(change: RetentionChange) -> RetentionRule:
    """Return the rule that an entry of the history sets."""
    return RetentionRule(
        name=change.name,
        term=Term.parse(change.term or ""),
        kept=change.kept or Kept.RECORDINGS,
        at_end=change.at_end or AtEnd.BLOCK,
        number=change.number,
        direction=change.direction,
        consent=change.consent,
        case=change.case,
    )


def standing(history: Iterable[RetentionChange]) -> dict[str, RetentionRule]:
    """Return the rules that a history leaves, by name, whether they are in force or not."""
    rules: dict[str, RetentionRule] = {}
    for change in history:
        if change.step is RetentionStep.REMOVE:
            rules.pop(change.name, None)
        elif change.step is RetentionStep.SET:
            rules[change.name] = rule_of(change)
    return rules


def in_force(history: Sequence[RetentionChange]) -> dict[str, RetentionRule]:
    """Return the rules that were applied last, by name, without what was changed since."""
    return standing(history[: _applied(history)])


def version(history: Sequence[RetentionChange]) -> int:
    """Return the number of the rules in force; 0 while there are none."""
    applied = _applied(history)
    return history[applied - 1].id if applied else 0


def _applied(history: Sequence[RetentionChange]) -> int:
    steps = [number for number, each in enumerate(history, 1) if each.step is RetentionStep.APPLY]
    return steps[-1] if steps else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at.

    Attributes:
        started_at: from when the term runs, UTC; None if nobody knows.
        number: the own number of its call; empty if that is not known.
        direction: of its call; None if that is not known.
        consents: what was answered in its call; `not_announced` where nothing was.
        case: the case number of its call, as `plain` has it; empty for none.
    """

    started_at: datetime | None
    number: str = ""
    direction: Direction | None = None
    consents: frozenset[ConsentOutcome] = frozenset({ConsentOutcome.NOT_ANNOUNCED})
    case: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What the rules in force say of something.

    Attributes:
        rule: that decides; None where none matches: it is kept without end.
        until: the last day on which it is kept, in the company's zone; None where no rule matches,
            or nobody knows when it began.
        over_at: the moment from which on it is not kept any more, UTC; None as `until`.
    """

    rule: RetentionRule | None = None
    until: date | None = None
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """When a recording is destroyed, and why then.

    Attributes:
        rule: the name of the rule in force that decides; empty where none matches.
        at_end: what becomes of it when the rule's term is over; None where none matches.
        kept_until: the last day of that term, in the company's zone.
        blocked_until: where it is blocked, the day on which it is destroyed, UTC.
        held: whether a hold, or a case that is open, keeps it longer.
        destroyed_on: the day on which it is destroyed if nothing changes; None where it is kept
            without end, as no rule matches or nobody knows when it began.
    """

    rule: str = ""
    at_end: AtEnd | None = None
    kept_until: date | None = None
    blocked_until: date | None = None
    held: bool = False
    destroyed_on: date | None = None


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a rule would do if the rules were applied now.

    Attributes:
        rule: the rule.
        matched: of how many it decides.
        over: of how many of these its term is over: they would go now.
        held: how many of those stay, since they are held, or their case is open.
        earliest: the first day after which one of them is not kept any more.
        examples: of those that would go, the oldest: SIDs of recordings, or of calls.
    """

    rule: RetentionRule
    matched: int = 0
    over: int = 0
    held: int = 0
    earliest: date | None = None
    examples: tuple[str, ...] = ()

    @property
    def going(self) -> int:
        """How many would go now."""
        return self.over - self.held


@dataclass(frozen=True, slots=True)
class RetentionPreview:
    """A dry run: what the rules as they stand would do if they were applied now.

    Attributes:
        rules: of each rule, in the order in which they are asked.
        without_rule: how many recordings no rule matches: they are kept without end.
        without_start: how many recordings a rule matches that nobody knows the start of.
        confirm: what `apply` asks for: it stands for these rules, and for no others.
        in_force: whether these very rules are in force already.
        any_in_force: whether there are any rules in force, which `apply` ends.
    """

    rules: Sequence[RulePreview]
    without_rule: int
    without_start: int
    confirm: str
    in_force: bool
    any_in_force: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look at some recordings and calls whose time may be over.

    Attributes:
        looked: at how many.
        blocked, destroyed: recordings of which that was ordered.
        numbers, notes: how many lines of calls name nobody any more, and how many notes are gone.
    """

    looked: int = 0
    blocked: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    numbers: int = 0
    notes: int = 0


SUGGESTED: Mapping[str, tuple[RetentionRule, ...]] = {
    "ES": (
        RetentionRule("default", Term(1, "years"), at_end=AtEnd.BLOCK),
        RetentionRule("cases", Term(5, "years"), at_end=AtEnd.BLOCK, case=ANY_CASE),
        RetentionRule("numbers", Term(6, "years"), Kept.CALLS, AtEnd.DESTROY),
        RetentionRule("notes", Term(6, "years"), Kept.NOTES, AtEnd.DESTROY),
    )
}
"""Rules to begin with, by country. No law says how long a company keeps its calls: it decides by
what it needs them for (GDPR art. 5(1)(e)). A year covers what most complaints need; five the
general limitation of personal actions in Spain (Código Civil, art. 1964.2)."""
