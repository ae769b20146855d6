"""Writes into the catalog: how many a second, and what one costs, beside the bare driver.

    python -m benchmarks.catalog [--quick]

One write is one transaction with one statement, durable when it returns. "plain" is what people
write by hand, the same statement with the same durability: on SQLite a connection for each thread,
write-ahead log, `synchronous=FULL`, `BEGIN IMMEDIATE` and 30 seconds of SQLite's own waiting; on
PostgreSQL a psycopg connection for each thread. Both ways run in turn in fresh processes, which
begin together. The files are in /var/tmp, which is on a disk: in memory nothing waits for a commit.
PostgreSQL is a server of Debian's of its own, with its durable settings.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.report import Better, Figure, is_quick, lacking, publish

DISK = "/var/tmp"  # noqa: S108 - what is made in it, tempfile makes safely
STARTED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)

Write = Callable[[str], None]
"""Writes one row under a name that is new, and returns when it is durable."""


@dataclass(frozen=True)
class Load:
    """Who writes at once."""

    processes: int
    threads: int

    @property
    def title(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.processes} x {threads}"


LOADS = tuple(Load(processes, threads) for processes in (1, 2, 4) for threads in (1, 8, 32))


@dataclass
class Figures:
    """What came of a load.

    Attributes:
        writes: how many returned.
        failures: how many raised.
        cpu: seconds of all processes together.
        seconds: that it took.
        waits: how long each took, in seconds.
    """

    writes: int = 0
    failures: int = 0
    cpu: float = 0.0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        self.writes += other.writes
        self.failures += other.failures
        self.cpu += other.cpu
        self.seconds = max(self.seconds, other.seconds)
        self.waits += other.waits

    @property
    def a_second(self) -> float:
        return self.writes / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / max(self.writes, 1)

    def percentile(self, share: float) -> float:
        """Return after how many milliseconds that share of the writes had returned."""
        return 1000 * sorted(self.waits)[int(share * (len(self.waits) - 1))] if self.waits else 0


def main() -> int:
    """Measure every load both ways on each database, and publish what came of it."""
    quick = is_quick(__doc__)
    os.environ["TMPDIR"] = tempfile.tempdir = DISK
    seconds = 0.3 if quick else 3.0
    figures = measured("SQLite", sqlite_url, seconds)
    note = lacking("postgres", "pg_virtualenv")
    if note:
        figures.append(Figure("PostgreSQL", None, note=note))
    else:
        with durable_postgres() as url:
            figures += measured("PostgreSQL", lambda _: url, seconds)
    return publish("catalog", figures, quick=quick)


def measured(title: str, url: Callable[[str], str], seconds: float) -> list[Figure]:
    """Measure every load on one kind of database, and print what came of it."""
    columns = ("processes", "way", "writes/s", "CPU ms", "p50 ms", "p99 ms", "failed")
    table = Table(*columns, "writes / plain", "CPU / plain", title=f"Writes into {title}")
    figures = []
    for load in LOADS:
        plain, ours = (measure(load, way, url, seconds) for way in ("plain", "twirec"))
        more, cpu = ours.a_second / plain.a_second, ours.cpu_ms / plain.cpu_ms
        table.add_row(load.title, "plain", *cells(plain), "1.00", "1.00")
        table.add_row("", "twirec", *cells(ours), f"{more:.2f}", f"{cpu:.2f}", end_section=True)
        name = f"{title}, {load.title}"
        note = f"{said(ours)}; plain {said(plain)}."
        figures.append(Figure(f"{name}: writes", more, better=Better.HIGHER, note=note))
        if load.processes == 1:  # who waits for other processes asks again and again
            figures.append(Figure(f"{name}: CPU", cpu))
    Console(width=120).print(table)
    return figures


def cells(figures: Figures) -> list[str]:
    return [
        f"{figures.a_second:.0f}",
        f"{figures.cpu_ms:.2f}",
        f"{figures.percentile(0.5):.1f}",
        f"{figures.percentile(0.99):.1f}",
        str(figures.failures),
    ]


def said(figures: Figures) -> str:
    """Return what the ratios are of, in words."""
    text = f"{figures.a_second:,.0f} a second, {figures.cpu_ms:.2f} ms of CPU"
    text += f", p99 {figures.percentile(0.99):,.0f} ms"
    return text + (f", {figures.failures} failed" if figures.failures else "")


def measure(load: Load, way: str, url: Callable[[str], str], seconds: float) -> Figures:
    """Let processes write in one way, all at once, and return what came of it."""
    with tempfile.TemporaryDirectory() as temporary:
        where = url(temporary)
        make_tables(where)
        command = [sys.executable, "-m", "benchmarks.catalog", "writer", way, where]
        writers = [
            subprocess.Popen(
                [*command, str(load.threads), str(seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(load.processes)
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()  # it is ready
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("begin\n")
            writer.stdin.flush()
        total = Figures()
        for writer in writers:
            said, _ = writer.communicate()
            total.add(Figures(**json.loads(said)))
    return total


def make_tables(url: str) -> None:
    from twirec.catalog import Catalog

    with closing(Catalog(url)) as catalog:
        catalog.set_up()


def sqlite_url(folder: str) -> str:
    return f"sqlite:///{Path(folder).absolute()}/catalog.db"


@contextmanager
def durable_postgres() -> Iterator[str]:
    """Run a PostgreSQL server that waits for the disk, as it does in life."""
    from sqlalchemy import URL

    from tests.servers import postgres

    def set_up(url: URL) -> None:
        make_tables(url.render_as_string(hide_password=False))

    with postgres(set_up, durable=True) as server, server.lend() as lend:
        yield lend().render_as_string(hide_password=False)


# --- one process that writes ----------------------------------------------------------------------


def write_all(way: str, url: str, threads: int, seconds: float) -> Figures:
    """Write with so many threads for so long, and return what came of it."""
    make = _WAYS[way, url.partition(":")[0].partition("+")[0]]
    write, close = make(url)
    parts = [Figures() for _ in range(threads)]
    all_ready, go = threading.Barrier(threads + 1), threading.Event()
    ends = 0.0

    def work(number: int) -> None:
        part, name = parts[number], f"{os.getpid()} {number}"
        with suppress(Exception):
            write(f"{name} before")  # what is made at first use is no part of it
        all_ready.wait()
        go.wait()
        while (now := time.perf_counter()) < ends:
            try:
                write(f"{name} {part.writes}")
            except Exception:  # noqa: BLE001 - whatever it is, it was not written
                part.failures += 1
            else:
                part.writes += 1
                part.waits.append(time.perf_counter() - now)

    workers = [threading.Thread(target=work, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    all_ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.perf_counter(), time.process_time()
    ends = began + seconds
    go.set()
    for worker in workers:
        worker.join()
    total = Figures(seconds=time.perf_counter() - began, cpu=time.process_time() - cpu)
    for part in parts:
        total.add(part)
    close()
    return total


def with_twirec(url: str) -> tuple[Write, Callable[[], None]]:
    """Write as the catalog's parts do."""
    from twirec.catalog import Catalog
    from twirec.catalog.tables import marks

    catalog = Catalog(url)
    database = catalog.database

    def write(name: str) -> None:
        with database.write() as connection:
            database.insert_once(connection, marks, {"name": name, "at": STARTED})

    return write, catalog.close


