"""What somebody listens for: said once for a case, and remembered while they are signed in."""

from __future__ import annotations

from hashlib import sha256

from flask import session

from callpanel.config import archive
from callpanel.language import chosen
from twirec import Call

KEPT_IN = "purposes"
REMEMBERED = 20
"""For so many cases: a session is a cookie, of 4 kB at the most."""


def purpose_of(call: Call) -> str:
    """Return what who is signed in said they listen for; empty for nothing that is on the list."""
    said: str | None = dict(session.get(KEPT_IN, ())).get(_key(call))
    return archive().settings.purposes.find(said)


def remember(call: Call, purpose: str) -> None:
    """Remember what somebody listens for: for all calls of the case, or for the call alone."""
    key = _key(call)
    others = [pair for pair in session.get(KEPT_IN, ()) if pair[0] != key]
    session[KEPT_IN] = [*others, (key, purpose)][-REMEMBERED:]


def choices() -> list[tuple[str, str]]:
    """Return the purposes that there are, and what people read for them."""
    purposes = archive().settings.purposes
    return [(word, purposes.label(word, chosen())) for word in purposes.words]


def _key(call: Call) -> str:
    """Return what stands for a case or call: a cookie can be read, and case numbers are long."""
    case = call.case_number
    what = f"case {case}" if case else f"call {call.call_sid}"
    return sha256(what.encode()).hexdigest()[:16]
