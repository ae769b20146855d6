"""A worker in a process of its own, killed with SIGKILL where it is told to be.

Each line of standard input is an order. For each, the process forks: the child opens the archive of
the settings in it, works, and dies; how it died is written to standard output.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from twilio.rest.api.v2010 import account  # noqa: F401 - loaded once, before the forks

from tests.house import House
from tests.sounds import wav
from tests.statements import make_alike
from twirec.adapters import gcs  # the same
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import database
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT
from twirec.transfers.checkpoints import Step


def killer(step: str | None, nth: int) -> Callable[[Step], None]:
    """Return what kills this process when it comes to a step for the nth time."""
    reached = 0

    def at(here: Step) -> None:
        nonlocal reached
        reached += here == step
        if step is not None and reached == nth:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)

    return at


def work(order: dict[str, object]) -> None:
    ahead = timedelta(seconds=float(str(order["ahead"])))
    environ = order["environ"]
    assert isinstance(environ, dict)
    os.environ.update(environ)
    archive = Archive.from_env()
    archive.now = lambda: datetime.now(UTC) + ahead
    gcs.SINGLE = gcs.LARGE_PIECE = int(str(order["piece"]))
    step = order["step"]
    at = killer(None if step is None else str(step), int(str(order["nth"])))
    if order["seconds"]:
        signal.setitimer(signal.ITIMER_REAL, float(str(order["seconds"])))
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    archive.operations.worker(int(str(order["threads"])), at=at).run_once()
    archive.close()


def rehearse() -> None:
    """Move a recording in memory: what that loads and builds, no child has to do again."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(wav(seconds=4, channels=2))
    assert house.work().state is State.RELEASED
    house.archive.close()
    archive = Archive.from_env(ENVIRONMENT)
    assert archive.vendor
    archive.close()


def main() -> None:
    logging.getLogger("twirec").setLevel(logging.ERROR)  # what fails here is meant to
    database.create_engine = make_alike
    rehearse()
    gc.freeze()  # so that no child copies what it only has to look at
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                work(json.loads(line))
            except Exception:  # noqa: BLE001 - the child must not go on as its parent does
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
