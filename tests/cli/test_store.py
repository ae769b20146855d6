"""Setting up, working and sweeping on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.ready import Ready
from twirec.archive import Archive
from twirec.model.errors import BucketUnavailable
from twirec.model.states import State
from twirec.sandbox import Fault, Faults, Sandbox


def test_init_makes_the_catalog_and_may_be_repeated(twirec: Twirec) -> None:
    for _ in range(2):
        assert twirec("init").output == "The catalog is ready.\n"
    assert twirec("search").output == "No call matches.\n"


def test_init_while_the_bucket_is_down_says_so_and_the_app_may_start(
    twirec: Twirec, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: object) -> None:
        raise BucketUnavailable("The bucket does not answer.")

    monkeypatch.setattr(type(archive.journal), "mark_bucket", down)
    result = twirec("init")
    assert (result.exit_code, "could not be marked" in result.output) == (0, True)
    assert json.loads(twirec("init", "--json").stdout) == {"ready": True, "bucket_marked": False}


@pytest.mark.about_sqlite("there is no file")
def test_without_init_a_command_says_what_to_do(twirec: Twirec) -> None:
    result = twirec("search")
    assert result.exit_code == 1
    assert "run `twirec init`" in result.output


def test_the_demo_replaces_no_folder_but_a_demos(tmp_path: Path, twirec: Twirec) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "thesis.txt").write_text("years of work")
    result = twirec("demo", "--folder", str(tmp_path))
    assert result.exit_code == 2
    assert "is not a demo's" in result.output
    assert (tmp_path / "thesis.txt").exists()


def test_missing_settings_are_named_all_at_once() -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("TWIREC_", "TWILIO_"))}
    result = subprocess.run(
        [sys.executable, "-m", "twirec", "work", "--once"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    for name in ("TWILIO_ACCOUNT_SID", "TWIREC_BUCKET", "TWIREC_COMPANY", "TWIREC_LEGAL_BASIS"):
        assert f"{name} is missing" in result.stderr
    assert "Traceback" not in result.stderr


def test_sweep_then_work_once_brings_what_callbacks_missed(
    sandboxed: dict[str, str], twirec_sandbox: Sandbox, twirec: Twirec
) -> None:
    held = twirec_sandbox.add_recording(seconds=2)
    twirec("init")
    swept = twirec("sweep")
    assert (swept.exit_code, "unknown recordings adopted: 1" in swept.output) == (0, True)
    assert twirec("work", "--once", "--threads", "2").exit_code == 0
    archive = Archive.from_env(sandboxed)
    assert archive.catalog.recordings.get(held.sid).state is State.RELEASED
    archive.close()
    assert "Nothing was missed." in twirec("sweep").output
    report = json.loads(twirec("sweep", "--json").output)
    assert (report["adopted"], report["problems"]) == (0, {})


@pytest.mark.usefixtures("sandboxed")
def test_a_sweep_that_could_not_repair_everything_fails_and_names_it(
    twirec_sandbox: Sandbox, twirec: Twirec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.01)
    held = twirec_sandbox.add_recording(seconds=2)
    twirec_sandbox.faults = Faults(call={Fault.ERROR: 99})
    twirec("init")
    result = twirec("sweep")
    assert result.exit_code == 1
    assert f"{held.sid}: VendorUnavailable" in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_cleanly_and_at_once_when_told_to(
    sandboxed: dict[str, str], twirec_sandbox: Sandbox, number: int, ready_twirec: Ready
) -> None:
    archive = Archive.from_env(sandboxed)
    archive.set_up()
    slow = twirec_sandbox.add_recording(
        size=64 * 1024 * 1024 + 44, faults=Faults(media={Fault.SLOW: 1}, slow_seconds=1.0)
    )
    archive.operations.sweep()
    worker = ready_twirec.start("work", env={**os.environ, **sandboxed})
    deadline = time.monotonic() + 120
    while not any(slow.sid in seen.path for seen in twirec_sandbox.requests):
        assert time.monotonic() < deadline, "the worker never took it up"
        time.sleep(0.05)
        archive.catalog.recordings.get(slow.sid)
    worker.send_signal(number)
    assert worker.communicate(timeout=60) == ("", "")
    assert worker.wait() == 0
    recording = archive.catalog.recordings.get(slow.sid)
    assert (recording.state, recording.attempts) == (State.COMPLETED, 0)
    assert recording.due_at is not None
    archive.operations.worker().run_once()
    assert archive.catalog.recordings.get(slow.sid).state is State.RELEASED
    archive.close()
