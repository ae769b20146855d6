"""The stand-in's HTTP server."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twirec.sandbox.mishaps import first_bytes
from twirec.sandbox.web import Answer, Request

_BODY_LIMIT = 1024 * 1024


class Server:
    """Serves until closed.

    Args:
        host: the address on which it listens, `127.0.0.1` for this machine alone.
        port: 0 for a free one.
        answer: answers a request; called from many threads.
        closing: set by the owner before `close`; ends the waiting of slow answers.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Answer],
        closing: threading.Event,
    ) -> None:
        self._http = _HttpServer(host, port, answer, closing)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="sandbox-server", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._http.server_port

    def start(self) -> None:
        """Start serving in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and cut the connections that are still open."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.cut_connections()
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for what is still being answered
    request_queue_size = 128

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Answer],
        closing: threading.Event,
    ) -> None:
        self.answer = answer
        self.closing = closing
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own looks the host's name up, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it was closed meanwhile
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that go away in the middle of an answer are part of the game.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "twirec-sandbox"
    disable_nagle_algorithm = True
    server: _HttpServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: paths and numbers do not belong on the terminal."""

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        length = min(int(self.headers.get("Content-Length", 0)), _BODY_LIMIT)
        request = Request(
            self.command,
            path,
            query,
            self.rfile.read(length),
            self.headers.get("Authorization", ""),
        )
        answer = self.server.answer(request)
        self.server.closing.wait(answer.delay)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(answer.length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        body = answer.body
        if answer.cut_at is not None:
            body, self.close_connection = first_bytes(body, answer.cut_at), True
        if self.close_connection:
            # A client that keeps connections would send its next request into a closed one.
            self.send_header("Connection", "close")
        self.end_headers()
        for chunk in body:
            self.wfile.write(chunk)
