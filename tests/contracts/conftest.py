"""The buckets and catalogs that the contract suite runs on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import StrictGcs, fake_gcs
from twirec.adapters.folder import FolderBucket
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog import Catalog
from twirec.model.ports import Bucket

GCS_BUCKET = "bucket-of-tests"
BUCKETS = ("memory", "folder", "fake-gcs", "strict-gcs")


@pytest.fixture(scope="session")
def strict_gcs() -> Iterator[StrictGcs]:
    """The strict server, with one bucket."""
    with StrictGcs(GCS_BUCKET) as server:
        yield server


@pytest.fixture(scope="session")
def fake_gcs_url() -> Iterator[str]:
    """The address of fake-gcs-server, with one bucket."""
    with fake_gcs(GCS_BUCKET) as url:
        yield url


@pytest.fixture(params=BUCKETS)
def bucket(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    """An empty bucket of each kind."""
    match request.param:
        case "memory":
            yield MemoryBucket()
        case "folder":
            yield FolderBucket(tmp_path / "bucket")
        case "fake-gcs":
            with _gcs(request.getfixturevalue("fake_gcs_url"), monkeypatch) as bucket:
                yield bucket
        case "strict-gcs":
            with _gcs(request.getfixturevalue("strict_gcs").url, monkeypatch) as bucket:
                yield bucket


@contextmanager
def _gcs(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsBucket]:
    """Open a part of the server's bucket that no other test uses."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    bucket = GcsBucket(GCS_BUCKET, f"tests/{uuid.uuid4()}", retry_for=5)
    yield bucket
    bucket.close()


@pytest.fixture(params=["file", "postgres"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog on each database. That in memory, nearly all other tests have."""
    if request.param == "file":
        url = f"sqlite:///{tmp_path}/catalog.db"
    else:
        url = request.getfixturevalue("new_postgres")()
    catalog = Catalog(url)
    catalog.set_up()
    yield catalog
    catalog.close()
