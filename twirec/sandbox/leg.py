"""One leg that a Dial calls."""

from __future__ import annotations

import math

from twirec.sandbox.audio import Track
from twirec.sandbox.clock import SideClock
from twirec.sandbox.parties import Line, Party
from twirec.sandbox.progress import Progress
from twirec.sandbox.script import Document, Subscription
from twirec.sandbox.sound import Sound, heard
from twirec.sandbox.stage import Stage
from twirec.sandbox.state import Call
from twirec.sandbox.tones import seconds_of
from twirec.sandbox.twiml import Verb


class Leg:
    """A leg that rings, is answered, and ends. It runs in the time of the leg that dialled it.

    Args:
        parent: the leg that dials.
        noun: the Number, Client or Sip, or a Dial with a number as its text.
        caller_id: what the callee sees.
        to: whom it dials.

    Attributes:
        gone: whether it was ended or sent elsewhere, from outside.
        stage: what its callee does and hears; only once it is answered.
    """

    def __init__(self, parent: Stage, noun: Verb, caller_id: str, to: str) -> None:
        self._parent = parent
        self.url = noun.attributes.get("url") and parent.absolute(noun.attributes["url"])
        self.method = noun.get("method", "POST")
        self._digits = noun.get("sendDigits", "")
        self.call = Call(
            caller_id,
            to,
            "outbound-dial",
            created=parent.clock.stamp(),
            parent_sid=parent.call.sid,
            faults=parent.call.faults,
        )
        self.party = parent.call.callee or parent.account.parties.get(to, Party())
        self.gone = False
        self._turned_to: Document | None = None
        self._progress = Progress(
            parent.account, self.call, parent.callbacks, parent.clock, _told(parent, noun), "leg"
        )
        self._ring()

    def send_digits(self) -> None:
        """Press the keys that the noun asks for, such as an extension's.

        Raises:
            SideOver: the callee is gone.
            HungUp, Turned: as of the leg that dialled.
        """
        if self._digits:
            self.stage.log("SendDigits", self._digits)
            self.stage.clock.wait(seconds_of(self._digits))

    @property
    def reacts_after(self) -> float:
        """How many seconds it rings before it is answered or refused."""
        party = self.party
        return party.answers_after if party.answers or party.refuses else math.inf

    @property
    def seconds(self) -> float:
        """Call seconds since it was answered."""
        return self._parent.clock.second - self.stage.zero

    def cut(self) -> None:
        """Hang up. Safe to call from any thread."""
        self.gone = True
        self._parent.clock.wake()

    def turn(self, step: Document) -> None:
        """Leave the Dial for another document. Safe to call from any thread."""
        self._turned_to = step
        self.cut()

    def press(self, keys: str) -> None:
        """Press keys. Safe to call from any thread."""
        self.stage.acts.press(keys)

    def say(self, line: Line) -> None:
        """Say something. Safe to call from any thread."""
        self.stage.acts.say(line)

    def pick_up(self) -> None:
        """Answer."""
        parent, zero = self._parent, self._parent.clock.second
        party = self.party
        counts = party.hangs_up_after is not None and not party.counts_from_bridge
        leaves_at = zero + (party.hangs_up_after or 0.0) if counts else None
        clock = SideClock(parent.clock, lambda: self.gone, leaves_at)
        self.call.started, self.call.status = parent.clock.stamp(), "in-progress"
        self.stage = Stage(parent.house, self.call, party, clock, zero=zero, answered=True)
        self._progress.tell("answered")

    def sides(self, begin: float, end: float) -> tuple[Track, Track]:
        """Return what the caller says, and what this callee says since they picked up."""
        said = Sound(self.stage.voice, self.stage.zero)
        return self._parent.spoken(begin, end), heard([said], begin, end)

    def leave(self) -> None:
        """End an answered leg, or let it go where it was sent."""
        if self._turned_to is None:
            self.end("completed", self.seconds)
        else:
            self._parent.house.go_on(self.stage, self._turned_to, self.seconds)

    def end(self, status: str, seconds: float = 0.0) -> None:
        """Write down that it has ended after so many seconds of being answered."""
        self.call.remote = None
        self.call.end(status, self._parent.clock.stamp(), seconds)
        self._progress.tell("completed")
        self.call.done.set()  # its callbacks are the caller's, who waits for them

    def _ring(self) -> None:
        self._progress.tell("initiated")
        self.call.status = "ringing"
        self.call.remote = self
        self._parent.account.add(self.call)
        self._progress.tell("ringing")


def _told(parent: Stage, noun: Verb) -> Subscription | None:
    url = noun.attributes.get("statusCallback")
    if not url:
        return None
    events = frozenset(noun.get("statusCallbackEvent", "completed").split())
    return Subscription(parent.absolute(url), noun.get("statusCallbackMethod", "POST"), events)
