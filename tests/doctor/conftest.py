"""An installation that is as it should be: each test spoils one thing of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from twirec.archive import Archive
from twirec.doctor import examine
from twirec.flask import Twirec
from twirec.model.inspection import Check, CheckResult, Level
from twirec.sandbox import Sandbox
from twirec.testing import ENVIRONMENT

OWN_NUMBER = "+34911000111"
FALLBACK = "<Response><Dial>+34911222333</Dial></Response>"


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve a WSGI app; give its host and port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, **options)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Installation:
    """The settings, and what stands behind them."""

    def __init__(self, environ: dict[str, str], sandbox: Sandbox) -> None:
        self.environ = environ
        self.sandbox = sandbox

    @property
    def url(self) -> str:
        return self.environ["TWIREC_PUBLIC_URL"]

    def examine(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        voice: Sequence[str] = (),
        **changes: str | None,
    ) -> list[CheckResult]:
        """Examine it with other settings; None takes one out."""
        environ = {**self.environ, **changes}
        given = {name: value for name, value in environ.items() if value is not None}
        return list(examine(given, now=now, voice=voice))

    def found(self, check: Check, **changes: Any) -> CheckResult:
        """Return the one result of a check."""
        (result,) = [one for one in self.examine(**changes) if one.check is check]
        return result

    def number(self, number: str = OWN_NUMBER, **changes: Any) -> None:
        urls = {
            "voice_url": f"{self.url}/voice",
            "fallback_url": self.sandbox.twiml_bin(FALLBACK),
            "status_callback": f"{self.url}/twirec/ended#rc=5&rp=all",
        }
        self.sandbox.number(number, **{**urls, **changes})


@pytest.fixture
def installation(tmp_path: Path, twirec_sandbox: Sandbox) -> Iterator[Installation]:
    with installed(tmp_path, twirec_sandbox) as installation:
        yield installation


@contextmanager
def installed(tmp_path: Path, twirec_sandbox: Sandbox) -> Iterator[Installation]:
    """Install it in a folder, with a number that points at it and a recording at Twilio."""
    (tmp_path / "bucket").mkdir(mode=0o700)
    environ = {
        **ENVIRONMENT,
        "TWILIO_ACCOUNT_SID": twirec_sandbox.account_sid,
        "TWILIO_AUTH_TOKEN": twirec_sandbox.auth_token,
        "TWIREC_TWILIO_API_URL": twirec_sandbox.url,
        "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
    }
    app = Flask(__name__)
    with serving(app) as host:
        environ["TWIREC_PUBLIC_URL"] = f"http://{host}"
        archive = Archive.from_env(environ)
        archive.set_up()
        archive.journal.mark_bucket()
        recordings = Twirec(app, archive)
        app.post("/voice")(recordings.signed(lambda: recordings.answer(dial="+34911222333")))
        installation = Installation(environ, twirec_sandbox)
        installation.number()
        twirec_sandbox.add_recording(seconds=1)
        yield installation
        archive.close()


def levels(results: Iterable[CheckResult]) -> Mapping[Check, Level]:
    """Return how each check ended; of several results the worst."""
    order = list(Level)
    worst: dict[Check, Level] = {}
    for result in results:
        before = worst.get(result.check, Level.OK)
        worst[result.check] = max(before, result.level, key=order.index)
    return worst
