"""Keeping every wording that was ever played in the bucket, beside the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from twirec.model.catalog import Catalog
from twirec.model.errors import ObjectExists
from twirec.model.ports import Bucket
from twirec.transfers.naming import SCHEMA, announcement_name, audio_name


def publish_announcements(catalog: Catalog, bucket: Bucket, now: datetime) -> None:
    """Put the wordings that are not in the bucket yet there, as `announcements/<hash>.json`.

    The audio that says them goes first, as `announcements/<hash>.wav`.
    """
    for announcement in catalog.unpublished_announcements():
        labels = {"schema": SCHEMA, "language": announcement.language}
        for audio in filter(None, (announcement.audio, announcement.question_audio)):
            _put(bucket, audio_name(audio), catalog.audio(audio), "audio/x-wav", labels, now)
        content = announcement.content.encode()
        _put(bucket, announcement_name(announcement), content, "application/json", labels, now)
        catalog.published(announcement.hash, now)


def _put(
    bucket: Bucket,
    name: str,
    content: bytes,
    content_type: str,
    labels: Mapping[str, str],
    now: datetime,
) -> None:
    with suppress(ObjectExists):  # the name is the content's hash: it is the same
        bucket.put(
            name,
            [content],
            content_type=content_type,
            labels=labels,
            custom_time=now,
            seal=dict,
        )
