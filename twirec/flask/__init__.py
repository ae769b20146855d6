"""The Flask door: Twilio's requests in, TwiML out. Translation only."""

from __future__ import annotations

from twirec.flask.extension import Twirec
from twirec.flask.routes import ROUTES

__all__ = ["ROUTES", "Twirec"]
