"""Our own Celery app, whose workers can be killed at each step."""

from __future__ import annotations

from tests.queues.mortal import mortal_archives

mortal_archives()

from twirec.celery import app  # noqa: E402

__all__ = ["app"]
