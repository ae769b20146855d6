"""Which queue is told that something is due, as the settings have it."""

from __future__ import annotations

from twirec.model.hints import QueueKind
from twirec.model.ports import HintQueue
from twirec.settings.settings import Settings


def open_queue(settings: Settings) -> HintQueue | None:
    """Return the queue that is told after a commit; None if workers look by themselves."""
    if settings.queue is QueueKind.CELERY:
        from twirec.adapters.celery_broker import CeleryQueue, make_app

        return CeleryQueue(make_app(settings.celery_broker, sending=True))
    if settings.queue is QueueKind.CLOUD_TASKS:
        from twirec.adapters.cloud_tasks import CloudTasksQueue

        return CloudTasksQueue(
            settings.tasks_queue,
            settings.tasks_url or settings.public_url,
            settings.tasks_service_account,
            settings.tasks_emulator,
        )
    return None
