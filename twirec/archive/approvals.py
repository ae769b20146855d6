"""What waits for a second person: seen, approved, refused; and taken out, once released."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from twirec.archive.audit import LARGEST_PAGE
from twirec.archive.recordings import Originals
from twirec.catalog import Catalog
from twirec.custody.approvals import TwoPeople, sees
from twirec.custody.audit import AuditTrail
from twirec.custody.erasure import ErasureOrders
from twirec.model.access import Actor, Deed, acting, asking, check
from twirec.model.approvals import Approval, ApprovalKind, Release, same_person
from twirec.model.audio import WAV_TYPE
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action
from twirec.model.errors import CustodyRefused, NotFound
from twirec.model.given import understood, whole
from twirec.model.sids import RecordingSid
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.object_holds import ObjectHolds

MOST = 2**31 - 1
"""The largest number of a request."""


@understood
class Approvals:
    """What one person asked for, and a second one decides.

    Args:
        catalog: where requests are kept.
        bucket: where the objects are.
        originals: what reads a recording that was released.
        trail: who decided.
        now: the clock, UTC.
        erasures: says on the objects what is to be destroyed.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        originals: Originals,
        trail: AuditTrail,
        now: Callable[[], datetime],
        erasures: ErasureOrders,
    ) -> None:
        self._erasures = erasures
        self._catalog = catalog
        self._bucket = bucket
        self._originals = originals
        self._trail = trail
        self._now = now
        self._two = TwoPeople(catalog, trail)

    def pending(
        self, *, after: int = 0, limit: int = 100, by: Actor | str | None = None
    ) -> Sequence[Approval]:
        """Return what waits for a second person, oldest first; none for who may not know of it.

        Args:
            after: `id` of the last one of the page before.
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.
        """
        if not sees(asking(by)):
            return []
        return self._catalog.approvals.pending(
            self._now(),
            after=whole("after", after, 0, MOST),
            limit=whole("limit", limit, 1, LARGEST_PAGE),
        )

    def get(self, approval: int, *, by: Actor | str | None = None) -> Approval:
        """Return a request, and what was decided.

        Args:
            approval: its `id`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is none of that number, or they may not know of it.
        """
        number = whole("approval", approval, 1, MOST)
        if not sees(asking(by)):
            raise NotFound(f"There is no request {number}.", hidden=True)
        return self._catalog.approvals.get(number)

    def approve(self, approval: int, *, by: Actor | str) -> Approval:
        """Approve a request of somebody else's: what it asks for is done.

        Args:
            approval: its `id`.
            by: who approves it; somebody else than who asked, with the same right.

        Raises:
            NotFound: there is none of that number, they may not know of it, or what it asks for
                cannot be done any more.
            CustodyRefused: they asked for it themselves, it is not for them, or a hold is of a case
                that is open.
            InvalidQuery: it does not wait any more.
        """
        actor, number = acting(by), whole("approval", approval, 1, MOST)
        held: Sequence[str] = ()
        with suppress(NotFound):
            held = self._held_by(number)
        approved = self._two.approve(number, actor)
        objects = ObjectHolds(self._catalog, self._bucket())
        for sid in held:
            objects.try_to_settle(sid)
        if approved.kind is ApprovalKind.ERASE_NOW:
            self._erasures.label(self._catalog.erasures.get(approved.subject["erasure"]))
        return approved

    def refuse(self, approval: int, *, reason: str, by: Actor | str) -> Approval:
        """Refuse a request, or take back one's own.

        Args:
            approval: its `id`.
            reason: why, in at most 255 characters.
            by: who refuses it.

        Raises:
            NotFound: there is none of that number, or they may not know of it.
            CustodyRefused: it is not for them.
            InvalidQuery: it does not wait any more, or no reason is given.
        """
        return self._two.refuse(whole("approval", approval, 1, MOST), acting(by), reason)

    def released(self, *, by: Actor | str) -> Sequence[Release]:
        """Return what was released to somebody, and that they may still take out.

        Args:
            by: who asks.
        """
        actor = acting(by)
        if not sees(actor):
            return []
        open_ = self._catalog.approvals.open_releases(self._now())
        return [each for each in open_ if same_person(each.by, actor.name)]

    def take_out(self, sid: RecordingSid, *, by: Actor | str) -> AudioStream:
        """Return a blocked recording that was released to somebody, as it was archived, once.

        Once it is entered, theirs is used up, also if they do not read to its end.

        Args:
            sid: of the recording, `RE…`.
            by: who takes it out: who asked for its release, or who approved it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it was not released to them, they had it already, or it is too late.
            BytesDiffer: the bucket holds something else than was archived; perhaps only instead of
                its last bytes.
            BucketError: the bucket does not give it.
        """
        actor = acting(by)
        with self._trail.attempt(Action.DOWNLOAD, actor, sid) as draft:
            recording = self._catalog.recordings.get(sid)
            check(actor, recording, Deed.RELEASE)
            theirs = [
                each
                for each in self._catalog.approvals.releases(sid)
                if same_person(each.by, actor.name)
            ]
            read = self._originals.as_recorded(recording, actor)
            opened = next(
                (each for each in theirs if self._catalog.approvals.open(each, draft.at)), None
            )
            if opened is None:
                raise CustodyRefused(
                    f"{sid} is blocked, and not released to {actor.name} (any more)."
                )
        size = recording.size or 0
        detail = {**draft.detail, "approval": opened.approval, "of": size}
        return self._originals.listening.stream(
            replace(draft, detail=detail),
            recording.object_name or "",
            partial(read, 0, size),
            content_type=WAV_TYPE,
            file_name=self._originals.file_name(recording, "wav"),
            size=size,
            span=(0, size),
            alone=True,
        )

    def _held_by(self, number: int) -> Sequence[str]:
        """Return the recordings that the holds of a request hold, as long as they do."""
        approval = self._catalog.approvals.get(number)
        if approval.kind is not ApprovalKind.UNHOLD:
            return []
        return [sid for hold in approval.subject["holds"] for sid in self._catalog.holds.all(hold)]
