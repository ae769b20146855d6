"""Twilio's callbacks under load, beside a view that only checks their signature.

    python -m benchmarks.callbacks [--quick] [--threads 16] [--folder DIRECTORY]

Both apps are served by gunicorn with the same two processes and threads, one after the other and
three times each on the same machine, of which the median counts; `wrk` posts signed recording
status callbacks over 16 connections, each of a recording that nobody told of before. The view
beside ours is what people write first: Flask, the signature
check of Twilio's own library, 204. Ours answers 204 when the callback is on the disk. CPU is that
of gunicorn's processes, without the client's and the database server's.

The callbacks at a constant rate come from a client of its own: each is due at a fixed time, and its
latency counts from then, not from when the client got round to it. In the last part all of
gunicorn's processes are killed (`kill -9`) while it goes on; then each callback that was answered
204 is looked for in the database.

The databases are on a disk, with durable settings; `--folder` says where (not in memory, where
nothing waits for a commit). CPU in process is that of one request through Flask's test client.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, abort, request

from benchmarks.report import Better, Figure, find, lacking, publish

ACCOUNT, TOKEN, PUBLIC_URL = "AC" + "0" * 32, "12345", "https://calls.example.com"
PATH = "/twirec/status"
DATABASE = "BENCHMARK_DATABASE_URL"
WORKERS, CONNECTIONS, RATE = 2, 16, 200
CUSTOMER, OWN, AGENT = "+34600111222", "+34911000111", "+34911222333"


# --- the two apps, as gunicorn loads them ------------------------------------------------------


def bare() -> Flask:
    """Return the app that only checks the signature."""
    from twilio.request_validator import RequestValidator

    app = Flask(__name__)
    validator = RequestValidator(TOKEN)

    @app.post(PATH)
    def status() -> tuple[str, int]:
        given = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(PUBLIC_URL + PATH, request.form, given):
            abort(403)
        return "", 204

    return app


def ours() -> Flask:
    """Return an app with twirec, on the database that the environment names."""
    logging.disable()
    return _ours(os.environ[DATABASE], lambda: datetime.now(UTC))[0]


def _ours(url: str, now: Callable[[], datetime]) -> tuple[Flask, Any]:
    from twirec.adapters.memory_bucket import MemoryBucket
    from twirec.adapters.memory_vendor import MemoryVendor
    from twirec.archive import Archive
    from twirec.flask import Twirec
    from twirec.settings import Settings
    from twirec.testing import ENVIRONMENT

    environment = {
        **ENVIRONMENT,
        "TWIREC_DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWIREC_PUBLIC_URL": PUBLIC_URL,
    }
    settings = Settings.from_env(environment)
    archive = Archive(settings, bucket=MemoryBucket(), vendor=MemoryVendor(), now=now)
    app = Flask(__name__)
    recordings = Twirec(app, archive)

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    return app, archive


# --- what is posted ----------------------------------------------------------------------------


def callback(number: int, run: str) -> tuple[str, dict[str, str]]:
    """Return the SID of a recording, and the form that says it is completed."""
    sid = hashlib.md5(f"{run}-{number}".encode(), usedforsecurity=False).hexdigest()
    return f"RE{sid}", {
        "AccountSid": ACCOUNT,
        "CallSid": f"CA{sid}",
        "RecordingSid": f"RE{sid}",
        "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{sid}",
        "RecordingStatus": "completed",
        "RecordingDuration": "53",
        "RecordingChannels": "2",
        "RecordingStartTime": "Thu, 01 Oct 2026 04:20:56 +0000",
        "RecordingSource": "DialVerb",
        "RecordingTrack": "both",
        "ErrorCode": "0",
    }


def signature(path: str, form: dict[str, str]) -> str:
    """Return the signature as Twilio's page on security has it, not by our own code."""
    text = PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


