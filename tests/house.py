"""An archive in memory, its vendor and its bucket, and a clock that stands still."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
)

from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.catalog.database import Database
from twirec.catalog.retention_tables import retention_looks as looks
from twirec.catalog.retention_tables import retention_stale as stale
from twirec.catalog.tables import figures, metadata
from twirec.jobs.retrying import TRANSFERS
from twirec.model.ports import SpeechModel
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus, VendorCall, VendorRecording, VoiceRoute
from twirec.model.vocabulary import Role
from twirec.settings import Settings
from twirec.testing import PUBLIC_URL

NAME = f"recordings/2026/11/23/20261123T101500Z_{recording_sid()}.wav"
BOTH = (Role.CUSTOMER, Role.AGENT)
AT_VENDOR = VendorRecording(
    sid=recording_sid(),
    account_sid=ACCOUNT,
    call_sid=call_sid(),
    status=RecordingStatus.COMPLETED,
    created_at=STARTED,
    started_at=STARTED,
    duration=4,
    channels=2,
    source="DialVerb",
)

A_CALL = VendorCall(
    sid=call_sid(),
    account_sid=ACCOUNT,
    from_="+34600111222",
    to="+34911000111",
    direction="inbound",
    status="completed",
    started_at=STARTED,
)


APPLICATION = "AP" + "1" * 32
OWN_ROUTES = (
    VoiceRoute(A_CALL.to, f"{PUBLIC_URL}/voice"),
    VoiceRoute(APPLICATION, f"{PUBLIC_URL}/softphone"),
    VoiceRoute("shop.sip.twilio.com", served_by=APPLICATION),
)
"""Where the numbers of the scenes point: at the app."""


def with_settings(archive: Archive, **changes: Any) -> Archive:
    """Return what a restart with other settings makes of an archive; all else is the same."""
    bucket, vendor = archive._given
    settings = dataclasses.replace(archive.settings, **changes)
    return Archive(
        settings,
        catalog=archive.catalog,
        bucket=bucket,
        vendor=vendor,
        speech=archive._given_speech,
        now=lambda: archive.now(),
    )


Rows = list[tuple[Table, list[dict[str, Any]]]]
"""What tables have in them, in the order in which it can be written."""


def copy_rows(database: Database, into: Database) -> None:
    """Let an empty database be what another one is, both on the same kind of database."""
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as rows, into.engine.connect() as room:
            raw(rows).backup(raw(room))
        return
    write_rows(rows_of(database.engine, metadata), into.engine)


WRITTEN = (looks, stale)
"""Tables in which something is, since rows were written into others."""


def rows_of(engine: Engine, tables: MetaData) -> Rows:
    """Return what a database on PostgreSQL has in these tables; most have nothing."""
    ask = "SELECT '{0}' WHERE EXISTS (SELECT FROM \"{0}\")"
    has_rows = " UNION ALL ".join(ask.format(name) for name in tables.tables)
    with engine.connect() as connection:
        filled = set(connection.exec_driver_sql(has_rows).scalars()) - {figures.name}
        return [
            (table, [dict(row) for row in connection.execute(select(table)).mappings()])
            for table in sorted(tables.sorted_tables, key=lambda table: table in WRITTEN)
            if table.name in filled or table in WRITTEN  # figures are counted as rows are written
        ]


def write_rows(rows: Rows, into: Engine) -> None:
    """Write what other tables have into empty ones, on PostgreSQL."""
    with into.begin() as room:
        room.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no triggers
        for table, found in rows:
            if table in WRITTEN:
                room.execute(delete(table))
            if found:
                room.execute(insert(table), found)
                (key, *more) = table.primary_key
                if not more and table.autoincrement_column is key:
                    last = select(func.max(key)).scalar_subquery()
                    sequence = func.pg_get_serial_sequence(table.name, key.name)
                    room.execute(select(func.setval(sequence, last)))


def raw(connection: Connection) -> sqlite3.Connection:
    """Return what SQLAlchemy's connection stands on."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class House:
    """An archive in memory whose clock stands still until it is moved."""

    def __init__(
        self, settings: Settings, bucket: MemoryBucket, speech: SpeechModel | None = None
    ) -> None:
        self.time = STARTED + timedelta(minutes=1)
        self.bucket = bucket
        self.vendor = MemoryVendor()
        for route in OWN_ROUTES:
            self.vendor.routes.append((ACCOUNT, route))
        self.archive = Archive(
            settings,
            bucket=bucket,
            vendor=self.vendor,
            speech=speech or MemorySpeech(),
            now=lambda: self.time,
        )
        self.archive.set_up()
        self.archive.journal.mark_bucket()
        self.archive.catalog.ledger.open_call(a_call())
        self.archive.catalog.consents.record(a_consent(), None)

    def copy(self, bucket: MemoryBucket | None = None) -> House:
        """Return a house where all is as it is here: to record takes five times as long.

        Args:
            bucket: a copy of the bucket, if it is not one in memory.
        """
        made = House.__new__(House)
        made.time = self.time
        made.bucket = bucket or MemoryBucket()
        if bucket is None:
            made.bucket._objects = dict(self.bucket._objects)
            newest = max(stored.generation for stored, _ in made.bucket._objects.values())
            made.bucket._generations = itertools.count(newest + 1)
        made.vendor = MemoryVendor()
        for name in ("_accounts", "_calls", "_recordings", "_media"):
            setattr(made.vendor, name, dict(getattr(self.vendor, name)))
        made.vendor.routes = list(self.vendor.routes)
        made.archive = Archive(
            self.archive.settings,
            bucket=made.bucket,
            vendor=made.vendor,
            speech=self.archive._given_speech,
            now=lambda: made.time,
        )
        copy_rows(self.archive.catalog.database, into=made.archive.catalog.database)
        return made

    def record(self, media: bytes, **changes: Any) -> None:
        """Let the vendor hold a recording and tell of it."""
        self.vendor.add_recording(dataclasses.replace(AT_VENDOR, **changes), media)
        self.tell()

    def tell(self, **changes: Any) -> None:
        """Let a `completed` callback arrive."""
        self.archive.catalog.recordings.receive(
            a_callback(**changes), state=State.COMPLETED, channel_map=BOTH, at=self.time
        )

    def work(self) -> Recording:
        """Do what is due, and return the recording."""
        self.archive.operations.worker(threads=1).run_once()
        return self.recording()

    def work_on(self) -> Recording:
        """Work until nothing is due any more, moving the clock to each due date."""
        for _ in range(TRANSFERS.tries + 1):
            recording = self.work()
            if recording.due_at is None:
                return recording
            self.time = max(self.time, recording.due_at)
        raise AssertionError("it never came to an end")

    def recording(self) -> Recording:
        return self.archive.catalog.recordings.get(recording_sid())

    def stored(self) -> list[str]:
        return [found.name for found in self.bucket.list("recordings/")]

    def at_vendor(self) -> list[str]:
        return [found.sid for found in self.vendor.recordings(ACCOUNT)]
