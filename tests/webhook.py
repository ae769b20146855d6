"""A webhook of a company's own, on real HTTP, that believes only what is signed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import free_port
from twirec.events.wire import HEADER, verify
from twirec.model.errors import RequestRefused

SECRET = "a secret that is long enough for it"


class Webhook:
    """Takes events, and misbehaves as a test says.

    Attributes:
        seen: what was believed, taken or not, in order.
        bodies: the same as it came.
        refused: how often something was not believed.
        statuses: what the next requests are answered with; then 204.
        before: called before each answer, such as to be slow.
        now: the clock.
    """

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.refused = 0
        self.statuses: list[int] = []
        self.before: Callable[[], None] = lambda: None
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/calls?key=sesame"

    def events(self) -> list[str]:
        return [told["event"] for told in self.seen]

    @contextmanager
    def running(self) -> Iterator[Webhook]:
        """Run it on a free port, or on the one it had before."""
        self.port = self.port or free_port()
        server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, header: str | None, body: bytes) -> int:
        """Return the status for a request."""
        try:
            verify(SECRET, header, body, self.now())
        except RequestRefused:
            self.refused += 1
            return 403
        self.bodies.append(body)
        self.seen.append(json.loads(body))
        self.before()
        return self.statuses.pop(0) if self.statuses else 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = webhook.answer(self.headers.get(HEADER), body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                with suppress(ConnectionError):  # who asked may wait no longer
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
