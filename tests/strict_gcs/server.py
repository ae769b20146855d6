"""The strict server: HTTP on 127.0.0.1."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.strict_gcs.faults import Fault, Faults, Kind
from tests.strict_gcs.handlers import (
    PARAMETERS,
    Answer,
    Api,
    Call,
    answer,
    fault_answer,
    json_answer,
    route,
)
from tests.strict_gcs.rules import ApiError, invalid
from tests.strict_gcs.store import Store
from tests.strict_gcs.uploads import BLOCK, Uploads


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    kind: Kind
    method: str
    path: str
    query: Mapping[str, str]


class StrictGcs:
    """A strict server with its own buckets, running while the context is entered.

    Its `url` is what `STORAGE_EMULATOR_HOST` takes. `requests` are all requests in their order.

    Args:
        buckets: names of buckets to begin with.
    """

    def __init__(self, *buckets: str) -> None:
        self._names = buckets
        self._lock = threading.Lock()
        self.requests: list[Seen] = []
        self.faults = Faults()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="strict-gcs-")
        self.store = Store(Path(self._folder.name))
        self.uploads = Uploads(self.store)
        for name in self._names:
            self.store.create_bucket(name, {})
        self._http = _Server(self)
        self.api = Api(self.url, self.store, self.uploads)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def fail(self, fault: Fault) -> None:
        """Let requests go wrong. Several faults of one kind come one after the other."""
        self.faults.add(fault)

    def count(self, *kinds: Kind) -> int:
        """Count the requests so far, of these kinds or of all."""
        with self._lock:
            return sum(not kinds or seen.kind in kinds for seen in self.requests)

    def reset(self) -> None:
        """Forget requests and faults; the objects stay."""
        self.faults.clear()
        with self._lock:
            self.requests.clear()

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.requests.append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, gcs: StrictGcs) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gcs = gcs
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no error of the server."""

    def hang_up(self) -> None:
        for request in list(self._open):
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: object) -> None:
        """The server is silent; tests read `requests`."""

    def _serve(self) -> None:
        gcs, parts = self.server.gcs, urlsplit(self.path)
        query = _query(parts.query)
        span = self.headers.get("Content-Range", "")
        try:
            kind, bucket, name = route(self.command, parts.path, query, span)
            if unknown := query.keys() - PARAMETERS:
                raise invalid(f"Unknown parameters: {sorted(unknown)}")
        except ApiError as error:
            self.close_connection = True
            self._send(json_answer(error.status, error.body))
            return
        gcs.note(Seen(kind, self.command, parts.path, query))
        fault = gcs.faults.next(kind)
        time.sleep(fault.delay)
        if fault.drop == "before":
            self.close_connection = True
            return
        with tempfile.NamedTemporaryFile() as body:
            self._receive(body)
            if fault.status is not None:
                self._send(fault_answer(fault))
                return
            path = Path(body.name)
            headers: Mapping[str, str] = self.headers  # type: ignore[assignment]
            told = answer(gcs.api, Call(kind, bucket, name, query, headers, path, fault))
        if fault.drop == "after":
            self.close_connection = True
            return
        self._send(told)

    def _receive(self, file: IO[bytes]) -> None:
        left = int(self.headers.get("Content-Length", 0))
        while left and (block := self.rfile.read(min(BLOCK, left))):
            left -= len(block)
            file.write(block)
        file.flush()

    def _send(self, told: Answer) -> None:
        self.send_response(told.status)
        for key, value in told.headers.items():
            self.send_header(key, value)
        if self.close_connection:  # said, so that no client sends its next request into the void
            self.send_header("Connection", "close")
        if isinstance(told.body, bytes):
            self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        for block in [told.body] if isinstance(told.body, bytes) else told.body:
            self.wfile.write(block)


def _query(text: str) -> dict[str, str]:
    """Parse a query; only `permissions` may come several times."""
    pairs = parse_qsl(text, keep_blank_values=True)
    query = dict(pairs)
    if permissions := [value for name, value in pairs if name == "permissions"]:
        query["permissions"] = ",".join(permissions)
    return query
