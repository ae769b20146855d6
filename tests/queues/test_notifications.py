"""PostgreSQL tells workers what is due: with the commit, and after its connections were cut."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

import pytest
from sqlalchemy import text

from tests.end_to_end.site import until
from tests.factories import recording_sid
from tests.house import House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import notifications
from twirec.catalog.hints import hint
from twirec.catalog.notifications import KINDS
from twirec.jobs import worker
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

pytestmark = pytest.mark.xdist_group("postgres")

FAR = 3600.0


@pytest.fixture
def house(new_postgres: Callable[[], str]) -> Iterator[House]:
    changes = {"TWIREC_QUEUE": "postgres", "TWIREC_DATABASE_URL": new_postgres()}
    house = House(Settings.from_env({**ENVIRONMENT, **changes}), MemoryBucket())
    yield house
    house.archive.close()


class Listener:
    """Who is woken, in a thread of its own."""

    def __init__(self, archive: Archive) -> None:
        self.woken: SimpleQueue[str | None] = SimpleQueue()
        self._stop = threading.Event()
        listen = archive.catalog.notifications.listen
        goes_on = lambda: not self._stop.is_set()  # noqa: E731
        self._thread = threading.Thread(target=listen, args=(self.woken.put, goes_on))

    def __enter__(self) -> Listener:
        self._thread.start()
        assert {self.woken.get(timeout=120) for _ in KINDS} == {*KINDS}
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def is_quiet(self) -> bool:
        try:
            self.woken.get(timeout=0.3)
        except Empty:
            return True
        return False


def cut_connections(archive: Archive) -> None:
    """End all other connections to the database, as its restart does."""
    with archive.catalog.database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_what_is_committed_is_told_of_and_what_is_not_is_not(house: House) -> None:
    class Broken(Exception):
        pass

    def change() -> None:
        with house.archive.catalog.database.write() as connection:
            hint(connection, "event", "e", house.time)
            raise Broken

    with Listener(house.archive) as listener:
        with pytest.raises(Broken):
            change()
        assert listener.is_quiet()
        house.record(wav(seconds=4, channels=2))
        assert listener.woken.get(timeout=120) == "recording"


def test_a_connection_that_is_cut_is_made_anew_and_everything_is_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "SHORTEST", 0.01)
    with Listener(house.archive) as listener:
        cut_connections(house.archive)
        heard: set[str | None] = set()
        while heard != {None, *KINDS}:  # looking meanwhile, once or more often
            heard.add(listener.woken.get(timeout=120))
        house.record(wav(seconds=4, channels=2))
        assert listener.woken.get(timeout=120) == "recording"


def test_a_worker_does_at_once_what_it_is_told_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", FAR)
    monkeypatch.setattr(worker, "POLL_WOKEN", FAR)  # only who is told does anything
    running = house.archive.operations.worker(threads=2)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        house.record(wav(seconds=4, channels=2))
        until(lambda: house.recording().state is State.RELEASED)
        cut_connections(house.archive)
        other = recording_sid(2)
        house.record(wav(seconds=4, channels=2), sid=other)
        house.tell(recording_sid=other)
        released = lambda: house.archive.catalog.recordings.get(other).state is State.RELEASED  # noqa: E731
        until(released)
    finally:
        running.stop()
        thread.join()
