"""Keeping every wording that was ever played in the bucket, beside the recordings."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from twirec.model.catalog import Catalog
from twirec.model.errors import ObjectExists
from twirec.model.ports import Bucket
from twirec.transfers.naming import SCHEMA, announcement_name


def publish_announcements(catalog: Catalog, bucket: Bucket, now: datetime) -> None:
    """Put the wordings that are not in the bucket yet there, as `announcements/<hash>.json`."""
    for announcement in catalog.unpublished_announcements():
        labels = {"schema": SCHEMA, "language": announcement.language}
        with suppress(ObjectExists):  # the name is the content's hash: it is the same wording
            bucket.put(
                announcement_name(announcement),
                [announcement.content.encode()],
                content_type="application/json",
                labels=labels,
                custom_time=now,
                seal=dict,
            )
        catalog.published(announcement.hash, now)
