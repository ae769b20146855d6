"""A strict server, and buckets on it that no other test uses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from tests.adapters.gcs.uses import PIECE, SINGLE
from tests.servers import StrictGcs
from twirec.adapters import gcs
from twirec.adapters.byte_budget import ByteBudget
from twirec.adapters.gcs import SINGLE_COST, GcsBucket


class Opener(Protocol):
    def __call__(self, name: str = ..., **options: Any) -> GcsBucket: ...


@pytest.fixture(scope="package")
def server() -> Iterator[StrictGcs]:
    with StrictGcs("bucket-of-tests") as server:
        yield server


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a large object in as many pieces as in life, of half the size."""
    monkeypatch.setattr(gcs, "PIECE", PIECE)
    monkeypatch.setattr(gcs, "SINGLE", SINGLE)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the adapter wanted to wait before it tried again."""
    waits: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=waits.append)
    monkeypatch.setattr("google.api_core.retry.retry_unary.time", clock)
    return waits


@pytest.fixture
def open_bucket(server: StrictGcs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Open parts of the server's bucket that no other test uses."""
    server.reset()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    opened: list[GcsBucket] = []

    def open_bucket(name: str = "bucket-of-tests", **options: Any) -> GcsBucket:
        # With room for one, a large object goes in small pieces, so that more of them can fail.
        usual = {"retry_for": 5, "budget": ByteBudget(SINGLE_COST)}
        opened.append(GcsBucket(name, f"{uuid.uuid4()}", **{**usual, **options}))
        return opened[-1]

    yield open_bucket
    for bucket in opened:
        bucket.close()


@pytest.fixture
def bucket(open_bucket: Opener) -> GcsBucket:
    return open_bucket(retry_for=60)
