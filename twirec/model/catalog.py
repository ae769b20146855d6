"""The catalog's port: what the library needs of the database, with its contract in words.

Every adapter runs the same suite (`tests/contracts/test_catalog.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from twirec.model.agents import InformedAgent, Leg
from twirec.model.announcements import Announcement, Audio
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order
from twirec.model.policy import PolicyChange
from twirec.model.records import Call, CallRecord, Consent, Lease, Pause, Query, Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingCallback, VendorRecording
from twirec.model.words import Outcome, Reason, Role


class Catalog(Protocol):
    """The database.

    Every method is one transaction: done and durable on return, or not done at all. All times are
    aware UTC. Every method may raise `CatalogUnavailable`.
    """

    # --- calls --------------------------------------------------------------------------------

    def open_call(self, call: Call) -> Call:
        """Write a call's line, unless it has one, and return the line that stands."""
        ...

    def announce(self, account_sid: str, call_sid: str, *, leg: str, at: datetime) -> None:
        """Set when the announcement was last sent, and to which leg; a new one was asked nothing.

        Nothing changes once a consent is written.
        """
        ...

    def ask_again(self, account_sid: str, call_sid: str, asked: int, at: datetime) -> None:
        """Count that the question is put once more, after it was put `asked` times, and when.

        Nothing changes if it was put more often already.
        """
        ...

    def call(self, account_sid: str, call_sid: str) -> CallRecord:
        """Return a call with its consents and recordings.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        ...

    def record_consent(self, consent: Consent, reason: Reason | None) -> Consent:
        """Write a consent, unless that leg has one, and return the one that stands.

        With `reason`, and only if the consent was new, the call's line is closed as not recorded.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        ...

    def close_call(
        self,
        account_sid: str,
        call_sid: str,
        *,
        outcome: Outcome,
        reason: Reason | None,
        ended_at: datetime | None,
    ) -> None:
        """Say what came of a call, and when it ended, if it did.

        A line that is `recorded` or `not_recorded` keeps outcome and reason; a line without an end
        gets `ended_at`. A call that is not there stays so.
        """
        ...

    def unfinished_calls(
        self, before: datetime, *, after: Call | None = None, limit: int = 1000
    ) -> list[Call]:
        """Return calls that started before `before` and are still `open` or `owed`.

        Oldest first, a page at a time: `after` is the last one of the page before.
        """
        ...

    def owns(self, number: str) -> bool:
        """Whether there are lines of calls to or from this number as an own number."""
        ...

    def find(self, sid: str) -> CallRecord:
        """Return the call of a SID, its own or that of one of its recordings.

        Raises:
            NotFound: the catalog knows no such call.
        """
        ...

    def search(self, query: Query) -> list[CallRecord]:
        """Return the calls that match, newest first."""
        ...

    # --- agents and legs ----------------------------------------------------------------------

    def inform_agent(self, entry: InformedAgent) -> InformedAgent:
        """Add an entry to the register, and return it with its number."""
        ...

    def informed_agents(self, names: Sequence[str] | None = None) -> list[InformedAgent]:
        """Return the register, or what it says of some agents, oldest entry first."""
        ...

    def name_agents(
        self, account_sid: str, call_sid: str, entries: Sequence[int], warning: str
    ) -> None:
        """Name entries of the register in the consent of a call, if it allows recording.

        Those that it names already stay. A warning that is not empty becomes the line's detail.
        """
        ...

    def add_leg(self, leg: Leg) -> Leg:
        """Write a leg down, and its call where that was not known; return what stands."""
        ...

    def meet(self, conference: Leg, sid: str) -> list[Leg]:
        """Write down that a call, or a leg that is known, joined a conference.

        Legs that are in a conference belong to the call that is in it, whoever came first.

        Returns:
            The legs of which it is known only now which call they belong to.
        """
        ...

    def owner(self, account_sid: str, sid: str) -> str:
        """Return the call that a leg or conference belongs to; the SID itself if to none."""
        ...

    def knows_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a SID is that of a leg, and not of a call of its own."""
        ...

    # --- policy -------------------------------------------------------------------------------

    def change_policy(self, change: PolicyChange) -> None:
        """Add a change to the history, which nothing ever takes away from."""
        ...

    def policy_history(self) -> list[PolicyChange]:
        """Return all changes, oldest first."""
        ...

    # --- recordings ---------------------------------------------------------------------------

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
        repetition changes nothing but that it is kept.

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

    def named(self, prefix: str) -> list[Recording]:
        """Return the recordings whose object's name begins so, in order of the names."""
        ...

    def first_object(self) -> str | None:
        """Return the name of the first object by name; None if there is none."""
        ...

    def parked(self, limit: int | None = None) -> list[Recording]:
        """Return what was given up (`completed` or `archived`, not due), oldest first."""
        ...

    def in_progress(self, before: datetime) -> list[Recording]:
        """Return what Twilio last said is being recorded, and began before a moment."""
        ...

    def make_due(self, sid: str, at: datetime) -> None:
        """Let a worker take the recording up again, from the first attempt."""
        ...

    def begin_pause(self, pause: Pause) -> None:
        """Write down that a recording was paused."""
        ...

    def end_pauses(self, recording_sid: str, at: datetime) -> None:
        """Write down that a recording goes on. Nothing changes if it was not paused."""
        ...

    def open_pauses(self, before: datetime) -> list[Pause]:
        """Return what was paused before a moment and does not go on yet, oldest first."""
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

    def orders(self, recording_sid: str) -> list[Order]:
        """Return what was ordered of a recording, oldest first."""
        ...

    # --- work ---------------------------------------------------------------------------------

    def claim(self, now: datetime, lease_for: timedelta) -> Lease | None:
        """Take the recording that is due longest, and count an attempt; None if nothing is due.

        Two callers never get the same recording while the lease lasts.
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

    def postpone(self, lease: Lease, due_at: datetime | None, error: str) -> None:
        """End the lease; try again at `due_at`, or never (parked) when it is None.

        Raises `LeaseLost`.
        """
        ...

    def give_back(self, lease: Lease) -> None:
        """End the lease as if the recording had never been claimed. Raises `LeaseLost`."""
        ...

    # --- announcements and marks --------------------------------------------------------------

    def keep_announcement(self, announcement: Announcement, at: datetime) -> None:
        """Keep a wording under its hash, for ever. Doing it again changes nothing."""
        ...

    def announcement(self, hash_: str) -> Announcement:
        """Return the wording of that hash.

        Raises:
            NotFound: no wording of that hash was ever played.
        """
        ...

    def keep_audio(self, audio: Audio, at: datetime) -> None:
        """Keep a file of an announcement under its hash, for ever. Again changes nothing."""
        ...

    def audio(self, hash_: str) -> bytes:
        """Return the file of that hash.

        Raises:
            NotFound: no audio of that hash was ever played.
        """
        ...

    def unpublished_announcements(self) -> list[Announcement]:
        """Return the wordings that are not in the bucket yet."""
        ...

    def published(self, hash_: str, at: datetime) -> None:
        """Write down that a wording is in the bucket."""
        ...

    def mark(self, name: str) -> datetime | None:
        """Return a remembered time, such as where the last sweep ended; None if there is none."""
        ...

    def set_mark(self, name: str, at: datetime) -> None:
        """Remember a time under a name."""
        ...

    def take_turn(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether it is the caller's turn to do what is done every so often, and by one only.

        True for the first who asks after that time has passed since the last turn, which begins
        `now`; False for all others.
        """
        ...
