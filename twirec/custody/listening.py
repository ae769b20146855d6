"""Bytes that somebody hears or takes out: entered before the first one leaves, and at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from twirec.catalog.audit import Listenings, Span
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import AuditDraft
from twirec.model.errors import CatalogError

log = logging.getLogger("twirec.custody")


class Listening:
    """Lets audio leave, and enters who got which bytes of it.

    Args:
        listenings: where that is gathered.
        now: the clock, UTC.
    """

    def __init__(self, listenings: Listenings, now: Callable[[], datetime]) -> None:
        self._listenings = listenings
        self._now = now

    def stream(
        self,
        draft: AuditDraft,
        object_name: str,
        read: Callable[[], Iterator[bytes]],
        *,
        content_type: str,
        file_name: str,
        size: int | None = None,
        span: Span = (0, None),
        alone: bool,
    ) -> AudioStream:
        """Return a stream whose end is entered too.

        Args:
            draft: who hears what.
            object_name: of what it is read.
            read: begins to read, once it is entered that it is tried.
            content_type: for HTTP.
            file_name: number and local time.
            size: bytes of the whole file; None when it is not known before the end.
            span: which bytes of it are read.
            alone: whether this is a listening of its own; else it goes on with what they heard of
                it a moment before.

        Raises:
            CatalogError: it could not be entered; nothing was read.
            BucketError: the bucket does not give it.
        """
        number = self._listenings.begin(draft, object_name, span, alone=alone)

        def ended(count: int, error: str) -> None:
            try:
                self._listenings.end(number, span, count, self._now(), error=error, over=alone)
            except CatalogError as wrong:  # the worker enters it, as all of what was asked for
                log.error("%s: the end of a listening waits: %s", draft.sid, wrong)

        try:
            chunks = read()
        except Exception as error:
            ended(0, type(error).__name__)
            raise
        return AudioStream(
            chunks,
            content_type=content_type,
            file_name=file_name,
            size=size,
            start=span[0],
            end=span[1],
            ended=ended,
        )
