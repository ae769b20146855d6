"""Searches by what was said, in a catalog of 100,000 transcripts of 300 words.

    python -m benchmarks.said [--quick] [--transcripts COUNT] [--in FOLDER] [--only DATABASE]

Plants calls (`benchmarks/planted.py`) and, in each that is recorded, 25 sentences of 12 words, of
a vocabulary of 20,000 words that are as frequent as words are (Zipf). Then it searches as the panel
does, for phrases that were said and that nobody said, by frequent and by rare words, with words
misheard, of one side, and of one month. Planting takes some minutes for each database.
"""
# ruff: noqa: S311, S608 - dice for a benchmark, and SQL of our own words

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select, text

from benchmarks import planted
from benchmarks.report import Figure, lacking, publish
from benchmarks.search import Taken
from twirec.archive import Archive
from twirec.catalog.sentences import forget, replace
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.heard_words import SMALL, heard_words, index_keys
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role

MUST, AIM = 50, 25
TIMES, WARM = 100, 10
PAGE = 25
VOCABULARY, POOL, OF_CALL, OF_SENTENCE = 20_000, 50_000, 25, 12
POOLED = ("id", "text", "words", "own", "keys")
WHO = Actor("bench", "admin")


class Speech:
    """Sentences of made-up words, as frequent as words are.

    Args:
        pool: how many there are; a catalog has each several times.
    """

    def __init__(self, pool: int) -> None:
        self._dice = random.Random(1)
        syllables = [a + b for a in "bcdfglmnprstv" for b in "aeiou"]
        made: dict[str, None] = dict.fromkeys(sorted(SMALL))
        while len(made) < VOCABULARY:
            made["".join(self._dice.choices(syllables, k=self._dice.choice((2, 3, 3, 4))))] = None
        self.words = list(made)
        self._sums = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
        self.pool = [self._sentence() for _ in range(pool)]

    def _sentence(self) -> list[str]:
        return self._dice.choices(self.words, cum_weights=self._sums, k=OF_SENTENCE)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the sentences as rows: each is followed by the next one of the pool."""
        for at, said in enumerate(self.pool):
            follows = self.pool[(at + 1) % len(self.pool)]
            words = heard_words(" ".join(said + follows))
            yield {
                "id": at,
                "text": " ".join(said),
                "words": " ".join(word.text for word in words),
                "own": len(heard_words(" ".join(said))),
                "keys": " ".join(sorted({key for word in words for key in index_keys(word)})),
            }


DAYS = {
    "sqlite": "strftime(' d%Y%m%d m%Y%m', its.call_started_at)",
    "postgresql": "to_char(its.call_started_at AT TIME ZONE 'UTC', '\" d\"YYYYMMDD\" m\"YYYYMM')",
}
PLACES = {
    "sqlite": "(WITH RECURSIVE s (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM s "
    f"WHERE place < {OF_CALL - 1}) SELECT place FROM s)",
    "postgresql": f"(SELECT generate_series(0, {OF_CALL - 1}) AS place)",
}
HASHED = "INSERT INTO sentences_words (sentences_words, rank) VALUES ('hashsize', {})"
INDEX = {
    # all at once, in few parts that need not be merged again and again
    "sqlite": (
        HASHED.format(2**28),
        "INSERT INTO sentences_words (sentences_words) VALUES ('rebuild')",
        HASHED.format(2**20),  # as it comes
    ),
    "postgresql": (
        "SET LOCAL maintenance_work_mem = '2GB'",
        "CREATE INDEX ix_sentences_recording_sid ON sentences (recording_sid)",
        "CREATE INDEX ix_sentences_keys ON sentences USING gin (CAST(keys AS tsvector))",
    ),
}


def plant(archive: Archive, speech: Speech) -> int:
    """Write what was said in each recording, by the database itself; return how many there are."""
    dialect = archive.catalog.database.engine.dialect.name
    side = "CASE places.place % 2 WHEN 0 THEN 'customer' ELSE 'agent' END"
    with planted.unhurried(archive) as connection:
        pool.create(connection)
        connection.execute(insert(pool), list(speech.rows()))
        again = []
        if dialect == "sqlite":
            trigger = "SELECT sql FROM sqlite_master WHERE name = 'sentences_words_insert'"
            again = [connection.exec_driver_sql(trigger).scalar_one()]
            connection.exec_driver_sql("DROP TRIGGER sentences_words_insert")
        else:
            connection.exec_driver_sql("DROP INDEX ix_sentences_keys, ix_sentences_recording_sid")
        planted_now = text(
            "INSERT INTO sentences (recording_sid, call_sid, side, starts, ends, text, "
            f"probability, words, own, keys) SELECT its.sid, its.call_sid, {side}, "
            "3.0 * places.place, 3.0 * places.place + 2.5, pool.text, 0.9, pool.words, pool.own, "
            f"pool.keys || ' r' || lower(its.sid) || {DAYS[dialect]} || ' s' || {side} "
            "FROM (SELECT sid, call_sid, call_started_at, "
            "row_number() OVER (ORDER BY call_started_at) AS n FROM recordings) its "
            f"CROSS JOIN {PLACES[dialect]} places "
            f"JOIN pool ON pool.id = (its.n * 31 + places.place * 7919) % {len(speech.pool)}"
        )
        connection.execute(planted_now)
        for statement in (*again, *INDEX[dialect], "ANALYZE"):
            connection.exec_driver_sql(statement)
        count = select(func.count()).select_from(recordings)
        return int(connection.execute(count).scalar_one())


pool = Table(
    "pool",
    MetaData(),
    *(Column(name, Integer if name in ("id", "own") else Text) for name in POOLED),
)


def kinds(speech: Speech) -> dict[str, Callable[[int], dict[str, Any]]]:
    """Return what is asked for, by the number of the search."""
    large = [word for word in speech.words if word not in SMALL]

    def phrase(n: int, length: int = 5) -> str:
        words = speech.pool[n * 7919 % len(speech.pool)]
        return " ".join(words[3 : 3 + length])

    def misheard(n: int) -> str:
        return " ".join(
            word[:-2] + "e" + word[-1] if len(word) > 5 else word for word in phrase(n).split()
        )

    return {
        "a phrase": lambda n: {"said": phrase(n)},
        "a phrase, misheard": lambda n: {"said": misheard(n)},
        "a phrase of one side": lambda n: {"said": phrase(n), "said_by": Role.AGENT},
        "a phrase, in a month": lambda n: {
            "said": phrase(n),
            "since": planted.FIRST + (n % 20) * planted.SPAN / 24,
            "until": planted.FIRST + (n % 20 + 1) * planted.SPAN / 24,
        },
        "a phrase of a customer": lambda n: {
            "said": phrase(n),
            "number": f"+34600{n * 2654435761 % 4294967296 % planted.CUSTOMERS:06d}",
        },
        "one of the most frequent words": lambda n: {"said": large[n % 50]},
        "a rare word": lambda n: {"said": large[-1 - n % 5000]},
        "what nobody said": lambda n: {"said": f"{large[n % 500]} {large[-1 - n]} {large[n]}"},
    }


def measured(step: Callable[[int], object]) -> Taken:
    """Measure a search, with other words each time."""
    wall, cpu = [], []
    for n in range(TIMES + WARM):
        begun, worked = time.perf_counter(), time.process_time()
        step(n)
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - worked))
    wall, cpu = sorted(wall[WARM:]), sorted(cpu[WARM:])
    return Taken(wall[TIMES // 2], wall[int(TIMES * 0.95) - 1], cpu[TIMES // 2])


def figures(dialect: str, transcripts: int, folder: Path | None) -> Iterator[Figure]:
    """Measure all kinds on one database."""
    title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[dialect]
    speech = Speech(min(POOL, transcripts))
    begun = time.perf_counter()
    with planted.catalog(dialect, round(transcripts / 0.93), folder) as archive:
        count = plant(archive, speech)
        minutes = (time.perf_counter() - begun) / 60
        print(f"{count:,} transcripts on {title} in {minutes:.1f} minutes", file=sys.stderr)
        yield from searches(archive, f"{title}, {count:,} transcripts", speech)
        yield from writing(archive, title)


def searches(archive: Archive, where: str, speech: Speech) -> Iterator[Figure]:
    """Measure all kinds of searches."""
    for kind, asked in kinds(speech).items():
        found: list[int] = []

        def step(n: int, asked: Any = asked, found: list[int] = found) -> None:
            page = archive.calls.search(**asked(n), limit=PAGE, by=WHO, repeated=True)
            found.append(len(page.sentences))

        taken = measured(step)
        some = sum(1 for each in found if each)
        yield Figure(
            f"{kind}, {where}, 95 of 100 within",
            taken.p95,
            "ms",
            MUST,
            AIM,
            note=f"median {taken.median:.1f} ms, of it {taken.cpu:.1f} ms of CPU here; "
            f"{some} of {len(found)} found something",
        )


def writing(archive: Archive, title: str) -> Iterator[Figure]:
    """Measure what it costs to write the sentences of a transcript, and to forget them."""
    said = [
        Sentence(Role.AGENT, 3.0 * at, 3.0 * at + 2, "la tarifa tiene una permanencia de doce", 0.9)
        for at in range(2 * OF_CALL)
    ]
    sid = "RE" + "0" * 31 + "1"

    def write(n: int) -> None:
        with archive.catalog.database.write() as connection:
            replace(connection, f"CA{sid[2:]}", sid, said)

    def delete(n: int) -> None:
        write(n)
        begun = time.perf_counter()
        with archive.catalog.database.write() as connection:
            forget(connection, sid)
        taken.append(1000 * (time.perf_counter() - begun))

    taken: list[float] = []
    its = measured(write)
    yield Figure(f"50 sentences written again, {title}, median", its.median, "ms")
    measured(delete)
    begun = time.perf_counter()
    archive.catalog.shorten_log()
    settled = time.perf_counter() - begun
    yield Figure(
        f"50 sentences forgotten, {title}, median",
        sorted(taken)[len(taken) // 2],
        "ms",
        note=f"and {settled:.1f} s at the end, in small steps, to let nothing of them stay",
    )


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a minute; nothing is kept")
    parser.add_argument("--transcripts", type=int, default=100_000, metavar="COUNT")
    parser.add_argument("--in", dest="folder", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    some = min(given.transcripts, 2_000) if given.quick else given.transcripts
    found: list[Figure] = []
    for dialect in (given.only,) if given.only else ("sqlite", "postgresql"):
        missing = lacking("initdb", "pg_ctl", modules=["psycopg"]) if dialect != "sqlite" else ""
        if missing:
            found.append(Figure("search on PostgreSQL", None, "ms", MUST, AIM, note=missing))
        else:
            found += figures(dialect, some, given.folder)
    return publish("said", found, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())
