"""The Flask door: Twilio's requests in, TwiML out. Translation only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec, cast
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from twirec.archive import Archive
from twirec.calls.twiml import BuildDial
from twirec.model.errors import MalformedRequest, NotFound, RequestRefused, TwirecError
from twirec.model.records import VOICEMAIL

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


class Twirec:
    """The Flask extension: checks that requests are Twilio's, and answers them.

    Args:
        app: the app; or call `init_app` later.
        archive: the archive.
        build_dial: a function that puts into `<Dial>` whom to connect, for more than the numbers
            that `answer` takes: it is given the call and the `twilio.twiml.voice_response.Dial`.

    When the app protects its forms with Flask-WTF, make its `CSRFProtect` first; the routes of
    Twilio are then exempt from it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        archive: Archive | None = None,
        *,
        build_dial: BuildDial | None = None,
    ) -> None:
        self._build_dial = build_dial
        if app is not None and archive is None:
            raise TypeError("Give Twirec() the archive with the app, or neither.")
        if app is not None and archive is not None:
            self.init_app(app, archive)

    def init_app(self, app: Flask, archive: Archive) -> None:
        """Add the routes under `/twirec/` to an app."""
        app.extensions["twirec"] = (archive, self._build_dial)
        routes = self._routes()
        app.register_blueprint(routes, url_prefix="/twirec")
        if "csrf" in app.extensions:
            app.extensions["csrf"].exempt(routes)

    def signed(self, view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        """Let only requests through that are proven to be Twilio's; answer others with 403."""

        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                g.twirec_fields = _checked_fields()
                return view(*args, **kwargs)
            except tuple(ANSWERS) as error:
                status = next(ANSWERS[kind] for kind in ANSWERS if isinstance(error, kind))
                log.warning("%s answered with %d: %s", request.path, status, error)
                return Response(status=status)

        return checked

    def answer(self, dial: str | Sequence[str] = ()) -> Response:
        """Answer a call that comes in; to be returned from a `signed` view.

        Args:
            dial: whom to connect, or several that ring together: E.164, `client:NAME` or
                `sip:ADDRESS`. Not needed with `build_dial`.

        Raises:
            RuntimeError: the view is not `signed`, or nobody says whom to connect.
        """
        archive, build_dial = _extension()
        fields = _fields("answer")
        if not dial and build_dial is None:
            raise RuntimeError("Give answer() a number to dial, or Twirec() a build_dial.")
        numbers = (dial,) if isinstance(dial, str) else tuple(dial)
        return _twiml(archive.phone.answer(fields, dial=numbers, build_dial=build_dial))

    def voicemail(self) -> Response:
        """Take a message of a call that comes in, told first; from a `signed` view.

        Who does not allow it to be recorded cannot leave one.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        archive, _ = _extension()
        return _twiml(archive.phone.answer(_fields("voicemail"), dial=(VOICEMAIL,)))

    def dial_out(self, to: str, *, own_number: str) -> Response:
        """Dial for an agent who calls from a softphone or SIP phone; from a `signed` view.

        Args:
            to: the customer's number, as the agent dialled it.
            own_number: the company's number that the customer sees, E.164.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        archive, _ = _extension()
        fields = _fields("dial_out")
        return _twiml(archive.phone.dial_out(fields, to=to, own_number=own_number))

    def _routes(self) -> Blueprint:
        routes = Blueprint("twirec", __name__)
        for rule, view in ROUTES.items():
            name = rule.split("/")[1]
            routes.add_url_rule(rule, name, self.signed(view), methods=["POST"])
        # What every caller hears is no secret, and Twilio may fetch it without signing.
        routes.add_url_rule("/audio/<hash_>.wav", "audio", _audio)
        return routes


def _connect() -> Response:
    archive, build_dial = _extension()
    return _twiml(archive.phone.connect(g.twirec_fields, build_dial=build_dial))


def _consent(asked: int) -> Response:
    archive, build_dial = _extension()
    return _twiml(archive.phone.consent(g.twirec_fields, asked, build_dial=build_dial))


def _outbound() -> Response:
    archive, build_dial = _extension()
    return _twiml(archive.phone.outbound(g.twirec_fields, build_dial=build_dial))


def _announce() -> Response:
    return _twiml(_archive().phone.announce(g.twirec_fields))


def _announced(call_sid: str, asked: int) -> Response:
    return _twiml(_archive().phone.announced(g.twirec_fields, call_sid, asked))


def _ended() -> Response:
    return _twiml(_archive().phone.ended(g.twirec_fields))


def _status() -> Response:
    _archive().phone.receive_status(g.twirec_fields)
    return Response(status=204)


def _audio(hash_: str) -> Response:
    """The company's own audio of an announcement; named by its content, so it never changes."""
    try:
        data = _archive().catalog.audio(hash_)
    except NotFound:
        return Response(status=404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(data, mimetype="audio/x-wav", headers=forever)


ROUTES: Mapping[str, Callable[..., Response]] = {
    "/connect": _connect,
    "/consent/<int:asked>": _consent,
    "/outbound": _outbound,
    "/announce": _announce,
    "/announced/<call_sid>/<int:asked>": _announced,
    "/ended": _ended,
    "/status": _status,
}
"""What Twilio calls, under `/twirec`."""


def _fields(what: str) -> Mapping[str, str]:
    if "twirec_fields" not in g:
        raise RuntimeError(f"Put @recordings.signed on the view that returns {what}().")
    return cast(Mapping[str, str], g.twirec_fields)


def _extension() -> tuple[Archive, BuildDial | None]:
    return cast(tuple[Archive, BuildDial | None], current_app.extensions["twirec"])


def _archive() -> Archive:
    return _extension()[0]


def _twiml(body: str) -> Response:
    return Response(body, mimetype="text/xml")


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
    return _archive().signature.check(
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
