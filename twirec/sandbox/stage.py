"""The call that a verb acts upon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

from twirec.sandbox.audio import Track
from twirec.sandbox.callbacks import Callbacks
from twirec.sandbox.clock import Clock, RunningClock
from twirec.sandbox.courier import Courier
from twirec.sandbox.faults import Faults
from twirec.sandbox.limits import STATUS
from twirec.sandbox.parties import Line, Party
from twirec.sandbox.recorder import Recorders
from twirec.sandbox.script import Document, Next
from twirec.sandbox.sound import Clips, Sound, heard, moved
from twirec.sandbox.state import Account, Call, LogEntry
from twirec.sandbox.twiml import Verb

if TYPE_CHECKING:  # rooms are full of stages
    from twirec.sandbox.rooms import Rooms


class Ended(Exception):
    """The TwiML ended the call."""


class House(Protocol):
    """What all calls share."""

    account: Account
    courier: Courier
    rooms: Rooms

    def pause(self, seconds: float) -> None:
        """Let call seconds pass; may end early when the sandbox closes."""
        ...

    def running_clock(self) -> RunningClock:
        """Return a clock that begins now."""
        ...

    def go_on(self, stage: Stage, step: Document, second: float) -> None:
        """Let a dialled leg, answered so many seconds ago, go on as a call of its own."""
        ...


KEY = 0.2
"""Call seconds from one key to the next, and from an order from outside to the first."""


class Acts:
    """What a person does beside what they had in mind from the start. For several threads.

    Args:
        clock: that of the person's leg.

    Attributes:
        keys: the second and the key.
        lines: the second and what is said.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.keys: list[tuple[float, str]] = []
        self.lines: list[tuple[float, Line]] = []
        self._count = 0

    def press(self, keys: str, second: float | None = None) -> None:
        """Press keys, one after the other; now if no second is given."""
        begin = self._clock.second + KEY if second is None else second
        self.keys += [(begin + place * KEY, key) for place, key in enumerate(keys)]
        self._tell()

    def say(self, line: Line, second: float | None = None) -> None:
        """Say a line; now if no second is given."""
        self.lines.append((self._clock.second + KEY if second is None else second, line))
        self._tell()

    def _tell(self) -> None:
        self._count += 1
        self._clock.wake()

    def more(self) -> Callable[[], bool]:
        """Return what says whether there is more than there is now; takes no lock."""
        seen = self._count
        return lambda: self._count != seen


class Stage:
    """One leg, its clock, the person on it, and what has happened so far.

    Args:
        house: what all calls share.
        call: the leg.
        caller: the person on it.
        clock: its time.
        zero: the second at which the person's own second 0 lies.
        answered: whether the leg was answered, at `zero`.

    Attributes:
        url: the address of the document being run, without a fragment.
        caller_origin: the call second from which what the person says is counted; None while
            that is not known.
        recorders: what is being recorded.
        turn_to: the document that was given from outside.
        afterwards: a request that is still to be made when the caller is gone.
        acts: what the person does beside what they had in mind from the start.
    """

    def __init__(
        self,
        house: House,
        call: Call,
        caller: Party,
        clock: Clock,
        *,
        zero: float = 0.0,
        answered: bool = False,
    ) -> None:
        self.house = house
        self.account = house.account
        self.call = call
        self.caller = caller
        self.clock = clock
        self.zero = zero
        self.callbacks = Callbacks(
            house.courier, lambda text: self.log("callback", text), lambda: self.faults, house.pause
        )
        self.url = ""
        self.caller_origin = None if caller.counts_from_bridge else zero
        self.recorders = Recorders()
        self.turn_to: Document = b""
        self.afterwards: Next | None = None
        self.acts = Acts(clock)
        self._sounds: list[Sound] = []
        self._answered_at = zero if answered else None

    def beside(self, clock: Clock) -> Stage:
        """Return the same leg for what runs beside its document, in a time of its own."""
        side = copy(self)
        side.clock = clock
        return side

    @property
    def faults(self) -> Faults:
        """The faults in force now."""
        return self.account.effective_faults(self.call.faults)

    def log(self, what: str, text: str = "", code: int | None = None) -> None:
        """Write down what happens."""
        self.call.log.append(LogEntry(round(self.clock.second, 3), what, text, code))

    def limit(self, text: str) -> None:
        """Write down what the sandbox does not do."""
        self.log("sandbox", text, STATUS)
        self.account.limits.note(text)

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

    def bridge(self, second: float | None = None) -> None:
        """Connect the caller to somebody, now or at a given call second."""
        self.answer()
        if self.caller_origin is None:
            self.caller_origin = self.clock.second if second is None else second
            if self.caller.hangs_up_after is not None:
                self.clock.leaves_at = self.caller_origin + self.caller.hangs_up_after

    @property
    def voice(self) -> Clips:
        """What the person says, in call seconds; nothing while it is not known when."""
        if self.caller_origin is None:
            return ()
        planned = moved(self.caller.spoken(), self.caller_origin)
        return (*planned, *((at, line.samples()) for at, line in self.acts.lines))

    @property
    def keys(self) -> list[tuple[float, str]]:
        """The keys that the person presses, and when, in call seconds."""
        return [*((self.zero + second, key) for second, key in self.caller.keys), *self.acts.keys]

    @property
    def lines(self) -> list[tuple[float, Line]]:
        """The lines that the person says, and when, in call seconds."""
        origin = self.caller_origin
        planned = [] if origin is None else [(origin + one.at, one) for one in self.caller.says]
        return [*planned, *self.acts.lines]

    def told(self, text: str, second: float) -> None:
        """Let the person react to something that they have heard to its end at a second."""
        for reaction in self.caller.reacts:
            if reaction.hears.casefold() in text.casefold():
                at = second + reaction.after
                self.acts.press(reaction.presses, at)
                if reaction.line:
                    self.acts.say(reaction.line, at)
                if reaction.hangs_up:
                    self.clock.leaves_at = min(at, self.clock.leaves_at or at)

    def hear(self, clips: Clips) -> Sound:
        """Let the person hear something from now on; whoever does so sets its end."""
        sound = Sound(clips, self.clock.second)
        self._sounds.append(sound)
        return sound

    def spoken(self, begin: float, end: float) -> Track:
        """Return what the person says from one call second to another."""
        return heard([Sound(self.voice, begin)], begin, end)

    def sides(self, begin: float, end: float) -> tuple[Track, Track]:
        """Return what the person says, and what they hear, from one call second to another."""
        return self.spoken(begin, end), heard(list(self._sounds), begin, end)

    def absolute(self, url: str) -> str:
        """Return a URL of the document's as an absolute one; its fragment stays."""
        return urljoin(self.url, url)

    def step(self, verb: Verb, params: Mapping[str, str], default: str | None = None) -> Next:
        """Return the request to a verb's `action`, or to `default`."""
        url = self.absolute(verb.get("action", default or ""))
        return Next(url, verb.get("method", "POST"), params)
