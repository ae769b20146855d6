"""What comes when nobody answered: a call's steps, and what a function of the app's is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twirec.model.records import Call


@dataclass(frozen=True, slots=True)
class DialStep:
    """Who is rung next when nobody answered before, for how long, and after what.

    Attributes:
        dial: whom to connect, or up to ten that ring together: a number in any usual form,
            `client:NAME` or `sip:ADDRESS`; or alone `queue:NAME`, `conference:NAME`, or
            `voicemail`: the caller leaves a message, if they may be recorded.
        timeout: seconds for which they ring, 1 to 600; None for Twilio's 30.
        on: after which of Twilio's words this step comes, `busy`, `no-answer`, `failed` or
            `canceled`, one or several; after any other it is left out. Empty for all of them.
        function: the name of a function of the app's that says what comes, instead of `dial`.
    """

    dial: str | Sequence[str] = ()
    timeout: int | None = None
    on: str | Sequence[str] = ()
    function: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom to connect."""
        return (self.dial,) if isinstance(self.dial, str) else tuple(self.dial)

    @property
    def statuses(self) -> tuple[str, ...]:
        """After what it comes; empty for whatever there was."""
        return (self.on,) if isinstance(self.on, str) else tuple(self.on)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """That nobody answered, as a function of the app's is told.

    Attributes:
        call: its line, with whom it rang last.
        status: Twilio's word, `DialCallStatus`: `busy`, `no-answer`, `failed` or `canceled`; of who
            waited in a queue its `QueueResult`, such as `queue-full`
            (https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus-values).
    """

    call: Call
    status: str


WhenUnanswered = Callable[[Unanswered], object]
"""A function of the app's: it returns whom to connect, a `DialStep`, several of these in a list,
TwiML, or None to let the call end."""
