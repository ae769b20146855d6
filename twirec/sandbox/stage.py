"""The call that a verb acts upon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from twirec.sandbox.callbacks import Callbacks
from twirec.sandbox.clock import CallClock
from twirec.sandbox.courier import Courier
from twirec.sandbox.faults import Faults
from twirec.sandbox.parties import Party
from twirec.sandbox.state import Account, Call, LogEntry
from twirec.sandbox.twiml import Verb


@dataclass(frozen=True, slots=True)
class Next:
    """Where the next document comes from, and what is sent beside the call's own fields."""

    url: str
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)


class Ended(Exception):
    """The TwiML ended the call."""


class Stage:
    """One leg, its clock, the person on it, and what has happened so far.

    Attributes:
        url: the address of the document being run, without a fragment.
        caller: the person on the leg that runs the TwiML.
        caller_origin: the call second at which the caller's own second 0 lies; None while that
            is not known.
        afterwards: a request that is still to be made when the caller is gone.
    """

    def __init__(
        self,
        account: Account,
        courier: Courier,
        call: Call,
        caller: Party,
        clock: CallClock,
        pause: Callable[[float], None],
    ) -> None:
        self.account = account
        self.courier = courier
        self.call = call
        self.caller = caller
        self.clock = clock
        self.pause = pause
        self.callbacks = Callbacks(
            courier, lambda text: self.log("callback", text), lambda: self.faults, pause
        )
        self.url = ""
        self.caller_origin = None if caller.counts_from_bridge else 0.0
        self.afterwards: Next | None = None
        self._answered_at: float | None = None

    @property
    def faults(self) -> Faults:
        """The faults in force now."""
        return self.account.effective_faults(self.call.faults)

    def log(self, what: str, text: str = "", code: int | None = None) -> None:
        """Write down what happens."""
        self.call.log.append(LogEntry(round(self.clock.second, 3), what, text, code))

    @property
    def answered(self) -> bool:
        """Whether the caller hears something other than ringing."""
        return self._answered_at is not None

    @property
    def seconds_answered(self) -> float:
        """Call seconds since the answer; 0 without one."""
        return 0.0 if self._answered_at is None else self.clock.second - self._answered_at

    def answer(self) -> None:
        """Take the call, if that has not happened yet."""
        if not self.answered:
            self._answered_at = self.clock.second
            self.call.started = self.clock.stamp()
            self.call.status = "in-progress"

    def bridge(self) -> None:
        """Connect the caller to somebody."""
        self.answer()
        caller = self.caller
        if self.caller_origin is None:
            self.caller_origin = self.clock.second
            if caller.hangs_up_after is not None:
                self.clock.leaves_at = self.caller_origin + caller.hangs_up_after

    def absolute(self, url: str) -> str:
        """Return a URL of the document's as an absolute one; its fragment stays."""
        return urljoin(self.url, url)

    def step(self, verb: Verb, params: Mapping[str, str], default: str | None = None) -> Next:
        """Return the request to a verb's `action`, or to `default`."""
        url = self.absolute(verb.get("action", default or ""))
        return Next(url, verb.get("method", "POST"), params)
