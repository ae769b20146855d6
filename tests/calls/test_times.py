from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from twirec.calls.times import since_time, until_time
from twirec.model.errors import InvalidQuery

MADRID = ZoneInfo("Europe/Madrid")


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
    assert since_time(text, MADRID).isoformat() == since
    assert until_time(text, MADRID).isoformat() == until


def test_the_end_of_time_is_not_an_error_of_ours() -> None:
    assert until_time("9999-12-31", MADRID).year == 9999
    with pytest.raises(InvalidQuery):
        since_time("0001-01-01", ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "16:30", "2026-11-03 25:00"])
def test_what_is_not_a_time_is_refused_with_the_field_and_the_form(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"since: .*2026-11-03 16:30"):
        since_time(text, MADRID)
    with pytest.raises(InvalidQuery, match=r"until: "):
        until_time(text, MADRID)
