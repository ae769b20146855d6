"""Every kind of search, and its page and count, beside the raw indexed SQL.

    python -m benchmarks.search [--quick] [--sqlite CALLS] [--postgresql CALLS] [--in FOLDER]

Plants a million calls in a SQLite file and ten million in PostgreSQL (`benchmarks/planted.py`), and
searches each kind with other values each time, for the newest calls and for those of a year ago.
Beside it is what one would write by hand with the same indexes: `SELECT … ORDER BY started_at DESC
LIMIT 26` by the driver alone, without what belongs to the calls, and without counting them.

Planting takes a minute for a million calls, and longer than it takes to search. `--sqlite 0` or
`--postgresql 0` leaves one out. `--in` names a folder with room: a million calls take 2 GB, ten
million 20 GB.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import planted
from benchmarks.report import Figure, lacking, publish
from twirec.archive import Archive

MUST, AIM = 20, 10
YEAR_AGO = planted.FIRST + planted.SPAN / 2
TIMES, WARM = 60, 12
"""Searches that are measured of each kind, after those by which a database prepares itself."""
PAGE = 25
BY_HAND = "SELECT calls.* FROM calls {} ORDER BY started_at DESC LIMIT 26"
BY_ANOTHER = (
    "SELECT calls.* FROM {} its JOIN calls ON calls.account_sid = its.account_sid "
    "AND calls.call_sid = its.call_sid WHERE {} ORDER BY its.call_started_at DESC LIMIT 26"
)
"""By what is of the call, and knows when it began."""


def number(n: int) -> str:
    """Return the number of a call's customer."""
    return f"+34600{n * 2654435761 % 4294967296 % planted.CUSTOMERS:06d}"


Asked = Callable[[int], dict[str, Any]]

KINDS: Mapping[str, tuple[Asked, str, Asked]] = {
    "newest": (lambda n: {}, "", lambda n: {}),
    "number": (
        lambda n: {"number": number(n)},
        "WHERE customer_number = :number",
        lambda n: {"number": number(n)},
    ),
    "last three digits": (
        lambda n: {"number": number(n)[-3:]},
        "WHERE tail >= :tail AND tail < :end",
        lambda n: {"tail": number(n)[:-4:-1], "end": number(n)[:-4:-1] + ":"},
    ),
    "last six digits": (
        lambda n: {"number": number(n)[-6:]},
        "WHERE tail = :tail",
        lambda n: {"tail": number(n)[:-7:-1]},
    ),
    "own number": (
        lambda n: {"own_number": f"+3491100011{n % 10}"},
        "WHERE own_number = :own",
        lambda n: {"own": f"+3491100011{n % 10}"},
    ),
    "own number's last digits": (
        lambda n: {"own_number": f"0011{n % 10}"},
        "WHERE own_number = :own",
        lambda n: {"own": f"+3491100011{n % 10}"},
    ),
    "direction": (
        lambda n: {"direction": "out"},
        "WHERE direction = :which",
        lambda n: {"which": "out"},
    ),
    "not recorded": (
        lambda n: {"not_recorded": True},
        "WHERE outcome = :which",
        lambda n: {"which": "not_recorded"},
    ),
    "reason": (
        lambda n: {"reason": "refused"},
        "WHERE reason = :which",
        lambda n: {"which": "refused"},
    ),
    "case": (
        lambda n: {"case": f"r-{n // 100 * 100 + 3}"},
        "WHERE plain_case = :which AND case_number <> ''",
        lambda n: {"which": f"r-{n // 100 * 100 + 3}"},
    ),
    "consent, frequent": (
        lambda n: {"consent": "informed"},
        BY_ANOTHER.format("consents", "its.outcome = :which"),
        lambda n: {"which": "informed"},
    ),
    "consent, one of fifty": (
        lambda n: {"consent": "refused"},
        BY_ANOTHER.format("consents", "its.outcome = :which"),
        lambda n: {"which": "refused"},
    ),
    "state, frequent": (
        lambda n: {"state": "released"},
        BY_ANOTHER.format("recordings", "its.state = :which AND its.custody = 'active'"),
        lambda n: {"which": "released"},
    ),
    "state, of none": (
        lambda n: {"state": "recording"},
        BY_ANOTHER.format("recordings", "its.state = :which AND its.custody = 'active'"),
        lambda n: {"which": "recording"},
    ),
    "an hour long": (
        lambda n: {"min_seconds": 3600},
        BY_ANOTHER.format("recordings", "its.duration >= :which"),
        lambda n: {"which": 3600},
    ),
    "own number, on a day": (
        lambda n: {"own_number": f"+3491100011{n % 10}", "since": day(n), "until": day(n, 1)},
        "WHERE own_number = :own AND started_at >= :since AND started_at < :until",
        lambda n: {"own": f"+3491100011{n % 10}", "since": day(n), "until": day(n, 1)},
    ),
    "note, a rare word": (
        lambda n: {"note": "zepelín"},
        "WHERE call_sid IN (SELECT call_sid FROM notes WHERE {rare})",
        lambda n: {},
    ),
    "note, a frequent word": (
        lambda n: {"note": "compania"},
        BY_ANOTHER.format("notes", "its.plain_text LIKE '%compania%'"),
        lambda n: {},
    ),
    "note, part of a word of none": (
        lambda n: {"note": "xylopho"},
        "WHERE call_sid IN (SELECT call_sid FROM notes WHERE {none})",
        lambda n: {},
    ),
    "much together": (
        lambda n: {"number": number(n)[-4:], "direction": "in", "consent": "informed"},
        "WHERE tail >= :tail AND tail < :end AND direction = 'in'",
        lambda n: {"tail": number(n)[:-5:-1], "end": number(n)[:-5:-1] + ":"},
    ),
}
"""What is asked of the library; what is written by hand, and its values; by a call's number."""

