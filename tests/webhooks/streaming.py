"""Batches of Event Streams, signed as Twilio signs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import Flask

from tests.factories import call_sid
from tests.webhooks.calling import STATUS
from twirec.calls.event_stream import RECORDING_EVENT
from twirec.calls.signature import sign
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_URL

FORM = {**STATUS, "AccountSid": ACCOUNT_SID}
JSON = "application/json"


def event_of(form: Any = FORM, kind: str = RECORDING_EVENT) -> dict[str, Any]:
    """As on https://www.twilio.com/docs/events/event-types/voice/status-callback."""
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "AB00000000000000000000000001",
        "id": "NO00000000000000000000000001",
        "dataschema": "https://events-schemas.twilio.com/Voice.WebhookEvent/2",
        "data": {"sid": call_sid(), "request": {"method": "POST", "parameters": form}},
    }


Send = Callable[..., int]


def sender(app: Flask) -> Send:
    client = app.test_client()

    def send(
        batch: Any,
        *,
        query: str = "",
        token: str = AUTH_TOKEN,
        kind: str = JSON,
        body: bytes | None = None,
        instead: bytes | None = None,
        hashed: bool = True,
    ) -> int:
        """Send a batch; or `body`; or, once that is signed, another in its stead."""
        sent = json.dumps(batch).encode() if body is None else body
        name = f"bodySHA256={hashlib.sha256(sent).hexdigest()}" if hashed else ""
        path = "/twirec/streams?" + "&".join(filter(None, (query, name)))
        signature = sign(PUBLIC_URL + path, (), token)
        headers = {"X-Twilio-Signature": signature}
        answer = client.post(path, data=instead or sent, content_type=kind, headers=headers)
        return answer.status_code

    return send
