"""All threads of a process write through one connection: in turn, in groups, and durably."""

from __future__ import annotations

import gc
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from tests.factories import STARTED
from twirec.catalog import Catalog, waiting, writer
from twirec.catalog.tables import marks
from twirec.model.errors import CatalogUnavailable
from twirec.model.steady import spend_at_most

LONG = 60
"""Seconds after which a test that hangs fails."""

Do = Callable[[], None]


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    monkeypatch.setattr(writer, "LONGEST_GROUP", LONG)  # not the machine says where groups end
    monkeypatch.setattr(waiting, "PATIENCE", LONG)
    with closing(Catalog(f"sqlite:///{tmp_path}/catalog.db")) as catalog:
        catalog.set_up()
        yield catalog


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def commits(catalog: Catalog) -> list[str]:
    """A list that grows with each commit."""
    seen: list[str] = []
    event.listen(catalog.database.engine, "commit", lambda _: seen.append("commit"))
    return seen


def write(catalog: Catalog, name: str, then: Do = lambda: None) -> None:
    with catalog.database.write() as connection:
        catalog.database.insert_once(connection, marks, {"name": name, "at": STARTED})
        then()


def names(catalog: Catalog) -> list[str]:
    """Return what is committed, in the order in which it was written."""
    with closing(sqlite3.connect(catalog.database.file or "")) as other:
        return [name for (name,) in other.execute("SELECT name FROM marks ORDER BY rowid")]


def queued(catalog: Catalog) -> int:
    return len(catalog.database._writer._queue)


def until(holds: Callable[[], bool]) -> None:
    for _ in range(LONG * 1000):
        if holds():
            return
        time.sleep(0.001)
    raise AssertionError("it never happened")


@contextmanager
def held(catalog: Catalog, pool: ThreadPoolExecutor, fail: Do = lambda: None) -> Iterator[Any]:
    """Let somebody write, and the others come to wait for its turn until the block ends."""
    began, goes_on = threading.Event(), threading.Event()

    def sit() -> None:
        began.set()
        assert goes_on.wait(LONG)
        fail()

    first = pool.submit(write, catalog, "first", sit)
    assert began.wait(LONG)
    try:
        yield first
    finally:
        goes_on.set()


def queue_up(
    catalog: Catalog,
    pool: ThreadPoolExecutor,
    count: int,
    then: Callable[[int], None] | None = None,
) -> list[Future[None]]:
    """Let threads wait for their turn, one after the other."""
    waiting_ones = []
    for number in range(count):
        after = (lambda number=number: then(number)) if then else (lambda: None)
        waiting_ones.append(pool.submit(write, catalog, f"{number}", after))
        until(lambda number=number: queued(catalog) == number + 1)  # type: ignore[misc]
    return waiting_ones


def test_those_who_wait_write_in_the_order_in_which_they_came_and_are_one_commit(
    catalog: Catalog, pool: ThreadPoolExecutor, commits: list[str]
) -> None:
    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 10)
    for each in (first, *others):
        each.result(LONG)
    assert names(catalog) == ["first", *map(str, range(10))]
    assert commits == ["commit"]


def test_a_group_ends_though_others_wait(
    catalog: Catalog,
    pool: ThreadPoolExecutor,
    commits: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "LONGEST_GROUP", 0)
    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 3)
    for each in (first, *others):
        each.result(LONG)
    assert len(commits) == 4


def test_nobody_returns_before_the_commit_and_who_reads_waits_for_nothing(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    commits, may_commit = threading.Event(), threading.Event()

    def wait(connection: Connection) -> None:
        if connection is catalog.database._writer._connection:
            commits.set()
            assert may_commit.wait(LONG)

    event.listen(catalog.database.engine, "commit", wait)
    with held(catalog, pool) as first:
        assert catalog.marks.get("first") is None  # while somebody writes
        others = queue_up(catalog, pool, 3)
    assert commits.wait(LONG)
    assert not any(each.done() for each in (first, *others))
    assert names(catalog) == []
    assert catalog.marks.get("first") is None  # while it is committed
    late = pool.submit(write, catalog, "late")
    until(lambda: queued(catalog) == 1)
    may_commit.set()
    for each in (first, *others, late):
        each.result(LONG)
    assert names(catalog) == ["first", "0", "1", "2", "late"]


class Odd(Exception):
    """What goes wrong in a block."""


def fail() -> None:
    raise Odd


@pytest.mark.parametrize("error", [Odd, KeyboardInterrupt, GeneratorExit])
def test_who_fails_undoes_its_own_part_only(
    catalog: Catalog, pool: ThreadPoolExecutor, error: type[BaseException]
) -> None:
    def fail_at_1(number: int) -> None:
        if number == 1:
            raise error

    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 3, fail_at_1)
    for each in (first, others[0], others[2]):
        each.result(LONG)
    assert isinstance(others[1].exception(LONG), error)
    assert names(catalog) == ["first", "0", "2"]


