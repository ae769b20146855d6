"""Whether the queue takes hints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime

from twirec.doctor.results import failed, ok
from twirec.model.errors import HintNotTaken
from twirec.model.hints import Hint, QueueKind
from twirec.model.inspection import Check, CheckResult
from twirec.settings import Settings
from twirec.settings.queues import open_queue

FIX: Mapping[QueueKind, str] = {
    QueueKind.CELERY: "Start the broker, or correct TWIREC_CELERY_BROKER.",
    QueueKind.CLOUD_TASKS: (
        "Correct TWIREC_TASKS_QUEUE, or let this service account put tasks there "
        "(roles/cloudtasks.enqueuer) and act as TWIREC_TASKS_SERVICE_ACCOUNT "
        "(roles/iam.serviceAccountUser)."
    ),
}


def queue_results(settings: Settings, now: datetime) -> Iterator[CheckResult]:
    """Hand over a hint of nothing, which whoever gets it does nothing about.

    Nothing is yielded where no queue is told.
    """
    queue = open_queue(settings)
    if queue is None:
        return
    with closing(queue):
        try:
            queue.put(Hint("nothing", "doctor", now))
        except HintNotTaken as error:
            what = f"The queue takes no hints, so that work begins late: {error}"
            yield failed(Check.QUEUE, what, FIX[settings.queue])
        else:
            yield ok(Check.QUEUE, f"The queue takes hints ({settings.queue}).")
