"""A conference: who is in it, who hears whom, and its recording.

https://www.twilio.com/docs/voice/twiml/conference
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
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
        held: whether they hear nobody, and nobody hears them.
        kicked: whether they were sent out from outside.
        label: what the app calls them; None for nothing.
        windows: from when until when the others hear them; the last end is None meanwhile.
    """

    stage: Stage
    joined: float
    offset: float
    created: datetime
    starts: bool = True
    ends: bool = False
    muted: bool = False
    held: bool = False
    kicked: bool = False
    label: str | None = None
    left: float | None = None
    updated: datetime = field(init=False)
    windows: list[tuple[float, float | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.updated = self.created
        self.open(self.joined)

    @property
    def audible(self) -> bool:
        """Whether the others hear them."""
        return not (self.muted or self.held)

    def open(self, at: float) -> None:
        """Let the others hear them from now on, if they may."""
        if self.audible:
            self.windows.append((at, None))

    def close(self, at: float) -> None:
        """Let the others hear them no more."""
        if self.windows and self.windows[-1][1] is None:
            self.windows[-1] = self.windows[-1][0], at

    @property
    def sid(self) -> str:
        """Their leg's SID."""
        return self.stage.call.sid

    @property
    def voice(self) -> Clips:
        """What they say, in the conference's seconds."""
        return moved(self.stage.voice, self.offset)

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
        changes: grows with each change of who is there, and of who hears whom.
        reason: why it ended, in Twilio's words; None while it goes on.
        ended_by: the leg that ended it, `CA…`; None for none.
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
        self.reason: str | None = None
        self.ended_by: str | None = None
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
        self._part(member, at)
        self._tell("leave", "participant-leave", member)
        if not self.over and (end or member.ends or not self._here):
            who = "participant-with-end-conference-on-exit" if member.ends else "last-participant"
            self._end(at, f"{who}-{'kicked' if member.kicked else 'left'}", member)
        self._change()

    def change(self, member: Member, *, muted: bool, held: bool) -> None:
        """Mute somebody, hold them, or let them talk again, from now on."""
        at = member.stage.clock.second + member.offset
        self._part(member, at)
        if muted != member.muted:
            self._tell("mute", "participant-mute" if muted else "participant-unmute", member)
        if held != member.held:
            self._tell("hold", "participant-hold" if held else "participant-unhold", member)
        member.muted, member.held = muted, held
        member.updated = self.clock.stamp()
        member.open(at)
        if self._started is not None:
            for other in self._here:
                if other is not member:
                    self._hear(member, other, at)
                    self._hear(other, member, at)
        self._change()

    def kick(self, member: Member) -> None:
        """Send somebody out; their own document goes on."""
        member.kicked = True
        self._change()

    def finish(self) -> None:
        """End it now, from outside."""
        if not self.over:
            self._end(self.clock.second, "conference-ended-via-api", None)
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

    def _part(self, member: Member, at: float) -> None:
        """Let nobody hear somebody any more, nor them anybody."""
        member.close(at)
        for hearer, speaker, sound in self._sounds:
            if member in (hearer, speaker) and sound.end is None:
                sound.end = at - hearer.offset

    def _hear(self, hearer: Member, speaker: Member, at: float) -> None:
        if hearer.held or not speaker.audible:
            return
        sound = hearer.stage.hear(moved(speaker.voice, -hearer.offset))
        sound.begin = at - hearer.offset
        self._sounds.append((hearer, speaker, sound))

    def _end(self, at: float, reason: str, member: Member | None) -> None:
        self.over_at = at
        self.reason, self.ended_by = reason, member.sid if member else None
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
        said = [[Sound(one.voice, *window) for window in one.windows] for one in self._everyone]
        others = [sound for sounds in said[1:] for sound in sounds]
        return heard(said[0], begin, end), heard(others, begin, end)

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
        if self.reason:
            form["ReasonConferenceEnded"] = self.reason
        self.callbacks.progress(self.sid, "conference", self.to, form)
