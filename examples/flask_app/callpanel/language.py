"""Spanish or English: the browser's language, until somebody chooses another."""

from __future__ import annotations

from typing import Any

from flask import Flask, has_request_context, redirect, request, session
from flask_babel import get_locale
from werkzeug.wrappers import Response

from callpanel.safe import back

LANGUAGES = {"es": "Español", "en": "English"}
"""By their code, each in its own words."""


def init_app(app: Flask) -> None:
    """Add the view that changes the language, and what templates need to offer it."""
    app.add_url_rule("/language", "language", choose, methods=["POST"])
    app.context_processor(_for_templates)


def chosen() -> str:
    """Return the language of the present request; on the command line English."""
    if not has_request_context():
        return "en"
    wanted = session.get("language")
    if wanted in LANGUAGES:
        return str(wanted)
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def choose() -> Response:
    """Change the language of who asks, and go back to where they were."""
    wanted = request.form.get("language")
    if wanted in LANGUAGES:
        session["language"] = wanted
    return redirect(back())


def _for_templates() -> dict[str, Any]:
    return {"LANGUAGES": LANGUAGES, "language": str(get_locale() or "en")}
