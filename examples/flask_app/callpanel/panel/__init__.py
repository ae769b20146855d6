"""The pages that staff use."""

from __future__ import annotations

from flask import Flask

from callpanel import detail_words
from callpanel.panel import (
    approvals,
    audio,
    audit,
    call,
    calls,
    cards,
    cases,
    custody,
    desk,
    disclosures,
    erasures,
    errors,
    evidence,
    export,
    health,
    own,
    policy,
    proof,
    release,
    requests,
    retention,
    saved,
    standing,
    transcript,
    wall,
)
from callpanel.panel.blueprint import panel
from callpanel.panel.show import FILTERS

__all__ = [
    "approvals",
    "audio",
    "audit",
    "call",
    "calls",
    "cards",
    "cases",
    "custody",
    "desk",
    "disclosures",
    "erasures",
    "evidence",
    "export",
    "health",
    "init_app",
    "own",
    "policy",
    "proof",
    "release",
    "requests",
    "retention",
    "saved",
    "transcript",
    "wall",
]


def init_app(app: Flask) -> None:
    """Add the pages, and what their templates use."""
    app.register_blueprint(panel)
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.filters.update(detail_words.FILTERS)
    standing.init_app(app)
    requests.init_app(app)
    errors.init_app(app)
