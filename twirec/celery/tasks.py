"""The tasks: each asks the catalog what is due, so that none is needed and none does harm.

A task is acknowledged when it is done, and again tried by the broker when its worker dies; what it
did by then the catalog knows. Results are of no use to anybody, and not kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import Celery

from twirec.adapters.celery_broker import DO, CeleryQueue
from twirec.archive import Archive
from twirec.archive.jobs import SOON
from twirec.archive.periodic import UPKEEP
from twirec.model.errors import TwirecError

log = logging.getLogger("twirec.celery")

EVERY: dict[str, float] = {
    "twirec.due": 60.0,
    "twirec.sweep": 300.0,
    "twirec.journal": 600.0,
    "twirec.upkeep": 300.0,
}
"""Seconds between two turns of what comes periodically; the catalog says whether it is time."""

OPTIONS: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "ignore_result": True,
    "max_retries": None,
    "shared": False,  # with other apps of the process, whose archives may be others
}


def add_tasks(app: Celery, archive: Archive) -> None:
    """Add the tasks to an app, with their times for Celery's beat, and tell it what becomes due.

    The archive is used in each of the worker's processes; use it in none before they are forked.

    Args:
        app: yours; its rules of routing hold for the tasks, whose names begin with `twirec.`.
        archive: whose work is done.
    """

    def do(task: Any, kind: str, key: str) -> None:
        """Do one piece of due work, if it is due, and come again when it is due soon."""
        again = _said(lambda: archive.jobs.do(kind, key))
        if again is None:
            return
        # A worker holds what is to come later without acknowledging it, and Redis gives it to
        # another one after an hour; both would then come again. `twirec.due` finds what is later.
        seconds = (again - archive.now()).total_seconds()
        if seconds <= SOON:
            raise task.retry(args=(kind, key), countdown=max(seconds, 1.0))

    def due() -> None:
        """Do all that is due, for some minutes: what hints did not tell of."""
        _said(archive.jobs.do_due)

    app.task(do, name=DO, bind=True, **OPTIONS)
    app.task(due, name="twirec.due", **OPTIONS)
    for name in UPKEEP:
        app.task(_periodic(archive, name), name=f"twirec.{name}", **OPTIONS)
    app.conf.beat_schedule = {
        **(app.conf.beat_schedule or {}),
        # one that waited for its next one has nothing to do any more
        **{
            name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
            for name, seconds in EVERY.items()
        },
    }
    archive.jobs.hint_by(CeleryQueue(app))


def _periodic(archive: Archive, name: str) -> Callable[[], None]:
    def periodic() -> None:
        """Do what comes periodically, if it is time to and nobody else does."""
        _said(lambda: archive.jobs.upkeep(name))

    return periodic


def _said(step: Callable[[], datetime | None]) -> datetime | None:
    """Take a step; what fails is said: the catalog has it, and the next turn finds it there."""
    try:
        return step()
    except TwirecError as error:
        log.error("%s", error)
        return None
