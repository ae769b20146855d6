"""Hints: somebody may say that something is due. The catalog alone says whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class QueueKind(StrEnum):
    """Who says that something is due."""

    POLL = "poll"
    """Nobody: workers look every second."""
    POSTGRES = "postgres"
    """The database, with the commit that made it due."""
    CELERY = "celery"
    """Redis or RabbitMQ, by Celery."""
    CLOUD_TASKS = "cloudtasks"
    """Google's Cloud Tasks."""


RECORDING = "recording"
EVENT = "event"
ERASURE = "erasure"
LISTENING_COPY = "listening copy"
PAUSE = "pause"
CASE = "case"
MAIL = "mail"
TRANSCRIPT = "transcript"
CARD_CUT = "card cut"
"""What the kinds of due work are called in hints: see `twirec.jobs.worker.Kind`."""


@dataclass(frozen=True, slots=True)
class Hint:
    """That something may be due. It holds no number: a SID, an id or an object's name.

    Attributes:
        kind: of what kind of due work.
        key: which of them, as the catalog knows it.
        due_at: since when it is due, UTC, as the catalog has it.
    """

    kind: str
    key: str
    due_at: datetime
