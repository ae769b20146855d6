"""Keeping every wording that was ever played in the bucket, beside the recordings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.jobs.retrying import TRANSFERS, pause
from twirec.model.audio import WAV_TYPE
from twirec.model.errors import ObjectExists, TwirecError
from twirec.model.ports import Bucket
from twirec.transfers.naming import SCHEMA, announcement_name, audio_name

LOOK_EVERY = 1.0
"""Seconds between two looks for new wordings, however many recordings are moved meanwhile: a call
that is told one goes on for longer."""


class Publisher:
    """Publishes wordings for a worker, which asks each time before it takes up a recording.

    Args:
        catalog: has the wordings.
        bucket: where they go.
        now: the clock, UTC.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._now = now
        self._failures = 0
        self._again_at: datetime | None = None
        self._looked_at = -math.inf

    def publish(self) -> None:
        """Publish what is not published yet, unless that failed, or was looked for, just now.

        Raises as `publish_announcements` does.
        """
        now, reading = self._now(), time.monotonic()
        if self._again_at is not None and now < self._again_at:
            return
        if self._again_at is None and reading < self._looked_at + LOOK_EVERY:
            return
        self._looked_at = reading
        try:
            publish_announcements(self._catalog, self._bucket, now)
        except TwirecError as error:
            self._failures += 1
            self._again_at = now + timedelta(seconds=pause(self._failures, error, TRANSFERS))
            raise
        self._failures, self._again_at = 0, None


def publish_announcements(catalog: Catalog, bucket: Bucket, now: datetime) -> None:
    """Put the wordings that are not in the bucket yet there, as `announcements/<hash>.json`.

    The audio that says them goes first, as `announcements/<hash>.wav`.
    """
    for announcement in catalog.announcements.unpublished():
        labels = {"schema": SCHEMA, "language": announcement.language}
        for audio in filter(None, (announcement.audio, announcement.question_audio)):
            _put(
                bucket,
                audio_name(audio),
                catalog.announcements.audio(audio),
                WAV_TYPE,
                labels,
                now,
            )
        content = announcement.content.encode()
        _put(bucket, announcement_name(announcement), content, "application/json", labels, now)
        catalog.announcements.published(announcement.hash, now)


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
            finish=dict,
        )
