"""The pages that staff use."""

from __future__ import annotations

from flask import Flask

from callpanel.panel import (
    approvals,
    audio,
    audit,
    call,
    calls,
    custody,
    desk,
    errors,
    health,
    policy,
    requests,
    retention,
    saved,
    standing,
)
from callpanel.panel.blueprint import panel
from callpanel.panel.show import FILTERS

__all__ = [
    "approvals",
    "audio",
    "audit",
    "call",
    "calls",
    "custody",
    "desk",
    "health",
    "init_app",
    "policy",
    "requests",
    "retention",
    "saved",
]


def init_app(app: Flask) -> None:
    """Add the pages, and what their templates use."""
    app.register_blueprint(panel)
    app.jinja_env.filters.update(FILTERS)
    standing.init_app(app)
    requests.init_app(app)
    errors.init_app(app)
