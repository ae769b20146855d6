"""The audit log: who did what, kept so that tampering shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.archive.anchors import Keeper
from twirec.calls.address import key_of
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, acting
from twirec.model.anchors import Anchor, AuditProof, ConsistencyProof, KnownAnchor
from twirec.model.audit import (
    AuditAct,
    AuditCheck,
    AuditEntry,
    AuditHead,
    AuditOutcome,
    AuditQuery,
    AuditVerdict,
    Detail,
)
from twirec.model.errors import NotFound
from twirec.model.given import understood, whole, word
from twirec.search.phrase import from_until
from twirec.search.times import When
from twirec.settings import Settings

LARGEST_PAGE = 10_000
"""Entries, or calls, that are asked for at once at the most."""

LAST_NUMBER = 2**31 - 1
"""The last number that an entry of the log, or an anchor, can have in every database."""


@understood
class Audit:
    """Who did what. Nothing of it is ever changed.

    Args:
        settings: the company's zone.
        catalog: where the log is.
        trail: what writes to it.
        keeper: its anchors.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        trail: AuditTrail,
        keeper: Keeper,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._trail = trail
        self._keeper = keeper
        self._now = now

    def record(
        self,
        action: str,
        *,
        by: Actor | str,
        sid: str = "",
        number: str | None = None,
        outcome: AuditOutcome | str = AuditOutcome.DONE,
        detail: Detail | None = None,
    ) -> AuditEntry:
        """Write down what somebody did, or tried to do. On return it is durable.

        Args:
            action: what, in one word of small letters, such as `sign_in`.
            by: who: an `Actor` with name and role, or a name alone.
            sid: of the call or recording, or what else it was done to.
            number: a number that it was about, as a person types it; only its HMAC is kept.
            outcome: `done`; `denied` if they may not, `failed` if it could not be done; `tried` if
                it is about to be done outside the catalog.
            detail: more of it, as names and values. Numbers in it are made unreadable.

        Raises:
            InvalidQuery: the action or the outcome is no such word, or it is not said by whom.
            SettingsError: a number is named, and `TWIREC_AUDIT_KEY` is missing.
            CatalogError: it could not be written down: do not do what was to be audited.
        """
        said = word(AuditOutcome, "outcome", outcome)
        return self._trail.append(
            self._trail.draft(
                action, acting(by), sid=sid, number=number, outcome=said, detail=detail
            )
        )

    def log(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        who: str | None = None,
        action: str | None = None,
        sid: str | None = None,
        number: str | None = None,
        limit: int = 100,
        after: int | None = None,
    ) -> list[AuditEntry]:
        """Return entries of the audit log, newest first. All that is given must hold.

        Args:
            since: from when, as in `calls.search`: `2026-11-03`, `yesterday`, `ayer`, a `date`,
                a `datetime` with its zone.
            until: up to when, in the same forms; a day alone is included.
            who: by whom, in small or capital letters, with or without accents.
            action: what was done, an `Action` or the word of one's own app.
            sid: to what: of a call, to its recordings too.
            number: about which number, as a person types it: what was done with its calls and
                their recordings counts too.
            limit: how many at the most, up to 10,000.
            after: `seq` of the last entry of the page before.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            SettingsError: a number is asked for, and `TWIREC_AUDIT_KEY` is missing.
        """
        asked = self._query(since, until, who, action, sid, number)
        return self._catalog.audit.log(replace(asked, **_page(limit, after)))

    def acts(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        who: str | None = None,
        action: str | None = None,
        sid: str | None = None,
        number: str | None = None,
        limit: int = 100,
        after: int | None = None,
    ) -> list[AuditAct]:
        """Return what was done, newest first: what was tried and what came of it are one.

        Args:
            since, until, who, action, sid, number: as of `log`.
            limit: how many at the most, up to 10,000.
            after: `entry.seq` of the last one of the page before.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            SettingsError: a number is asked for, and `TWIREC_AUDIT_KEY` is missing.
        """
        asked = self._query(since, until, who, action, sid, number)
        page = _page(limit, after)
        acts: list[AuditAct] = []
        while entries := self._catalog.audit.log(replace(asked, **page)):
            acts += self._together(entries)
            if len(acts) >= limit:
                break
            page = _page(limit, entries[-1].seq)
        return acts[:limit]

    def _together(self, entries: Sequence[AuditEntry]) -> Iterator[AuditAct]:
        tried = [each for each in entries if each.outcome is AuditOutcome.TRIED]
        ended = self._catalog.audit.endings(tried)
        numbers = {int(str(each.detail["tried"])) for each in entries if each.detail.get("tried")}
        begun = self._catalog.audit.numbered(numbers)
        for each in entries:
            if each.outcome is not AuditOutcome.TRIED:
                yield AuditAct(each, begun.get(int(str(each.detail.get("tried") or 0))))
            elif each.seq not in ended:
                yield AuditAct(each)

    def _query(
        self,
        since: When | None,
        until: When | None,
        who: str | None,
        action: str | None,
        sid: str | None,
        number: str | None,
    ) -> AuditQuery:
        span = from_until(since, until, now=self._now(), zone=self._settings.timezone)
        return AuditQuery(
            since=span.since,
            until=span.until,
            who=who,
            action=action,
            sid=sid,
            number=self._trail.stand_in(number) if number else None,
            customer=key_of(number, self._settings.country) if number else None,
        )

    def head(self) -> AuditHead | None:
        """Return where the chain ends, to be kept elsewhere; None if nothing was written down."""
        return self._catalog.audit.head()

    def verify(
        self, kept: AuditHead | None = None, *, trusted: Sequence[bytes] = ()
    ) -> AuditVerdict:
        """Look at the whole chain and the histories beside it, and say where it is broken first.

        It is compared with its anchors in the bucket, which show also that its end was cut off, or
        that it was written anew as a whole. What cannot be known is among the verdict's claims.
        What is found is remembered, as what workers find is: see `check`.

        Args:
            kept: a head that was kept elsewhere, as `head` gave it; without one, that of the
                bucket's journal.
            trusted: certificates of whom you trust to say the time, each DER: for the time stamps
                of the anchors.

        Raises:
            InvalidQuery: `kept` is no head; nothing was looked at.
        """
        if kept is not None:
            whole("kept: its seq", kept.seq, 1, LAST_NUMBER)
        seen = self._keeper.compare()
        check = self._trail.chain.verify(kept or seen.head(), self._now(), seen.anchors)
        if not check.why and seen.problem:
            check = replace(check, why=seen.problem, full_at=None)
        self._catalog.audit.set_check(check)
        claims = () if check.why else tuple(seen.claims(check.seq, trusted))
        return replace(check.verdict, claims=claims)

    def check(self) -> AuditCheck | None:
        """Return what workers found when they last looked at the log; None if they never did.

        They look at what is new every day, and at all of it once a week, and while it is broken.
        """
        return self._catalog.audit.check()

    def anchor(self) -> Anchor | None:
        """Anchor the log in the bucket now, as workers do each day; None while it is empty.

        With `TWIREC_TSA_URL` it is time-stamped too; where the authority is away, workers try
        again.

        Raises:
            AuditBroken: the log does not begin with what was anchored before.
            JournalError: the journal could not be written, which has to have the entries first.
            BucketError: the bucket is away, or not this catalog's.
        """
        return self._keeper.make()

    def anchors(self) -> list[KnownAnchor]:
        """Return the anchors that the catalog knows, the first one first; see `verify`."""
        return self._catalog.anchors.known()

    def prove(self, entry: int) -> AuditProof:
        """Prove to a third party that an entry is on the log, without showing any other.

        Args:
            entry: its number, `seq`.

        Raises:
            NotFound: there is no such entry.
            InvalidQuery: it is not anchored yet.
            AuditBroken: the log is not what was anchored.
            BucketError: the bucket is away, or not this catalog's.
        """
        seq = whole("entry", entry, 1, LAST_NUMBER)
        found = self._catalog.audit.numbered({seq}).get(seq)
        if found is None:
            raise NotFound(f"The audit log has no entry {seq}.")
        return self._keeper.anchoring.prove(found)

    def prove_consistent(self, first: int, second: int) -> ConsistencyProof:
        """Prove that the log of an anchor goes on, unchanged, in that of a later one.

        Args:
            first: the number of the one anchor.
            second: of the later one.

        Raises:
            InvalidQuery: there are no such two.
            AuditBroken: the log is not what was anchored.
            BucketError: the bucket is away, or not this catalog's.
        """
        numbers = [
            whole(name, value, 1, LAST_NUMBER)
            for name, value in (("first", first), ("second", second))
        ]
        return self._keeper.anchoring.prove_consistent(*numbers)


def _page(limit: int, after: int | None) -> dict[str, Any]:
    before = None if after is None else whole("after", after, 0, LAST_NUMBER)
    return {"limit": whole("limit", limit, 1, LARGEST_PAGE), "before": before}
