"""What the tests of the journal share."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.factories import STARTED
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.journal.page import read_page

DAY = STARTED.date()
MEDIA = wav(seconds=4, channels=2)


def names(bucket: MemoryBucket) -> list[str]:
    return [stored.name for stored in bucket.list("journal/")]


def text(bucket: MemoryBucket) -> str:
    return "".join(b"".join(bucket.open_range(name)).decode() for name in names(bucket))


def rows(bucket: MemoryBucket, day: date = DAY) -> list[tuple[str, Any]]:
    (name,) = [name for name in names(bucket) if f"{day:%Y/%m/%d}" in name]
    return list(read_page(day, bucket.open_range(name)))
