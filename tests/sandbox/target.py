"""The app that the stand-in calls in these tests: says what it is told to, and keeps what came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request
from twilio.request_validator import RequestValidator
from werkzeug.serving import WSGIRequestHandler, make_server

Says = str | Response | Callable[[], Any]


@dataclass(frozen=True)
class Came:
    method: str
    url: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]

    def signed_with(self, token: str) -> bool:
        signature = self.headers["X-Twilio-Signature"]
        return bool(RequestValidator(token).validate(self.url, self.form, signature))


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Target:
    """A Flask app on a free port. `says` maps a path to a document, a response, or a function."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self._answers: dict[str, Any] = {}
        app = Flask(__name__)
        app.add_url_rule("/<path:path>", view_func=self._answer, methods=["GET", "POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def says(self, path: str, answer: Says) -> str:
        self._answers[path] = answer
        return self.url + path

    def at(self, path: str) -> list[Came]:
        return [came for came in self.came if came.path == path]

    def forms(self, path: str) -> list[dict[str, str]]:
        return [came.form for came in self.at(path)]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str) -> Any:
        came = Came(
            request.method,
            # What was sent, not Flask's reading of it.
            request.host_url.rstrip("/") + request.environ["RAW_URI"],
            request.path,
            request.form.to_dict(),
            dict(request.headers),
        )
        self.came.append(came)
        answer = self._answers.get(request.path, Response(status=404))
        # A response is a WSGI app, and so callable too.
        answer = answer() if callable(answer) and not isinstance(answer, Response) else answer
        if isinstance(answer, str) and answer.startswith("<"):
            return Response(answer, mimetype="text/xml")
        return answer


def twiml(*verbs: str) -> str:
    return f"<Response>{''.join(verbs)}</Response>"
