"""The rule: which rule decides of what, and until when it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from twirec.custody.retention import (
    begin_of,
    check_name,
    confirmation,
    fate,
    last_day,
    over_before,
)
from twirec.model.errors import InvalidQuery
from twirec.model.retention import (
    AtEnd,
    Facts,
    RetentionChange,
    RetentionRule,
    RetentionStep,
    Term,
    in_force,
    in_order,
    standing,
    version,
)
from twirec.model.vocabulary import ConsentOutcome, Direction

MADRID = ZoneInfo("Europe/Madrid")
STARTED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
SALES, SERVICE = "+34911000111", "+34911000222"
IN, OUT = Direction
GRANTED, REFUSED, NOTHING = (
    ConsentOutcome.GRANTED,
    ConsentOutcome.REFUSED,
    ConsentOutcome.NOT_ANNOUNCED,
)


def rule(name: str, term: str, **asked: Any) -> RetentionRule:
    return RetentionRule(name, Term.parse(term), **asked)


def facts(**changes: Any) -> Facts:
    return Facts(**{"started_at": STARTED, "number": SALES, "direction": IN} | changes)


RULES = (
    rule("all", "1 year"),
    rule("in", "2 years", direction=IN),
    rule("sales", "30 days", number=SALES, at_end=AtEnd.DESTROY),
    rule("sales out", "10 days", number=SALES, direction=OUT),
    rule("granted", "5 years", consent=GRANTED),
    rule("unannounced", "7 days", consent=NOTHING),
    rule("cases", "6 years", case="*"),
    rule("that case", "3 months", case="R-2026 Ñ"),
    rule("sales granted", "4 years", number=SALES, consent=GRANTED),
)

DECIDED: tuple[tuple[str, Facts, str], ...] = (
    # one condition each, "sales", "in" and "granted" among them: the longest of equals
    ("all three", facts(consents=frozenset({REFUSED})), "in"),
    ("another number, out", facts(number=SERVICE, direction=OUT, consents=frozenset()), "all"),
    ("nothing is known", Facts(STARTED, consents=frozenset({REFUSED})), "all"),
    ("two conditions before one", facts(direction=OUT, consents=frozenset()), "sales out"),
    ("two answers", facts(number=SERVICE, consents=frozenset({REFUSED, GRANTED})), "granted"),
    ("both of two", facts(consents=frozenset({GRANTED})), "sales granted"),
    ("two of equals", facts(direction=OUT, consents=frozenset({GRANTED})), "sales granted"),
    ("a case is one condition", facts(case="r-1", consents=frozenset()), "cases"),
    ("one case is two", facts(case="r-2026 n", consents=frozenset()), "that case"),
    ("nobody was told", facts(number=SERVICE, direction=OUT), "unannounced"),
)


def test_the_most_specific_rule_decides_and_of_equals_the_longest() -> None:
    for rules in (RULES, RULES[::-1]):  # in whatever order they were set
        for why, of, name in DECIDED:
            decided = fate(in_order(rules), of, MADRID)
            assert decided.rule is not None, why
            assert decided.rule.name == name, why


def test_of_two_that_are_equal_the_one_that_blocks_decides_and_then_the_name() -> None:
    destroying = rule("a", "1 year", at_end=AtEnd.DESTROY)
    blocking, other = rule("c", "12 months"), rule("b", "1 year")
    assert [each.name for each in in_order([destroying, blocking, other])] == ["b", "c", "a"]


def test_what_no_rule_matches_is_kept_without_end() -> None:
    assert fate([], facts(), MADRID).over_at is None
    assert fate([rule("out", "1 day", direction=OUT)], facts(), MADRID).rule is None


def test_what_nobody_knows_the_start_of_is_kept_until_somebody_does() -> None:
    decided = fate([rule("all", "1 day")], facts(started_at=None), MADRID)
    assert (decided.rule and decided.rule.name, decided.until, decided.over_at) == (
        "all",
        None,
        None,
    )


LAST_DAYS = (
    # begun, term, last day
    ("2026-11-03", "1 day", "2026-11-04"),
    ("2026-11-03", "30 days", "2026-12-03"),
    ("2026-12-31", "1 day", "2027-01-01"),
    ("2026-01-31", "1 month", "2026-02-28"),  # which has no 31st
    ("2028-01-31", "1 month", "2028-02-29"),
    ("2028-02-29", "1 year", "2029-02-28"),
    ("2028-02-29", "4 years", "2032-02-29"),
    ("2096-02-29", "4 years", "2100-02-28"),  # no leap year
    ("2026-02-28", "1 year", "2027-02-28"),
    ("2026-10-31", "4 months", "2027-02-28"),
    ("2026-11-23", "100 years", "2126-11-23"),
    ("2026-03-28", "1 day", "2026-03-29"),  # of 23 hours
    ("2026-10-24", "1 day", "2026-10-25"),  # of 25 hours
)


def test_months_and_years_are_counted_from_date_to_date() -> None:
    for begun, term, last in LAST_DAYS:
        assert last_day(date.fromisoformat(begun), Term.parse(term)).isoformat() == last, begun


MOMENTS = (
    # started, zone, term, the first moment at which it is over
    ("2026-11-03T22:59:00+00:00", "Europe/Madrid", "1 day", "2026-11-04T23:00:00+00:00"),
    ("2026-11-03T23:00:00+00:00", "Europe/Madrid", "1 day", "2026-11-05T23:00:00+00:00"),
    ("2026-10-24T10:00:00+00:00", "Europe/Madrid", "1 day", "2026-10-25T23:00:00+00:00"),
    ("2026-03-28T10:00:00+00:00", "Europe/Madrid", "1 day", "2026-03-29T22:00:00+00:00"),
    ("2026-10-24T22:30:00+00:00", "Europe/Madrid", "1 month", "2026-11-25T23:00:00+00:00"),
    # midnight of that day is skipped there
    ("2026-03-27T12:00:00+00:00", "Asia/Beirut", "1 day", "2026-03-28T22:00:00+00:00"),
    ("2026-11-03T12:00:00+00:00", "UTC", "1 day", "2026-11-05T00:00:00+00:00"),
)


def test_the_last_day_is_kept_to_its_end_in_the_companys_zone() -> None:
    for started, zone, term, over_at in MOMENTS:
        of = facts(started_at=datetime.fromisoformat(started))
        decided = fate([rule("all", term)], of, ZoneInfo(zone))
        assert decided.over_at == datetime.fromisoformat(over_at), started


ZONES = st.sampled_from(["Europe/Madrid", "UTC", "Asia/Beirut", "Pacific/Apia", "America/Havana"])
TERMS = st.one_of(
    st.builds(Term, st.integers(1, 4000), st.just("days")),
    st.builds(Term, st.integers(1, 130), st.just("months")),
    st.builds(Term, st.integers(1, 12), st.just("years")),
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@settings(max_examples=examples(60, 5000))
@given(TIMES, TERMS, ZONES, st.integers(-3 * 86_400, 3 * 86_400))
def test_what_is_over_is_the_same_of_one_and_of_all(
    started: datetime, term: Term, name: str, seconds: int
) -> None:
    zone = ZoneInfo(name)
    over_at = fate([RetentionRule("all", term)], facts(started_at=started), zone).over_at
    assert over_at is not None
    assert over_at - started > timedelta(days=term.days - 3)
    now = over_at + timedelta(seconds=seconds)
    assert (started < over_before(now, term, zone)) == (over_at <= now)


def test_a_day_begins_once() -> None:
    assert begin_of(date(2026, 11, 3), MADRID) == datetime(2026, 11, 2, 23, tzinfo=UTC)
    # Havana's midnight comes twice on that day: the first one is its begin
    assert begin_of(date(2026, 11, 1), ZoneInfo("America/Havana")).hour == 4


TERMS_WRITTEN = {
    "30 days": "30 days",
    "30d": "30 days",
    " 1 Y ": "1 year",
    "6m": "6 months",
    "5 años": "5 years",
    "1 día": "1 day",
    "1 month": "1 month",
    "100 years": "100 years",
}
NO_TERMS = ("", "30", "days", "0 days", "-1 day", "1.5 years", "101 years", "1 hour", "1 day 2")


def test_a_term_is_written_as_people_say_it() -> None:
    for written, said in TERMS_WRITTEN.items():
        assert str(Term.parse(written)) == said
        assert Term.parse(said) == Term.parse(written)
    for none in NO_TERMS:
        with pytest.raises(InvalidQuery, match="term: write how long"):
            Term.parse(none)


def test_a_rule_has_a_short_name_without_numbers_of_phones() -> None:
    assert check_name("contracts-2026") == "contracts-2026"
    for none in ("", "+34911000111", "Sales", "a" * 33, "-a"):
        with pytest.raises(InvalidQuery, match="name: write"):
            check_name(none)


def change(number: int, step: str, name: str = "", term: str | None = None) -> RetentionChange:
    return RetentionChange(
        STARTED, "ana", "because", RetentionStep(step), name, term=term, id=number
    )


def test_what_was_set_since_the_rules_were_applied_is_not_in_force() -> None:
    history = [
        change(1, "set", "all", "1 year"),
        change(2, "set", "sales", "30 days"),
        change(3, "apply"),
        change(4, "remove", "sales"),
        change(6, "set", "all", "2 years"),
    ]
    assert [str(each.term) for each in standing(history).values()] == ["2 years"]
    assert {name: str(each.term) for name, each in in_force(history).items()} == {
        "all": "1 year",
        "sales": "30 days",
    }
    assert version(history) == 3
    assert (version(history[:2]), in_force(history[:2])) == (0, {})
    assert in_force([*history, change(7, "apply")]) == standing(history)


def test_what_confirms_rules_confirms_no_others() -> None:
    history = [change(1, "set", "all", "1 year")]
    assert confirmation(history) == confirmation(list(history))
    others = ([], [*history, change(2, "apply")], [change(1, "set", "all", "2 years")])
    assert confirmation(history) not in [confirmation(other) for other in others]
