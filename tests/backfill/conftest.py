"""A house with much at the vendor, whose bucket counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.backfill.gathering import DAY, CountingBucket
from tests.factories import STARTED
from tests.house import House
from twirec.settings import Settings


@pytest.fixture
def bucket() -> CountingBucket:
    return CountingBucket()


@pytest.fixture
def house(twirec_settings: Settings, bucket: CountingBucket) -> Iterator[House]:
    """A house whose clock runs two thousand times faster than life."""
    house = House(twirec_settings, bucket)
    begun = time.monotonic()
    now = STARTED + DAY
    house.archive.now = lambda: now + timedelta(seconds=2000 * (time.monotonic() - begun))
    yield house
    house.archive.close()
