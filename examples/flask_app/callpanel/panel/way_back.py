"""Where one came from to a call: the list, its page and its row, in each tab."""

from __future__ import annotations

from flask import session, url_for

from callpanel.safe import back
from twirec import Call

KEPT_IN = "came_from"
REMEMBERED = 5
"""Calls for which it is remembered: a session is a cookie, of 4 kB at the most."""


def list_of(call: Call) -> str:
    """Return the address of the list from which somebody came to a call, at its row.

    What a form of the call's page leads to came from that page: then it is what it was.
    """
    lists, came_from = url_for("panel.calls"), back()
    kept = dict(session.get(KEPT_IN, ()))
    if came_from == lists or came_from.startswith(f"{lists}?"):
        kept.pop(call.call_sid, None)
        kept[call.call_sid] = came_from.removeprefix(lists)
        session[KEPT_IN] = list(kept.items())[-REMEMBERED:]
    return f"{lists}{kept.get(call.call_sid, '')}#{call.call_sid}"
