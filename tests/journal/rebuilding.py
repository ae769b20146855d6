"""What the tests of a rebuild share."""

from __future__ import annotations

from typing import Any

from tests.factories import STARTED
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.model.records import CallRecord
from twirec.model.search import Query

MEDIA = wav(seconds=4, channels=2)
DAY = STARTED.date()


def everything(catalog: Catalog) -> list[CallRecord]:
    return catalog.search.page(Query(limit=10_000))


def replace_object(bucket: MemoryBucket, name: str, content: bytes) -> None:
    stored = bucket.stat(name)
    bucket.delete(name, stored.generation)
    bucket.put(
        name,
        [content],
        content_type="x",
        labels=stored.labels,
        custom_time=stored.custom_time or STARTED,
        finish=dict,
    )


def report(archive: Archive) -> Any:
    return archive.report  # type: ignore[attr-defined]
