"""The app of a company that records its calls: Twilio's webhooks, and the pages that staff use.

It is an example, and it is deployed as it is: `gunicorn "callpanel:create_app()"`. It uses only
the public names of twirec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callpanel.factory import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    """Load the app when it is asked for: who only reads `callpanel.serving` starts sooner."""
    if name == "create_app":
        from callpanel.factory import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
