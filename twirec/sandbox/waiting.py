"""A place in a queue, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from twirec.sandbox.audio import Track
from twirec.sandbox.bridge import Bridge
from twirec.sandbox.script import Next
from twirec.sandbox.sound import Sound, heard, moved
from twirec.sandbox.stage import Stage


@dataclass(eq=False, slots=True)
class Meeting:
    """Somebody was taken out of a queue. Whoever is first to connect them, or to leave, decides.

    Attributes:
        taker: the leg that dialled the queue.
        caller: the leg that waited in it.
        waited: how many whole seconds the caller had waited.
        longest: how many call seconds they are connected at most.
        first: the document that the caller hears before they are connected, if there is one.
        taken_at: the second of the taker's leg at which it took the caller.
        ahead: how many seconds the taker's clock is ahead of the caller's.
        bridge: what connects the two; None until then.
        parted_at: the second of the taker's leg at which one of the two left; None until then.
    """

    taker: Stage
    caller: Stage
    waited: int
    longest: float
    first: Next | None
    taken_at: float = field(init=False)
    ahead: float = field(init=False)
    bridge: Bridge | None = None
    parted_at: float | None = None

    def __post_init__(self) -> None:
        self.taken_at = self.taker.clock.second
        self.begin()

    def begin(self) -> None:
        """Let the caller's time go on from when they were taken; only then had their music end."""
        self.ahead = self.taken_at - self.caller.clock.second

    @property
    def settled(self) -> bool:
        """Whether they are connected, or one of them left before that."""
        return self.bridge is not None or self.parted_at is not None

    @property
    def second(self) -> float:
        """The second of the taker's leg that it is for the caller."""
        return self.caller.clock.second + self.ahead

    def connect(self, second: float) -> None:
        """Connect them at a second of the taker's leg, unless one of them has left."""
        with self.taker.house.rooms.lock:
            if not self.settled:
                self.bridge = Bridge(self.taker, self.caller, self.ahead, second)
        self._wake()

    def part(self, second: float) -> None:
        """Let one of them leave at a second of the taker's leg."""
        with self.taker.house.rooms.lock:
            if self.parted_at is None:
                self.parted_at = second
        self._wake()

    def sides(self, begin: float, end: float) -> tuple[Track, Track]:
        """Return what each of them says, from one second of the taker's leg to another."""
        said = Sound(moved(self.caller.voice, self.ahead), self.caller.zero + self.ahead)
        return self.taker.spoken(begin, end), heard([said], begin, end)

    def _wake(self) -> None:
        self.taker.clock.wake()
        self.caller.clock.wake()


@dataclass(eq=False, slots=True)
class Waiting:
    """Somebody who waits in a queue.

    Attributes:
        stage: their leg.
        since: the call second of that leg at which they came.
        created: when they came, UTC.
        meeting: who took them out of it; None until then.
    """

    stage: Stage
    since: float
    created: datetime
    meeting: Meeting | None = None

    @property
    def sid(self) -> str:
        """Their leg's SID."""
        return self.stage.call.sid

    @property
    def queue_time(self) -> int:
        """How many whole seconds they have waited, or had when they were taken."""
        return self.meeting.waited if self.meeting else int(self.stage.clock.second - self.since)
