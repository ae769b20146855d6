"""What was recorded each day: days are the company's, also those of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.factories import a_call, a_recording, call_sid, recording_sid
from twirec import Archive

HOURS = {
    "the day before": datetime(2026, 10, 24, 21, 59, tzinfo=UTC),
    "first minute": datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
    "25th hour": datetime(2026, 10, 25, 22, 59, tzinfo=UTC),
    "next day": datetime(2026, 10, 25, 23, 0, tzinfo=UTC),
}


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    for number, at in enumerate(HOURS.values(), 1):
        call = a_call(call_sid=call_sid(number), started_at=at)
        twirec_archive.catalog.ledger.open_call(call)
        twirec_archive.catalog.recordings.adopt(
            a_recording(
                sid=recording_sid(number), call_sid=call.call_sid, started_at=at, duration=10
            )
        )
    twirec_archive.now = lambda: datetime(2026, 10, 26, 12, tzinfo=UTC)
    return twirec_archive


def test_a_day_of_25_hours_counts_all_of_them(archive: Archive) -> None:
    found = {each.day: (each.recordings, each.seconds) for each in archive.operations.daily(3)}
    assert found == {
        date(2026, 10, 24): (1, 10),
        date(2026, 10, 25): (2, 20),
        date(2026, 10, 26): (1, 10),
    }


def test_days_without_recordings_are_there(archive: Archive) -> None:
    days = archive.operations.daily(30)
    assert [each.day for each in days][::29] == [date(2026, 9, 27), date(2026, 10, 26)]
    assert sum(each.recordings for each in days) == 4
