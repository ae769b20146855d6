"""What follows when a step of a transfer failed: the only place that reads what errors say."""

from __future__ import annotations

import random
from dataclasses import dataclass

from twirec.model.errors import TwirecError, VendorBusy
from twirec.model.records import Recording
from twirec.model.states import State

FIRST_RETRY = 1.5
"""Seconds after the first failure, doubled after each further one."""
LONGEST_RETRY = 300.0
"""Seconds that the doubling stops at."""
MOST_ATTEMPTS = 12
"""Tries of one step before the recording is parked: about 25 minutes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows.

    Attributes:
        again: whether it is tried again soon; else it is parked.
        undecided: whether sweeps leave it alone too, until somebody decides.
    """

    again: bool
    undecided: bool = False


def judge(error: Exception, recording: Recording) -> Verdict:
    """Return what follows a failed try, by what the error says of itself.

    Only what has still to be copied ever waits for somebody: that costs a download each time. Of
    what is archived or to be erased only deletions are left, and an order stands until it is done.
    What may pass must have been the error of the last two tries: an outage before it is not its.

    Args:
        error: one of ours says whether time can mend it. Any other is a mistake in the library,
            which may be of the moment, or of a version.
        recording: as it was when the step was tried, that try counted.
    """
    retryable, lasting = True, False
    if isinstance(error, TwirecError):
        retryable, lasting = error.retryable, error.lasting
    if retryable and recording.attempts < MOST_ATTEMPTS:
        return Verdict(again=True)
    repeated = recording.last_error.partition(":")[0] == type(error).__name__
    hopeless = not lasting and (repeated or not retryable)
    return Verdict(again=False, undecided=hopeless and recording.state is State.COMPLETED)


def pause(attempts: int, error: Exception) -> float:
    """Return the seconds to wait after a number of tries: doubling, jittered by a quarter.

    When Twilio asked for a longer pause (`Retry-After`), that one.
    """
    doublings = min(attempts - 1, MOST_ATTEMPTS)  # a sweep's tries count on, for weeks
    doubled = min(FIRST_RETRY * 2.0**doublings, LONGEST_RETRY)
    asked = error.retry_after if isinstance(error, VendorBusy) else None
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - it guards nothing
    return max(doubled, asked or 0.0) * jitter
