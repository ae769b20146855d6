"""Celery: the app that we make, and hints as tasks of an app.

Sources: https://docs.celeryq.dev/en/stable/userguide/configuration.html and
https://docs.celeryq.dev/en/stable/userguide/calling.html.
"""

from __future__ import annotations

from typing import Any

from celery import Celery

from twirec.model.errors import HintNotTaken
from twirec.model.hints import Hint

DO = "twirec.do"
"""The task that does one piece of due work: its kind and its key."""

SECONDS = 3.0
"""How long a broker may take to answer who hands a hint over."""

SENDING: dict[str, Any] = {
    "max_retries": 1,
    "interval_start": 0.1,
    "interval_max": 0.2,
    # of Redis only; others take no notice
    "socket_connect_timeout": SECONDS,
    "socket_timeout": SECONDS,
}
"""How long a broker that is away is tried: without it Celery would do so for ever."""


def make_app(broker: str, *, sending: bool = False) -> Celery:
    """Return a Celery app of our own.

    Args:
        broker: its URL.
        sending: whether it only hands over hints, and so waits for a broker for seconds only.
    """
    app = Celery("twirec", broker=broker, set_as_current=False)
    app.conf.update(
        task_default_queue="twirec",
        task_ignore_result=True,
        accept_content=["json"],
        worker_prefetch_multiplier=1,  # a transfer takes long: what waits is for whoever is free
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=SECONDS,
        broker_transport_options=SENDING if sending else {},
    )
    return app


class CeleryQueue:
    """Hands hints over as tasks.

    Args:
        app: whose broker, and whose rules of routing.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def put(self, hint: Hint) -> None:
        """Send a task. See `HintQueue`."""
        try:
            self._app.send_task(DO, args=[hint.kind, hint.key], ignore_result=True, retry=False)
        except Exception as error:  # each transport has its own
            # never its words: they may hold the broker's URL
            raise HintNotTaken(f"Celery's broker: {type(error).__name__}.") from error

    def close(self) -> None:
        """Close connections."""
        self._app.close()
