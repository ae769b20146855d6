"""The part of the catalog's port that knows recordings, orders about them, and work at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from twirec.model.audit import AuditDraft
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order
from twirec.model.records import Acceptance, Lease, Pause, Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingCallback, VendorRecording
from twirec.model.vocabulary import Role


class RecordingsCatalog(Protocol):
    """Recordings and their transfer. See `Catalog`."""

    def receive(
        self,
        callback: RecordingCallback,
        *,
        state: State | None,
        channel_map: tuple[Role, ...],
        at: datetime,
    ) -> Recording | None:
        """Keep a callback, and bring the recording to what it says, by the table of states.

        The recording is made if it is not there. `state` None (a word without a meaning to us)
        keeps the callback only, and returns None if the recording is not there. A recording that
        comes to `completed` is due at once. What is recorded of a leg or a conference is a
        recording of the call that it belongs to. The call's line becomes `recorded`, or
        `not_recorded` when the state is `absent` or `failed` and it has no other recording. A new
        recording is quarantined unless it began after a consent of its call that allows recording.
        On the move to another state what is said now counts, not what was said before. A
        repetition changes nothing but that it is kept. Of what is erased, or to be, nothing is.

        Raises:
            RequestRefused: the recording is another account's; nothing is kept.
        """
        ...

    def adopt(self, recording: Recording) -> bool:
        """Add a recording that a sweep found. False, and nothing done, if it is there.

        As in `receive`, it may be quarantined, and the call's line says that it was recorded.
        """
        ...

    def recording(self, sid: str) -> Recording:
        """Return a recording.

        Raises:
            NotFound: the catalog has none of that SID.
        """
        ...

    def refresh(self, sid: str, found: VendorRecording, state: State, at: datetime) -> bool:
        """Bring a recording to what the vendor itself says. True if its state moved.

        Facts that were missing (start, duration, channels, error, encryption) are filled in. A
        recording that is leased to a worker is left alone.
        """
        ...

    def named(self, prefix: str, *, after: str | None = None, limit: int) -> list[Recording]:
        """Return recordings whose object's name begins so, in order of the names' code points.

        Args:
            prefix: what the names begin with.
            after: the last name of the page before.
            limit: how many at the most.
        """
        ...

    def parked(self, limit: int | None = None) -> list[Recording]:
        """Return what is parked (something is left to do, and it is not due), oldest first."""
        ...

    def in_progress(self, before: datetime) -> list[Recording]:
        """Return what Twilio last said is being recorded, and began before a moment."""
        ...

    def make_due(self, sid: str, at: datetime) -> bool:
        """Let a worker take what is parked up once more: if that fails, it is parked again.

        False, and nothing is done, to what is not parked (any more), or waits until somebody
        decides.
        """
        ...

    def begin_pause(self, pause: Pause) -> Pause:
        """Write down that a recording was paused, unless it is; return the span that stands."""
        ...

    def end_pauses(self, recording_sid: str, at: datetime) -> None:
        """Write down that a recording goes on. Nothing changes if it was not paused."""
        ...

    def open_pauses(self) -> list[Pause]:
        """Return the pauses of which no end is known, oldest first, also of what ended since."""
        ...

    # --- orders -------------------------------------------------------------------------------

    def admit(self, order: Order) -> Recording:
        """Write an order down, and take the recording out of quarantine.

        Raises:
            NotFound: it is not there, or not in quarantine any more.
        """
        ...

    def order_erasure(self, order: Order) -> Recording:
        """Write an order down, and make the recording due to be destroyed.

        Who holds its lease loses it.

        Raises:
            NotFound: it is not there, or cannot be erased any more.
        """
        ...

    def accept(self, order: Order, acceptance: Acceptance, audited: AuditDraft) -> Recording:
        """Write an order down, and make the recording due to be archived in spite of its error.

        That and its entry of the audit log are all there, or none.

        Raises:
            NotFound: it is not there, or does not wait with that error for a decision any more.
        """
        ...

    def give_up(self, order: Order, audited: AuditDraft) -> Recording:
        """Write an order down, and let nothing more be tried of a parked recording.

        That and its entry of the audit log are all there, or none. The call's line says so when it
        has no other recording; `retry` takes it back.

        Raises:
            NotFound: it is not there, or not parked with its copy still to be made any more.
        """
        ...

    def orders(self, recording_sid: str) -> list[Order]:
        """Return what was ordered of a recording, oldest first."""
        ...

    # --- work ---------------------------------------------------------------------------------

    def claim(self, now: datetime, lease_for: timedelta, sid: str | None = None) -> Lease | None:
        """Take the recording that is due longest, and count an attempt; None if nothing is due.

        With `sid`, take that one, if it is due. Two callers never get the same recording while the
        lease lasts.
        """
        ...

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """Extend a lease.

        Raises:
            LeaseLost: it is not held any more.
        """
        ...

    def describe(self, lease: Lease, found: VendorRecording) -> Lease:
        """Fill in facts (start, duration, encryption, …) that the vendor gave when asked."""
        ...

    def name_object(self, lease: Lease, name: str) -> Lease:
        """Write down the object's name, unless it has one. Raises `LeaseLost`."""
        ...

    def archived(self, lease: Lease, stored: StoredObject, sha256: str, channels: int) -> Lease:
        """Commit that the bucket holds verified bytes. The lease goes on. Raises `LeaseLost`."""
        ...

    def finish(self, lease: Lease, state: State, error: str = "") -> None:
        """Commit the state in which nothing is left to do, and end the lease. Raises `LeaseLost`.

        For `absent`, `failed` and `lost` the call's line says so when it has no other recording.
        Of what is `erased` nothing stays but SIDs, times and the object's name.
        """
        ...

    def postpone(
        self, lease: Lease, due_at: datetime | None, error: str, *, undecided: bool = False
    ) -> None:
        """End the lease; try again at `due_at`, or never (parked) when it is None.

        With `undecided`, it is parked until somebody decides. Raises `LeaseLost`.
        """
        ...

    def give_back(self, lease: Lease) -> None:
        """End the lease as if the recording had never been claimed. Raises `LeaseLost`."""
        ...

    # --- copies that stay at the vendor -------------------------------------------------------

    def keep_at_vendor(self, sid: str) -> bool:
        """Let the vendor keep its copy of a recording. False if it is too late, or not there."""
        ...

    def let_go(self, sid: str, at: datetime) -> bool:
        """Take `keep_at_vendor` back: what is archived is due to be deleted at the vendor.

        False, and nothing done, if it was not kept.
        """
        ...

    def stay(self, lease: Lease, *, for_trial: bool = False) -> None:
        """End the lease of what is archived and kept at the vendor: nothing is left to do.

        With `for_trial` it is kept until `end_trial`, whatever else holds. Without it, and if it is
        not to be kept any more, it stays due. Raises `LeaseLost`.
        """
        ...

    def end_trial(self, at: datetime, limit: int) -> int:
        """Let go of what is kept for a trial, oldest first, so many at the most; return how many.

        It is due to be deleted at the vendor, unless `keep_at_vendor` holds for it too.
        """
        ...

    def begin_keeping(self, account_sid: str, since: datetime, until: datetime) -> None:
        """Let what is adopted from now on be kept at the vendor, if it began in that span."""
        ...

    def end_keeping(self, account_sid: str, since: datetime, until: datetime) -> None:
        """End that for every span that lies within this one. What was adopted stays as it is."""
        ...
