"""What an event looks like on the wire, and how its receiver knows that it is genuine.

Pure, so that receivers written in Python can use it: see `verify`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import datetime

from twirec.model.errors import RequestRefused, SettingsError
from twirec.model.events import Event

HEADER = "Twirec-Signature"
"""The header that carries time and signature: `t=<unix seconds>,v1=<hex HMAC-SHA256>`."""


def body_of(event: Event) -> bytes:
    """Return an event as JSON; what is not known of it is left out."""
    fields = {
        "id": event.id,
        "event": event.type,
        "at": event.at.isoformat(),
        "recording_sid": event.recording_sid,
        "call_sid": event.call_sid,
        "account_sid": event.account_sid,
        "state": event.state,
        "reason": event.reason,
        "object_name": event.object_name,
        "sha256": event.sha256,
        "case": event.case_key,
    }
    return json.dumps({name: value for name, value in fields.items() if value}).encode()


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return the value of `HEADER` for a body.

    Raises:
        SettingsError: the secret is empty: anybody could sign with it.
    """
    seconds = str(int(at.timestamp()))
    return f"t={seconds},v1={_signature(secret, seconds, body)}"


def verify(
    secret: str, header: str | None, body: bytes, now: datetime, tolerance: float = 300
) -> None:
    """Check that an event is genuine and recent. Use nothing of it before.

    Args:
        secret: what `TWIREC_NOTIFY_SECRET` says.
        header: the header `Twirec-Signature`; None if there is none.
        body: the raw body, before anything decodes it.
        now: the time, aware.
        tolerance: seconds that the signature may be older or newer; an old one may be replayed.

    Raises:
        RequestRefused: it is not. Answer with 403.
        SettingsError: the secret is empty.
    """
    match = re.fullmatch("t=([0-9]{1,12}),v1=([0-9a-f]{64})", header or "")
    if match is None:
        raise RequestRefused(f"The header {HEADER} is missing, or is not t=…,v1=….")
    seconds, signature = match.groups()
    if not hmac.compare_digest(_signature(secret, seconds, body), signature):
        raise RequestRefused("The event was not signed with this secret.")
    if abs(now.timestamp() - int(seconds)) > tolerance:
        raise RequestRefused("The event was signed too long ago, or the clocks differ.")


def _signature(secret: str, seconds: str, body: bytes) -> str:
    if not secret:
        raise SettingsError(["TWIREC_NOTIFY_SECRET is empty: anybody could sign with it."])
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
