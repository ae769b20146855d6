"""A catalog that is in use, brought to this version beside those who go on writing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from functools import cache
from importlib import import_module
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from tests.factories import ACCOUNT, STARTED, call_sid
from tests.servers import Postgres
from twirec.catalog import Catalog, migrate, plain_columns
from twirec.catalog.advisory_locks import TABLES_ONLINE
from twirec.catalog.database import Database
from twirec.catalog.migrations import online
from twirec.model.errors import CatalogUnavailable
from twirec.model.search import Query
from twirec.model.vocabulary import Outcome

OLD = 300
"""Calls that an older version wrote, each with a note."""

# As the version wrote them that knew only of 0001.
CALL = text(
    "INSERT INTO calls (account_sid, call_sid, direction, customer_number, own_number, started_at, "
    "dial, outcome, case_number, tail) VALUES (:account, :sid, 'in', '+34600111222', "
    "'+34911000111', :at, '[]', 'recorded', :case, '222111')"
)
NOTE = text(
    'INSERT INTO notes (account_sid, call_sid, "by", at, text, case_number) '
    "VALUES (:account, :sid, 'ana', :at, :text, :case)"
)


def write_as_before(catalog: Catalog, *numbers: int) -> None:
    """Write calls, each with a note, as the version before did."""
    at = STARTED.replace(tzinfo=None) if catalog.database.file else STARTED
    rows = [
        {
            "account": ACCOUNT,
            "sid": call_sid(number),
            "at": at,
            "case": f"Ñ-{number}",
            "text": f"Compañía número {number} ",
        }
        for number in numbers
    ]
    with catalog.database.write() as connection:
        connection.execute(CALL, rows)
        connection.execute(NOTE, rows)


def bring_to(version: str, database: Database) -> None:
    """Bring a database of the version before to one, as `upgrade` does it one after the other."""
    migrate._change_online(database, version)
    plain_columns.fill_plain(database)
    migrate._change(database, version)


class Olds:
    """Catalogs of every older version, with calls in them: each is made once, and copied.

    Args:
        new: makes a place for a catalog: a copy of what is in another place, if one is given.
    """

    def __init__(self, new: Callable[[str | None], str]) -> None:
        self.new = new
        self._made: dict[str, str] = {}
        self._undisturbed: dict[str, dict[str, list[str]]] = {}

    def of(self, version: str) -> str:
        """Return the URL of one that nobody may change."""
        if version not in self._made:
            self._made[version] = self._first() if version == "0001" else self._next(version)
        return self._made[version]

    def undisturbed(self, version: str) -> dict[str, list[str]]:
        """Return all of what nobody interrupted, with the call that comes after the old ones."""
        if version not in self._undisturbed:
            known = migrate.known_versions()
            url = self.new(self.of(known[known.index(version) - 1]))
            with closing(Catalog(url)) as catalog:
                write_as_before(catalog, OLD)
                bring_to(version, catalog.database)
                self._undisturbed[version] = all_of(catalog.database)
        return self._undisturbed[version]

    def _first(self) -> str:
        url = self.new(None)
        with closing(Catalog(url)) as catalog:
            catalog.database.make_file()
            migrate._change(catalog.database, "0001")
            write_as_before(catalog, *range(OLD))
        return url

    def _next(self, version: str) -> str:
        known = migrate.known_versions()
        url = self.new(self.of(known[known.index(version) - 1]))
        with closing(Catalog(url)) as catalog:
            bring_to(version, catalog.database)
        return url


@pytest.fixture(scope="module", autouse=True)
def scripts_read_once() -> Iterator[None]:
    """Let Alembic read the migrations once, and not all of them for each."""
    read = cache(lambda: ScriptDirectory.from_config(migrate.configuration()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "ScriptDirectory", SimpleNamespace(from_config=lambda _: read()))
        yield


@pytest.fixture(scope="module", params=["file", "postgres"])
def olds(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    scripts_read_once: None,
) -> Iterator[Olds]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("old")
        numbers = count()

        def in_file(like: str | None) -> str:
            url = f"sqlite:///{folder}/{next(numbers)}.db"
            if like is not None:
                shutil.copy(like.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
            return url

        def on_postgres(like: str | None) -> str:
            server: Postgres = request.getfixturevalue("postgres_server")
            return stack.enter_context(server.bare(like)).render_as_string(hide_password=False)

        yield Olds(in_file if request.param == "file" else on_postgres)


@pytest.fixture
def old(request: pytest.FixtureRequest, olds: Olds) -> Iterator[Catalog]:
    """A catalog of the first tables, or of the version before the one that is asked for."""
    version = request.node.callspec.params.get("version", "0002")
    known = migrate.known_versions()
    before = known[known.index(version.partition("_")[0]) - 1]
    with closing(Catalog(olds.new(olds.of(before)))) as catalog:
        yield catalog


@pytest.fixture(autouse=True)
def really(monkeypatch: pytest.MonkeyPatch, tables_made_once: Callable[..., None]) -> None:
    """Run the migrations, which other tests have copied."""
    monkeypatch.setattr(migrate, "upgrade", tables_made_once)
    monkeypatch.setattr(plain_columns, "LOT", 50)


def found(catalog: Catalog, query: Query) -> int:
    return catalog.search.count(query)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_what_others_write_meanwhile_is_neither_lost_nor_held_up(old: Catalog) -> None:
    done, errors, numbers = threading.Event(), [], count(OLD)

    def write() -> None:
        while not done.wait(0.003):  # not as fast as it can, so that it takes no CPU from others
            try:
                write_as_before(old, next(numbers))
            except CatalogUnavailable as error:
                errors.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        old.set_up()
    finally:
        done.set()
        writer.join()
    assert errors == []
    written = next(numbers)
    old.set_up()  # once more, when the last process of the version before has ended
    old.check()
    assert found(old, Query(note="compania")) == written
    assert found(old, Query(case_number=f"n-{written - 1}")) == 1
    assert found(old, Query(case_number="n-7")) == 1
    assert old.operations.stats(None).calls == {Outcome.RECORDED: written}
    indexes = {index["name"] for index in inspect(old.database.engine).get_indexes("calls")}
    assert "ix_calls_own_number_started_at" in indexes
    assert "ix_calls_own_number" not in indexes


LOCKED = text(
    "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
    "WHERE pid = pg_backend_pid() AND relkind = 'r' AND mode IN "
    "('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
)
"""The tables that the transaction of who asks lets nobody else write."""


FROZEN = "0008"
"""The last of the migrations that stay as they were published."""


def test_the_transaction_of_a_migration_locks_no_table_that_others_write(
    old: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it locks, in whatever order, could end in a deadlock with them."""
    if old.database.file:
        pytest.skip("SQLite has one lock")
    upgrade, locked = command.upgrade, dict[str, set[str]]()

    def looked_at(config: Config, version: str) -> None:
        connection = config.attributes["connection"]
        used = set(inspect(connection).get_table_names()) - {"alembic_version"}
        upgrade(config, version)
        locked[version] = used & set(connection.execute(LOCKED).scalars())

    monkeypatch.setattr(command, "upgrade", looked_at)
    old.set_up()
    since = {version: tables for version, tables in locked.items() if version > FROZEN}
    assert "0011" in since
    assert {version: tables for version, tables in since.items() if tables} == {}


