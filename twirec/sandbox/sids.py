"""SIDs: what Twilio calls the names of its resources."""

from __future__ import annotations

import uuid


def new_sid(prefix: str) -> str:
    """Return a new SID: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex
