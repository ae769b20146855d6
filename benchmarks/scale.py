"""What one recorded call costs: requests, rows, bytes and CPU, by playing calls and dividing.

    python -m benchmarks.scale [--quick]

The stand-in for Twilio plays whole calls, from ringing to the last callback, at the speed of life,
against an app and a worker in a process of their own; the tests' strict server is Google Cloud
Storage. A first lot of calls fills what every installation has, and the second lot counts: what it
added, divided by its calls. It is done on SQLite and, if it is there, on PostgreSQL. Then
recordings of three minutes are moved, for the CPU of one. What follows of it for many recordings is
in `benchmarks/growth.py`, which `docs/scale.md` and `docs/deploy-cloud-run.md` take their tables
from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import growth
from benchmarks.report import Figure, find, is_quick, lacking, publish

OWN_NUMBER, CUSTOMER, AGENT = "+34911000111", "+34600111222", "+34911222333"
AT_ONCE = 40
"""Calls that are played at the same time."""


def main() -> int:
    """Play, count, divide, and write what follows into the pages."""
    quick = is_quick(__doc__)
    lots = (2, 4) if quick else (40, 160)
    measured = play(lots, "sqlite", long=2 if quick else 20)
    figures = figures_of(measured)
    note = lacking("pg_virtualenv") or lacking(modules=["psycopg"])
    note = "left out of a quick run" if quick else note
    if note:
        figures.append(Figure(growth.IN_POSTGRES, None, "bytes", note=note))
    else:
        on_postgres = play(lots, "postgres", long=0)
        figures.append(Figure(growth.IN_POSTGRES, on_postgres["size"], "bytes"))
    status = publish("scale", figures, quick=quick)
    if not quick:
        growth.write()
    return status


def figures_of(measured: dict[str, Any]) -> list[Figure]:
    rows = ", ".join(f"{name} {count:g}" for name, count in sorted(measured["tables"].items()))
    asked = ", ".join(f"{name} {count:g}" for name, count in sorted(measured["asked"].items()))
    return [
        Figure(growth.FROM_TWILIO, measured["webhooks"], "requests"),
        Figure(
            growth.REQUESTS, sum(measured["asked"].values()), "requests", must=3, aim=3, note=asked
        ),
        Figure(growth.CLASS_A, measured["asked"]["Google POST"], "operations"),
        Figure(growth.ROWS, sum(measured["tables"].values()), "rows", note=rows),
        Figure(growth.IN_SQLITE, measured["size"], "bytes"),
        Figure(growth.IN_JOURNAL, measured["journal"], "bytes"),
        Figure(
            growth.PHONE_CPU, 1000 * measured["phone"], "ms", note="development server included"
        ),
        Figure(growth.MOVE_CPU, 1000 * measured["move"], "ms"),
    ]


def play(lots: tuple[int, int], database: str, *, long: int) -> dict[str, Any]:
    """Play both lots on one database, and return what a call of the second one cost."""
    from tests.strict_gcs import StrictGcs
    from twirec.sandbox import Sandbox
    from twirec.testing import ENVIRONMENT

    with ExitStack() as stack:
        bucket = stack.enter_context(StrictGcs("bench"))
        sandbox = stack.enter_context(Sandbox())
        environ = {
            **ENVIRONMENT,
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWIREC_BUCKET": "gs://bench/calls",
            "STORAGE_EMULATOR_HOST": bucket.url,
            "TWIREC_DATABASE_URL": stack.enter_context(empty(database)),
        }
        site = stack.enter_context(Site(environ))
        sandbox.number(
            OWN_NUMBER, voice_url=f"{site.url}/voice", status_callback=f"{site.url}/twirec/ended"
        )
        play_lot(sandbox, lots[0])
        before = site.ask("work")
        sandbox_before, bucket_before = len(sandbox.requests), bucket.count()
        play_lot(sandbox, lots[1])
        after = site.ask("work")
        seen = Counter(f"Twilio {each.method}" for each in sandbox.requests[sandbox_before:])
        seen += Counter(
            f"Google {each.method}"
            for each in bucket.requests[bucket_before:]
            if not of_all(f"{each.path} {each.query}")
        )
        site.ask("journal")
        written = sum(
            each["size"] for each in site.ask("objects")["objects"] if "/journal/" in each["name"]
        )
        for _ in range(long):
            sandbox.add_recording(size=growth.BYTES - 44)
        move = site.ask("move") if long else {"cpu": 0.0, "stored": after["stored"]}
        assert move["stored"] == after["stored"] + long, (move, after, long)
    count = lots[1]
    assert after["stored"] - before["stored"] == count, (before, after)
    tables = {
        name: (rows - before["tables"].get(name, 0)) / count
        for name, rows in after["tables"].items()
        if rows != before["tables"].get(name, 0)
    }
    return {
        "webhooks": (after["webhooks"] - before["webhooks"]) / count,
        "phone": (after["phone"] - before["phone"]) / count,
        "asked": Counter({name: round(times / count, 2) for name, times in seen.items()}),
        "tables": tables,
        "size": (after["size"] - before["size"]) / count,
        "journal": written / sum(lots),
        "move": move["cpu"] / max(long, 1),
    }


def of_all(request: str) -> bool:
    """Say whether a request at Google is about no single recording: the journal, or the mark."""
    return "journal" in request or "twirec.json" in request


def play_lot(sandbox: Any, count: int) -> None:
    """Play calls to their end, some at the same time, and wait for their callbacks."""
    from twirec.sandbox import Party

    waiting = threading.Semaphore(AT_ONCE)

    def one() -> None:
        with waiting:
            call = sandbox.call(
                from_=CUSTOMER,
                to=OWN_NUMBER,
                caller=Party(),
                callee=Party(answers_after=0.5, hangs_up_after=2.0),
            )
            call.wait(timeout=300)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def empty(database: str) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/catalog.db"
        return
    from tests.servers import postgres

    def set_up(url: Any) -> None:
        """Nothing: the app makes its tables."""

    os.environ["PATH"] = f"{os.environ['PATH']}:{Path(find('postgres') or '/').parent}"
    with postgres(set_up) as server:
        yield server._url.render_as_string(hide_password=False)


class Site:
    """An app and a worker, in a process of their own, whose CPU is theirs alone."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self.url = ""

    def __enter__(self) -> Site:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.scale", "site"],
            env={**os.environ, **self._environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._read()["url"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


def serve() -> None:
    """Be the site, until there is nothing more to read."""
    from socket import create_server

    from flask import Flask, Response
    from werkzeug.serving import WSGIRequestHandler, make_server

    from twirec import Archive
    from twirec.flask import Twirec

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

    listener = create_server(("127.0.0.1", 0), backlog=128)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    archive = Archive.from_env({**os.environ, "TWIREC_PUBLIC_URL": url, "TWIREC_ADOPT": "all"})
    archive.set_up()
    today = archive.now().astimezone(archive.settings.timezone).date()
    archive.agents.inform(AGENT, informed_on=today, reference="measured", by="measured")
    app = Flask(__name__)
    recordings = Twirec(app, archive)
    webhooks = 0

    @app.before_request
    def count() -> None:
        nonlocal webhooks
        webhooks += 1

    @app.post("/voice")
    @recordings.signed
    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=Quiet, fd=listener.fileno()
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    phone = 0.0
    mark = time.process_time()
    print(json.dumps({"url": url}), flush=True)
    for line in sys.stdin:
        answer: dict[str, Any] = {}
        if line == "work\n":
            phone += time.process_time() - mark
            work(archive)
            answer = {**state(archive), "webhooks": webhooks, "phone": phone}
        elif line == "journal\n":
            archive.journal.write()
        elif line == "objects\n":
            found = [
                {"name": f"/{each.name}", "size": each.size} for each in archive.bucket.list("")
            ]
            answer = {"objects": found}
        elif line == "move\n":
            archive.operations.sweep()
            begun = time.process_time()
            work(archive)
            answer = {"cpu": time.process_time() - begun, **state(archive)}
        mark = time.process_time()
        print(json.dumps(answer), flush=True)
    server.shutdown()
    archive.close()


def work(archive: Any) -> None:
    """Do all that is due, callbacks that are on their way included."""
    deadline = time.monotonic() + 120
    while True:
        archive.operations.worker(threads=4).run_once()
        if not waiting(archive):
            return
        assert time.monotonic() < deadline, "recordings are left"
        time.sleep(0.5)


def waiting(archive: Any) -> int:
    """Return how many calls have no recording in the bucket yet."""
    with archive.catalog.database.read() as connection:
        left = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM calls) - (SELECT count(*) FROM recordings"
            " WHERE state = 'released')"
        )
        return int(left.scalar_one())


def state(archive: Any) -> dict[str, Any]:
    """Return how many rows there are, and how many bytes they take."""
    from twirec.catalog.tables import metadata

    with archive.catalog.database.read() as connection:
        ask = connection.exec_driver_sql
        tables = {
            name: int(ask(f'SELECT count(*) FROM "{name}"').scalar_one())  # noqa: S608 - our own
            for name in metadata.tables
        }
        if connection.dialect.name == "sqlite":
            pages, free, page = (
                int(ask(f"PRAGMA {what}").scalar_one())
                for what in ("page_count", "freelist_count", "page_size")
            )
            size = (pages - free) * page
        else:
            size = int(ask("SELECT pg_database_size(current_database())").scalar_one())
        stored = int(ask("SELECT count(*) FROM recordings WHERE state = 'released'").scalar_one())
    return {"tables": tables, "size": size, "stored": stored}


if __name__ == "__main__":
    if sys.argv[1:] == ["site"]:
        serve()
        sys.exit(0)
    sys.exit(main())
