"""Integrity over years: what lies in the bucket, read back and compared with what was archived."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from twirec.archive.recordings import Originals
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.integrity import Integrity as Reader
from twirec.model.access import OURSELVES, Actor, Deed, acting, check_ever
from twirec.model.audit import Action
from twirec.model.given import understood, whole
from twirec.model.integrity import IntegrityReport
from twirec.model.records import Recording
from twirec.model.states import STORED
from twirec.settings import Settings

log = logging.getLogger("twirec.archive")

TURN = "turn to read objects back"
"""Under what it is remembered when workers last read some."""

MOST = 1_000_000


@understood
class Integrity:
    """Whether the bucket holds what was archived.

    Bytes are read, and none leaves: it is no listening, and may be done in any custody. Of what is
    blocked only the number is told.

    Args:
        settings: how often workers read everything, and how fast.
        catalog: what is to be there.
        originals: what reads it.
        trail: who had it read.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._trail = trail
        self._now = now
        self._reader = Reader(
            catalog.checks, originals.checked, originals.differs, catalog.recordings.get, now
        )

    def check(
        self,
        sample: int | None = None,
        *,
        by: Actor | str,
        read: Callable[[int], object] | None = None,
    ) -> IntegrityReport:
        """Read recordings back from the bucket, all or some, and compare them.

        Size, CRC32C and SHA-256 are compared. What differs, or is gone, is on the audit log and on
        the health page until somebody settled it (`operations.settle_difference`). That it was
        done is one entry.

        Args:
            sample: how many, drawn by chance; None for all.
            by: who has it done.
            read: called with the bytes of each recording that was read, such as for a bar.

        Raises:
            InvalidQuery: `sample` is no such number.
            CustodyRefused: it is not for them.
            BucketNotOurs: the bucket is not this catalog's.
        """
        actor = acting(by)
        with self._trail.attempt(Action.CHECK, actor):
            check_ever(actor, Deed.COMPARE, "Reading back")
            if sample is not None:
                whole("sample", sample, 1, MOST)
        of = self._catalog.checks.count()
        with self._trail.outside(Action.CHECK, actor, detail={"of": of}) as done:
            chosen = self._all() if sample is None else self._some(sample)
            report = self._reader.read(chosen, actor, of=of, read=read or (lambda size: None))
            detail = {
                **done.detail,
                "read": report.read,
                "changed": report.changed,
                "lost": report.lost,
                "unread": report.unread,
            }
            self._trail.append(replace(done, at=self._now(), detail=detail))
        return report

    def _all(self) -> Iterator[Recording]:
        for page in self._catalog.checks.pages():
            yield from page

    def _some(self, sample: int) -> Iterator[Recording]:
        for sid in self._catalog.checks.sample(sample, random.SystemRandom()):
            recording = self._catalog.recordings.get(sid)
            if recording.state in STORED:
                yield recording

    def look(self) -> IntegrityReport | None:
        """Read some back, if it is time to and no other worker does; None if it is not."""
        period = self._settings.check_every
        if not period:
            return None
        chosen, wait = self._reader.turn(period, self._settings.check_rate)
        if not chosen or not self._catalog.marks.take_turn(TURN, self._now(), wait):
            return None
        report = self._reader.read(chosen, OURSELVES, of=self._catalog.checks.count())
        if not report.whole:
            damaged = (report.changed, report.lost, report.unread)
            log.error("read back: %d changed, %d lost, %d not given by the bucket", *damaged)
        return report
