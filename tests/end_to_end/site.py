"""A whole installation: the stand-in for Twilio, an app, a bucket and workers, on real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, has_request_context, request
from twilio.twiml.voice_response import VoiceResponse
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.encrypting import key_settings
from twirec import DialStep
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.jobs.retrying import TRANSFERS
from twirec.model.records import Recording
from twirec.sandbox import Call, Encryption, Line, Party, Sandbox
from twirec.sandbox import Recording as AtVendor
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SPEED = 40
OWN_NUMBER = "+34911000111"
CUSTOMER = "+34600111222"
OTHER_CUSTOMER = "+34600777888"
AGENT = "+34911222333"
OTHER_AGENT = "+34911222444"
COLLEAGUES = "client:bea"
QUEUE, ROOM = "support", "room-1"
TAKE, JOIN = "+34911000801", "+34911000802"
"""The numbers that agents call to take somebody out of the queue, and to join the conference."""

CALLER = Party(says=[Line("customer_complaint", at=0.5)], counts_from_bridge=True)
COLLEAGUE = Party(says=[Line("agent_answer", at=8.0)], hangs_up_after=16.0)

SPEAKING_AGENT = Party(
    says=[Line("agent_answer", at=8.0)], hangs_up_after=16.0, counts_from_bridge=True
)


def until(condition: Callable[[], Any], *, every: float = 0.02) -> None:
    """Wait until something is so, for two minutes at the most: a machine can be busy.

    Args:
        condition: whether it is so.
        every: seconds between two looks.
    """
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(every)


class Site:
    """What a company installs, with a clock that can be moved forward."""

    def __init__(
        self,
        folder: Path,
        bucket_url: str,
        *,
        dial: str | Sequence[str] = AGENT,
        timeout: int | None = None,
        otherwise: Sequence[DialStep] = (),
        around: Callable[[Any], Any] = lambda app: app,
        environ: Mapping[str, str] | None = None,
        sandbox: Sandbox | None = None,
        keys: Sequence[int] = (1, 2),
    ) -> None:
        self._environ = environ or {}
        self._keys = keys  # of the company, by number; making one takes a moment
        self._dial = dial
        self._timeout = timeout
        self._otherwise = otherwise
        self._around = around
        self._folder = folder
        self._bucket_url = bucket_url
        self._ahead = timedelta()
        self.catalog = "catalog.db"  # the file; on PostgreSQL each name is a database of its own
        self.encryption: Encryption | None = None  # of what is recorded from now on
        self.sandbox = sandbox or Sandbox(speed=SPEED, encrypt=lambda sid: self.encryption)
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[Site]:
        """Run sandbox and app; workers run when a test says so."""
        app = Flask(__name__)
        outside = self._around(app.wsgi_app)
        server = make_server("127.0.0.1", 0, outside, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{server.server_port}"
        with self.sandbox:
            self.archive = self.open_archive()
            self.archive.set_up()
            recordings = Twirec(app, self.archive)

            self._add_views(app, recordings)
            self._add_transfers(app, recordings)
            for number, view in ((TAKE, "take"), (JOIN, "join")):
                self.sandbox.number(
                    number,
                    voice_url=f"{self.url}/{view}",
                    status_callback=f"{self.url}/twirec/ended",
                )
            self.sandbox.application(
                voice_url=f"{self.url}/softphone", status_callback=f"{self.url}/twirec/ended"
            )
            self.sandbox.number(
                OWN_NUMBER,
                voice_url=f"{self.url}/voice",
                fallback_url=f"{self.url}/voice",
                status_callback=f"{self.url}/twirec/ended",
                since=datetime(2020, 1, 1, tzinfo=UTC),
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                self.sandbox.close()
                server.shutdown()
                thread.join()
                server.server_close()
                self.archive.close()

    def _add_views(self, app: Flask, recordings: Twirec) -> None:
        def voice() -> Response:
            return recordings.answer(
                dial=self._dial, timeout=self._timeout, otherwise=self._otherwise
            )

        def softphone() -> Response:
            return recordings.dial_out(
                request.form["To"], own_number=OWN_NUMBER, allow=lambda agent: True
            )

        def voicemail() -> Response:
            return recordings.voicemail()

        def take() -> Response:
            return recordings.take(QUEUE)

        def join() -> Response:
            return recordings.join(ROOM)

        def wait() -> Response:
            return recordings.answer(dial=f"queue:{QUEUE}")

        def meet() -> Response:
            return recordings.answer(dial=f"conference:{ROOM}")

        def call_back() -> Response:
            return recordings.dial_out(
                OTHER_CUSTOMER, own_number=OWN_NUMBER, allow=lambda agent: True
            )

        def ask_colleague() -> Response:
            return recordings.answer(dial=COLLEAGUES)

        app.post("/call_back")(recordings.signed(call_back))
        app.post("/ask_colleague")(recordings.signed(ask_colleague))
        app.post("/voice")(recordings.signed(voice))
        app.post("/wait")(recordings.signed(wait))
        app.post("/meet")(recordings.signed(meet))
        app.post("/voicemail")(recordings.signed(voicemail))
        app.post("/softphone")(recordings.signed(softphone))
        app.post("/take")(recordings.signed(take))
        app.post("/join")(recordings.signed(join))

    def _add_transfers(self, app: Flask, recordings: Twirec) -> None:
        """Add the views that calls are moved to."""

        def second_agent() -> Response:
            return recordings.answer(dial=OTHER_AGENT)

        def refer() -> Response:
            response = VoiceResponse()
            response.refer().sip("sip:backoffice@pbx.example.com")
            return Response(str(response), mimetype="text/xml")

        app.post("/second_agent")(recordings.signed(second_agent))
        app.post("/refer")(recordings.signed(refer))

    @property
    def environ(self) -> dict[str, str]:
        """The installation's settings."""
        return {
            **ENVIRONMENT,
            **(key_settings(*self._keys) if self._keys else {}),
            "TWILIO_ACCOUNT_SID": self.sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": self.sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": self.sandbox.url,
            "TWIREC_CLOCK_SPEED": str(SPEED),
            "TWIREC_PUBLIC_URL": self.url,
            "TWIREC_BUCKET": self._bucket_url,
            "TWIREC_DATABASE_URL": f"sqlite:///{self._folder}/{self.catalog}",
            **self._environ,
        }

    def open_archive(self) -> Archive:
        """Open the installation's archive, as another process on another machine would."""
        return Archive(Settings.from_env(self.environ), now=self.now)

    def now(self) -> datetime:
        """What time it is; in a request about a call, by its clock: no slow machine shifts that."""
        sid = request.form.get("CallSid", "") if has_request_context() else ""
        return (self.sandbox.time_in(sid) or datetime.now(UTC)) + self._ahead

    def skip(self, by: timedelta) -> None:
        self._ahead += by

    def call(self, **scene: Any) -> str:
        """Play a call in to its end and return its SID."""
        scene = {"caller": CALLER, "callee": COLLEAGUE, **scene}
        call = self.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, **scene)
        call.wait(timeout=120)
        return call.sid

    def move(self, call: Call, view: str) -> None:
        """Give a call that goes on another document, as an app does that moves it on."""
        self.post(f"Calls/{call.sid}.json", {"Url": f"{self.url}/{view}"})

    def post(self, path: str, form: Mapping[str, str]) -> None:
        """Ask the vendor's API for something, as another app of the account does."""
        sandbox = self.sandbox
        url = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/{path}"
        with requests.Session() as session:
            session.auth = (sandbox.api_key, sandbox.api_secret)
            session.trust_env = False
            session.post(url, dict(form), timeout=120).raise_for_status()

    def let_pass(self, call: Call, seconds: float) -> None:
        """Let seconds of a call that goes on pass, by its own clock."""
        begin = self.sandbox.time_in(call.sid)
        assert begin
        end = begin + timedelta(seconds=seconds / SPEED)
        until(lambda: (self.sandbox.time_in(call.sid) or end) >= end)

    def call_out(self, customer: Party) -> str:
        """Place a call over the API, play it to its end, and return its SID."""
        self.sandbox.party(CUSTOMER, customer)
        self.sandbox.party(AGENT, COLLEAGUE)
        placed = self.archive.calls.place(CUSTOMER, connect=AGENT, own_number=OWN_NUMBER, by="ana")
        self._wait_for(placed.call_sid)
        return placed.call_sid

    def dial_out(self, customer: Party, **scene: Any) -> str:
        """Let an agent dial from a softphone, play the call to its end, and return its SID."""
        call = self.sandbox.call(
            from_="client:ana", to=CUSTOMER, caller=SPEAKING_AGENT, callee=customer, **scene
        )
        call.wait(timeout=120)
        return call.sid

    def _wait_for(self, sid: str) -> None:
        (call,) = [leg for leg in self.sandbox.calls if leg.sid == sid]
        call.wait(timeout=120)

    def record(self, **facts: Any) -> AtVendor:
        """Let the vendor hold a recording, and tell of it."""
        recording = self.sandbox.add_recording(**{"seconds": 3.0, **facts})
        self.tell(recording)
        return recording

    def tell(self, recording: AtVendor) -> None:
        """Post a recording's status callback."""
        reply = self.sandbox.callbacks.post_status(recording, f"{self.url}/twirec/status")
        assert reply.status == 204

    def work_on(self) -> None:
        """Work until nothing is due any more, moving the clock to the due dates."""
        for _ in range(2 * TRANSFERS.tries):
            self.archive.operations.worker().run_once()
            due = [recording.due_at for recording in self.recordings() if recording.due_at]
            if not due:
                return
            self.skip(max(max(due) - self.now(), timedelta()))
        raise AssertionError("it never came to an end")

    def recordings(self) -> list[Recording]:
        """Every recording that the catalog knows."""
        with self.archive.catalog.database.read() as connection:
            sids = connection.exec_driver_sql("SELECT sid FROM recordings ORDER BY sid").scalars()
            known = list(sids)
        return [self.archive.catalog.recordings.get(sid) for sid in known]

    def stored(self) -> list[str]:
        """The names of the recordings in the bucket."""
        return [found.name for found in self.archive.bucket.list("recordings/")]

    def bytes_of(self, recording: Recording) -> bytes:
        return b"".join(self.archive.bucket.open_range(recording.object_name or ""))

    def at_vendor(self) -> list[str]:
        """The SIDs of the finished recordings that the vendor still holds."""
        return [held.sid for held in self.sandbox.recordings if held.status == "completed"]


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
