"""Where a redirect may lead: only to pages of this app."""

from __future__ import annotations

from flask import request, url_for


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
