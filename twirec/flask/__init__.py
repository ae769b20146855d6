"""The Flask door: Twilio's requests in, TwiML out; what recipients open. Translation only."""

from __future__ import annotations

from twirec.flask.disclosed import disclosed
from twirec.flask.extension import ROUTES, Twirec

__all__ = ["ROUTES", "Twirec", "disclosed"]
