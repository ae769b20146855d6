"""Bringing what an older version wrote to how addresses are read now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.calls.rereading import reread_leg, reread_line, reread_policy, reread_register
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor
from twirec.model.audit import Action, AuditDraft
from twirec.model.rereading import RereadReport

WHY = "its address is read as this number now"
"""What the history of the policy says of a change that is made once more."""


class Reindex:
    """Reads the addresses of all rows anew, in small lots; doing it again changes nothing.

    Lines and legs are changed where they are. Register and policy are only ever added to: what
    they say is said once more, of the number of now.

    Args:
        catalog: whose rows.
        trail: makes the entries of the audit log.
        country: ISO 3166 code by which numbers are read.
        now: the clock, UTC.
    """

    def __init__(
        self, catalog: Catalog, trail: AuditTrail, country: str, now: Callable[[], datetime]
    ) -> None:
        self._catalog = catalog
        self._trail = trail
        self._country = country
        self._now = now

    def run(self, actor: Actor, *, dry_run: bool) -> RereadReport:
        """Read all of them, and report.

        Args:
            actor: who asks for it.
            dry_run: whether nothing is written.
        """
        counts: Counter[str] = Counter()
        self._lines(actor, counts, dry_run)
        self._legs(actor, counts, dry_run)
        self._register(actor, counts, dry_run)
        self._policy(actor, counts, dry_run)
        return RereadReport(dry_run=dry_run, **counts)

    def _lines(self, actor: Actor, counts: Counter[str], dry_run: bool) -> None:
        after = ("", "")
        while lot := self._catalog.rereading.lines(after):
            after = (lot[-1].account_sid, lot[-1].call_sid)
            counts["lines"] += len(lot)
            anew = [(line, reread_line(line, self._country)) for line in lot]
            changed = [(was, line) for was, line in anew if line != was]
            if changed and not dry_run:
                draft = self._draft(actor, "lines", len(changed))
                counts["lines_changed"] += self._catalog.rereading.write_lines(changed, draft)
            else:
                counts["lines_changed"] += len(changed)

    def _legs(self, actor: Actor, counts: Counter[str], dry_run: bool) -> None:
        after = ("", "")
        while lot := self._catalog.rereading.legs(after):
            after = (lot[-1].account_sid, lot[-1].leg_sid)
            anew = [(leg, reread_leg(leg, self._country)) for leg in lot]
            changed = [(was, leg) for was, leg in anew if leg != was]
            if changed and not dry_run:
                draft = self._draft(actor, "legs", len(changed))
                counts["legs_changed"] += self._catalog.rereading.write_legs(changed, draft)
            else:
                counts["legs_changed"] += len(changed)

    def _register(self, actor: Actor, counts: Counter[str], dry_run: bool) -> None:
        for entry in list(reread_register(self._catalog.agents.informed(), self._country)):
            counts["register_added"] += 1
            if not dry_run:
                draft = self._trail.draft(Action.INFORM, actor)
                self._catalog.agents.inform(replace(entry, by=actor.name, at=draft.at), draft)

    def _policy(self, actor: Actor, counts: Counter[str], dry_run: bool) -> None:
        for said in list(reread_policy(self._catalog.policy.history(), self._country)):
            counts["policy_added"] += 1
            if dry_run:
                continue
            change = replace(said, at=self._now(), by=actor.name, why=WHY)
            way = {"direction": change.direction} if change.direction else {}
            detail: dict[str, Any] = {"of": "a number", **way, **change.said}
            draft = self._trail.draft(Action.POLICY, actor, detail=detail)
            self._catalog.policy.change(change, self._trail.about(draft, change.number or ""))

    def _draft(self, actor: Actor, what: str, count: int) -> AuditDraft:
        detail: dict[str, Any] = {"numbers": "read anew", what: count}
        return self._trail.draft(Action.ANNOTATE, actor, detail=detail)
