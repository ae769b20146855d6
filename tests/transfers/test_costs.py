"""What an ordinary recording costs: at most three transactions, and three requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from sqlalchemy import Connection

from tests.servers import StrictGcs
from twirec import Archive
from twirec.catalog.database import Database
from twirec.sandbox import Sandbox
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

FEW, MANY = 2, 7
AN_HOUR = 3600.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.number("+34911000111", voice_url=f"{ENVIRONMENT['TWIREC_PUBLIC_URL']}/voice")
        yield sandbox


@pytest.fixture
def archive(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive with all that a real one has; however slow the machine, it looks once at what it
    looks at every few seconds."""
    monkeypatch.setattr("twirec.journal.publishing.LOOK_EVERY", AN_HOUR)
    monkeypatch.setattr("twirec.archive.archive.MARK_TRUSTED", AN_HOUR)
    with StrictGcs("costs") as gcs:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        places = {
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWIREC_BUCKET": "gs://costs/calls",
            "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
        }
        archive = Archive(Settings.from_env({**ENVIRONMENT, **places}))
        archive.set_up()
        yield archive
        archive.close()


class Costs:
    """Counts the transactions of an archive, and requests, from now on.

    Of that archive alone: what a test before left running may still look into its own.
    """

    def __init__(self, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        self.transactions: list[str] = []
        self.requests: list[str] = []
        read, write = Database.read, Database.write
        urlopen = urllib3.HTTPConnectionPool.urlopen

        def reading(database: Database, **options: Any) -> AbstractContextManager[Connection]:
            if database is archive.catalog.database:
                self.transactions.append("read")
            return read(database, **options)

        def writing(database: Database) -> AbstractContextManager[Connection]:
            if database is archive.catalog.database:
                self.transactions.append("write")
            return write(database)

        def asking(
            pool: urllib3.HTTPConnectionPool, method: str, url: str, **options: Any
        ) -> object:
            self.requests.append(method)
            return urlopen(pool, method, url, **options)

        monkeypatch.setattr(Database, "read", reading)
        monkeypatch.setattr(Database, "write", writing)
        monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", asking)


def costs_of(archive: Archive, sandbox: Sandbox, recordings: int) -> Costs:
    """Return what a worker spends on so many recordings, and on beginning and ending."""
    for _ in range(recordings):
        sandbox.add_recording(seconds=1)
    assert archive.operations.sweep().adopted == recordings
    with pytest.MonkeyPatch.context() as counted:
        costs = Costs(archive, counted)
        archive.operations.worker(threads=1).run_once()
    assert archive.operations.parked() == []
    return costs


def test_an_ordinary_recording_costs_three_transactions_and_three_requests(
    archive: Archive, sandbox: Sandbox
) -> None:
    costs_of(archive, sandbox, 1)  # after it all that is looked at once was looked at
    few, many = (costs_of(archive, sandbox, count) for count in (FEW, MANY))
    for method in ("GET", "POST", "DELETE"):
        assert many.requests.count(method) - few.requests.count(method) == MANY - FEW
    assert len(many.requests) - len(few.requests) == 3 * (MANY - FEW)
    assert len(many.transactions) - len(few.transactions) <= 3 * (MANY - FEW)
