"""What a backfill did: figures, failures, and what the vendor would ask for keeping it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from twirec.model.ownership import NotOurs
from twirec.model.states import State

PRICE_PER_MINUTE = 0.0005
"""US dollars that Twilio asks for keeping a minute of a recording for a month: its list price as
read on 2026-11-24 (https://help.twilio.com/articles/14486716328091). What a contract says may be
another."""

FREE_MINUTES = 10_000
"""Minutes that Twilio keeps for nothing, of all accounts together. The same source."""


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a backfill saw and did, so far or at its end. All figures are counts but those named.

    Attributes:
        since, until: the span of vendor time, UTC.
        gone_on_at: from when it really looked, by account, UTC: where the last run was cut short.
        total: recordings that there are; None while nobody counted.
        seen: recordings that the vendor listed.
        here: recordings that were archived before.
        copied: recordings that it archived.
        size: bytes of what it copied.
        nothing: recordings without anything to copy, by state.
        failed: SID to reason, of what was parked.
        not_ours: recordings of other apps, which were left alone.
        not_ours_named: SID to why it is not ours, `MOST_NAMED` of them at the most.
        waiting: recordings that were listed, and of which it is not known yet what becomes.
        numbers_not_known: of those that are done with, recordings whose line has no numbers: Twilio
            does not know their call (any more).
        kept_without_number: how many of them Twilio keeps its copy of.
        minutes: of what was seen at the vendor; each recording rounded up, as Twilio counts.
        stopped: why it ended before its end; empty if it did not.
    """

    since: datetime
    until: datetime
    gone_on_at: Mapping[str, datetime] = field(default_factory=dict)
    total: int | None = None
    seen: int = 0
    here: int = 0
    copied: int = 0
    size: int = 0
    nothing: Mapping[State, int] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    not_ours: int = 0
    not_ours_named: Mapping[str, NotOurs] = field(default_factory=dict)
    waiting: int = 0
    numbers_not_known: int = 0
    kept_without_number: int = 0
    minutes: int = 0
    stopped: str = ""

    @property
    def settled(self) -> int:
        """How many are done with, one way or the other."""
        return self.seen - self.waiting

    @property
    def price(self) -> float:
        """US dollars a month that the vendor asks for keeping these minutes, if it keeps no others.

        By the list price: `PRICE_PER_MINUTE` above `FREE_MINUTES`.
        """
        return max(0, self.minutes - FREE_MINUTES) * PRICE_PER_MINUTE
