"""Holds: what is held, for which case; and holds on the calls of a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.archive.audit import LARGEST_PAGE
from twirec.calls.address import read
from twirec.catalog import Catalog
from twirec.custody.approvals import TwoPeople
from twirec.custody.audit import AuditTrail
from twirec.custody.holding import check_period, new_hold
from twirec.model.access import Actor, Deed, acting, asking, check_ever, check_history
from twirec.model.approvals import Approval, ApprovalKind
from twirec.model.audit import Action
from twirec.model.custody import Hold
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.given import understood, whole
from twirec.model.sids import RecordingSid
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.object_holds import ObjectHolds


@understood
class Holds:
    """What is held: no erasure, no retention and no worker destroys it.

    One recording is held by `archive.custody.hold`.

    Args:
        settings: the company's zone, and how its numbers are read.
        catalog: where holds are kept.
        bucket: where the objects are.
        trail: who held what.
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
        self._two = TwoPeople(catalog, trail)

    def add(
        self,
        number: str,
        *,
        case: str,
        reason: str,
        by: Actor | str,
        since: When | None = None,
        until: When | None = None,
    ) -> Hold:
        """Hold the recordings of a number's calls, those that there are and those to come.

        Args:
            number: of the customer or the company's own, as a person types it.
            case: the number of the dispute for which they are kept.
            reason: why, in at most 255 characters.
            by: who holds them.
            since: calls from then on, as in `calls.search`; None for all before `until`.
            until: calls up to then, in the same forms; a day alone is included. None for all to
                come.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: no case or no reason is given, it is too long, a time cannot be
                understood, or the number does not say who somebody is.
        """
        actor = acting(by)
        with self._trail.attempt(Action.HOLD, actor) as done:
            check_ever(actor, Deed.HOLD)
            key = self._key(number)
            begin, end = self._moment("since", since), self._moment("until", until)
            check_period(begin, end)
            said = new_hold(case=case, reason=reason, by=actor.name, at=done.at)
            hold = replace(said, number=key, since=begin, until=end)
            added = self._catalog.holds.add(hold, self._trail.about(done, key))
        self._settle(self._catalog.holds.all(added.id))
        return added

    def lift(self, hold: int, *, reason: str, by: Actor | str) -> Approval:
        """Ask that a hold is lifted. It is, once somebody else approves it.

        Args:
            hold: its `id`.
            reason: why, in at most 255 characters.
            by: who asks for it.

        Returns:
            The request, for `archive.custody.approvals`.

        Raises:
            NotFound: there is none of that number, or it was lifted already.
            CustodyRefused: it is not for them, or it is of a case that is open.
            InvalidQuery: no reason is given, it is too long, or it is asked for already.
        """
        actor, number = acting(by), whole("hold", hold, 1, 2**31 - 1)

        def subject() -> Mapping[str, Any]:
            check_ever(actor, Deed.UNHOLD)
            if self._catalog.holds.get(number).lifted:
                raise NotFound("There is no such hold any more.")
            self._catalog.holds.check_may_be_lifted([number])
            return {"holds": [number]}

        return self._two.ask(ApprovalKind.UNHOLD, subject, actor=actor, reason=reason)

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Sequence[Hold]:
        """Return the holds on a recording, oldest first; its own also after they were lifted.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: no details are for them.
        """
        actor = asking(by)
        recording = self._catalog.recordings.get(sid)
        check_history(actor, recording)
        return self._catalog.holds.of(sid)

    def list(
        self,
        *,
        case: str | None = None,
        lifted: bool = False,
        after: int = 0,
        limit: int = 100,
        by: Actor | str | None = None,
    ) -> Sequence[Hold]:
        """Return holds, oldest first; those of recordings that are hidden are left out.

        Args:
            case: only those of that case number.
            lifted: whether those that were lifted are there too.
            after: `id` of the last one of the page before.
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.
        """
        return self._catalog.holds.page(
            case=case.strip() if case else None,
            lifted=lifted,
            actor=asking(by),
            after=whole("after", after, 0, 2**31 - 1),
            limit=whole("limit", limit, 1, LARGEST_PAGE),
        )

    def _settle(self, sids: Iterable[str]) -> None:
        """Hold the objects too, or let them go; what fails waits for the sweep."""
        objects = ObjectHolds(self._catalog, self._bucket())
        for sid in sids:
            objects.try_to_settle(sid)

    def _key(self, number: str) -> str:
        address = read(number, self._settings.country)
        if not address.identifies:  # nothing would ever be held by it
            raise InvalidQuery(
                "number: give a whole number (600 11 12 22, +34600111222) or an address "
                "(sip:ana@pbx.example.com); one recording is held by its SID, with "
                "archive.custody.hold or `twirec hold RE…`."
            )
        return address.key

    def _moment(self, field: str, given: When | None) -> datetime | None:
        if given is None:
            return None
        span = spoken_span(field, given, now=self._now(), zone=self._settings.timezone)
        return span.since if field == "since" else span.until
