"""For the tests of people who use the library: a pytest plugin, installed with the package.

Fixtures: `twirec_settings`, `twirec_archive` (everything in memory), `twirec_post` (signed
requests to a Flask app), `twirec_sandbox` (a running stand-in for Twilio) and `twirec_serve` (an
app over HTTP, for the stand-in to call).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from flask import Flask
    from werkzeug.test import TestResponse

    from twirec.archive import Archive
    from twirec.sandbox import Sandbox
    from twirec.settings import Settings

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a token for tests"  # noqa: S105 - it opens nothing
PUBLIC_URL = "https://calls.example.com"

ENVIRONMENT: Mapping[str, str] = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWIREC_PUBLIC_URL": PUBLIC_URL,
    "TWIREC_BUCKET": "file:///dev/null/nowhere",
    "TWIREC_DATABASE_URL": "sqlite://",
    "TWIREC_COMPANY": "Ejemplo S.A.",
    "TWIREC_PRIVACY_INFO": "ejemplo punto es",
    "TWIREC_LEGAL_BASIS": "contract",
    "TWIREC_AUDIT_KEY": "a key for tests, as long as one has to be",
}
"""Settings with which an archive can be made; nothing in them leads anywhere."""


class SignedPosts:
    """Posts forms to an app as Twilio does, with a valid signature.

    Args:
        app: the Flask app under test.
        settings: whose public URL and token sign.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._client = app.test_client()
        self._settings = settings

    def __call__(self, path: str, fields: Mapping[str, str], **changes: Any) -> TestResponse:
        """Post a form.

        Args:
            path: path and query, such as `/voice`.
            fields: the form; `AccountSid` is added.
            changes: headers that replace those that were made, such as another signature.
        """
        from twirec.calls.signature import sign

        form = {"AccountSid": self._settings.account_sid, **fields}
        token = self._settings.auth_tokens[self._settings.account_sid][0]
        signature = sign(self._settings.public_url + path, form.items(), token)
        headers = {"X-Twilio-Signature": signature, **changes}
        return self._client.post(
            path,
            data=urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={name: value for name, value in headers.items() if value is not None},
        )


@pytest.fixture
def twirec_settings() -> Settings:
    """Settings that lead nowhere, for archives in memory."""
    return _settings()


@cache
def _settings() -> Settings:
    """Read the settings once: nobody can change them."""
    from twirec.settings import Settings

    return Settings.from_env(ENVIRONMENT)


@pytest.fixture
def twirec_archive(twirec_settings: Settings) -> Iterator[Archive]:
    """An archive that is set up, with catalog, bucket and vendor in memory."""
    from twirec.adapters.memory_bucket import MemoryBucket
    from twirec.adapters.memory_vendor import MemoryVendor
    from twirec.archive import Archive

    archive = Archive(twirec_settings, bucket=MemoryBucket(), vendor=MemoryVendor())
    archive.set_up()
    yield archive
    archive.close()


@pytest.fixture
def twirec_post(twirec_settings: Settings) -> Callable[[Flask], SignedPosts]:
    """Give it an app, and get what posts signed forms to that app."""

    def to(app: Flask) -> SignedPosts:
        return SignedPosts(app, twirec_settings)

    return to


@pytest.fixture
def twirec_serve() -> Iterator[Callable[[WSGIApplication], str]]:
    """Give it a WSGI app, such as Flask's: it is served on a free port, and you get its URL."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        """Writes no line for each request."""

        def log(self, type: str, message: str, *args: Any) -> None:
            """Write nothing."""

    with ExitStack() as stack:

        def serve(app: WSGIApplication) -> str:
            server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
            thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield serve


@pytest.fixture
def twirec_sandbox() -> Iterator[Sandbox]:
    """A running stand-in for Twilio that plays calls fifty times faster than life.

    It is strict: what it does not do fails the test.
    """
    from twirec.sandbox import Sandbox

    with Sandbox(speed=50, strict=True) as sandbox:
        yield sandbox
