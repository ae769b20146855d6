"""Times within a recording, and moments, are read by one rule each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from twirec.model.clock import clock, read_moment

ROWS = (
    (0, "0:00"),
    (59.4, "0:59"),
    (59.6, "1:00"),
    (61, "1:01"),
    (3599.4, "59:59"),
    (3599.6, "1:00:00"),
    (3723, "1:02:03"),
)


def test_a_time_is_of_the_nearest_second() -> None:
    for seconds, said in ROWS:
        assert clock(seconds) == said


def test_a_moment_without_a_time_zone_is_none() -> None:
    assert read_moment("2026-11-23T11:15:00+01:00") == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    for text in ("2026-11-23T11:15:00", "yesterday"):
        with pytest.raises(ValueError, match=r"time zone|isoformat"):
            read_moment(text)
