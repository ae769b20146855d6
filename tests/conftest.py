"""What all tests of the library share: houses, and processes of `twirec`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest

from tests.house import House
from tests.lending import POSTGRESQL
from tests.ready import Ready, ready
from twirec.adapters import decryption
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import database as database_module
from twirec.settings import Settings


@pytest.fixture(scope="session", autouse=True)
def keys_read_once() -> Iterator[None]:
    """Read a private key once: OpenSSL proves each time that its factors are prime."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decryption, "load_pem_private_key", cache(decryption.load_pem_private_key))
        yield


@pytest.fixture(scope="session")
def of_process() -> Callable[[Mapping[str, str]], dict[str, str]]:
    """What makes of the environment of a test that of a process, whose catalog is the test's."""

    def environ(given: Mapping[str, str]) -> dict[str, str]:
        url = given.get("TWIREC_DATABASE_URL")
        if not (POSTGRESQL and url):
            return dict(given)
        place = database_module.database_url(url)
        return {**given, "TWIREC_DATABASE_URL": place.render_as_string(hide_password=False)}

    return environ


@pytest.fixture(scope="session")
def ready_twirec(of_process: Callable[[Mapping[str, str]], dict[str, str]]) -> Iterator[Ready]:
    """What starts `twirec` in processes that begin with everything loaded."""
    with ready(environ=of_process) as starting:
        yield starting


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, MemoryBucket())
    yield house
    house.archive.close()


@pytest.fixture
def rebuilt(house: House) -> Iterator[Callable[[], Archive]]:
    """Make an archive with a new catalog from the house's bucket; the old catalog is lost."""
    made: list[Archive] = []

    def rebuild() -> Archive:
        archive = Archive(
            house.archive.settings, bucket=house.bucket, vendor=house.vendor, now=lambda: house.time
        )
        archive.report = archive.journal.rebuild(by="ana")  # type: ignore[attr-defined]
        made.append(archive)
        return archive

    yield rebuild
    for archive in made:
        archive.catalog.close()
