"""How long what is asked of the outside may take while somebody waits for the whole of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
