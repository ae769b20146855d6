"""Catalogs of any size, planted by the database itself, and a server of PostgreSQL for them.

Calls of half a million customers to and from ten own numbers, over two years, in the order in
which they came. Of a hundred calls 93 are recorded, of which 5 are kept at Twilio, and 2 are
refused; a tenth has a note, a hundredth a case. What is asked for in benchmarks is made of the same
formulas.
"""
# ruff: noqa: S608 - the SQL is made of our own words

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, text

from benchmarks.report import find
from twirec.archive import Archive
from twirec.catalog.migrate import VERSIONS
from twirec.model.plain_text import plain
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=2 * 365)
CUSTOMERS = 500_000
LOT = 100_000
ACCOUNT = "AC" + "0" * 32

# Both databases have these words; `n` is the number of the call, `h` and `k` are dice.
DICE = "(n * 2654435761 % 4294967296)"
CUSTOMER = f"({DICE} % {CUSTOMERS})"
SID = {
    "sqlite": "printf('%032x', n)",
    "postgresql": "lpad(to_hex(n), 32, '0')",
}
WHEN = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', {}, 'unixepoch') || '.000000'",
    "postgresql": "to_timestamp({})",
}
SERIES = {
    "sqlite": "WITH RECURSIVE s (n) AS (SELECT :low UNION ALL SELECT n + 1 FROM s "
    "WHERE n < :high - 1) ",
    "postgresql": "WITH s (n) AS (SELECT generate_series("
    "CAST(:low AS bigint), CAST(:high AS bigint) - 1)) ",
}
RARE = "habla de un ZEPELÍN que nadie vio"
FREQUENT = "La compañía no está de acuerdo con el precio"
OTHER = "pide que le llamen otra vez mañana por la tarde"
WORDS = (
    f"CASE WHEN n % 1000 = 0 THEN '{RARE}' WHEN n % 30 = 0 THEN '{FREQUENT}' ELSE '{OTHER}' END, "
    f"CASE WHEN n % 1000 = 0 THEN '{plain(RARE)}' WHEN n % 30 = 0 THEN '{plain(FREQUENT)}' "
    f"ELSE '{plain(OTHER)}' END"
)
"""What notes say, and what is compared of it."""


def settings(url: str) -> Settings:
    """Return the settings of an archive on a database."""
    return Settings.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})


def statements(dialect: str, count: int) -> list[str]:
    """Return what plants calls from `:low` to before `:high`."""
    said = {"sqlite": "CAST({} AS TEXT)", "postgresql": "({})\\:\\:text"}[dialect]
    digit = [said.format(f"{CUSTOMER} / {10**place} % 10") for place in range(6)]
    began = f"{int(FIRST.timestamp())} + n * {int(SPAN.total_seconds())} / {count}"
    sid, when = SID[dialect], WHEN[dialect]
    true = {"sqlite": "1", "postgresql": "true"}[dialect]
    false = {"sqlite": "0", "postgresql": "false"}[dialect]
    kept = f"CASE WHEN n % 20 = 1 THEN {true} ELSE {false} END"
    recorded = "n % 100 < 95 AND n % 50 <> 7"
    of = f"'{ACCOUNT}', 'CA' || {sid}"
    return [
        "INSERT INTO calls (account_sid, call_sid, direction, customer_number, own_number, "
        "started_at, dial, channel_map, outcome, reason, ended_at, case_number, tail, plain_case) "
        f"{SERIES[dialect]} SELECT {of}, CASE WHEN n % 3 = 0 THEN 'out' ELSE 'in' END, "
        f"'+34600' || {' || '.join(reversed(digit))}, '+3491100011' || {said.format('n % 10')}, "
        f"{when.format(began)}, '[]', '[]', "
        f"CASE WHEN {recorded} THEN 'recorded' ELSE 'not_recorded' END, "
        f"CASE WHEN {recorded} THEN NULL WHEN n % 50 = 7 THEN 'refused' ELSE 'off' END, "
        f"{when.format(f'{began} + 90')}, "
        f"CASE WHEN n % 100 = 3 THEN 'R-' || {said.format('n')} ELSE '' END, "
        f"{' || '.join(digit)}, "
        f"CASE WHEN n % 100 = 3 THEN 'r-' || {said.format('n')} ELSE '' END FROM s",
        "INSERT INTO consents (account_sid, call_sid, leg, outcome, method, announcement, "
        f"language, at, call_started_at) {SERIES[dialect]} SELECT {of}, 'CA' || {sid}, "
        "CASE WHEN n % 50 = 7 THEN 'refused' ELSE 'informed' END, 'announcement', "
        f"'{'f' * 64}', 'es-ES', {when.format(f'{began} + 9')}, "
        f"{when.format(began)} FROM s",
        "INSERT INTO recordings (sid, account_sid, call_sid, state, custody, source, started_at, "
        "duration, channels, channel_map, object_name, size, sha256, attempts, last_error, "
        f"keep_at_vendor, call_started_at) {SERIES[dialect]} SELECT 'RE' || {sid}, {of}, "
        "CASE WHEN n % 20 = 1 THEN 'archived' ELSE 'released' END, 'active', 'DialVerb', "
        f"{when.format(f'{began} + 10')}, "
        f"CASE WHEN n % 500 = 9 THEN 3600 ELSE 5 + {DICE} % 600 END, 2, "
        f"'[]', 'recordings/' || {sid}, 1000000, '{'a' * 64}', 0, '', {kept}, "
        f"{when.format(began)} "
        f"FROM s WHERE {recorded}",
        "INSERT INTO callbacks (recording_sid, status, received_at, raw) "
        f"{SERIES[dialect]} SELECT 'RE' || {sid}, 'completed', {when.format(f'{began} + 95')}, "
        f"'{{}}' FROM s WHERE {recorded}",
        'INSERT INTO notes (account_sid, call_sid, "by", at, text, plain_text, call_started_at) '
        f"{SERIES[dialect]} SELECT {of}, 'ana', {when.format(f'{began} + 900')}, {WORDS}, "
        f"{when.format(began)} FROM s WHERE n % 10 = 0",
    ]


