"""The processes behind the doors, which begin with everything loaded and tried once.

Loading takes a second of each, and what comes first, as a statement that SQLAlchemy builds, half a
second of each that was killed. One process does both, and forks: see `tests/ready.py`.

    python -m tests.queues.programs FILE
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import socket
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.ready import serve
from tests.servers import StrictGcs
from tests.statements import make_alike
from twirec.catalog import database

LOADED = (
    *("celery.__main__", "celery.bin.celery", "celery.apps.worker", "celery.concurrency.prefork"),
    *("celery.worker.consumer", "kombu.transport.redis", "twirec.celery.own_app"),
    *("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "twirec.adapters.cloud_tasks"),
    *("twirec.adapters.google_tokens", "tests.queues.keys", "tests.queues.mortal"),
)
"""What they load when they are run, besides what an archive loads."""

MOST = 60.0
"""Seconds that what answered last may take to end."""


def try_once() -> None:
    """Do once what they do: a transfer, and what comes periodically."""
    with (
        tempfile.TemporaryDirectory() as folder,
        StrictGcs("recordings") as bucket,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", bucket.url)
        with Site(Path(folder), "gs://recordings", keys=()).running() as site:
            held = site.record(seconds=1.0)
            while site.at_vendor():
                site.archive.jobs.do("recording", held.sid)
                site.skip(timedelta(minutes=1))
            for name in ("sweep", "journal", "upkeep"):
                site.archive.jobs.upkeep(name)


if __name__ == "__main__":
    database.create_engine = make_alike  # type: ignore[attr-defined]
    for module in LOADED:
        importlib.import_module(module)
    try_once()
    gc.collect()  # with connections that were left open ends who answers them
    for each in {*threading.enumerate()} - {threading.main_thread()}:  # a fork leaves them behind
        each.join(MOST)
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        os.setsid()
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