WRK = """
local i = 0
request = function()
  i = i % #bodies + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/x-www-form-urlencoded",
    ["X-Twilio-Signature"] = signatures[i]}, bodies[i])
end
done = function(summary, latency, requests)
  io.write(string.format('{"p50": %f, "p99": %f, "failed": %d, "count": %d, "seconds": %f}\\n',
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    summary.requests, summary.duration / 1e6))
end
"""


def write_wrk_script(path: Path, count: int, run: str) -> None:
    """Write what has wrk post so many callbacks, each once before any comes twice."""
    forms = [callback(number, run)[1] for number in range(count)]
    bodies = ",".join(json.dumps(urlencode(form)) for form in forms)
    signatures = ",".join(json.dumps(signature(PATH, form)) for form in forms)
    path.write_text(f"local bodies = {{{bodies}}}\nlocal signatures = {{{signatures}}}\n{WRK}")


# --- the server --------------------------------------------------------------------------------


class Server:
    """gunicorn with one of the apps, in processes of its own."""

    def __init__(self, app: str, threads: int, database: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        words = ["--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(threads)]
        words += ["--bind", f"127.0.0.1:{self.port}", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        words += ["--backlog", "2048", "--log-level", "critical"]
        words += ["--keep-alive", "30", "--no-control-socket"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words, f"benchmarks.callbacks:{app}()"],
            env={**os.environ, DATABASE: database},
            start_new_session=True,
        )
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        master = self._process.pid
        said = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [int(pid) for pid in said]

    def cpu(self) -> float:
        """Seconds of CPU that its processes took so far."""
        ticks = 0
        for pid in self.workers:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Kill all of it, as a machine does that has no memory left."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            if self._process.poll() is None:
                self.kill()

    def _wait(self) -> None:
        for _ in range(600):
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/")
                connection.getresponse().read()
                if len(self.workers) == WORKERS:
                    return
            if self._process.poll() is not None:
                raise RuntimeError("gunicorn did not start")
            time.sleep(0.1)
        raise RuntimeError("gunicorn did not answer")


# --- as fast as it can -------------------------------------------------------------------------


@dataclass
class Speed:
    """What wrk saw, and what it cost."""

    rate: float
    p50: float
    p99: float
    failed: int
    cpu: float


def speed(app: str, threads: int, seconds: float, folder: Path, database: str = "") -> Speed:
    """Let wrk post for some seconds, after some more in which what is made once is made."""
    wrk = find("wrk")
    assert wrk
    server = Server(app, threads, database)
    try:
        script = folder / "callbacks.lua"
        for during in (max(1.0, seconds / 4), seconds):
            write_wrk_script(script, int(2500 * during), secrets.token_hex(4))
            before = server.cpu()
            said = subprocess.run(
                [
                    wrk,
                    "-t1",
                    f"-c{CONNECTIONS}",
                    f"-d{round(during)}s",
                    "-s",
                    str(script),
                    server.url,
                ],
                check=True,
                capture_output=True,
                text=True,
            )
            cpu = server.cpu() - before
        told = json.loads(said.stdout.strip().splitlines()[-1])
        count = told["count"]
        rate = (count - told["failed"]) / told["seconds"]
        return Speed(rate, told["p50"], told["p99"], told["failed"], 1000 * cpu / count)
    finally:
        server.close()


# --- at a constant rate ------------------------------------------------------------------------


@dataclass
class Answers:
    """What became of callbacks that were each due at their time.

    Attributes:
        waited: milliseconds from when each was due until it was answered 204.
        stored: the recordings of those.
        failed: how many were answered otherwise, or not at all.
    """

    waited: list[float] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    failed: int = 0

    def percentile(self, share: float) -> float:
        return sorted(self.waited)[min(len(self.waited) - 1, int(share * len(self.waited)))]


def post_at_rate(port: int, rate: float, count: int, stop: threading.Event) -> Answers:
    """Post so many callbacks, so many a second, whether those before were answered or not."""
    run, answers, lock = secrets.token_hex(4), Answers(), threading.Lock()
    posts = []
    for number in range(count):
        sid, form = callback(number, run)
        posts.append((sid, urlencode(form), signature(PATH, form)))
    numbers, begins = iter(range(count)), time.perf_counter() + 0.2

    def post() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        while not stop.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = begins + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            sid, body, signed = posts[number]
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": signed,
            }
            try:
                connection.request("POST", PATH, body, headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            waited = 1000 * (time.perf_counter() - due)
            with lock:
                if status == 204:
                    answers.waited.append(waited)
                    answers.stored.append(sid)
                else:
                    answers.failed += 1

    threads = [threading.Thread(target=post) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def at_rate(threads: int, seconds: float, database: str, times: int) -> Answers:
    """Let callbacks come at a constant rate, some times; the one whose p99 is the median counts."""
    server = Server("ours", threads, database)
    try:
        post_at_rate(server.port, RATE, RATE, threading.Event())  # what is made once, is made
        runs = [
            post_at_rate(server.port, RATE, int(RATE * seconds), threading.Event())
            for _ in range(times)
        ]
    finally:
        server.close()
    return sorted(runs, key=lambda run: run.percentile(0.99))[times // 2]


def lost(threads: int, seconds: float, database: str) -> tuple[int, int]:
    """Kill the server while callbacks come.

    Returns:
        How many callbacks were answered 204, and how many of these are not in the database.
    """
    server, stop = Server("ours", threads, database), threading.Event()

    def kill() -> None:
        server.kill()
        stop.set()

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        answers = post_at_rate(server.port, 2 * RATE, int(2 * RATE * seconds * 4), stop)
    finally:
        timer.join()
        server.close()
    there = stored(database)
    return len(answers.stored), len(set(answers.stored) - there)


def stored(database: str) -> set[str]:
    """Return the recordings of which a database has a callback."""
    from sqlalchemy import create_engine, text

    engine = create_engine(database)
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT recording_sid FROM callbacks")))
    engine.dispose()
    return found


# --- in process --------------------------------------------------------------------------------


def in_process(database: str, count: int) -> dict[str, float]:
    """Return milliseconds of CPU for each request, by what it is, once all is warm."""
    time_of_call = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    app, archive = _ours(database, lambda: time_of_call)
    client = app.test_client()
    spent = {"ring": 0.0, "consent": 0.0, "status": 0.0}

    def post(what: str, path: str, form: dict[str, str]) -> None:
        form = {"AccountSid": ACCOUNT, **form}
        signed, body = signature(path, form), urlencode(form)
        began = time.process_time()
        answer = client.post(
            path,
            data=body,
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": signed},
        )
        answer.close()
        spent[what] += time.process_time() - began
        assert answer.status_code < 300, answer

    def one(number: int) -> None:
        nonlocal time_of_call
        sid = hashlib.md5(f"{number}".encode(), usedforsecurity=False).hexdigest()
        call = {"CallSid": f"CA{sid}", "From": CUSTOMER, "To": OWN}
        post("ring", "/voice", {**call, "CallStatus": "ringing"})
        time_of_call += timedelta(seconds=20)
        post("consent", "/twirec/connect", {**call, "CallStatus": "in-progress"})
        form = callback(number, "in process")[1]
        post("status", PATH, {**form, "CallSid": call["CallSid"]})

    for number in range(20):
        one(number)
    spent.update(dict.fromkeys(spent, 0.0))
    for number in range(20, 20 + count):
        one(number)
    archive.close()
    return {what: 1000 * seconds / count for what, seconds in spent.items()}


# --- databases ---------------------------------------------------------------------------------


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Callable[[], str]]]:
    """Yield what makes an empty catalog, by the name of its database, and returns its URL."""
    from twirec.catalog import Catalog

    def set_up(url: str) -> str:
        catalog = Catalog(url)
        catalog.set_up()
        catalog.close()
        return url

    made = {
        "SQLite": lambda: set_up(f"sqlite:///{folder}/{secrets.token_hex(4)}.db"),
    }
    if lacking("pg_virtualenv", modules=["psycopg"]):
        yield made
        return
    with postgres() as new:
        made["PostgreSQL"] = lambda: set_up(new())
        yield made


@contextmanager
def postgres() -> Iterator[Callable[[], str]]:
    """Run a server of Debian's with its durable settings; yield what makes an empty database."""
    import psycopg

    say = ["pg_virtualenv", "-t", "sh", "-c", 'echo "$PGPASSWORD $PGPORT"; cat']
    with subprocess.Popen(say, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        words: list[str] = []
        while len(words) != 2 or not words[1].isdigit():
            words = process.stdout.readline().split()
        password, port = words
        server = f"postgresql://postgres:{password}@localhost:{port}"

        def new() -> str:
            name = f"benchmark_{secrets.token_hex(4)}"
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
            return f"{server.replace('://', '+psycopg://')}/{name}"

        try:
            yield new
        finally:
            process.stdin.close()
            process.stdout.read()


# --- all of it ---------------------------------------------------------------------------------


def figures_of(name: str, new: Callable[[], str], given: argparse.Namespace) -> list[Figure]:
    """Measure one database."""
    seconds = 2.0 if given.quick else 10.0
    figures: list[Figure] = []
    missing = lacking("wrk")
    if missing:
        figures.append(
            Figure(f"signed callbacks against the bare view, {name}", None, note=missing)
        )
    else:
        folder = Path(given.folder)
        pairs = [
            (
                speed("bare", given.threads, seconds, folder),
                speed("ours", given.threads, seconds, folder, new()),
            )
            for _ in range(1 if given.quick else 3)
        ]
        by_ratio = sorted(pairs, key=lambda pair: pair[1].rate / pair[0].rate)
        beside, our = by_ratio[len(by_ratio) // 2]
        note = (
            f"{our.rate:,.0f} and {beside.rate:,.0f} a second; p50 {our.p50:.0f} and "
            f"{beside.p50:.0f} ms, p99 {our.p99:.0f} and {beside.p99:.0f} ms; CPU {our.cpu:.2f} "
            f"and {beside.cpu:.2f} ms a callback; {our.failed} failed"
        )
        figures.append(
            Figure(
                f"signed callbacks against the bare view, {name}",
                our.rate / beside.rate,
                must=0.25,
                aim=0.5,
                better=Better.HIGHER,
                note=note,
            )
        )
    answers = at_rate(given.threads, seconds, new(), 1 if given.quick else 3)
    note = f"p50 {answers.percentile(0.5):.1f} ms; {answers.failed} of them failed"
    figures.append(
        Figure(
            f"p99 of a callback at {RATE} a second, {name}",
            answers.percentile(0.99),
            "ms",
            must=50,
            aim=20,
            note=note,
        )
    )
    answered, missed = lost(given.threads, 1.0 if given.quick else 3.0, new())
    figures.append(
        Figure(
            f"lost after kill -9, {name}",
            missed,
            "callbacks",
            must=0,
            aim=0,
            note=f"of {answered} that were answered 204",
        )
    )
    spent = in_process(new(), 100 if given.quick else 500)
    for what, title, must, aim in (
        ("status", "a status callback", 5, 2.5),
        ("ring", "ring → announcement", 8, 4),
        ("consent", "consent → dial", None, None),
    ):
        figures.append(
            Figure(f"CPU of {title}, in process, {name}", spent[what], "ms", must=must, aim=aim)
        )
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="some seconds; nothing is kept")
    parser.add_argument("--threads", type=int, default=16, help="of each process; as deployed")
    parser.add_argument("--folder", help="where databases are made; on a disk")
    given = parser.parse_args(argv)
    own = given.folder or tempfile.mkdtemp(prefix="twirec-callbacks-")
    given.folder = own
    logging.disable()
    try:
        figures: list[Figure] = []
        with databases(Path(own)) as made:
            for name, new in made.items():
                figures += figures_of(name, new, given)
        if "PostgreSQL" not in made:
            figures.append(Figure("PostgreSQL", None, note=lacking("pg_virtualenv")))
    finally:
        shutil.rmtree(own, ignore_errors=True)
    return publish("callbacks", figures, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())