SAME = "INSERT INTO marks (name, at) VALUES ({}, {}) ON CONFLICT (name) DO NOTHING RETURNING name"


def plain_sqlite(url: str) -> tuple[Write, Callable[[], None]]:
    """Write with a connection for each thread, as most programs do."""
    local = threading.local()
    statement, at = SAME.format("?", "?"), str(STARTED.replace(tzinfo=None))

    def write(name: str) -> None:
        if not hasattr(local, "connection"):
            path = url.removeprefix("sqlite:///")
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            local.connection = connection
        connection = local.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(statement, (name, at)).fetchone()
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    return write, lambda: None


def plain_postgres(url: str) -> tuple[Write, Callable[[], None]]:
    """Write with a connection for each thread."""
    import psycopg

    local = threading.local()
    statement = SAME.format("%s", "%s")

    def write(name: str) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(url.replace("+psycopg", ""))
        with local.connection.transaction():
            local.connection.execute(statement, (name, STARTED)).fetchone()

    return write, lambda: None


_WAYS: dict[tuple[str, str], Callable[[str], tuple[Write, Callable[[], None]]]] = {
    ("twirec", "sqlite"): with_twirec,
    ("twirec", "postgresql"): with_twirec,
    ("plain", "sqlite"): plain_sqlite,
    ("plain", "postgresql"): plain_postgres,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["writer"]:
        way, url, threads, seconds = sys.argv[2:]
        print(json.dumps(asdict(write_all(way, url, int(threads), float(seconds)))))
    else:
        with suppress(KeyboardInterrupt):
            sys.exit(main())
