"""Search in a big catalog, beside the scan that people write by hand.

    python -m benchmarks.search [CALLS]

Plants calls of half a million numbers over two years in a SQLite file, and searches each way three
times; the best counts. "By hand" is `LIKE '%digits'` over calls joined with recordings, with the
whole answer counted and sorted by the database, as a first version of a panel does. Exits 1 when a
search by number or last digits is not at least ten times faster.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from twirec.archive import Archive
from twirec.catalog.database import to_row
from twirec.catalog.tables import calls, recordings
from twirec.model.records import Call, Recording
from twirec.model.states import State
from twirec.model.vocabulary import Direction
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
TWO_YEARS = 2 * 365 * 24 * 3600
BY_HAND = """
    SELECT calls.*, recordings.* FROM calls
    LEFT JOIN recordings ON recordings.call_sid = calls.call_sid
        AND recordings.account_sid = calls.account_sid
    WHERE calls.customer_number LIKE '%' || :number ORDER BY calls.started_at DESC
"""


def planted(count: int) -> Iterator[tuple[Call, Recording]]:
    """Yield calls and their recordings."""
    dice = random.Random(6)  # noqa: S311 - the same calls each time
    for number in range(count):
        call = Call(
            account_sid="AC" + "0" * 32,
            call_sid=f"CA{number:032x}",
            direction=Direction.IN,
            customer_number=f"+34600{dice.randrange(500_000):06d}",
            own_number="+34911000111",
            started_at=FIRST + timedelta(seconds=dice.randrange(TWO_YEARS)),
        )
        yield call, Recording(f"RE{number:032x}", call.account_sid, call.call_sid, State.RELEASED)


def plant(archive: Archive, count: int) -> str:
    """Fill the catalog, and return a number that is in it."""
    archive.set_up()
    pairs = list(planted(count))
    with archive.catalog.database.write() as connection:
        for at in range(0, count, 5000):
            some = pairs[at : at + 5000]
            connection.execute(insert(calls), [to_row(call, calls) for call, _ in some])
            rows = [to_row(recording, recordings) for _, recording in some]
            connection.execute(insert(recordings), rows)
    return pairs[count // 2][0].customer_number


def best(step: Callable[[], Any]) -> float:
    """Return the milliseconds of the best of three."""
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        step()
        taken.append(1000 * (time.perf_counter() - begun))
    return min(taken)


def by_hand(archive: Archive, number: str) -> int:
    """Search as people do, and return how many there are."""
    with archive.catalog.database.read() as connection:
        return len(connection.execute(text(BY_HAND), {"number": number}).all())


def main() -> int:
    """Measure, print, and return the exit status."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        settings = Settings.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": f"sqlite:///{path}"})
        archive = Archive(settings)
        number = plant(archive, count)
        print(f"{count:,} calls: milliseconds with archive.calls.search, by hand, ratio")
        slow = False
        for title, said in (("number", number), ("last four", number[-4:]), ("six", number[-6:])):
            ours = best(lambda said=said: archive.calls.search(said))
            theirs = best(lambda said=said: by_hand(archive, said))
            slow |= theirs < 10 * ours
            print(f"{title:<12} {ours:8.1f} {theirs:8.1f} {theirs / ours:6.0f}x")
        day = best(lambda: archive.calls.search("3 Nov 2026"))
        print(f"{'one day':<12} {day:8.1f}")
        archive.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
