"""Where a redirect may lead: only to pages of this app."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request, url_for


def path_of(address: str | None) -> str | None:
    """Return a path that a redirect may lead to; None for any other address.

    Browsers take two slashes, also leaning ones, for another host, and drop control characters.
    """
    if not address or not address.isprintable() or "\\" in address:
        return None
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith("//"):
        return None
    return address


def back() -> str:
    """Return the path of the page that the present request came from, or the first page."""
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return url_for("panel.home")
    path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return path_of(path) or url_for("panel.home")
