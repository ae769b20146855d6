"""How a Dial went."""

from __future__ import annotations

from dataclasses import dataclass

from twirec.sandbox.recording import Recording
from twirec.sandbox.script import Next
from twirec.sandbox.state import Call


@dataclass(slots=True)
class Outcome:
    """What the action of a Dial is told.

    Attributes:
        status: Twilio's word.
        bridged: whether somebody was connected; None where Twilio does not say.
        call: the leg at the other end.
        seconds: how long that was answered, or connected.
        recording: what the Dial recorded.
        referred: what the caller goes on with, as the phone at the other end sent them elsewhere.
    """

    status: str = "failed"
    bridged: bool | None = False
    call: Call | None = None
    seconds: float | None = None
    recording: Recording | None = None
    referred: Next | None = None
