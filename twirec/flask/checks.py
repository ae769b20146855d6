"""Whether a request is Twilio's."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import ParamSpec, cast
from urllib.parse import quote

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from twirec.calls.forms import clean, is_probe
from twirec.calls.signature import SIGNATURE, SIGNED_BY
from twirec.flask.probe import probed
from twirec.flask.state import extension_state
from twirec.model.budget import spend_at_most
from twirec.model.errors import MalformedRequest, NotFound, RequestRefused, TwirecError

P = ParamSpec("P")

log = logging.getLogger("twirec.flask")

LONGEST_ANSWER = 3.0
"""Seconds that an answer may wait for database and vendor together: a caller waits with it."""

MOST_BYTES = 64 * 1024
"""The longest body that a route reads; Twilio's forms are far shorter."""

ANSWERS: Mapping[type[TwirecError], int] = {
    RequestRefused: 403,
    MalformedRequest: 400,
    NotFound: 404,
}
"""What our errors mean in HTTP. Any other error stays a 500, and Twilio tries again."""


View = Callable[P, ResponseReturnValue | Awaitable[ResponseReturnValue]]


def signed(view: View[P]) -> Callable[P, ResponseReturnValue]:
    """Let only requests through that are proven to be Twilio's; answer others with 403.

    The doctor's test request is answered without the view.

    Args:
        view: a view, which may be a coroutine function (with `pip install 'flask[async]'`).
    """

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            with spend_at_most(LONGEST_ANSWER):
                g.twirec_fields = _checked_fields()
                if is_probe(g.twirec_fields):
                    return probed(view, extension_state().extension)
                answer: ResponseReturnValue = current_app.ensure_sync(view)(*args, **kwargs)
        except tuple(ANSWERS) as error:
            status = next(ANSWERS[kind] for kind in ANSWERS if isinstance(error, kind))
            log.warning("%s answered with %d: %s", request.url_rule, status, error)
            return Response(status=status)
        return answer

    return checked


def _checked_fields() -> Mapping[str, str]:
    """Return the fields of a request that is Twilio's.

    Raises:
        RequestRefused: it is not.
        RequestEntityTooLarge: it is longer than anything of Twilio's.
        RuntimeError: something read the body before, so that it cannot be checked.
    """
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    request.max_content_length = MOST_BYTES
    body = request.get_data()
    form = None if body else _form_read_before()
    if form is None and request.content_length and not body:
        raise RuntimeError(
            "Something of the app read the body of the request before @recordings.signed could "
            "check it: let it read request.form, or request.get_data(), which keep what they read."
        )
    fields = extension_state().archive.signature.check(
        method=request.method,
        target=_raw_target(),
        signature=request.headers.get(SIGNATURE),
        signed_by=request.headers.get(SIGNED_BY),
        body=body,
        content_type=request.content_type or "",
        form=form,
    )
    return clean(fields)


def _form_read_before() -> list[tuple[str, str]] | None:
    """Return the form if a hook, or a decorator above ours, had Flask read it; its bytes are gone.

    Flask keeps what it read, and the view reads the same. Files are part of no form of Twilio's.

    Raises:
        RequestRefused: it has files.
    """
    if "form" not in request.__dict__ or not (request.content_length or request.form):
        return None
    if request.files:
        raise RequestRefused("The request has files.")
    return list(request.form.items(multi=True))


def _raw_target() -> str:
    """Return path and query as they came: decoding and encoding again could change them."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    if raw is None:  # a server that keeps neither; PEP 3333 has the decoded path only
        path = request.environ.get("SCRIPT_NAME", "") + request.environ.get("PATH_INFO", "")
        query = request.environ.get("QUERY_STRING", "")
        raw = quote(path.encode("latin-1")) + (f"?{query}" if query else "")
    return cast(str, raw)
