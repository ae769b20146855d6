"""What a backfill counts while it goes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

from twirec.backfill.adoption import Verdict
from twirec.backfill.spans import Span
from twirec.model.backfill import BackfillReport
from twirec.model.ownership import MOST_NAMED, Foreign, NotOurs
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus, VendorRecording


class Tally:
    """Figures that many threads add to."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self._span = (since, until)
        self._turn = threading.Lock()
        self._verdicts: Counter[Verdict] = Counter()
        self._nothing: Counter[State] = Counter()
        self._failed: dict[str, str] = {}
        self._left: dict[str, NotOurs] = {}
        self._seen = 0
        self._size = 0
        self._minutes = 0
        self._numbers_not_known = 0
        self._kept_without_number = 0
        self._listed_until: dict[str, datetime] = {}
        self._ahead: Counter[tuple[str, date]] = Counter()
        self._all_counted = False

    def expect(self, recording: VendorRecording) -> None:
        """Count what is there, if its day is not listed yet: what is listed may be gone already."""
        at, account = recording.created_at, recording.account_sid
        with self._turn:
            if at and at >= self._listed_until.get(account, at):
                self._ahead[account, at.astimezone(UTC).date()] += 1

    def all_expected(self) -> None:
        """Say that all there is was counted."""
        self._all_counted = True

    def list(self, span: Span, recordings: list[VendorRecording]) -> None:
        """Count what a day was listed with, in place of what was expected of it."""
        completed = [each for each in recordings if each.status is RecordingStatus.COMPLETED]
        with self._turn:
            self._listed_until[span.account_sid] = span.end
            self._ahead.pop((span.account_sid, span.begin.date()), None)
            self._seen += len(recordings)
            self._minutes += sum(-(-(each.duration or 0) // 60) for each in completed)

    def settle(self, verdict: Verdict, recording: Recording, *, number_known: bool) -> None:
        """Count what came of a recording."""
        with self._turn:
            self._numbers_not_known += not number_known
            self._kept_without_number += not number_known and recording.kept
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

    def leave(self, foreign: Foreign, only_line: bool) -> None:
        """Count a recording that is not ours, and may have a line without numbers all the same."""
        with self._turn:
            self._numbers_not_known += only_line
            self._kept_without_number += only_line
            self._verdicts[Verdict.NOT_OURS] += 1
            if len(self._left) < MOST_NAMED:
                self._left[foreign.sid] = foreign.why

    def report(self, gone_on_at: Mapping[str, datetime], stopped: str = "") -> BackfillReport:
        """Return the figures as they are now."""
        with self._turn:
            return BackfillReport(
                *self._span,
                gone_on_at=dict(gone_on_at),
                total=self._seen + self._ahead.total() if self._all_counted else None,
                seen=self._seen,
                here=self._verdicts[Verdict.HERE],
                copied=self._verdicts[Verdict.COPIED],
                size=self._size,
                nothing=dict(self._nothing),
                failed=dict(self._failed),
                not_ours=self._verdicts[Verdict.NOT_OURS],
                not_ours_named=dict(self._left),
                waiting=self._seen - self._verdicts.total(),
                minutes=self._minutes,
                numbers_not_known=self._numbers_not_known,
                kept_without_number=self._kept_without_number,
                stopped=stopped,
            )
