"""What is sent to the app: what no text may hold, and where a redirect may lead."""

from __future__ import annotations

import re

from flask import request, url_for

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What nobody types, and PostgreSQL or a page cannot hold; line ends and tabs are no such."""


def has_control(text: str) -> bool:
    """Return whether a text has control characters."""
    return _CONTROL.search(text) is not None


def path_of(address: str | None) -> str | None:
    """Return a path that a redirect may lead to; None for any other address.

    Browsers take two slashes, also leaning ones, for another host, and drop control characters.
    """
    if not address or not address.isprintable() or "\\" in address:
        return None
    return address if address.startswith("/") and not address.startswith("//") else None


def back() -> str:
    """Return the path of the page that the present request came from, or the first page."""
    came_from = request.referrer or ""
    path = came_from.removeprefix(request.host_url.rstrip("/"))
    return path_of(path if path != came_from else None) or url_for("panel.home")
