"""Whether a request is Twilio's, what its app was given, and what the doctor is answered."""

from __future__ import annotations

import ast
import inspect
import logging
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, cast
from urllib.parse import quote

from flask import Response, current_app, g, has_request_context, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from twirec.archive import Archive
from twirec.calls.forms import is_probe
from twirec.calls.otherwise import checked_step
from twirec.calls.signature import SIGNATURE, SIGNED_BY
from twirec.calls.targets import check_targets
from twirec.calls.twiml import BuildDial
from twirec.model.access import Actor
from twirec.model.dial_steps import DialStep, WhenUnanswered
from twirec.model.errors import (
    InvalidQuery,
    MalformedRequest,
    NotFound,
    RequestRefused,
    TwirecError,
)
from twirec.model.given import speakable
from twirec.model.records import CallRecord
from twirec.model.steady import spend_at_most

MayPause = Callable[[CallRecord], Actor | str | None]
"""A function of the user's that says who is signed in, if they may pause a call; or None."""


@dataclass(frozen=True, slots=True)
class ExtensionState:
    """What `Twirec` was made with."""

    archive: Archive
    build_dial: BuildDial | None
    may_pause: MayPause | None
    extension: type
    unanswered: Mapping[str, WhenUnanswered]


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


def probed(view: Callable[..., Any], extension: type) -> Response:
    """Answer 204; or 422 with the problem, if a view names whom Twilio cannot connect.

    The request was signed with the account's token, so it comes from who has the settings; it runs
    nothing of the app's, so whoever sends it again learns and changes nothing.

    Whom a view names only while a call comes in cannot be seen here: if Twilio could not connect
    them, the call's line says so.

    Args:
        view: what the request was for; it may be decorated.
        extension: the class whose `answer` connects calls.
    """
    for field, targets in dialled(view, extension):
        if problem := _problem(field, targets, extension_state()):
            answer = jsonify(problem=problem)
            answer.status_code = 422
            return answer
    return Response(status=204)


def _problem(field: str, targets: tuple[str, ...], app: ExtensionState) -> str:
    if field == "dial" and not targets:
        return "" if app.build_dial else "dial: it names nobody, and there is no build_dial."
    country = app.archive.settings.country
    try:
        if field == "dial":
            check_targets(field, targets, country)
            return ""
        return checked_step(DialStep(targets), country)[1]
    except InvalidQuery as error:
        return str(error)


def dialled(view: Callable[..., Any], extension: type) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield whom each `answer()` of a view names, as `dial` or `otherwise`, if its source says it.

    A step that a function says is known only while a call is there.
    """
    view = inspect.unwrap(view)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(view)))
        known = inspect.getclosurevars(view)
    except (OSError, TypeError, ValueError, SyntaxError):  # such as what was typed into a shell
        return
    names = {**known.builtins, **known.globals, **known.nonlocals}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_answer(node.func, names, extension):
            targets = _targets(node, names)
            if targets is not None:
                yield "dial", targets
            yield from (("otherwise", each) for each in _steps(node, names))


def _is_answer(function: ast.expr, names: Mapping[str, Any], extension: type) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "answer"
        and isinstance(function.value, ast.Name)
        and isinstance(names.get(function.value.id), extension)
    )


def _targets(call: ast.Call, names: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return whom it names: a constant, or a variable that is one. None if that is not known."""
    named = [each.value for each in call.keywords if each.arg in (None, "dial")]
    given = [*call.args, *named]
    if not given:
        return ()
    return _names(_value(given[0], names))


def _steps(call: ast.Call, names: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield whom each step names that is written out: alone, in a list, or in a `DialStep`."""
    for each in (keyword.value for keyword in call.keywords if keyword.arg == "otherwise"):
        nodes = each.elts if isinstance(each, ast.List | ast.Tuple) else [each]
        steps = [
            node.args[0] if isinstance(node, ast.Call) and node.args else node for node in nodes
        ]
        values: list[object] = [_value(step, names) for step in steps]
        if nodes == [each] and isinstance(values[0], list | tuple):  # a variable that holds several
            values = list(values[0])
        for value in values:
            targets = _names(value.targets if isinstance(value, DialStep) else value)
            if targets:
                yield targets


def _names(value: object) -> tuple[str, ...] | None:
    targets = (value,) if isinstance(value, str) else value
    if not isinstance(targets, list | tuple) or not all(isinstance(one, str) for one in targets):
        return None
    return tuple(targets)


def _value(node: ast.expr, names: Mapping[str, Any]) -> object:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


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


def signed(
    view: View[P], *, most_bytes: int = MOST_BYTES, is_of_stream: bool = False
) -> Callable[P, ResponseReturnValue]:
    """Let only requests through that are proven to be Twilio's; answer others with 403.

    The doctor's test request is answered without the view.

    Args:
        view: a view, which may be a coroutine function (with `pip install 'flask[async]'`).
        most_bytes: the longest body that is read.
        is_of_stream: whether it is for batches of Event Streams: nothing of the body is a field,
            and a request that names no account is the main account's.
    """

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            with spend_at_most(LONGEST_ANSWER):
                g.twirec_fields = _checked_fields(most_bytes, is_of_stream=is_of_stream)
                if is_probe(g.twirec_fields):
                    return probed(view, extension_state().extension)
                answer: ResponseReturnValue = current_app.ensure_sync(view)(*args, **kwargs)
        except tuple(ANSWERS) as error:
            status = next(ANSWERS[kind] for kind in ANSWERS if isinstance(error, kind))
            log.warning("%s answered with %d: %s", request.url_rule, status, error)
            return Response(status=status)
        return answer

    return checked


def _checked_fields(most_bytes: int, *, is_of_stream: bool) -> Mapping[str, str]:
    """Return the fields of a request that is Twilio's. See `signed`.

    Raises:
        RequestRefused: it is not.
        RequestEntityTooLarge: it is longer than anything of Twilio's.
        RuntimeError: something read the body before, so that it cannot be checked.
    """
    if (request.content_length or 0) > most_bytes:
        raise RequestEntityTooLarge
    request.max_content_length = most_bytes
    body = request.get_data()
    form = None if body else _form_read_before()
    if form is None and request.content_length and not body:
        raise RuntimeError(
            "Something of the app read the body of the request before @recordings.signed could "
            "check it: let it read request.form, or request.get_data(), which keep what they read."
        )
    archive = extension_state().archive
    fields = archive.signature.check(
        method=request.method,
        target=_raw_target(),
        signature=request.headers.get(SIGNATURE),
        signed_by=request.headers.get(SIGNED_BY),
        body=body,
        # a batch is long: it is read only once it is proven
        content_type="" if is_of_stream else request.content_type or "",
        form=form,
        account=archive.settings.account_sid if is_of_stream else "",
    )
    return speakable(fields)  # after the signature, which is of all that came


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
