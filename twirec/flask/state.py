"""What an app was given, and where its views find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app, g, has_request_context

from twirec.archive import Archive
from twirec.calls.twiml import BuildDial
from twirec.model.actor import Actor
from twirec.model.records import CallRecord

MayPause = Callable[[CallRecord], Actor | str | None]
"""A function of the user's that says who is signed in, if they may pause a call; or None."""


@dataclass(frozen=True, slots=True)
class ExtensionState:
    """What `Twirec` was made with."""

    archive: Archive
    build_dial: BuildDial | None
    may_pause: MayPause | None
    extension: type


def extension_state() -> ExtensionState:
    """Return what the app of the present request was given.

    Raises:
        RuntimeError: it was given nothing.
    """
    if "twirec" not in current_app.extensions:
        raise RuntimeError(
            "This app has no archive: call recordings.init_app(app, Archive.from_env()) where it "
            "is made."
        )
    return cast(ExtensionState, current_app.extensions["twirec"])


def fields(what: str) -> Mapping[str, str]:
    """Return the form of a request that was checked.

    Args:
        what: the method that needs it, for the message.

    Raises:
        RuntimeError: the view is not `signed`, or this is no view.
    """
    if not has_request_context():
        raise RuntimeError(f"{what}() is for a view, while it answers a request of Twilio's.")
    if "twirec_fields" not in g:
        raise RuntimeError(
            f"Put @recordings.signed on the view that returns {what}(), below the line of its "
            "route: what stands above that is not served."
        )
    return cast(Mapping[str, str], g.twirec_fields)


def checked_request(what: str) -> tuple[Mapping[str, str], ExtensionState]:
    """Return the form of a request that was checked, and what its app was given. See `fields`."""
    return fields(what), extension_state()