ADDING_ONE_THING = (
    "0010_custody",
    "0013_calls_that_go_on",
    "0014_erasures",
    "0017_switches_that_end",
    "0020_cases",
)


OF_SQLITE = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE '%words_%'",
    "SELECT rowid FROM notes_words WHERE notes_words MATCH 'compania'",
)
OF_POSTGRESQL = (
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
    "AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')",
    "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public'",
)
"""What tells how tables, indexes and triggers are, and what is found by words."""


FIGURES = "SELECT kind, key, sum(number), sum(size), sum(seconds) FROM figures GROUP BY kind, key"
LOOKS = (
    "SELECT kept, account_sid, sid FROM retention_looks "
    "UNION SELECT kept, account_sid, sid FROM retention_stale"
)


def all_of(database: Database) -> dict[str, list[str]]:
    """Return all that a database has: how its tables are, and their rows.

    Figures may be in several rows, and what changed in either of two tables. The pages of an index
    of words on SQLite lie as they were written.
    """
    tables = {table for table in inspect(database.engine).get_table_names() if "words" not in table}
    queries = {f"SELECT * FROM {table}" for table in tables}  # noqa: S608
    queries |= set(OF_SQLITE if database.file else OF_POSTGRESQL)
    if "figures" in tables:
        queries = queries - {"SELECT * FROM figures"} | {FIGURES}
    if "retention_looks" in tables:
        queries -= {"SELECT * FROM retention_looks", "SELECT * FROM retention_stale"}
        queries |= {LOOKS}
    with database.read() as connection:
        return {query: sorted(map(repr, connection.exec_driver_sql(query))) for query in queries}


def until_step(at: int, execute: online.Execute) -> online.Execute:
    """Return what executes as many statements as that, and is interrupted by the next."""
    done = count()

    def step(statement: str) -> object:
        if next(done) == at:
            raise KeyboardInterrupt
        return execute(statement)

    return step


