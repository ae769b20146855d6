"""What a process that is measured does at its begin and its end."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def measured() -> Iterator[None]:
    """Say that all is ready, wait until all others are, and print what the block took.

    The moments are those of a clock that all processes share.
    """
    print("ready", flush=True)
    sys.stdin.readline()
    before, begun = cpu(), time.monotonic()
    yield
    ended = time.monotonic()
    took = {"begun": begun, "ended": ended, "cpu": cpu() - before, "mib": peak_mib()}
    print(json.dumps(took), flush=True)


def cpu() -> float:
    """Return the seconds of CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    """Return the most memory that this process ever held, in MiB (VmHWM of proc(5))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
