"""What a sweep finds, and what it counts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import TwirecError
from twirec.model.ownership import MOST_NAMED, Foreign, NotOurs
from twirec.model.records import SweepReport
from twirec.transfers.naming import Strangers

log = logging.getLogger("twirec.sweep")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that is not as it should be.

    Attributes:
        sid: of the recording or call.
        what: the figure of the report that counts its repair; empty for none.
        reason: what a person has to know of it; empty for nothing.
        repair: mends it, and returns False if there was nothing to mend; None where only a person
            can.
    """

    sid: str
    what: str = ""
    reason: str = ""
    repair: Callable[[], object] | None = None


Ask = Callable[[], Iterable[Discrepancy]]
"""Looks at one thing; an error of ours in it is a discrepancy too."""


@dataclass(slots=True)
class Tally:
    """What a sweep counts while it goes.

    Attributes:
        dry_run: whether nothing is mended.
        remembered: from when on what is not ours is in `left`, UTC.
        seen, asked, objects: as in `SweepReport`.
        problems, planned: as in `SweepReport`.
        not_ours, not_ours_named: as in `SweepReport`.
        left: what is not ours of the span that is looked at.
        strangers: what is in the bucket and is not ours, or cannot be read.
    """

    dry_run: bool = False
    remembered: datetime = BEFORE_ALL
    seen: int = 0
    asked: int = 0
    objects: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    planned: dict[str, str] = field(default_factory=dict)
    not_ours: int = 0
    not_ours_named: dict[str, NotOurs] = field(default_factory=dict)
    left: list[Foreign] = field(default_factory=list)
    strangers: Strangers = field(default_factory=Strangers)
    _mended: Counter[str] = field(default_factory=Counter)

    def look(self, sid: str, ask: Ask) -> bool:
        """Look at one thing and mend what is found. Whether all is well now."""
        try:
            settled = [
                self._settle(discrepancy) for discrepancy in ask()
            ]  # each before the next is asked
            return all(settled)
        except TwirecError as error:
            return self._fail(sid, error)

    def leave(self, foreign: Foreign) -> None:
        """Count what is not ours."""
        self.not_ours += 1
        if len(self.not_ours_named) < MOST_NAMED:
            self.not_ours_named[foreign.sid] = foreign.why
        if foreign.created_at >= self.remembered:
            self.left.append(foreign)

    def report(self, since: datetime, until: datetime) -> SweepReport:
        """Return the figures."""
        return SweepReport(
            since=since,
            until=until,
            dry_run=self.dry_run,
            seen=self.seen,
            asked=self.asked,
            objects=self.objects,
            problems=self.problems,
            planned=self.planned,
            not_ours=self.not_ours,
            not_ours_named=self.not_ours_named,
            strange=self.strangers.named,
            strangers=self.strangers.count,
            **cast(dict[str, Any], self._mended),
        )

    def _settle(self, discrepancy: Discrepancy) -> bool:
        if discrepancy.repair is None:
            self._name(discrepancy.sid, discrepancy.reason)
            log.error("%s: %s", discrepancy.sid, discrepancy.reason)
            return False
        if self.dry_run:
            if discrepancy.what:
                self.planned[discrepancy.sid] = discrepancy.what
            return True
        try:
            mended = discrepancy.repair() is not False
        except TwirecError as error:
            return self._fail(discrepancy.sid, error)
        if mended and discrepancy.what:
            self._mended[discrepancy.what] += 1
            log.info("%s: %s", discrepancy.sid, discrepancy.what)
        if mended and discrepancy.reason:
            self._name(discrepancy.sid, discrepancy.reason)
        return True

    def _fail(self, sid: str, error: TwirecError) -> bool:
        self._name(sid, f"{type(error).__name__}: {error}")
        log.warning("%s: %s", sid, error)
        return False

    def _name(self, sid: str, reason: str) -> None:
        known = self.problems.get(sid)
        if known is None or reason not in known:
            self.problems[sid] = f"{known}; {reason}" if known else reason