@pytest.mark.parametrize(
    ("version", "at"),
    [("0002_searches", at) for at in (0, 5, 11, 16)]
    + [("0004_figures", at) for at in (0, 7, 9, 12, 17, 19)]
    + [("0007_call_started_at", at) for at in (0, 4, 9, 13, 17)]
    + [("0008_forwarded_from", at) for at in (0, 1)]
    + [("0009_agents_calls", at) for at in (0, 3, 5)]
    + [("0011_retention", at) for at in (0, 2, 5, 12)]
    + [("0016_notes_of_a_second", at) for at in (0, 1)]
    + [(version, 0) for version in ADDING_ONE_THING],
)
def test_what_was_interrupted_goes_on(
    old: Catalog, olds: Olds, monkeypatch: pytest.MonkeyPatch, version: str, at: int
) -> None:
    number, migration = version[:4], import_module(f"{migrate.VERSIONS}.{version}")
    goes_on = migration.online

    def interrupted(database: Database, execute: online.Execute) -> None:
        goes_on(database, until_step(at, execute))

    with monkeypatch.context() as patch:
        patch.setattr(migration, "online", interrupted)
        with suppress(KeyboardInterrupt):
            bring_to(number, old.database)
            assert at > 0
    with pytest.raises(CatalogUnavailable, match="twirec init"):
        old.check()
    write_as_before(old, OLD)  # the version before goes on
    bring_to(number, old.database)
    assert all_of(old.database) == olds.undisturbed(number)


def test_who_came_to_its_turn_after_all_was_done_does_nothing_again(
    old: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    if old.database.file:
        pytest.skip("on SQLite nobody waits for a turn")
    url = old.database.url.render_as_string(hide_password=False)
    others = [Catalog(url)]
    with old.database.engine.connect() as holder:
        holder.exec_driver_sql(f"SELECT pg_advisory_lock({TABLES_ONLINE})")

        def meanwhile(_: float) -> None:
            with closing(others.pop()) as other:
                holder.exec_driver_sql(f"SELECT pg_advisory_unlock({TABLES_ONLINE})")
                other.set_up()
            for version in ("0002_searches", "0004_figures"):
                monkeypatch.setattr(f"{migrate.VERSIONS}.{version}.make_indexes", None)

        monkeypatch.setattr(online, "time", SimpleNamespace(sleep=meanwhile))
        old.set_up()
    assert others == []
    old.check()
    assert found(old, Query(note="compania")) == OLD


def test_two_who_change_the_tables_of_a_file_at_once_do_it_one_after_the_other(
    old: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not old.database.file:
        pytest.skip("see the test before")
    adds, others = online.add_columns, list[threading.Thread]()
    waits = threading.Event()
    flock = online.fcntl.flock

    def wait(file: Any, how: int) -> None:
        if others:
            waits.set()
        flock(file, how)

    def set_up() -> None:
        with closing(Catalog(f"sqlite:///{old.database.file}")) as other:
            other.set_up()

    def add_when_the_other_waits(*of: Any) -> Iterator[str]:
        if not others:
            others.append(threading.Thread(target=set_up))
            others[0].start()
            assert waits.wait(60)
        yield from adds(*of)

    monkeypatch.setattr(online, "fcntl", SimpleNamespace(flock=wait, LOCK_EX=online.fcntl.LOCK_EX))
    monkeypatch.setattr(f"{migrate.VERSIONS}.0002_searches.add_columns", add_when_the_other_waits)
    old.set_up()
    others[0].join(60)
    assert not others[0].is_alive()
    old.check()


def test_counting_again_is_interrupted_anywhere_and_the_figures_are_right(old: Catalog) -> None:
    old.set_up()
    figures = import_module(f"{migrate.VERSIONS}.0004_figures")
    for at in range(40):
        with online.steps(old.database) as execute, suppress(KeyboardInterrupt):
            figures.online(old.database, until_step(at, execute))
        assert old.operations.stats(None).calls == {Outcome.RECORDED: OLD}


def test_an_index_that_was_left_half_made_is_made_anew(
    old: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    if old.database.file:
        pytest.skip("SQLite makes an index in one transaction, or not")
    half_made = (
        "CREATE INDEX ix_consents_outcome ON consents (outcome)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_consents_outcome'::regclass",
    )
    for statement in half_made:
        with old.database.write() as connection:
            connection.exec_driver_sql(statement)
    old.set_up()
    with old.database.read() as connection:
        invalid = "SELECT indexrelid FROM pg_index WHERE NOT indisvalid"
        assert connection.exec_driver_sql(invalid).all() == []
