"""What every answer tells the browser: what may run, and that only our own files are kept.

Sources: https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP and
https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""The content security policy: files of our own, nothing inline, nothing from elsewhere."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

KEPT = "public, max-age=31536000, immutable"
"""Of a file whose address says which one it is: nothing is asked of it again."""


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the app, and which file it is to the address of each."""
    app.url_defaults(_say_which)
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        which = _which((request.view_args or {})["filename"])
        if request.args.get("v") == which:  # and not that of another release's page
            response.headers["Cache-Control"] = KEPT
    response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _say_which(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values["v"] = _which(values["filename"])


def _which(filename: str) -> str:
    """Return what tells a file from the same one of another release."""
    path = Path(safe_join(current_app.static_folder or "", filename) or "")
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
