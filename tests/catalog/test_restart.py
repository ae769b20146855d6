"""A PostgreSQL server that is stopped and started loses nothing and does nothing twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from tests.factories import ACCOUNT, STARTED, a_call, call_sid, recording_sid
from tests.house import House
from tests.lending import run_postgres
from tests.servers import Postgres
from tests.sounds import wav
from tests.webhooks.calling import STATUS
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.flask import Twirec
from twirec.model.audit import AuditDraft, AuditOutcome
from twirec.model.errors import CatalogUnavailable
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import SignedPosts

THREADS = 4
LONG = 120
"""Seconds after which a test that hangs fails."""


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[Postgres]:
    """A server of its own, which keeps what it committed when it is cut off."""
    yield from run_postgres(durable=True)


@pytest.fixture
def catalog(new_postgres: Callable[[], str]) -> Iterator[Catalog]:
    with closing(Catalog(new_postgres())) as catalog:
        catalog.set_up()
        yield catalog


@contextmanager
def away(server: Postgres) -> Iterator[None]:
    """Let a server be away as long as the block lasts."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def draft(by: str) -> AuditDraft:
    return AuditDraft(STARTED, by, "", "sign_in", "", "", AuditOutcome.DONE, {})


def until(holds: Callable[[], bool]) -> None:
    for _ in range(LONG * 100):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def test_a_restart_between_two_transactions_is_noticed_by_nobody(
    catalog: Catalog, postgres_server: Postgres
) -> None:
    catalog.ledger.open_call(a_call())
    with away(postgres_server):
        pass
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    with away(postgres_server):
        pass
    assert catalog.ledger.call(ACCOUNT, call_sid(2)).call == a_call(call_sid=call_sid(2))
    with away(postgres_server):
        pass
    with catalog.database.read(snapshot=True) as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == (
            "repeatable read"
        )


def test_while_it_is_away_that_is_said_at_once(catalog: Catalog, postgres_server: Postgres) -> None:
    with away(postgres_server):
        for use in (catalog.check, lambda: catalog.ledger.open_call(a_call())):
            with pytest.raises(CatalogUnavailable):
                use()
    catalog.check()


def test_what_returned_is_there_once_and_what_failed_at_most_once(
    catalog: Catalog, postgres_server: Postgres
) -> None:
    returned: Counter[str] = Counter()
    failed: list[Exception] = []
    ends = threading.Event()

    def work(thread: int) -> None:
        number = 0
        while not ends.is_set():
            number += 1
            try:
                catalog.audit.append(draft(f"{thread}.{number}"))
                assert catalog.audit.head() is not None
            except Exception as error:  # noqa: BLE001 - all that comes is looked at
                failed.append(error)
                ends.wait(0.01)
            else:
                returned[f"{thread}"] += 1
                ends.wait(0.01)  # that a server is cut off while it works takes no more

    with ThreadPoolExecutor(THREADS) as pool:
        workers = [pool.submit(work, number) for number in range(THREADS)]
        try:
            for _ in range(2):
                before = Counter(returned)
                until(lambda: all(returned[f"{n}"] > before[f"{n}"] for n in range(THREADS)))  # noqa: B023
                with away(postgres_server):
                    count = len(failed)
                    until(lambda: len(failed) > count)  # noqa: B023
            before = Counter(returned)
            until(lambda: all(returned[f"{n}"] > before[f"{n}"] for n in range(THREADS)))
        finally:
            ends.set()
        for worker in workers:
            worker.result(LONG)
    assert {type(error) for error in failed} == {CatalogUnavailable}
    there = Counter(entry.by for entry in catalog.audit.entries(0, 10**6))
    assert set(there.values()) == {1}
    # A commit whose answer was lost may be there: at most one for each failure.
    assert returned.total() <= there.total() <= returned.total() + len(failed)
    entries = catalog.audit.entries(0, 10**6)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_workers_go_on_by_themselves_and_do_each_recording_once(
    new_postgres: Callable[[], str], twirec_settings: Settings, postgres_server: Postgres
) -> None:
    house = House(replace(twirec_settings, database_url=new_postgres()), MemoryBucket())
    sids = [recording_sid(number) for number in range(1, 13)]
    for sid in sids:
        house.record(wav(4.0, channels=2), sid=sid)
        house.tell(recording_sid=sid)
    worker = house.archive.operations.worker(threads=THREADS)
    with ThreadPoolExecutor(1) as pool:
        works = pool.submit(worker.run)
        try:
            until(lambda: len(house.stored()) >= 3)
            with away(postgres_server):
                pass

            def later() -> bool:
                house.time += timedelta(seconds=10)  # until what was cut off is due again
                return house.at_vendor() == []

            until(later)
        finally:
            worker.stop()
        works.result(LONG)
    states = [house.archive.catalog.recordings.get(sid).state for sid in sids]
    assert states == [State.RELEASED] * len(sids)
    assert len(house.stored()) == len(sids)
    house.archive.close()


def test_callbacks_are_refused_while_it_is_away_and_taken_when_it_is_back(
    new_postgres: Callable[[], str],
    twirec_settings: Settings,
    twirec_post: Callable[[Flask], SignedPosts],
    postgres_server: Postgres,
) -> None:
    archive = Archive(replace(twirec_settings, database_url=new_postgres()), bucket=MemoryBucket())
    archive.set_up()
    app = Flask(__name__)
    Twirec(app, archive)
    post = twirec_post(app)
    assert post("/twirec/status", STATUS).status_code == 204
    with away(postgres_server):
        assert post("/twirec/status", OTHER).status_code == 500
    assert post("/twirec/status", OTHER).status_code == 204
    sids = [archive.catalog.recordings.get(form["RecordingSid"]).sid for form in (STATUS, OTHER)]
    assert len(set(sids)) == 2
    archive.close()


OTHER = {**STATUS, "RecordingSid": recording_sid(2)}
