"""The Flask door: Twilio's requests in, TwiML out. Translation only."""

from __future__ import annotations

from twirec.flask.extension import ROUTES, Twirec

__all__ = ["ROUTES", "Twirec"]
