"""A conference: who is in it, who hears whom, and its recording.

https://www.twilio.com/docs/voice/twiml/conference
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from twirec.sandbox.audio import Track
from twirec.sandbox.callbacks import Callbacks
from twirec.sandbox.parties import last_word
from twirec.sandbox.recorder import Order, Recorder
from twirec.sandbox.recording import Recording
from twirec.sandbox.resources import rfc2822
from twirec.sandbox.script import Subscription
from twirec.sandbox.sids import new_sid
from twirec.sandbox.sound import Clips, Sound, heard, moved
from twirec.sandbox.stage import Stage


@dataclass(eq=False, slots=True)
class Member:
    """Somebody in a conference.

    Attributes:
        stage: their leg.
        joined, left: when, in the conference's seconds; left is None while they are there.
        offset: how many seconds the conference's clock is ahead of the leg's.
        created: when they came, UTC.
        starts, ends: whether the conference starts when they come, and ends when they go.
        muted: whether the others cannot hear them.
    """

    stage: Stage
    joined: float
    offset: float
    created: datetime
    starts: bool = True
    ends: bool = False
    muted: bool = False
    left: float | None = None

    @property
    def sid(self) -> str:
        """Their leg's SID."""
        return self.stage.call.sid

    @property
    def voice(self) -> Clips:
        """What the others hear of them, in the conference's seconds."""
        return () if self.muted else moved(self.stage.voice, self.offset)

    @property
    def last_word(self) -> float:
        """The conference's second at which they have said everything."""
        return (
            (self.stage.caller_origin or 0.0) + last_word(self.stage.caller.spoken()) + self.offset
        )


class Conference:
    """A conference. Everything but its attributes is guarded by the lock of its `Rooms`.

    Args:
        name: its friendly name.
        first: the leg that came first.

    Attributes:
        sid: `CF…`.
        over_at: the second at which it ended; None while it goes on.
        changes: grows with each change of who is there.
        created, updated: stamps, UTC.
        order: how it is recorded; None for not at all.
        to: who is told of which events.
        callbacks: sends what is told.
    """

    def __init__(self, name: str, first: Stage) -> None:
        self.sid = new_sid("CF")
        self.name = name
        self.over_at: float | None = None
        self.changes = 0
        self.clock = first.house.running_clock()
        self.created = self.updated = self.clock.stamp()
        self.order: Order | None = None
        self.to: Subscription | None = None
        self.callbacks = Callbacks(
            first.house.courier,
            lambda text: first.log("callback", text),
            lambda: first.faults,
            first.house.pause,
        )
        self._first = first
        self._started: float | None = None
        self._here: list[Member] = []
        self._everyone: list[Member] = []
        self._sounds: list[tuple[Member, Member, Sound]] = []
        self._recorder: Recorder | None = None
        self._sequence = 0

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.over_at is not None

    @property
    def status(self) -> str:
        """Twilio's word for how it goes."""
        if self.over:
            return "completed"
        return "init" if self._started is None else "in-progress"

    @property
    def here(self) -> list[Member]:
        """Who is there, in the order in which they came; nobody once it has ended."""
        return [] if self.over else list(self._here)

    def enter(self, member: Member) -> None:
        """Let somebody in. It starts when there are two, and one of them starts it."""
        self._here.append(member)
        self._everyone.append(member)
        self._tell("join", "participant-join", member)
        if self._started is not None:
            self._meet(member, self._here[:-1], member.joined)
        elif len(self._here) > 1 and any(one.starts for one in self._here):
            self._start(member.joined)
        self._change()

    def leave(self, member: Member, *, end: bool = False) -> None:
        """Let somebody go, and end it if they, or `end`, say so, or nobody is left."""
        at = member.stage.clock.second + member.offset
        member.left = at
        self._here.remove(member)
        for hearer, speaker, sound in self._sounds:
            if member in (hearer, speaker) and sound.end is None:
                sound.end = at - hearer.offset
        self._tell("leave", "participant-leave", member)
        if not self.over and (end or member.ends or not self._here):
            self._end(at)
        self._change()

    def patience(self, member: Member) -> float:
        """Return how many seconds somebody stays by what all have in mind.

        Endless when they are alone, or when somebody knows when they hang up.
        """
        if self._started is None or len(self._here) < 2:
            return math.inf
        if any(one.stage.clock.leaves_at is not None for one in self._here):
            return math.inf
        over = max(max(one.last_word, one.joined) for one in self._here) + 1
        return max(0.0, over - member.stage.clock.second - member.offset)

    def is_alone(self, member: Member) -> bool:
        """Return whether nobody is there whom they could hear."""
        return self._started is None or self._here == [member]

    def _start(self, at: float) -> None:
        self._started = at
        for place, member in enumerate(self._here):
            self._meet(member, self._here[:place], at)
        self._tell("start", "conference-start", self._here[-1])
        if self.order:
            self._recorder = self._record(self.order, at)

    def _meet(self, member: Member, others: Iterable[Member], at: float) -> None:
        member.stage.bridge(at - member.offset)
        for other in others:
            self._hear(member, other, at)
            self._hear(other, member, at)

    def _hear(self, hearer: Member, speaker: Member, at: float) -> None:
        sound = hearer.stage.hear(moved(speaker.voice, -hearer.offset))
        sound.begin = at - hearer.offset
        self._sounds.append((hearer, speaker, sound))

    def _end(self, at: float) -> None:
        self.over_at = at
        self.updated = self.clock.stamp()
        for hearer, _, sound in self._sounds:
            if sound.end is None:
                sound.end = at - hearer.offset
        self._tell("end", "conference-end", None)
        if self._recorder:
            self._recorder.stop(at)

    def _change(self) -> None:
        self.changes += 1
        for member in self._here:
            member.stage.clock.wake()

    def _record(self, order: Order, at: float) -> Recorder:
        recording = Recording(
            self._first.call.sid,
            started=self.clock.stamp(),
            source=order.source,
            channels=order.channels,
            conference_sid=self.sid,
            faults=self._first.call.faults,
        )
        return Recorder(
            self._first.account,
            recording,
            order,
            clock=self.clock,
            begin=at,
            sides=self._sides,
            callbacks=self.callbacks,
            pause=self._first.house.pause,
        )

    def _sides(self, begin: float, end: float) -> tuple[Track, Track]:
        """Return what the one who came first says, and everybody else."""
        said = [Sound(one.voice, one.joined, one.left) for one in self._everyone]
        return heard(said[:1], begin, end), heard(said[1:], begin, end)

    def _tell(self, event: str, name: str, member: Member | None) -> None:
        sequence, self._sequence = self._sequence, self._sequence + 1
        if self.to is None or event not in self.to.events:
            return
        form = {
            "AccountSid": self._first.account.sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "SequenceNumber": str(sequence + 1),
            "StatusCallbackEvent": name,
            "Timestamp": rfc2822(self.clock.stamp()) or "",
        }
        if member:
            form["CallSid"] = member.sid
        self.callbacks.progress(self.sid, "conference", self.to, form)
