"""A clock that nobody sets: how long ago something was, and how long it may take.

The time of day may be corrected while somebody listens, by hand or by NTP; what passes is told by
the monotonic clock of the machine (https://man7.org/linux/man-pages/man2/clock_gettime.2.html). It
is the same for all processes of a machine from boot to boot, so that another process may read what
one of them wrote down. By it, too, what is asked of the outside while somebody waits has a budget.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LEAST = 0.05
"""Seconds that each step gets even when nothing is left: enough for one that answers at once."""

_ends: ContextVar[float | None] = ContextVar("twirec_budget", default=None)


@contextmanager
def spend_at_most(seconds: float) -> Iterator[None]:
    """Let all that is asked of database and vendor in this block take so long together.

    Twilio waits 15 seconds for an answer at the most, and a caller with it
    (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). Within a larger
    block the earlier end holds.

    Args:
        seconds: from now.
    """
    end, outer = time.monotonic() + seconds, _ends.get()
    token = _ends.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _ends.reset(token)


def left(most: float) -> float:
    """Return how many seconds a step may take: `most`, or less where a budget is nearly spent."""
    end = _ends.get()
    return most if end is None else min(most, max(LEAST, end - time.monotonic()))


def is_limited() -> bool:
    """Whether somebody waits, so that a step may not take as long as it would by itself."""
    return _ends.get() is not None


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
