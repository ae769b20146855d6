"""What stands still, or was changed: what somebody has to see before they are asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from twirec.model.operations import Stats


class AlarmKind(StrEnum):
    """What is not as it has to be, the worst first."""

    RECORDING_OFF = "recording_off"
    """Recording is switched off for all calls."""
    WORKER_AWAY = "worker_away"
    """No worker says that it lives: nothing is copied, ended, made or told."""
    BUCKET_AWAY = "bucket_away"
    """The bucket does not answer the workers, or is not this catalog's."""
    AUDIT_BROKEN = "audit_broken"
    """The audit log, or a history beside it, was changed by other means."""
    CASES_OVERDUE = "cases_overdue"
    """The terms of cases of customers are over, and they were not told."""
    MAILS_FAILED = "mails_failed"
    """Receipts of cases could not be delivered by e-mail."""
    MAILS_LATE = "mails_late"
    """No worker sends the receipts of cases, or no mail server takes them."""
    QUEUE_OLD = "queue_old"
    """A recording waits for longer than copying takes."""
    SWEEP_LATE = "sweep_late"
    """What callbacks missed is not looked for."""
    AUDIT_LATE = "audit_late"
    """Nobody looks whether the audit log was changed."""
    RETENTION_LATE = "retention_late"
    """What has to go by the rules of retention, or to be blocked, is still there."""
    ANCHOR_LATE = "anchor_late"
    """The audit log is not anchored any more."""
    STAMP_LATE = "stamp_late"
    """The authority of time does not time-stamp the anchors."""
    UNDECIDED = "undecided"
    """Recordings wait for somebody's decision."""
    CARD_NUMBERS = "card_numbers"
    """Card numbers are spoken in recordings, and nobody decided what becomes of them."""
    PARKED = "parked"
    """Recordings could not be copied; the next sweep tries them again."""
    DIFFERENCES = "differences"
    """What lies in the bucket is not what was put there."""


SILENCE = timedelta(minutes=2)
"""How long no worker may have said that it lives: each does so every twenty seconds."""

AN_HOUR = timedelta(hours=1)
"""How long a recording, or an e-mail, may wait, and how old a sweep may be, if one comes more
often."""

THREE_DAYS = timedelta(days=3)
"""How long nobody may have looked at the audit log, or anchored it: workers do every day."""

A_DAY = timedelta(days=1)
"""How long something may be over its time by the rules of retention, which count in days, and how
long an anchor may wait for its time stamp."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """That something stands still.

    Attributes:
        kind: what.
        since: since when, or when it was last as it has to be, UTC; None if it never was.
        count: of what it is; 0 where nothing is counted.
    """

    kind: AlarmKind
    since: datetime | None = None
    count: int = 0


def alarms(
    stats: Stats, now: datetime, *, sweep_every: timedelta, off: datetime | None = None
) -> tuple[Alarm, ...]:
    """Return what stands still, the worst first; nothing where all goes well.

    Args:
        stats: what the archive holds and waits for.
        now: UTC.
        sweep_every: how often a worker sweeps; nothing for never, of which nobody is told.
        off: since when recording is switched off for all calls, UTC; None if it is not.
    """
    found: list[Alarm] = []
    if off is not None:
        found.append(Alarm(AlarmKind.RECORDING_OFF, off))
    if _older(stats.worker_seen, now, SILENCE):
        found.append(Alarm(AlarmKind.WORKER_AWAY, stats.worker_seen))
    failed, answered = stats.bucket_failed, stats.bucket_seen
    if failed is not None and (answered is None or failed > answered):
        found.append(Alarm(AlarmKind.BUCKET_AWAY, answered))
    if stats.audit_problem:
        found.append(Alarm(AlarmKind.AUDIT_BROKEN))
    counted = (
        (AlarmKind.CASES_OVERDUE, stats.cases_overdue),
        (AlarmKind.MAILS_FAILED, stats.mails_failed),
    )
    found += [Alarm(kind, count=count) for kind, count in counted if count]
    since = stats.mails_waiting_since
    if since is not None and _older(since, now, AN_HOUR):
        found.append(Alarm(AlarmKind.MAILS_LATE, since, stats.mails_waiting))
    if stats.oldest_waiting is not None and _older(stats.oldest_waiting, now, AN_HOUR):
        found.append(Alarm(AlarmKind.QUEUE_OLD, stats.oldest_waiting, stats.waiting))
    swept = [at for at in stats.swept.values() if _older(at, now, max(AN_HOUR, 2 * sweep_every))]
    if sweep_every and swept:
        oldest = None if None in swept else min(at for at in swept if at)
        found.append(Alarm(AlarmKind.SWEEP_LATE, oldest))
    if not stats.audit_problem and _older(stats.audit_verified, now, THREE_DAYS):
        found.append(Alarm(AlarmKind.AUDIT_LATE, stats.audit_verified))
    late = (
        (AlarmKind.RETENTION_LATE, stats.retention_late, A_DAY),
        (AlarmKind.ANCHOR_LATE, stats.anchored_at, THREE_DAYS),
        (AlarmKind.STAMP_LATE, stats.unstamped_since, A_DAY),
    )
    found += [Alarm(kind, at) for kind, at, most in late if at and _older(at, now, most)]
    parked = stats.parked - stats.undecided
    counts = {
        AlarmKind.UNDECIDED: stats.undecided,
        AlarmKind.CARD_NUMBERS: stats.card_numbers,
        AlarmKind.PARKED: parked,
        AlarmKind.DIFFERENCES: stats.differences,
    }
    found += [Alarm(kind, count=count) for kind, count in counts.items() if count > 0]
    return tuple(found)


def _older(at: datetime | None, now: datetime, most: timedelta) -> bool:
    return at is None or now - at > most
