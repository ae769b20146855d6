"""How long recordings, lines of calls and notes are kept: rules, and what they would do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from twirec.calls.targets import check_own_address
from twirec.catalog import Catalog
from twirec.catalog.retention import KeptRecording
from twirec.custody.audit import AuditTrail
from twirec.custody.orders import Orders
from twirec.custody.retention import (
    check_name,
    confirmation,
    fate,
    last_day,
    over_before,
)
from twirec.model.access import Actor, Deed, acting, asking, check_ever, check_history
from twirec.model.audit import Action, AuditDraft
from twirec.model.custody import block_until
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.given import text, understood, word
from twirec.model.retention import (
    ANY_CASE,
    AtEnd,
    Facts,
    Fate,
    Kept,
    Looked,
    Retention,
    RetentionChange,
    RetentionPreview,
    RetentionRule,
    RetentionStep,
    RulePreview,
    Term,
    in_force,
    in_order,
    rule_of,
    standing,
    version,
)
from twirec.model.sids import RecordingSid
from twirec.model.states import UNDONE, Custody
from twirec.model.vocabulary import ConsentOutcome, Direction
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket

log = logging.getLogger("twirec.archive.retention")

ONE_DAY = timedelta(days=1)
LONGEST_CASE = 64


@understood
class RetentionRules:
    """Sets how long recordings, lines of calls and notes are kept.

    No rule is there to begin with, and nothing is destroyed.

    A rule that is set or removed waits: it is in force once all are applied, after a dry run.

    Args:
        settings: the company's zone and country.
        catalog: where the rules are, and what they are about.
        bucket: where the labels are.
        trail: who changed them.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self._now = now

    def rules(self, *, applied: bool = False) -> list[RetentionRule]:
        """Return the rules, in the order in which they are asked: the first that matches decides.

        Args:
            applied: whether those are asked for that are in force; else those that are there, of
                which some may wait for `apply`.
        """
        history = self._catalog.retention.history()
        return in_order((in_force(history) if applied else standing(history)).values())

    def history(self) -> list[RetentionChange]:
        """Return every change of the rules, oldest first: who, when and why."""
        return self._catalog.retention.history()

    def set(
        self,
        name: str,
        term: str,
        *,
        by: Actor | str,
        reason: str,
        kept: Kept | str = Kept.RECORDINGS,
        at_end: AtEnd | str | None = None,
        number: str | None = None,
        direction: Direction | str | None = None,
        consent: ConsentOutcome | str | None = None,
        case: str | None = None,
    ) -> RetentionRule:
        """Set a rule, in the place of the one of its name. It is not in force before `apply`.

        Of all rules that match, the most specific decides, and of equals the longest.

        Args:
            name: by which it is known, such as `contracts`.
            term: how long, such as `30 days`, `6 months` or `5 years`.
            by: who sets it.
            reason: why, kept with it.
            kept: what it is about: `recordings`; `calls`, whom their lines name (the number,
                addresses, agents, the case number) and their notes, while the lines stay; or
                `notes` alone.
            at_end: of recordings: `block` (the default) or `destroy`.
            number: only calls of that own number, as a person types it.
            direction: only calls in, or out.
            consent: only calls in which that was answered.
            case: only calls with that case number; `*` for all that have one.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            CustodyRefused: it is not for them.
        """
        actor = acting(by)
        what = word(Kept, "kept", kept)
        end = word(AtEnd, "at_end", at_end)
        if what is not Kept.RECORDINGS and end is AtEnd.BLOCK:
            raise InvalidQuery("at_end: only recordings are blocked; leave it out.")
        blocks = what is Kept.RECORDINGS and end is not AtEnd.DESTROY
        own = None if number is None else check_own_address(number, self._settings.country)
        change = RetentionChange(
            at=self._now(),
            by=actor.name,
            why=_said(reason),
            step=RetentionStep.SET,
            name=check_name(name.strip()),
            kept=what,
            term=str(Term.parse(term)),
            at_end=AtEnd.BLOCK if blocks else AtEnd.DESTROY,
            number=own,
            direction=word(Direction, "direction", direction),
            consent=word(ConsentOutcome, "consent", consent),
            case=_case(case),
        )
        self._change(change, actor)
        return rule_of(change)

    def remove(self, name: str, *, by: Actor | str, reason: str) -> RetentionRule:
        """Remove a rule. If it is in force, it stays so until `apply`.

        Args:
            name: of the rule.
            by: who removes it.
            reason: why, kept with it.

        Returns:
            The rule that is gone.

        Raises:
            NotFound: there is no such rule.
            InvalidQuery: no reason is given.
            CustodyRefused: it is not for them.
        """
        actor = acting(by)
        change = RetentionChange(
            self._now(), actor.name, _said(reason), RetentionStep.REMOVE, name.strip()
        )
        gone = standing(self._catalog.retention.history()).get(change.name)
        if gone is None:
            raise NotFound(f"There is no rule {change.name!r}; `twirec retention list` names them.")
        self._change(change, actor)
        return gone

    def preview(self, *, by: Actor | str | None = None) -> RetentionPreview:
        """Return what the rules, as they stand, would do if they were applied now. Nothing is done.

        It looks at all recordings there are: some seconds for a million.

        Args:
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            CustodyRefused: it is not for them.
        """
        check_ever(asking(by), Deed.OVERSEE, f"retention: {Deed.OVERSEE}")
        history = self._catalog.retention.history()
        rules = in_order(standing(history).values())
        counted, without_rule, without_start = self._counted(rules)
        return RetentionPreview(
            counted,
            without_rule,
            without_start,
            confirmation(history),
            standing(history) == in_force(history) and version(history) > 0,
            bool(in_force(history)),
        )

    def apply(self, *, confirm: str, by: Actor | str, reason: str) -> RetentionChange:
        """Put the rules in force as they stand. From then on workers do what they say.

        Args:
            confirm: what a preview of these very rules gave.
            by: who puts them in force.
            reason: why, kept with it.

        Raises:
            InvalidQuery: the preview was of other rules, or no reason is given.
            CustodyRefused: it is not for them.
        """
        actor = acting(by)
        change = RetentionChange(self._now(), actor.name, _said(reason), RetentionStep.APPLY)
        known = self._catalog.retention.history()
        if confirm != confirmation(known):
            raise InvalidQuery(
                "confirm: it is of other rules than those that stand now: look at the preview, "
                "which gives what confirms it."
            )
        return self._change(change, actor, known)

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Retention:
        """Return when a recording is destroyed, and by which rule, as things are now.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them.
        """
        actor = asking(by)
        kept = self._catalog.retention.of(sid)
        if kept is None:
            raise NotFound(f"The catalog has no recording {sid}.")
        check_history(actor, kept.recording)
        rules = in_order(in_force(self._catalog.retention.history()).values())
        return self._retention(kept, self._fate(rules, Kept.RECORDINGS, kept.facts))

    def look(self) -> int:
        """Look at the next things whose time may be over, and order what follows. Workers do it.

        Nothing that is held is touched.

        Returns:
            At how many things; 0 if nothing is left to look at now.
        """
        history = self._catalog.retention.history()
        now, number = self._now(), version(history)
        if not self._catalog.retention.is_due(now, number):
            return 0
        rules = in_order(in_force(history).values())
        until = self._block_until(now)
        looked = self._catalog.retention.look(
            now, number, lambda kept, facts: self._fate(rules, kept, facts), block_until=until
        )
        if looked.blocked:
            orders = Orders(self._catalog, self._bucket())
            for sid in looked.blocked:
                orders.label_blocked(self._catalog.recordings.get(sid), until)
        _tell(looked)
        return looked.looked

    def _fate(self, rules: Sequence[RetentionRule], kept: Kept, facts: Facts) -> Fate:
        of_kind = [rule for rule in rules if rule.kept is kept]
        return fate(of_kind, facts, self._settings.timezone)

    def _retention(self, kept: KeptRecording, said: Fate) -> Retention:
        recording = kept.recording
        if recording.state in UNDONE:
            return Retention()
        if recording.custody is Custody.BLOCKED:
            until = kept.blocked_until
            return Retention(blocked_until=until, held=kept.held, destroyed_on=until)
        if said.rule is None:
            return Retention(held=kept.held)
        destroyed_on = None
        if said.until is not None and said.over_at is not None:
            destroyed_on = said.until + ONE_DAY
            if said.rule.at_end is AtEnd.BLOCK:
                destroyed_on = self._block_until(max(said.over_at, self._now()))
        return Retention(
            rule=said.rule.name,
            at_end=said.rule.at_end,
            kept_until=said.until,
            held=kept.held,
            destroyed_on=destroyed_on,
        )

    def _block_until(self, at: datetime) -> date:
        return block_until(at, self._settings.blocked_for)

    def _counted(self, rules: Sequence[RetentionRule]) -> tuple[list[RulePreview], int, int]:
        now, zone = self._now(), self._settings.timezone
        previews: dict[str, RulePreview] = {}
        without_rule = without_start = 0
        for kept in Kept:
            of_kind = [rule for rule in rules if rule.kept is kept]
            edges = [(rule, over_before(now, rule.term, zone)) for rule in of_kind]
            counts, without = self._catalog.retention.count(kept, edges)
            if kept is Kept.RECORDINGS:
                without_rule = without
                without_start = sum(each.without_start for each in counts)
            for rule, count in zip(of_kind, counts, strict=True):
                began = count.oldest and count.oldest.astimezone(zone).date()
                previews[rule.name] = RulePreview(
                    rule,
                    count.matched,
                    count.over,
                    count.held,
                    last_day(began, rule.term) if began else None,
                    count.examples,
                )
        return [previews[rule.name] for rule in rules], without_rule, without_start

    def _change(
        self,
        change: RetentionChange,
        actor: Actor,
        known: Sequence[RetentionChange] | None = None,
    ) -> RetentionChange:
        with self._trail.attempt(Action.RETENTION, actor) as done:
            check_ever(actor, Deed.ERASE, f"retention: {Deed.ERASE}")
            if known is None:
                known = self._catalog.retention.history()
            entry = self._entry(done, change)
            after = known[-1].id if known else 0
            return self._catalog.retention.change(change, entry, after=after)

    def _entry(self, done: AuditDraft, change: RetentionChange) -> AuditDraft:
        said = {"step": change.step.value, "name": change.name, "term": change.term}
        detail = {name: value for name, value in said.items() if value}
        return self._trail.about(replace(done, detail=detail), change.number or "")


def _tell(looked: Looked) -> None:
    """Say in the log what came of a look."""
    for what, count in (
        ("recordings blocked", len(looked.blocked)),
        ("recordings to be destroyed", len(looked.destroyed)),
        ("numbers of calls forgotten", looked.numbers),
        ("notes forgotten", looked.notes),
    ):
        if count:
            log.info("retention: %d %s", count, what)


def _said(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise InvalidQuery("reason: say why; it is kept for ever.")
    return said


def _case(case: str | None) -> str | None:
    if case is None:
        return None
    number = text("case", case).strip()
    if not number or len(number) > LONGEST_CASE:
        raise InvalidQuery(
            f"case: write the number of one, in at most {LONGEST_CASE} characters, or {ANY_CASE} "
            "for all calls that have one."
        )
    return number