BY_WORD = {
    "sqlite": "id IN (SELECT rowid FROM notes_words WHERE notes_words MATCH '\"{}\"')",
    "postgresql": "plain_text LIKE '%%{}%%'",
}


def day(n: int, after: int = 0) -> Any:
    """Return the beginning of a day in the second year."""
    return planted.FIRST + timedelta(days=365 + n % 360 + after)


class Taken(NamedTuple):
    """Milliseconds of many searches: the median, 95 of 100, and the median of CPU here."""

    median: float
    p95: float
    cpu: float


def measured(step: Callable[[int], object], count: int) -> Taken:
    """Measure a search, with other values each time."""
    wall, cpu = [], []
    for each in range(TIMES + WARM):
        n = each * 7919 % count
        begun, worked = time.perf_counter(), time.process_time()
        step(n)
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - worked))
    wall, cpu = sorted(wall[WARM:]), sorted(cpu[WARM:])
    return Taken(wall[TIMES // 2], wall[int(TIMES * 0.95) - 1], cpu[TIMES // 2])


def figures(dialect: str, count: int, folder: Path | None) -> Iterator[Figure]:
    """Measure all kinds on one database."""
    title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[dialect]
    begun = time.perf_counter()
    with planted.catalog(dialect, count, folder) as archive:
        minutes = (time.perf_counter() - begun) / 60
        print(f"{count:,} calls planted on {title} in {minutes:.1f} minutes", file=sys.stderr)
        for kind, (asked, sql, values) in KINDS.items():
            for name, word in (("{rare}", "zepelin"), ("{none}", "xylopho")):
                sql = sql.replace(name, BY_WORD[dialect].format(word))
            statement = sql if sql.startswith("SELECT") else BY_HAND.format(sql)
            by_hand = raw(archive, statement, values)
            ours, older, plain = (
                measured(step, count)
                for step in (
                    lambda n, asked=asked: search(archive, asked(n)),
                    lambda n, asked=asked: search(archive, {"until": YEAR_AGO} | asked(n)),
                    by_hand,
                )
            )
            note = (
                f"median {ours.median:.1f} ms, of it {ours.cpu:.1f} ms of CPU here; those of a "
                f"year ago {older.p95:.1f} ms; by hand {plain.p95:.1f} ms, "
                f"{ours.p95 / plain.p95:.1f} times"
            )
            name = f"{kind}, {title}, {count:,} calls, 95 of 100 within"
            yield Figure(name, ours.p95, "ms", MUST, AIM, note=note)


def search(archive: Archive, asked: Mapping[str, Any]) -> object:
    """Search as the panel does."""
    return archive.calls.search(**asked, limit=PAGE, by="bench", repeated=True)


def raw(archive: Archive, sql: str, values: Asked) -> Callable[[int], object]:
    """Return what does it by hand, with the driver alone."""
    connection = archive.catalog.database.engine.raw_connection()
    driver: Any = connection.driver_connection
    if archive.catalog.database.engine.dialect.name == "sqlite":

        def plain(value: Any) -> Any:
            return f"{value:%Y-%m-%d %H:%M:%S}.000000" if hasattr(value, "year") else value

        return lambda n: driver.execute(
            sql, {name: plain(value) for name, value in values(n).items()}
        ).fetchall()
    for name in ("number", "tail", "end", "own", "which", "since", "until"):
        sql = sql.replace(f":{name}", f"%({name})s")
    sql = sql.replace("'%compania%'", "'%%compania%%'")
    return lambda n: driver.execute(sql, values(n)).fetchall()


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a minute; nothing is kept")
    parser.add_argument("--sqlite", type=int, default=1_000_000, metavar="CALLS")
    parser.add_argument("--postgresql", type=int, default=10_000_000, metavar="CALLS")
    parser.add_argument("--in", dest="folder", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    counts = {"sqlite": given.sqlite, "postgresql": given.postgresql}
    found: list[Figure] = []
    for dialect, count in counts.items():
        some = min(count, 50_000) if given.quick else count
        missing = lacking("initdb", "pg_ctl", modules=["psycopg"]) if dialect != "sqlite" else ""
        if missing:
            found.append(Figure("search on PostgreSQL", None, "ms", MUST, AIM, note=missing))
        elif some:
            found += figures(dialect, some, given.folder)
    return publish("search", found, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())
