"""gcloud-tasks-emulator with what Google does and it leaves out; run by the Python that has it.

A name that was used is refused, a request has the token that the task asks for, and what answers
with `Retry-After` is left alone for so long.

    python tasks_emulator.py PORT QUEUE KEY_ID < KEY.pem
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError

from gcloud_tasks_emulator import server
from google.api_core.exceptions import AlreadyExists
from google.auth import crypt, jwt

port, queue, key_id = sys.argv[1:]
signer = crypt.RSASigner.from_string(sys.stdin.read(), key_id=key_id)
request, create, seen = server._make_task_request, server.QueueState.create_task, set()


def with_token(name, task, host, port):
    said, now = task.http_request.oidc_token, int(time.time())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": said.audience,
        "email": said.service_account_email,
        "email_verified": True,
        "sub": "1",
        "iat": now,
        "exp": now + 3600,
    }
    token = jwt.encode(signer, claims).decode()
    task.http_request.headers["Authorization"] = f"Bearer {token}"
    try:
        return request(name, task, host, port)
    except HTTPError as error:
        pause = timedelta(seconds=float(error.headers.get("Retry-After", 1)))
        task.schedule_time = datetime.now(UTC) + pause
        raise


def once(self, queue, task):
    if task.name in seen:
        raise AlreadyExists("a task of this name exists, or did")
    seen.add(task.name)
    return create(self, queue, task)


server._make_task_request = with_token
server.QueueState.create_task = once
server.create_server("127.0.0.1", int(port), default_queue_names=[queue]).run()
