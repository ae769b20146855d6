"""What follows when something failed: the only place that reads what errors say of themselves."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Protocol

from twirec.model.errors import TwirecError, VendorBusy


@dataclass(frozen=True, slots=True)
class Retry:
    """How what failed is tried again.

    Attributes:
        first: seconds after the first failure, doubled after each further one.
        longest: seconds that the doubling stops at.
        tries: after so many it is parked.
        swept: whether sweeps try what is parked once more, so that an outage that lasts, or a
            setting, is left to them.
    """

    first: float
    longest: float
    tries: int
    swept: bool = False


TRANSFERS = Retry(first=1.5, longest=300.0, tries=12, swept=True)
"""About 25 minutes."""
EVENTS = Retry(first=10.0, longest=3600.0, tries=33)
"""About a day."""
MAILS = Retry(first=30.0, longest=3600.0, tries=30)
"""About a day: who refuses for a while wants that (RFC 5321, 4.5.4.1; greylisting)."""
PAUSES = Retry(first=2.0, longest=60.0, tries=60)
"""About an hour: a call lasts no longer, most of the time."""
LISTENING_COPIES = Retry(first=30.0, longest=7200.0, tries=10)
"""About four hours."""

TRANSCRIPTS = Retry(first=30.0, longest=7200.0, tries=10)
"""As of listening copies: nobody waits for one on the phone."""


class Tried(Protocol):
    """What was tried."""

    @property
    def attempts(self) -> int:
        """How often, the try that failed counted."""
        ...

    @property
    def last_error(self) -> str:
        """What the try before failed with; empty when there was none."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows.

    Attributes:
        again: whether it is tried again soon; else it is parked.
        hopeless: whether trying it once more, later, is likely in vain too.
    """

    again: bool
    hopeless: bool = False


def judge(error: Exception, tried: Tried, retry: Retry) -> Verdict:
    """Return what follows a failed try, by what the error says of itself.

    What may pass must have been the error of the last two tries: an outage before it is not its.

    Args:
        error: one of ours says whether time can mend it. Any other is a mistake in the library,
            which may be of the moment, or of a version.
        tried: as it was when it was tried, that try counted.
        retry: of its kind.
    """
    retryable, lasting = True, False
    if isinstance(error, TwirecError):
        retryable, lasting = error.retryable, error.lasting
    may_pass = retryable or (lasting and not retry.swept)
    if may_pass and tried.attempts < retry.tries:
        return Verdict(again=True)
    repeated = _name(tried.last_error) == type(error).__name__
    return Verdict(again=False, hopeless=not lasting and (repeated or not retryable))


def said(error: Exception) -> str:
    """Return what is written down of an error. What is not ours could say anything."""
    name = type(error).__name__
    if isinstance(error, TwirecError):
        return f"{name}: {error}"
    return f"{name} in the library; the log has more."


def pause(attempts: int, error: Exception, retry: Retry) -> float:
    """Return the seconds to wait after a number of tries: doubling, jittered by a quarter.

    When Twilio asked for a longer pause (`Retry-After`), that one.
    """
    doublings = min(attempts - 1, 32)  # a sweep's tries count on, for weeks
    doubled = min(retry.first * 2.0**doublings, retry.longest)
    asked = error.retry_after if isinstance(error, VendorBusy) else None
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
    return max(doubled, asked or 0.0) * jitter


def _name(error: str) -> str:
    name = re.match(r"\w+", error)
    return name[0] if name else ""
