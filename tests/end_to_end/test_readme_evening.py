"""A newcomer's evening: the README's app and its commands, word by word, in an empty folder.

The account has another app's recordings already. First a trial that keeps all at Twilio, then for
real: what is not ours stays, and each command says what is so.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.end_to_end.site import COLLEAGUE, CUSTOMER, OTHER_CUSTOMER, OWN_NUMBER, SPEED
from tests.end_to_end.test_foreign_calls import DIAL, FOREIGN_NUMBER
from tests.sandbox.target import Target
from tests.servers import free_port
from twirec.archive import Archive
from twirec.cli import main
from twirec.model.states import State
from twirec.sandbox import Party, Sandbox

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
USE_IT = README[README.index("## Use it") : README.index("## Point a Twilio number at it")]
(APP,) = re.findall("```python\n(.*?)```", USE_IT, re.DOTALL)
(COMMANDS,) = re.findall("```sh\n(.*?)```", USE_IT, re.DOTALL)
PROGRAMS = Path(sys.executable).parent

LASTING = ("flask --app app run", "twirec work")
"""What runs until it is ended."""


class Evening:
    """A shell in a folder with the README's app in it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        (folder / "app.py").write_text(APP, encoding="utf-8")
        self._folder = folder
        self._environ = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(folder), **environ}
        self.bucket = folder / "bucket"
        self._output = folder / "output"
        self._output.touch()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, command: str, **environ: str) -> str:
        """Run a command that ends, in this process, and return what it said."""
        program, *words = shlex.split(command)
        assert program == "twirec", f"{command}: it needs a process of its own"
        done = CliRunner().invoke(main, words, env={**self._environ, **environ})
        assert done.exit_code == 0, f"{command}: {done.output}"
        return done.output

    def recordings(self, state: State) -> int:
        """Return how many recordings are in a state: to start a command for it takes a second."""
        archive = Archive.from_env(self._environ)
        counted = archive.operations.stats().recordings
        archive.close()
        return counted.get(state, 0)

    def start(self, command: str, **environ: str) -> None:
        """Start what runs until it is ended."""
        with self._output.open("ab") as output:
            self._running[command] = subprocess.Popen(
                shlex.split(command),
                cwd=self._folder,
                env={**self._environ, **environ},
                stdout=output,
                stderr=output,
            )

    def end(self, command: str) -> None:
        """End it, as Ctrl-C does."""
        process = self._running.pop(command)
        process.terminate()
        process.wait(60)

    def close(self) -> None:
        for command in tuple(self._running):
            self.end(command)
        assert "Traceback" not in self._output.read_text(encoding="utf-8")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def sandbox(port: int) -> Iterator[Sandbox]:
    """An account that another app uses, and a number that is pointed at ours."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(speed=SPEED))
        sandbox.number(
            OWN_NUMBER,
            voice_url=f"http://127.0.0.1:{port}/voice",
            fallback_url=sandbox.twiml_bin("<Response><Dial>+34911222333</Dial></Response>"),
            status_callback=f"http://127.0.0.1:{port}/twirec/ended#rc=5&rp=all",
        )
        crm = Target()
        stack.callback(crm.close)
        sandbox.number(FOREIGN_NUMBER, voice_url=crm.says("/dial", DIAL))
        call = sandbox.call(from_=OTHER_CUSTOMER, to=FOREIGN_NUMBER, callee=COLLEAGUE)
        call.wait(timeout=60)
        for seconds in (2, 3):
            sandbox.add_recording(seconds=seconds, call=call)
        yield sandbox


@pytest.fixture
def evening(
    tmp_path: Path, sandbox: Sandbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Evening]:
    monkeypatch.chdir(tmp_path)
    evening = Evening(
        tmp_path,
        {
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWIREC_CLOCK_SPEED": f"{SPEED:g}",
            "TWIREC_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
            "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/twirec.db",
            "TWIREC_COMPANY": "Ejemplo S.A.",
            "TWIREC_PRIVACY_INFO": "ejemplo punto es barra privacidad",
            "TWIREC_LEGAL_BASIS": "contract",
            "FLASK_RUN_PORT": str(port),  # where the README's command listens
        },
    )
    evening.bucket.mkdir()
    yield evening
    evening.close()


def at_twilio(sandbox: Sandbox) -> set[str]:
    return {each.sid for each in sandbox.recordings if each.status != "deleted"}


@pytest.mark.about_sqlite("the programs of the README have its settings, and so its file")
def test_the_readmes_commands_harm_nothing_and_say_what_is_so(
    evening: Evening, sandbox: Sandbox, port: int
) -> None:
    foreign = at_twilio(sandbox)
    assert len(foreign) == 3
    trial, said = {"TWIREC_KEEP_AT_TWILIO": "1"}, dict[str, str]()
    for command in COMMANDS.splitlines():
        if command in LASTING:
            evening.start(command, **trial)
            if command.startswith("flask"):
                until(lambda: answers(port))
            else:
                call(sandbox)
                until(lambda: evening.recordings(State.ARCHIVED) == 1)
        else:
            said[command.split()[1]] = evening.run(command, **trial)
    (own,) = at_twilio(sandbox) - foreign

    assert "1 archived" in evening.run("twirec stats", **trial)
    assert "TWIREC_KEEP_AT_TWILIO is 1" in said["doctor"]
    assert not re.search(r"\b403\b", said["doctor"])  # it is in an identifier now and then
    assert all(f"{sid}: not ours" in said["sweep"] for sid in foreign)
    assert "0 adopted" in said["sweep"] or "adopted" not in said["sweep"]
    assert CUSTOMER in said["search"]
    assert "kept there for a trial" in evening.run(f"twirec show {own}", **trial)
    assert at_twilio(sandbox) == foreign | {own}

    for command in LASTING:
        evening.end(command)
    for command in LASTING:
        evening.start(command)
    until(lambda: answers(port))
    until(lambda: own not in at_twilio(sandbox))
    call(sandbox)
    until(lambda: evening.recordings(State.RELEASED) == 2)
    assert "2 released" in evening.run("twirec stats")
    assert at_twilio(sandbox) == foreign
    stats = json.loads(evening.run("twirec stats --json"))
    assert stats["not_ours"] == 3
    assert len(json.loads(evening.run("twirec search --json"))["calls"]) == 2
    deleted = [each.path for each in sandbox.requests if each.method == "DELETE"]
    assert not any(sid in path for path in deleted for sid in foreign)
    stored = [file.name for file in evening.bucket.rglob("*.wav")]
    assert len(stored) == 2
    assert not any(sid in name for name in stored for sid in foreign)


def call(sandbox: Sandbox) -> None:
    """Let a customer call, and talk with an agent."""
    agent = Party(hangs_up_after=10.0)
    sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, callee=agent).wait(timeout=60)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so: programs start slowly on a busy machine."""
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.2)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
