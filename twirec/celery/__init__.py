"""The Celery door: tasks that do what is due in the catalog, in an app of yours or of our own.

`celery -A twirec.celery worker -B` runs our own, with the settings of the environment. In an app of
yours, `add_tasks` adds the tasks and their times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery

from twirec.celery.tasks import add_tasks

if TYPE_CHECKING:
    app: Celery

__all__ = ["add_tasks", "app"]


def __getattr__(name: str) -> Any:
    """Make our own app when Celery asks for it: who has one of theirs needs no broker of ours."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from twirec.celery.own_app import make_own_app

    globals()["app"] = made = make_own_app()
    return made
