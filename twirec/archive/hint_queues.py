"""Which queue is told that something is due, as the settings have it."""

from __future__ import annotations

from twirec.model.ports import HintQueue
from twirec.settings import Settings


def open_queue(settings: Settings) -> HintQueue | None:
    """Return the queue that is told after a commit; None if workers look by themselves."""
    return None
