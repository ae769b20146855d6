"""What a backfill counts while it goes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from twirec.model.backfill import BackfillReport
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.transfers.backfill_item import Verdict


class Tally:
    """Figures that many threads add to.

    Attributes:
        total: recordings that there are; None while nobody counted.
    """

    def __init__(self, since: datetime, until: datetime) -> None:
        self._span = (since, until)
        self._turn = threading.Lock()
        self._verdicts: Counter[Verdict] = Counter()
        self._nothing: Counter[State] = Counter()
        self._failed: dict[str, str] = {}
        self._seen = 0
        self._size = 0
        self._minutes = 0
        self.total: int | None = None

    def list(self, found: list[VendorRecording]) -> None:
        """Count what was listed."""
        kept = [each for each in found if each.status is RecordingStatus.COMPLETED]
        with self._turn:
            self._seen += len(found)
            self._minutes += sum(-(-(each.duration or 0) // 60) for each in kept)

    def settle(self, verdict: Verdict, recording: Recording) -> None:
        """Count what came of a recording."""
        with self._turn:
            self._verdicts[verdict] += 1
            if verdict is Verdict.COPIED:
                self._size += recording.size or 0
            elif verdict is Verdict.NOTHING:
                self._nothing[recording.state] += 1

    def fail(self, sid: str, reason: str) -> None:
        """Count a recording that was given up."""
        with self._turn:
            self._verdicts[Verdict.FAILED] += 1
            self._failed[sid] = reason

    @property
    def waiting(self) -> int:
        """How many were listed and not settled."""
        with self._turn:
            return self._seen - self._verdicts.total()

    def report(self, gone_on_at: Mapping[str, datetime], stopped: str = "") -> BackfillReport:
        """Return the figures as they are now."""
        with self._turn:
            return BackfillReport(
                *self._span,
                gone_on_at=dict(gone_on_at),
                total=self.total,
                seen=self._seen,
                here=self._verdicts[Verdict.HERE],
                copied=self._verdicts[Verdict.COPIED],
                size=self._size,
                nothing=dict(self._nothing),
                failed=dict(self._failed),
                waiting=self._seen - self._verdicts.total(),
                minutes=self._minutes,
                stopped=stopped,
            )
