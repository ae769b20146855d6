"""Our own Celery app, with the settings of the environment."""

from __future__ import annotations

from celery import Celery

from twirec.adapters.celery_broker import make_app
from twirec.archive import Archive
from twirec.celery.tasks import add_tasks
from twirec.model.errors import SettingsError


def make_own_app() -> Celery:
    """Return the app.

    Raises:
        SettingsError: settings are missing or wrong, or `TWIREC_CELERY_BROKER` is not there.
    """
    archive = Archive.from_env()
    if not archive.settings.celery_broker:
        raise SettingsError(["TWIREC_CELERY_BROKER is missing: the broker, redis:// or amqp://."])
    app = make_app(archive.settings.celery_broker)
    add_tasks(app, archive)
    return app
