"""Searches by what was said, in a catalog of 100,000 transcripts of 300 words.

    python -m benchmarks.said [--quick] [--transcripts COUNT] [--in FOLDER] [--only DATABASE]

Plants calls (`benchmarks/planted.py`) and, in each that is recorded, 25 sentences of 12 words, of
a vocabulary of 20,000 words that are as frequent as words are (Zipf). Then it searches as the panel
does, for phrases that were said and that nobody said, by frequent and by rare words, with words
misheard, of one side, and of one month. Planting takes some minutes for each database.
"""
# ruff: noqa: S311 - dice for a benchmark

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from benchmarks import planted
from benchmarks.report import Figure, lacking, publish
from benchmarks.search import Taken
from twirec.archive import Archive
from twirec.catalog.sentence_tables import sentences
from twirec.catalog.sentences import day_keys, forget, replace, side_key
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.heard_words import SMALL, heard_words, index_keys
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role

MUST, AIM = 50, 25
TIMES, WARM = 100, 10
PAGE = 25
VOCABULARY, POOL, OF_CALL, OF_SENTENCE = 20_000, 200_000, 25, 12
LOT = 50_000
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
        self._keys = [self._of(" ".join(each)) for each in self.pool]

    def _sentence(self) -> list[str]:
        return self._dice.choices(self.words, cum_weights=self._sums, k=OF_SENTENCE)

    def _of(self, said: str) -> tuple[str, frozenset[str], int]:
        words = heard_words(said)
        keys = frozenset(key for word in words for key in index_keys(word))
        return " ".join(word.text for word in words), keys, len(words)

    def rows(self, number: int, sid: str, started_at: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of a call: what follows a sentence is the next one of its side."""
        its = [(number * 31 + each * 7919) % len(self.pool) for each in range(OF_CALL + 2)]
        for place in range(OF_CALL):
            side = (Role.CUSTOMER, Role.AGENT)[place % 2]
            words, keys, own = self._keys[its[place]]
            more, others, _ = self._keys[its[place + 2]]
            all_keys = {*keys, *others, f"r{sid.lower()}", side_key(side), *day_keys(started_at)}
            yield {
                "recording_sid": sid,
                "call_sid": f"CA{sid[2:]}",
                "side": side,
                "starts": 3.0 * place,
                "ends": 3.0 * place + 2.5,
                "text": " ".join(self.pool[its[place]]),
                "probability": 0.9,
                "words": f"{words} {more}",
                "own": own,
                "keys": " ".join(sorted(all_keys)),
            }


def plant(archive: Archive, speech: Speech) -> int:
    """Write what was said in each recording; return how many there are."""
    its = recordings.c
    listed = select(its.sid, its.call_started_at).order_by(its.call_started_at)
    with archive.catalog.database.engine.connect() as connection:
        rows = connection.execute(listed).all()
    lot: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        lot += speech.rows(number, row.sid, row.call_started_at)
        if len(lot) >= LOT or number == len(rows) - 1:
            _write(archive, lot)
            lot = []
    with planted.unhurried(archive) as connection:
        connection.exec_driver_sql("ANALYZE sentences")
    return len(rows)


def _write(archive: Archive, lot: list[dict[str, Any]]) -> None:
    with planted.unhurried(archive) as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(insert(sentences), lot)
            return
        names = list(lot[0])
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY sentences ({', '.join(names)}) FROM STDIN") as copy,
        ):
            for row in lot:
                copy.write_row([row[name] for name in names])


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
    speech = Speech(min(POOL, 20 * transcripts))
    begun = time.perf_counter()
    with planted.catalog(dialect, round(transcripts / 0.93), folder) as archive:
        count = plant(archive, speech)
        minutes = (time.perf_counter() - begun) / 60
        print(f"{count:,} transcripts on {title} in {minutes:.1f} minutes", file=sys.stderr)
        for kind, asked in kinds(speech).items():
            found: list[int] = []

            def step(n: int, asked: Any = asked, found: list[int] = found) -> None:
                page = archive.calls.search(**asked(n), limit=PAGE, by=WHO, repeated=True)
                found.append(len(page.sentences))

            taken = measured(step)
            some = sum(1 for each in found if each)
            yield Figure(
                f"{kind}, {title}, {count:,} transcripts, 95 of 100 within",
                taken.p95,
                "ms",
                MUST,
                AIM,
                note=f"median {taken.median:.1f} ms, of it {taken.cpu:.1f} ms of CPU here; "
                f"{some} of {len(found)} found something",
            )
        yield from writing(archive, title)


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
