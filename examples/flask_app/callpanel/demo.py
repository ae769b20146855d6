"""The panel with calls in it, on this machine, without an account anywhere: `make panel`.

The stand-in for Twilio, the app and a worker run on free local ports.
"""

from __future__ import annotations

import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import click
from flask import Flask, has_request_context, request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from callpanel import accounts, create_app, tables
from callpanel.roles import Role
from twirec import Archive
from twirec.sandbox import Call, Line, Party, Sandbox
from twirec.sandbox.scenes import AGENT, OWN_NUMBER, SCENES, Scene

SPEED = 10.0
"""How much faster than life calls are played."""

EVERY = 60
"""Seconds after which another call comes."""

GOES_ON = Scene(
    "a call that goes on for half an hour",
    "+34622333444",
    callee=Party(says=[Line("agent_greeting", at=0.5)], hangs_up_after=30 * 60.0),
)
"""Long enough for an agent to pause what is recorded of it."""

PEOPLE = {
    "ana": Role.ADMIN,
    "sergio": Role.SUPERVISOR,
    "aurora": Role.AUDITOR,
    "alex": Role.AGENT,
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A panel that runs.

    Attributes:
        url: where it is.
        password: of all accounts.
    """

    url: str
    password: str
    app: Flask
    archive: Archive
    sandbox: Sandbox

    def play(self, scene: Scene) -> Call:
        """Let somebody call; it goes on in a thread."""
        return self.sandbox.call(
            from_=scene.customer,
            to=OWN_NUMBER,
            caller=scene.caller,
            callee=scene.callee,
            faults=scene.faults,
        )


@contextmanager
def running(folder: Path, *, speed: float = SPEED, port: int = 0) -> Iterator[Demo]:
    """Run sandbox, app and worker.

    Args:
        folder: where catalog, accounts and bucket are.
        speed: how much faster than life calls are played.
        port: where the app listens; 0 for a free port.
    """
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(speed=speed))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(_environment(sandbox, folder, url, speed))
        archive: Archive = app.extensions["archive"]
        archive.set_up()
        archive.now = partial(_now, sandbox)
        stack.callback(archive.close)
        password = secrets.token_urlsafe(12)
        with app.app_context():
            tables.set_up()
            for name, role in PEOPLE.items():
                accounts.add(name, password, role, AGENT if role is Role.AGENT else "")
            accounts.keep()
        archive.agents.inform(AGENT, informed_on=date.today(), reference="the demo", by="the demo")
        sandbox.number(
            OWN_NUMBER,
            voice_url=f"{url}/voice",
            fallback_url=sandbox.twiml_bin(archive.calls.fallback(AGENT)),
            status_callback=f"{url}/twirec/ended",
        )
        server = make_server(
            "127.0.0.1",
            0,
            _closing(app),
            threaded=True,
            request_handler=_Quiet,
            fd=listener.fileno(),
        )
        worker = archive.operations.worker()
        stack.callback(server.server_close)
        stack.enter_context(_thread(server.serve_forever, server.shutdown))
        stack.enter_context(_thread(worker.run, worker.stop))
        yield Demo(url, password, app, archive, sandbox)


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where the panel listens; a free port by default.",
)
def main(port: int) -> None:
    """Run the panel, let calls come, and say where it is, until interrupted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            demo = stack.enter_context(running(folder, port=port))
        except OSError as error:
            raise click.ClickException(
                f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; give another with "
                "--port."
            ) from error
        click.echo(f"The panel is at {demo.url}")
        for name, role in PEOPLE.items():
            click.echo(f"  {role}: sign in as {name}, password {demo.password}")
        scenes = (GOES_ON, *SCENES)
        click.echo(f"{len(scenes)} calls come now, and another one every minute. Ctrl-C ends it.")
        for scene in scenes:
            demo.play(scene)
        try:
            for scene in cycle(scenes):
                time.sleep(EVERY)
                demo.play(scene)
        except KeyboardInterrupt:
            click.echo()


def _environment(sandbox: Sandbox, folder: Path, url: str, speed: float) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": sandbox.account_sid,
        "TWILIO_AUTH_TOKEN": sandbox.auth_token,
        "TWIREC_TWILIO_API_URL": sandbox.url,
        "TWIREC_CLOCK_SPEED": f"{speed:g}",
        "TWIREC_PUBLIC_URL": url,
        "TWIREC_BUCKET": f"file://{folder}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
        "TWIREC_COMPANY": "Reparaciones Muñoz",
        "TWIREC_PRIVACY_INFO": "reparaciones muñoz punto es",
        "TWIREC_LEGAL_BASIS": "contract",
        "TWIREC_AUDIT_KEY": secrets.token_hex(),
        "TWIREC_LISTENING_COPY": "opus,mp3",
        "TWIREC_AGENTS_HEAR_THEIR_OWN": "1",
        "CALLPANEL_SECRET_KEY": secrets.token_hex(),
        "CALLPANEL_LINES": f"{OWN_NUMBER}={AGENT}",
        "CALLPANEL_DATABASE_URL": f"sqlite:///{folder}/callpanel.db",
    }


def _now(sandbox: Sandbox) -> datetime:
    """Return the time; in a request about a call by its own clock, which no slow machine shifts."""
    sid = request.form.get("CallSid", "") if has_request_context() else ""
    return sandbox.time_in(sid) or datetime.now(UTC)


def _closing(app: Flask) -> Callable[..., Iterator[bytes]]:
    """Close what an answer reads from, also when the browser resets the connection.

    Werkzeug's server then leaves it open; see `WSGIRequestHandler.run_wsgi`.
    """

    def answer(*request: Any) -> Iterator[bytes]:
        with closing(ClosingIterator(app(*request))) as parts:
            yield from parts

    return answer


class _Quiet(WSGIRequestHandler):
    """Keeps numbers and requests out of the terminal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def _thread(run: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


if __name__ == "__main__":
    main()
