"""Numbers, and where calls are connected to, as Twilio writes them."""

from __future__ import annotations

import re

NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
"""A number in E.164."""

TARGET = re.compile(r"(client|sip|queue|conference):\S+")


def is_target(said: str) -> bool:
    """Return whether calls can be connected to it: a number, a `client:NAME` or the like."""
    return bool(NUMBER.fullmatch(said) or TARGET.fullmatch(said))
