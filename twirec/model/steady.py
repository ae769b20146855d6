"""A clock that nobody sets: how long ago something was, whatever becomes of the time of day.

The time of day may be corrected while somebody listens, by hand or by NTP; what passes is told by
the monotonic clock of the machine (https://man7.org/linux/man-pages/man2/clock_gettime.2.html). It
is the same for all processes of a machine from boot to boot, so that another process may read what
one of them wrote down.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


def _where() -> str:
    """Return what the readings hold for: a boot, in the namespace that says what its clock shows.

    Elsewhere than on Linux, this process alone.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = ""
        with suppress(OSError):
            namespace = str(Path("/proc/self/ns/time").readlink()).strip("time:[]")
        return f"{boot}/{namespace}"
    return uuid.uuid4().hex


WHERE = _where()


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens.

    Attributes:
        at: the time of day, UTC.
        steady: what `reading` gave then; empty where the time of day is not the machine's own.
    """

    at: datetime
    steady: str = ""

    def seconds_since(self, at: datetime, steady: str) -> float:
        """Return how long ago another moment was: by the steady clock, where both have read it.

        Of a moment that another machine wrote down, the time of day has to do.
        """
        there, _, then = steady.rpartition(":")
        here, _, now = self.steady.rpartition(":")
        if there and there == here:
            return float(now) - float(then)
        return (self.at - at).total_seconds()


def reading() -> str:
    """Return what the steady clock shows, and what that holds for; at most 100 characters."""
    return f"{WHERE}:{time.monotonic():.3f}"