def test_who_fails_first_undoes_nothing_of_the_others(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    with held(catalog, pool, fail) as first:
        others = queue_up(catalog, pool, 2)
    with pytest.raises(Odd):
        first.result(LONG)
    for each in others:
        each.result(LONG)
    assert names(catalog) == ["0", "1"]


def test_who_fails_last_keeps_nobody_from_being_committed(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    with held(catalog, pool) as first:
        (other,) = queue_up(catalog, pool, 1, lambda _: fail())
    first.result(LONG)
    assert isinstance(other.exception(LONG), Odd)
    assert names(catalog) == ["first"]


def test_a_commit_that_fails_fails_all_also_who_failed_by_what_the_others_wrote(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    def full(_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(catalog.database.engine, "commit", full)
    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 3, lambda number: fail() if number == 1 else None)
    for each in (first, *others):
        with pytest.raises(CatalogUnavailable, match="disk is full"):
            each.result(LONG)
    event.remove(catalog.database.engine, "commit", full)
    assert names(catalog) == []
    write(catalog, "again")
    assert names(catalog) == ["again"]


def test_what_sqlite_undid_by_itself_is_not_said_to_be_written(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    def undo() -> None:  # as SQLite does when its disk is full
        group = catalog.database._writer._group
        assert group is not None
        group._driver.execute("ROLLBACK")

    with pytest.raises(CatalogUnavailable):
        write(catalog, "alone", undo)
    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 2, lambda number: undo() if number == 0 else None)
    for each in (first, others[0]):
        with pytest.raises(CatalogUnavailable):
            each.result(LONG)
    others[1].result(LONG)
    assert names(catalog) == ["1"]


class Interrupting:
    """SQLite's connection, and Ctrl-C in the moment in which somebody looks at it."""

    def __init__(self, driver: Any) -> None:
        self.execute = driver.execute

    @property
    def in_transaction(self) -> bool:
        raise KeyboardInterrupt


def test_who_is_interrupted_before_the_commit_leaves_nobody_to_think_it_is_written(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    def interrupt(number: int) -> None:
        group = catalog.database._writer._group
        assert group is not None
        if number == 1:
            group._driver = Interrupting(group._driver)

    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 2, interrupt)
    assert isinstance(others[1].exception(LONG), KeyboardInterrupt)
    for each in (first, others[0]):
        with pytest.raises(CatalogUnavailable, match="interrupted"):
            each.result(LONG)
    write(catalog, "after")
    assert names(catalog) == ["after"]


@pytest.mark.parametrize("last", [True, False])
def test_who_is_interrupted_at_leaving_gives_the_turn_on_and_undoes_the_group(
    catalog: Catalog, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    leave, left = writer._Group.leave, iter([False, True])

    def interrupted(group: writer._Group, *, done: bool) -> None:
        if next(left, False):
            raise KeyboardInterrupt
        leave(group, done=done)

    monkeypatch.setattr(writer._Group, "leave", interrupted)
    with held(catalog, pool) as first:
        others = queue_up(catalog, pool, 1 if last else 2)
    assert isinstance(others[0].exception(LONG), KeyboardInterrupt)
    with pytest.raises(CatalogUnavailable, match="interrupted"):
        first.result(LONG)
    for each in others[1:]:
        each.result(LONG)
    with spend_at_most(LONG):
        write(catalog, "after")
    assert names(catalog) == (["after"] if last else ["1", "after"])


def test_a_transaction_within_a_transaction_is_an_error(catalog: Catalog) -> None:
    with pytest.raises(RuntimeError, match="within a transaction"):
        write(catalog, "outer", lambda: write(catalog, "inner"))
    write(catalog, "after")
    assert names(catalog) == ["after"]


def test_who_has_a_budget_gives_up_in_the_queue_and_the_next_one_has_its_turn(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    def hurried() -> None:
        with spend_at_most(0.01):
            write(catalog, "hurried")

    with held(catalog, pool) as first:
        with pytest.raises(CatalogUnavailable, match="busy"):
            hurried()
        (other,) = queue_up(catalog, pool, 1)
    first.result(LONG)
    other.result(LONG)
    assert names(catalog) == ["first", "0"]


def test_who_writes_for_too_long_is_given_up_with_its_group(
    catalog: Catalog, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GRACE", 0.01)
    sits, goes_on = threading.Event(), threading.Event()

    def sit(_: int) -> None:
        sits.set()
        assert goes_on.wait(LONG)

    def hurried() -> None:
        with spend_at_most(0.01):
            write(catalog, "hurried", lambda: until(lambda: queued(catalog) == 1))

    hasty = pool.submit(hurried)
    until(lambda: catalog.database._writer._holder is not None)
    # not by `queue_up`: its turn comes as soon as it waits for it
    slow = pool.submit(write, catalog, "0", lambda: sit(0))
    assert sits.wait(LONG)
    with pytest.raises(CatalogUnavailable, match="too long"):
        hasty.result(LONG)  # though the other goes on
    goes_on.set()
    with pytest.raises(CatalogUnavailable, match="too long"):
        slow.result(LONG)
    assert names(catalog) == []
    write(catalog, "after")
    assert names(catalog) == ["after"]


def test_a_block_that_nobody_goes_on_with_ends_the_turn(catalog: Catalog) -> None:
    def begun() -> Iterator[None]:
        with catalog.database.write() as connection:
            catalog.database.insert_once(connection, marks, {"name": "left", "at": STARTED})
            yield

    left = begun()
    next(left)
    del left
    gc.collect()
    write(catalog, "after")
    assert names(catalog) == ["after"]


def test_a_catalog_that_was_closed_meanwhile_keeps_what_is_being_written(
    catalog: Catalog, pool: ThreadPoolExecutor
) -> None:
    with held(catalog, pool) as first:
        (other,) = queue_up(catalog, pool, 1)
        catalog.close()
    first.result(LONG)
    other.result(LONG)
    assert names(catalog) == ["first", "0"]
    assert catalog.database._writer._connection is None
    assert not Path(f"{catalog.database.file}-wal").exists()  # the last one took it away


def test_whatever_fails_nothing_is_lost_and_nothing_is_there_that_failed(
    catalog: Catalog, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST_GROUP", 0.01)
    monkeypatch.setattr(writer, "GRACE", 0.001)  # so that some are given up
    done, failed = set[str](), set[str]()

    def work(thread: int) -> None:
        chance = random.Random(thread)  # noqa: S311 - the same each time
        for number in range(40):
            name, luck = f"{thread}.{number}", chance.random()
            try:
                with spend_at_most(0.001 if luck > 0.8 else LONG):
                    write(catalog, name, fail if luck < 0.2 else lambda: None)
            except (Odd, CatalogUnavailable):
                failed.add(name)
            else:
                done.add(name)
            if luck > 0.95:
                catalog.close()

    for each in [pool.submit(work, thread) for thread in range(8)]:
        each.result(LONG)
    assert set(names(catalog)) == done
    assert len(done) + len(failed) == 8 * 40


# --- other processes ------------------------------------------------------------------------------


class Clock:
    """Lets time pass at once, and something happen at a time."""

    def __init__(self, at: float, happens: Do) -> None:
        self.now, self._at, self._happens = 0.0, at, happens

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self._at:
            self._happens()


@pytest.fixture
def foreign(catalog: Catalog) -> Iterator[sqlite3.Connection]:
    """Another process, which holds the write lock."""
    with closing(sqlite3.connect(catalog.database.file or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def let_time_pass(
    monkeypatch: pytest.MonkeyPatch, foreign: sqlite3.Connection, *, seconds: float
) -> Clock:
    """Let another process hold the lock for so long, in no time."""
    clock = Clock(seconds, lambda: foreign.rollback())
    now = SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep)
    monkeypatch.undo()  # as long as in life
    monkeypatch.setattr(waiting, "time", now)
    return clock


def test_a_worker_waits_ten_seconds_for_the_lock_of_another(
    catalog: Catalog, foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = let_time_pass(monkeypatch, foreign, seconds=9.9)
    write(catalog, "worker")
    assert names(catalog) == ["worker"]
    assert clock.now < 9.9 + waiting.LONGEST


def test_who_has_a_caller_on_the_line_waits_no_longer_than_its_budget(
    catalog: Catalog, foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = let_time_pass(monkeypatch, foreign, seconds=9)
    with spend_at_most(3), pytest.raises(CatalogUnavailable, match="locked"):
        write(catalog, "webhook")
    assert clock.now < 3 + waiting.LONGEST


def test_who_reads_does_not_wait_for_the_lock_of_another(
    catalog: Catalog, foreign: sqlite3.Connection
) -> None:
    with spend_at_most(0):
        assert catalog.marks.get("nothing") is None


SCRIPTS = Path(__file__).parent / "scripts"


def run(script: str, catalog: Catalog, *, kill_at: int = 0) -> list[str]:
    """Run a program of its own on a catalog, and return what it said; kill it after some lines."""
    command = [sys.executable, "-W", "ignore", SCRIPTS / script, str(catalog.database.url)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if len(lines) == kill_at:
                process.kill()
    assert process.returncode == (-9 if kill_at else 0)
    return lines


def halves(there: set[str]) -> set[str]:
    return {name for name in there if name.endswith(" half")}


def test_what_a_killed_process_had_written_is_there_and_nothing_half(catalog: Catalog) -> None:
    said = run("write_until_killed.py", catalog, kill_at=300)
    there = set(names(catalog))
    assert set(said) <= there
    assert {name.removesuffix(" half") for name in there} == there - halves(there)
    assert {name.removesuffix(" half") for name in halves(there)} == there - halves(there)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_catalog_is_used_on_both_sides_of_a_fork(catalog: Catalog) -> None:
    catalog.close()  # so that the processes of the fork are alone with the file
    assert run("fork.py", catalog) == ["child", "parent"]
    assert names(catalog) == ["before", "child", "parent", "child after", "thread after"]
