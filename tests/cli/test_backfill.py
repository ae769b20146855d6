"""`twirec backfill` as a process: on a terminal, in a pipe, and interrupted."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Twirec
from tests.ready import Ready
from twirec.archive import Archive
from twirec.backfill.throttle import Throttle
from twirec.model.states import State
from twirec.sandbox import Fault, Faults, Sandbox

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = ["--since", "2026-03-01", "--until", "2026-03-20"]


@pytest.fixture
def settings(sandboxed: dict[str, str]) -> dict[str, str]:
    """The settings of an installation that is set up."""
    archive = Archive.from_env(sandboxed)
    archive.set_up()
    archive.close()
    return {**os.environ, **sandboxed, "COLUMNS": "120", "TERM": "xterm"}


def gather(sandbox: Sandbox, count: int, **facts: Any) -> None:
    """Let the vendor have recordings, some every day."""
    for number in range(count):
        at = BEGIN + number * timedelta(hours=3)
        sandbox.add_recording(seconds=1, started_at=at, **facts)


def media_requests(sandbox: Sandbox) -> Counter[str]:
    return Counter(request.path for request in sandbox.requests if request.path.endswith(".wav"))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.02)


def states(settings: dict[str, str]) -> dict[State, int]:
    archive = Archive.from_env(settings)
    counted = archive.operations.stats().recordings
    archive.close()
    return dict(counted)


def objects(settings: dict[str, str]) -> int:
    archive = Archive.from_env(settings)
    count = sum(1 for _ in archive.bucket.list("recordings/"))
    archive.close()
    return count


def test_interrupted_and_started_again_it_copies_everything_once(
    settings: dict[str, str], twirec_sandbox: Sandbox, ready_twirec: Ready
) -> None:
    gather(twirec_sandbox, 40)
    process = ready_twirec.start("backfill", *ORDER, env=settings)
    wait_until(lambda: len(media_requests(twirec_sandbox)) > 8)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, "")
    assert "It was interrupted. Run the same command again to go on." in out
    first = int(re.findall(r"(\d+) copied", out)[0])
    assert 8 <= first < 40
    assert states(settings) == {State.RELEASED: first}
    status, out, err = ready_twirec.run("backfill", *ORDER, env=settings)
    assert (status, err) == (0, "")
    assert "went on at 2026-03-" in out
    assert int(re.findall(r"(\d+) copied", out)[0]) + first == 40
    assert set(media_requests(twirec_sandbox).values()) == {1}
    assert len(media_requests(twirec_sandbox)) == objects(settings) == 40
    assert states(settings) == {State.RELEASED: 40}


def test_the_second_ctrl_c_ends_at_once(
    settings: dict[str, str], twirec_sandbox: Sandbox, ready_twirec: Ready
) -> None:
    gather(twirec_sandbox, 1, faults=Faults(media={Fault.SLOW: 1}, slow_seconds=60.0))
    asked = call_asked_for(twirec_sandbox)
    process = ready_twirec.start("backfill", *ORDER, env=settings)
    wait_until(asked)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.7)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert time.monotonic() - begun < 30
    assert (process.returncode, err) == (130, "")
    assert "1 listed and not taken over yet" in out


def call_asked_for(sandbox: Sandbox) -> Callable[[], bool]:
    """Whether the call of a recording was asked for, the last thing before its media."""
    return lambda: any("/Calls/" in request.path for request in sandbox.requests)


def test_in_a_pipe_nothing_is_said_but_the_summary(
    settings: dict[str, str], twirec_sandbox: Sandbox, ready_twirec: Ready
) -> None:
    gather(twirec_sandbox, 12)
    status, out, err = ready_twirec.run("backfill", *ORDER, env=settings)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].endswith("12 recordings at Twilio.")
    assert re.fullmatch(r"  12 copied, [\d,]+ bytes", lines[1])
    assert lines[2].startswith("Twilio's list price for keeping these 12 minutes there: $0.00")
    assert len(lines) == 3
    listings = [seen for seen in twirec_sandbox.requests if seen.path.endswith("/Recordings.json")]
    assert all("DateCreated" in seen.query for seen in listings)


def on_a_terminal(settings: dict[str, str], ready_twirec: Ready) -> tuple[int, str, str]:
    """Run with a terminal as stderr, and return status, stdout, and what the terminal got."""
    ours, theirs = pty.openpty()
    process = ready_twirec.start("backfill", *ORDER, env=settings, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        seen += chunk
    os.close(ours)
    out, _ = process.communicate(timeout=120)
    return process.wait(), out, seen.decode()


def test_on_a_terminal_a_bar_below_the_log_says_how_far_it_is_how_fast_and_how_long(
    settings: dict[str, str], twirec_sandbox: Sandbox, ready_twirec: Ready
) -> None:
    gather(twirec_sandbox, 24)
    gather(twirec_sandbox, 1, faults=Faults(media={Fault.XML_WITH_200: 1}))
    status, out, seen = on_a_terminal(settings, ready_twirec)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    shown = [(int(done), int(of)) for done, of in re.findall(r"(\d+)/(\d+)", plain)]
    assert status == 0
    assert {of for _, of in shown} == {25}
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)
    assert shown[-1] == (25, 25)
    assert any(0 < done < 25 for done, _ in shown)
    assert re.search(r"\d+\.\d/s", plain)
    assert "100%" in plain
    assert re.search(r"\d:\d\d:\d\d", plain)
    assert "25 copied" in out
    assert "copied" not in plain
    # What is logged stands above the bar.
    (logged,) = (line for line in re.split(r"[\r\n]+", plain) if "MediaIsErrorPage" in line)
    assert "Taking over" not in logged


def test_what_failed_is_named_and_the_exit_status_says_so(
    sandboxed: dict[str, str], twirec_sandbox: Sandbox, twirec: Twirec
) -> None:
    twirec("init")
    gather(twirec_sandbox, 3)
    parked = twirec_sandbox.add_recording(seconds=1, started_at=BEGIN)
    archive = Archive.from_env(sandboxed)
    archive.operations.sweep(full=True)
    lease = archive.catalog.due_work.claim(datetime.now(UTC), timedelta(minutes=5), parked.sid)
    assert lease is not None
    archive.catalog.due_work.postpone(lease, None, "NotAudio: it is an error page")
    archive.close()
    result = twirec("backfill", *ORDER)
    assert result.exit_code == 1
    assert "3 copied" in result.output
    assert f"{parked.sid}: NotAudio: it is an error page" in result.output
    assert "`twirec work --once --retry --all`" in result.output


@pytest.mark.usefixtures("sandboxed")
def test_the_figures_as_json(twirec_sandbox: Sandbox, twirec: Twirec) -> None:
    twirec("init")
    gather(twirec_sandbox, 3)
    ground = ["--legal-ground", "art. 6.1.f"]
    result = twirec("backfill", *ORDER, "--keep-at-vendor", *ground, "--json")
    figures = json.loads(result.output)
    assert (figures["seen"], figures["copied"], figures["minutes"]) == (3, 3, 3)
    assert (figures["price_per_month_usd"], figures["failed"]) == (0, {})
    kept = [each for each in twirec_sandbox.recordings if each.status == "completed"]
    assert len(kept) == 3
    shown = json.loads(twirec("show", kept[0].sid, "--json").output)
    assert shown["recordings"][0]["custody"] == "active"


@pytest.mark.usefixtures("sandboxed")
def test_a_span_that_makes_no_sense_is_refused(twirec: Twirec) -> None:
    assert twirec("backfill").exit_code == 2
    result = twirec("backfill", "--since", "2026-11-02", "--until", "2026-11-01")
    assert (result.exit_code, "until: it is before since" in result.output) == (2, True)


@pytest.mark.usefixtures("sandboxed")
def test_a_busy_twilio_is_asked_less_and_everything_is_copied(
    twirec_sandbox: Sandbox, twirec: Twirec, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    busy = Throttle.busy

    def noted(throttle: Throttle, wait: float = 0.0) -> None:
        busy(throttle, wait)
        limits.append(throttle.limit)

    monkeypatch.setattr(Throttle, "busy", noted)
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.01)
    twirec("init")
    gather(twirec_sandbox, 4)
    twirec_sandbox.faults = Faults(
        media={Fault.BUSY: 9}
    )  # more than two for each, which are tried again at once
    result = twirec("backfill", *ORDER)
    assert (result.exit_code, "4 copied" in result.output) == (0, True)
    assert limits[0] == 4
