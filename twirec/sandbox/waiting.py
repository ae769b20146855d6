"""A place in a queue."""

from __future__ import annotations

from dataclasses import dataclass

from twirec.sandbox.bridge import Bridge
from twirec.sandbox.stage import Stage


@dataclass(eq=False, slots=True)
class Waiting:
    """Somebody who waits in a queue.

    Attributes:
        stage: their leg.
        since: the call second of that leg at which they came.
        taker: the leg that took them out of it; None until then.
        bridge: what connects the two.
        longest: how many call seconds they are connected at most.
        parted_at: the second of the taker's leg at which one of the two left; None until then.
    """

    stage: Stage
    since: float
    taker: Stage | None = None
    bridge: Bridge | None = None
    longest: float = 0.0
    parted_at: float | None = None

    def take(self, taker: Stage, longest: float) -> Bridge:
        """Connect them with whoever takes them out of the queue; returns what connects them."""
        offset = taker.clock.second - self.stage.clock.second
        self.taker, self.longest = taker, longest
        self.bridge = Bridge(taker, self.stage, offset)
        self.stage.clock.wake()
        return self.bridge

    def part(self) -> None:
        """Let the taker know that the caller is gone."""
        if self.bridge and self.parted_at is None:
            self.parted_at = self.bridge.begin + self.stage.clock.second - self.bridge.second_began
        if self.taker:
            self.taker.clock.wake()

    def part_from_taker(self) -> None:
        """Let the caller know that the taker is gone."""
        if self.taker and self.parted_at is None:
            self.parted_at = self.taker.clock.second
        self.stage.clock.wake()

    @property
    def queue_time(self) -> float:
        """How many seconds they have waited, or had when they were taken."""
        until = self.bridge.second_began if self.bridge else self.stage.clock.second
        return until - self.since
