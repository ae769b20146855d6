"""Cloud Tasks: a hint is a task, that calls the app which does the work.

A task's name is made of what is due and since when, so that Google refuses a double for hours, also
of what was done. It goes to `/twirec/jobs/do`, with a token of the service account.
Source: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from functools import cached_property
from importlib import import_module
from typing import Any

from google.api_core.exceptions import AlreadyExists, DeadlineExceeded, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type

from twirec.model.errors import HintNotTaken
from twirec.model.hints import Hint

# By its name: beside a typed part of `google.cloud`, mypy would find the untyped ones no more.
tasks_v2: Any = import_module("google.cloud.tasks_v2")

SECONDS = 3.0
"""How long one try may take."""
RETRY = Retry(
    if_exception_type(ServiceUnavailable, DeadlineExceeded), initial=0.2, maximum=1.0, timeout=5.0
)
LONGEST = timedelta(minutes=30)
"""How long Google waits for an answer at the most; a transfer that takes longer goes on, and
is asked for once more."""


class CloudTasksQueue:
    """Hands hints over as tasks. It opens nothing before the first.

    Args:
        queue: its whole name, `projects/P/locations/L/queues/Q`.
        url: of the app that does the work; the token's audience.
        account: the e-mail of the service account of the token.
        emulator: another host, `host:port`, without encryption; empty for Google's.
    """

    def __init__(self, queue: str, url: str, account: str, emulator: str = "") -> None:
        self._queue = queue
        self._url = url
        self._account = account
        self._emulator = emulator

    @cached_property
    def _client(self) -> Any:
        if not self._emulator:
            return tasks_v2.CloudTasksClient()
        import grpc

        transport = tasks_v2.CloudTasksClient.get_transport_class("grpc")
        return tasks_v2.CloudTasksClient(
            transport=transport(channel=grpc.insecure_channel(self._emulator))
        )

    def put(self, hint: Hint) -> None:
        """Create a task, unless there is one of what this says. See `HintQueue`."""
        task = tasks_v2.Task(
            name=f"{self._queue}/tasks/{task_id(hint)}",
            dispatch_deadline=LONGEST,
            http_request=tasks_v2.HttpRequest(
                http_method=tasks_v2.HttpMethod.POST,
                url=f"{self._url}/twirec/jobs/do",
                headers={"Content-Type": "application/json"},
                body=json.dumps({"kind": hint.kind, "key": hint.key}).encode(),
                oidc_token=tasks_v2.OidcToken(
                    service_account_email=self._account, audience=self._url
                ),
            ),
        )
        try:
            self._client.create_task(parent=self._queue, task=task, retry=RETRY, timeout=SECONDS)
        except AlreadyExists:
            pass
        except Exception as error:  # of Google's libraries, and of gRPC's, each has its own
            raise HintNotTaken(f"Cloud Tasks: {type(error).__name__}.") from error

    def close(self) -> None:
        """Close connections."""
        if "_client" in self.__dict__:
            self.__dict__.pop("_client").transport.close()


def task_id(hint: Hint) -> str:
    """Return the last part of a task's name: the same for the same work, due since the same time.

    It begins with what is spread evenly, as Google advises.
    """
    said = f"{hint.kind} {hint.key} {hint.due_at.isoformat()}"
    spread = hashlib.sha256(said.encode()).hexdigest()[:16]
    return f"{spread}-{re.sub('[^A-Za-z0-9_-]', '_', hint.key)}"[:500]
