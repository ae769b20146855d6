"""Whether a request is Twilio's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, cast
from urllib.parse import quote

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from twirec.calls.forms import is_probe
from twirec.flask.probe import probed
from twirec.flask.wired import wired
from twirec.model.errors import MalformedRequest, NotFound, RequestRefused, TwirecError

P = ParamSpec("P")

log = logging.getLogger("twirec.flask")

MOST_BYTES = 64 * 1024
"""The longest body that a route reads; Twilio's forms are far shorter."""

ANSWERS: Mapping[type[TwirecError], int] = {
    RequestRefused: 403,
    MalformedRequest: 400,
    NotFound: 404,
}
"""What our errors mean in HTTP. Any other error stays a 500, and Twilio tries again."""


def signed(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let only requests through that are proven to be Twilio's; answer others with 403.

    The doctor's test request is answered without the view.
    """

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            g.twirec_fields = _checked_fields()
            if is_probe(g.twirec_fields):
                return probed(view, wired().extension)
            return view(*args, **kwargs)
        except tuple(ANSWERS) as error:
            status = next(ANSWERS[kind] for kind in ANSWERS if isinstance(error, kind))
            log.warning("%s answered with %d: %s", request.url_rule, status, error)
            return Response(status=status)

    return checked


def _checked_fields() -> Mapping[str, str]:
    """Return the fields of a request that is Twilio's.

    Raises:
        RequestRefused: it is not.
        RuntimeError: something read the body before, so that it cannot be checked.
    """
    request.max_content_length = MOST_BYTES
    body = request.get_data()
    if request.content_length and not body:
        raise RuntimeError("Something of the app read the form before @recordings.signed could.")
    return wired().archive.signature.check(
        method=request.method,
        target=_raw_target(),
        signature=request.headers.get("X-Twilio-Signature"),
        body=body,
        content_type=request.content_type or "",
    )


def _raw_target() -> str:
    """Return path and query as they came: decoding and encoding again could change them."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    if raw is None:  # a server that keeps neither; PEP 3333 has the decoded path only
        path = request.environ.get("SCRIPT_NAME", "") + request.environ.get("PATH_INFO", "")
        query = request.environ.get("QUERY_STRING", "")
        raw = quote(path.encode("latin-1")) + (f"?{query}" if query else "")
    return cast(str, raw)
