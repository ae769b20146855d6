from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.settings import Settings


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, MemoryBucket())
    yield house
    house.archive.close()
