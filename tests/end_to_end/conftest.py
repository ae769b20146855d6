from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.servers import StrictGcs
from tests.servers import fake_gcs as fake_gcs_server
from twirec.adapters import gcs


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An installation whose bucket is a folder."""
    with Site(tmp_path, f"file://{tmp_path}/bucket").running() as site:
        yield site


@pytest.fixture(params=["folder", "fake-gcs", "strict-gcs"])
def any_site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """An installation on each kind of bucket; fake-gcs-server's has its catalog on PostgreSQL."""
    bucket, environ = f"file://{tmp_path}/bucket", {}
    if request.param != "folder":
        server = request.getfixturevalue(request.param.replace("-", "_"))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
        bucket = f"gs://recordings/{uuid.uuid4()}"
    if request.param == "fake-gcs":
        environ["TWIREC_DATABASE_URL"] = request.getfixturevalue("new_postgres")()
    with Site(tmp_path, bucket, environ=environ).running() as site:
        yield site


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is larger than 256 KiB go in pieces of that size, the least that Google takes."""
    monkeypatch.setattr(gcs, "SINGLE", gcs.PIECE // 4)
    monkeypatch.setattr(gcs, "LARGE_PIECE", gcs.PIECE // 4)


@pytest.fixture(scope="session")
def fake_gcs() -> Iterator[str]:
    with fake_gcs_server("recordings") as url:
        yield url


@pytest.fixture(scope="session")
def strict_server() -> Iterator[StrictGcs]:
    with StrictGcs("recordings") as server:
        yield server


@pytest.fixture(scope="session")
def strict_gcs(strict_server: StrictGcs) -> str:
    return strict_server.url
