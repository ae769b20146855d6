"""What `signed` answers to the doctor's test request, instead of the view.

It was signed with the account's token, so it comes from who has the settings; it runs nothing of
the app's, so whoever sends it again learns and changes nothing.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response, jsonify

from twirec.calls.targets import check_targets
from twirec.flask.state import ExtensionState, extension_state
from twirec.model.errors import InvalidQuery


def probed(view: Callable[..., Any], extension: type) -> Response:
    """Answer 204; or 422 with the problem, if a view names whom Twilio cannot connect.

    Whom a view names only while a call comes in cannot be seen here: if Twilio could not connect
    them, the call's line says so.

    Args:
        view: what the request was for; it may be decorated.
        extension: the class whose `answer` connects calls.
    """
    for targets in dialled(view, extension):
        if problem := _problem(targets, extension_state()):
            answer = jsonify(problem=problem)
            answer.status_code = 422
            return answer
    return Response(status=204)


def _problem(targets: tuple[str, ...], app: ExtensionState) -> str:
    if not targets:
        return "" if app.build_dial else "dial: it names nobody, and there is no build_dial."
    try:
        check_targets("dial", targets, app.archive.settings.country)
    except InvalidQuery as error:
        return str(error)
    return ""


def dialled(view: Callable[..., Any], extension: type) -> Iterator[tuple[str, ...]]:
    """Yield whom each `answer()` of a view names, where its source says it."""
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
                yield targets


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
    value = _value(given[0], names)
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
