"""What can go wrong on demand."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

ALWAYS = sys.maxsize
"""A count that never ends."""


class Fault(StrEnum):
    """How one HTTP request goes wrong."""

    NOT_FOUND = "not-found"
    """404 with Twilio's error 20404, though it is there."""
    BUSY = "busy"
    """429 with Twilio's error 20429 and, if `Faults.retry_after` is set, `Retry-After`."""
    ERROR = "error"
    """500. Nothing was done."""
    UNAVAILABLE = "unavailable"
    """503. Nothing was done."""
    TIMED_OUT = "timed-out"
    """408. Nothing was done."""
    IGNORED = "ignored"
    """200 with the recording as it is: of an update nothing was done. Others do not mind."""
    SLOW = "slow"
    """The right answer, `Faults.slow_seconds` later."""
    XML_WITH_200 = "xml-with-200"
    """Media only: an XML error body with status 200."""
    TRUNCATED = "truncated"
    """Media only: the right `Content-Length`, half the body, and the connection closes."""
    WRONG_LENGTH = "wrong-length"
    """Media only: a whole response whose body is half of what the WAV header announces."""
    MONO = "mono"
    """Media only: one channel where two were asked for."""


class Endpoint(StrEnum):
    """The kinds of REST request that can be made to fail."""

    MEDIA = "media"
    RECORDING = "recording"
    CALL = "call"
    LISTING = "listing"
    DELETE = "delete"
    PLACE = "place"
    START = "start"
    UPDATE = "update"


_MEDIA_ONLY = frozenset({Fault.XML_WITH_200, Fault.TRUNCATED, Fault.WRONG_LENGTH, Fault.MONO})


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong with a call, a recording, or the whole account.

    The first eight say how many of the first requests meet which fault, in the order given:
    `media={Fault.NOT_FOUND: 2, Fault.BUSY: 1}` is 404, 404, 429 and then the media. `ALWAYS` is
    a count that never ends. The words of callbacks are the recording's `in-progress`,
    `completed` and `absent`, `call` for the status callbacks of the call itself, `leg` for those
    of a dialled leg, and `conference` for those of a conference.

    Attributes:
        media: downloads of a recording's media.
        recording: fetching a recording's metadata.
        call: fetching a call.
        listing: lists of calls and of recordings; only the account's faults count.
        delete: deleting a recording. With NOT_FOUND, and all others but SLOW, it stays.
        place: placing a call; only the account's faults count.
        start: starting a recording of a call.
        update: pausing, resuming and stopping a recording.
        slow_seconds: how long SLOW takes, in real seconds.
        retry_after: seconds that BUSY asks to wait; None sends no such header.
        say_fails: every Say is dropped with a warning, and the call goes on at once.
        whisper_hangs_up: a callee whose `url` gives no document is hung up on; Twilio does not
            say what it does, and without this they are connected all the same.
        callbacks_lost: callbacks that are never sent.
        callbacks_doubled: callbacks that are sent twice.
        callbacks_late: callbacks that are sent that many call seconds later.
        callbacks_out_of_order: `in-progress` is sent only after `completed` or `absent`.
    """

    media: Mapping[Fault, int] = field(default_factory=dict)
    recording: Mapping[Fault, int] = field(default_factory=dict)
    call: Mapping[Fault, int] = field(default_factory=dict)
    listing: Mapping[Fault, int] = field(default_factory=dict)
    delete: Mapping[Fault, int] = field(default_factory=dict)
    place: Mapping[Fault, int] = field(default_factory=dict)
    start: Mapping[Fault, int] = field(default_factory=dict)
    update: Mapping[Fault, int] = field(default_factory=dict)
    slow_seconds: float = 1.0
    retry_after: int | None = None
    say_fails: bool = False
    whisper_hangs_up: bool = False
    callbacks_lost: Collection[str] = ()
    callbacks_doubled: Collection[str] = ()
    callbacks_late: Mapping[str, float] = field(default_factory=dict)
    callbacks_out_of_order: bool = False

    def __post_init__(self) -> None:
        for endpoint in Endpoint:
            wrong = _MEDIA_ONLY & set(self.of(endpoint))
            if wrong and endpoint is not Endpoint.MEDIA:
                raise ValueError(f"{', '.join(sorted(wrong))} can only happen to media")

    def of(self, endpoint: Endpoint) -> Mapping[Fault, int]:
        """Return the faults of one kind of request, in the order in which they happen."""
        counts: Mapping[Fault, int] = getattr(self, endpoint)
        return {Fault(fault): count for fault, count in counts.items()}


class FaultPlan:
    """Faults with a count of those that have happened. Safe to use from several threads."""

    def __init__(self, faults: Faults | None = None) -> None:
        self._lock = threading.Lock()
        self.arm(faults)

    def arm(self, faults: Faults | None) -> None:
        """Start anew with other faults; None for none of its own."""
        with self._lock:
            self.faults = faults
            self._happened: Counter[tuple[Endpoint, Fault]] = Counter()

    @property
    def happened(self) -> Counter[tuple[Endpoint, Fault]]:
        """How often each fault happened so far."""
        with self._lock:
            return self._happened.copy()

    def take(self, endpoint: Endpoint) -> Fault | None:
        """Return the fault that the next request meets, and count it; None if all goes well."""
        with self._lock:
            for fault, count in (self.faults or Faults()).of(endpoint).items():
                if self._happened[endpoint, fault] < count:
                    self._happened[endpoint, fault] += 1
                    return fault
        return None


class Planned(Protocol):
    """Something whose requests can be made to fail, as its plan says."""

    plan: FaultPlan


class OwnFaults:
    """An attribute: the faults of something's plan, which come before the account's.

    None for none of its own. May be set anew, which begins to count anew.
    """

    def __get__(self, owner: Planned, kind: type[Planned]) -> Faults | None:
        return owner.plan.faults

    def __set__(self, owner: Planned, faults: Faults | None) -> None:
        owner.plan.arm(faults)
