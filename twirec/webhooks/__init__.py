"""While the phone rings: Twilio asks, and is told what to do. The call always goes on."""

from __future__ import annotations

from twirec.webhooks.context import Context
from twirec.webhooks.webhooks import Webhooks

__all__ = ["Context", "Webhooks"]
