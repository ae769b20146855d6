from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.transfers.house import House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.settings import Settings


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
        archive.report = archive.rebuild(by="ana")  # type: ignore[attr-defined]
        made.append(archive)
        return archive

    yield rebuild
    for archive in made:
        archive.catalog.close()
