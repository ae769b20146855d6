"""What Twilio calls, under `/twirec`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from flask import Response, copy_current_request_context

from twirec.archive import Archive
from twirec.flask.checks import LONGEST_ANSWER
from twirec.flask.state import checked_request, extension_state
from twirec.model.budget import spend_at_most
from twirec.model.errors import CatalogError, NotFound

log = logging.getLogger("twirec.flask")

CATALOG = "Twirec-Catalog"
"""The header that says which catalog the app works with."""

UNAVAILABLE = "unavailable"
"""What it says when the catalog does not answer."""

MOST_FOR_ANYBODY = 1.0
"""Seconds that the catalog may take to answer who is not proven to be Twilio."""

_KNOWN: WeakKeyDictionary[Archive, str] = WeakKeyDictionary()
"""Which catalog each archive has; it stays the same."""


def twiml(body: str, *, whisper: bool = False) -> Response:
    """Return a document for Twilio, and see when it left.

    Args:
        body: the document.
        whisper: whether it is for a leg that was dialled.
    """
    form, app = checked_request("twiml")
    webhooks = app.archive.webhooks
    made = webhooks.context.moment()
    response = Response(body, mimetype="text/xml")

    def leave() -> None:
        with spend_at_most(LONGEST_ANSWER):
            webhooks.announcing.left(form, made, whisper=whisper)

    # in the request's context: what the archive's clock says may depend on the request
    response.call_on_close(copy_current_request_context(leave))
    return response


def _connect() -> Response:
    form, app = checked_request("connect")
    return twiml(app.archive.webhooks.inbound.connect(form, build_dial=app.build_dial))


def _consent(asked: int) -> Response:
    form, app = checked_request("consent")
    return twiml(app.archive.webhooks.inbound.consent(form, asked, build_dial=app.build_dial))


def _outbound(targets: str) -> Response:
    form, app = checked_request("outbound")
    return twiml(app.archive.webhooks.inbound.outbound(form, targets, build_dial=app.build_dial))


def _fallback(targets: str) -> Response:
    form, app = checked_request("fallback")
    outbound = app.archive.webhooks.inbound.outbound
    return twiml(outbound(form, targets, build_dial=app.build_dial, fallback=True))


def _announce() -> Response:
    form, app = checked_request("announce")
    return twiml(app.archive.webhooks.outbound.announce(form), whisper=True)


def _announced(call_sid: str, asked: int) -> Response:
    form, app = checked_request("announced")
    return twiml(app.archive.webhooks.outbound.announced(form, call_sid, asked), whisper=True)


def _dequeued() -> Response:
    form, app = checked_request("dequeued")
    return twiml(app.archive.webhooks.agents.dequeued(form))


def _conference() -> Response:
    form, app = checked_request("conference")
    app.archive.webhooks.agents.conference(form)
    return Response(status=204)


def _ended() -> Response:
    form, app = checked_request("ended")
    return twiml(app.archive.webhooks.status.ended(form))


def _status() -> Response:
    form, app = checked_request("status")
    app.archive.webhooks.status.receive(form)
    return Response(status=204)


def _ping() -> Response:
    """Say that a request arrived and was believed. It changes nothing: see `twirec doctor`.

    Whether the catalog answers or not, 204 is the answer; the header says which catalog it is.
    """
    return Response(status=204, headers={CATALOG: _catalog() or UNAVAILABLE})


def whose() -> Response:
    """Say to anybody which catalog this app works with, so that installations know each other.

    It is asked once: whoever asks often, and need not sign, takes no time from the phone.
    """
    archive = extension_state().archive
    found = _KNOWN.get(archive)
    if found is None:
        with spend_at_most(MOST_FOR_ANYBODY):
            found = _catalog()
        if found is not None:
            _KNOWN[archive] = found
    headers = {"Cache-Control": "no-store"}
    said = json.dumps({"catalog": found})
    status = 200 if found else 503
    return Response(said, status, headers, mimetype="application/json")


def _catalog() -> str | None:
    """Return the identity of the app's catalog; None if it does not answer."""
    try:
        return extension_state().archive.operations.identity()
    except CatalogError as error:
        log.warning("which catalog this is cannot be said: %s", error)
        return None


def audio(hash_: str) -> Response:
    """Return the company's own audio of an announcement; its name is its content's hash."""
    try:
        data = extension_state().archive.webhooks.announcing.audio(hash_)
    except NotFound:
        return Response(status=404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(data, mimetype="audio/x-wav", headers=forever)


ROUTES: Mapping[str, Callable[..., Response]] = {
    "/connect": _connect,
    "/consent/<int:asked>": _consent,
    "/outbound/<targets>": _outbound,
    "/fallback/<targets>": _fallback,
    "/announce": _announce,
    "/announced/<call_sid>/<int:asked>": _announced,
    "/dequeued": _dequeued,
    "/conference": _conference,
    "/ended": _ended,
    "/status": _status,
    "/ping": _ping,
}
"""The view of each route. All take POST, and only what is proven to be Twilio's."""