def plant(archive: Archive, count: int) -> None:
    """Fill a new catalog; indexes and figures are made when the rows are there, which is faster."""
    archive.set_up()
    database = archive.catalog.database
    dialect = database.engine.dialect.name
    with unhurried(archive) as connection:
        again = list(_take_away(connection))
    for low in range(0, count, LOT):
        with unhurried(archive) as connection:
            for statement in statements(dialect, count):
                values = {"low": low, "high": min(count, low + LOT)}
                connection.execute(text(statement), values)
    for statement in again:
        with unhurried(archive) as connection:
            connection.exec_driver_sql(statement)
    with unhurried(archive) as connection:
        connection.exec_driver_sql("ANALYZE")


TABLES = "('calls', 'consents', 'recordings', 'callbacks', 'notes')"


def _take_away(connection: Connection) -> Iterator[str]:
    """Take away what is done for each row, and yield what does it again for all of them."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
            f"AND type IN ('index', 'trigger') AND tbl_name IN {TABLES}"
        ).all()
        for kind, name, sql in found:
            connection.exec_driver_sql(f"DROP {kind} {name}")
            yield sql
        yield "INSERT INTO notes_words (notes_words) VALUES ('rebuild')"
    else:
        found = connection.exec_driver_sql(
            f"SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename IN {TABLES} "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
        ).all()
        for kind, name, sql in found:
            connection.exec_driver_sql(f"DROP {kind} {name}")
            yield sql
        for table in ("calls", "consents", "recordings", "callbacks", "notes"):
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield f"ALTER TABLE {table} ENABLE TRIGGER USER"
    for counted in import_module(f"{VERSIONS}.0004_figures").COUNTED:
        yield counted.count_before()


@contextmanager
def unhurried(archive: Archive) -> Iterator[Connection]:
    """Give a transaction whose statements may take as long as they take."""
    with archive.catalog.database.engine.begin() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET statement_timeout = 0")
        yield connection


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server with its data in a folder, and give the URL of an empty database.

    Raises:
        FileNotFoundError: it is not installed.
    """
    initdb, server = find("initdb"), find("pg_ctl")
    if initdb is None or server is None:
        raise FileNotFoundError("PostgreSQL: apt-get install postgresql")
    data = folder / "postgres"
    port = 20_000 + secrets.randbelow(12_000)
    # Only another user than root may run it.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        data.mkdir(parents=True, exist_ok=True)
        shutil.chown(data, "postgres")
    run = [*as_user, str(initdb), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 {TUNED}"
    control = [*as_user, str(server), "-D", str(data), "-l", str(data / "log"), "-w"]
    subprocess.run(
        [*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/"
    )
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*control, "-m", "fast", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/"
        )


TUNED = (
    "-c shared_buffers=2GB -c effective_cache_size=6GB -c maintenance_work_mem=512MB "
    "-c max_wal_size=8GB -c checkpoint_timeout=30min -c random_page_cost=1.1"
)
"""As a server with 8 GB of memory and an SSD is set up, such as the smallest that people rent."""


@contextmanager
def catalog(dialect: str, count: int, keep: Path | None = None) -> Iterator[Archive]:
    """Give an archive on a planted catalog; it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="planted-", dir=keep) as name:
        folder = Path(name)
        if dialect == "sqlite":
            archive = Archive(settings(f"sqlite:///{folder}/catalog.db"))
            plant(archive, count)
            yield archive
            archive.close()
            return
        folder.chmod(0o755)
        with postgres(folder) as url:
            archive = Archive(settings(url))
            plant(archive, count)
            with archive.catalog.database.engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone.exec_driver_sql("SET statement_timeout = 0")
                alone.exec_driver_sql("VACUUM ANALYZE")
                connection.invalidate()
            yield archive
            archive.close()
