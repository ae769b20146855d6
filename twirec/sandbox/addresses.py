"""Whom a call can go to: phone numbers, clients and SIP addresses."""

from __future__ import annotations

import re

from twirec.sandbox.twiml import Verb

BAD_NUMBER = 13223
"""Twilio's number for an address that is none."""

PERSONAL = ("client:", "sip:")
"""What addresses that are no phone numbers begin with."""

_ADDRESS = re.compile(r"\+[1-9]\d{6,14}|client:[\w.@+-]{1,256}|sips?:[^@\s;?]+@[^@\s;?]+([;?]\S*)?")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


def is_address(text: str) -> bool:
    """Return whether a call can go there."""
    return _ADDRESS.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Return whether it is a phone number in E.164."""
    return _NUMBER.fullmatch(text) is not None


def address(noun: Verb) -> str:
    """Return whom a Number, Client or Sip dials, or a Dial by its text; maybe no address."""
    if noun.name == "Client":
        names = [child.text for child in noun.children if child.name == "Identity"]
        return "client:" + (names[0] if names else noun.text)
    if noun.name == "Sip":
        return noun.text if noun.text.startswith("sip") else ""
    return noun.text if is_number(noun.text) else ""
