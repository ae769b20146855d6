"""Every kind of search, and its page and count, beside the raw indexed SQL.

    python -m benchmarks.search [--quick] [--sqlite CALLS] [--postgresql CALLS] [--in FOLDER]

Plants a million calls in a SQLite file and ten million in PostgreSQL (`benchmarks/planted.py`), and
searches each kind with other values each time. Beside it is what one would write by hand with the
same indexes: `SELECT … ORDER BY started_at DESC LIMIT 26` by the driver alone, without what belongs
to the calls, and without counting them. `--in` names a folder with room: ten million calls take
20 GB.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import planted
from benchmarks.report import Figure, lacking, publish
from twirec.archive import Archive

MUST, AIM = 20, 10
TIMES = 60
PAGE = 25
BY_HAND = "SELECT calls.* FROM calls {} ORDER BY started_at DESC LIMIT 26"
OF_RECORDINGS = (
    "WHERE EXISTS (SELECT 1 FROM recordings r WHERE r.call_sid = calls.call_sid "
    "AND r.account_sid = calls.account_sid AND {})"
)


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
        "WHERE EXISTS (SELECT 1 FROM consents c WHERE c.call_sid = calls.call_sid "
        "AND c.account_sid = calls.account_sid AND c.outcome = :which)",
        lambda n: {"which": "informed"},
    ),
    "consent, one of fifty": (
        lambda n: {"consent": "refused"},
        "WHERE EXISTS (SELECT 1 FROM consents c WHERE c.call_sid = calls.call_sid "
        "AND c.account_sid = calls.account_sid AND c.outcome = :which)",
        lambda n: {"which": "refused"},
    ),
    "state, frequent": (
        lambda n: {"state": "released"},
        OF_RECORDINGS.format("r.state = :which"),
        lambda n: {"which": "released"},
    ),
    "state, of none": (
        lambda n: {"state": "recording"},
        "WHERE call_sid IN (SELECT call_sid FROM recordings WHERE state = :which)",
        lambda n: {"which": "recording"},
    ),
    "an hour long": (
        lambda n: {"min_seconds": 3600},
        OF_RECORDINGS.format("r.duration >= :which"),
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
        "WHERE EXISTS (SELECT 1 FROM notes n WHERE n.call_sid = calls.call_sid "
        "AND n.plain_text LIKE '%compania%')",
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


def measured(step: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the milliseconds of the median and of 95 of 100, with other values each time."""
    taken = []
    for each in range(TIMES + 5):
        n = each * 7919 % count
        begun = time.perf_counter()
        step(n)
        taken.append(1000 * (time.perf_counter() - begun))
    taken = sorted(taken[5:])
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95) - 1]


def figures(dialect: str, count: int, folder: Path | None) -> Iterator[Figure]:
    """Measure all kinds on one database."""
    title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[dialect]
    with planted.catalog(dialect, count, folder) as archive:
        for kind, (asked, sql, values) in KINDS.items():
            for name, word in (("{rare}", "zepelin"), ("{none}", "xylopho")):
                sql = sql.replace(name, BY_WORD[dialect].format(word))
            by_hand = raw(archive, BY_HAND.format(sql), values)
            ours, raw_time = (
                measured(step, count)
                for step in (lambda n, asked=asked: search(archive, asked(n)), by_hand)
            )
            note = (
                f"median {ours[0]:.1f} ms; by hand 95 of 100 within {raw_time[1]:.1f} ms, "
                f"{ours[1] / raw_time[1]:.1f} times"
            )
            name = f"{kind}, {title}, {count:,} calls, 95 of 100 within"
            yield Figure(name, ours[1], "ms", MUST, AIM, note=note)


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
