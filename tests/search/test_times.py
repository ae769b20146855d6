from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from twirec.model.errors import InvalidQuery
from twirec.search.phrase import Span, spoken_span
from twirec.search.times import When, one_day, one_moment

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def meant(given: When) -> Span:
    return spoken_span("since", given, now=NOW, zone=MADRID)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-03 16:30", "2026-11-03T15:30:00+00:00", "2026-11-03T15:30:00+00:00"),
        ("2026-11-03T16:30:15", "2026-11-03T15:30:15+00:00", "2026-11-03T15:30:15+00:00"),
        ("2026-11-03T16:30Z", "2026-11-03T16:30:00+00:00", "2026-11-03T16:30:00+00:00"),
        ("2026-07-03", "2026-07-02T22:00:00+00:00", "2026-07-03T22:00:00+00:00"),
        # The night of 25 October 2026 has the hour from two to three twice, and is 25 hours long.
        ("2026-10-25 02:30", "2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25", "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        # The night of 29 March 2026 has no hour from two to three.
        ("2026-03-29", "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"),
    ],
)
def test_times_are_those_of_the_company(text: str, since: str, until: str) -> None:
    span = meant(text)
    assert span.since
    assert span.until
    assert (span.since.isoformat(), span.until.isoformat()) == (since, until)


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        (date(2026, 7, 3), "2026-07-02T22:00:00+00:00", "2026-07-03T22:00:00+00:00"),
        (date(2026, 10, 25), "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        (
            datetime(2026, 11, 3, 16, 30, tzinfo=MADRID),
            "2026-11-03T15:30:00+00:00",
            "2026-11-03T15:30:00+00:00",
        ),
        (
            datetime(2026, 11, 3, 16, 30, 0, 5, timezone(timedelta(hours=-5))),
            "2026-11-03T21:30:00.000005+00:00",
            "2026-11-03T21:30:00.000005+00:00",
        ),
    ],
)
def test_a_date_is_a_day_of_the_company_and_a_datetime_a_moment(
    given: When, since: str, until: str
) -> None:
    span = meant(given)
    assert span.since
    assert span.until
    assert (span.since.isoformat(), span.until.isoformat()) == (since, until)


@pytest.mark.parametrize("given", [date.max, date.min, datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_time_are_no_error_of_pythons(given: When) -> None:
    for zone in (MADRID, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Lima")):
        try:
            spoken_span("since", given, now=NOW, zone=zone)
        except InvalidQuery as error:
            assert "too far away" in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("reader", [meant, partial(one_moment, "at", zone=MADRID)])
def test_a_datetime_without_a_zone_is_refused_with_the_fix(
    reader: Callable[[When], object],
) -> None:
    with pytest.raises(
        InvalidQuery, match=r"without a zone.*datetime.now\(UTC\).*'2026-11-03 16:30'"
    ):
        reader(datetime(2026, 11, 3, 16, 30))


@pytest.mark.parametrize("text", ["", "yesterdy", "2026-13-01", "2026-11-03 25:00"])
def test_what_is_not_a_time_is_refused_with_the_field_and_the_form(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"since: .*2026-11-03 16:30"):
        meant(text)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (date(2026, 11, 3), "at: give the time too, such as 2026-11-03 17:00."),
        ("2026-11-03", "at: give the time too, such as 2026-11-03 17:00."),
        ("yesterday", "at: 'yesterday' is not a time"),
    ],
)
def test_a_moment_is_one(given: When, problem: str) -> None:
    with pytest.raises(InvalidQuery, match=problem):
        one_moment("at", given, MADRID)
    moment = datetime(2026, 11, 3, 16, 30, tzinfo=MADRID)
    assert one_moment("at", moment, MADRID) == one_moment("at", "2026-11-03 16:30", MADRID)


def test_a_day_is_one() -> None:
    assert one_day("on", "2026-11-03") == one_day("on", date(2026, 11, 3)) == date(2026, 11, 3)
    for wrong in ("yesterday", datetime(2026, 11, 3, tzinfo=UTC), 5, None):
        with pytest.raises(InvalidQuery, match=r"^on: "):
            one_day("on", wrong)  # type: ignore[arg-type]
