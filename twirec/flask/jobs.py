"""The routes that Google calls: Cloud Tasks with a hint, Cloud Scheduler with what is periodical.

Each lets only requests through that have Google's token, of the service account of the settings;
what the catalog says is due is done, nothing else, so that what comes twice or late does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from math import ceil

from flask import Blueprint, Response, request

from twirec.archive.jobs import SOON
from twirec.archive.periodic import UPKEEP
from twirec.flask.checks import MOST_BYTES, extension_state
from twirec.model.errors import CertificatesUnavailable, RequestRefused, TwirecError

log = logging.getLogger("twirec.flask")

LATER = 60
"""Seconds after which one comes again when the catalog could not be asked."""

SOONER = 2
"""Seconds after which one comes again to a process that only now fetches what it has to know."""

TOO_EARLY = 425
UNAVAILABLE = 503
"""Cloud Tasks tries again after any status but 2xx, and heeds `Retry-After`. After 429 and 503 it
slows the whole queue down: good while the catalog is away, and not for one recording that failed.
Source: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks."""


def jobs() -> Blueprint:
    """Return the routes `/do`, `/due`, `/sweep`, `/journal` and `/upkeep`, which take POST.

    204: done, or nothing is due within a minute. With `Retry-After`, 425: it is due then; 503: it
    could not be looked at, or Google's certificates are not there yet. 401: there is no token; 403:
    it is not Google's, not for us or not of the account; 400: `/do` was not told what.
    """
    routes = Blueprint("twirec_jobs", __name__)
    views: dict[str, Callable[[], Response]] = {"do": _do, "due": _due}
    views |= {name: _upkeep(name) for name in UPKEEP}
    for name, view in views.items():
        routes.add_url_rule(f"/{name}", name, _from_google(view), methods=["POST"])
    return routes


def _from_google(view: Callable[[], Response]) -> Callable[[], Response]:
    @wraps(view)
    def checked() -> Response:
        request.max_content_length = MOST_BYTES
        authorization = request.headers.get("Authorization")
        try:
            extension_state().archive.jobs.check_caller(authorization)
        except RequestRefused as error:
            status = 403 if authorization else 401
            log.warning("%s answered with %d: %s", request.url_rule, status, error)
            return Response(status=status, headers={} if authorization else {CHALLENGE: "Bearer"})
        except CertificatesUnavailable as error:
            log.warning("%s: %s", request.url_rule, error)
            return _come_again(UNAVAILABLE, SOONER)
        try:
            return view()
        except TwirecError as error:
            log.error("%s: %s", request.url_rule, error)
            return _come_again(UNAVAILABLE, LATER)

    return checked


CHALLENGE = "WWW-Authenticate"


def _do() -> Response:
    said = request.get_json(silent=True)
    kind, key = (said.get(name) if isinstance(said, dict) else None for name in ("kind", "key"))
    if not isinstance(kind, str) or not isinstance(key, str):
        return Response(status=400)
    archive = extension_state().archive
    again = archive.jobs.do(kind, key)
    seconds = 0 if again is None else (again - archive.now()).total_seconds()
    if again is None or seconds > SOON:  # `/due` finds it then
        return Response(status=204)
    return _come_again(TOO_EARLY, ceil(seconds))


def _due() -> Response:
    extension_state().archive.jobs.do_due()
    return Response(status=204)


def _upkeep(name: str) -> Callable[[], Response]:
    def upkeep() -> Response:
        extension_state().archive.jobs.upkeep(name)
        return Response(status=204)

    return upkeep


def _come_again(status: int, seconds: int) -> Response:
    return Response(status=status, headers={"Retry-After": str(max(seconds, 1))})
